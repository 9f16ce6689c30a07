//! HTTP/2 connections of clients. Frames, streams and windows are `h2`'s; what is decided and forwarded
//! is the same as for HTTP/1.1.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use h2::Ping;
use h2::PingPong;
use h2::Reason;
use h2::server;

use crate::config::Limits;
use crate::deadline::Deadline;
use crate::exchange::Turn;
use crate::forward::Origin;
use crate::serve::LINGER;
use crate::transport::Transport;
use crate::worker::Worker;
use phantom_wire::ReadBuffer;

mod client;
mod fields;
mod incoming;
mod metered;
mod request;
mod stream;

use metered::Meter;
use metered::Metered;

/// Silence after which the client is asked whether it is still there, and what it gets to say so.
const PING_AFTER: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Small in the model, whose scripts are to fill them.
const STREAM_WINDOW: u32 = if cfg!(test) { 20_000 } else { 256 * 1024 };
const CONNECTION_WINDOW: u32 = if cfg!(test) { 70_000 } else { 1024 * 1024 };
/// The most that one stream may have lie here unsent.
const SEND_BUFFER: usize = 256 * 1024;

/// Serves one connection until the client is done, idle for too long, or the worker drains.
pub(crate) async fn serve(
    worker: Rc<Worker>,
    transport: Transport,
    received: ReadBuffer,
    origin: Origin,
    deadline: Deadline,
) {
    let limits = worker.shared.config.limits.clone();
    let meter = Rc::new(Meter::new());
    let io = Metered::new(received, transport, meter.clone());
    let handshake = server::Builder::new()
        .max_concurrent_streams(limits.max_concurrent_streams)
        .max_header_list_size(u32::try_from(limits.max_header_bytes).unwrap_or(u32::MAX))
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(SEND_BUFFER)
        .handshake(io);
    let handshake = async { handshake.await.map_err(io::Error::other) };
    let connection = match deadline.bound(handshake).await {
        Ok(connection) => connection,
        Err(error) => {
            return tracing::debug!(%error, "an HTTP/2 connection ended before its first stream");
        }
    };
    let mut connection = Connection {
        pings: None,
        connection,
        origin,
        streams: Rc::new(Streams::new(deadline)),
        meter,
        limits,
        phase: Phase::Open,
        seen: (u64::MAX, u64::MAX),
        worker,
    };
    connection.pings = connection.connection.ping_pong();
    if let Err(error) = poll_fn(|cx| connection.poll(cx)).await {
        tracing::debug!(%error, "an HTTP/2 connection ended in an error");
    }
}

struct Connection {
    connection: server::Connection<Metered, Bytes>,
    pings: Option<PingPong>,
    worker: Rc<Worker>,
    origin: Origin,
    streams: Rc<Streams>,
    meter: Rc<Meter>,
    limits: Limits,
    phase: Phase,
    /// Bytes read and written when the deadline was last put off.
    seen: (u64, u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// No stream is open.
    Idle,
    Open,
    /// The client was asked whether it is still there.
    Asked,
    /// No stream is taken any more.
    Closing,
}

impl Connection {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), h2::Error>> {
        while let Poll::Ready(accepted) = self.connection.poll_accept(cx) {
            let Some(accepted) = accepted else { return Poll::Ready(Ok(())) };
            let (request, respond) = accepted?;
            let open = OpenStream::new(self.streams.clone());
            let serving = stream::serve(self.worker.clone(), request, respond, self.origin, open);
            tokio::task::spawn_local(serving);
        }
        if self.meter.is_flooded() && self.phase != Phase::Closing {
            self.worker.shared.metrics.ended.flood.inc();
            self.close(Some(Reason::ENHANCE_YOUR_CALM));
            return self.poll(cx);
        }
        if self.worker.draining.get() && self.phase != Phase::Closing {
            self.close(None);
            return self.poll(cx);
        }
        self.put_off_deadline(cx);
        if self.streams.deadline.is_given_up() {
            return Poll::Ready(Ok(()));
        }
        let evicted = self.phase == Phase::Idle && self.streams.deadline.is_evicted();
        if !self.streams.deadline.has_passed(cx) && !evicted {
            return Poll::Pending;
        }
        match self.phase {
            Phase::Open => self.ask(),
            Phase::Idle => self.close(None),
            // Gone without a word, or done and not taking the end of it.
            Phase::Asked | Phase::Closing => return Poll::Ready(Ok(())),
        }
        self.poll(cx)
    }

