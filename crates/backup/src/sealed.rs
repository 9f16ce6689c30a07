//! Entries as a file has them: each secret a text that only the backup's key opens.

use std::ops::Deref;

use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use super::entry::Entry;
use super::error::BackupError;
use super::key::BackupKey;
use super::key::Slot;

/// An entry whose secrets are sealed. Nothing else of an entry can be written, and there are two ways
/// to one: sealing the store's, and reading a file's.
#[derive(Clone)]
pub(crate) struct Sealed<E>(E);

impl<E: Entry> Sealed<E> {
    pub(crate) fn seal(mut entry: E, key: &BackupKey) -> Result<Self, BackupError> {
        let id = entry.id();
        let mut seal =
            |field: &str, secret: &str| key.seal(Slot { kind: E::KIND, id: &id, field }, secret);
        match entry.change_secrets(&mut seal) {
            Ok(()) => Ok(Self(entry)),
            Err(_) => Err(BackupError::Unfaithful { source: None }),
        }
    }

    /// The entry, or the member that was not sealed by this key for this entry.
    pub(crate) fn open(&self, key: &BackupKey) -> Result<E, &'static str> {
        let mut entry = self.0.clone();
        let id = entry.id();
        let mut open = |field: &str, sealed: &str| {
            let opened = key.open(Slot { kind: E::KIND, id: &id, field }, sealed)?;
            Some(opened.expose_secret().to_owned())
        };
        entry.change_secrets(&mut open)?;
        Ok(entry)
    }
}

/// What an entry says beside its secrets can be seen as it is.
impl<E> Deref for Sealed<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.0
    }
}

impl<E: Entry> Serialize for Sealed<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

impl<'de, E: Entry> Deserialize<'de> for Sealed<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        E::read(deserializer).map(Self)
    }
}
