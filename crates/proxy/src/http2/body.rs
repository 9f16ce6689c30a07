//! Bodies of HTTP/2 streams: the client's, read as the backend takes it, and the backend's, sent as
//! the client takes it.

use std::future::Future;
use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::task::ready;
use std::time::Duration;
use std::time::Instant;

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use hyper::body::Body;
use hyper::body::Frame;
use hyper::body::Incoming;
use hyper::body::SizeHint;
use phantom_core::DenyReason;
use phantom_pipeline::Fault;
use phantom_pipeline::Forward;
use phantom_pipeline::Route;
use phantom_pipeline::exchange::Exchanged;
use phantom_pipeline::route::Upstream;
use thiserror::Error;

use super::OpenStream;
use super::stream::VERSION;
use crate::access_log::RequestEvent;
use crate::access_log::trace_id;
use crate::config::Limits;
use crate::deadline::Deadline;
use crate::exchange::ClientGone;
use crate::exchange::Exchange;
use crate::exchange::RequestBody;
use crate::exchange::Sink;
use crate::head::RequestHead;
use crate::http1::body::Piece;
use crate::http1::body::is_allowed_trailer;
use crate::http1::connection::LINGER;
use crate::metrics::Outcome;
use crate::respond::write_field;
use crate::server::Published;
use crate::server::Worker;
use crate::static_files::File;

/// What becomes of a request, written down when the stream ends however it ends.
pub(super) struct Account {
    worker: Rc<Worker>,
    published: Arc<Published>,
    started: Instant,
    _open: OpenStream,
    method: String,
    path: String,
    trace: Option<String>,
    peer: IpAddr,
    decision: Option<Duration>,
    upstream_since: Option<Instant>,
    pub(super) route: Option<Arc<Route>>,
    pub(super) reason: Option<DenyReason>,
    pub(super) exchanged: Option<Exchanged>,
    pub(super) outcome: Outcome,
    pub(super) status: u16,
    pub(super) bytes: u64,
    pub(super) error: Option<&'static str>,
}

impl Account {
    pub(super) fn new(
        worker: Rc<Worker>,
        published: Arc<Published>,
        started: Instant,
        open: OpenStream,
    ) -> Self {
        Self {
            worker,
            published,
            started,
            _open: open,
            method: String::new(),
            path: String::new(),
            trace: None,
            peer: IpAddr::from([0, 0, 0, 0]),
            decision: None,
            upstream_since: None,
            route: None,
            reason: None,
            exchanged: None,
            outcome: Outcome::Answered,
            status: 0,
            bytes: 0,
            error: None,
        }
    }

    pub(super) fn describe(&mut self, head: &RequestHead, peer: IpAddr) {
        head.method().clone_into(&mut self.method);
        head.path().clone_into(&mut self.path);
        self.peer = peer;
        let traceparent = head.fields.iter().find(|field| head.name(field) == b"traceparent");
        self.trace = traceparent.and_then(|field| trace_id(head.value(field))).map(str::to_owned);
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.worker.shared.config.limits
    }

    pub(super) const fn decided(&mut self, took: Duration) {
        self.decision = Some(took);
    }

    pub(super) fn sent_upstream(&mut self) {
        self.upstream_since = Some(Instant::now());
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let Some(metrics) = self.published.metrics(self.route.as_deref()) else { return };
        let event = RequestEvent {
            api: self.route.as_ref().map_or("none", |route| &route.name),
            method: &self.method,
            path: &self.path,
            protocol: VERSION.name(),
            peer: self.peer,
            trace_id: self.trace.as_deref(),
            outcome: self.outcome,
            status: self.status,
            reason: self.reason,
            decided: self.decision.is_some(),
            key_manager: self.exchanged.as_ref().map(|exchanged| &*exchanged.key_manager.name),
            cache: self.exchanged.as_ref().map(|exchanged| exchanged.source.name()),
            bytes: self.bytes,
            total: self.started.elapsed(),
            decision: self.decision.unwrap_or_default(),
            upstream: self.upstream_since.map(|since| since.elapsed()),
            error: self.error,
        };
        event.record(metrics, &self.worker.log);
    }
}

/// The client's side of a request body.
pub(super) struct ClientStream {
    incoming: Incoming,
    trailers: Vec<u8>,
}

