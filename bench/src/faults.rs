//! What the gateway does while others fail or attack: a table of faults against a real process.
//! `docs/faults.md` says what each row is, and what is wanted.

use std::fs;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

mod backend;
mod child;
mod client;
mod door;
mod gateway;
mod interrupt;
mod load;
pub(crate) mod peer;
mod scenes;
mod server;
mod stage;
mod table;
mod wire;

use stage::Stage;
use table::Row;

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// The last one given counts: the script gives one, and whoever calls it may give another.
    #[arg(long, default_value = "target/release/phantom", overrides_with = "phantom")]
    phantom: PathBuf,
    /// Configurations, logs, foreign programs and the summary are here.
    #[arg(long, default_value = "target/faults")]
    directory: PathBuf,
    /// Where the scripts of foreign servers and clients are.
    #[arg(long, default_value = "bench/faults")]
    scripts: PathBuf,
    /// Only rows whose name begins so, as `0.1,A3`.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Multiplies how long each fault lasts.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Fail when a row missed what is wanted.
    #[arg(long)]
    strict: bool,
    /// Head of the summary: what was measured, where and when.
    #[arg(long, default_value = "")]
    about: String,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let Options { only, scale, phantom, .. } = options;
    let is_known = |beginning: &&String| {
        !beginning.is_empty() && scenes::ALL.iter().any(|(id, _)| id.starts_with(&***beginning))
    };
    if let Some(unknown) = only.iter().find(|beginning| !is_known(beginning)) {
        let all: Vec<&str> = scenes::ALL.iter().map(|(id, _)| *id).collect();
        bail!("--only {unknown}: no row begins so; there are {}", all.join(", "));
    }
    ensure!(*scale > 0.0 && scale.is_finite(), "--scale {scale}: a number above 0");
    ensure!(phantom.is_file(), "--phantom {}: there is no such program", phantom.display());
    interrupt::listen()?;
    let begun = Instant::now();
    let stage = Stage::set(options)?;
    let mut rows = Vec::new();
    say(table::HEAD)?;
    for (id, scene) in scenes::ALL {
        if !only.is_empty() && !only.iter().any(|beginning| id.starts_with(beginning.as_str())) {
            continue;
        }
        // The table goes to standard output; who waits sees what is going on.
        writeln!(std::io::stderr(), "running: {id}")?;
        let mut add = |row: Row| {
            let told = say(&row.line());
            rows.push(row);
            told
        };
        let played = catch_unwind(AssertUnwindSafe(|| scene(&stage, &mut add)));
        interrupt::check()?;
        stage.server.thaw();
        stage.healthy()?;
        match played {
            Ok(Ok(())) => {}
            Ok(Err(error)) => add(Row::not_run(id, &format!("{error:#}")))?,
            Err(_) => add(Row::not_run(id, "it panicked"))?,
        }
    }
    let held = rows.iter().filter(|row| row.held()).count();
    let last =
        format!("{held} of {} rows held; {} s in all.", rows.len(), begun.elapsed().as_secs());
    say(&format!("\n{last}"))?;
    if held < rows.len() {
        let hint = "On a machine that others use as well, look at rows that missed once more where it is idle, with --only.";
        writeln!(std::io::stderr(), "{hint}")?;
    }
    let lines: Vec<String> = rows.iter().map(Row::line).collect();
    let about = &options.about;
    let text = format!("{about}\n\n{}\n{}\n\n{last}\n", table::HEAD, lines.join("\n"));
    // The table of docs/faults.md is that of all rows.
    let name = if options.only.is_empty() { "summary.md" } else { "summary-of-some.md" };
    let file = options.directory.join(name);
    fs::write(&file, text).with_context(|| file.display().to_string())?;
    ensure!(held == rows.len() || !options.strict, "a row missed what is wanted");
    Ok(())
}

fn say(text: &str) -> Result<()> {
    let mut output = std::io::stdout();
    writeln!(output, "{text}")?;
    output.flush().context("standard output")
}
