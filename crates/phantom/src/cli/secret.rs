//! A client secret for a command: from a file or the environment, never from an argument, which
//! other users of the machine could read.

use std::path::PathBuf;

use anyhow::Context;
use anyhow::bail;
use phantom_oauth::SecretSource;
use secrecy::SecretString;

/// `demo`: the secret everybody knows, where the demo's own server is asked.
pub(super) fn read(
    file: Option<&PathBuf>,
    variable: &str,
    demo: Option<&str>,
) -> anyhow::Result<SecretString> {
    if let Some(path) = file {
        let source = SecretSource::File(path.clone());
        return source.read().with_context(|| format!("cannot use {}", path.display()));
    }
    match (SecretSource::Env(variable.to_owned()).read(), demo) {
        (Ok(secret), _) => Ok(secret),
        (Err(_), Some(secret)) => Ok(SecretString::from(secret)),
        (Err(_), None) => bail!("there is no secret: set {variable} or give --secret-file"),
    }
}
