//! The workers: a thread per core, each with a runtime, listeners and upstream connections.

use std::cell::Cell;
use std::cell::RefCell;
use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use phantom_core::HeldBack;
use phantom_pipeline::Forward;
use phantom_pipeline::Matched;
use phantom_pipeline::Pipeline;
use phantom_pipeline::Snapshot;
use thiserror::Error;
use tokio::runtime::Builder;
use tokio::runtime::LocalOptions;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::access_log::AccessLog;
use crate::access_log::LogBuffer;
use crate::complaints::Complaints;
use crate::config::Listener;
use crate::config::ProxyConfig;
use crate::date::Dates;
use crate::deadline::Deadlines;
use crate::failure::Cause;
use crate::head::RequestHead;
use crate::listen;
use crate::metrics::ApiMetrics;
use crate::metrics::Metrics;
use crate::metrics::RouteMetrics;
use crate::network::Network;
use crate::request_id::RequestId;
use crate::respond::Stamp;
use crate::response::ResponseHead;
use crate::sources::Sources;
use crate::upstream::Pool;
use crate::vitals::Acceptor;
use crate::vitals::Vitals;

/// The time in which idle connections may send one more request.
const GRACE: Duration = Duration::from_millis(500);
/// The pause between complaints about connections in general.
const COMPLAIN_EVERY: Duration = Duration::from_secs(10);
/// The time that the access log gets at the end, which nobody may read any more.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The state that all workers share.
#[derive(Debug)]
pub struct Shared {
    pub pipeline: Pipeline,
    pub published: ArcSwap<Published>,
    pub config: ProxyConfig,
    pub metrics: Metrics,
    pub access_log: Option<AccessLog>,
    pub sources: Sources,
}

/// A snapshot, and what the proxy keeps beside each of its routes. Swapped as one.
#[derive(Debug)]
pub struct Published {
    pub snapshot: Snapshot,
    routes: Arc<[RouteMetrics]>,
    apis: Arc<ApiMetrics>,
}

impl Published {
    #[must_use]
    pub fn new(snapshot: Snapshot, metrics: &Metrics) -> Self {
        let routes = metrics.for_routes(&snapshot.routes).into();
        let apis = Arc::new(metrics.for_apis(&snapshot.managed.apis, None));
        Self { snapshot, routes, apis }
    }

    /// The next one. What is kept beside routes and APIs that did not change is shared: a snapshot
    /// that differs in its applications alone costs next to nothing.
    #[must_use]
    pub fn succeeded_by(&self, snapshot: Snapshot, metrics: &Metrics) -> Self {
        let routes = if Arc::ptr_eq(&self.snapshot.routes, &snapshot.routes) {
            self.routes.clone()
        } else {
            metrics.for_routes(&snapshot.routes).into()
        };
        let apis = if Arc::ptr_eq(&self.snapshot.managed.apis, &snapshot.managed.apis) {
            self.apis.clone()
        } else {
            Arc::new(metrics.for_apis(&snapshot.managed.apis, Some(&self.apis)))
        };
        Self { snapshot, routes, apis }
    }

    /// Metrics of the route or its API, or of requests without one. `None` only if a route is of
    /// another snapshot.
    pub(crate) fn metrics(&self, matched: Option<&Matched>) -> Option<&RouteMetrics> {
        match matched {
            Some(Matched::Operation(operation)) => {
                self.apis.get(&operation.api.id).map(|metrics| &**metrics)
            }
            Some(Matched::Route(route)) => self.routes.get(route.index),
            None => self.routes.last(),
        }
    }
}

/// The running data plane.
#[derive(Debug)]
pub struct Server {
    addresses: Vec<SocketAddr>,
    stop: watch::Sender<bool>,
    workers: Vec<thread::JoinHandle<()>>,
    vitals: Arc<Vitals>,
    access_log: Option<AccessLog>,
}

#[derive(Debug, Error)]
pub enum StartError {
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("cannot start a worker")]
    Worker(#[source] io::Error),
}

impl Server {
    /// Opens all sockets, then starts the workers. Nothing is accepted if any socket fails.
    pub fn start(shared: &Arc<Shared>, listeners: &[Listener]) -> Result<Self, StartError> {
        let workers = shared.config.workers.max(1);
        let limit = i64::try_from(shared.config.limits.max_connections).unwrap_or(i64::MAX);
        shared.metrics.connections_limit.set(limit);
        let (mut addresses, mut sockets) = (Vec::new(), vec![Vec::new(); workers]);
        for listener in listeners {
            let mut listener = listener.clone();
            for (at, sockets) in sockets.iter_mut().enumerate() {
                let opened = listen::open(listener.bind).and_then(|socket| {
                    // Port 0 is settled by the first worker; the others share it.
                    listener.bind = socket.local_addr()?;
                    Ok(socket)
                });
                let socket = opened
                    .map_err(|source| StartError::Listen { address: listener.bind, source })?;
                sockets.push((listener.clone(), Arc::new(socket)));
                if at == 0 {
                    addresses.push(listener.bind);
                }
            }
        }
        let (stop, stopped) = watch::channel(false);
        let vitals = Arc::new(Vitals::new(workers, Instant::now()));
        let complaints = Arc::new(Complaints::default());
        let threads = sockets.into_iter().enumerate().map(|(index, sockets)| {
            let start = Start {
                index,
                shared: shared.clone(),
                vitals: vitals.clone(),
                complaints: complaints.clone(),
                sockets,
                stopped: stopped.clone(),
            };
            thread::Builder::new()
                .name(format!("worker-{index}"))
                .spawn(move || run(start))
                .map_err(StartError::Worker)
        });
        let workers = threads.collect::<Result<_, _>>()?;
        Ok(Self { addresses, stop, workers, vitals, access_log: shared.access_log.clone() })
    }

