//! One HTTP/2 stream: decided, then answered or forwarded.

use std::convert::Infallible;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Instant;

use bytes::Bytes;
use http::Response;
use http::StatusCode;
use http::request::Parts;
use hyper::body::Body as _;
use hyper::body::Incoming;
use phantom_core::DenyReason;
use phantom_pipeline::Answer;
use phantom_pipeline::Decision;
use phantom_pipeline::Fault;
use phantom_pipeline::Forward;
use phantom_pipeline::Target;
use phantom_pipeline::edits::CredentialPlace;
use phantom_pipeline::route::Upstream;
use phantom_pipeline::trace::Untraced;

use super::OpenStream;
use super::body::Account;
use super::body::ClientStream;
use super::body::FileBody;
use super::body::RelayBody;
use super::body::StreamBody;
use super::request;
use crate::exchange::Exchange;
use crate::exchange::Heard;
use crate::exchange::Turn;
use crate::forward;
use crate::forward::Origin;
use crate::forward::Outgoing;
use crate::head::FieldKind;
use crate::head::Framing;
use crate::head::RequestHead;
use crate::head::Version;
use crate::http1::connection::Caller;
use crate::http1::connection::facts;
use crate::metrics::Outcome;
use crate::respond;
use crate::respond::ResponseEdits;
use crate::server::Worker;
use crate::static_files;

pub(super) async fn serve(
    worker: Rc<Worker>,
    request: http::Request<Incoming>,
    origin: Origin,
    open: OpenStream,
) -> Result<Response<StreamBody>, Infallible> {
    let (parts, incoming) = request.into_parts();
    Ok(answer(worker, &parts, incoming, origin, open).await)
}

async fn answer(
    worker: Rc<Worker>,
    parts: &Parts,
    incoming: Incoming,
    origin: Origin,
    open: OpenStream,
) -> Response<StreamBody> {
    let started = Instant::now();
    let published = worker.shared.published.load_full();
    let mut head = RequestHead::default();
    let limits = &worker.shared.config.limits;
    let filled = request::fill(parts, incoming.is_end_stream(), &mut head, limits);
    let to_head = head.method() == "HEAD";
    let mut account = Account::new(worker.clone(), published.clone(), started, open);
    let mut stream = ClientStream::new(incoming);
    if let Err(fault) = filled {
        account.error = Some("bad_request");
        let format = published.snapshot.error_format_at(origin.entry);
        let answer = Answer::fault(fault, format, false);
        return own(&answer, to_head, account, stream);
    }
    let client = forward::client_address(&head, origin.peer, &worker.shared.config);
    account.describe(&head, client);
    let caller = Caller::new(client, &head, origin, &worker.shared.config);
    let form = match read_form(&worker, &published.snapshot, &head, caller, &mut stream).await {
        Ok(form) => form,
        Err(fault) => {
            let format = published.snapshot.error_format_at(origin.entry);
            let answer = Answer::fault(fault, format, false);
            return own(&answer, to_head, account, stream);
        }
    };
    let facts = facts(&head, form.as_deref(), caller);
    let grpc = facts.is_grpc();
    let decision = worker.shared.pipeline.decide(&published.snapshot, &facts, &mut Untraced).await;
    account.decided(started.elapsed());
    match decision {
        Decision::Answer { answer, route, reason } => {
            account.route = route;
            account.reason = reason;
            own(&answer, to_head, account, stream)
        }
        Decision::Forward(permitted) => {
            account.route = Some(permitted.route.clone());
            account.exchanged = permitted.exchanged.clone();
            match permitted.target() {
                Target::Directory(root) => {
                    let root = root.clone();
                    file(&permitted, &root, &head, account, stream).await
                }
                Target::Endpoint => {
                    // Only a permit without an endpoint, which no decision gives.
                    let format = permitted.route.error_format;
                    own(&Answer::fault(Fault::NotFound, format, grpc), to_head, account, stream)
                }
                Target::Upstream(upstream) => {
                    let upstream = upstream.clone();
                    let sending = Sending { permitted, upstream, head, stream, form, origin, grpc };
                    relay(worker, sending, account).await
                }
            }
        }
    }
}

/// A permitted request on its way.
struct Sending {
    permitted: Box<Forward>,
    upstream: Upstream,
    head: RequestHead,
    stream: ClientStream,
    form: Option<Vec<u8>>,
    origin: Origin,
    grpc: bool,
}

