//! Phantom tokens of our own making, for authorization servers that describe a token but give no
//! JWT for it. Signed with the gateway's key, under the gateway's issuer.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
use aws_lc_rs::signature::EcdsaKeyPair;
use base64::Engine;
use phantom_core::UnixTime;
use phantom_core::jwt::BASE64URL;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use zeroize::Zeroizing;

use crate::algorithm::Algorithm;
use crate::signing::SigningKey;
use crate::signing::SigningKeyError;
use crate::signing::fresh_id;

/// What of an introspection answer is about the answer, or is another token.
const NOT_CLAIMS: [&str; 6] =
    ["active", "token_type", "phantom_token", "jwt", "nonce", "token_introspection"];

/// Signs with ES256. One for all key managers that mint.
#[derive(Debug)]
pub struct Minter {
    key: SigningKey,
    issuer: Arc<str>,
    /// `base64url(header)` and the dot.
    header: Box<str>,
    jwks: Box<str>,
    /// Life of a token whose statement names no end.
    cap: Duration,
}

/// A signed token, and when it ends.
#[derive(Debug)]
pub(crate) struct Minted {
    pub(crate) jwt: String,
    pub(crate) expires_at: UnixTime,
}

impl Minter {
    /// A new key as PKCS#8 DER, for the caller to keep.
    pub fn generate_key() -> Result<Zeroizing<Vec<u8>>, SigningKeyError> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .and_then(|key| key.to_pkcs8v1())
            .map_err(|_| SigningKeyError::Generate)?;
        Ok(Zeroizing::new(key.as_ref().to_vec()))
    }

    /// `pkcs8`: a P-256 key in DER. `issuer`: who backends learn the token is from.
    pub fn new(pkcs8: &[u8], issuer: &str, cap: Duration) -> Result<Self, SigningKeyError> {
        Self::with_key(SigningKey::from_der(pkcs8)?, issuer, cap)
    }

    pub fn from_pem(pem: &[u8], issuer: &str, cap: Duration) -> Result<Self, SigningKeyError> {
        Self::with_key(SigningKey::from_pem(pem)?, issuer, cap)
    }

    fn with_key(key: SigningKey, issuer: &str, cap: Duration) -> Result<Self, SigningKeyError> {
        let (x, y) = key.p256_point().ok_or(SigningKeyError::Kind)?;
        let (x, y) = (BASE64URL.encode(x), BASE64URL.encode(y));
        // RFC 7638: members in lexical order, no white space.
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let kid = BASE64URL.encode(digest::digest(&digest::SHA256, canonical.as_bytes()));
        let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": kid}).to_string();
        let jwks = json!({"keys": [{
            "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid, "use": "sig", "alg": "ES256",
        }]});
        Ok(Self {
            key,
            issuer: issuer.into(),
            header: format!("{}.", BASE64URL.encode(header)).into(),
            jwks: jwks.to_string().into(),
            cap,
        })
    }

    /// The key set to publish at `/.well-known/jwks.json`.
    #[must_use]
    pub fn jwks_json(&self) -> &str {
        &self.jwks
    }

    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `end`: that of the statement, which the token never outlives.
    pub(crate) fn mint(
        &self,
        mut claims: Map<String, Value>,
        end: Option<UnixTime>,
        now: UnixTime,
    ) -> Result<Minted, SigningKeyError> {
        let expires_at = end.unwrap_or_else(|| now.plus(self.cap));
        let expires_at = UnixTime::from_secs(expires_at.as_secs());
        for name in NOT_CLAIMS {
            claims.remove(name);
        }
        claims.insert("iss".to_owned(), (*self.issuer).into());
        claims.insert("exp".to_owned(), expires_at.as_secs().into());
        if !claims.get("iat").is_some_and(Value::is_number) {
            claims.insert("iat".to_owned(), now.as_secs().into());
        }
        if !claims.get("jti").is_some_and(Value::is_string) {
            claims.insert("jti".to_owned(), fresh_id()?.into());
        }
        let mut input = String::with_capacity(1024);
        input.push_str(&self.header);
        BASE64URL.encode_string(Value::Object(claims).to_string(), &mut input);
        let jwt = self.key.sign(Algorithm::Es256, input)?;
        Ok(Minted { jwt, expires_at })
    }
}

#[cfg(test)]
mod tests;
