//! The body of a client's request on a stream, read as the backend takes it.

use std::future::poll_fn;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::Response;
use http::StatusCode;
use phantom_pipeline::Fault;

use super::request::has_edge_space;
use crate::content::Content;
use crate::exchange::BodyError;
use crate::exchange::RequestBody;
use crate::exchange::Sink;
use crate::http1::body::is_allowed_trailer;
use crate::http1::connection::LINGER;
use crate::respond::write_field;

pub(super) struct ClientStream {
    incoming: RecvStream,
    pub(super) respond: SendResponse<Bytes>,
    /// The client sends its body when it is told to (HTP-13).
    held_back: bool,
    ended: bool,
    /// Bytes of the body that were read, and those that are taken at most.
    read: u64,
    most: u64,
    trailers: Vec<u8>,
}

impl ClientStream {
    pub(super) const fn new(incoming: RecvStream, respond: SendResponse<Bytes>) -> Self {
        Self {
            incoming,
            respond,
            held_back: false,
            ended: false,
            read: 0,
            most: u64::MAX,
            trailers: Vec::new(),
        }
    }

    /// The client waits for 100, if there is something to wait for.
    pub(super) fn expects_continue(&mut self) {
        self.held_back = !self.incoming.is_end_stream();
    }

    pub(super) const fn take_at_most(&mut self, bytes: u64) {
        self.most = bytes;
    }

    pub(super) fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    /// The next data; `None` at the end.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        if self.ended {
            return Poll::Ready(Ok(None));
        }
        if std::mem::take(&mut self.held_back) {
            let mut interim = Response::new(());
            *interim.status_mut() = StatusCode::CONTINUE;
            // One that cannot be told any more is gone, which reading finds out.
            let _ = self.respond.send_informational(interim);
        }
        if let Some(data) = ready!(self.incoming.poll_data(cx)) {
            let data = data.map_err(|_| BodyError::Broken)?;
            // Taken: the client may send as much again.
            let _ = self.incoming.flow_control().release_capacity(data.len());
            self.read = self.read.saturating_add(data.len() as u64);
            if self.read > self.most {
                return Poll::Ready(Err(BodyError::TooLarge));
            }
            return Poll::Ready(Ok(Some(data)));
        }
        let trailers = ready!(self.incoming.poll_trailers(cx)).map_err(|_| BodyError::Broken)?;
        for (name, value) in trailers.iter().flatten() {
            if has_edge_space(value.as_bytes()) {
                return Poll::Ready(Err(BodyError::Broken));
            }
            if is_allowed_trailer(name.as_str().as_bytes()) {
                write_field(name.as_str().as_bytes(), value.as_bytes(), &mut self.trailers);
            }
        }
        self.ended = true;
        Poll::Ready(Ok(None))
    }

    /// Reads a body whole, up to so many bytes.
    pub(super) async fn read_whole(&mut self, most: usize) -> Result<Vec<u8>, Fault> {
        let read = self.read_start(most).await?;
        if read.whole { Ok(read.bytes) } else { Err(Fault::LengthTooLarge) }
    }

    /// Reads a body until its end, or until there is more than so many bytes of it.
    pub(super) async fn read_start(&mut self, most: usize) -> Result<Content, Fault> {
        let mut bytes = Vec::new();
        loop {
            match poll_fn(|cx| self.poll_data(cx)).await {
                Ok(Some(data)) => {
                    bytes.extend_from_slice(&data);
                    if bytes.len() > most {
                        return Ok(Content { bytes, whole: false });
                    }
                }
                Ok(None) => return Ok(Content::whole(bytes)),
                Err(error) => return Err(error.fault().0),
            }
        }
    }

    /// After an answer that leaves the body unread: what is on its way is read and thrown away for a
    /// moment, so that it shuts no window on the connection's other streams; then the stream is reset
    /// with NO_ERROR (RFC 9113 §8.1). At once would be allowed, but some clients drop an answer that
    /// such a reset follows.
    pub(super) async fn linger(mut self) {
        self.most = u64::MAX;
        // A client that waits to be told will not send.
        if self.held_back || self.is_end_stream() {
            return;
        }
        let discarding =
            async { while let Ok(Some(_)) = poll_fn(|cx| self.poll_data(cx)).await {} };
        let _ = tokio::time::timeout(LINGER, discarding).await;
    }
}

impl RequestBody for ClientStream {
    fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) -> Poll<Result<bool, BodyError>> {
        Poll::Ready(match ready!(self.poll_data(cx))? {
            Some(data) => {
                sink.data(&data);
                Ok(true)
            }
            None => {
                sink.end(&self.trailers);
                Ok(false)
            }
        })
    }

    fn is_held_back(&self) -> bool {
        self.held_back
    }
}
