//! The client of one HTTP/2 stream. It takes an answer as it opens its window.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use bytes::Bytes;
use h2::Reason;
use h2::RecvStream;
use h2::SendStream;
use h2::server::SendResponse;
use http::HeaderMap;
use http::HeaderValue;
use http::Response;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use phantom_pipeline::Answer;
use phantom_telemetry::Cause;
use phantom_telemetry::cause::Side;

use super::OpenStream;
use super::fields;
use super::incoming::Incoming;
use crate::deadline::Deadline;
use crate::exchange::BodyError;
use crate::exchange::RequestBody;
use crate::exchange::Sink;
use crate::exchange::Turn;
use crate::head::RequestHead;
use crate::respond;
use crate::respond::ResponseEdits;
use crate::respond::Stamp;
use crate::response::ResponseHead;
use crate::serve::Client;
use crate::serve::LINGER;
use phantom_wire::Framing;

/// The most that is handed over at once.
const PIECE: usize = 64 * 1024;

pub(super) struct Http2Client {
    deadline: Deadline,
    open: OpenStream,
    body: Incoming,
    respond: SendResponse<Bytes>,
    /// The answer, once it has begun.
    send: Option<SendStream<Bytes>>,
    passed: u64,
    /// Its window is shut, and there is more for it.
    is_behind: bool,
    /// The answer is a server-sent event stream, which may be ended early without looking whole.
    ends_anywhere: bool,
    ended: bool,
}

impl Http2Client {
    pub(super) fn new(
        head: &RequestHead,
        deadline: Deadline,
        open: OpenStream,
        (stream, respond): (RecvStream, SendResponse<Bytes>),
    ) -> Self {
        let body = Incoming::new(head, stream);
        Self {
            deadline,
            open,
            body,
            respond,
            send: None,
            passed: 0,
            is_behind: false,
            ends_anywhere: false,
            ended: false,
        }
    }

    /// The next data of the body; `None` at the end.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        if std::mem::take(&mut self.body.held_back) {
            let mut interim = Response::new(());
            *interim.status_mut() = StatusCode::CONTINUE;
            // One that cannot be told any more is gone, which reading finds out.
            let _ = self.respond.send_informational(interim);
        }
        self.body.poll_data(cx)
    }

    fn begin(&mut self, head: Response<()>, whole: bool) -> Result<(), Cause> {
        let send = self.respond.send_response(head, whole).map_err(|_| Cause::ClientGone)?;
        (self.send, self.ended) = (Some(send), whole);
        Ok(())
    }

    fn send(&mut self) -> Result<&mut SendStream<Bytes>, Cause> {
        self.send.as_mut().ok_or(Cause::ClientGone)
    }

    fn end_in(&mut self, trailers: HeaderMap) -> Result<(), Cause> {
        if self.ended {
            return Ok(());
        }
        self.ended = true;
        let send = self.send()?;
        let ended = if trailers.is_empty() {
            send.send_data(Bytes::new(), true)
        } else {
            send.send_trailers(trailers)
        };
        ended.map_err(|_| Cause::ClientGone)
    }

    /// After an answer that leaves the body unread: what is on its way is read and thrown away for a
    /// moment, so that it shuts no window on the connection's other streams; then the stream is reset
    /// with NO_ERROR (RFC 9113 §8.1). At once would be allowed, but some clients drop an answer that
    /// such a reset follows.
    pub(super) async fn linger(self) {
        let Self { open, mut body, respond: _respond, send: _send, .. } = self;
        drop(open);
        body.most = u64::MAX;
        // A client that waits to be told will not send.
        if body.held_back || body.stream.is_end_stream() {
            return;
        }
        let discarding =
            async { while let Ok(Some(_)) = poll_fn(|cx| body.poll_data(cx)).await {} };
        let _ = tokio::time::timeout(LINGER, discarding).await;
    }
}

impl RequestBody for Http2Client {
    fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) -> Poll<Result<bool, BodyError>> {
        let data = ready!(self.poll_data(cx))?;
        match &data {
            Some(data) => sink.data(data),
            None => sink.end(&self.body.trailers),
        }
        Poll::Ready(Ok(data.is_some()))
    }

    fn is_held_back(&self) -> bool {
        self.body.held_back
    }
}

