//! `phantom demo`: everything in one process on this machine.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use crate::cli::output;
use crate::compose::signals::Signals;
use crate::demo::Demo;
use crate::demo::Options;
use crate::demo::Ports;
use crate::setup::Extent;

const EXAMPLES: &str = "\
Examples:
  phantom demo
  phantom demo --gateway-port 8081 --data-dir /tmp/phantom-demo
  phantom demo --reset          # after playing: start over
  phantom demo --empty          # nothing is set up: do the WSO2 tutorial by clicks

Then, in another terminal:
  curl -H \"Authorization: Bearer $(phantom token -k)\" http://localhost:8080/api

Exit codes: 0 stopped by Ctrl-C; 1 it did not start; 2 wrong usage.";

/// Run a development authorization server, a sample API, the gateway between them and its control plane
///
/// For a look around, on this machine only: the passwords are public. Serves
/// https://localhost:8443 (authorization server), http://localhost:3000 (API),
/// http://localhost:8080 (gateway, routes), https://localhost:8243 and http://localhost:8280
/// (gateway, managed APIs), https://localhost:9443 (control plane) and http://127.0.0.1:9090
/// (health and metrics).
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
    /// Port of the managed APIs, with TLS
    #[arg(long, value_name = "PORT", default_value_t = Ports::DEFAULT.apis_https)]
    apis_port: u16,
    /// Port of the managed APIs, without TLS
    #[arg(long, value_name = "PORT", default_value_t = Ports::DEFAULT.apis_http)]
    apis_http_port: u16,
    /// Port of the control plane
    #[arg(long, value_name = "PORT", default_value_t = Ports::DEFAULT.control)]
    control_port: u16,
    /// Leave the key mapping and the subscription of the WSO2 tutorial to you
    #[arg(long)]
    without_subscription: bool,
    /// Set nothing up in the control plane: the whole WSO2 tutorial is yours, by clicks or by REST
    #[arg(long, conflicts_with = "without_subscription")]
    empty: bool,
    /// Forget what earlier starts left in the data directory: users, APIs, applications, certificate
    #[arg(long)]
    reset: bool,
    /// Port of health and metrics
    #[arg(long, value_name = "PORT", default_value_t = Ports::DEFAULT.management)]
    management_port: u16,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen().context("cannot listen to signals")?;
    let demo = Demo::start(&Options {
        data_dir: args.data_dir.clone(),
        ports: Ports {
            authorization_server: args.as_port,
            api: args.api_port,
            gateway: args.gateway_port,
            apis_https: args.apis_port,
            apis_http: args.apis_http_port,
            control: args.control_port,
            management: args.management_port,
        },
        set_up: match (args.empty, args.without_subscription) {
            (true, _) => Extent::Nothing,
            (false, true) => Extent::UpToApplication,
            (false, false) => Extent::Everything,
        },
        reset: args.reset,
        command: output::own_command(),
    })?;
    output::print(demo.banner());
    signals.renew(demo.gateway().renewal());
    signals.end();
    tracing::info!("stopping");
    signals.exit_on_next();
    demo.stop();
    Ok(ExitCode::SUCCESS)
}