impl ClientStream {
    pub(super) const fn new(incoming: Incoming) -> Self {
        Self { incoming, trailers: Vec::new() }
    }

    /// The next data; `None` at the end.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, ClientGone>> {
        loop {
            let Some(frame) = ready!(Pin::new(&mut self.incoming).poll_frame(cx)) else {
                return Poll::Ready(Ok(None));
            };
            match frame.map_err(|_| ClientGone)?.into_data() {
                Ok(data) => return Poll::Ready(Ok(Some(data))),
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    for (name, value) in &trailers {
                        if is_allowed_trailer(name.as_str().as_bytes()) {
                            write_field(
                                name.as_str().as_bytes(),
                                value.as_bytes(),
                                &mut self.trailers,
                            );
                        }
                    }
                }
            }
        }
    }

    /// After an answer that leaves the body unread: what is on its way is thrown away, and a stream
    /// with more to come is kept for a while before it is reset. Clients may not drop an answer for
    /// such a reset (RFC 9113 §8.1), but some do.
    pub(super) fn linger(mut self, limits: &Limits) {
        if self.incoming.is_end_stream() {
            return;
        }
        let most = limits.max_drain_bytes;
        let discarding = async move {
            let mut drained = 0;
            while drained <= most {
                match poll_fn(|cx| self.poll_data(cx)).await {
                    Ok(Some(data)) => drained += data.len() as u64,
                    Ok(None) | Err(ClientGone) => return,
                }
            }
            std::future::pending::<()>().await;
        };
        tokio::task::spawn_local(tokio::time::timeout(LINGER, discarding));
    }

    pub(super) async fn read_all(&mut self, most: usize) -> Result<Vec<u8>, Fault> {
        let mut all = Vec::new();
        loop {
            match poll_fn(|cx| self.poll_data(cx)).await {
                Ok(Some(data)) if all.len() + data.len() > most => {
                    return Err(Fault::LengthTooLarge);
                }
                Ok(Some(data)) => all.extend_from_slice(&data),
                Ok(None) => return Ok(all),
                Err(ClientGone) => {
                    return Err(Fault::BadRequest("the request body broke off or is malformed"));
                }
            }
        }
    }
}

impl RequestBody for ClientStream {
    fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) -> Poll<Result<bool, ClientGone>> {
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
        false
    }
}

/// A file on its way to the client, read piece by piece as the client takes it.
pub(super) struct FileBody {
    reading: Option<Reading>,
    account: Account,
}

type Reading = Pin<Box<dyn Future<Output = (File, io::Result<Option<Vec<u8>>>)>>>;

impl FileBody {
    pub(super) fn new(file: File, account: Account) -> Self {
        Self { reading: Some(Self::read(file)), account }
    }

    fn read(mut file: File) -> Reading {
        Box::pin(async move {
            let piece = file.next().await;
            (file, piece)
        })
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let Some(reading) = &mut self.reading else { return Poll::Ready(None) };
        let (file, piece) = ready!(reading.as_mut().poll(cx));
        self.reading = None;
        Poll::Ready(match piece {
            Ok(Some(piece)) => {
                self.account.bytes += piece.len() as u64;
                self.reading = Some(Self::read(file));
                Some(Ok(Frame::data(piece.into())))
            }
            Ok(None) => None,
            Err(_) => Some(Err(BrokenOff::File)),
        })
    }
}

