//! `phantom check`: all that is wrong with a configuration.

use std::fmt;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use phantom_config::Config;
use phantom_config::KeyManagerSetup;
use phantom_config::Purpose;
use phantom_config::Report;
use phantom_config::Source;
use phantom_core::Access;
use phantom_core::BearerToken;
use phantom_core::Clock;
use phantom_core::Peer;
use phantom_core::causes::with_causes;
use phantom_oauth::Introspect;
use phantom_oauth::IntrospectError;
use phantom_oauth::KeyManager;
use phantom_oauth::ResponseFormat;
use serde_json::Value;
use serde_json::json;

use crate::cli::FAILED;
use crate::cli::output;
use crate::clock::SystemClock;
use crate::compose;
use crate::words;

const EXAMPLES: &str = "\
Examples:
  phantom check -c phantom.toml
  phantom check -c phantom.toml --connect
  phantom check -c phantom.toml --json | jq '.problems[].message'

Exit codes: 0 no errors (there may be warnings); 1 errors, or the file cannot be read; 2 wrong usage.";

/// Check a configuration and print all its errors and warnings
///
/// Reads every file and secret the configuration names, so it says what `run` would say of them, and in
/// words what the scopes and claim rules of each route mean. Keeps nothing, and calls nobody without
/// --connect.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The configuration file
    #[arg(short, long, value_name = "FILE", default_value = super::DEFAULT_CONFIG)]
    config: PathBuf,
    /// Ask each authorization server for what is needed of it, and about a token that does not exist
    #[arg(long)]
    connect: bool,
    /// Print JSON: {file, errors, warnings, problems: [{severity, line, column, key, message, hint}],
    /// routes: [{route, asks}]}; with --connect also answers: the key managers that answer as they should,
    /// and unseen: what could not be seen of them
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let source = Source::read(&args.config)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (config, mut report) = source.compile(Purpose::Check, &clock);
    if let Some(control) = config.as_ref().and_then(|config| config.control.as_ref())
        && let Err(error) = compose::control::check_sealing_key(control)
    {
        report.add_error(&control.sealing_key_place, error.to_string());
    }
    if let Some(control) = config.as_ref().and_then(|config| config.control.as_ref())
        && let Err(error) = compose::control::check_database(control)
    {
        report.add_error(&control.database_place, with_causes(&error));
    }
    let meaning = config.as_ref().map(meaning).unwrap_or_default();
    let mut answering = Vec::new();
    if let (Some(config), true) = (&config, args.connect) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        answering = runtime.block_on(connect(&config.key_managers, &mut report));
    }
    if args.json {
        let mut json = report.to_json();
        let routes: Vec<Value> =
            meaning.iter().map(|(route, asks)| json!({"route": route, "asks": asks})).collect();
        if let Some(members) = json.as_object_mut() {
            members.insert("routes".to_owned(), routes.into());
            if args.connect {
                let names: Vec<&str> = answering.iter().map(|one| &*one.name).collect();
                members.insert("answers".to_owned(), names.into());
                let unseen: Vec<String> = answering.iter().map(Answering::to_string).collect();
                members.insert("unseen".to_owned(), unseen.into());
            }
        }
        output::line(&format!("{json:#}"));
    } else {
        for (route, asks) in &meaning {
            match asks.is_empty() {
                true => output::line(&format!("{route}: any token that is good")),
                false => output::line(&format!("{route}: a token with")),
            }
            asks.iter().for_each(|ask| output::line(&format!("  - {ask}")));
        }
        for one in &answering {
            output::line(&one.to_string());
        }
        output::print(&report.to_string());
    }
    Ok(if report.errors() == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// A key manager that answers, as far as that can be seen.
#[derive(Debug)]
struct Answering {
    name: Arc<str>,
    /// What only a token that is good would show.
    unseen: &'static str,
}

impl fmt::Display for Answering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, unseen } = self;
        write!(
            f,
            "{name}: it answers; whether it {unseen} cannot be seen without a token: try `phantom explain` \
             with one"
        )
    }
}

/// Metadata, keys and credentials, as the first request would need them.
async fn connect(key_managers: &[KeyManagerSetup], report: &mut Report) -> Vec<Answering> {
    let mut answering = Vec::new();
    for KeyManagerSetup { manager, accepts_jwt, place, .. } in key_managers {
        let name = &**manager.name();
        let error = match manager.warm_up(*accepts_jwt).await {
            Err(error) => Some(error.to_string()),
            Ok(()) => match unknown_token(manager).await {
                Err(error) => Some(error.to_string()),
                Ok(()) if answers_unsigned(manager).await => Some(UNSIGNED.to_owned()),
                Ok(()) => None,
            },
        };
        match error {
            Some(error) => report.add_error(place, format!("`{name}`: {error}")),
            None => answering.push(Answering {
                name: Arc::clone(manager.name()),
                unseen: match manager.response() {
                    ResponseFormat::PhantomJwt | ResponseFormat::JsonClaim { .. } => {
                        "gives JWTs, and speaks to this client of the tokens of others,"
                    }
                    ResponseFormat::Rfc9701 | ResponseFormat::Json => {
                        "speaks to this client of the tokens of others"
                    }
                },
            }),
        }
    }
    answering
}

const UNSIGNED: &str = "it answers with unsigned JSON, though a signed answer (RFC 9701) was asked for: \
                        switch signed introspection answers on at the server, and for this client \
                        (introspection_signed_response_alg), or set response = \"json\"";

/// A server that signs its answers signs those on unknown tokens too (RFC 9701 §5).
async fn answers_unsigned(manager: &KeyManager) -> bool {
    if *manager.response() != ResponseFormat::Rfc9701 {
        return false;
    }
    let Ok(token) = BearerToken::parse(UNKNOWN_TOKEN) else { return false };
    let media_type = manager.examine(token).await.media_type.unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

const UNKNOWN_TOKEN: &[u8] = b"phantom-check-no-such-token";

/// Whatever it says of that token: it understands us.
async fn unknown_token(manager: &KeyManager) -> Result<(), IntrospectError> {
    let Ok(token) = BearerToken::parse(UNKNOWN_TOKEN) else { return Ok(()) };
    let peer = Peer::of(Ipv4Addr::LOCALHOST.into());
    manager.introspect(token, peer).await.map(drop)
}

/// What the protected routes ask for, in words.
fn meaning(config: &Config) -> Vec<(&str, Vec<String>)> {
    let routes = config.routes.iter().filter_map(|planned| match &planned.route.access {
        Access::Protected(protection) => {
            Some((&*planned.route.name, words::protection(protection)))
        }
        Access::Public => None,
    });
    routes.collect()
}

#[cfg(test)]
mod tests;
