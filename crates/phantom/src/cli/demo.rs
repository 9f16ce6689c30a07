//! `phantom demo`: everything in one process on this machine.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use crate::cli::output;
use crate::compose::signals::Signals;
use crate::demo::Demo;
use crate::demo::Options;
use crate::demo::Ports;

const EXAMPLES: &str = "\
Examples:
  phantom demo
  phantom demo --gateway-port 8081 --data-dir /tmp/phantom-demo

Then, in another terminal:
  curl -H \"Authorization: Bearer $(phantom token -k)\" http://localhost:8080/api

Exit codes: 0 stopped by Ctrl-C; 1 it did not start; 2 wrong usage.";

/// Run a development authorization server, a sample API and the gateway between them
///
/// For a look around, on this machine only: the passwords are public. Serves
/// https://localhost:8443 (authorization server), http://localhost:3000 (API),
/// http://localhost:8080 (gateway) and http://127.0.0.1:9090 (health and metrics).
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Where certificate, page and configuration of the demo are kept
    #[arg(long, value_name = "DIR", default_value = "phantom-data")]
    data_dir: PathBuf,
    /// Port of the development authorization server
    #[arg(long, value_name = "PORT", default_value_t = Ports::DEFAULT.authorization_server)]
    as_port: u16,
    /// Port of the sample API
    #[arg(long, value_name = "PORT", default_value_t = Ports::DEFAULT.api)]
    api_port: u16,
    /// Port of the gateway
    #[arg(long, value_name = "PORT", default_value_t = Ports::DEFAULT.gateway)]
    gateway_port: u16,
    /// Port of health and metrics
    #[arg(long, value_name = "PORT", default_value_t = Ports::DEFAULT.management)]
    management_port: u16,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let demo = Demo::start(&Options {
        data_dir: args.data_dir.clone(),
        ports: Ports {
            authorization_server: args.as_port,
            api: args.api_port,
            gateway: args.gateway_port,
            management: args.management_port,
        },
    })?;
    let mut signals = Signals::listen(demo.runtime()).context("cannot listen to signals")?;
    output::print(demo.banner());
    demo.runtime().block_on(signals.next());
    output::line("\nStopping.");
    signals.exit_on_next(demo.runtime());
    demo.stop();
    Ok(ExitCode::SUCCESS)
}
