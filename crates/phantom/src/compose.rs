//! Puts the gateway together from a valid configuration, starts it and stops it.

mod background;
pub mod control;
mod descriptors;
mod error;
pub(crate) mod explain;
mod follow;
mod keep;
pub mod key_managers;
mod live;
mod managed;
mod presented_jwt;
pub mod renewal;
mod report;
pub mod signals;
pub mod snapshot;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use phantom_cache::CacheSecret;
use phantom_config::AccessLogSettings;
use phantom_config::Config;
use phantom_core::Clock;
use phantom_core::places::Places;
use phantom_pipeline::Pipeline;
use phantom_proxy::Published;
use phantom_proxy::Server;
use phantom_proxy::Shared;
use phantom_telemetry::AccessLog;
use phantom_telemetry::Metrics;
use phantom_telemetry::access_log;
use phantom_telemetry::access_log::Reopening;
use phantom_telemetry::own_log;
use prometheus_client::registry::Registry;
use secrecy::SecretString;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use background::background_runtime;
pub use error::StartError;

use crate::compose::explain::Laid;
use crate::compose::live::Live;
use crate::compose::managed::Bound;
use crate::compose::renewal::Renewal;
use crate::telemetry::management;
use crate::telemetry::management::Readiness;
use crate::telemetry::metrics::GatewayMetrics;

/// The setting of that address, which has a default and so may be nowhere in the file.
const MANAGEMENT: &str = "[management] bind";

/// Crypto first: nothing that speaks TLS works before. A provider that is there already is kept,
/// which tests rely on.
pub fn install_crypto() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

fn open_log(settings: &AccessLogSettings) -> Result<(AccessLog, Option<Reopening>), StartError> {
    access_log::open(settings.format, settings.file.as_deref()).map_err(|source| {
        let path = settings.file.clone().unwrap_or_else(|| "on standard output".into());
        StartError::AccessLog { path, source }
    })
}

/// Which planes of a configuration with `[control]` run in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planes {
    /// The gateway, following the store of the control plane.
    Data,
    DataAndControl,
}

/// A gateway that serves, with its control plane where it has one.
#[derive(Debug)]
pub struct Gateway {
    server: Server,
    management: SocketAddr,
    control: Vec<SocketAddr>,
    password: Option<oneshot::Receiver<SecretString>>,
    following: Option<JoinHandle<()>>,
    readiness: Arc<Readiness>,
    renewal: Renewal,
    drain_delay: Duration,
    stop: CancellationToken,
    background: Runtime,
}

