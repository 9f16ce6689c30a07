//! A permitted request on its way to a backend, and the answer on its way back.

use std::borrow::Cow;
use std::future::poll_fn;
use std::task::Context;
use std::task::Poll;

use bytes::Bytes;
use h2::Reason;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Response;
use http::StatusCode;
use phantom_core::DenyReason;
use phantom_pipeline::Answer;
use phantom_pipeline::Fault;
use phantom_pipeline::Forward;
use phantom_pipeline::route::Bounds;
use phantom_pipeline::route::Upstream;

use super::OpenStream;
use super::account::Account;
use super::answering::Answering;
use super::answering::Client;
use super::unless_reset;
use crate::content::Content;
use crate::deadline::Deadline;
use crate::exchange::BodyError;
use crate::exchange::Exchange;
use crate::exchange::Heard;
use crate::exchange::Turn;
use crate::forward;
use crate::forward::Origin;
use crate::forward::Outgoing;
use crate::head::FieldKind;
use crate::head::Framing;
use crate::head::RequestHead;
use crate::http1::body::Piece;
use crate::http1::response::ResponseHead;
use crate::metrics::Outcome;
use crate::respond::ResponseEdits;
use crate::respond::Stamp;
use crate::server::Worker;
use crate::upstream::UpstreamConnection;

/// A permitted request.
pub(super) struct Sending {
    pub(super) permitted: Box<Forward>,
    pub(super) upstream: Upstream,
    pub(super) head: RequestHead,
    /// The body, or the start of it, where that was read already.
    pub(super) content: Option<Content>,
    pub(super) origin: Origin,
    pub(super) grpc: bool,
}

enum Failure {
    /// Nobody waits for an answer any more.
    ClientGone,
    Failed {
        fault: Fault,
        error: &'static str,
        stale: bool,
    },
    /// The token ended while the request was still on its way.
    TokenEnded(DenyReason),
}

