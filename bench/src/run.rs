//! The run: peers and load on one core, contenders on the other, round after round.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::process::Process;

mod bench;
mod client;
mod cost;
mod gateway;
mod latency;
pub(crate) mod managed;
mod memory;
mod miss;
mod nginx;
mod phantom;
mod report;
mod samples;

use bench::Bench;
use gateway::AccessLog;

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// The release binary that is measured.
    #[arg(long, default_value = "target/release/phantom")]
    phantom: PathBuf,
    /// Where nginx stands.
    #[arg(long, default_value = "nginx")]
    nginx: PathBuf,
    /// Configurations, logs and the summary go here.
    #[arg(long, default_value = "target/bench")]
    directory: PathBuf,
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// A round's requests to each contender.
    #[arg(long, default_value_t = 60_000)]
    requests: u64,
    #[arg(long, default_value_t = 32)]
    connections: u64,
    /// Requests a second where latency is measured.
    #[arg(long, default_value_t = 5_000)]
    rate: u64,
    /// A round's time at that rate, to each contender.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Distinct tokens where memory is measured.
    #[arg(long, default_value_t = 50_000)]
    tokens: u64,
    /// A round's requests that each bring a new token.
    #[arg(long, default_value_t = 20_000)]
    misses: u64,
    #[arg(long, default_value_t = 0)]
    gateway_core: usize,
    #[arg(long, default_value_t = 1)]
    load_core: usize,
    /// Measure the price of a miss, and nothing else. Writes no summary.
    #[arg(long)]
    only_misses: bool,
    /// Measure managed APIs and the pages of the console, and nothing else. Writes no summary.
    #[arg(long, conflicts_with = "only_misses")]
    only_managed: bool,
    /// Fail when a target is missed, and not only when an answer was wrong.
    #[arg(long, conflicts_with_all = ["only_misses", "only_managed"])]
    strict: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    ensure!(options.rounds >= 1, "at least one round");
    let cores = available_parallelism()?.get();
    ensure!(cores >= 2, "the gateway and its load need a core each, and there is {cores}");
    for (name, core) in
        [("--gateway-core", options.gateway_core), ("--load-core", options.load_core)]
    {
        ensure!(core < cores, "{name} {core}: there are {cores}, counted from 0");
    }
    ensure!(
        options.gateway_core != options.load_core,
        "--gateway-core and --load-core are one: what is measured and its load need a core each"
    );
    for (name, count) in [
        ("--requests", options.requests),
        ("--connections", options.connections),
        ("--rate", options.rate),
        ("--seconds", options.seconds),
        ("--tokens", options.tokens),
        ("--misses", options.misses),
    ] {
        ensure!(count >= 1, "{name} 0: at least one");
    }
    let phantom = &options.phantom;
    ensure!(phantom.is_file(), "--phantom {}: there is no such program", phantom.display());
    let bench = Bench::start(options)?;
    let versions = versions(options, &bench.directory)?;

    let mut report = report::Report::new(options, &versions)?;
    // The tables go to standard output; who waits sees what is going on.
    let rounds = options.rounds;
    let measuring = |what: &str| {
        writeln!(std::io::stderr(), "measuring: {what}, rounds: {rounds}").context("standard error")
    };
    if options.only_misses {
        measuring("misses")?;
        return report.misses(&miss::measure(&bench)?);
    }
    let managed = |report: &mut report::Report<'_>| {
        measuring("managed APIs")?;
        let stores = managed::Stores::fill(&bench)?;
        report.managed(&managed::measure(&bench, &stores)?, &managed::large(&bench, &stores)?)?;
        measuring("pages of the console")?;
        report.pages(&managed::pages(&bench)?)
    };
    if options.only_managed {
        return managed(&mut report);
    }
    measuring("cost, access logs off")?;
    report.cost("access logs off", "", &cost::measure(&bench, AccessLog::Off)?)?;
    measuring("cost, access logs on")?;
    report.cost("access logs on", "logged_", &cost::measure(&bench, AccessLog::On)?)?;
    measuring("latency")?;
    report.latency(&latency::measure(&bench)?)?;
    measuring("memory")?;
    report.memory(&memory::measure(&bench)?)?;
    measuring("misses")?;
    report.misses(&miss::measure(&bench)?)?;
    managed(&mut report)?;

    let met = report.targets()?;
    let summary = bench.directory.join("summary.txt");
    fs::write(&summary, report.summary().text())?;
    say(&format!("\nwritten: {}", summary.display()))?;
    ensure!(met || !options.strict, "a target was missed");
    Ok(())
}

/// What is compared with what.
fn versions(options: &Options, directory: &Path) -> Result<String> {
    let log = directory.join("versions.log");
    let phantom =
        Process::answering(0, &[options.phantom.as_os_str(), "--version".as_ref()], &log)?
            .output()
            .with_context(|| format!("--phantom {}", options.phantom.display()))?;
    // nginx tells its version on standard error.
    Process::answering(0, &[options.nginx.as_os_str(), "-v".as_ref()], &log)?
        .output()
        .with_context(|| format!("--nginx {}", options.nginx.display()))?;
    let text = fs::read_to_string(&log)?;
    let nginx = text.lines().last().and_then(|line| line.rsplit(' ').next());
    Ok(format!("{}, {}", phantom.trim(), nginx.context("version of nginx")?))
}

pub(crate) fn print_nginx_config(prefix: &Path) -> Result<()> {
    let log = AccessLog::Off;
    say(&nginx::config(&nginx::Settings { prefix, port: 8080, backend: 9090, log })?)
}

fn say(text: &str) -> Result<()> {
    let mut output = std::io::stdout();
    writeln!(output, "{text}")?;
    output.flush().context("standard output")
}
