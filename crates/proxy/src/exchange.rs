//! One request and its response on a backend connection, driven by whoever serves the client.
//!
//! Request body and response run at the same time, each with one buffer: what the one side does not
//! take is not read from the other.

use std::io;
use std::task::Context;
use std::task::Poll;
use std::task::ready;
use std::time::Duration;

use phantom_pipeline::Fault;
use phantom_pipeline::route::Bounds;
use phantom_telemetry::Cause;
use thiserror::Error;

use crate::config::Limits;
use crate::response;
use crate::response::InvalidResponse;
use crate::response::ResponseHead;
use crate::trailers::decoder;
use crate::upstream::UpstreamConnection;
use phantom_wire::BodyDecoder;
use phantom_wire::Framing;
use phantom_wire::InvalidChunk;
use phantom_wire::Piece;
use phantom_wire::write_chunk;
use phantom_wire::write_last_chunk;

/// Interim responses that are taken before the final one.
const MAX_INTERIM: u32 = 16;

/// The body of a request, as it comes from the client.
pub(crate) trait RequestBody {
    /// Puts the next piece into the sink. `Ready(Ok(true))`: there may be more.
    fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) -> Poll<Result<bool, BodyError>>;

    /// The client sends nothing before it is told to, which the first [`RequestBody::poll_piece`] does.
    fn is_held_back(&self) -> bool;
}

/// Why there is no more of a request's body.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum BodyError {
    #[error("the client's request body broke off or is malformed")]
    Broken,
    #[error("the request body is larger than its route takes")]
    TooLarge,
}

impl BodyError {
    /// The client's answer.
    pub(crate) const fn fault(self) -> Fault {
        match self {
            Self::Broken => Fault::BadRequest("the request body broke off or is malformed"),
            Self::TooLarge => Fault::LengthTooLarge,
        }
    }

    pub(crate) const fn cause(self) -> Cause {
        match self {
            Self::Broken => Cause::ClientGone,
            Self::TooLarge => Cause::BodyTooLarge,
        }
    }
}

/// Takes body pieces and frames them for the backend.
#[derive(Debug)]
pub(crate) enum Sink<'a> {
    Chunked(&'a mut Vec<u8>),
    /// Nobody wants them.
    Nowhere,
    Plain(&'a mut Vec<u8>),
}

impl Sink<'_> {
    pub(crate) fn data(&mut self, data: &[u8]) {
        match self {
            Self::Chunked(out) => write_chunk(data, out),
            Self::Nowhere => {}
            Self::Plain(out) => out.extend_from_slice(data),
        }
    }

    /// Ends the body, with trailer fields as lines.
    pub(crate) fn end(&mut self, trailers: &[u8]) {
        if let Self::Chunked(out) = self {
            write_last_chunk(trailers, out);
        }
    }
}

#[derive(Debug)]
pub(crate) struct Exchange {
    connection: UpstreamConnection,
    pub(crate) head: ResponseHead,
    body: BodyDecoder,
    upload: Upload,
    to_head_request: bool,
    /// Something of the response came: the request was seen, and is not sent again.
    answered: bool,
    /// Bytes of the answer, and what came of the request: while it rises, somebody is alive.
    moved: u64,
    interim: u32,
}

/// A backend connection in step: its request was sent and its answer read, both whole. The pool takes
/// nothing else.
#[derive(Debug)]
pub(crate) struct Reusable {
    connection: UpstreamConnection,
    keep_alive: Option<u32>,
}