    /// The signs of life of the workers.
    #[must_use]
    pub const fn vitals(&self) -> &Arc<Vitals> {
        &self.vitals
    }

    /// Where it listens, in the order of the listeners given.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Stops accepting, lets open requests end within the drain timeout, then returns. Blocks.
    pub fn stop(self) {
        self.stop.send_replace(true);
        for worker in self.workers {
            if worker.join().is_err() {
                tracing::error!("a worker had panicked");
            }
        }
        if let Some(log) = &self.access_log
            && !log.writer().flush(LAST_LINES)
        {
            tracing::warn!("nobody reads the access log: its last lines are lost");
        }
    }
}

/// The state that the connections of one worker share. Lives on its thread alone.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) pool: Pool,
    pub(crate) deadlines: Deadlines,
    pub(crate) log: LogBuffer,
    pub(crate) dates: Dates,
    /// Answers say that their connection closes.
    pub(crate) draining: Cell<bool>,
    /// Connections without a request end.
    pub(crate) ending: Cell<bool>,
    complaints_of_connections: RefCell<HeldBack>,
    /// Response heads between uses; a handful serves all connections of the worker.
    heads: RefCell<Vec<ResponseHead>>,
}

impl Worker {
    pub(crate) fn new(
        index: usize,
        shared: Arc<Shared>,
        network: Network,
        complaints: Arc<Complaints>,
    ) -> Self {
        let (limits, tls) = (shared.config.limits.clone(), shared.config.upstream_tls.clone());
        Self {
            pool: Pool::new(limits, tls, network, complaints),
            deadlines: Deadlines::new(),
            log: LogBuffer::new(shared.access_log.clone(), index),
            dates: Dates::new(),
            draining: Cell::new(false),
            ending: Cell::new(false),
            complaints_of_connections: RefCell::new(HeldBack::new(COMPLAIN_EVERY)),
            heads: RefCell::default(),
            shared,
        }
    }

    pub(crate) fn response_head(&self) -> ResponseHead {
        self.heads.borrow_mut().pop().unwrap_or_default()
    }

    /// Why a stream has to end with its token (STR-1), if it has to now.
    pub(crate) fn token_ended(&self, permitted: &Forward) -> Option<Cause> {
        let exchanged = permitted.exchanged.as_ref()?;
        let now = self.shared.pipeline.now().wall;
        if permitted.permit.until().is_some_and(|until| now >= until) {
            Some(Cause::TokenExpired)
        } else if exchanged.is_revoked() {
            Some(Cause::TokenRevoked)
        } else {
            let published = self.shared.published.load();
            let managed = &published.snapshot.managed;
            let blocked = || managed.denies(permitted).then_some(Cause::Blocked);
            managed.has_revoked(exchanged).then_some(Cause::TokenRevoked).or_else(blocked)
        }
    }

    /// Returns whether it is time to say again what may happen with every connection, and how often it was not
    /// said before.
    pub(crate) fn complains_of_connections(&self) -> Option<u64> {
        self.complaints_of_connections.borrow_mut().turn(Instant::now())
    }

    /// The name of a request, where anybody is told it: all of it where backend and client are, else
    /// for the log.
    pub(crate) fn identify(&self, head: &RequestHead, peer: IpAddr) -> Option<RequestId> {
        let config = &self.shared.config;
        if !(config.request_id || self.log.is_on()) {
            return None;
        }
        let trusted = config.request_id && config.trusts(peer);
        Some(RequestId::of(head, trusted, self.log.next_id()))
    }

    /// The members that every answer to a request tells.
    pub(crate) fn stamp(&self, id: Option<RequestId>) -> Stamp {
        Stamp { date: self.dates.now(), id: id.filter(|_| self.shared.config.request_id) }
    }

    pub(crate) fn recycle(&self, head: ResponseHead) {
        let mut heads = self.heads.borrow_mut();
        if heads.len() < 64 {
            heads.push(head);
        }
    }
}

type Socket = (Listener, Arc<std::net::TcpListener>);

/// All that a worker begins with.
struct Start {
    index: usize,
    shared: Arc<Shared>,
    vitals: Arc<Vitals>,
    complaints: Arc<Complaints>,
    sockets: Vec<Socket>,
    stopped: watch::Receiver<bool>,
}

fn run(start: Start) {
    run_to_end(work(start));
}