async fn relay(
    worker: Rc<Worker>,
    mut sending: Sending,
    mut account: Account,
) -> Response<StreamBody> {
    account.sent_upstream();
    let mut fresh = false;
    loop {
        match attempt(&worker, &mut sending, fresh).await {
            Ok(exchange) => return respond_with(worker, sending, exchange, account),
            Err(failure)
                if failure.stale
                    && !fresh
                    && sending.head.is_replayable(sending.form.is_some()) =>
            {
                fresh = true;
            }
            Err(failure) => {
                account.outcome = Outcome::Failed;
                account.error = Some(failure.error);
                let format = sending.permitted.route.error_format;
                let route = &sending.permitted.route;
                let mut answer = match failure.reason {
                    Some(reason) => {
                        account.reason = Some(reason);
                        Answer::deny(&reason.into(), Some(route), format, sending.grpc)
                    }
                    None => Answer::fault(failure.fault, format, sending.grpc),
                };
                if let Some(cors) = &sending.permitted.route.cors {
                    let asked = sending.head.values(FieldKind::Origin).next();
                    answer.fields.extend(cors.fields_for(asked));
                }
                return own(&answer, sending.head.method() == "HEAD", account, sending.stream);
            }
        }
    }
}

struct Failure {
    fault: Fault,
    error: &'static str,
    stale: bool,
    /// The token ended while the request was still on its way.
    reason: Option<DenyReason>,
}

