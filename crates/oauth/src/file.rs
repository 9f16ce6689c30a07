//! Small files of the configuration: secrets, keys. Bounded, and off the async threads.

use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use zeroize::Zeroizing;

pub(crate) fn read_bounded_now(path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    // Room for the longest file allowed, so that growing leaves no copy of a secret behind.
    let mut content = Zeroizing::new(Vec::with_capacity(limit + 1));
    File::open(path)?.take(limit as u64 + 1).read_to_end(&mut content)?;
    if content.len() > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("longer than {limit} bytes"),
        ));
    }
    Ok(content)
}

pub(crate) async fn read_bounded(path: PathBuf, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    tokio::task::spawn_blocking(move || read_bounded_now(&path, limit))
        .await
        .unwrap_or_else(|_| Err(io::Error::other("the reading task ended early")))
}