impl Failure {
    const fn new((fault, error): (Fault, &'static str)) -> Self {
        Self::Failed { fault, error, stale: false }
    }
}

/// How the passing on of an answer's body ended.
#[derive(Clone, Copy)]
enum Ended {
    ClientGone,
    Cut(Reason, &'static str),
    Token(DenyReason),
    Whole,
}

/// Forwards a request and passes the answer on.
pub(super) async fn forward(mut sending: Sending, mut client: Client) {
    client.account.sent_upstream();
    let failure = match send(&mut sending, &mut client).await {
        Ok(exchange) => return respond(&sending, exchange, client).await,
        Err(failure) => failure,
    };
    let route = sending.permitted.route.clone();
    let format = route.error_format;
    let (mut answer, error) = match failure {
        Failure::ClientGone => return,
        Failure::TokenEnded(reason) => {
            client.account.reason = Some(reason);
            (Answer::deny(&reason.into(), Some(&route), format, sending.grpc), reason.name())
        }
        Failure::Failed { fault, error, .. } => (Answer::fault(fault, format, sending.grpc), error),
    };
    if let Some(cors) = &route.cors {
        let asked = sending.head.values(FieldKind::Origin).next();
        answer.fields.extend(cors.fields_for(asked));
    }
    client.answer(&answer, Outcome::Failed, Some(error)).await;
}

/// Sends the request and waits for the head of the answer; once more over a fresh connection where a
/// kept one turns out to be closed (HTP-15).
async fn send(sending: &mut Sending, client: &mut Client) -> Result<Exchange, Failure> {
    if let Some(most) = sending.permitted.route.bounds.max_body {
        let too_large = matches!(sending.head.framing, Framing::Length(length) if length > most);
        client.stream.take_at_most(most);
        if too_large {
            return Err(Failure::new(BodyError::TooLarge.fault()));
        }
    }
    collect(sending, client).await?;
    let worker = client.worker.clone();
    let mut fresh = false;
    loop {
        let now = worker.deadlines.now();
        let bounds = &sending.permitted.route.bounds;
        let acquiring = worker.pool.acquire(&sending.upstream, fresh, now, bounds);
        let acquired = unless_reset(&mut client.stream.respond, acquiring).await;
        let connection =
            acquired.ok_or(Failure::ClientGone)?.map_err(|error| Failure::new(error.fault()))?;
        match attempt(sending, client, connection).await {
            Err(Failure::Failed { stale: true, .. })
                if !fresh
                    && sending
                        .head
                        .is_replayable(sending.content.as_ref().is_some_and(|read| read.whole)) =>
            {
                fresh = true;
            }
            outcome => return outcome,
        }
    }
}

/// Reads a body of unknown length whole, where the route has it so.
async fn collect(sending: &mut Sending, client: &mut Client) -> Result<(), Failure> {
    let Some(most) = sending.permitted.route.collect_body else { return Ok(()) };
    if sending.content.is_some() || sending.head.framing != Framing::Chunked {
        return Ok(());
    }
    let limit = client.worker.shared.config.limits.upstream_idle_timeout;
    let reading = tokio::time::timeout(limit, client.stream.read_whole(most)).await;
    let read = reading.unwrap_or(Err(Fault::RequestTimeout));
    let read = read.map_err(|fault| Failure::new((fault, "not_collected")))?;
    sending.content = Some(Content::whole(read));
    match client.worker.token_ended(&sending.permitted) {
        Some(reason) => Err(Failure::TokenEnded(reason)),
        None => Ok(()),
    }
}

async fn attempt(
    sending: &Sending,
    client: &mut Client,
    mut connection: UpstreamConnection,
) -> Result<Exchange, Failure> {
    let Client { worker, stream, deadline, account, .. } = client;
    let (content, from_client) = (sending.content.as_ref(), sending.head.framing);
    let framing = content.map_or(from_client, |content| content.framing(from_client));
    let out = &mut connection.outbox.bytes;
    let Sending { permitted, upstream, head, .. } = sending;
    let (origin, id) = (sending.origin, account.id);
    let outgoing = Outgoing { forward: permitted, upstream, head, framing, origin, id };
    forward::write_head(&permitted.permit, outgoing, &worker.shared.config, out);
    let to_send = content.map_or(from_client, |content| content.write(from_client, out));
    let mut exchange = Exchange::new(connection, to_send, client.to_head, worker.response_head());
    let limits = &worker.shared.config.limits;
    let (open, bounds) = (&account.open, &permitted.route.bounds);
    let waiting = Waiting { worker, deadline, open, bounds };
    let mut patience = Patience::new();
    poll_fn(|cx| {
        patience.renew(&exchange, exchange.turn(), waiting);
        if deadline.has_passed(cx) {
            return Poll::Ready(Err(Failure::new(exchange.turn().timeout())));
        }
        if stream.respond.poll_reset(cx).is_ready() {
            return Poll::Ready(Err(Failure::ClientGone));
        }
        if let Poll::Ready(Err(error)) = exchange.poll_upload(cx, stream) {
            return Poll::Ready(Err(Failure::new(error.fault())));
        }
        if !exchange.is_upload_done()
            && let Some(reason) = token_ended(worker, &sending.permitted, deadline)
        {
            return Poll::Ready(Err(Failure::TokenEnded(reason)));
        }
        while let Poll::Ready(heard) = exchange.poll_head(cx, limits) {
            match heard {
                Ok(Heard::Final) => return Poll::Ready(Ok(())),
                Ok(Heard::Interim) => {
                    // One that cannot be told any more is gone, as the next poll tells.
                    let interim = interim(&exchange.head);
                    let _ = stream.respond.send_informational(interim);
                }
                Err(error) => {
                    let stale = exchange.was_stale(&error);
                    tracing::debug!(%error, "no answer from a backend");
                    let (fault, error) = error.fault();
                    return Poll::Ready(Err(Failure::Failed { fault, error, stale }));
                }
            }
        }
        patience.renew(&exchange, exchange.turn(), waiting);
        Poll::Pending
    })
    .await?;
    Ok(exchange)
}

/// What waits on a stream, and with which patience.
#[derive(Clone, Copy)]
struct Waiting<'a> {
    worker: &'a Worker,
    deadline: &'a Deadline,
    open: &'a OpenStream,
    bounds: &'a Bounds,
}

/// Puts the deadline off while something moves, or somebody else is waited for than before.
struct Patience {
    moved: u64,
    waits_for: Turn,
}

impl Patience {
    const fn new() -> Self {
        Self { moved: u64::MAX, waits_for: Turn::Backend }
    }