/// The body of an answer on a stream.
pub(super) enum StreamBody {
    File(Box<FileBody>),
    Relay(Box<RelayBody>),
    /// The account is kept until the stream is done with.
    Whole(Option<Bytes>, #[expect(dead_code, reason = "written down on drop")] Box<Account>),
}

/// Resets the stream, so that the client does not take a part for the whole.
#[derive(Clone, Copy, Debug, Error)]
pub(super) enum BrokenOff {
    #[error("the backend broke off")]
    Backend,
    #[error("the file cannot be read")]
    File,
    #[error("nothing moved for too long")]
    Timeout,
    #[error("the token ended")]
    Token,
}

/// A backend's body on its way to the client, while the client's may still be on its way out.
pub(super) struct RelayBody {
    worker: Rc<Worker>,
    permitted: Forward,
    upstream: Upstream,
    /// `None` when all has been passed on.
    exchange: Option<Exchange>,
    /// `None` from then on.
    stream: Option<ClientStream>,
    account: Account,
    deadline: Deadline,
    moved: u64,
    grpc: bool,
}

impl RelayBody {
    pub(super) fn new(
        worker: Rc<Worker>,
        permitted: Forward,
        upstream: Upstream,
        exchange: Exchange,
        stream: ClientStream,
        account: Account,
        grpc: bool,
    ) -> Self {
        let deadline = worker.deadlines.register();
        Self {
            worker,
            permitted,
            upstream,
            exchange: Some(exchange),
            stream: Some(stream),
            account,
            deadline,
            moved: u64::MAX,
            grpc,
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let Some(exchange) = &mut self.exchange else { return Poll::Ready(None) };
        if self.moved != exchange.moved() {
            self.moved = exchange.moved();
            self.deadline.set(self.worker.shared.config.limits.upstream_idle_timeout);
        }
        if self.deadline.has_passed(cx) {
            return self.break_off(BrokenOff::Timeout, "timeout");
        }
        // A client that breaks its body off resets the stream, and this body is dropped with it.
        if let Some(stream) = &mut self.stream {
            let _ = exchange.poll_upload(cx, stream);
        }
        match exchange.poll_piece(cx) {
            Poll::Ready(Ok(Piece::Data(count))) => {
                let data = Bytes::copy_from_slice(exchange.data(count));
                exchange.took(count);
                self.account.bytes += data.len() as u64;
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Poll::Ready(Ok(Piece::End | Piece::NeedMore)) => self.finish(),
            Poll::Ready(Err(error)) => {
                tracing::debug!(%error, "a backend broke off");
                self.break_off(BrokenOff::Backend, "upstream_broke_off")
            }
            Poll::Pending => self.poll_token(),
        }
    }

    fn finish(&mut self) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        self.account.outcome = Outcome::Forwarded;
        let Some(exchange) = self.exchange.take() else { return Poll::Ready(None) };
        let trailers = trailer_map(exchange.trailers());
        let (connection, head) = exchange.finish();
        if let Some(connection) = connection {
            self.worker.pool.put(&self.upstream, connection, self.worker.deadlines.now());
        }
        self.worker.recycle(head);
        if let Some(stream) = self.stream.take() {
            stream.linger(&self.worker.shared.config.limits);
        }
        Poll::Ready((!trailers.is_empty()).then(|| Ok(Frame::trailers(trailers))))
    }

    /// STR-1, STR-2: a stream ends with its token. gRPC says why in its trailers.
    fn poll_token(&mut self) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        if self.permitted.exchanged.is_none() {
            return Poll::Pending;
        }
        self.deadline.watch();
        if !self.deadline.is_watch_due() {
            return Poll::Pending;
        }
        let Some(reason) = self.worker.token_ended(&self.permitted) else { return Poll::Pending };
        let error = reason.name();
        if self.grpc {
            self.exchange = None;
            self.account.error = Some(error);
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", HeaderValue::from_static("16"));
            trailers.insert("grpc-message", HeaderValue::from_static("the access token has ended"));
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        let ends_anywhere =
            self.exchange.as_ref().is_some_and(|exchange| exchange.head.is_event_stream());
        if ends_anywhere {
            self.exchange = None;
            self.account.error = Some(error);
            return Poll::Ready(None);
        }
        self.break_off(BrokenOff::Token, error)
    }

    fn break_off(
        &mut self,
        why: BrokenOff,
        error: &'static str,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        self.exchange = None;
        self.account.error = Some(error);
        Poll::Ready(Some(Err(why)))
    }
}

impl Body for StreamBody {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        match self.get_mut() {
            Self::File(file) => file.poll_next(cx),
            Self::Relay(relay) => relay.poll_next(cx),
            Self::Whole(body, _) => Poll::Ready(body.take().map(|body| Ok(Frame::data(body)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::File(file) => file.reading.is_none(),
            Self::Relay(relay) => relay.exchange.is_none(),
            Self::Whole(body, _) => body.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::File(_) | Self::Relay(_) => SizeHint::default(),
            Self::Whole(body, _) => {
                SizeHint::with_exact(body.as_ref().map_or(0, |body| body.len() as u64))
            }
        }
    }
}

/// Trailer lines of HTTP/1.1, as fields.
fn trailer_map(lines: &[u8]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        {
            map.append(name, value);
        }
    }
    map
}
