//! What commands print. What cannot be written is known when the command ends, which has then failed: half
//! of a backup is none.

use std::io;
use std::io::Write;
use std::sync::Mutex;
use std::sync::PoisonError;

/// The first failure to write.
static FAILURE: Mutex<Option<io::Error>> = Mutex::new(None);

pub(super) fn print(text: &str) {
    let mut out = io::stdout().lock();
    note(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// Keeps it for the end, if it is the first failure.
pub(super) fn note(written: io::Result<()>) {
    if let Err(error) = written {
        FAILURE.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// Why not all was written, if not all was.
pub(super) fn failure() -> Option<io::Error> {
    FAILURE.lock().unwrap_or_else(PoisonError::into_inner).take()
}

pub(super) fn line(text: &str) {
    print(&format!("{text}\n"));
}

pub(super) fn error(text: &str) {
    // In one piece: the log is written beside it.
    let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// How this program was called, as it can be pasted into a shell of the same place.
pub(super) fn own_command() -> String {
    let called = std::env::args_os().next().unwrap_or_else(|| "phantom".into());
    let called = called.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    match called.chars().all(is_plain) {
        true => called.into_owned(),
        false => format!("'{}'", called.replace('\'', "'\\''")),
    }
}
