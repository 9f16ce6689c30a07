//! `phantom export`: a backup of what the control plane keeps.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use anyhow::bail;
use aws_lc_rs::rand;
use phantom_backup as backup;
use phantom_backup::BackupKey;
use phantom_core::Clock;
use phantom_oauth::SecretSource;
use phantom_store::Store;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use tokio::runtime::Runtime;

use crate::cli::FAILED;
use crate::cli::output;
use crate::cli::run::compiled;
use crate::clock::SystemClock;
use crate::compose::control;
use crate::compose::control::SEALING_KEY;

const EXAMPLES: &str = "\
Examples:
  phantom export -c phantom.toml --output backup.yaml
  phantom export -c phantom.toml | gzip > backup.yaml.gz
  PHANTOM_BACKUP_KEY=… phantom export -c phantom.toml --output backup.yaml

Secrets are sealed in the file under a key derived from the store's sealing key, or from the one of
--key-file or PHANTOM_BACKUP_KEY, which a backup for another installation needs.

Exit codes: 0 written; 1 not written; 2 wrong usage.";

/// The variable with a key of its own for backups.
const VARIABLE: &str = "PHANTOM_BACKUP_KEY";

/// Write a backup of the control plane's store, as YAML
///
/// All users, clients, key managers, policies, APIs, applications and subscriptions as of one
/// moment, whether the control plane runs or not. No tokens and no audit.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,
    /// File to write, whole or not at all, for its owner alone; default: standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Which store, and the key of its backups.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// The configuration file, with [control]
    #[arg(short, long, value_name = "FILE", default_value = super::DEFAULT_CONFIG)]
    config: PathBuf,
    /// File with the key of the backup, 32 bytes in hexadecimal or base64; default:
    /// PHANTOM_BACKUP_KEY, else the store's sealing key
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let Some((store, key)) = args.place.open(&clock, &runtime)? else {
        return Ok(ExitCode::from(FAILED));
    };
    let exported = runtime.block_on(backup::export(&store, &key, clock.now().wall));
    runtime.block_on(store.close());
    let text = exported?;
    match &args.output {
        None => output::print(&text),
        Some(path) => {
            write_whole(path, &text).with_context(|| format!("cannot write {}", path.display()))?;
            output::line(&format!("Written to {}.", path.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Place {
    /// The store and the key; `None` where the configuration is wrong, which has been said.
    pub(super) fn open(
        &self,
        clock: &Arc<dyn Clock>,
        runtime: &Runtime,
    ) -> anyhow::Result<Option<(Store, BackupKey)>> {
        let Some(config) = compiled(&self.config, clock)? else { return Ok(None) };
        let Some(control) = &config.control else {
            bail!("{} has no [control], so there is no store", self.config.display());
        };
        let own = self.own_key()?;
        // First of all: this makes the sealing key where there is none yet.
        let store = control::open_store(control, &config.data_dir, runtime.handle())?;
        let text = match (own, &control.sealing_key) {
            (Some(text), _) => text,
            (None, Some(source)) => source.read().context("cannot read the sealing key")?,
            (None, None) => secret_of(&config.data_dir.join(SEALING_KEY))?,
        };
        Ok(Some((store, BackupKey::from_text(text.expose_secret())?)))
    }

    fn own_key(&self) -> anyhow::Result<Option<SecretString>> {
        if let Some(path) = &self.key_file {
            return secret_of(path).map(Some);
        }
        match std::env::var_os(VARIABLE).is_some_and(|text| !text.is_empty()) {
            true => Ok(Some(SecretSource::Env(VARIABLE.to_owned()).read()?)),
            false => Ok(None),
        }
    }
}

fn secret_of(path: &Path) -> anyhow::Result<SecretString> {
    let source = SecretSource::File(path.to_owned());
    source.read().with_context(|| format!("cannot use {}", path.display()))
}

/// In the place of what was there, once all of it is on the disk.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut random = [0; 8];
    rand::fill(&mut random).map_err(|_| io::Error::other("no random bytes"))?;
    let draft = path.with_added_extension(format!("{:016x}.draft", u64::from_ne_bytes(random)));
    let written = write_new(&draft, text).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // Whatever became of it: nothing half-written is left behind.
        let _ = fs::remove_file(&draft);
        return written;
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new("."))).and_then(|it| it.sync_all())
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_written_whole_for_its_owner_alone_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("backup.yaml");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        write_whole(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        let taken = directory.path().join("taken");
        fs::create_dir(&taken).unwrap();
        write_whole(&taken, "new").unwrap_err();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "a draft is left");
    }
}
