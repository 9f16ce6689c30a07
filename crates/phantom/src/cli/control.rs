//! `phantom control`: the control plane alone.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use anyhow::bail;
use phantom_core::Clock;

use crate::cli::FAILED;
use crate::cli::run::compiled;
use crate::cli::run::show_once;
use crate::clock::SystemClock;
use crate::compose::control::ControlPlane;
use crate::compose::explain::Laid;
use crate::compose::signals::Signals;

const EXAMPLES: &str = "\
Examples:
  phantom control -c phantom.toml
  DATABASE_URL=postgres://… phantom control -c /etc/phantom/phantom.toml

Gateways follow the same database: `phantom gateway -c …` on each node.

Exit codes: 0 stopped in order; 1 wrong configuration or failed start; 2 wrong usage.";

/// Run the control plane alone: key managers, APIs, applications and subscriptions over REST
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The configuration file, with [control]
    #[arg(short, long, value_name = "FILE", default_value = super::DEFAULT_CONFIG)]
    config: PathBuf,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let Some(config) = compiled(&args.config, &clock)? else {
        return Ok(ExitCode::from(FAILED));
    };
    let Some(control) = &config.control else {
        bail!("{} has no [control]: add it, or use `phantom gateway`", args.config.display());
    };
    let mut signals = Signals::listen().context("cannot listen to signals")?;
    let plane = ControlPlane::start(control, Laid::of(&config), &config.data_dir, &clock)?;
    plane.generated_password().into_iter().for_each(show_once);
    signals.renew(plane.renewal());
    for address in plane.addresses() {
        tracing::info!(%address, "control plane");
    }
    signals.end();
    tracing::info!("stopping: open requests may end; a second signal cuts them");
    signals.exit_on_next();
    plane.stop();
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}
