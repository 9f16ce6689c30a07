//! One HTTP/1 connection of a client: request after request, each decided before it is forwarded.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use std::time::Instant;

use phantom_core::DenyReason;
use phantom_pipeline::Answer;
use phantom_pipeline::Decision;
use phantom_pipeline::ErrorFormat;
use phantom_pipeline::Fault;
use phantom_pipeline::Forward;
use phantom_pipeline::RequestFacts;
use phantom_pipeline::Route;
use phantom_pipeline::Target;
use phantom_pipeline::trace::Untraced;

use crate::access_log::RequestEvent;
use crate::access_log::trace_id;
use crate::deadline::Deadline;
use crate::forward;
use crate::forward::Origin;
use crate::head::Framing;
use crate::head::RequestHead;
use crate::head::Version;
use crate::http1::body::BodyDecoder;
use crate::http1::buffer::ReadBuffer;
use crate::http1::request;
use crate::metrics::Outcome;
use crate::respond;
use crate::server::Published;
use crate::server::Worker;
use crate::static_files;
use crate::transport::Outbox;
use crate::transport::Transport;

mod client_body;
mod relay;

use client_body::ClientBody;

/// After an answer that leaves unread input behind, so much of it is read and thrown away, so that
/// the client sees the answer and not a reset.
const LINGER: Duration = Duration::from_secs(2);

pub(crate) struct Http1Connection {
    worker: Rc<Worker>,
    io: Transport,
    received: ReadBuffer,
    outbox: Outbox,
    origin: Origin,
    deadline: Deadline,
    head: RequestHead,
}

/// What became of a request, for log and metrics.
pub(crate) struct Served {
    pub(crate) outcome: Outcome,
    pub(crate) status: u16,
    pub(crate) bytes: u64,
    /// A backend was asked, or tried.
    pub(crate) upstream: bool,
    pub(crate) error: Option<&'static str>,
    /// The connection is in step and may carry another request.
    pub(crate) keep_alive: bool,
}

/// What the decision contributed to the log.
#[derive(Default)]
struct Decided {
    route: Option<Arc<Route>>,
    reason: Option<DenyReason>,
    decided: bool,
    key_manager: Option<Arc<str>>,
    cache: Option<&'static str>,
}

impl Http1Connection {
    pub(crate) fn new(
        worker: Rc<Worker>,
        io: Transport,
        received: ReadBuffer,
        origin: Origin,
    ) -> Self {
        let deadline = worker.deadlines.register();
        let head = RequestHead::default();
        Self { worker, io, received, outbox: Outbox::default(), origin, deadline, head }
    }

    pub(crate) async fn serve(mut self) {
        loop {
            match self.read_head().await {
                Ok(true) => {}
                Ok(false) => return,
                Err(fault) => {
                    self.refuse(fault).await;
                    return;
                }
            }
            if !self.serve_request().await {
                self.linger().await;
                return;
            }
            self.received.relax();
            self.outbox.relax();
        }
    }

