//! What goes on beside the workers: keys, sweeping, management. Every task ends when told to stop.

use std::io;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::compose::StartError;
use crate::compose::live::Live;
use crate::compose::managed::Bound;
use crate::telemetry::management::Readiness;

/// What background tasks get to end when the gateway stops.
pub(super) const SHUTDOWN: Duration = Duration::from_secs(2);
const EVERY: Duration = Duration::from_secs(5);
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LAST_RETRY: Duration = Duration::from_secs(15);

/// For keys and management: apart from the workers, which serve requests.
pub fn background_runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).thread_name("background").enable_all().build()
}

pub(super) fn bind(address: SocketAddr, setting: &'static str) -> Result<TcpListener, StartError> {
    let socket = TcpListener::bind(address).and_then(|socket| {
        socket.set_nonblocking(true)?;
        Ok(socket)
    });
    socket.map_err(|source| StartError::listen(address, setting, source))
}

/// Workers share their port, and would share it with another gateway on it as well: each would
/// get half of the requests. So the port has to be free before they begin.
pub(super) fn probe(address: SocketAddr) -> Result<(), StartError> {
    let probed = TcpListener::bind(address).map(drop);
    probed.map_err(|source| StartError::listen(address, "[[listener]] bind", source))
}

/// Until metadata and keys of every key manager are there (DSC-10).
pub(super) async fn warm_up(
    key_managers: Vec<Bound>,
    readiness: Arc<Readiness>,
    stop: CancellationToken,
) {
    let each = key_managers.into_iter().map(|bound| {
        let (readiness, stop) = (Arc::clone(&readiness), stop.clone());
        tokio::spawn(async move {
            let mut pause = FIRST_RETRY;
            // Why not is told where they are fetched.
            while bound.warm_up().await.is_err() {
                readiness.failed(bound.manager.name());
                if pause_or_stop(&stop, pause).await {
                    return;
                }
                pause = (pause * 2).min(LAST_RETRY);
            }
            readiness.warmed_up(bound.manager.name());
        })
    });
    for task in each.collect::<Vec<_>>() {
        if let Err(error) = task.await {
            tracing::error!(%error, "a key manager's warm-up ended early");
        }
    }
}

pub(super) async fn refresh_keys(live: Arc<Live>, stop: CancellationToken) {
    while !pause_or_stop(&stop, EVERY).await {
        for bound in live.all() {
            bound.refresh_if_due().await;
        }
    }
}

pub(super) async fn sweep(live: Arc<Live>, stop: CancellationToken) {
    while !pause_or_stop(&stop, EVERY).await {
        for handle in live.handles() {
            for exchange in handle.opaque.iter().chain(&handle.jwt) {
                exchange.sweep();
            }
        }
    }
}

pub(super) async fn manage(socket: TcpListener, router: Router, stop: CancellationToken) {
    let listener = match tokio::net::TcpListener::from_std(socket) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "the management listener cannot be served");
            return;
        }
    };
    let serving = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = serving.await {
        tracing::error!(%error, "the management listener failed");
    }
}

/// True when it is time to stop.
pub(super) async fn pause_or_stop(stop: &CancellationToken, pause: Duration) -> bool {
    tokio::time::timeout(pause, stop.cancelled()).await.is_ok()
}
