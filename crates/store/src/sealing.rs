//! Secrets at rest: AES-256-GCM, each value bound to its row.

mod file;
mod key_file;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::aead::AES_256_GCM;
use aws_lc_rs::aead::Aad;
use aws_lc_rs::aead::LessSafeKey;
use aws_lc_rs::aead::NONCE_LEN;
use aws_lc_rs::aead::Nonce;
use aws_lc_rs::aead::UnboundKey;
use aws_lc_rs::digest;
use aws_lc_rs::hkdf;
use aws_lc_rs::hmac;
use aws_lc_rs::rand;
use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;
use hex::FromHex;
use phantom_core::TokenDigest;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::error::StoreError;

pub use file::SealedFileError;
pub use file::SealedReader;
pub use file::SealedWriter;

/// Opens and seals what the store must be able to give back. Cheap to clone.
#[derive(Clone)]
pub struct SealingKey(Arc<Inner>);

struct Inner {
    key: LessSafeKey,
    /// Derived from it, for the keys of whole files.
    secret: hkdf::Prk,
    /// Derived from it, for the names of revoked tokens.
    token_key: hmac::Key,
    /// First bytes of the key's hash: tells a wrong key from a damaged value.
    id: String,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum SealingKeyError {
    /// Not 32 bytes in one of the two spellings.
    #[error("a sealing key is 32 bytes, in base64 or hexadecimal")]
    Form,
    /// Neither read nor made.
    #[error("the file of the sealing key {path} cannot be used")]
    File {
        /// As configured.
        path: String,
        /// The system's own words.
        #[source]
        source: std::io::Error,
    },
    /// None was made.
    #[error("no random bytes for a new sealing key")]
    Random,
}

impl SealingKey {
    /// 32 bytes in base64 (either alphabet, padded or not) or hexadecimal.
    ///
    /// # Errors
    ///
    /// [`SealingKeyError::Form`].
    pub fn from_text(text: &str) -> Result<Self, SealingKeyError> {
        let bytes = key_bytes(text).ok_or(SealingKeyError::Form)?;
        Self::from_bytes(&bytes)
    }

    /// The key in that file; a new random one, readable by its owner alone, where there is none. And
    /// whether it was made now.
    ///
    /// # Errors
    ///
    /// [`SealingKeyError`]; a file that is there is never replaced.
    pub fn from_file_or_create(path: impl AsRef<Path>) -> Result<(Self, bool), SealingKeyError> {
        key_file::read_or_create(path.as_ref())
    }

    fn from_bytes(bytes: &[u8; 32]) -> Result<Self, SealingKeyError> {
        let key = UnboundKey::new(&AES_256_GCM, bytes).map_err(|_| SealingKeyError::Form)?;
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(b"phantom sealing key id\0");
        hash.update(bytes);
        let id = hex::encode(hash.finish().as_ref().get(..4).unwrap_or_default());
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, b"phantom").extract(bytes);
        let token_key = secret
            .expand(&[b"revoked token"], hmac::HMAC_SHA256)
            .map_err(|_| SealingKeyError::Form)?
            .into();
        Ok(Self(Arc::new(Inner { key: LessSafeKey::new(key), secret, token_key, id })))
    }

    /// What a token is called where it must not be shown: the same for all who have the key.
    #[must_use]
    pub fn token_digest(&self, token: &str) -> TokenDigest {
        let tag = hmac::sign(&self.0.token_key, token.as_bytes());
        let mut mac = [0; 32];
        for (to, from) in mac.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        TokenDigest::new(mac)
    }

    /// `key id . base64(nonce, ciphertext, tag)`, good for this row of this table only.
    pub(crate) fn seal(
        &self,
        table: &str,
        row: &str,
        secret: &SecretString,
    ) -> Result<String, StoreError> {
        let random = |_| StoreError::Internal { source: "no random bytes for a nonce".into() };
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(random)?;
        let mut sealed = Zeroizing::new(secret.expose_secret().as_bytes().to_vec());
        self.0
            .key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                bound_to(table, row),
                &mut *sealed,
            )
            .map_err(|_| StoreError::Refused { reason: "the secret is too long" })?;
        let text = BASE64.encode([&nonce[..], &sealed].concat());
        Ok(format!("{}.{text}", self.0.id))
    }

    pub(crate) fn open(
        &self,
        table: &str,
        row: &str,
        sealed: &str,
    ) -> Result<SecretString, StoreError> {
        let text = sealed.strip_prefix(&self.0.id).and_then(|rest| rest.strip_prefix('.'));
        let bytes = text.and_then(|text| BASE64.decode(text).ok()).map(Zeroizing::new);
        let mut bytes = bytes.ok_or(StoreError::Sealed)?;
        let (nonce, body) = bytes.split_at_mut_checked(NONCE_LEN).ok_or(StoreError::Sealed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| StoreError::Sealed)?;
        let opened = self.0.key.open_in_place(nonce, bound_to(table, row), body);
        let opened = opened.map_err(|_| StoreError::Sealed)?;
        let secret = std::str::from_utf8(opened).map_err(|_| StoreError::Sealed)?;
        Ok(SecretString::from(secret))
    }
}

/// The 32 bytes of a key in base64 (either alphabet, padded or not) or hexadecimal.
#[must_use]
pub fn key_bytes(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let text = text.trim();
    if let Ok(bytes) = FromHex::from_hex(text) {
        return Some(Zeroizing::new(bytes));
    }
    let standard = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
    let url_safe = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
    let bytes = standard.decode(text).or_else(|_| url_safe.decode(text)).ok()?;
    Zeroizing::new(bytes).as_slice().try_into().map(Zeroizing::new).ok()
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SealingKey").field(&self.0.id).finish()
    }
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// No table has a NUL in its name, so no two pairs give the same bytes.
fn bound_to(table: &str, row: &str) -> Aad<Vec<u8>> {
    Aad::from([table.as_bytes(), b"\0", row.as_bytes()].concat())
}