    /// Reads one whole head. `Ok(false)`: the client is done, or has been idle for too long.
    async fn read_head(&mut self) -> Result<bool, Fault> {
        let limits = &self.worker.shared.config.limits;
        let (received, io, head) = (&mut self.received, &mut self.io, &mut self.head);
        let (deadline, draining) = (&self.deadline, &self.worker.draining);
        let mut started = false;
        let mut parsed = 0;
        deadline.clear();
        deadline.set(limits.keep_alive_timeout);
        poll_fn(|cx| {
            loop {
                let data = received.data();
                if !data.is_empty() && !started {
                    started = true;
                    deadline.set(limits.header_timeout);
                }
                // Only a line's end can complete a head: bytes that drip in are not parsed anew.
                let fresh = data.get(parsed..).unwrap_or_default();
                let worthwhile =
                    memchr::memchr(b'\n', fresh).is_some() || data.len() >= limits.max_header_bytes;
                parsed = data.len();
                if worthwhile && let Some(length) = request::parse(data, head, limits)? {
                    received.consume(length);
                    deadline.clear();
                    return Poll::Ready(Ok(true));
                }
                if !started && draining.get() {
                    return Poll::Ready(Ok(false));
                }
                if deadline.has_passed(cx) {
                    return Poll::Ready(if started {
                        Err(Fault::RequestTimeout)
                    } else {
                        Ok(false)
                    });
                }
                match received.poll_fill(cx, io) {
                    Poll::Ready(Ok(count)) if count > 0 => {}
                    Poll::Ready(_) => return Poll::Ready(Ok(false)),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await
    }

    /// Serves the request whose head was read. Whether the connection may go on.
    async fn serve_request(&mut self) -> bool {
        let started = Instant::now();
        let worker = self.worker.clone();
        let published = worker.shared.published.load_full();
        let mut body = BodyDecoder::new(self.head.framing);
        let form = match self.read_form(&published, &mut body).await {
            Ok(form) => form,
            Err(fault) => {
                self.refuse(fault).await;
                return false;
            }
        };
        let client = forward::client_address(&self.head, self.origin.peer, &worker.shared.config);
        let facts = facts(&self.head, form.as_deref(), client);
        let grpc = facts.is_grpc();
        let decision =
            worker.shared.pipeline.decide(&published.snapshot, &facts, &mut Untraced).await;
        let decided_at = Instant::now();
        let mut decided = Decided { decided: true, ..Decided::default() };
        let served = match decision {
            Decision::Answer { answer, route, reason } => {
                decided.route = route;
                decided.reason = reason;
                self.answer(&answer, &mut body).await
            }
            Decision::Forward(permitted) => {
                decided.route = Some(permitted.route.clone());
                if let Some(exchanged) = &permitted.exchanged {
                    decided.key_manager = Some(exchanged.key_manager.name.clone());
                    decided.cache = Some(exchanged.source.name());
                }
                match &permitted.route.target {
                    Target::Directory(root) => {
                        let root = root.clone();
                        self.serve_file(&permitted, &root, &mut body).await
                    }
                    Target::Upstream(_) => self.forward(&permitted, body, form, grpc).await,
                }
            }
        };
        self.record(&published, &decided, &served, client, [started, decided_at]);
        served.keep_alive
    }

    /// Reads a form whole where the route takes credentials from one; bounded.
    async fn read_form(
        &mut self,
        published: &Published,
        body: &mut BodyDecoder,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let wanted = published.snapshot.takes_form(&facts(&self.head, None, self.origin.peer));
        if !wanted || self.head.framing == Framing::None {
            return Ok(None);
        }
        let limits = &self.worker.shared.config.limits;
        let most = limits.max_form_bytes;
        self.deadline.set(limits.body_idle_timeout);
        let mut form = Vec::new();
        let mut source = ClientBody {
            io: &mut self.io,
            received: &mut self.received,
            decoder: body,
            outbox: &mut self.outbox,
            expects_continue: &mut self.head.expects_continue,
        };
        let deadline = &self.deadline;
        poll_fn(|cx| {
            loop {
                if deadline.has_passed(cx) {
                    return Poll::Ready(Err(Fault::RequestTimeout));
                }
                match source.poll_raw(cx, |data| form.extend_from_slice(data)) {
                    Poll::Ready(Ok(true)) if form.len() > most => {
                        return Poll::Ready(Err(Fault::LengthTooLarge));
                    }
                    Poll::Ready(Ok(true)) => {}
                    Poll::Ready(Ok(false)) => return Poll::Ready(Ok(())),
                    Poll::Ready(Err(_)) => {
                        return Poll::Ready(Err(Fault::BadRequest(
                            "the request body is malformed",
                        )));
                    }
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await?;
        self.deadline.clear();
        Ok(Some(form))
    }

    /// Sends an answer of our own, and gets past the request's body if that is cheap (HTP-14).
    async fn answer(&mut self, answer: &Answer, body: &mut BodyDecoder) -> Served {
        let keep_alive = self.may_keep_alive(answer.close) && self.drain(body).await;
        let to_head = self.head.method() == "HEAD";
        respond::write_answer(
            answer,
            self.head.version,
            to_head,
            keep_alive,
            &mut self.outbox.bytes,
        );
        let sent = self.flush().await;
        Served {
            outcome: Outcome::Answered,
            status: answer.status,
            bytes: if to_head { 0 } else { answer.body.len() as u64 },
            upstream: false,
            error: (!sent).then_some("client_gone"),
            keep_alive: keep_alive && sent,
        }
    }

    fn may_keep_alive(&self, close: bool) -> bool {
        self.head.keep_alive && !close && !self.worker.draining.get()
    }

    /// Reads the rest of a small body. False: it is large, late or broken, so close instead. A client
    /// that waits for 100 may or may not send its body now: that connection cannot go on either.
    async fn drain(&mut self, body: &mut BodyDecoder) -> bool {
        if body.is_done() {
            return true;
        }
        let limits = &self.worker.shared.config.limits;
        let most = limits.max_drain_bytes;
        if self.head.expects_continue
            || matches!(self.head.framing, Framing::Length(length) if length > most)
        {
            return false;
        }
        self.deadline.set(LINGER);
        let mut drained = 0;
        let mut source = ClientBody {
            io: &mut self.io,
            received: &mut self.received,
            decoder: body,
            outbox: &mut self.outbox,
            expects_continue: &mut self.head.expects_continue,
        };
        let deadline = &self.deadline;
        let whole = poll_fn(|cx| {
            loop {
                if drained > most || deadline.has_passed(cx) {
                    return Poll::Ready(false);
                }
                match source.poll_raw(cx, |data| drained += data.len() as u64) {
                    Poll::Ready(Ok(true)) => {}
                    Poll::Ready(ended) => return Poll::Ready(ended.is_ok()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
        self.deadline.clear();
        whole
    }

    async fn serve_file(
        &mut self,
        permitted: &Forward,
        root: &std::path::Path,
        body: &mut BodyDecoder,
    ) -> Served {
        let prefix = &permitted.route.matcher.prefix;
        let found = static_files::find(root, prefix, self.head.path(), self.head.method()).await;
        let format = permitted.route.error_format;
        match found {
            Ok(static_files::Found::File(file)) => self.send_file(file, body).await,
            Ok(static_files::Found::Redirect(location)) => {
                let answer = Answer::empty(308, vec![("location", location)]);
                self.answer(&answer, body).await
            }
            Err(fault) => self.answer(&Answer::fault(fault, format, false), body).await,
        }
    }

    async fn send_file(&mut self, mut file: static_files::File, body: &mut BodyDecoder) -> Served {
        let keep_alive = self.may_keep_alive(false) && self.drain(body).await;
        let head = Answer::empty(200, file.fields());
        respond::write_file_head(
            &head,
            file.length,
            self.head.version,
            keep_alive,
            &mut self.outbox.bytes,
        );
        let mut sent = self.flush().await;
        let mut bytes = 0;
        if self.head.method() != "HEAD" {
            while sent && let Ok(Some(piece)) = file.next().await {
                bytes += piece.len() as u64;
                self.outbox.bytes.extend_from_slice(&piece);
                sent = self.flush().await;
            }
            sent &= bytes == file.length;
        }
        Served {
            outcome: Outcome::Answered,
            status: 200,
            bytes,
            upstream: false,
            error: (!sent).then_some("client_gone"),
            keep_alive: keep_alive && sent,
        }
    }

    /// A head that could not be read: the answer, then the end.
    async fn refuse(&mut self, fault: Fault) {
        let published = self.worker.shared.published.load_full();
        let format = published.snapshot.error_format;
        let answer = Answer::fault(fault, format, false);
        respond::write_answer(&answer, Version::Http11, false, false, &mut self.outbox.bytes);
        let sent = self.flush().await;
        let served = Served {
            outcome: Outcome::Answered,
            status: answer.status,
            bytes: answer.body.len() as u64,
            upstream: false,
            error: Some(if sent { "bad_request" } else { "client_gone" }),
            keep_alive: false,
        };
        self.head.clear();
        let now = Instant::now();
        self.record(&published, &Decided::default(), &served, self.origin.peer, [now, now]);
        self.linger().await;
    }

    /// Sends what lies in the outbox. False: the client takes it no more, or too slowly.
    async fn flush(&mut self) -> bool {
        self.deadline.set(self.worker.shared.config.limits.body_idle_timeout);
        let (outbox, io, deadline) = (&mut self.outbox, &mut self.io, &self.deadline);
        let sent = poll_fn(|cx| {
            if deadline.has_passed(cx) {
                return Poll::Ready(false);
            }
            outbox.poll_send_all(cx, io).map(|sent| sent.is_ok())
        })
        .await;
        self.deadline.clear();
        sent
    }

    /// Closes our side, and reads for a moment so that unread input does not turn into a reset that
    /// overtakes the answer (RFC 9112 §9.6).
    async fn linger(&mut self) {
        self.deadline.set(LINGER);
        let (io, received, deadline) = (&mut self.io, &mut self.received, &self.deadline);
        let mut closing = true;
        poll_fn(|cx| {
            loop {
                if deadline.has_passed(cx) {
                    return Poll::Ready(());
                }
                if closing {
                    std::task::ready!(tokio::io::AsyncWrite::poll_shutdown(
                        std::pin::Pin::new(&mut *io),
                        cx
                    ))
                    .ok();
                    closing = false;
                }
                match received.poll_fill(cx, io) {
                    Poll::Ready(Ok(count)) if count > 0 => received.consume(usize::MAX),
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
    }

    fn record(
        &self,
        published: &Published,
        decided: &Decided,
        served: &Served,
        client: std::net::IpAddr,
        [started, decided_at]: [Instant; 2],
    ) {
        let index = decided.route.as_ref().map(|route| route.index);
        let Some(metrics) = published.metrics(index) else { return };
        let traced = self.worker.log.is_on();
        let mut fields = self.head.fields.iter().filter(|_| traced);
        let traceparent =
            fields.find(|field| self.head.name(field).eq_ignore_ascii_case(b"traceparent"));
        let ended = Instant::now();
        let event = RequestEvent {
            api: decided.route.as_ref().map_or("none", |route| &route.name),
            method: self.head.method(),
            path: self.head.path(),
            protocol: self.head.version.name(),
            peer: client,
            trace_id: traceparent.and_then(|field| trace_id(self.head.value(field))),
            outcome: served.outcome,
            status: served.status,
            reason: decided.reason,
            decided: decided.decided,
            key_manager: decided.key_manager.as_deref(),
            cache: decided.cache,
            bytes: served.bytes,
            total: ended - started,
            decision: decided_at - started,
            upstream: served.upstream.then(|| ended - decided_at),
            error: served.error,
        };
        event.record(metrics, &self.worker.log);
    }

    fn fault(&self, fault: Fault, format: ErrorFormat, grpc: bool) -> Answer {
        Answer::fault(fault, format, grpc)
    }
}

/// The facts the decision sees, borrowed from the head.
pub(crate) fn facts<'a>(
    head: &'a RequestHead,
    form: Option<&'a [u8]>,
    peer: std::net::IpAddr,
) -> RequestFacts<'a> {
    let known = head.fields.iter().filter(|field| field.kind.is_known_to_decision());
    RequestFacts {
        method: head.method(),
        host: head.host(),
        path: head.path(),
        query: head.query(),
        fields: phantom_pipeline::KnownFields::collect(
            known.map(|field| (head.name(field), head.value(field))),
        ),
        form,
        peer,
    }
}
