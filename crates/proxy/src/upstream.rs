//! Connections to backends: kept open between requests, one pool per worker.

mod connect;
mod guard;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;
use std::time::Instant;

use phantom_pipeline::config_hash::ConfigMap;
use phantom_pipeline::route::Bounds;
use phantom_pipeline::route::Upstream;
use phantom_telemetry::complaints::BackendComplaints;

pub(crate) use connect::ConnectError;

use crate::config::Limits;
use crate::deadline::Coarse;
use crate::exchange::Reusable;
use crate::network::Network;
use crate::transport::Outbox;
use crate::transport::Transport;
use phantom_wire::ReadBuffer;

/// One connection to a backend, between requests or in use.
#[derive(Debug)]
pub(crate) struct UpstreamConnection {
    pub(crate) io: Transport,
    pub(crate) received: ReadBuffer,
    pub(crate) outbox: Outbox,
    /// It has served a request before: the backend may have closed it meanwhile.
    pub(crate) reused: bool,
}

#[derive(Debug)]
pub(crate) struct Pool {
    limits: Limits,
    tls: Arc<rustls::ClientConfig>,
    network: Network,
    complaints: Arc<BackendComplaints>,
    /// By port, scheme and guard, then by host: routes that differ only in their path share connections.
    idle: RefCell<ConfigMap<(u16, bool, bool), IdleByHost>>,
}

type IdleByHost = ConfigMap<Box<str>, VecDeque<Idle>>;

#[derive(Debug)]
struct Idle {
    connection: UpstreamConnection,
    /// From then on the backend may close it at any moment, or has.
    until: Coarse,
}

impl Pool {
    pub(crate) fn new(
        limits: Limits,
        tls: Arc<rustls::ClientConfig>,
        network: Network,
        complaints: Arc<BackendComplaints>,
    ) -> Self {
        Self { limits, tls, network, complaints, idle: RefCell::default() }
    }

    /// A connection for one request: a kept one, or a new one where there is none or where a `fresh`
    /// one is asked for.
    pub(crate) async fn acquire(
        &self,
        upstream: &Upstream,
        fresh: bool,
        now: Coarse,
        bounds: &Bounds,
    ) -> Result<UpstreamConnection, ConnectError> {
        if !fresh {
            let idle = poll_fn(|cx| Poll::Ready(self.take(cx, upstream, now))).await;
            if let Some(connection) = idle {
                return Ok(connection);
            }
        }
        let limit = bounds.connect_timeout.unwrap_or(self.limits.connect_timeout);
        let connected = connect::connect(upstream, &self.network, &self.tls, limit).await;
        let io = connected.inspect_err(|error| {
            self.complaints.log(upstream, error.cause(), error, Instant::now());
        })?;
        Ok(UpstreamConnection {
            io,
            received: ReadBuffer::default(),
            outbox: Outbox::default(),
            reused: false,
        })
    }

    /// An idle connection that looks alive, the most recently used first.
    fn take(
        &self,
        cx: &mut Context<'_>,
        upstream: &Upstream,
        now: Coarse,
    ) -> Option<UpstreamConnection> {
        let mut idle = self.idle.borrow_mut();
        let idle = idle.get_mut(&kind(upstream))?.get_mut(&upstream.host)?;
        while let Some(mut candidate) = idle.pop_back() {
            // An idle connection has nothing to say: readable means closed, or out of step. This
            // costs no system call unless the kernel has told of something already.
            if candidate.until <= now {
                continue;
            }
            let silent = candidate.connection.received.poll_fill(cx, &mut candidate.connection.io);
            if silent.is_pending() && candidate.connection.received.is_empty() {
                return Some(candidate.connection);
            }
        }
        None
    }

    /// Keeps a connection for the next request. `now` is the worker's coarse clock.
    pub(crate) fn put(&self, upstream: &Upstream, connection: Reusable, now: Coarse) {
        let (mut connection, keep_alive) = connection.into_parts();
        let keep = self.limits.upstream_keep_alive;
        let keep = keep_alive.map_or(keep, |theirs| keep.min(within(theirs)));
        connection.reused = true;
        connection.received.relax();
        connection.outbox.relax();
        let mut idle = self.idle.borrow_mut();
        let hosts = idle.entry(kind(upstream)).or_default();
        if !hosts.contains_key(&upstream.host) {
            hosts.insert(upstream.host.clone(), VecDeque::new());
        }
        let Some(idle) = hosts.get_mut(&upstream.host) else { return };
        if idle.len() >= self.limits.max_idle_upstream {
            idle.pop_front();
        }
        idle.push_back(Idle { connection, until: now.plus(keep) });
    }

    /// Closes what has been idle for too long. Called now and then by the worker.
    pub(crate) fn sweep(&self, now: Coarse) {
        self.idle.borrow_mut().retain(|_, hosts| {
            hosts.retain(|_, idle| {
                idle.retain(|idle| idle.until > now);
                !idle.is_empty()
            });
            !hosts.is_empty()
        });
    }
}

const fn kind(upstream: &Upstream) -> (u16, bool, bool) {
    (upstream.port, upstream.https, upstream.guarded)
}

/// How long a connection can be used that its backend closes after so many seconds: less, since a
/// request that is on its way when it closes is lost.
const fn within(seconds: u32) -> Duration {
    let millis = seconds as u64 * 1000;
    Duration::from_millis(if millis > 2000 { millis - 1000 } else { millis / 2 })
}

impl UpstreamConnection {
    /// Sends what lies in the outbox.
    pub(crate) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outbox.poll_send_all(cx, &mut self.io)
    }

    /// Reads once; zero when the backend has closed.
    pub(crate) fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.received.poll_fill(cx, &mut self.io)
    }
}
