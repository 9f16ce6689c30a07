//! The last catalog that a gateway served, in a file of its own: what it begins with where the store
//! is away. Sealed, as it holds the secrets of key managers, and whoever could change it could open
//! every API.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use phantom_core::UnixTime;
use phantom_core::catalog::Catalog;
use phantom_store::SealedFileError;
use phantom_store::SealingKey;
use serde::Deserialize;
use serde::Serialize;
use thiserror::Error;
use zeroize::Zeroizing;

const NAME: &str = "catalog.sealed";
/// What it is sealed for. Another number wherever the contents change their shape: a gateway serves
/// nothing by a catalog that it may misunderstand.
const PURPOSE: &str = "catalog 3";
/// Largest file written or read.
const MOST: u64 = 512 * 1024 * 1024;

/// What a gateway needs to serve managed APIs without the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The control plane that it is of, by its public URL.
    pub control: String,
    /// When the store was last known to hold nothing newer.
    pub as_of: UnixTime,
    pub signing_key: SigningKey,
    /// With the revocations that may still kill a token, and the number of the last change.
    pub catalog: Catalog,
}

/// That phantom tokens for tokens of our own are signed with, as PKCS#8. Never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SigningKey(pub Zeroizing<Vec<u8>>);

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(redacted)")
    }
}

/// Where it is kept.
#[derive(Clone, Debug)]
pub struct CatalogFile {
    path: PathBuf,
    sealing: SealingKey,
    control: String,
}

#[derive(Debug, Error)]
pub enum KeptError {
    #[error("it cannot be read or written: {0}")]
    File(io::Error),
    #[error(transparent)]
    Sealed(SealedFileError),
    #[error("it is larger than {} MiB", MOST >> 20)]
    TooLarge,
    #[error("it is of the control plane {0}")]
    OtherControlPlane(String),
    #[error("its contents cannot be read: {0}")]
    Contents(serde_json::Error),
}

impl From<io::Error> for KeptError {
    fn from(error: io::Error) -> Self {
        match SealedFileError::in_error(&error) {
            Some(error) => Self::Sealed(error),
            None if error.kind() == io::ErrorKind::FileTooLarge => Self::TooLarge,
            None => Self::File(error),
        }
    }
}

impl From<serde_json::Error> for KeptError {
    fn from(error: serde_json::Error) -> Self {
        if error.is_io() { io::Error::from(error).into() } else { Self::Contents(error) }
    }
}

impl CatalogFile {
    /// In that directory, of the control plane with that public URL.
    #[must_use]
    pub fn new(directory: &Path, sealing: SealingKey, control: &str) -> Self {
        Self { path: directory.join(NAME), sealing, control: control.to_owned() }
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `None` where none is kept. An error names what is wrong with the file, which is left as it is.
    pub fn load(&self, now: UnixTime) -> Result<Option<Kept>, KeptError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if file.metadata()?.len() > MOST {
            return Err(KeptError::TooLarge);
        }
        let contents = self.sealing.open_file(PURPOSE, file.take(MOST))?;
        let mut kept: Kept = serde_json::from_reader(BufReader::new(contents))?;
        if kept.control != self.control {
            return Err(KeptError::OtherControlPlane(kept.control));
        }
        kept.catalog.sort();
        kept.catalog.forget_ended(now);
        Ok(Some(kept))
    }

    /// In the place of what was kept before: as a whole or not at all.
    pub fn save(&self, kept: &Kept) -> Result<(), KeptError> {
        let draft = self.path.with_added_extension("new");
        let saved = self.write(&draft, kept).and_then(|()| {
            fs::rename(&draft, &self.path)?;
            // The name lasts only once its directory is on the disk.
            let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
            Ok(File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?)
        });
        if saved.is_err() {
            // It may hold the room that is missing.
            let _ = fs::remove_file(&draft);
        }
        saved
    }

    fn write(&self, draft: &Path, kept: &Kept) -> Result<(), KeptError> {
        let file = Bounded { file: created(draft)?, room: MOST };
        let mut contents = self.sealing.seal_file(PURPOSE, file)?;
        serde_json::to_writer(&mut contents, kept)?;
        Ok(contents.finish()?.file.sync_all()?)
    }
}

fn created(path: &Path) -> io::Result<File> {
    // A draft that was left behind may be anybody's to read, or a link.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Takes no more than there is room.
struct Bounded {
    file: File,
    room: u64,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.room {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let written = self.file.write(bytes)?;
        self.room -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests;