impl Client for Http2Client {
    fn deadline(&self) -> &Deadline {
        &self.deadline
    }

    fn waits_for(&self, turn: Turn, moved: u64) {
        self.open.waits_for(turn, moved);
    }

    fn taken(&self) -> u64 {
        self.passed
    }

    fn take_at_most(&mut self, bytes: u64) {
        self.body.most = bytes;
    }

    fn poll_lost(&mut self, cx: &mut Context<'_>) -> Option<Cause> {
        let reset = match &mut self.send {
            Some(send) => send.poll_reset(cx),
            None => self.respond.poll_reset(cx),
        };
        reset.is_ready().then_some(Cause::ClientGone)
    }

    fn has_hung_up(&mut self, _: &mut Context<'_>) -> bool {
        false
    }

    /// Ends what is done for a stream with the stream: the client has reset it, or is gone.
    async fn unless_lost<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = std::pin::pin!(work);
        poll_fn(|cx| {
            if let Poll::Ready(done) = Pin::as_mut(&mut work).poll(cx) {
                return Poll::Ready(Some(done));
            }
            if self.poll_lost(cx).is_some() { Poll::Ready(None) } else { Poll::Pending }
        })
        .await
    }

    async fn get_past_body(&mut self, _close: bool) {}

    fn start_own(
        &mut self,
        answer: &Answer,
        length: Option<u64>,
        whole: bool,
        stamp: &Stamp,
    ) -> Result<(), Cause> {
        let mut head = respond::answer_head(answer, stamp);
        if let Some(length) = length
            && !head.headers().contains_key("grpc-status")
        {
            head.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        self.begin(head, whole)
    }

    fn interim(&mut self, _: &mut Context<'_>, head: &ResponseHead) -> Result<(), Cause> {
        // One that cannot be told any more is gone, as the next poll tells.
        let _ = self.respond.send_informational(fields::interim(head));
        Ok(())
    }

    fn start(&mut self, head: &ResponseHead, edits: &ResponseEdits) -> Result<(), Cause> {
        self.ends_anywhere = head.is_event_stream();
        self.begin(fields::response(head, edits), head.framing == Framing::None)
    }

    fn take_back(&mut self) -> bool {
        self.send.is_none()
    }

    fn poll_room(&mut self, cx: &mut Context<'_>, wanted: usize) -> Poll<Result<usize, Cause>> {
        let wanted = wanted.min(PIECE);
        self.is_behind = true;
        let send = self.send()?;
        send.reserve_capacity(wanted);
        let room = loop {
            let room = send.capacity().min(wanted);
            if room > 0 {
                break room;
            }
            match ready!(send.poll_capacity(cx)) {
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Poll::Ready(Err(Cause::ClientGone)),
            }
        };
        self.is_behind = false;
        Poll::Ready(Ok(room))
    }

    fn pass(&mut self, data: &[u8]) -> Result<(), Cause> {
        self.passed += data.len() as u64;
        let sent = self.send()?.send_data(Bytes::copy_from_slice(data), false);
        sent.map_err(|_| Cause::ClientGone)
    }

    fn end(&mut self, trailers: &[u8]) -> Result<(), Cause> {
        self.end_in(fields::trailers(trailers))
    }

    /// gRPC says in its trailers why it ends.
    fn end_with_token(&mut self, grpc: bool) -> bool {
        let mut trailers = HeaderMap::new();
        if grpc {
            trailers.insert("grpc-status", HeaderValue::from_static("16"));
            let message = HeaderValue::from_static("the access token has ended");
            trailers.insert("grpc-message", message);
        }
        (grpc || self.ends_anywhere) && self.end_in(trailers).is_ok()
    }

    /// All that was passed on is on its way already.
    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        Poll::Ready(Ok(()))
    }

    fn is_behind(&self) -> bool {
        self.is_behind
    }

    fn unsent(&self) -> u64 {
        0
    }

    fn cut(&mut self, cause: Cause) {
        let reason = match cause.side() {
            Side::Client => Reason::CANCEL,
            Side::Backend | Side::Gateway | Side::Token => Reason::INTERNAL_ERROR,
        };
        if let Some(send) = self.send.as_mut().filter(|_| !self.ended) {
            send.send_reset(reason);
        }
    }
}
