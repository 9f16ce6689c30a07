//! `phantom run` and `phantom gateway`.

use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use phantom_config::Config;
use phantom_config::Purpose;
use phantom_config::Report;
use phantom_config::Source;
use phantom_config::problem::Severity;
use phantom_core::Clock;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use tokio::sync::oneshot::error::TryRecvError;

use crate::cli::FAILED;
use crate::cli::output;
use crate::clock::SystemClock;
use crate::compose::Gateway;
use crate::compose::Planes;
use crate::compose::signals::Signals;

const EXAMPLES: &str = "\
Examples:
  phantom run -c phantom.toml
  CLIENT_SECRET=… phantom run -c /etc/phantom/phantom.toml --log info

SIGTERM or Ctrl-C stops accepting after drain_delay and lets open requests end
within drain_timeout; a second one stops at once. SIGHUP reads certificates and
opens logs anew. Health, readiness and metrics:
http://127.0.0.1:9090/{healthz,readyz,metrics}.

Exit codes: 0 stopped in order; 1 wrong configuration or failed start; 2 wrong usage.";

/// Run the gateway of a configuration file, and its control plane if it has one
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The configuration file
    #[arg(short, long, value_name = "FILE", default_value = super::DEFAULT_CONFIG)]
    pub(super) config: PathBuf,
}

/// Run the data plane alone
///
/// Where the file has [control], the gateway follows its store and leaves serving the control plane
/// to `phantom control`. In file mode it is the same as `run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  phantom gateway -c phantom.toml\n\nSee `phantom run --help`.")]
pub(super) struct GatewayArgs {
    /// The configuration file
    #[arg(short, long, value_name = "FILE", default_value = super::DEFAULT_CONFIG)]
    pub(super) config: PathBuf,
}

pub(super) fn run(config: &Path, planes: Planes) -> anyhow::Result<ExitCode> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    match compiled(config, &clock)? {
        Some(config) => serve(config, planes, &clock),
        None => Ok(ExitCode::from(FAILED)),
    }
}

/// The configuration to run on; `None` where it is wrong, which has been said.
pub(super) fn compiled(config: &Path, clock: &Arc<dyn Clock>) -> anyhow::Result<Option<Config>> {
    let source = Source::read(config)?;
    let (config, report) = source.compile(Purpose::Run, clock);
    match &config {
        Some(_) => log_warnings(&report),
        None => output::error(report.to_string().trim_end()),
    }
    Ok(config)
}

/// Until a signal says otherwise.
fn serve(config: Config, planes: Planes, clock: &Arc<dyn Clock>) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen().context("cannot listen to signals")?;
    let mut gateway = Gateway::start(config, planes, clock)?;
    if let Some(mut password) = gateway.generated_password() {
        match password.try_recv() {
            Ok(password) => show_once(&password),
            // The first start waits for the store. Standard error may hang: it has its own thread.
            Err(TryRecvError::Empty) => drop(gateway.background().spawn_blocking(move || {
                password.blocking_recv().iter().for_each(show_once);
            })),
            Err(TryRecvError::Closed) => {}
        }
    }
    signals.renew(gateway.renewal());
    for address in gateway.addresses() {
        tracing::info!(%address, "listening");
    }
    for address in gateway.control_addresses() {
        tracing::info!(%address, "control plane");
    }
    tracing::info!(address = %gateway.management_address(), "management");
    signals.end();
    tracing::info!("stopping: open requests may end; a second signal cuts them");
    signals.exit_on_next();
    gateway.stop();
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// On standard error and nowhere else: standard output is the access log's, one JSON object a line, and a
/// log's file is kept and read by many.
pub(super) fn show_once(password: &SecretString) {
    output::error(&format!(
        "First start: the user `admin` has the password {}\n\
         It is shown this once. Keep it, or set control.admin_password before the first start.",
        password.expose_secret()
    ));
}

pub(super) fn log_warnings(report: &Report) {
    for problem in report.problems().iter().filter(|p| p.severity == Severity::Warning) {
        let (at, key) = (report.position(problem), &*problem.place.key);
        tracing::warn!(%at, key, hint = problem.hint.as_deref(), "{}", problem.message);
    }
}
