//! Backup and restore of what the control plane keeps, as one YAML file.
//!
//! [`export`] writes the file. [`Backup::read`] takes one in and finds all that is wrong with it;
//! [`compare`] says what it would change in a store, [`apply`] changes it, in one transaction. Tokens,
//! changes and the audit are no part of a backup. Secrets are sealed under a [`BackupKey`], in memory
//! too: what is compared and written is sealed, and only what goes into the store is opened.
//!
//! Knows the store, and nothing of the REST APIs or the rules above it.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

mod apply;
mod check;
mod diff;
mod entry;
mod error;
mod file;
mod key;
mod kind;
mod members;
mod rows;
mod sealed;
mod stored;
mod text;
mod yaml;

use phantom_core::UnixTime;
use phantom_store::Actor;
use phantom_store::Store;
use phantom_store::Write;

use check::Merged;
use rows::Rows;

pub use diff::Action;
pub use diff::Change;
pub use diff::Diff;
pub use diff::Others;
pub use error::BackupError;
pub use error::Mistake;
pub use error::Mistakes;
pub use error::Place;
pub use key::BackupKey;
pub use key::BackupKeyError;
pub use kind::Kind;
pub use yaml::MAX_BYTES;

/// A backup that was read: each of its entries is well formed.
pub struct Backup {
    rows: Rows,
    /// Members that nobody asked for. They are told with what does not fit the store.
    strays: Mistakes,
    key: BackupKey,
}

impl Backup {
    /// Reads the text of a file. What is wrong with the form of its entries is told at once.
    pub fn read(text: &str, key: &BackupKey) -> Result<Self, BackupError> {
        let (rows, strays) = file::read(text, key)?;
        Ok(Self { rows, strays, key: key.clone() })
    }
}

impl std::fmt::Debug for Backup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Backup")
    }
}

/// The text of a backup of the store at one moment. Writers wait until it has been read.
///
/// The same store gives the same text, but for the time in its header.
pub async fn export(store: &Store, key: &BackupKey, now: UnixTime) -> Result<String, BackupError> {
    let mut write = store.write(&actor("phantom export"), now).await?;
    let rows = stored::all(&mut write, key, now).await?;
    drop(write);
    let text = file::write(&rows, key, now)?;
    // A backup that could not be restored is worse than none: it is read back before it counts.
    let again = file::read(&text, key)
        .and_then(|(rows, strays)| strays.none_or_err().map(|()| rows))
        .map_err(|error| BackupError::Unfaithful { source: Some(Box::new(error)) })?;
    match Diff::between(&again, &rows, Others::Remove).is_empty() {
        true => Ok(text),
        false => Err(BackupError::Unfaithful { source: None }),
    }
}

/// What the import would change. Writes nothing.
pub async fn compare(
    store: &Store,
    backup: &Backup,
    others: Others,
    now: UnixTime,
) -> Result<Diff, BackupError> {
    let mut write = store.write(&actor("phantom import"), now).await?;
    settled(&mut write, backup, others, now).await.map(|(_, diff)| diff)
}

/// Changes the store as `shown` says: all of it, or nothing when something fails or when the store
/// is no longer the one that it was compared with.
pub async fn apply(
    store: &Store,
    backup: &Backup,
    others: Others,
    shown: &Diff,
    now: UnixTime,
) -> Result<(), BackupError> {
    let mut write = store.write(&actor("phantom import"), now).await?;
    let (stored, diff) = settled(&mut write, backup, others, now).await?;
    if diff != *shown {
        return Err(BackupError::ChangedMeanwhile);
    }
    apply::apply(&mut write, &backup.rows, &stored, &diff, &backup.key).await?;
    write.commit().await?;
    Ok(())
}

/// The store's rows, and what of them the backup changes, which holds together afterwards.
async fn settled(
    write: &mut Write,
    backup: &Backup,
    others: Others,
    now: UnixTime,
) -> Result<(Rows, Diff), BackupError> {
    let stored = stored::all(write, &backup.key, now).await?;
    Merged { file: &backup.rows, stored: &stored, others }.check(backup.strays.clone())?;
    let mut diff = Diff::between(&backup.rows, &stored, others);
    diff.forget_expired(&backup.rows, now);
    // Names of members are shown, and not what they hold: any change since is another store.
    diff.as_of = write.audit_latest(1, 0).await?.first().map_or(0, |line| line.sequence);
    Ok((stored, diff))
}

fn actor(name: &str) -> Actor {
    Actor { name: name.to_owned(), address: None }
}
