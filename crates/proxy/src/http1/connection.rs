//! One HTTP/1 connection of a client: request after request, each decided before it is forwarded.

use std::future::poll_fn;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use std::time::Instant;

use phantom_core::DenyReason;
use phantom_pipeline::Answer;
use phantom_pipeline::Decision;
use phantom_pipeline::Entry;
use phantom_pipeline::Fault;
use phantom_pipeline::RequestFacts;
use phantom_pipeline::Route;
use phantom_pipeline::Target;
use phantom_pipeline::trace::Untraced;

use crate::access_log::RequestEvent;
use crate::config::ProxyConfig;
use crate::deadline::Deadline;
use crate::forward;
use crate::forward::Origin;
use crate::head::RequestHead;
use crate::http1::body::InStep;
use crate::http1::body::Unread;
use crate::http1::buffer::ReadBuffer;
use crate::http1::request;
use crate::metrics::Outcome;
use crate::request_id::RequestId;
use crate::server::Published;
use crate::server::Worker;
use crate::transport::Outbox;
use crate::transport::Transport;

mod client_body;
mod own_answers;
mod relay;
mod request_body;

use client_body::ClientBody;

/// After an answer that leaves unread input behind, input is read and thrown away for so long, so that
/// the client sees the answer and not a reset.
pub(crate) const LINGER: Duration = Duration::from_secs(2);
/// The same while input goes on coming: a client that sends all before it reads gets so much time.
const LINGER_MOST: Duration = Duration::from_secs(10);

pub(crate) struct Http1Connection {
    worker: Rc<Worker>,
    io: Transport,
    received: ReadBuffer,
    outbox: Outbox,
    origin: Origin,
    deadline: Deadline,
    head: RequestHead,
    /// Of the request that is served.
    id: Option<RequestId>,
}

/// What became of a request, for log and metrics.
pub(crate) struct Served {
    pub(crate) outcome: Outcome,
    pub(crate) status: u16,
    pub(crate) bytes: u64,
    /// A backend was asked, or tried.
    pub(crate) upstream: bool,
    pub(crate) error: Option<&'static str>,
    pub(crate) then: Then,
}

/// What becomes of the client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// The client was told that it may carry another request.
    GoOn,
    Close,
    /// Part of an answer is missing, and the connection's proper end would hide that.
    Reset,
}

