//! `phantom check`: all that is wrong with a configuration.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use phantom_core::BearerToken;
use phantom_core::Clock;
use phantom_core::Peer;
use phantom_oauth::Introspect;
use phantom_oauth::IntrospectError;
use phantom_oauth::KeyManager;

use crate::cli::FAILED;
use crate::cli::output;
use crate::clock::SystemClock;
use crate::config::KeyManagerSetup;
use crate::config::Purpose;
use crate::config::Report;
use crate::config::Source;

const EXAMPLES: &str = "\
Examples:
  phantom check -c phantom.toml
  phantom check -c phantom.toml --connect
  phantom check -c phantom.toml --json | jq '.problems[].message'

Exit codes: 0 no errors (there may be warnings); 1 errors, or the file cannot be read; 2 wrong usage.";

/// Check a configuration and print all its errors and warnings
///
/// Reads every file and secret the configuration names, so it says what `run` would say. Writes
/// nothing, and calls nobody without --connect.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The configuration file
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
    /// Ask each authorization server for what is needed of it, and about a token that does not exist
    #[arg(long)]
    connect: bool,
    /// Print JSON: {file, errors, warnings, problems: [{severity, line, column, key, message, hint}]}
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let source = Source::read(&args.config)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (config, mut report) = source.compile(Purpose::Check, &clock);
    if let (Some(config), true) = (config, args.connect) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(connect(&config.key_managers, &mut report));
    }
    if args.json {
        output::line(&format!("{:#}", report.to_json()));
    } else {
        output::print(&report.to_string());
    }
    Ok(if report.errors() == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// Metadata, keys and credentials, as the first request would need them.
async fn connect(key_managers: &[KeyManagerSetup], report: &mut Report) {
    for KeyManagerSetup { manager, accepts_jwt, place, .. } in key_managers {
        let error = match manager.warm_up(*accepts_jwt).await {
            Err(error) => Some(error),
            Ok(()) => unknown_token(manager).await.err(),
        };
        if let Some(error) = error {
            report.add_error(place, error.to_string());
        }
    }
}

/// Whatever it says of that token: it understands us.
async fn unknown_token(manager: &KeyManager) -> Result<(), IntrospectError> {
    let Ok(token) = BearerToken::parse(b"phantom-check-no-such-token") else { return Ok(()) };
    let peer = Peer::of(Ipv4Addr::LOCALHOST.into());
    manager.introspect(token, peer).await.map(drop)
}
