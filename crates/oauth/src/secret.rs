//! Where secrets come from (CLA-9): read again when the authorization server refuses us.

use std::path::PathBuf;

use secrecy::SecretString;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::file;

/// Longest secret or key file read.
const MAX_BYTES: usize = 64 * 1024;

/// A place that holds a secret.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// The secret itself.
    Literal(SecretString),
    /// The name of an environment variable.
    Env(String),
    /// UTF-8, 64 KiB at most.
    File(PathBuf),
}

/// Says where the secret should be, never what it is.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The variable's name.
    #[error("environment variable {0} is not set, or not UTF-8")]
    Env(String),
    /// Absent, forbidden, or longer than a secret is.
    #[error("file {path} cannot be read")]
    File {
        /// As configured.
        path: PathBuf,
        /// Also a length of more than 64 KiB.
        source: std::io::Error,
    },
    /// Keys in DER are not UTF-8: they have to be in PEM.
    #[error("file {path} is not UTF-8")]
    Encoding {
        /// As configured.
        path: PathBuf,
    },
    /// A line end alone is empty too.
    #[error("the secret is empty")]
    Empty,
}

impl SecretSource {
    /// The secret as it is now. The line end that editors put at the end of a file is not part of
    /// it.
    ///
    /// # Errors
    ///
    /// [`SecretError`], which names the place and nothing of what is there.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        let secret = match self {
            Self::Literal(secret) => secret.clone(),
            Self::Env(name) => std::env::var(name)
                .map(SecretString::from)
                .map_err(|_| SecretError::Env(name.clone()))?,
            Self::File(path) => {
                let content: Zeroizing<Vec<u8>> = file::read_bounded_now(path, MAX_BYTES)
                    .map_err(|source| SecretError::File { path: path.clone(), source })?;
                let text = std::str::from_utf8(&content)
                    .map_err(|_| SecretError::Encoding { path: path.clone() })?;
                let text = text.strip_suffix('\n').unwrap_or(text);
                SecretString::from(text.strip_suffix('\r').unwrap_or(text))
            }
        };
        match secrecy::ExposeSecret::expose_secret(&secret).is_empty() {
            true => Err(SecretError::Empty),
            false => Ok(secret),
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    /// Rows: CLA-9
    #[test]
    fn a_file_is_read_anew_each_time_without_its_line_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        let source = SecretSource::File(path.clone());
        for (content, secret) in [("one\n", "one"), ("two\r\n", "two"), ("three ", "three ")] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(source.read().unwrap().expose_secret(), secret);
        }
        std::fs::write(&path, "\n").unwrap();
        assert!(matches!(source.read(), Err(SecretError::Empty)));
        std::fs::write(&path, vec![b'x'; MAX_BYTES + 1]).unwrap();
        assert!(matches!(source.read(), Err(SecretError::File { .. })));
    }

    /// Rows: PITFALL-43
    #[test]
    fn a_secret_is_in_no_debug_output() {
        let source = SecretSource::Literal("hunter2".into());
        assert!(!format!("{source:?}").contains("hunter2"));
        assert!(!format!("{:?}", source.read()).contains("hunter2"));
    }
}
