//! `phantom devauth` and `phantom sample-api`: the servers of the demo, each alone.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use phantom_config::self_signed;
use phantom_devauth::DevAuth;
use phantom_devauth::DevAuthOptions;
use phantom_devauth::SampleApi;
use tokio_util::sync::CancellationToken;

use crate::cli::output;
use crate::compose::background_runtime;
use crate::compose::signals::Signals;

const DEVAUTH_EXAMPLES: &str = "\
Examples:
  phantom devauth
  phantom devauth --bind 0.0.0.0:8443 --name idsvr --data-dir /shared

Exit codes: 0 stopped by a signal; 1 it did not start; 2 wrong usage.";

const SAMPLE_API_EXAMPLES: &str = "\
Examples:
  phantom sample-api
  phantom sample-api --bind 0.0.0.0:3000

Exit codes: 0 stopped by a signal; 1 it did not start; 2 wrong usage.";

/// Run the development authorization server alone
///
/// For development: everybody knows its passwords.
#[derive(Debug, clap::Args)]
#[command(after_help = DEVAUTH_EXAMPLES)]
pub(super) struct DevAuthArgs {
    /// Address other than loopback lets other machines in
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    bind: SocketAddr,
    /// The host that clients know it by, in its issuer and its certificate
    #[arg(long, value_name = "HOST", default_value = "localhost")]
    name: String,
    /// Where its self-signed certificate is kept, as localhost.pem
    #[arg(long, value_name = "DIR", default_value = "phantom-data")]
    data_dir: PathBuf,
}

/// Run the sample API alone: it echoes what it gets
#[derive(Debug, clap::Args)]
#[command(after_help = SAMPLE_API_EXAMPLES)]
pub(super) struct SampleApiArgs {
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    bind: SocketAddr,
}

pub(super) fn run_devauth(args: &DevAuthArgs) -> anyhow::Result<ExitCode> {
    let DevAuthArgs { bind, name, data_dir } = args;
    std::fs::create_dir_all(data_dir)
        .with_context(|| format!("cannot create {}", data_dir.display()))?;
    let names = match name.as_str() {
        "localhost" => Vec::new(),
        name => vec![name.to_owned()],
    };
    let tls = self_signed::ensure_for(data_dir, &names, true)?;
    let issuer = format!("https://{name}:{}/oauth/v2/oauth-anonymous", bind.port());
    let options = DevAuthOptions {
        bind: *bind,
        allow_non_loopback: !bind.ip().is_loopback(),
        issuer: (name != "localhost").then_some(issuer),
        tls: Some(tls),
        ..DevAuthOptions::default()
    };
    until_a_signal(async |stop: CancellationToken| {
        let server = DevAuth::bind(options).await.map_err(io::Error::other)?;
        output::print(&server.banner());
        server.serve(stop.cancelled_owned()).await
    })
}

pub(super) fn run_sample_api(args: &SampleApiArgs) -> anyhow::Result<ExitCode> {
    let bind = args.bind;
    until_a_signal(async |stop: CancellationToken| {
        let api = SampleApi::bind(bind).await.map_err(|error| {
            let said = format!("cannot listen on {bind}: {error}; --bind chooses another address");
            io::Error::new(error.kind(), said)
        })?;
        output::line(&format!("Sample API: http://{}", api.local_addr()));
        api.serve(stop.cancelled_owned()).await
    })
}

fn until_a_signal<F: Future<Output = io::Result<()>>>(
    serve: impl FnOnce(CancellationToken) -> F,
) -> anyhow::Result<ExitCode> {
    let runtime = background_runtime()?;
    let mut signals = Signals::listen().context("cannot listen to signals")?;
    let stop = CancellationToken::new();
    let asked = stop.clone();
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        signals.end();
        asked.cancel();
    })?;
    runtime.block_on(serve(stop))?;
    Ok(ExitCode::SUCCESS)
}
