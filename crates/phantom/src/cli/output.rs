//! What commands print. A reader that has gone away is no error.

use std::io;
use std::io::Write;

pub(super) fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

pub(super) fn line(text: &str) {
    print(&format!("{text}\n"));
}

pub(super) fn error(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
