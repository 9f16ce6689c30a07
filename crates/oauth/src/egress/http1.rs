//! An HTTP/1.1 connection to an authorization server: one request at a time, written and read by
//! hand.
//!
//! The general client costs a call several times what the call itself does: a task for each
//! connection, a wake-up to it and one back, and half a dozen layers. Introspection is a handful of
//! fields and one body either way.

mod reader;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Context;
use std::task::Waker;
use std::time::Duration;

use http::HeaderMap;
use phantom_wire::ReadBuffer;
use tokio::io::AsyncRead;
use tokio::io::AsyncWriteExt;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use url::Position;
use url::Url;

use crate::egress::Answer;
use crate::egress::USER_AGENT;
use reader::ReadError;
use reader::Reader;
use reader::Whole;

/// A connection in step: all that was asked on it has been answered.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Stream,
    input: ReadBuffer,
}

pub(super) type Stream = phantom_wire::Stream<TcpStream>;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum CallError {
    /// The connection had ended, or ended before the first byte of an answer.
    Unanswered(io::Error),
    Cut(io::Error),
    TooLong,
    Encoded,
    Malformed(Box<dyn std::error::Error + Send + Sync>),
}

/// An answer, and how its connection goes on.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) answer: Answer,
    /// `None`: it does not.
    pub(super) connection: Option<Connection>,
    /// For so long, if the server says so.
    pub(super) keep_alive: Option<Duration>,
}

impl Connection {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, input: ReadBuffer::default() }
    }

    /// Returns whether nothing has come that was not asked for, the end above all. Asks the system nothing:
    /// what the runtime has not seen yet is not seen here.
    pub(super) fn is_quiet(&mut self) -> bool {
        let mut byte = [0];
        let mut room = ReadBuf::new(&mut byte);
        let mut context = Context::from_waker(Waker::noop());
        Pin::new(&mut self.stream).poll_read(&mut context, &mut room).is_pending()
    }

    /// Takes the connection, so that one whose call failed, or was given up, is not used again.
    pub(super) async fn call(
        mut self,
        request: &[u8],
        limit: usize,
    ) -> Result<Answered, CallError> {
        self.send(request).await.map_err(CallError::Unanswered)?;
        let mut reader = Reader::new(limit);
        let mut begun = false;
        loop {
            match poll_fn(|cx| self.input.poll_fill(cx, &mut self.stream)).await {
                Ok(0) if reader.ends_here() => break,
                Ok(0) if begun => return Err(CallError::Cut(io::ErrorKind::UnexpectedEof.into())),
                Ok(0) => return Err(CallError::Unanswered(io::ErrorKind::UnexpectedEof.into())),
                Ok(_) => begun = true,
                Err(error) if begun => return Err(CallError::Cut(error)),
                Err(error) => return Err(CallError::Unanswered(error)),
            }
            if reader.read(&mut self.input)? {
                break;
            }
        }
        let Whole { answer, reusable, keep_alive } = reader.whole();
        // What nobody asked for is nobody's answer.
        let in_step = reusable && self.input.is_empty();
        self.input.relax();
        let connection = in_step.then_some(self);
        Ok(Answered { answer, connection, keep_alive })
    }

    async fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request).await?;
        // What was written may still lie in a TLS session.
        self.stream.flush().await
    }
}

impl From<ReadError> for CallError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::TooLong => Self::TooLong,
            ReadError::Encoded => Self::Encoded,
            ReadError::Head | ReadError::Framing | ReadError::Chunk => {
                Self::Malformed(error.into())
            }
        }
    }
}

/// A POST as it goes over the wire. `headers` hold no field that is written here.
pub(super) fn post(url: &Url, headers: &HeaderMap, form: &str) -> Vec<u8> {
    let target = &url[Position::BeforePath..Position::AfterQuery];
    let host = &url[Position::BeforeHost..Position::AfterPort];
    let fields: usize =
        headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let mut request = Vec::with_capacity(160 + target.len() + host.len() + fields + form.len());
    let mut put = |parts: &[&[u8]]| parts.iter().for_each(|part| request.extend_from_slice(part));
    put(&[b"POST ", target.as_bytes(), b" HTTP/1.1\r\nhost: ", host.as_bytes()]);
    put(&[b"\r\nuser-agent: ", USER_AGENT.as_bytes(), b"\r\naccept-encoding: identity\r\n"]);
    for (name, value) in headers {
        put(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"]);
    }
    put(&[b"content-length: ", form.len().to_string().as_bytes(), b"\r\n\r\n", form.as_bytes()]);
    request
}

#[cfg(test)]
mod tests;