impl Gateway {
    /// Opens all sockets, starts the workers and the background tasks. Requests that need a key
    /// manager are answered 503 until its keys are there (DSC-10).
    pub fn start(
        mut config: Config,
        planes: Planes,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        descriptors::raise(&mut config.proxy.limits, config.chosen);
        let Config { error_format, access_log, management, listeners, proxy, .. } = &config;
        let (log, reopening) = access_log.as_ref().map(open_log).transpose()?.unzip();
        let (drain_delay, certificates) = (config.drain_delay, config.certificates.clone());
        let mut renewal = Renewal { certificates, access_log: reopening.flatten() };
        let management_socket = background::bind(*management, MANAGEMENT)?;
        let management = management_socket.local_addr().map_err(StartError::Runtime)?;
        for listener in listeners {
            background::probe(listener.bind)?;
        }
        let (error_format, listeners, proxy) = (*error_format, listeners.clone(), proxy.clone());
        let (control, data_dir) = (config.control.clone(), config.data_dir.clone());
        let laid = Laid::of(&config);

        let background = background_runtime().map_err(StartError::Runtime)?;
        let mut registry = Registry::default();
        let gateway_metrics = GatewayMetrics::register(&mut registry);
        let metrics = Metrics::register(&mut registry);
        let told_metrics = gateway_metrics.clone();
        for log in own_log::writer().into_iter().chain(log.as_ref().map(AccessLog::writer)) {
            gateway_metrics.observe_log(log);
        }
        let managers: Vec<_> =
            config.key_managers.iter().map(|setup| Arc::clone(&setup.manager)).collect();
        let secret = CacheSecret::random();
        let handles =
            key_managers::handles(config.key_managers, &secret, clock, Some(&gateway_metrics));
        gateway_metrics.observe(&handles, &managers);
        let keys = config.minter.as_ref().map(|minter| minter.jwks_json().into());
        let snapshot = snapshot::bind(config.routes, &handles, error_format, keys)?;
        let live = Arc::new(Live::new(
            handles.into_iter().zip(&managers).map(|(h, m)| Bound::new(h, m)).collect(),
        ));
        let published = ArcSwap::from_pointee(Published::new(snapshot.clone(), &metrics));
        let pipeline = Pipeline::new(Arc::clone(clock));
        let shared = Arc::new(Shared {
            pipeline,
            published,
            config: proxy,
            metrics,
            access_log: log,
            sources: Places::default(),
            traffic: control.as_ref().map(|_| Arc::default()),
        });

        let stop = CancellationToken::new();
        let readiness = Arc::new(Readiness::new(managers.iter().map(|m| Arc::clone(m.name()))));
        let planes = control.as_ref().map(|config| control::Planes {
            config,
            data_dir: &data_dir,
            laid,
            serve: planes == Planes::DataAndControl,
            clock,
            runtime: background.handle(),
            stop: &stop,
        });
        let mut started = control::Started::default();
        if let Some(planes) = planes {
            let gateway = follow::Gateway {
                shared: Arc::clone(&shared),
                live: Arc::clone(&live),
                metrics: gateway_metrics,
                readiness: Arc::clone(&readiness),
                started_at: clock.now().wall,
            };
            started = planes.start(snapshot, secret, gateway)?;
        }
        let server = Server::start(&shared, &listeners)?;
        background.spawn(background::warm_up(live.all(), Arc::clone(&readiness), stop.clone()));
        background.spawn(background::refresh_keys(Arc::clone(&live), stop.clone()));
        background.spawn(background::sweep(live, stop.clone()));
        let vitals = Arc::clone(server.vitals());
        let router = management::router(Arc::new(registry), Arc::clone(&readiness), vitals);
        background.spawn(background::manage(management_socket, router, stop.clone()));
        let control::Started { addresses: control, password, certificate, following } = started;
        renewal.certificates.extend(certificate);
        told_metrics.observe_certificates(&renewal.certificates);
        Ok(Self {
            server,
            management,
            control,
            password,
            following,
            readiness,
            renewal,
            drain_delay,
            stop,
            background,
        })
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

    /// Where the control plane listens; empty without one.
    #[must_use]
    pub fn control_addresses(&self) -> &[SocketAddr] {
        &self.control
    }

    /// Where the password of `admin` comes, if it is made up by this process: at once, or when the
    /// store is there. To be shown once.
    pub const fn generated_password(&mut self) -> Option<oneshot::Receiver<SecretString>> {
        self.password.take()
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

    /// What it reads anew when it is asked to.
    #[must_use]
    pub fn renewal(&self) -> Renewal {
        self.renewal.clone()
    }

    /// Says that it is not ready any more, goes on for `drain_delay`, so that whoever sends requests here
    /// can hear it, lets open ones end, then ends. Blocks.
    pub fn stop(self) {
        self.readiness.drain();
        std::thread::sleep(self.drain_delay);
        self.server.stop();
        self.stop.cancel();
        if let Some(following) = self.following {
            // It keeps the last catalog.
            let ended = async { tokio::time::timeout(background::SHUTDOWN, following).await };
            let _ = self.background.block_on(ended);
        }
        self.background.shutdown_timeout(background::SHUTDOWN);
    }
}

#[cfg(test)]
mod tests;
