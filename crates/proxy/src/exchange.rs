//! One request and its response on a backend connection, driven by whoever serves the client.
//!
//! Request body and response run at the same time, each with one buffer: what the one side does not
//! take is not read from the other.

use std::io;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use phantom_pipeline::Fault;
use thiserror::Error;

use crate::head::Framing;
use crate::http1::body::BodyDecoder;
use crate::http1::body::InvalidChunk;
use crate::http1::body::Piece;
use crate::http1::body::write_chunk;
use crate::http1::body::write_last_chunk;
use crate::http1::response;
use crate::http1::response::InvalidResponse;
use crate::http1::response::ResponseHead;
use crate::upstream::UpstreamConnection;

/// The body of a request, as it comes from the client.
pub(crate) trait RequestBody {
    /// Puts the next piece into the sink. `Ready(Ok(true))`: there may be more.
    fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) -> Poll<Result<bool, ClientGone>>;

    /// The client sends nothing before it is told to, which the first [`RequestBody::poll_piece`] does.
    fn is_held_back(&self) -> bool;
}

/// The client broke off or sent a body that is none.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the client's request body broke off or is malformed")]
pub(crate) struct ClientGone;

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
    /// Counts pieces in either direction: while it rises, somebody is alive.
    moved: u64,
}

/// A backend connection in step: its request was sent and its answer read, both whole. The pool takes
/// nothing else.
#[derive(Debug)]
pub(crate) struct Reusable(UpstreamConnection);

impl Reusable {
    pub(crate) fn into_connection(self) -> UpstreamConnection {
        self.0
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

#[derive(Debug, Error)]
pub(crate) enum UpstreamError {
    #[error("the backend closed the connection before it answered")]
    Closed,
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
        let body = BodyDecoder::new(Framing::None);
        Self { connection, head, body, upload, to_head_request, answered: false, moved: 0 }
    }

    /// Nothing more is read from the client.
    pub(crate) const fn is_upload_done(&self) -> bool {
        matches!(self.upload, Upload::Done | Upload::Dropped)
    }

    /// What it means that nothing moved for too long: it is the client who was to go on, or the
    /// backend.
    pub(crate) fn timeout(&self) -> (Fault, &'static str) {
        let for_client = matches!(self.upload, Upload::Sending { .. });
        if for_client && self.connection.outbox.pending() == 0 {
            (Fault::RequestTimeout, "client_timeout")
        } else {
            (Fault::GatewayTimeout, "timeout")
        }
    }

    pub(crate) const fn moved(&self) -> u64 {
        self.moved
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
    ) -> Poll<Result<(), ClientGone>> {
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

    /// Waits for the final response head; interim ones are dropped.
    pub(crate) fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), UpstreamError>> {
        loop {
            if !self.connection.received.is_empty() {
                self.answered = true;
                let data = self.connection.received.data();
                if let Some(length) = response::parse(data, &mut self.head, self.to_head_request)? {
                    self.connection.received.consume(length);
                    match self.head.status {
                        101 => return Poll::Ready(Err(UpstreamError::Upgraded)),
                        100..=199 => continue,
                        _ => {}
                    }
                    self.body = BodyDecoder::new(self.head.framing);
                    return Poll::Ready(Ok(()));
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
        self.moved += 1;
    }

    pub(crate) fn trailers(&self) -> &[u8] {
        self.body.trailers()
    }

    /// Gives the connection back if another request may go over it.
    pub(crate) fn finish(self) -> (Option<Reusable>, ResponseHead) {
        let whole = self.body.is_done() && self.upload == Upload::Done;
        let clean = self.connection.received.is_empty() && self.head.reusable;
        ((whole && clean).then_some(Reusable(self.connection)), self.head)
    }
}
