//! The workers: a thread per core, each with a runtime, listeners and upstream connections.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use phantom_telemetry::access_log::AccessLog;
use phantom_telemetry::complaints::BackendComplaints;
use phantom_telemetry::vitals::Acceptor;
use phantom_telemetry::vitals::Vitals;
use thiserror::Error;
use tokio::runtime::Builder;
use tokio::runtime::LocalOptions;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::config::Listener;
use crate::listen;
use crate::network::Network;
use crate::worker::Shared;
use crate::worker::Worker;

/// The time in which idle connections may send one more request.
const GRACE: Duration = Duration::from_millis(500);
/// The time that the access log gets at the end, which nobody may read any more.
const LAST_LINES: Duration = Duration::from_secs(1);

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
        let complaints = Arc::new(BackendComplaints::default());
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

type Socket = (Listener, Arc<std::net::TcpListener>);

/// All that a worker begins with.
struct Start {
    index: usize,
    shared: Arc<Shared>,
    vitals: Arc<Vitals>,
    complaints: Arc<BackendComplaints>,
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
    worker.hand_over();
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
            worker.hand_over();
            worker.pool.sweep(worker.deadlines.now());
        }
    };
    tokio::join!(ticking, sweeping);
}

#[cfg(test)]
mod tests {
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
}
