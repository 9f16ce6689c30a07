//! Whether what the gateway keeps and logs can be written, said at the keys that say where.

use std::fs;
use std::io;
use std::path::Path;

use crate::compile::Purpose;
use crate::context::Context;
use crate::place::Place;
use crate::raw::RawConfig;

/// What is written there depends on the rest of the file; where it cannot be, everything else is looked
/// at as by `check`, so that this is said once.
pub(super) fn purpose(
    raw: &RawConfig,
    data_dir: &Path,
    asked: Purpose,
    context: Context<'_>,
) -> Purpose {
    let mints = raw
        .key_managers
        .iter()
        .filter_map(|raw| raw.response.as_ref())
        .any(|at| matches!(&*at.value, "json" | "rfc9701"));
    let shows = raw.listeners.iter().filter_map(|raw| raw.self_signed.as_ref()).any(|at| at.value);
    if !(mints || shows || raw.control.is_some()) {
        return asked;
    }
    let made = match asked {
        Purpose::Check => holds_new_files(data_dir),
        Purpose::Run => fs::create_dir_all(data_dir),
    };
    let Err(error) = made else { return asked };
    let message = format!("{} cannot be written: {error}", data_dir.display());
    let hint = "keys and the store are kept there: name a directory that phantom may write";
    context.error(&place(raw), message, hint);
    Purpose::Check
}

/// Of the data directory; it has a default, and so may be nowhere in the file.
pub(super) fn place(raw: &RawConfig) -> Place {
    match &raw.gateway.data_dir {
        Some(at) => at.place.clone(),
        None => Place { key: "gateway.data_dir".into(), ..Place::default() },
    }
}

/// Whether a log can be appended to. What is there is left as it is, and nothing is made.
pub(super) fn takes_lines(path: &Path) -> io::Result<()> {
    match fs::OpenOptions::new().append(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            probe(directory.unwrap_or(Path::new(".")))
        }
        opened => opened.map(drop),
    }
}

/// Whether a directory could be made and written. It begins at what is there of it.
fn holds_new_files(directory: &Path) -> io::Result<()> {
    let there = directory.ancestors().find(|path| !path.as_os_str().is_empty() && path.exists());
    probe(there.unwrap_or(Path::new(".")))
}

/// Only the system knows: permissions do not tell of mounts that are read-only, nor of `/proc`.
fn probe(directory: &Path) -> io::Result<()> {
    let draft = directory.join(format!(".phantom-check-{}", std::process::id()));
    fs::create_dir(&draft)?;
    fs::remove_dir(&draft)
}