    /// While something moves. Streams have deadlines of their own.
    fn put_off_deadline(&mut self, cx: &mut Context<'_>) {
        let pong = self.pings.as_mut().is_some_and(|pings| pings.poll_pong(cx).is_ready());
        let seen = (self.meter.received(), self.meter.sent());
        let busy = self.streams.open.get() > 0;
        let phase = match self.phase {
            Phase::Closing => Phase::Closing,
            Phase::Asked if !pong && seen.0 == self.seen.0 => Phase::Asked,
            _ if busy => Phase::Open,
            _ => Phase::Idle,
        };
        let moved = match phase {
            Phase::Idle => false,
            Phase::Closing => busy || seen.1 != self.seen.1,
            Phase::Open | Phase::Asked => seen.0 != self.seen.0,
        };
        if moved || phase != self.phase {
            self.streams.deadline.set(match phase {
                Phase::Idle => self.limits.keep_alive_timeout,
                Phase::Open => PING_AFTER,
                Phase::Asked => PING_TIMEOUT,
                Phase::Closing => self.limits.body_idle_timeout,
            });
        }
        match phase {
            Phase::Idle if phase != self.phase => self.streams.deadline.idle(),
            Phase::Idle => {}
            _ => self.streams.stand(),
        }
        (self.seen, self.phase) = (seen, phase);
    }

    fn ask(&mut self) {
        self.phase = Phase::Asked;
        self.streams.deadline.set(PING_TIMEOUT);
        if let Some(pings) = &mut self.pings {
            // It fails only where one is under way.
            let _ = pings.send_ping(Ping::opaque());
        }
    }

    fn close(&mut self, reason: Option<Reason>) {
        self.phase = Phase::Closing;
        self.streams.deadline.set(LINGER);
        match reason {
            None => self.connection.graceful_shutdown(),
            Some(reason) => self.connection.abrupt_shutdown(reason),
        }
    }
}

/// The streams of a connection, as far as others could have its place.
#[derive(Debug)]
struct Streams {
    open: Cell<usize>,
    /// Those whose client has to go on.
    waiting: Cell<usize>,
    /// Bytes that clients have moved, on all of them.
    moved: Cell<u64>,
    /// The connection's.
    deadline: Deadline,
}

impl Streams {
    const fn new(deadline: Deadline) -> Self {
        let (open, waiting, moved) = (Cell::new(0), Cell::new(0), Cell::new(0));
        Self { open, waiting, moved, deadline }
    }

    /// While any stream waits for its client, and nothing moves on any, the connection keeps others
    /// waiting: that it opens more does not change that.
    fn stand(&self) {
        if self.waiting.get() > 0 {
            self.deadline.wait_for_client(self.moved.get());
        } else {
            self.deadline.busy();
        }
    }
}

/// One stream, for as long as it lives.
#[derive(Debug)]
struct OpenStream {
    streams: Rc<Streams>,
    waits: Cell<bool>,
    moved: Cell<u64>,
}

impl OpenStream {
    fn new(streams: Rc<Streams>) -> Self {
        streams.open.set(streams.open.get() + 1);
        Self { streams, waits: Cell::new(false), moved: Cell::new(0) }
    }

    /// Who is waited for, and what has moved on the stream so far.
    fn waits_for(&self, turn: Turn, moved: u64) {
        let streams = &self.streams;
        let more = moved.saturating_sub(self.moved.replace(moved));
        streams.moved.set(streams.moved.get().saturating_add(more));
        let waits = turn == Turn::Client;
        match (self.waits.replace(waits), waits) {
            (false, true) => streams.waiting.set(streams.waiting.get() + 1),
            (true, false) => streams.waiting.set(streams.waiting.get().saturating_sub(1)),
            _ => {}
        }
        streams.stand();
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.waits_for(Turn::Backend, self.moved.get());
        self.streams.open.set(self.streams.open.get().saturating_sub(1));
    }
}
