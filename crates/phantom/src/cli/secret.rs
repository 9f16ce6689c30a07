//! A client secret for a command: from a file or the environment, never from an argument, which
//! other users of the machine could read.

use std::path::PathBuf;

use anyhow::Context;
use anyhow::bail;
use phantom_oauth::SecretSource;
use secrecy::SecretString;
use url::Url;

/// Whether a server of this machine is asked, as the demo's is, whatever its port. The secret that goes there
/// is one that everybody knows.
pub(super) fn is_the_demos(endpoint: &Url) -> bool {
    endpoint.scheme() == "https" && endpoint.host_str() == Some("localhost")
}

/// `what` it is; `variable` and `flag` say where it is looked for. `demo`: the secret everybody knows, where the demo's
/// own server is asked.
pub(super) fn read(
    what: &str,
    file: Option<&PathBuf>,
    (variable, flag): (&str, &str),
    demo: Option<&str>,
) -> anyhow::Result<SecretString> {
    if let Some(path) = file {
        let source = SecretSource::File(path.clone());
        return source.read().with_context(|| format!("cannot use {}", path.display()));
    }
    match (SecretSource::Env(variable.to_owned()).read(), demo) {
        (Ok(secret), _) => Ok(secret),
        (Err(_), Some(secret)) => Ok(SecretString::from(secret)),
        (Err(_), None) => bail!("no {what} was given: set {variable} or give {flag}"),
    }
}