impl Reusable {
    /// With the seconds that the backend keeps it, if it says.
    pub(crate) fn into_parts(self) -> (UpstreamConnection, Option<u32>) {
        (self.connection, self.keep_alive)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Upload {
    Done,
    /// The backend did not take it; the client has sent it all the same.
    Dropped,
    /// The backend takes no more, but it may have answered. What the client still sends is read and
    /// dropped: many clients read no answer before all is sent.
    Refused,
    Sending {
        chunked: bool,
    },
    /// All is in the outbox.
    Sent,
}

/// Who is waited for. Each has a patience of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Backend,
    /// To send the next piece of the request, or to take the next piece of the answer.
    Client,
}

impl Turn {
    pub(crate) fn patience(self, limits: &Limits, bounds: &Bounds) -> Duration {
        match self {
            Self::Backend => bounds.upstream_idle_timeout.unwrap_or(limits.upstream_idle_timeout),
            Self::Client => bounds.body_idle_timeout.unwrap_or(limits.body_idle_timeout),
        }
    }

    /// The cause of a failure where nothing moved for so long.
    pub(crate) const fn timeout(self) -> Cause {
        match self {
            Self::Backend => Cause::Timeout,
            Self::Client => Cause::ClientTimeout,
        }
    }
}

/// The head of a response that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Final,
    /// A 1xx response, to be passed on (RFC 9110 §15.2).
    Interim,
}

#[derive(Debug, Error)]
pub(crate) enum UpstreamError {
    #[error("the backend closed the connection before it answered")]
    Closed,
    #[error("the backend sent more than {MAX_INTERIM} interim responses")]
    Interim,
    #[error("the connection to the backend failed")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Head(#[from] InvalidResponse),
    #[error(transparent)]
    Chunk(#[from] InvalidChunk),
    #[error("the backend broke off in the middle of its answer")]
    Truncated,
    #[error("the backend switched protocols though nobody asked")]
    Upgraded,
}

impl UpstreamError {
    pub(crate) fn cause(&self) -> Cause {
        match self {
            Self::Closed => Cause::UpstreamClosed,
            Self::Io(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                Cause::UpstreamReset
            }
            Self::Io(_) => Cause::UpstreamFailed,
            Self::Interim => Cause::UpstreamInterim,
            Self::Head(InvalidResponse::TooManyFields) => Cause::UpstreamTooManyFields,
            Self::Head(InvalidResponse::TooLarge) => Cause::UpstreamHeadTooLarge,
            Self::Head(InvalidResponse::Malformed | InvalidResponse::Framing) | Self::Upgraded => {
                Cause::UpstreamMalformed
            }
            Self::Chunk(_) | Self::Truncated => Cause::UpstreamBrokeOff,
        }
    }
}

impl Exchange {
    /// The request's head lies in the connection's outbox.
    pub(crate) fn new(
        connection: UpstreamConnection,
        framing: Framing,
        to_head_request: bool,
        head: ResponseHead,
    ) -> Self {
        let upload = match framing {
            Framing::Chunked | Framing::UntilClose => Upload::Sending { chunked: true },
            Framing::Length(0) | Framing::None => Upload::Sent,
            Framing::Length(_) => Upload::Sending { chunked: false },
        };
        // Without an end until the head has told where it is: nothing less is kept for another request.
        let body = decoder(Framing::UntilClose);
        Self {
            connection,
            head,
            body,
            upload,
            to_head_request,
            answered: false,
            moved: 0,
            interim: 0,
        }
    }

    /// Nothing more is read from the client.
    pub(crate) const fn is_upload_done(&self) -> bool {
        matches!(self.upload, Upload::Done | Upload::Dropped)
    }

    /// Who has to go on before the backend can answer.
    pub(crate) fn turn(&self) -> Turn {
        match self.upload {
            Upload::Sending { .. } if self.connection.outbox.is_empty() => Turn::Client,
            _ => Turn::Backend,
        }
    }

    pub(crate) fn moved(&self) -> u64 {
        self.moved + self.connection.io.socket().taken()
    }

    /// A fresh connection may be tried: this one had been used before, and the backend closed it
    /// without a byte of an answer.
    pub(crate) const fn was_stale(&self, error: &UpstreamError) -> bool {
        matches!(error, UpstreamError::Closed | UpstreamError::Io(_))
            && self.connection.reused
            && !self.answered
    }

