//! The gateway's own signing key: made once, kept in the data directory for its owner alone.

use std::fs;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use phantom_oauth::Minter;
use phantom_oauth::signing::SigningKeyError;
use thiserror::Error;
use zeroize::Zeroizing;

/// File in the data directory: PKCS#8 in DER.
const FILE: &str = "signing-key.der";

#[derive(Debug, Error)]
pub enum MintingError {
    #[error("cannot {doing} {path}: {source}", path = path.display())]
    File { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("{path} may be read by others: chmod 600 it, or delete it to get a new key", path = path.display())]
    Exposed { path: PathBuf },
    #[error("the signing key cannot be used: {0}")]
    Key(#[from] SigningKeyError),
}

/// A minter whose key is forgotten at once: to check a configuration.
pub fn throwaway(issuer: &str) -> Result<Arc<Minter>, MintingError> {
    Ok(Arc::new(Minter::new(&Minter::generate_key()?, issuer)?))
}

/// The minter of this data directory; its key is made at first use.
pub fn persistent(data_dir: &Path, issuer: &str) -> Result<Arc<Minter>, MintingError> {
    let path = data_dir.join(FILE);
    let key = match fs::metadata(&path) {
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
            return Err(MintingError::Exposed { path });
        }
        Ok(_) => Zeroizing::new(fs::read(&path).map_err(failed("read", &path))?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(data_dir, &path)?,
        Err(source) => return Err(failed("read", &path)(source)),
    };
    Ok(Arc::new(Minter::new(&key, issuer)?))
}

/// Written whole under another name first: a crash leaves no half a key.
fn create(data_dir: &Path, path: &Path) -> Result<Zeroizing<Vec<u8>>, MintingError> {
    fs::create_dir_all(data_dir).map_err(failed("create", data_dir))?;
    let key = Minter::generate_key()?;
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .map_err(failed("create", &draft))?;
    file.write_all(&key).and_then(|()| file.sync_all()).map_err(failed("write", &draft))?;
    fs::rename(&draft, path).map_err(failed("create", path))?;
    Ok(key)
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> MintingError + use<> {
    let path = path.to_owned();
    move |source| MintingError::File { doing, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signing_key_is_made_once_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("data");
        let first = persistent(&data_dir, "https://gateway").unwrap();
        let again = persistent(&data_dir, "https://gateway").unwrap();
        assert_eq!(first.jwks_json(), again.jwks_json());
        let path = data_dir.join(FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            persistent(&data_dir, "https://gateway"),
            Err(MintingError::Exposed { .. })
        ));
    }

    #[test]
    fn a_key_file_that_is_no_key_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        fs::write(&path, "junk").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let error = persistent(directory.path(), "https://gateway").unwrap_err();
        assert!(matches!(error, MintingError::Key(_)), "{error}");
    }
}
