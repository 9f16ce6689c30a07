//! One line per request, written in batches by each worker. Never a token, secret, claim or query.

mod file;

use std::cell::Cell;
use std::cell::RefCell;
use std::io;
use std::io::Write;
use std::net::IpAddr;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use phantom_core::DenyReason;

pub use file::Reopening;
pub use file::open;

use crate::cause::Cause;
use crate::log_writer::LogWriter;
use crate::log_writer::Trouble;
use crate::log_writer::Voice;
use crate::metrics::Ended;
use crate::metrics::RouteMetrics;
use crate::request_id::RequestId;

/// Lines are handed on when so many bytes have come together, and once a second.
const BATCH: usize = 32 * 1024;
/// Bytes of lines that wait for whoever reads them: some hundred milliseconds of a busy gateway's.
const WAITING: usize = 4 * 1024 * 1024;

/// Where access log lines go. Cloned into each worker.
#[derive(Clone, Debug)]
pub struct AccessLog {
    format: LogFormat,
    writer: LogWriter,
}

/// How a line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// An object.
    #[default]
    Json,
    /// Words and names, for a person.
    Text,
}

impl AccessLog {
    /// Lines go to that sink, from a thread of its own.
    ///
    /// # Errors
    ///
    /// The system gives no thread.
    pub fn start(format: LogFormat, sink: impl Write + Send + 'static) -> io::Result<Self> {
        Ok(Self { format, writer: LogWriter::start("access", WAITING, sink, format)? })
    }

    /// Where its lines go, for whoever waits for them or counts those that are lost.
    #[must_use]
    pub const fn writer(&self) -> &LogWriter {
        &self.writer
    }
}

/// In the access log itself where lines are missing, in the gateway's own log when they begin to be.
impl Voice for LogFormat {
    fn gap(&self, lost: u64) -> Vec<u8> {
        let now = unix_millis();
        let line = match self {
            Self::Json => format!("{{\"time\":{now},\"lines_lost\":{lost}}}\n"),
            Self::Text => format!("{now} - lines_lost={lost}\n"),
        };
        line.into_bytes()
    }

    fn complain(&self, trouble: &Trouble<'_>, held_back: u64) {
        tracing::warn!(held_back, cause = %trouble, "lines of the access log are lost");
    }
}

/// All there is to say about one request: makes its log line and its metrics together.
#[derive(Debug)]
pub struct RequestEvent<'a> {
    /// Of the route or API; `none` where there is none.
    pub api: &'a str,
    /// As sent.
    pub method: &'a str,
    /// Without query.
    pub path: &'a str,
    /// Of HTTP: `1.1`.
    pub protocol: &'static str,
    /// The client's address.
    pub peer: IpAddr,
    /// Where anybody reads it.
    pub id: Option<RequestId>,
    /// How it ended.
    pub outcome: Ended,
    /// The status that the client was told; zero where nothing could be told.
    pub status: u16,
    /// Why it was refused, if it was.
    pub reason: Option<DenyReason>,
    /// Was there a decision? Not for requests that were malformed.
    pub decided: bool,
    /// Who vouched for the token.
    pub key_manager: Option<&'a str>,
    /// Where the statement about the token came from.
    pub cache: Option<&'static str>,
    /// Body bytes to the client.
    pub bytes: u64,
    /// From the head to the end of the answer.
    pub total: Duration,
    /// From the head to the decision; zero without one.
    pub decision: Duration,
    /// From the decision to the end, where a backend was asked.
    pub upstream: Option<Duration>,
    /// What went wrong, where something did.
    pub error: Option<Cause>,
    /// What the client was told of it, from a fixed set.
    pub detail: Option<&'static str>,
}

impl RequestEvent<'_> {
    /// Counts it and writes its line.
    pub fn record(&self, metrics: &RouteMetrics, log: &LogBuffer) {
        metrics.count_request(self.outcome, self.status, self.total, self.upstream);
        if self.decided {
            metrics.count_decision(self.reason);
        }
        if let Some(error) = self.error {
            metrics.count_error(error);
        }
        log.write(self);
    }
}

/// A worker's lines that are not written yet.
#[derive(Debug)]
pub struct LogBuffer {
    log: Option<AccessLog>,
    lines: RefCell<Vec<u8>>,
    /// Makes request ids: a random start for this worker, then counted up.
    next_id: Cell<u64>,
}

impl LogBuffer {
    /// The lines that have not been handed on yet, for whoever reads them at once: a log never has them.
    #[must_use]
    pub fn take(&self) -> Vec<u8> {
        self.lines.take()
    }

