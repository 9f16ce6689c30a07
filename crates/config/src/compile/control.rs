//! `[control]`: the control plane of this node, and the store that its gateway follows.

use std::net::SocketAddr;
use std::path::PathBuf;

use phantom_access::users;
use phantom_oauth::SecretSource;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use url::Url;

use crate::compile::gateway;
use crate::compile::listener;
use crate::compile::listener::Served;
use crate::context::Context;
use crate::place::At;
use crate::place::Place;
use crate::raw::RawControl;
use crate::raw::RawSecret;

const DEFAULT_BIND: &str = "localhost:9443";

/// A valid `[control]`.
#[derive(Clone, Debug)]
pub struct ControlConfig {
    pub bind: Vec<SocketAddr>,
    /// `None`: with the self-signed certificate of the data directory.
    pub tls: Option<Served>,
    /// Without a slash at the end, as are the others.
    pub public_url: String,
    pub gateway_https_url: String,
    pub gateway_http_url: Option<String>,
    pub database: DatabaseChoice,
    /// Where it stands in the file.
    pub database_place: Place,
    /// `None`: made at the first start, in the data directory.
    pub sealing_key: Option<SecretSource>,
    /// Where it stands in the file.
    pub sealing_key_place: Place,
    /// `None`: generated at the first start and printed once.
    pub admin_password: Option<SecretSource>,
    /// The only authorities believed for key managers' servers; `None`: the system's.
    pub ca_file: Option<PathBuf>,
    /// Key managers, their keys and definitions may be on private addresses.
    pub allow_private: bool,
    /// Endpoints of APIs may be on this machine or its link.
    pub allow_local_endpoints: bool,
    /// The console has the page with all its pieces of interface. Nothing in the file says so.
    pub shows_design: bool,
}

#[derive(Clone, Debug)]
pub enum DatabaseChoice {
    Sqlite(PathBuf),
    Postgres(SecretString),
}

/// `None` without the section, or with an error noted.
pub(super) fn compile(
    raw: Option<&RawControl>,
    data_dir: &std::path::Path,
    context: Context<'_>,
) -> Option<ControlConfig> {
    let raw = raw?;
    let bind = raw
        .bind
        .clone()
        .unwrap_or_else(|| At { value: DEFAULT_BIND.to_owned(), place: raw.place.clone() });
    let addresses = listener::addresses(&bind, context);
    let url = |at: &Option<At<String>>, default: &str| match at {
        None => default.to_owned(),
        Some(at) => base_url(at, context),
    };
    let tls = match &raw.tls {
        None => None,
        Some(raw) => Some(listener::server_config(raw, true, context)?),
    };
    if let Some(At { value: RawSecret::Literal(password), place }) = &raw.admin_password
        && let Err(weak) = users::check_password("admin", password)
    {
        context.warning(place, weak.to_string(), "choose another, or leave it out: one is made up");
    }
    if let Some(At { value: true, place }) = &raw.allow_local_endpoints {
        let message =
            "APIs may lead to what only this machine reaches, such as its management listener";
        let hint = "leave it out, unless those who name endpoints are those who run this machine";
        context.warning(place, message, hint);
    }
    // Read again at the start, which tells neither file nor line.
    if let Some(at) = &raw.ca_file {
        let hint = "a PEM file of CA certificates, or of an authorization server's own";
        gateway::authorities(at, hint, context);
    }
    let sealing_key = raw.sealing_key.as_ref().map(|at| (at, secret(at, "sealing_key", context)));
    if let Some((at, source)) = &sealing_key {
        let hint = "it has to hold a key that the first start made, or 32 bytes in hex or base64";
        if let Err(error) = source.read() {
            context.error(&at.place, error.to_string(), hint);
        }
    }
    Some(ControlConfig {
        bind: addresses,
        tls,
        public_url: url(&raw.public_url, "https://localhost:9443"),
        gateway_https_url: url(&raw.gateway_https_url, "https://localhost:8243"),
        gateway_http_url: raw.gateway_http_url.as_ref().map(|at| base_url(at, context)),
        database_place: raw.database.as_ref().map(|at| at.place.clone()).unwrap_or_default(),
        database: database(raw.database.as_ref(), data_dir, context)?,
        sealing_key_place: sealing_key.as_ref().map(|(at, _)| at.place.clone()).unwrap_or_default(),
        sealing_key: sealing_key.map(|(_, source)| source),
        admin_password: raw.admin_password.as_ref().map(|at| secret(at, "admin_password", context)),
        ca_file: raw.ca_file.as_ref().map(|at| context.path(&at.value)),
        allow_private: raw.allow_private.as_ref().is_some_and(|at| at.value),
        allow_local_endpoints: raw.allow_local_endpoints.as_ref().is_some_and(|at| at.value),
        shows_design: false,
    })
}

/// `scheme://authority`, nothing behind it.
fn base_url(at: &At<String>, context: Context<'_>) -> String {
    let base = Url::parse(&at.value).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.path() == "/"
            && url.query().is_none()
            && url.username().is_empty()
    });
    if base.is_none() {
        let message = format!("{:?} is not the base of URLs", at.value);
        context.error(&at.place, message, "write \"https://api.example.com\"");
    }
    at.value.trim_end_matches('/').to_owned()
}

/// A path is a file of SQLite's; a URL is PostgreSQL's, and a secret where it holds a password.
fn database(
    raw: Option<&At<RawSecret>>,
    data_dir: &std::path::Path,
    context: Context<'_>,
) -> Option<DatabaseChoice> {
    let Some(at) = raw else { return Some(DatabaseChoice::Sqlite(data_dir.join("phantom.db"))) };
    let text = match &at.value {
        RawSecret::Literal(text) => {
            let has_password =
                Url::parse(text.expose_secret()).is_ok_and(|u| u.password().is_some());
            if has_password {
                let message = "a password in the configuration file is read by whoever reads it";
                context.warning(&at.place, message, "write database = { env = \"DATABASE_URL\" }");
            }
            text.clone()
        }
        _ => match secret(at, "database", context).read() {
            Ok(text) => text,
            Err(error) => {
                let hint = "it has to hold a postgres:// URL or the path of a file";
                context.error(&at.place, error.to_string(), hint);
                return None;
            }
        },
    };
    match text.expose_secret().split_once("://") {
        Some(("postgres" | "postgresql", _)) => Some(DatabaseChoice::Postgres(text)),
        None if !is_broken_url(text.expose_secret()) => {
            Some(DatabaseChoice::Sqlite(context.path(text.expose_secret())))
        }
        // A URL that lacks its colon is no path either: it would be a file whose name holds a password.
        Some(_) | None => {
            let hint = "write \"phantom.db\" or postgres://user:password@host/database";
            context.error(&at.place, "is neither a file nor a postgres:// URL", hint);
            None
        }
    }
}

/// `postgres//user:password@host/database`, `postgres:user:password@host/database`.
fn is_broken_url(text: &str) -> bool {
    text.starts_with("postgres") && (text.contains("//") || text.contains('@'))
}

fn secret(at: &At<RawSecret>, key: &str, context: Context<'_>) -> SecretSource {
    match &at.value {
        RawSecret::Literal(secret) => {
            let hint = format!("write {key} = {{ env = \"…\" }} or {{ file = \"…\" }}");
            context.note_literal_secret(&at.place, &hint);
            SecretSource::Literal(secret.clone())
        }
        RawSecret::Env(name) => SecretSource::Env(name.value.clone()),
        RawSecret::File(path) => SecretSource::File(context.path(&path.value)),
    }
}
