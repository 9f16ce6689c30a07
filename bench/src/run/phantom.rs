//! The gateway under measurement: one worker, one public and one protected route to the same
//! backend, nothing of the verification left out.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::gateway::{AccessLog, Contender, Gateway, prepare};
use crate::authorization_server::{ISSUER, JWKS_PATH, introspection_path};
use crate::jwt::{AUDIENCE, SCOPE, Signature};
use crate::process::Process;

pub(super) struct Settings<'a> {
    /// The only place the gateway writes to.
    pub(super) directory: &'a Path,
    pub(super) port: u16,
    pub(super) management_port: u16,
    pub(super) backend: u16,
    pub(super) authorization_server: u16,
    /// How the tokens are signed that it is told of.
    pub(super) signature: Signature,
    pub(super) cache_entries: u64,
    pub(super) log: AccessLog,
    /// The control plane's store and where it is served, for managed APIs.
    pub(super) control: Option<Control<'a>>,
}

#[derive(Clone)]
pub(super) struct Control<'a> {
    /// With `store.db` and `sealing.key`, see `run::managed`.
    pub(super) directory: &'a Path,
    pub(super) port: u16,
    /// The line with its certificate.
    pub(super) tls: String,
}

pub(super) fn start(program: &Path, core: usize, settings: &Settings<'_>) -> Result<Gateway> {
    let directory = settings.directory;
    let access_log = prepare(directory)?;
    let file = directory.join("phantom.toml");
    fs::write(&file, config(settings))?;
    fs::write(directory.join("client_secret"), "any: the bench's server asks for none")?;
    let log = directory.join("stderr.log");
    let command = [program.as_os_str(), "run".as_ref(), "-c".as_ref(), file.as_os_str()];
    let process = Process::logging(core, &command, &log)?;
    let gateway = Gateway::ready(process, settings.port, Contender::Public.path(), access_log)
        .with_context(|| format!("phantom, see {}", log.display()))?;
    for contender in [Contender::Public, Contender::Protected] {
        gateway.look(contender).with_context(|| format!("phantom, {} route", contender.name()))?;
    }
    Ok(gateway)
}

fn config(settings: &Settings<'_>) -> String {
    let Settings { port, management_port, backend, authorization_server, cache_entries, .. } =
        settings;
    let directory = settings.directory.display();
    let introspection_path = introspection_path(settings.signature);
    let log = match settings.log {
        AccessLog::Off => "access_log = \"off\"".to_owned(),
        AccessLog::On => {
            format!("access_log = \"json\"\naccess_log_file = \"{directory}/access.log\"")
        }
    };
    let control = settings.control.as_ref().map_or_else(String::new, |control| {
        let (store, port, tls) = (control.directory.display(), control.port, &control.tls);
        format!(
            r#"
[control]
bind = "127.0.0.1:{port}"
{tls}
database = "{store}/store.db"
sealing_key = {{ file = "{store}/sealing.key" }}
allow_private = true
allow_local_endpoints = true
"#
        )
    });
    format!(
        r#"[gateway]
workers = 1
data_dir = "{directory}/data"
{log}

[management]
bind = "127.0.0.1:{management_port}"

[[listener]]
bind = "127.0.0.1:{port}"

[[key_manager]]
name = "bench"
introspection_endpoint = "http://127.0.0.1:{authorization_server}{introspection_path}"
issuer = "{ISSUER}"
jwks_uri = "http://127.0.0.1:{authorization_server}{JWKS_PATH}"
allow_private = true
allow_http = true
client_id = "bench"
client_secret = {{ file = "{directory}/client_secret" }}
expected_audience = "{AUDIENCE}"
token_cache_seconds = 3600
cache_max_entries = {cache_entries}

[[route]]
path = "/public"
upstream = "http://127.0.0.1:{backend}/public"
public = true

[[route]]
path = "/protected"
upstream = "http://127.0.0.1:{backend}/protected"
key_manager = "bench"
scope = "{SCOPE}"
{control}"#
    )
}

#[cfg(test)]
mod tests {
    use super::{AccessLog, Path, Settings, Signature, config};

    fn with(log: AccessLog) -> String {
        config(&Settings {
            directory: Path::new("/tmp/phantom"),
            port: 8080,
            management_port: 8081,
            backend: 9090,
            authorization_server: 9091,
            signature: Signature::Es256,
            cache_entries: 60_000,
            log,
            control: None,
        })
    }

    #[test]
    fn nothing_of_the_verification_is_switched_off() {
        let config = with(AccessLog::Off);
        for word in ["verify_jwt", "unverified", "verify_ssl", "no_store"] {
            assert!(!config.contains(word), "{word}");
        }
        for line in ["expected_audience = \"bench-api\"", "scope = \"read write\"", "issuer = "] {
            assert!(config.contains(line), "{line}");
        }
    }

    #[test]
    fn the_access_log_is_off_or_json_to_a_file() {
        assert!(with(AccessLog::Off).contains("access_log = \"off\"\n"));
        let on = with(AccessLog::On);
        assert!(on.contains("access_log = \"json\"\n"));
        assert!(on.contains("access_log_file = \"/tmp/phantom/access.log\"\n"));
    }
}
