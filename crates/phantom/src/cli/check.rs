//! `phantom check`: all that is wrong with a configuration.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use phantom_core::Clock;

use crate::cli::FAILED;
use crate::cli::output;
use crate::clock::SystemClock;
use crate::config::Purpose;
use crate::config::Source;

const EXAMPLES: &str = "\
Examples:
  phantom check -c phantom.toml
  phantom check -c phantom.toml --json | jq '.problems[].message'

Exit codes: 0 no errors (there may be warnings); 1 errors, or the file cannot be read; 2 wrong usage.";

/// Check a configuration and print all its errors and warnings
///
/// Reads every file and secret the configuration names, so it says what `run` would say. Calls
/// nobody and writes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The configuration file
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
    /// Print JSON: {file, errors, warnings, problems: [{severity, line, column, key, message, hint}]}
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let source = Source::read(&args.config)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (config, report) = source.compile(Purpose::Check, &clock);
    if args.json {
        output::line(&format!("{:#}", report.to_json()));
    } else {
        output::print(&report.to_string());
    }
    Ok(if config.is_some() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}
