//! What to answer and how to put it on the wire.

use std::time::Duration;

use serde_json::Value;

#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub framing: Framing,
    /// Before the first byte.
    pub delay: Duration,
}

/// How an HTTP/1.1 answer is sent. HTTP/2 knows only whole answers, delays and `Hang`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    ContentLength,
    Chunked,
    /// No length; the connection's end is the body's end.
    CloseDelimited,
    /// With a length, each byte in a segment of its own.
    Segments,
    /// 100 and 103 come first.
    Interim,
    /// Never answers.
    Hang,
    /// The head, then nothing.
    HangAfterHead,
    /// Half the body, then the connection ends.
    Cut,
    /// A byte at a time with this pause between.
    Drip(Duration),
    /// Nothing but the connection's end.
    Close,
}

impl Reply {
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            framing: Framing::ContentLength,
            delay: Duration::ZERO,
        }
    }

    #[must_use]
    pub fn with_type(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut reply = Self::status(status).header("content-type", content_type);
        reply.body = body.into();
        reply
    }

    /// 200 `application/json`.
    #[must_use]
    pub fn json(body: &Value) -> Self {
        Self::with_type(200, "application/json", body.to_string())
    }

    /// 200 `application/jwt`.
    #[must_use]
    pub fn jwt(token: &str) -> Self {
        Self::with_type(200, "application/jwt", token)
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub const fn framing(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    #[must_use]
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}
