//! The body of a request on a stream, read as somebody takes it.

use std::task::Context;
use std::task::Poll;
use std::task::ready;

use bytes::Bytes;
use h2::RecvStream;

use super::request::has_edge_space;
use crate::exchange::BodyError;
use crate::head::RequestHead;
use crate::respond::write_field;
use crate::trailers;

pub(super) struct Incoming {
    pub(super) stream: RecvStream,
    /// The client sends it when it is told to (HTP-13).
    pub(super) held_back: bool,
    ended: bool,
    /// Bytes that were read, and those that are taken at most.
    read: u64,
    pub(super) most: u64,
    pub(super) trailers: Vec<u8>,
}

impl Incoming {
    pub(super) fn new(head: &RequestHead, stream: RecvStream) -> Self {
        Self {
            // Where there is something to wait for.
            held_back: head.expects_continue && !stream.is_end_stream(),
            stream,
            ended: false,
            read: 0,
            most: u64::MAX,
            trailers: Vec::new(),
        }
    }

    /// The next data; `None` at the end.
    pub(super) fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, BodyError>> {
        if self.ended {
            return Poll::Ready(Ok(None));
        }
        if let Some(data) = ready!(self.stream.poll_data(cx)) {
            let data = data.map_err(|_| BodyError::Broken)?;
            // Taken: the client may send as much again.
            let _ = self.stream.flow_control().release_capacity(data.len());
            self.read = self.read.saturating_add(data.len() as u64);
            if self.read > self.most {
                return Poll::Ready(Err(BodyError::TooLarge));
            }
            return Poll::Ready(Ok(Some(data)));
        }
        let trailers = ready!(self.stream.poll_trailers(cx)).map_err(|_| BodyError::Broken)?;
        for (name, value) in trailers.iter().flatten() {
            if has_edge_space(value.as_bytes()) {
                return Poll::Ready(Err(BodyError::Broken));
            }
            if trailers::is_allowed(name.as_str().as_bytes()) {
                write_field(name.as_str().as_bytes(), value.as_bytes(), &mut self.trailers);
            }
        }
        self.ended = true;
        Poll::Ready(Ok(None))
    }
}