    /// Sends as much of the request as backend and client let through. `Ready`: nothing is left.
    pub(crate) fn poll_upload(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut impl RequestBody,
    ) -> Poll<Result<(), BodyError>> {
        loop {
            match self.upload {
                Upload::Done | Upload::Dropped => return Poll::Ready(Ok(())),
                Upload::Refused if source.is_held_back() => return Poll::Pending,
                Upload::Refused => {
                    if !ready!(source.poll_piece(cx, &mut Sink::Nowhere))? {
                        self.upload = Upload::Dropped;
                    }
                    continue;
                }
                Upload::Sending { .. } | Upload::Sent => {}
            }
            if ready!(self.connection.poll_send(cx)).is_err() {
                // The backend may have answered early and closed: that answer is what counts.
                self.upload = Upload::Refused;
                continue;
            }
            let Upload::Sending { chunked } = self.upload else {
                self.upload = Upload::Done;
                continue;
            };
            let out = &mut self.connection.outbox.bytes;
            let mut sink = if chunked { Sink::Chunked(out) } else { Sink::Plain(out) };
            if !ready!(source.poll_piece(cx, &mut sink))? {
                self.upload = Upload::Sent;
            }
            self.moved += 1;
        }
    }

    /// Waits for a response head.
    pub(crate) fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
        limits: &Limits,
    ) -> Poll<Result<Heard, UpstreamError>> {
        loop {
            if !self.connection.received.is_empty() {
                self.answered = true;
                let data = self.connection.received.data();
                let head = &mut self.head;
                if let Some(length) = response::parse(data, head, self.to_head_request, limits)? {
                    self.connection.received.consume(length);
                    match self.head.status {
                        101 => return Poll::Ready(Err(UpstreamError::Upgraded)),
                        status @ 100..=199 => {
                            self.moved += 1;
                            self.interim += 1;
                            if self.interim > MAX_INTERIM {
                                return Poll::Ready(Err(UpstreamError::Interim));
                            }
                            // Nobody asked for 100: `Expect` is answered here.
                            if status == 100 {
                                continue;
                            }
                            return Poll::Ready(Ok(Heard::Interim));
                        }
                        _ => {}
                    }
                    self.moved += 1;
                    self.body = decoder(self.head.framing);
                    return Poll::Ready(Ok(Heard::Final));
                }
            }
            match ready!(self.connection.poll_receive(cx)) {
                Ok(0) => return Poll::Ready(Err(UpstreamError::Closed)),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }

    /// The next piece of the response body. After [`Piece::Data`], read [`Exchange::data`] and say
    /// [`Exchange::took`].
    pub(crate) fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Piece, UpstreamError>> {
        loop {
            match self.body.next(&mut self.connection.received)? {
                Piece::NeedMore => {}
                found => return Poll::Ready(Ok(found)),
            }
            if ready!(self.connection.poll_receive(cx))? == 0 {
                return Poll::Ready(if self.body.closed() {
                    Ok(Piece::End)
                } else {
                    Err(UpstreamError::Truncated)
                });
            }
        }
    }

    pub(crate) fn data(&self, count: usize) -> &[u8] {
        self.connection.received.data().get(..count).unwrap_or_default()
    }

    pub(crate) fn took(&mut self, count: usize) {
        self.connection.received.consume(count);
        self.body.took(count);
        self.moved += count as u64;
    }

    pub(crate) fn trailers(&self) -> &[u8] {
        self.body.trailers()
    }

    /// Gives the connection back if another request may go over it.
    pub(crate) fn finish(self) -> (Option<Reusable>, ResponseHead) {
        let whole = self.body.is_done() && self.upload == Upload::Done;
        let keep_alive = self.head.keep_alive;
        let kept = self.head.reusable && keep_alive != Some(0);
        let clean = self.connection.received.is_empty() && kept;
        let connection = self.connection;
        ((whole && clean).then_some(Reusable { connection, keep_alive }), self.head)
    }
}