/// Runs on a runtime of this thread, and ends with the work. What was begun on threads of the runtime's own
/// is not waited for: a resolver that hangs, most of all.
fn run_to_end(work: impl Future<Output = ()>) {
    let runtime =
        match Builder::new_current_thread().enable_all().build_local(LocalOptions::default()) {
            Ok(runtime) => runtime,
            Err(error) => {
                tracing::error!(%error, "a worker cannot start its runtime");
                return;
            }
        };
    runtime.block_on(work);
    runtime.shutdown_background();
}

async fn work(start: Start) {
    let Start { index, shared, vitals, complaints, sockets, mut stopped } = start;
    let worker = Rc::new(Worker::new(index, shared, Network::Tcp, complaints));
    let connections = TaskTracker::new();
    let (mut acceptors, mut accepting) = (Vec::new(), Vec::new());
    for (listener, socket) in sockets {
        let acceptor = Rc::new(Acceptor::default());
        accepting.push(acceptor.clone());
        let (worker, connections) = (worker.clone(), connections.clone());
        acceptors.push(tokio::task::spawn_local(async move {
            listen::accept(worker, listener, socket, connections, &acceptor).await;
            acceptor.end();
        }));
    }
    let beating = beat(vitals.clone(), index, accepting);
    let beating = tokio::task::spawn_local(beating);
    let housekeeping = tokio::task::spawn_local(keep_house(worker.clone()));
    // The sender lives as long as the server; if it is gone, so is the reason to run.
    let _ = stopped.wait_for(|stop| *stop).await;
    for acceptor in &acceptors {
        acceptor.abort();
    }
    worker.draining.set(true);
    worker.deadlines.wake_all();
    connections.close();
    let drain_timeout = worker.shared.config.drain_timeout;
    let until = tokio::time::Instant::now() + drain_timeout;
    // A client that sends just now would find its connection closed. One that is busy learns from
    // its next answer that it has to go; only those that stay silent are closed.
    let _ = tokio::time::timeout(GRACE.min(drain_timeout), connections.wait()).await;
    worker.ending.set(true);
    worker.deadlines.wake_all();
    let drained = tokio::time::timeout_at(until, connections.wait()).await;
    if drained.is_err() {
        tracing::warn!(left = connections.len(), "the drain timeout passed with connections open");
    }
    housekeeping.abort();
    beating.abort();
    worker.log.flush();
    vitals.end(index);
}

/// Says each second that the worker turns, and whether it takes connections.
async fn beat(vitals: Arc<Vitals>, worker: usize, acceptors: Vec<Rc<Acceptor>>) {
    let mut every = tokio::time::interval(Duration::from_secs(1));
    loop {
        every.tick().await;
        // Each is asked: the question counts from the last.
        let accepting = acceptors.iter().filter(|acceptor| acceptor.accepts()).count();
        vitals.beat(worker, accepting == acceptors.len(), Instant::now());
    }
}

async fn keep_house(worker: Rc<Worker>) {
    let ticking = worker.deadlines.tick();
    let sweeping = async {
        let mut every = tokio::time::interval(Duration::from_secs(1));
        loop {
            every.tick().await;
            worker.dates.renew(SystemTime::now());
            worker.log.flush();
            worker.pool.sweep(worker.deadlines.now());
        }
    };
    tokio::join!(ticking, sweeping);
}

#[cfg(test)]
mod tests {
    use phantom_core::catalog::Catalog;
    use phantom_pipeline::Publication;
    use prometheus_client::registry::Registry;

    use super::*;

    #[test]
    fn a_worker_ends_though_a_name_is_still_being_looked_up() {
        let (answer, question) = std::sync::mpsc::channel::<()>();
        let (ended, end) = std::sync::mpsc::channel();
        let worker = thread::spawn(move || {
            run_to_end(async move {
                // As the lookup of a name is run, and as little to be stopped.
                let looking_up = tokio::task::spawn_blocking(move || question.recv().is_ok());
                let _ = tokio::time::timeout(Duration::from_millis(10), looking_up).await;
            });
            ended.send(()).unwrap();
        });
        assert!(end.recv_timeout(Duration::from_secs(20)).is_ok(), "it waits for the resolver");
        drop(answer);
        worker.join().unwrap();
    }

    #[test]
    fn what_is_kept_beside_routes_and_apis_is_shared_until_they_change() {
        let metrics = Metrics::register(&mut Registry::default());
        let mut publication = Publication::new(Snapshot::default(), Box::new(|_| None));
        let first = Published::new(publication.snapshot(), &metrics);
        let same = first.succeeded_by(publication.snapshot(), &metrics);
        assert!(Arc::ptr_eq(&first.routes, &same.routes) && Arc::ptr_eq(&first.apis, &same.apis));
        publication.replace(&Catalog::default());
        let loaded = same.succeeded_by(publication.snapshot(), &metrics);
        assert!(Arc::ptr_eq(&first.routes, &loaded.routes));
        assert!(!Arc::ptr_eq(&first.apis, &loaded.apis), "the table of APIs is another");
    }
}
