//! The sealing key in a file, made whole or not at all.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::SealingKey;
use super::SealingKeyError;

pub(super) fn read_or_create(path: &Path) -> Result<(SealingKey, bool), SealingKeyError> {
    let failed = |source| SealingKeyError::File { path: path.display().to_string(), source };
    match read(path) {
        Ok(text) => return Ok((SealingKey::from_text(&text)?, false)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        Err(_) => {}
    }
    let is_new = create(path)?;
    // Read back what is there: another process may have been first, and its key counts.
    Ok((SealingKey::from_text(&read(path).map_err(failed)?)?, is_new))
}

fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    const LONGEST: u64 = 1024;
    let file = File::open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "the sealing key can be read by others than its owner");
    }
    let mut text = Zeroizing::new(String::new());
    file.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

/// Whether it was made by us.
fn create(path: &Path) -> Result<bool, SealingKeyError> {
    let failed = |source| SealingKeyError::File { path: path.display().to_string(), source };
    let mut bytes = Zeroizing::new([0; 32]);
    rand::fill(&mut *bytes).map_err(|_| SealingKeyError::Random)?;
    let text = Zeroizing::new(hex::encode(*bytes));
    let mut suffix = [0; 8];
    rand::fill(&mut suffix).map_err(|_| SealingKeyError::Random)?;
    let draft = path.with_added_extension(hex::encode(suffix));
    let made = write_whole(&draft, &text)
        // A link, unlike a rename, does not replace a key that came to be meanwhile.
        .and_then(|()| fs::hard_link(&draft, path))
        .map(|()| true)
        .or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(false),
            _ => Err(error),
        });
    let removed = fs::remove_file(&draft);
    let is_new = made.map_err(failed)?;
    removed.map_err(failed)?;
    // The name lasts only once its directory is on the disk, and sealed rows must not outlive it.
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = File::open(directory.unwrap_or(Path::new(".")));
    directory.and_then(|it| it.sync_all()).map_err(failed)?;
    Ok(is_new)
}

fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}