    fn renew(&mut self, exchange: &Exchange, turn: Turn, client: Waiting<'_>) {
        let moved = exchange.moved();
        if (moved, turn) != (self.moved, self.waits_for) {
            (self.moved, self.waits_for) = (moved, turn);
            let limits = &client.worker.shared.config.limits;
            client.deadline.set(turn.patience(limits, client.bounds));
            client.open.waits_for(turn, moved);
        }
    }
}

/// STR-1: a stream ends with its token. Looked at now and then.
fn token_ended(worker: &Worker, permitted: &Forward, deadline: &Deadline) -> Option<DenyReason> {
    permitted.exchanged.as_ref()?;
    deadline.watch();
    if deadline.is_watch_due() { worker.token_ended(permitted) } else { None }
}

/// Passes the answer on.
async fn respond(sending: &Sending, mut exchange: Exchange, mut client: Client) {
    let head = head_for_client(sending, &exchange, client.worker.stamp(client.account.id));
    let whole = exchange.head.framing == Framing::None;
    client.account.status = head.status().as_u16();
    if let Ok(mut answering) = Answering::start(&mut client.stream, head, whole) {
        let ended = if whole {
            Ended::Whole
        } else {
            pass_on(sending, &mut exchange, &mut answering, &mut client).await
        };
        if matches!(ended, Ended::Whole) {
            client.account.outcome = Outcome::Forwarded;
        }
        client.account.error = settle(ended, whole, sending, &exchange, &mut answering);
    }
    let (connection, head) = exchange.finish();
    let worker = &client.worker;
    if let Some(connection) = connection {
        worker.pool.put(&sending.upstream, connection, worker.deadlines.now());
    }
    worker.recycle(head);
    client.linger().await;
}

async fn pass_on(
    sending: &Sending,
    exchange: &mut Exchange,
    answering: &mut Answering,
    client: &mut Client,
) -> Ended {
    let Client { worker, stream, account, deadline, .. } = client;
    let mut patience = Patience::new();
    poll_fn(|cx| {
        if deadline.has_passed(cx) {
            let reason = match patience.waits_for {
                Turn::Backend => Reason::INTERNAL_ERROR,
                Turn::Client => Reason::CANCEL,
            };
            return Poll::Ready(Ended::Cut(reason, patience.waits_for.timeout().1));
        }
        if answering.is_gone(cx) {
            return Poll::Ready(Ended::ClientGone);
        }
        // A client that breaks its body off resets the stream.
        if let Poll::Ready(Err(error @ BodyError::TooLarge)) = exchange.poll_upload(cx, stream) {
            return Poll::Ready(Ended::Cut(Reason::CANCEL, error.fault().1));
        }
        match poll_pieces(cx, exchange, answering, account) {
            Ok(turn) => {
                let (open, bounds) = (&account.open, &sending.permitted.route.bounds);
                patience.renew(exchange, turn, Waiting { worker, deadline, open, bounds });
                match token_ended(worker, &sending.permitted, deadline) {
                    Some(reason) => Poll::Ready(Ended::Token(reason)),
                    None => Poll::Pending,
                }
            }
            Err(ended) => Poll::Ready(ended),
        }
    })
    .await
}

/// Passes on what came and the client has room for. Whose turn it is then.
fn poll_pieces(
    cx: &mut Context<'_>,
    exchange: &mut Exchange,
    answering: &mut Answering,
    account: &mut Account,
) -> Result<Turn, Ended> {
    loop {
        let here = match exchange.poll_piece(cx) {
            Poll::Pending => return Ok(Turn::Backend),
            Poll::Ready(Ok(Piece::Data(here))) => here,
            Poll::Ready(Ok(Piece::End | Piece::NeedMore)) => return Err(Ended::Whole),
            Poll::Ready(Err(error)) => {
                tracing::debug!(%error, "a backend broke off");
                return Err(Ended::Cut(Reason::INTERNAL_ERROR, error.fault().1));
            }
        };
        let Poll::Ready(room) = answering.poll_room(cx, here) else { return Ok(Turn::Client) };
        let room = room.map_err(|_| Ended::ClientGone)?;
        let data = Bytes::copy_from_slice(exchange.data(room));
        answering.data(data).map_err(|_| Ended::ClientGone)?;
        exchange.took(room);
        account.bytes += room as u64;
    }
}

/// Ends the stream so that it looks like what it is. gRPC says in its trailers that a token has ended
/// (STR-2); an event stream may end anywhere.
fn settle(
    ended: Ended,
    whole: bool,
    sending: &Sending,
    exchange: &Exchange,
    answering: &mut Answering,
) -> Option<&'static str> {
    let end = |answering: &mut Answering, trailers| match answering.end(trailers) {
        Ok(()) => None,
        Err(_) => Some("client_gone"),
    };
    match ended {
        Ended::Whole if whole => None,
        Ended::Whole => end(answering, trailer_map(exchange.trailers())),
        Ended::ClientGone => Some("client_gone"),
        Ended::Cut(reason, error) => {
            answering.reset(reason);
            Some(error)
        }
        Ended::Token(reason) => {
            let mut trailers = HeaderMap::new();
            if sending.grpc {
                trailers.insert("grpc-status", HeaderValue::from_static("16"));
                let message = HeaderValue::from_static("the access token has ended");
                trailers.insert("grpc-message", message);
            }
            if sending.grpc || exchange.head.is_event_stream() {
                let _ = end(answering, trailers);
            } else {
                answering.reset(Reason::INTERNAL_ERROR);
            }
            Some(reason.name())
        }
    }
}

fn head_for_client(sending: &Sending, exchange: &Exchange, stamp: Stamp) -> Response<()> {
    let permitted = &sending.permitted;
    let asked = sending.head.values(FieldKind::Origin).next();
    let private = permitted.edits.private_response;
    let edits = ResponseEdits::new(permitted.route.cors.as_deref(), asked, private, stamp);
    let mut response = response(exchange.head.status, edits.fields(&exchange.head));
    if let Some(length) = exchange.head.length_to_tell() {
        response.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
    }
    response
}

fn interim(head: &ResponseHead) -> Response<()> {
    response(head.status, head.end_to_end().map(|(name, value)| (name, value.into())))
}

fn response<'a>(
    status: u16,
    fields: impl Iterator<Item = (&'a [u8], Cow<'a, [u8]>)>,
) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in fields {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value.trim_ascii()))
        {
            response.headers_mut().append(name, value);
        }
    }
    response
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
