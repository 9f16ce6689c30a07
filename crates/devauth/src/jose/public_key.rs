//! A client's public key, registered as JWK (RFC 7517).

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};
use serde_json::Value;

use super::from_base64url;

/// The key fixes the algorithm: RSA signs RS256, P-256 signs ES256, Ed25519 signs EdDSA.
#[derive(Clone, Debug)]
pub struct PublicKey(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256 { point: Vec<u8> },
    Ed25519 { point: Vec<u8> },
}

/// Why a JWK cannot be registered.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwkError {
    #[error("key type or curve is not RSA, P-256 or Ed25519")]
    Unsupported,
    #[error("member `{0}` is missing or not base64url of the right length")]
    Member(&'static str),
    #[error("the key holds private members; register the public key alone")]
    Private,
}

impl PublicKey {
    /// # Errors
    /// For an unsupported, incomplete or private key.
    pub fn from_jwk(jwk: &Value) -> Result<Self, JwkError> {
        if jwk.get("d").is_some() {
            return Err(JwkError::Private);
        }
        let text = |name| jwk.get(name).and_then(Value::as_str);
        let kind = match (text("kty"), text("crv")) {
            (Some("RSA"), _) => {
                Kind::Rsa { n: member(jwk, "n", None)?, e: member(jwk, "e", None)? }
            }
            (Some("EC"), Some("P-256")) => {
                // SEC 1 §2.3.3: an uncompressed point.
                let mut point = vec![4];
                point.extend(member(jwk, "x", Some(32))?);
                point.extend(member(jwk, "y", Some(32))?);
                Kind::P256 { point }
            }
            (Some("OKP"), Some("Ed25519")) => Kind::Ed25519 { point: member(jwk, "x", Some(32))? },
            _ => return Err(JwkError::Unsupported),
        };
        Ok(Self(kind))
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self.0 {
            Kind::Rsa { .. } => "RS256",
            Kind::P256 { .. } => "ES256",
            Kind::Ed25519 { .. } => "EdDSA",
        }
    }

    /// A broken key or point verifies nothing.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let verdict = match &self.0 {
            Kind::Rsa { n, e } => {
                PublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            Kind::P256 { point } => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            Kind::Ed25519 { point } => {
                UnparsedPublicKey::new(&ED25519, point).verify(message, signature)
            }
        };
        verdict.is_ok()
    }
}

fn member(jwk: &Value, name: &'static str, length: Option<usize>) -> Result<Vec<u8>, JwkError> {
    jwk.get(name)
        .and_then(Value::as_str)
        .and_then(from_base64url)
        .filter(|bytes| !bytes.is_empty() && length.is_none_or(|length| bytes.len() == length))
        .ok_or(JwkError::Member(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_of_an_unknown_type_is_refused() {
        for jwk in [
            json!({"kty": "oct", "k": "AA"}),
            json!({"kty": "EC", "crv": "P-384"}),
            json!({"kty": "OKP", "crv": "X25519"}),
            json!({}),
            json!("text"),
        ] {
            assert_eq!(PublicKey::from_jwk(&jwk).unwrap_err(), JwkError::Unsupported, "{jwk}");
        }
    }

    #[test]
    fn a_key_with_a_broken_member_is_refused() {
        let short = json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"});
        assert_eq!(PublicKey::from_jwk(&short).unwrap_err(), JwkError::Member("x"));
        let padded = json!({"kty": "RSA", "n": "AQ==", "e": "AQAB"});
        assert_eq!(PublicKey::from_jwk(&padded).unwrap_err(), JwkError::Member("n"));
    }

    #[test]
    fn a_private_key_is_refused() {
        let private = json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "d": "AAAA"});
        assert_eq!(PublicKey::from_jwk(&private).unwrap_err(), JwkError::Private);
    }
}