impl Failure {
    const fn new((fault, error): (Fault, &'static str)) -> Self {
        Self { fault, error, stale: false, reason: None }
    }
}

/// Sends the request and waits for the head of the answer.
async fn attempt(
    worker: &Rc<Worker>,
    sending: &mut Sending,
    fresh: bool,
) -> Result<Exchange, Failure> {
    let now = worker.deadlines.now();
    let acquired = worker.pool.acquire(&sending.upstream, fresh, now).await;
    let mut connection = acquired.map_err(|error| Failure::new(error.fault()))?;
    let form =
        sending.form.as_ref().map(|form| forward::rewritten_form(&sending.permitted.edits, form));
    let framing =
        form.as_ref().map_or(sending.head.framing, |form| Framing::Length(form.len() as u64));
    let out = &mut connection.outbox.bytes;
    let Sending { permitted, upstream, head, .. } = &*sending;
    let outgoing = Outgoing { forward: permitted, upstream, head, framing, origin: sending.origin };
    forward::write_head(&permitted.permit, outgoing, &worker.shared.config, out);
    let to_send = match form {
        Some(form) => {
            out.extend_from_slice(&form);
            Framing::None
        }
        None => framing,
    };
    let to_head = sending.head.method() == "HEAD";
    let mut exchange = Exchange::new(connection, to_send, to_head, worker.response_head());
    let limits = &worker.shared.config.limits;
    let deadline = worker.deadlines.register();
    let mut waits_for = (u64::MAX, Turn::Backend);
    let put_off = |exchange: &Exchange, waits_for: &mut (u64, Turn)| {
        let now = (exchange.moved(), exchange.turn());
        if now != *waits_for {
            *waits_for = now;
            deadline.set(now.1.patience(limits));
        }
    };
    poll_fn(|cx| {
        put_off(&exchange, &mut waits_for);
        if deadline.has_passed(cx) {
            return Poll::Ready(Err(Failure::new(waits_for.1.timeout())));
        }
        if let Poll::Ready(Err(_)) = exchange.poll_upload(cx, &mut sending.stream) {
            let fault = Fault::BadRequest("the request body broke off or is malformed");
            return Poll::Ready(Err(Failure::new((fault, "client_gone"))));
        }
        put_off(&exchange, &mut waits_for);
        if !exchange.is_upload_done() && sending.permitted.exchanged.is_some() {
            deadline.watch();
            if deadline.is_watch_due()
                && let Some(reason) = worker.token_ended(&sending.permitted)
            {
                let fault = (Fault::RequestTimeout, reason.name());
                return Poll::Ready(Err(Failure { reason: Some(reason), ..Failure::new(fault) }));
            }
        }
        loop {
            match std::task::ready!(exchange.poll_head(cx, limits)) {
                Ok(Heard::Interim) => {}
                Ok(Heard::Final) => return Poll::Ready(Ok(())),
                Err(error) => {
                    let stale = exchange.was_stale(&error);
                    tracing::debug!(%error, "no answer from a backend");
                    return Poll::Ready(Err(Failure { stale, ..Failure::new(error.fault()) }));
                }
            }
        }
    })
    .await?;
    Ok(exchange)
}

fn respond_with(
    worker: Rc<Worker>,
    sending: Sending,
    exchange: Exchange,
    mut account: Account,
) -> Response<StreamBody> {
    let Sending { permitted, upstream, head, stream, grpc, .. } = sending;
    let asked = head.values(FieldKind::Origin).next();
    let private =
        permitted.edits.place == CredentialPlace::Query && permitted.edits.private_response;
    let edits = ResponseEdits::new(permitted.route.cors.as_deref(), asked, private);
    let mut response = Response::new(());
    let status = exchange.head.status;
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in edits.fields(&exchange.head) {
        let name = http::HeaderName::from_bytes(name);
        let value = http::HeaderValue::from_bytes(value);
        if let (Ok(name), Ok(value)) = (name, value) {
            response.headers_mut().append(name, value);
        }
    }
    if let Some(length) = exchange.head.content_length()
        && !matches!(status, 100..=199 | 204)
        && let Ok(length) = http::HeaderValue::from_bytes(length)
    {
        response.headers_mut().insert(http::header::CONTENT_LENGTH, length);
    }
    account.status = status;
    account.outcome = Outcome::Failed;
    let body = RelayBody::new(worker, *permitted, upstream, exchange, stream, account, grpc);
    response.map(|()| StreamBody::Relay(Box::new(body)))
}

async fn read_form(
    worker: &Rc<Worker>,
    snapshot: &phantom_pipeline::Snapshot,
    head: &RequestHead,
    caller: Caller,
    stream: &mut ClientStream,
) -> Result<Option<Vec<u8>>, Fault> {
    if head.framing == Framing::None || !snapshot.takes_form(&facts(head, None, caller)) {
        return Ok(None);
    }
    let limits = &worker.shared.config.limits;
    let reading = stream.read_all(limits.max_form_bytes);
    let form = tokio::time::timeout(limits.body_idle_timeout, reading).await;
    form.map_err(|_| Fault::RequestTimeout)?.map(Some)
}

async fn file(
    permitted: &Forward,
    root: &std::path::Path,
    head: &RequestHead,
    mut account: Account,
    stream: ClientStream,
) -> Response<StreamBody> {
    let to_head = head.method() == "HEAD";
    let found =
        static_files::find(root, &permitted.route.matcher.prefix, head.path(), head.method());
    match found.await {
        Ok(static_files::Found::File(file)) => {
            let mut response = respond::answer_head(&Answer::empty(200, file.fields()));
            response.headers_mut().insert(http::header::CONTENT_LENGTH, file.length.into());
            account.status = 200;
            stream.linger(account.limits());
            response.map(|()| match to_head {
                true => StreamBody::Whole(None, Box::new(account)),
                false => StreamBody::File(Box::new(FileBody::new(file, account))),
            })
        }
        Ok(static_files::Found::Redirect(location)) => {
            own(&Answer::empty(308, vec![("location", location)]), to_head, account, stream)
        }
        Err(fault) => own(
            &Answer::fault(fault, permitted.route.error_format, false),
            to_head,
            account,
            stream,
        ),
    }
}

/// An answer of our own. Nobody reads on of the request's body.
fn own(
    answer: &Answer,
    to_head: bool,
    mut account: Account,
    stream: ClientStream,
) -> Response<StreamBody> {
    stream.linger(account.limits());
    let mut response = respond::answer_head(answer);
    account.status = answer.status;
    let body = Bytes::copy_from_slice(answer.body.as_bytes());
    if answer.status != 204 && !response.headers().contains_key("grpc-status") {
        response.headers_mut().insert(http::header::CONTENT_LENGTH, body.len().into());
    }
    let body = (!to_head && !body.is_empty()).then_some(body);
    account.bytes = body.as_ref().map_or(0, |body| body.len() as u64);
    response.map(|()| StreamBody::Whole(body, Box::new(account)))
}

/// The version in logs and `Via`.
pub(super) const VERSION: Version = Version::Http2;
