//! The gateway's own log, on standard error: text for a person, JSON for a collector.

use std::io;
use std::io::IsTerminal;

use thiserror::Error;
use tracing_subscriber::EnvFilter;

#[derive(Debug, Error)]
#[error("the log filter {filter:?} is not understood: write info, or phantom_oauth=debug,warn")]
pub struct InvalidFilter {
    filter: String,
}

/// `filter`: from `--log`, else `RUST_LOG`, else `default`. A second call changes nothing.
pub fn install(filter: Option<&str>, default: &str) -> Result<(), InvalidFilter> {
    let from_environment = std::env::var("RUST_LOG").ok().filter(|filter| !filter.is_empty());
    let filter = filter.map(str::to_owned).or(from_environment);
    let filter = filter.unwrap_or_else(|| default.to_owned());
    let parsed = EnvFilter::builder()
        .parse(&filter)
        .map_err(|_| InvalidFilter { filter: filter.clone() })?;
    let builder = tracing_subscriber::fmt().with_env_filter(parsed).with_writer(io::stderr);
    // Tests start several gateways in one process.
    let _ = if io::stderr().is_terminal() {
        builder.try_init()
    } else {
        builder.json().flatten_event(true).with_ansi(false).try_init()
    };
    Ok(())
}
