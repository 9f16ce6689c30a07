//! `phantom setup`: what the tutorial's set-up container does.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use std::time::Instant;

use phantom_config::duration;

use crate::cli::output;
use crate::outgoing::Trust;
use crate::setup;
use crate::setup::CredentialsRefused;
use crate::setup::Environment;
use crate::setup::Extent;
use crate::setup::Refused;

/// Of the control plane alone.
const INSECURE: &str = "Accept any certificate of the control plane, as a self-signed one";

const EXAMPLES: &str = "\
Examples:
  cp deploy/.env.example .env
  phantom setup --env-file .env -k
  phantom setup --env-file .env --only-api -k   # leaves the mapping to the tutorial

Run again, it changes nothing that is there already. Variables of the environment go before those
of the file.

Exit codes: 0 everything is there; 1 something could not be made; 2 wrong usage.";

/// Make the key manager, API, application, key mapping and subscription of an environment file
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(mut_arg("insecure", |arg| arg.help(INSECURE)))]
pub(super) struct Args {
    /// File of NAME=value lines
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Make key manager, API and application, and nothing between them
    #[arg(long)]
    only_api: bool,
    /// Try again for so long while the control plane or the authorization server is not there yet
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "0s")]
    wait: Duration,
    #[command(flatten)]
    trust: Trust,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let environment = Environment::read(args.env_file.as_deref())?;
    let extent = if args.only_api { Extent::UpToApplication } else { Extent::Everything };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let begun = Instant::now();
    if let (Some(file), assumed @ [_, ..]) = (&args.env_file, environment.assumed()) {
        let file = file.display();
        output::error(&format!("not in {file}, so as in the demo: {}", assumed.join(", ")));
    }
    loop {
        let mut tell = |line: &str| output::line(line);
        match runtime.block_on(setup::run(&environment, extent, &args.trust, &[], &mut tell)) {
            Ok(()) => return Ok(ExitCode::SUCCESS),
            Err(error) if error.downcast_ref().is_some_and(Refused::is_final) => return Err(error),
            // The same password again is one more guess at it.
            Err(error) if error.is::<CredentialsRefused>() => return Err(error),
            Err(error) if begun.elapsed() < args.wait => {
                output::error(&format!("not yet: {error:#}"));
                std::thread::sleep(Duration::from_secs(1));
            }
            Err(error) => return Err(error),
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    duration::parse(text).ok_or_else(|| format!("{text:?} is not a duration as 30s or 2m"))
}
