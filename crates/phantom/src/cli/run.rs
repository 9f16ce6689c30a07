//! `phantom run` and `phantom gateway`.

use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use phantom_core::Clock;

use crate::cli::FAILED;
use crate::cli::output;
use crate::clock::SystemClock;
use crate::compose::Gateway;
use crate::compose::signals::Signals;
use crate::config::Config;
use crate::config::Purpose;
use crate::config::Report;
use crate::config::Source;
use crate::config::problem::Severity;

const EXAMPLES: &str = "\
Examples:
  phantom run -c phantom.toml
  INTROSPECTION_CLIENT_SECRET=… phantom run -c /etc/phantom/phantom.toml --log info

SIGTERM or Ctrl-C stops accepting and lets open requests end within drain_timeout; a second one
stops at once. Health, readiness and metrics: http://127.0.0.1:9090/{healthz,readyz,metrics}.

Exit codes: 0 stopped in order; 1 wrong configuration or failed start; 2 wrong usage.";

/// Run the gateway of a configuration file
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The configuration file
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: PathBuf,
}

/// Run the data plane alone; with a configuration file the same as `run`
///
/// A gateway in file mode has no control plane, so there is nothing to leave out.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  phantom gateway -c phantom.toml\n\nSee `phantom run --help`.")]
pub(super) struct GatewayArgs {
    /// The configuration file
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: PathBuf,
}

pub(super) fn run(config: &Path) -> anyhow::Result<ExitCode> {
    let source = Source::read(config)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (config, report) = source.compile(Purpose::Run, &clock);
    let Some(config) = config else {
        output::error(report.to_string().trim_end());
        return Ok(ExitCode::from(FAILED));
    };
    log_warnings(&report);
    serve(config, clock)
}

/// Until a signal says otherwise.
fn serve(config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<ExitCode> {
    let gateway = Gateway::start(config, clock)?;
    let mut signals = Signals::listen(gateway.background()).context("cannot listen to signals")?;
    for address in gateway.addresses() {
        tracing::info!(%address, "listening");
    }
    tracing::info!(address = %gateway.management_address(), "management");
    gateway.background().block_on(signals.next());
    tracing::info!("stopping: open requests may end; a second signal cuts them");
    signals.exit_on_next(gateway.background());
    gateway.stop();
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

pub(super) fn log_warnings(report: &Report) {
    for problem in report.problems().iter().filter(|p| p.severity == Severity::Warning) {
        let (at, key) = (report.position(problem), &*problem.place.key);
        tracing::warn!(%at, key, hint = problem.hint.as_deref(), "{}", problem.message);
    }
}
