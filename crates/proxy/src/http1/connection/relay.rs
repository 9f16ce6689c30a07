//! Request out, response back, both at once, in constant memory.

use std::future::poll_fn;
use std::task::Context;
use std::task::Poll;

use phantom_core::DenyReason;
use phantom_pipeline::Answer;
use phantom_pipeline::Fault;
use phantom_pipeline::Forward;
use phantom_pipeline::Target;
use phantom_pipeline::route::Bounds;
use phantom_pipeline::route::Upstream;

use super::ClientBody;
use super::Http1Connection;
use super::Served;
use super::Then;
use crate::content::Content;
use crate::exchange::BodyError;
use crate::exchange::Exchange;
use crate::exchange::Heard;
use crate::exchange::Turn;
use crate::forward;
use crate::forward::Outgoing;
use crate::head::Framing;
use crate::head::Version;
use crate::http1::body::Piece;
use crate::http1::body::Unread;
use crate::http1::body::write_chunk;
use crate::http1::body::write_last_chunk;
use crate::http1::buffer::CHUNK;
use crate::metrics::Outcome;
use crate::respond;
use crate::respond::ClientFraming;
use crate::respond::ResponseEdits;
use crate::upstream::UpstreamConnection;

/// How one attempt at one backend connection ended.
enum Attempt {
    /// The response went to the client whole.
    Done { status: u16, bytes: u64, keep_alive: bool },
    /// Nothing was sent to the client yet.
    Failed { fault: Fault, error: &'static str, stale: bool },
    /// The client has part of a response, or is gone: all that is left is to end the connection.
    BrokenOff { status: u16, bytes: u64, error: &'static str, then: Then },
}

/// Progress of a response.
struct Relay {
    phase: Phase,
    framing: ClientFraming,
    edits: ResponseEdits,
    keep_alive: bool,
    status: u16,
    bytes: u64,
    /// The stream may be ended early without looking whole: a server-sent event stream.
    ends_anywhere: bool,
    /// The client may have seen the head: from here on an answer of our own comes too late.
    committed: bool,
    /// Where the head lies in the outbox, to be taken back for as long as it is not committed.
    starts_at: usize,
    /// It ends before its time, once what is there has been sent.
    ends: Option<&'static str>,
    /// Who is waited for, and what had moved when the deadline was last put off.
    waits_for: Turn,
    moved: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Body,
    Flush,
    Head,
}

impl Http1Connection {
    /// Forwards a permitted request and relays the answer.
    pub(super) async fn forward(
        &mut self,
        permitted: &Forward,
        body: &mut Unread,
        form: Option<Content>,
        grpc: bool,
    ) -> Served {
        let Target::Upstream(upstream) = permitted.target() else {
            return self.fail(Fault::NotFound, "no_upstream", permitted, body, grpc).await;
        };
        let bounds = permitted.route.bounds;
        let most = bounds.max_body.unwrap_or(u64::MAX);
        if matches!(self.head.framing, Framing::Length(length) if length > most) {
            let (fault, error) = BodyError::TooLarge.fault();
            return self.fail(fault, error, permitted, body, grpc).await;
        }
        let content = match (form, permitted.route.collect_body) {
            (Some(form), _) => Some(forward::rewritten_form(&permitted.edits, form)),
            (None, Some(collected)) if self.head.framing == Framing::Chunked => {
                let most = collected.min(usize::try_from(most).unwrap_or(usize::MAX));
                match self.read_whole(body, most).await {
                    Ok(content) => match self.worker.token_ended(permitted) {
                        None => Some(content),
                        Some(reason) => return self.too_late(reason, permitted, body, grpc).await,
                    },
                    Err(fault) => {
                        return self.fail(fault, "not_collected", permitted, body, grpc).await;
                    }
                }
            }
            _ => None,
        };
        let mut fresh = false;
        loop {
            let now = self.worker.deadlines.now();
            let connecting = self.worker.pool.acquire(upstream, fresh, now, &bounds);
            let connection = match connecting.await {
                Ok(connection) => connection,
                Err(error) => {
                    let (fault, error) = error.fault();
                    let served = self.fail(fault, error, permitted, body, grpc).await;
                    return Served { upstream: true, ..served };
                }
            };
            let attempt = self.attempt(permitted, upstream, connection, body, content.as_ref());
            let (outcome, status, bytes, error, then) = match attempt.await {
                Attempt::Done { status, bytes, keep_alive } => {
                    (Outcome::Forwarded, status, bytes, None, Then::go_on_if(keep_alive))
                }
                // HTP-15: once more, if nothing of the request can have been acted on twice.
                Attempt::Failed { stale: true, .. }
                    if !fresh
                        && self
                            .head
                            .is_replayable(content.as_ref().is_some_and(|read| read.whole)) =>
                {
                    fresh = true;
                    continue;
                }
                Attempt::Failed { fault, error, .. } => {
                    let served = self.fail(fault, error, permitted, body, grpc).await;
                    return Served { upstream: true, ..served };
                }
                Attempt::BrokenOff { status, bytes, error, then } => {
                    (Outcome::Failed, status, bytes, Some(error), then)
                }
            };
            return Served { outcome, status, bytes, upstream: true, error, then };
        }
    }

    async fn fail(
        &mut self,
        fault: Fault,
        error: &'static str,
        permitted: &Forward,
        body: &mut Unread,
        grpc: bool,
    ) -> Served {
        let mut answer = Answer::fault(fault, permitted.route.error_format, grpc);
        if let Some(cors) = &permitted.route.cors {
            answer.fields.extend(cors.fields_for(self.origin_field().as_deref()));
        }
        let served = self.answer(&answer, body).await;
        Served { outcome: Outcome::Failed, error: Some(error), ..served }
    }

    /// The token ended before the request was whole.
    async fn too_late(
        &mut self,
        reason: DenyReason,
        permitted: &Forward,
        body: &mut Unread,
        grpc: bool,
    ) -> Served {
        let route = &permitted.route;
        let mut answer = Answer::deny(&reason.into(), Some(route), route.error_format, grpc);
        if let Some(cors) = &route.cors {
            answer.fields.extend(cors.fields_for(self.origin_field().as_deref()));
        }
        let served = self.answer(&answer, body).await;
        Served { error: Some(reason.name()), ..served }
    }

    fn origin_field(&self) -> Option<Vec<u8>> {
        self.head.values(crate::head::FieldKind::Origin).next().map(<[u8]>::to_vec)
    }

    async fn attempt(
        &mut self,
        permitted: &Forward,
        upstream: &Upstream,
        mut connection: UpstreamConnection,
        body: &mut Unread,
        content: Option<&Content>,
    ) -> Attempt {
        let from_client = self.head.framing;
        let framing = content.map_or(from_client, |content| content.framing(from_client));
        let config = &self.worker.shared.config;
        let out = &mut connection.outbox.bytes;
        let origin = self.origin;
        let id = self.id;
        let outgoing =
            Outgoing { forward: permitted, upstream, head: &self.head, framing, origin, id };
        forward::write_head(&permitted.permit, outgoing, config, out);
        let to_send = content.map_or(from_client, |content| content.write(from_client, out));
        let to_head = self.head.method() == "HEAD";
        let exchange = Exchange::new(connection, to_send, to_head, self.worker.response_head());
        let origin = permitted.route.cors.as_ref().and_then(|_| self.origin_field());
        let private = permitted.edits.private_response;
        let relay = Relay {
            phase: Phase::Head,
            framing: ClientFraming::None,
            edits: ResponseEdits::new(
                permitted.route.cors.as_deref(),
                origin.as_deref(),
                private,
                self.worker.stamp(self.id),
            ),
            keep_alive: self.may_keep_alive(false),
            status: 0,
            bytes: 0,
            ends_anywhere: false,
            committed: false,
            starts_at: 0,
            ends: None,
            waits_for: Turn::Backend,
            moved: u64::MAX,
        };
        let (attempt, exchange) = self.run(permitted, exchange, relay, body).await;
        let (connection, head) = exchange.finish();
        if let (Some(connection), Attempt::Done { .. }) = (connection, &attempt) {
            self.worker.pool.put(upstream, connection, self.worker.deadlines.now());
        }
        self.worker.recycle(head);
        attempt
    }

    async fn run(
        &mut self,
        permitted: &Forward,
        mut exchange: Exchange,
        mut relay: Relay,
        body: &mut Unread,
    ) -> (Attempt, Exchange) {
        let attempt =
            poll_fn(|cx| self.poll_relay(cx, permitted, &mut exchange, &mut relay, body)).await;
        self.deadline.clear();
        (attempt, exchange)
    }

    fn poll_relay(
        &mut self,
        cx: &mut Context<'_>,
        permitted: &Forward,
        exchange: &mut Exchange,
        relay: &mut Relay,
        body: &mut Unread,
    ) -> Poll<Attempt> {
        let bounds = &permitted.route.bounds;
        self.put_off_deadline(exchange, relay, bounds);
        if self.deadline.has_passed(cx) {
            let (fault, error) = relay.waits_for.timeout();
            return Poll::Ready(self.failed(relay, fault, error, false));
        }
        if self.deadline.is_given_up() {
            return Poll::Ready(self.broken_off(relay, "client_slow"));
        }
        if !exchange.is_upload_done() {
            let mut source = ClientBody {
                io: &mut self.io,
                received: &mut self.received,
                decoder: body,
                outbox: &mut self.outbox,
                expects_continue: &mut self.head.expects_continue,
                most: bounds.max_body.unwrap_or(u64::MAX),
            };
            if let Poll::Ready(Err(error)) = exchange.poll_upload(cx, &mut source) {
                let (fault, error) = error.fault();
                return Poll::Ready(self.failed(relay, fault, error, false));
            }
        }
        let polled = self.poll_response(cx, exchange, relay, body);
        if polled.is_pending() {
            // A stream that lasts is looked at again and again: its token may end (STR-1).
            if permitted.exchanged.is_some() {
                self.deadline.watch();
                let streams = relay.phase == Phase::Body || !exchange.is_upload_done();
                if streams && let Some(attempt) = self.end_with_token(permitted, relay) {
                    return Poll::Ready(attempt);
                }
                if relay.phase == Phase::Flush {
                    return self.poll_response(cx, exchange, relay, body);
                }
            }
            if exchange.is_upload_done() && self.client_is_gone(cx) {
                return Poll::Ready(self.broken_off(relay, "client_gone"));
            }
            self.put_off_deadline(exchange, relay, bounds);
        }
        polled
    }

    /// While something moves, or somebody else is waited for than before.
    fn put_off_deadline(&self, exchange: &Exchange, relay: &mut Relay, bounds: &Bounds) {
        let turn = if !self.outbox.is_empty() {
            Turn::Client
        } else if relay.phase == Phase::Head {
            exchange.turn()
        } else {
            Turn::Backend
        };
        let moved = exchange.moved() + self.io.taken();
        if (relay.moved, relay.waits_for) != (moved, turn) {
            (relay.moved, relay.waits_for) = (moved, turn);
            self.deadline.set(turn.patience(&self.worker.shared.config.limits, bounds));
            match turn {
                Turn::Client => self.deadline.wait_for_client(moved),
                Turn::Backend => self.deadline.busy(),
            }
        }
    }

    fn poll_response(
        &mut self,
        cx: &mut Context<'_>,
        exchange: &mut Exchange,
        relay: &mut Relay,
        body: &Unread,
    ) -> Poll<Attempt> {
        loop {
            match relay.phase {
                Phase::Head => match exchange.poll_head(cx, &self.worker.shared.config.limits) {
                    Poll::Ready(Ok(Heard::Interim)) => {
                        if self.head.version != Version::Http10 {
                            respond::write_interim(&exchange.head, &mut self.outbox.bytes);
                            if let Poll::Ready(Err(_)) = self.outbox.poll_send_all(cx, &mut self.io)
                            {
                                return Poll::Ready(self.broken_off(relay, "client_gone"));
                            }
                        }
                    }
                    Poll::Ready(Ok(Heard::Final)) => {
                        // An answer before the end of the request: what is left of it is not
                        // waited for.
                        relay.keep_alive &= body.is_done() && !self.worker.draining.get();
                        relay.start(exchange, self.head.version, &mut self.outbox.bytes);
                    }
                    Poll::Ready(Err(error)) => {
                        let stale = exchange.was_stale(&error);
                        tracing::debug!(%error, "no answer from a backend");
                        let (fault, error) = error.fault();
                        return Poll::Ready(self.failed(relay, fault, error, stale));
                    }
                    Poll::Pending => return Poll::Pending,
                },
                Phase::Body => {
                    if self.outbox.pending() >= CHUNK {
                        relay.committed = true;
                        match self.outbox.poll_send_all(cx, &mut self.io) {
                            Poll::Ready(Ok(())) => {}
                            Poll::Ready(Err(_)) => {
                                return Poll::Ready(self.broken_off(relay, "client_gone"));
                            }
                            Poll::Pending => return Poll::Pending,
                        }
                    }
                    match exchange.poll_piece(cx) {
                        Poll::Ready(Ok(Piece::Data(count))) => {
                            relay.pass(exchange.data(count), &mut self.outbox.bytes);
                            exchange.took(count);
                        }
                        Poll::Ready(Ok(Piece::End | Piece::NeedMore)) => {
                            relay.end(exchange.trailers(), &mut self.outbox.bytes);
                        }
                        Poll::Ready(Err(error)) => {
                            tracing::debug!(%error, "a backend broke off");
                            let (fault, error) = error.fault();
                            if !relay.committed {
                                return Poll::Ready(self.failed(relay, fault, error, false));
                            }
                            // The client gets what there is, and can see that it is not all.
                            relay.ends = Some(error);
                            relay.phase = Phase::Flush;
                        }
                        Poll::Pending => {
                            // What came goes on at once: events are not held back.
                            relay.committed = true;
                            return match self.outbox.poll_send_all(cx, &mut self.io) {
                                Poll::Ready(Err(_)) => {
                                    Poll::Ready(self.broken_off(relay, "client_gone"))
                                }
                                _ => Poll::Pending,
                            };
                        }
                    }
                }
                Phase::Flush => {
                    relay.committed = true;
                    return match self.outbox.poll_send_all(cx, &mut self.io) {
                        Poll::Ready(Ok(())) => Poll::Ready(match relay.ends {
                            None => relay.done(),
                            Some(error) => self.broken_off(relay, error),
                        }),
                        Poll::Ready(Err(_)) => Poll::Ready(self.broken_off(relay, "client_gone")),
                        Poll::Pending => Poll::Pending,
                    };
                }
            }
        }
    }

    /// A client that hangs up while the backend works: the backend need not go on. What it sends
    /// meanwhile is the next request, and kept.
    fn client_is_gone(&mut self, cx: &mut Context<'_>) -> bool {
        if self.received.data().len() >= CHUNK {
            return false;
        }
        matches!(self.received.poll_fill(cx, &mut self.io), Poll::Ready(Ok(0) | Err(_)))
    }

    /// Ends a stream whose token has expired or was revoked (STR-1). A server-sent event stream ends
    /// properly and its reader comes back to a 401 (STR-2); anything else is visibly cut.
    fn end_with_token(&mut self, permitted: &Forward, relay: &mut Relay) -> Option<Attempt> {
        if relay.phase == Phase::Flush || !self.deadline.is_watch_due() {
            return None;
        }
        let error = self.worker.token_ended(permitted)?.name();
        if !relay.ends_anywhere {
            return Some(self.broken_off(relay, error));
        }
        relay.end(b"", &mut self.outbox.bytes);
        relay.ends = Some(error);
        None
    }

    /// Before the client was told anything this is an answer; after, only the end is left.
    fn failed(&mut self, relay: &Relay, fault: Fault, error: &'static str, stale: bool) -> Attempt {
        if relay.committed {
            return self.broken_off(relay, error);
        }
        if relay.phase != Phase::Head {
            self.outbox.bytes.truncate(relay.starts_at);
        }
        Attempt::Failed { fault, error, stale }
    }

    fn broken_off(&self, relay: &Relay, error: &'static str) -> Attempt {
        // What lies here was never sent.
        let bytes = relay.bytes.saturating_sub(self.outbox.pending() as u64);
        let then = match relay.framing {
            // The connection's end is the body's: only a reset looks like a part of it.
            ClientFraming::UntilClose if !relay.ends_anywhere => Then::Reset,
            _ => Then::Close,
        };
        Attempt::BrokenOff { status: relay.status, bytes, error, then }
    }
}

impl Relay {
    fn start(&mut self, exchange: &Exchange, version: crate::head::Version, out: &mut Vec<u8>) {
        let head = &exchange.head;
        self.starts_at = out.len();
        self.status = head.status;
        self.framing = ClientFraming::new(head.framing, version);
        self.keep_alive &= self.framing != ClientFraming::UntilClose;
        self.ends_anywhere = head.is_event_stream();
        respond::write_response_head(
            head,
            &self.edits,
            self.framing,
            version,
            self.keep_alive,
            out,
        );
        self.phase = if head.framing == Framing::None { Phase::Flush } else { Phase::Body };
    }

    fn pass(&mut self, data: &[u8], out: &mut Vec<u8>) {
        self.bytes += data.len() as u64;
        match self.framing {
            ClientFraming::Chunked => write_chunk(data, out),
            ClientFraming::Length | ClientFraming::None | ClientFraming::UntilClose => {
                out.extend_from_slice(data);
            }
        }
    }

    fn end(&mut self, trailers: &[u8], out: &mut Vec<u8>) {
        if self.framing == ClientFraming::Chunked {
            write_last_chunk(trailers, out);
        }
        self.phase = Phase::Flush;
    }

    const fn done(&self) -> Attempt {
        Attempt::Done { status: self.status, bytes: self.bytes, keep_alive: self.keep_alive }
    }
}
