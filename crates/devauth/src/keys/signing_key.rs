//! One key pair and its public half as JWK.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use aws_lc_rs::{digest, error::Unspecified};
use serde::Serialize;
use serde_json::{Value, json};

use crate::jose::{base64url, signing_input};

/// Signature algorithm of everything the server signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// RSA with 2048 bits.
    #[default]
    Rs256,
    Es256,
    /// Ed25519.
    EdDsa,
}

impl SigningAlgorithm {
    /// The registered `alg` value (RFC 7518 §3.1, RFC 8037 §3.1).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// The crypto library failed; it gives no cause.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    #[error("generating a {} key failed", .0.name())]
    Generate(SigningAlgorithm),
    #[error("signing failed")]
    Sign,
}

pub(super) struct SigningKey {
    pair: Pair,
    algorithm: SigningAlgorithm,
    kid: String,
    jwk: Value,
}

/// `kid` first, so that a JWT begins as the ones in the tutorials do: `eyJraWQ`.
#[derive(Serialize)]
struct Header<'a> {
    kid: &'a str,
    typ: &'a str,
    alg: &'static str,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    pub(super) fn generate(algorithm: SigningAlgorithm) -> Result<Self, KeyError> {
        let pair = Pair::generate(algorithm).map_err(|_| KeyError::Generate(algorithm))?;
        let required = pair.required_members().ok_or(KeyError::Generate(algorithm))?;
        // RFC 7638 §3: SHA-256 over the required members in lexicographic order.
        let thumbprint = digest::digest(&digest::SHA256, required.to_string().as_bytes());
        let kid = base64url(thumbprint);
        let mut jwk = required;
        if let Some(members) = jwk.as_object_mut() {
            members.insert("kid".to_owned(), json!(kid));
            members.insert("use".to_owned(), json!("sig"));
            members.insert("alg".to_owned(), json!(algorithm.name()));
        }
        Ok(Self { pair, algorithm, kid, jwk })
    }

    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    pub(super) fn jwk(&self) -> &Value {
        &self.jwk
    }

    pub(super) fn sign(&self, typ: &str, claims: &Value) -> Result<String, KeyError> {
        let header = Header { kid: &self.kid, typ, alg: self.algorithm.name() };
        let header = serde_json::to_string(&header).map_err(|_| KeyError::Sign)?;
        let input = signing_input(&header, claims);
        let signature = self.pair.sign(input.as_bytes()).map_err(|_| KeyError::Sign)?;
        Ok(format!("{input}.{}", base64url(signature)))
    }
}

impl Pair {
    fn generate(algorithm: SigningAlgorithm) -> Result<Self, Unspecified> {
        Ok(match algorithm {
            SigningAlgorithm::Rs256 => Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048)?),
            SigningAlgorithm::Es256 => {
                Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?)
            }
            SigningAlgorithm::EdDsa => Self::Ed25519(Ed25519KeyPair::generate()?),
        })
    }

    /// The members RFC 7638 §3.2 hashes, written in its order.
    fn required_members(&self) -> Option<Value> {
        Some(match self {
            Self::Rsa(pair) => {
                let key = pair.public_key();
                let [n, e] = [key.modulus(), key.exponent()]
                    .map(|number| base64url(number.big_endian_without_leading_zero()));
                json!({ "e": e, "kty": "RSA", "n": n })
            }
            Self::P256(pair) => {
                // SEC 1 §2.3.3: 0x04, then two coordinates of 32 bytes.
                let (_, coordinates) = pair.public_key().as_ref().split_first()?;
                let (x, y) = coordinates.split_at_checked(32)?;
                json!({ "crv": "P-256", "kty": "EC", "x": base64url(x), "y": base64url(y) })
            }
            Self::Ed25519(pair) => {
                json!({ "crv": "Ed25519", "kty": "OKP", "x": base64url(pair.public_key()) })
            }
        })
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                Ok(signature)
            }
            Self::P256(pair) => Ok(pair.sign(&random, message)?.as_ref().to_vec()),
            Self::Ed25519(pair) => Ok(pair.try_sign(message)?.as_ref().to_vec()),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::{PublicKey, UnverifiedJws};

    #[test]
    fn each_algorithm_signs_what_its_published_key_verifies() {
        for algorithm in [SigningAlgorithm::Rs256, SigningAlgorithm::Es256, SigningAlgorithm::EdDsa]
        {
            let key = SigningKey::generate(algorithm).unwrap();
            let jwt = key.sign("at+jwt", &json!({ "sub": "alice" })).unwrap();
            let public = PublicKey::from_jwk(key.jwk()).unwrap();
            let jws = UnverifiedJws::parse(&jwt).unwrap();
            assert!(jws.is_signed_by(&public), "{algorithm:?}");
            assert!(jwt.starts_with("eyJraWQ"), "as in the tutorials: {jwt}");
            let other = SigningKey::generate(algorithm).unwrap();
            assert!(!jws.is_signed_by(&PublicKey::from_jwk(other.jwk()).unwrap()));
        }
    }

    #[test]
    fn the_kid_is_the_rfc_7638_thumbprint_of_the_published_members() {
        let key = SigningKey::generate(SigningAlgorithm::EdDsa).unwrap();
        let x = key.jwk()["x"].as_str().unwrap();
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        let thumbprint = base64url(digest::digest(&digest::SHA256, members.as_bytes()));
        assert_eq!(key.jwk()["kid"], json!(thumbprint));
        assert_eq!((&key.jwk()["use"], &key.jwk()["alg"]), (&json!("sig"), &json!("EdDSA")));
    }

    /// Rows: DSC-9
    #[test]
    fn the_published_key_has_no_private_member() {
        for algorithm in [SigningAlgorithm::Rs256, SigningAlgorithm::Es256, SigningAlgorithm::EdDsa]
        {
            let key = SigningKey::generate(algorithm).unwrap();
            let members: Vec<&String> = key.jwk().as_object().unwrap().keys().collect();
            for private in ["d", "p", "q", "dp", "dq", "qi"] {
                assert!(!members.iter().any(|member| *member == private), "{algorithm:?}");
            }
        }
    }
}
