//! The key of a backup: AES-256-GCM, each secret bound to its place in the file.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::AES_256_GCM;
use aws_lc_rs::aead::Aad;
use aws_lc_rs::aead::LessSafeKey;
use aws_lc_rs::aead::NONCE_LEN;
use aws_lc_rs::aead::Nonce;
use aws_lc_rs::aead::UnboundKey;
use aws_lc_rs::hkdf;
use aws_lc_rs::hmac;
use base64::Engine;
use phantom_core::jwt::BASE64URL;
use phantom_store::key_bytes;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::kind::Kind;

/// Seals and opens the secrets of backups. Derived for that purpose alone (RFC 5869), so the
/// store's sealing key may serve without ever sealing a file itself. Cheap to clone.
#[derive(Clone)]
pub struct BackupKey(Arc<Inner>);

struct Inner {
    secrets: LessSafeKey,
    nonces: hmac::Key,
    id: String,
}

#[derive(Debug, thiserror::Error)]
pub enum BackupKeyError {
    #[error("a backup key is 32 bytes, in base64 or hexadecimal")]
    Form,
    #[error("the backup key could not be derived")]
    Derivation,
}

/// Where a secret stands.
#[derive(Clone, Copy)]
pub(crate) struct Slot<'a> {
    pub(crate) kind: Kind,
    pub(crate) id: &'a str,
    pub(crate) field: &'a str,
}

impl BackupKey {
    /// From 32 bytes in base64 (either alphabet, padded or not) or hexadecimal.
    pub fn from_text(text: &str) -> Result<Self, BackupKeyError> {
        let bytes = key_bytes(text).ok_or(BackupKeyError::Form)?;
        let failed = |_| BackupKeyError::Derivation;
        let from = hkdf::Salt::new(hkdf::HKDF_SHA256, b"phantom backup").extract(&*bytes);
        let secrets: UnboundKey = from.expand(&[b"secrets"], &AES_256_GCM).map_err(failed)?.into();
        let nonces = from.expand(&[b"nonces"], hmac::HMAC_SHA256).map_err(failed)?.into();
        let mut id = [0; 32];
        let told = from.expand(&[b"key id"], hmac::HMAC_SHA256).map_err(failed)?;
        told.fill(&mut id).map_err(failed)?;
        let id = hex::encode(id.get(..6).unwrap_or_default());
        Ok(Self(Arc::new(Inner { secrets: LessSafeKey::new(secrets), nonces, id })))
    }

    /// Tells a wrong key from a damaged file. Gives nothing away.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// base64url(nonce, ciphertext, tag). `None` for more than AES-GCM takes.
    pub(crate) fn seal(&self, slot: Slot<'_>, secret: &str) -> Option<String> {
        let nonce = self.nonce(slot, secret)?;
        let mut sealed = Zeroizing::new(secret.as_bytes().to_vec());
        let unique = Nonce::assume_unique_for_key(nonce);
        self.0
            .secrets
            .seal_in_place_append_tag(unique, Aad::from(slot.bytes()), &mut *sealed)
            .ok()?;
        Some(BASE64URL.encode([&nonce[..], &sealed].concat()))
    }

    /// `None` for what this key did not seal for this place.
    pub(crate) fn open(&self, slot: Slot<'_>, sealed: &str) -> Option<SecretString> {
        let mut bytes = Zeroizing::new(BASE64URL.decode(sealed).ok()?);
        let (nonce, body) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = self.0.secrets.open_in_place(nonce, Aad::from(slot.bytes()), body).ok()?;
        std::str::from_utf8(opened).ok().map(SecretString::from)
    }

    /// Of place and secret, by a key of its own: the same secret gives the same text, so that two
    /// backups of one store do not differ, and another gives another nonce.
    fn nonce(&self, slot: Slot<'_>, secret: &str) -> Option<[u8; NONCE_LEN]> {
        let place = slot.bytes();
        let mut context = hmac::Context::with_key(&self.0.nonces);
        context.update(&u64::try_from(place.len()).ok()?.to_be_bytes());
        context.update(&place);
        context.update(secret.as_bytes());
        context.sign().as_ref().first_chunk().copied()
    }
}

impl Slot<'_> {
    /// No part of it holds a NUL, so no two places give the same bytes.
    fn bytes(self) -> Vec<u8> {
        [self.kind.section(), self.id, self.field].join("\0").into_bytes()
    }
}

impl fmt::Debug for BackupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BackupKey").field(&self.0.id).finish()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    const SLOT: Slot<'static> = Slot { kind: Kind::Client, id: "c1", field: "secret" };

    fn key(text: &str) -> BackupKey {
        BackupKey::from_text(text).unwrap()
    }

    #[test]
    fn a_secret_opens_in_its_place_with_its_key_and_nowhere_else() {
        let (ours, theirs) = (key(&"ab".repeat(32)), key(&"cd".repeat(32)));
        let sealed = ours.seal(SLOT, "hunter2").unwrap();
        assert!(!sealed.contains("hunter2"));
        assert_eq!(ours.open(SLOT, &sealed).unwrap().expose_secret(), "hunter2");
        assert!(theirs.open(SLOT, &sealed).is_none());
        for elsewhere in [
            Slot { kind: Kind::KeyMapping, ..SLOT },
            Slot { id: "c2", ..SLOT },
            Slot { field: "other", ..SLOT },
        ] {
            assert!(ours.open(elsewhere, &sealed).is_none());
        }
        for at in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let tampered = String::from_utf8(bytes).unwrap();
            assert!(ours.open(SLOT, &tampered).is_none(), "{at}");
        }
        assert!(ours.open(SLOT, "").is_none());
    }

    #[test]
    fn the_same_secret_is_sealed_alike_and_another_under_another_nonce() {
        let key = key(&"ab".repeat(32));
        let sealed = |slot, secret| key.seal(slot, secret).unwrap();
        assert_eq!(sealed(SLOT, "one"), sealed(SLOT, "one"));
        let nonce = |text: String| text[..16].to_owned();
        assert_ne!(nonce(sealed(SLOT, "one")), nonce(sealed(SLOT, "two")));
        let elsewhere = Slot { id: "c2", ..SLOT };
        assert_ne!(nonce(sealed(SLOT, "one")), nonce(sealed(elsewhere, "one")));
    }

    #[test]
    fn a_key_is_32_bytes_in_any_usual_spelling() {
        let hex = "00".repeat(31) + "ff";
        let base64 = "A".repeat(41) + "P8=";
        assert_eq!(key(&hex).id(), key(&format!(" {base64}\n")).id());
        assert_eq!(key(&hex).id(), key(base64.trim_end_matches('=')).id());
        assert_ne!(key(&hex).id(), key(&"00".repeat(32)).id());
        for wrong in ["", "00", &"00".repeat(31), &"00".repeat(33), "not a key at all!"] {
            let error = BackupKey::from_text(wrong).unwrap_err();
            assert_eq!(error.to_string(), "a backup key is 32 bytes, in base64 or hexadecimal");
        }
        assert!(!format!("{:?}", key(&hex)).contains("00000000"));
    }
}
