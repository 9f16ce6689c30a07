//! Puts the gateway together from a valid configuration, starts it and stops it.

mod background;
mod error;
pub mod key_managers;
mod presented_jwt;
pub mod signals;
pub mod snapshot;

use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use phantom_cache::CacheSecret;
use phantom_core::Clock;
use phantom_pipeline::Pipeline;
use phantom_proxy::Metrics;
use phantom_proxy::Published;
use phantom_proxy::Server;
use phantom_proxy::Shared;
use prometheus_client::registry::Registry;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

pub use background::background_runtime;
pub use error::StartError;

use crate::config::Config;
use crate::telemetry::access_log;
use crate::telemetry::management;
use crate::telemetry::management::Readiness;
use crate::telemetry::metrics::GatewayMetrics;

/// Crypto first: nothing that speaks TLS works before. A provider that is there already is kept,
/// which tests rely on.
pub fn install_crypto() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// A gateway that serves.
#[derive(Debug)]
pub struct Gateway {
    server: Server,
    management: SocketAddr,
    readiness: Arc<Readiness>,
    stop: CancellationToken,
    background: Runtime,
}

impl Gateway {
    /// Opens all sockets, starts the workers and the background tasks. Requests that need a key
    /// manager are answered 503 until its keys are there (DSC-10).
    pub fn start(config: Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let Config { error_format, access_log, management, listeners, proxy, .. } = &config;
        let log = access_log.as_ref().map(access_log::open).transpose()?;
        let management_socket = background::bind(*management)?;
        let management = management_socket.local_addr().map_err(StartError::Runtime)?;
        for listener in listeners {
            background::probe(listener.bind)?;
        }
        let (error_format, listeners, proxy) = (*error_format, listeners.clone(), proxy.clone());

        let background = background_runtime().map_err(StartError::Runtime)?;
        let mut registry = Registry::default();
        let gateway_metrics = GatewayMetrics::register(&mut registry);
        let metrics = Metrics::register(&mut registry);
        let managers: Vec<_> =
            config.key_managers.iter().map(|setup| Arc::clone(&setup.manager)).collect();
        let handles = key_managers::handles(
            config.key_managers,
            &CacheSecret::random(),
            &clock,
            background.handle(),
            Some(&gateway_metrics),
        );
        gateway_metrics.observe(&handles, &managers);
        let keys = config.minter.as_ref().map(|minter| minter.jwks_json().into());
        let snapshot = snapshot::bind(config.routes, &handles, error_format, keys)?;
        let published = ArcSwap::from_pointee(Published::new(snapshot, &metrics));
        let pipeline = Pipeline::new(clock);
        let shared = Shared { pipeline, published, config: proxy, metrics, access_log: log };
        let server = Server::start(&Arc::new(shared), &listeners)?;

        let stop = CancellationToken::new();
        let readiness = Arc::new(Readiness::new(managers.iter().map(|m| Arc::clone(m.name()))));
        background.spawn(background::warm_up(
            managers.clone(),
            Arc::clone(&readiness),
            stop.clone(),
        ));
        background.spawn(background::refresh_keys(managers, stop.clone()));
        background.spawn(background::sweep(handles, stop.clone()));
        let router = management::router(Arc::new(registry), Arc::clone(&readiness));
        background.spawn(background::manage(management_socket, router, stop.clone()));
        Ok(Self { server, management, readiness, stop, background })
    }

    /// Where it listens, in the order of the configuration.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        self.server.addresses()
    }

    #[must_use]
    pub const fn management_address(&self) -> SocketAddr {
        self.management
    }

    #[must_use]
    pub fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    /// The runtime of slow work, for companions of the gateway.
    #[must_use]
    pub fn background(&self) -> &Runtime {
        &self.background
    }

    /// Says that it is not ready any more, lets open requests end, then ends. Blocks.
    pub fn stop(self) {
        self.readiness.drain();
        self.server.stop();
        self.stop.cancel();
        self.background.shutdown_timeout(background::SHUTDOWN);
    }
}

#[cfg(test)]
mod tests;
