//! Keys of our own, to sign client assertions and minted phantom tokens.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature;
use aws_lc_rs::signature::EcdsaKeyPair;
use aws_lc_rs::signature::Ed25519KeyPair;
use aws_lc_rs::signature::KeyPair;
use base64::Engine;
use phantom_core::jwt::BASE64URL;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use thiserror::Error;

use crate::algorithm::Algorithm;

/// A private key (PKCS#8).
pub(crate) enum SigningKey {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Rsa(rsa::KeyPair),
}

/// Why a private key is of no use, or did not sign.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SigningKeyError {
    /// Encrypted keys, and those in PKCS#1 or SEC 1, are none.
    #[error("there is no PKCS#8 private key in PEM (\"BEGIN PRIVATE KEY\")")]
    Pem,
    /// For a minter: not EC P-256.
    #[error("the key is not RSA (2048 bits or more), EC P-256, EC P-384 or Ed25519")]
    Kind,
    /// The library has no randomness, or does not give the key out.
    #[error("the key cannot be generated or exported")]
    Generate,
    /// The library refuses; also where it has no randomness.
    #[error("signing failed")]
    Sign,
}

impl SigningKey {
    pub(crate) fn from_pem(pem: &[u8]) -> Result<Self, SigningKeyError> {
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| SigningKeyError::Pem)?;
        Self::from_der(key.secret_pkcs8_der())
    }

    /// The key's own type decides; each parser refuses the others' keys.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, SigningKeyError> {
        if let Ok(key) = EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, der)
        {
            return Ok(Self::P256(key));
        }
        if let Ok(key) = EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P384_SHA384_FIXED_SIGNING, der)
        {
            return Ok(Self::P384(key));
        }
        if let Ok(key) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            return Ok(Self::Ed25519(key));
        }
        match rsa::KeyPair::from_pkcs8(der) {
            Ok(key) if key.public_modulus_len() >= 256 => Ok(Self::Rsa(key)),
            _ => Err(SigningKeyError::Kind),
        }
    }

    /// The algorithms that it can sign with, preferred first.
    pub(crate) const fn algorithms(&self) -> &'static [Algorithm] {
        match self {
            Self::Ed25519(_) => &[Algorithm::EdDsa],
            Self::P256(_) => &[Algorithm::Es256],
            Self::P384(_) => &[Algorithm::Es384],
            Self::Rsa(_) => &[Algorithm::Ps256, Algorithm::Rs256],
        }
    }

    /// Appends the signature of `input`, after a dot.
    pub(crate) fn sign(
        &self,
        algorithm: Algorithm,
        mut input: String,
    ) -> Result<String, SigningKeyError> {
        let random = SystemRandom::new();
        let message = input.as_bytes();
        let signed = match self {
            Self::Ed25519(key) => key.try_sign(message).map(|signed| signed.as_ref().to_vec()),
            Self::P256(key) | Self::P384(key) => {
                key.sign(&random, message).map(|signed| signed.as_ref().to_vec())
            }
            Self::Rsa(key) => {
                let encoding: &'static dyn signature::RsaEncoding = match algorithm {
                    Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut signed = vec![0; key.public_modulus_len()];
                key.sign(encoding, &random, message, &mut signed).map(|()| signed)
            }
        };
        let signed = signed.map_err(|_| SigningKeyError::Sign)?;
        input.push('.');
        BASE64URL.encode_string(signed, &mut input);
        Ok(input)
    }

    /// The public point of a P-256 key, for the minter's key set.
    pub(crate) fn p256_point(&self) -> Option<(&[u8], &[u8])> {
        match self {
            Self::P256(key) => key.public_key().as_ref().strip_prefix(&[4])?.split_at_checked(32),
            _ => None,
        }
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(redacted)")
    }
}

/// 128 random bits in base64url: a `jti`.
pub(crate) fn fresh_id() -> Result<String, SigningKeyError> {
    let mut octets = [0; 16];
    aws_lc_rs::rand::fill(&mut octets).map_err(|_| SigningKeyError::Sign)?;
    Ok(BASE64URL.encode(octets))
}
