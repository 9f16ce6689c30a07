//! Writes a log, and never makes anybody wait for it: lines are handed to a thread of the log's own,
//! and where that cannot keep up they are dropped and counted.
//!
//! A pipe that nobody reads takes a write and gives it back never. So nothing else in the process
//! writes to a log: not under a lock, not at its end.

use std::fmt;
use std::io;
use std::io::Write;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use phantom_core::HeldBack;

/// Between two complaints about a log.
const PAUSE: Duration = Duration::from_secs(10);
/// Before a pipe that does not block is tried again.
const RETRY: Duration = Duration::from_millis(10);
/// A buffer that has grown beyond it is given back once it is written.
const KEPT: usize = 256 * 1024;

/// The words in which a log tells of itself.
pub trait Voice: Send + Sync + 'static {
    /// The line, its end included, that stands where so many others are missing.
    fn gap(&self, lost: u64) -> Vec<u8>;

    /// Said elsewhere than in the log, and not each time; `held_back` tells how often it was not.
    fn complain(&self, trouble: &Trouble<'_>, held_back: u64) {
        let _ = (trouble, held_back);
    }
}

/// Why lines are lost.
#[derive(Debug, thiserror::Error)]
pub enum Trouble<'a> {
    /// More waits than there is room for.
    #[error("nobody reads it in time")]
    Unread,
    /// A write failed.
    #[error("it cannot be written: {0}")]
    Failed(&'a io::Error),
}

/// Where the lines of one log go. Clones are of the same log, whose thread ends with the last.
#[derive(Clone)]
pub struct LogWriter(Arc<Owner>);

/// Has the thread end. Does not wait for it: it may be in a write that does not end.
struct Owner(Arc<Log>);

struct Log {
    name: &'static str,
    /// Most bytes that wait to be written; as many again may be in the write under way.
    capacity: usize,
    voice: Box<dyn Voice>,
    dropped: AtomicU64,
    complaints: Mutex<HeldBack>,
    queue: Mutex<Queue>,
    filled: Condvar,
    idle: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<u8>,
    /// Lines that found no room behind those that wait.
    lost: u64,
    writing: bool,
    closed: bool,
}

impl LogWriter {
    /// Starts the log's thread. `name` tells it from others, in metrics and complaints.
    ///
    /// # Errors
    ///
    /// The system gives no thread.
    pub fn start(
        name: &'static str,
        capacity: usize,
        sink: impl Write + Send + 'static,
        voice: impl Voice,
    ) -> io::Result<Self> {
        let log = Arc::new(Log {
            name,
            capacity,
            voice: Box::new(voice),
            dropped: AtomicU64::new(0),
            complaints: Mutex::new(HeldBack::new(PAUSE)),
            queue: Mutex::default(),
            filled: Condvar::new(),
            idle: Condvar::new(),
        });
        let writing = Writing { log: log.clone(), sink, missing: 0, torn: false };
        thread::Builder::new().name(format!("log-{name}")).spawn(move || writing.run())?;
        Ok(Self(Arc::new(Owner(log))))
    }

    /// Whole lines: they are taken together or dropped together. Never blocks.
    pub fn push(&self, lines: &[u8]) {
        let log = &self.0.0;
        let mut queue = log.queue();
        if queue.waiting.len() + lines.len() > log.capacity {
            queue.lost += count(lines);
            drop(queue);
            log.dropped.fetch_add(count(lines), Ordering::Relaxed);
            log.filled.notify_one();
            log.complain(&Trouble::Unread);
            return;
        }
        queue.waiting.extend_from_slice(lines);
        drop(queue);
        log.filled.notify_one();
    }

    /// Waits until all is written, for so long at most. Whether it was.
    pub fn flush(&self, within: Duration) -> bool {
        let log = &self.0.0;
        let busy = |queue: &mut Queue| queue.writing || !queue.is_empty();
        let waited = log.idle.wait_timeout_while(log.queue(), within, busy);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// What tells it from other logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.0.name
    }

    /// Lines that were dropped so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.0.dropped.load(Ordering::Relaxed)
    }
}

/// Each write is whole lines, as [`LogWriter::push`] takes them.
impl Write for LogWriter {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.push(lines);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for LogWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogWriter").field(&self.name()).finish()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.queue().closed = true;
        self.0.filled.notify_one();
    }
}

impl Queue {
    const fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.lost == 0
    }
}

impl Log {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn complain(&self, trouble: &Trouble<'_>) {
        let mut complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = complaints.turn(Instant::now());
        drop(complaints);
        if let Some(held_back) = turn {
            self.voice.complain(trouble, held_back);
        }
    }
}

/// The log's thread.
struct Writing<S> {
    log: Arc<Log>,
    sink: S,
    /// Lines that are missing in the log and that it does not tell of yet.
    missing: u64,
    /// It ends in the middle of a line.
    torn: bool,
}

impl<S: Write> Writing<S> {
    fn run(mut self) {
        let mut batch = Vec::new();
        while let Some(lost) = self.take(&mut batch) {
            // What is missing is told where it is missing: what failed before goes before, and what
            // found no room comes behind.
            if self.tell_gap() {
                self.write_batch(&batch);
            } else {
                self.fail(&batch);
            }
            self.missing += lost;
            self.tell_gap();
            batch.clear();
            if batch.capacity() > KEPT {
                batch = Vec::new();
            }
        }
    }

    /// All that waits, and how many lines found no room behind it; `None` at the end of the log.
    fn take(&self, batch: &mut Vec<u8>) -> Option<u64> {
        let mut queue = self.log.queue();
        queue.writing = false;
        self.log.idle.notify_all();
        while queue.is_empty() {
            if queue.closed {
                return None;
            }
            queue = self.log.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::swap(batch, &mut queue.waiting);
        queue.writing = true;
        Some(std::mem::take(&mut queue.lost))
    }

    /// Returns whether the log tells of all that is missing.
    fn tell_gap(&mut self) -> bool {
        if self.missing == 0 {
            return true;
        }
        let mut notice = self.log.voice.gap(self.missing);
        if self.torn {
            notice.insert(0, b'\n');
        }
        match self.write(&notice) {
            Ok(()) => {
                self.missing = 0;
                true
            }
            Err((_, error)) => {
                self.log.complain(&Trouble::Failed(&error));
                false
            }
        }
    }

    fn write_batch(&mut self, batch: &[u8]) {
        if let Err((written, error)) = self.write(batch) {
            self.fail(batch.get(written..).unwrap_or_default());
            self.log.complain(&Trouble::Failed(&error));
        }
    }

    fn fail(&mut self, lines: &[u8]) {
        let lost = count(lines);
        self.missing += lost;
        self.log.dropped.fetch_add(lost, Ordering::Relaxed);
    }

    /// On an error, how much was written before it.
    fn write(&mut self, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match self.sink.write(rest) {
                Ok(0) => return Err((written, io::ErrorKind::WriteZero.into())),
                Ok(more) => {
                    written += more;
                    let last = written.checked_sub(1).and_then(|last| bytes.get(last));
                    self.torn = last != Some(&b'\n');
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Whoever gave us the pipe has set it so. It is full, not broken.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(RETRY),
                Err(error) => return Err((written, error)),
            }
        }
        self.sink.flush().map_err(|error| (written, error))
    }
}

fn count(lines: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', lines).count() as u64
}

#[cfg(test)]
mod tests;
