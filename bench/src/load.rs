//! The load generator: a closed loop for cost and throughput, an open loop for latency. Every
//! answer is checked; one wrong answer fails the run, since a fast refusal is not a fast proxy.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;

use crate::measures::Measures;

mod closed;
mod open;
mod request;

pub(crate) use request::Tokens;

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    #[arg(long)]
    pub(crate) addr: SocketAddr,
    #[arg(long, default_value = "/")]
    pub(crate) path: String,
    /// `none`, `one`, `fresh` (a new one each time) or a number of distinct ones, in turn.
    #[arg(long, default_value = "none")]
    pub(crate) tokens: Tokens,
    /// Part of every token: another seed, other tokens.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    #[arg(long, default_value_t = 32)]
    pub(crate) connections: u64,
    /// Measured requests; without this and `--seconds`, 60,000.
    #[arg(long)]
    pub(crate) requests: Option<u64>,
    /// Measured time instead of a number of requests.
    #[arg(long, conflicts_with = "requests")]
    pub(crate) seconds: Option<u64>,
    /// Requests (closed loop) or seconds (open loop) before the measured ones.
    #[arg(long, default_value_t = 0)]
    pub(crate) warmup: u64,
    /// Open loop: requests a second, whatever the answers do. Needs `--seconds`.
    #[arg(long, requires = "seconds")]
    pub(crate) rate: Option<u64>,
    /// Process whose CPU time is read at both ends of the measured part.
    #[arg(long)]
    pub(crate) measure_pid: Option<u32>,
    /// No answer may take longer.
    #[arg(long, default_value_t = 10)]
    pub(crate) patience: u64,
}

impl Options {
    fn patience(&self) -> Duration {
        Duration::from_secs(self.patience)
    }
}

pub(crate) fn run(options: &Options) -> Result<()> {
    measure(options)?.print()
}

fn measure(options: &Options) -> Result<Measures> {
    ensure!((1..=1024).contains(&options.connections), "between 1 and 1024 connections");
    match options.rate {
        Some(rate) => open::measure(options, rate),
        None => closed::measure(options),
    }
}

/// Note what the watched process used for `requests`, if there is one.
fn note_cpu(measures: &mut Measures, used: Option<Duration>, requests: u64) {
    if let Some(used) = used {
        measures.note("cpu_us", used.as_secs_f64() * 1e6 / requests as f64);
    }
}

#[cfg(test)]
mod tests;
