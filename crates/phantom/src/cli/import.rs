//! `phantom import`: a backup back into a store.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::IsTerminal;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use anyhow::bail;
use phantom_backup as backup;
use phantom_backup::Backup;
use phantom_backup::Others;
use phantom_core::Clock;

use crate::cli::FAILED;
use crate::cli::export::Place;
use crate::cli::output;
use crate::clock::SystemClock;

const EXAMPLES: &str = "\
Examples:
  phantom import -c phantom.toml backup.yaml --dry-run
  phantom import -c phantom.toml backup.yaml
  PHANTOM_BACKUP_KEY=… phantom import -c phantom.toml backup.yaml --yes
  phantom import -c phantom.toml backup.yaml --prune   # the store becomes the file

All that is wrong with the file is told before anything is written. What differs is written in one
transaction, and gateways follow.

Exit codes: 0 imported, or nothing to import; 1 not imported; 2 wrong usage.";

/// Bring a backup back into the control plane's store
///
/// Shows what it would change, then asks. What is not in the file stays, unless --prune is given.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,
    /// The backup, as `phantom export` wrote it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Remove what is not in the file, but for revocations
    #[arg(long)]
    prune: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let text = read(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let Some((store, key)) = args.place.open(&clock, &runtime)? else {
        return Ok(ExitCode::from(FAILED));
    };
    let backup = Backup::read(&text, &key)?;
    drop(text);
    let others = if args.prune { Others::Remove } else { Others::Keep };
    let diff = runtime.block_on(backup::compare(&store, &backup, others, clock.now().wall))?;
    output::print(&diff.to_string());
    if diff.is_empty() {
        output::line("The store has it all: nothing to import.");
    } else if args.dry_run {
        output::line("Nothing was written: --dry-run.");
    } else if args.yes || agreed()? {
        let applied = backup::apply(&store, &backup, others, &diff, clock.now().wall);
        runtime.block_on(applied)?;
        output::line("Imported.");
    } else {
        output::line("Nothing was written.");
        return Ok(ExitCode::from(FAILED));
    }
    runtime.block_on(store.close());
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> io::Result<String> {
    // One more than a backup has, so that a longer file is refused and not cut.
    let most = u64::try_from(backup::MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = String::new();
    File::open(path)?.take(most).read_to_string(&mut text)?;
    Ok(text)
}

fn agreed() -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("there is no terminal to ask on: look at the changes, then give --yes");
    }
    output::print("Import these changes? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().take(64).read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
