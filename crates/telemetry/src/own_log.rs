//! The gateway's own log, on standard error: text for a person, JSON for a collector.

use std::fs::File;
use std::io;
use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use crate::LogWriter;
use crate::log_writer::Voice;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use thiserror::Error;
use tracing_subscriber::EnvFilter;

/// Bytes of lines that wait for whoever reads them.
const WAITING: usize = 1024 * 1024;
/// What the last lines get at the end, which nobody may read any more.
const LAST_LINES: Duration = Duration::from_secs(1);

/// One for the process, as is the subscriber that writes to it.
static WRITER: OnceLock<LogWriter> = OnceLock::new();

/// Why there is no log.
#[derive(Debug, Error)]
pub enum LogError {
    /// It says what to write instead.
    #[error("the log filter {filter:?} is not understood: write info, or phantom_oauth=debug,warn")]
    Filter {
        /// As given.
        filter: String,
    },
    /// The system gives no handle or thread.
    #[error("the log cannot be written: {0}")]
    Output(#[source] io::Error),
}

/// `filter`: from `--log`, else `RUST_LOG`, else `default`. A second call changes nothing.
///
/// # Errors
///
/// The filter is none, or the log cannot be written.
pub fn install(filter: Option<&str>, default: &str) -> Result<(), LogError> {
    let from_environment = std::env::var("RUST_LOG").ok().filter(|filter| !filter.is_empty());
    let filter = filter.map(str::to_owned).or(from_environment);
    let filter = filter.unwrap_or_else(|| default.to_owned());
    let parsed = EnvFilter::builder()
        .parse(&filter)
        .map_err(|_| LogError::Filter { filter: filter.clone() })?;
    if WRITER.get().is_some() {
        return Ok(());
    }
    let shape = if io::stderr().is_terminal() { Shape::Text } else { Shape::Json };
    let writer = start(shape).map_err(LogError::Output)?;
    let lines = writer.clone();
    let builder =
        tracing_subscriber::fmt().with_env_filter(parsed).with_writer(move || lines.clone());
    let installed = match shape {
        Shape::Text => builder.try_init(),
        Shape::Json => builder.json().flatten_event(true).with_ansi(false).try_init(),
    };
    // Somebody else's subscriber stays, as do the messages of panics with it.
    if installed.is_ok() && WRITER.set(writer.clone()).is_ok() {
        log_panics(shape, writer);
    }
    Ok(())
}

/// The log, once there is one: what it has dropped is a metric.
#[must_use]
pub fn writer() -> Option<&'static LogWriter> {
    WRITER.get()
}

/// Waits for what was said so far to be written; not for long, since nobody may read it.
pub fn flush() {
    if let Some(writer) = WRITER.get() {
        writer.flush(LAST_LINES);
    }
}

/// A handle of our own: a lock on the shared one is held for as long as a write hangs.
fn start(shape: Shape) -> io::Result<LogWriter> {
    let stderr = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    LogWriter::start("own", WAITING, stderr, shape)
}

/// Through the log as well: what panics must not be held up by who does not read.
fn log_panics(shape: Shape, writer: LogWriter) {
    std::panic::set_hook(Box::new(move |panic| {
        let message = panic.payload_as_str().unwrap_or("without a message");
        let current = thread::current();
        let thread = current.name().unwrap_or("unnamed");
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = format!("thread {thread} panicked at {at}: {message}");
        writer.push(&shape.line("ERROR", &text, &[]));
        if thread == "main" {
            writer.flush(LAST_LINES);
        }
    }));
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    Text,
    Json,
}

impl Shape {
    /// As the subscriber writes them.
    fn line(self, level: &str, message: &str, fields: &[(&str, u64)]) -> Vec<u8> {
        let now = Timestamp::now();
        let line = match self {
            Self::Text => {
                let fields = fields.iter().map(|(name, value)| format!(" {name}={value}"));
                format!("{now} {level:>5} phantom: {message}{}\n", fields.collect::<String>())
            }
            Self::Json => {
                let mut line = json!({
                    "timestamp": now.to_string(), "level": level,
                    "message": message, "target": "phantom",
                });
                if let Value::Object(line) = &mut line {
                    let fields = fields.iter();
                    line.extend(fields.map(|(name, value)| ((*name).to_owned(), (*value).into())));
                }
                format!("{line}\n")
            }
        };
        line.into_bytes()
    }
}

/// There is nowhere else to complain.
impl Voice for Shape {
    fn gap(&self, lost: u64) -> Vec<u8> {
        self.line(
            "WARN",
            "log lines are missing here: they were not read in time",
            &[("lost", lost)],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notice_about_missing_lines_is_a_line_like_others() {
        let json: Value = serde_json::from_slice(&Shape::Json.gap(7)).unwrap();
        assert_eq!((&json["level"], &json["lost"]), (&"WARN".into(), &7.into()), "{json}");
        assert!(json["timestamp"].as_str().unwrap().ends_with('Z'), "{json}");
        let text = String::from_utf8(Shape::Text.gap(7)).unwrap();
        assert!(text.contains(" WARN phantom: ") && text.ends_with(" lost=7\n"), "{text}");
    }
}
