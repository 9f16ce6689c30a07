//! Phantom tokens of exactly 1 KiB, signed with ES256 (RFC 7518 §3.4), in the profile of
//! RFC 9068.

use anyhow::{Context as _, Result};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;

/// The compact JWS, signature and dots included.
pub(crate) const JWT_BYTES: usize = 1024;
pub(crate) const AUDIENCE: &str = "bench-api";
pub(crate) const SCOPE: &str = "read write";

const HEADER: &str = r#"{"alg":"ES256","kid":"bench-1","typ":"at+jwt"}"#;
const LIFE_SECONDS: u64 = 7200;
/// 64 bytes of signature in base64url.
const SIGNATURE_CHARS: usize = 86;

pub(crate) struct JwtMaker {
    key: EcdsaKeyPair,
    random: SystemRandom,
    /// Base64url of the header, and the dot.
    protected: String,
}

impl JwtMaker {
    pub(crate) fn new() -> Result<Self> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).context("key")?;
        let protected = BASE64URL.encode(HEADER) + ".";
        Ok(Self { key, random: SystemRandom::new(), protected })
    }

    /// The `number` makes subject and `jti` differ: no two tokens share their JWT.
    pub(crate) fn jwt(&self, issuer: &str, number: u64, now: u64) -> Result<String> {
        let claims = claims(issuer, number, now);
        let room = JWT_BYTES - SIGNATURE_CHARS - 1 - self.protected.len();
        // Base64 carries three bytes in four characters, without padding.
        let filler = (room * 3 / 4).saturating_sub(claims.len() + r#","note":""}"#.len());
        let payload = format!(r#"{claims},"note":"{:.>filler$}"}}"#, "");
        let mut jwt = String::with_capacity(JWT_BYTES);
        jwt.push_str(&self.protected);
        BASE64URL.encode_string(payload, &mut jwt);
        let signature = self.key.sign(&self.random, jwt.as_bytes()).context("signing")?;
        jwt.push('.');
        BASE64URL.encode_string(signature, &mut jwt);
        Ok(jwt)
    }

    /// RFC 7517 §5, with the one public key.
    pub(crate) fn jwks(&self) -> Result<String> {
        // SEC 1 §2.3.3: an uncompressed point is 04, x, y.
        let point = self.key.public_key().as_ref();
        let (x, y) = point.get(1..).context("point")?.split_at_checked(32).context("point")?;
        Ok(format!(
            r#"{{"keys":[{{"kty":"EC","crv":"P-256","use":"sig","alg":"ES256","kid":"bench-1","x":"{}","y":"{}"}}]}}"#,
            BASE64URL.encode(x),
            BASE64URL.encode(y),
        ))
    }
}

/// All but the closing brace.
fn claims(issuer: &str, number: u64, now: u64) -> String {
    let expires = now + LIFE_SECONDS;
    format!(
        r#"{{"iss":"{issuer}","aud":"{AUDIENCE}","sub":"user-{number}","client_id":"bench","scope":"{SCOPE}","iat":{now},"exp":{expires},"jti":"{number:016x}""#
    )
}

#[cfg(test)]
mod tests;
