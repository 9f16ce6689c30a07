//! Phantom tokens of exactly 1 KiB in the profile of RFC 9068, signed with ES256 (RFC 7518 §3.4) or
//! RS256 (§3.3, with a key of 2048 bits).

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;

/// The compact JWS, signature and dots included.
pub(crate) const JWT_BYTES: usize = 1024;
pub(crate) const AUDIENCE: &str = "bench-api";
pub(crate) const SCOPE: &str = "read write";

const LIFE_SECONDS: u64 = 7200;

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Signature {
    Es256,
    Rs256,
}

impl Signature {
    pub(crate) const ALL: [Self; 2] = [Self::Es256, Self::Rs256];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "es256",
            Self::Rs256 => "rs256",
        }
    }

    /// The key's name. Of a length with which JWTs can have exactly the wanted one.
    const fn kid(self) -> &'static str {
        match self {
            Self::Es256 => "es256-1",
            Self::Rs256 => "rs256-1",
        }
    }

    /// As JOSE names it.
    const fn alg(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    /// In base64url: 64 bytes or 256.
    const fn chars(self) -> usize {
        match self {
            Self::Es256 => 86,
            Self::Rs256 => 342,
        }
    }
}

impl FromStr for Signature {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|signature| signature.name() == text);
        found.with_context(|| format!("expected es256 or rs256, not {text:?}"))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

pub(crate) struct JwtMaker {
    key: Key,
    random: SystemRandom,
    signature: Signature,
    /// Base64url of the header, and the dot.
    protected: String,
}

enum Key {
    Es256(Box<EcdsaKeyPair>),
    Rs256(Box<RsaKeyPair>),
}

impl JwtMaker {
    pub(crate) fn new(signature: Signature) -> Result<Self> {
        let key = match signature {
            Signature::Es256 => Key::Es256(Box::new(
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).context("key")?,
            )),
            Signature::Rs256 => {
                Key::Rs256(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).context("key")?))
            }
        };
        let (alg, kid) = (signature.alg(), signature.kid());
        let header = format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"at+jwt"}}"#);
        let protected = BASE64URL.encode(header) + ".";
        Ok(Self { key, random: SystemRandom::new(), signature, protected })
    }

    /// The `number` makes subject and `jti` differ: no two tokens share their JWT.
    pub(crate) fn jwt(&self, issuer: &str, number: u64, now: u64) -> Result<String> {
        let claims = claims(issuer, number, now);
        let room = JWT_BYTES - self.signature.chars() - 1 - self.protected.len();
        // Base64 carries three bytes in four characters, without padding.
        let filler = (room * 3 / 4).saturating_sub(claims.len() + r#","note":""}"#.len());
        let payload = format!(r#"{claims},"note":"{:.>filler$}"}}"#, "");
        let mut jwt = String::with_capacity(JWT_BYTES);
        jwt.push_str(&self.protected);
        BASE64URL.encode_string(payload, &mut jwt);
        let signature = self.sign(jwt.as_bytes())?;
        jwt.push('.');
        BASE64URL.encode_string(signature, &mut jwt);
        Ok(jwt)
    }

    /// RFC 7517 §4: the public key.
    pub(crate) fn jwk(&self) -> Result<String> {
        let (alg, kid) = (self.signature.alg(), self.signature.kid());
        let member =
            |name: &str, bytes: &[u8]| format!(r#","{name}":"{}""#, BASE64URL.encode(bytes));
        let (kind, material) = match &self.key {
            Key::Es256(key) => {
                // SEC 1 §2.3.3: an uncompressed point is 04, x, y.
                let point = key.public_key().as_ref().get(1..).context("point")?;
                let (x, y) = point.split_at_checked(32).context("point")?;
                (r#""kty":"EC","crv":"P-256""#, member("x", x) + &member("y", y))
            }
            Key::Rs256(key) => {
                // RFC 8017 §A.1.1 in DER: with 2048 bits the modulus has 256 bytes after nine others;
                // behind it and two more comes the exponent, as always 65537.
                let der = key.public_key().as_ref();
                let n = der.get(9..265).context("modulus")?;
                let e = der.get(267..).context("exponent")?;
                (r#""kty":"RSA""#, member("n", n) + &member("e", e))
            }
        };
        Ok(format!(r#"{{{kind},"use":"sig","alg":"{alg}","kid":"{kid}"{material}}}"#))
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        match &self.key {
            Key::Es256(key) => {
                Ok(key.sign(&self.random, message).context("signing")?.as_ref().to_vec())
            }
            Key::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &self.random, message, &mut signature)
                    .context("signing")?;
                Ok(signature)
            }
        }
    }
}

/// RFC 7517 §5.
pub(crate) fn jwks(makers: &[&JwtMaker]) -> Result<String> {
    let keys: Vec<String> = makers.iter().map(|maker| maker.jwk()).collect::<Result<_>>()?;
    if keys.is_empty() {
        bail!("a set without keys");
    }
    Ok(format!(r#"{{"keys":[{}]}}"#, keys.join(",")))
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