    /// Of that worker; without a log it takes nothing.
    #[must_use]
    pub fn new(log: Option<AccessLog>, worker: usize) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let start = (since.as_nanos() as u64) << 12 ^ (worker as u64) << 56;
        Self { log, lines: RefCell::default(), next_id: Cell::new(start) }
    }

    /// The next request's, where nobody else has named it.
    #[inline]
    pub fn next_id(&self) -> u64 {
        let id = self.next_id.get();
        self.next_id.set(id.wrapping_add(1));
        id
    }

    /// Returns whether anybody reads what only the log tells.
    #[inline]
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.log.is_some()
    }

    fn write(&self, event: &RequestEvent<'_>) {
        let Some(log) = &self.log else { return };
        let id = event.id.unwrap_or_else(|| RequestId::own(self.next_id()));
        let mut lines = self.lines.borrow_mut();
        // Writing to a vector does not fail.
        let _ = match log.format {
            LogFormat::Json => write_json(event, &id, &mut lines),
            LogFormat::Text => write_text(event, &id, &mut lines),
        };
        if lines.len() >= BATCH {
            drop(lines);
            self.flush();
        }
    }

    /// Hands the lines on. A log that cannot be written loses lines, never requests.
    pub fn flush(&self) {
        let Some(log) = &self.log else { return };
        let mut lines = self.lines.borrow_mut();
        if lines.is_empty() {
            return;
        }
        log.writer.push(&lines);
        lines.clear();
    }
}

impl Drop for LogBuffer {
    fn drop(&mut self) {
        self.flush();
    }
}

fn write_json(event: &RequestEvent<'_>, id: &RequestId, out: &mut Vec<u8>) -> std::io::Result<()> {
    write!(out, "{{\"time\":{},\"request_id\":\"", unix_millis())?;
    out.extend_from_slice(id.as_bytes());
    write!(out, "\",\"peer\":\"{}\",\"method\":", event.peer)?;
    serde_json::to_writer(&mut *out, event.method)?;
    out.extend_from_slice(b",\"path\":");
    serde_json::to_writer(&mut *out, event.path)?;
    write!(
        out,
        ",\"protocol\":\"HTTP/{}\",\"status\":{},\"outcome\":\"{}\",\"bytes\":{},\"total_us\":{},\"decision_us\":{}",
        event.protocol,
        event.status,
        event.outcome.name(),
        event.bytes,
        event.total.as_micros(),
        event.decision.as_micros(),
    )?;
    if let Some(upstream) = event.upstream {
        write!(out, ",\"upstream_us\":{}", upstream.as_micros())?;
    }
    out.extend_from_slice(b",\"api\":");
    serde_json::to_writer(&mut *out, event.api)?;
    if let Some(key_manager) = event.key_manager {
        out.extend_from_slice(b",\"key_manager\":");
        serde_json::to_writer(&mut *out, key_manager)?;
    }
    let texts = [
        ("cache", event.cache),
        ("deny_reason", event.reason.map(DenyReason::name)),
        ("error", event.error.map(Cause::name)),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            write!(out, ",\"{name}\":\"{text}\"")?;
        }
    }
    if let Some(detail) = event.detail {
        out.extend_from_slice(b",\"detail\":");
        serde_json::to_writer(&mut *out, detail)?;
    }
    out.extend_from_slice(b"}\n");
    Ok(())
}

fn write_text(event: &RequestEvent<'_>, id: &RequestId, out: &mut Vec<u8>) -> std::io::Result<()> {
    write!(out, "{} ", unix_millis())?;
    out.extend_from_slice(id.as_bytes());
    write!(
        out,
        " {} \"{} {} HTTP/{}\" {} {}B {}us decision={}us upstream={}us api={} key_manager={} cache={} reason={} error={}",
        event.peer,
        event.method.escape_default(),
        event.path.escape_default(),
        event.protocol,
        event.status,
        event.bytes,
        event.total.as_micros(),
        event.decision.as_micros(),
        event.upstream.unwrap_or_default().as_micros(),
        event.api,
        event.key_manager.unwrap_or("-"),
        event.cache.unwrap_or("-"),
        event.reason.map_or("-", DenyReason::name),
        event.error.map_or("-", Cause::name),
    )?;
    match event.detail {
        Some(detail) => writeln!(out, " detail={detail:?}"),
        None => writeln!(out),
    }
}

fn unix_millis() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
}