impl Then {
    pub(crate) const fn go_on_if(in_step: bool) -> Self {
        if in_step { Self::GoOn } else { Self::Close }
    }
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
        deadline: Deadline,
    ) -> Self {
        let head = RequestHead::default();
        let outbox = Outbox::default();
        Self { worker, io, received, outbox, origin, deadline, head, id: None }
    }

    pub(crate) async fn serve(mut self) {
        let mut step = InStep::at_start();
        loop {
            let unread = match self.read_head(step).await {
                Ok(Some(unread)) => unread,
                Ok(None) => return self.close().await,
                Err(fault) => {
                    self.refuse(fault).await;
                    return self.linger().await;
                }
            };
            let (then, unread) = self.serve_request(unread).await;
            match (then, unread.end()) {
                (Then::GoOn, Some(next)) => step = next,
                (Then::GoOn | Then::Close, _) => return self.linger().await,
                (Then::Reset, _) => return self.io.reset_when_dropped(),
            }
            self.received.relax();
            self.outbox.relax();
        }
    }

    /// Reads one whole head. `Ok(None)`: the client is done, or has been idle for too long.
    async fn read_head(&mut self, step: InStep) -> Result<Option<Unread>, Fault> {
        let limits = &self.worker.shared.config.limits;
        let (received, io, head) = (&mut self.received, &mut self.io, &mut self.head);
        let (deadline, draining) = (&self.deadline, &self.worker.ending);
        let mut started = false;
        let mut parsed = 0;
        deadline.clear();
        deadline.set(limits.keep_alive_timeout);
        deadline.idle();
        let whole = poll_fn(|cx| {
            loop {
                let data = received.data();
                if !data.is_empty() && !started {
                    started = true;
                    deadline.set(limits.header_timeout);
                    deadline.beginning();
                }
                // Only a line's end can complete a head: bytes that drip in are not parsed anew.
                let fresh = data.get(parsed..).unwrap_or_default();
                let worthwhile =
                    memchr::memchr(b'\n', fresh).is_some() || data.len() >= limits.max_header_bytes;
                parsed = data.len();
                if worthwhile && let Some(length) = request::parse(data, head, limits)? {
                    received.consume(length);
                    deadline.clear();
                    deadline.busy();
                    return Poll::Ready(Ok(true));
                }
                if deadline.has_passed(cx) {
                    return Poll::Ready(if started {
                        Err(Fault::RequestTimeout)
                    } else {
                        Ok(false)
                    });
                }
                if deadline.is_evicted() {
                    return Poll::Ready(Ok(false));
                }
                match received.poll_fill(cx, io) {
                    Poll::Ready(Ok(count)) if count > 0 => {}
                    Poll::Ready(_) => return Poll::Ready(Ok(false)),
                    // Only when there is nothing to read: a request that has arrived is answered.
                    Poll::Pending if !started && draining.get() => return Poll::Ready(Ok(false)),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await?;
        Ok(whole.then(|| Unread::after_head(step, self.head.framing)))
    }

    /// Serves the request whose head was read, and tells what is left of its body.
    async fn serve_request(&mut self, mut body: Unread) -> (Then, Unread) {
        let started = Instant::now();
        let worker = self.worker.clone();
        let published = worker.shared.published.load_full();
        self.id = worker.identify(&self.head, self.origin.peer);
        let form = match self.read_form(&published, &mut body).await {
            Ok(form) => form,
            Err(fault) => {
                self.refuse(fault).await;
                return (Then::Close, body);
            }
        };
        if forward::is_loop(&self.head, &worker.shared.config) {
            let format = published.snapshot.error_format_at(self.origin.entry);
            let answer = Answer::fault(Fault::LoopDetected, format, false);
            let served = self.answer(&answer, &mut body).await;
            let served = Served { error: Some("loop"), ..served };
            let now = Instant::now();
            self.record(&published, &Decided::default(), &served, self.origin.peer, [started, now]);
            return (served.then, body);
        }
        let client = forward::client_address(&self.head, self.origin.peer, &worker.shared.config);
        let caller = Caller::new(client, &self.head, self.origin, &worker.shared.config);
        let facts = facts(&self.head, form.as_ref().map(|form| &*form.bytes), caller);
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
                match permitted.target() {
                    Target::Directory(root) => {
                        let root = root.clone();
                        self.serve_file(&permitted, &root, &mut body).await
                    }
                    Target::Endpoint | Target::Upstream(_) => {
                        self.forward(&permitted, &mut body, form, grpc).await
                    }
                }
            }
        };
        self.record(&published, &decided, &served, client, [started, decided_at]);
        (served.then, body)
    }

    fn record(
        &self,
        published: &Published,
        decided: &Decided,
        served: &Served,
        client: IpAddr,
        [started, decided_at]: [Instant; 2],
    ) {
        let Some(metrics) = published.metrics(decided.route.as_deref()) else { return };
        let ended = Instant::now();
        let event = RequestEvent {
            api: decided.route.as_ref().map_or("none", |route| &route.name),
            method: self.head.method(),
            path: self.head.path(),
            protocol: self.head.version.name(),
            peer: client,
            id: self.id,
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
}

/// Where a request came from, as the decision is told.
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) address: IpAddr,
    pub(crate) entry: Entry,
    pub(crate) tls: bool,
}

impl Caller {
    pub(crate) fn new(
        address: IpAddr,
        head: &RequestHead,
        origin: Origin,
        config: &ProxyConfig,
    ) -> Self {
        let tls = forward::client_uses_tls(head, origin, config);
        Self { address, entry: origin.entry, tls }
    }
}

/// The facts the decision sees, borrowed from the head.
pub(crate) fn facts<'a>(
    head: &'a RequestHead,
    form: Option<&'a [u8]>,
    caller: Caller,
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
        named: head,
        form,
        peer: caller.address,
        entry: caller.entry,
        tls: caller.tls,
    }
}
