//! Where access log lines go: standard output, or a file that grows and may be taken away.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use super::AccessLog;
use super::LogFormat;

/// The log, and what opens its file anew where it has one. Without a file it goes to standard output.
///
/// # Errors
///
/// The file cannot be appended to, or the system gives no handle or thread.
pub fn open(format: LogFormat, file: Option<&Path>) -> io::Result<(AccessLog, Option<Reopening>)> {
    let Some(path) = file else {
        // A handle of our own: a lock on the shared one is held for as long as a write hangs.
        let sink = io::stdout().as_fd().try_clone_to_owned()?;
        return Ok((AccessLog::start(format, File::from(sink))?, None));
    };
    let reopening = Reopening { path: path.to_owned(), next: Arc::default() };
    let sink = LogFile { file: append(path)?, next: Arc::clone(&reopening.next) };
    Ok((AccessLog::start(format, sink)?, Some(reopening)))
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// The file that comes after the one that lines go to now.
type Next = Arc<Mutex<Option<File>>>;

/// Opens the file of a log anew.
#[derive(Clone, Debug)]
pub struct Reopening {
    path: PathBuf,
    next: Next,
}

impl Reopening {
    /// Where lines go.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// From the next lines on they go to what has the name now. It is made if it is not there.
    ///
    /// # Errors
    ///
    /// It cannot be appended to. Lines go on to where they went.
    pub fn reopen(&self) -> io::Result<()> {
        let file = append(&self.path)?;
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
        Ok(())
    }
}

/// Written to by the log's own thread.
struct LogFile {
    file: File,
    next: Next,
}

impl Write for LogFile {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        if let Some(next) = self.next.lock().unwrap_or_else(PoisonError::into_inner).take() {
            self.file = next;
        }
        self.file.write(lines)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_to_the_file_that_has_the_name_when_the_log_is_reopened() {
        let directory = tempfile::tempdir().unwrap();
        let (path, old) = (directory.path().join("log"), directory.path().join("log.1"));
        let mut sink = LogFile { file: append(&path).unwrap(), next: Arc::default() };
        let reopening = Reopening { path: path.clone(), next: Arc::clone(&sink.next) };
        sink.write_all(b"one\n").unwrap();
        std::fs::rename(&path, &old).unwrap();
        sink.write_all(b"two\n").unwrap();
        reopening.reopen().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"", "it is there at once");
        sink.write_all(b"three\n").unwrap();
        assert_eq!(std::fs::read(&old).unwrap(), b"one\ntwo\n");
        assert_eq!(std::fs::read(&path).unwrap(), b"three\n");
        let nowhere = Reopening { path: directory.path().join("no/log"), ..reopening };
        assert!(nowhere.reopen().is_err());
        sink.write_all(b"four\n").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"three\nfour\n");
    }
}
