//! The control plane of this node: its store opened, its first start made, its listeners served.

use std::net::SocketAddr;
use std::net::TcpListener;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware;
use phantom_cache::CacheSecret;
use phantom_control::Control;
use phantom_control::PeerAddress;
use phantom_control::Settings;
use phantom_control::publish;
use phantom_control::publish::Follower;
use phantom_control::rest;
use phantom_control::seed;
use phantom_core::Clock;
use phantom_oauth::Minter;
use phantom_oauth::egress::Egress;
use phantom_oauth::egress::EgressConfig;
use phantom_oauth::egress::ServerTrust;
use phantom_pipeline::Snapshot;
use phantom_serve::Peer;
use phantom_serve::serve;
use phantom_store::Database;
use phantom_store::SealingKey;
use phantom_store::Store;
use phantom_store::StoreSettings;
use rustls::ServerConfig;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use tokio::runtime::Handle;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::compose::StartError;
use crate::compose::background;
use crate::compose::error::chain;
use crate::compose::follow;
use crate::compose::managed::Binding;
use crate::compose::managed::Resident;
use crate::config::ControlConfig;
use crate::config::DatabaseChoice;
use crate::config::minting;
use crate::config::minting::MintingError;
use crate::self_signed;

/// File of the sealing key in the data directory.
pub(crate) const SEALING_KEY: &str = "sealing.key";

/// What the two planes of one process need of each other.
pub(super) struct Planes<'a> {
    pub(super) config: &'a ControlConfig,
    pub(super) data_dir: &'a Path,
    /// Serve the control plane, not only follow its store.
    pub(super) serve: bool,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) runtime: &'a Handle,
    pub(super) stop: &'a CancellationToken,
}

/// What was started.
#[derive(Default)]
pub(super) struct Started {
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) generated_password: Option<SecretString>,
}

impl Planes<'_> {
    /// Serves the control plane if it is to be, and has the gateway follow the store. Blocks while
    /// the store is opened.
    pub(super) fn start(
        self,
        of_the_file: Snapshot,
        secret: CacheSecret,
        gateway: follow::Gateway,
    ) -> Result<Started, StartError> {
        let Self { config, data_dir, runtime, .. } = self;
        let entrance = self.serve.then(|| Entrance::open(config, data_dir)).transpose()?;
        let store = open_store(config, data_dir, runtime)?;
        let minter = minter(&store, config, self.clock, runtime)?;
        let generated_password = first_start(&store, config, self.clock, runtime)?;
        gateway.readiness.await_catalog();
        let addresses = match entrance {
            None => Vec::new(),
            Some(entrance) => self.serve(entrance, store.clone(), &minter)?,
        };
        let resident = runtime.block_on(publish::resident(&store, &config.public_url));
        let resident = resident.map_err(StartError::Store)?;
        let binding = Binding {
            secret,
            clock: Arc::clone(self.clock),
            runtime: runtime.clone(),
            metrics: gateway.metrics.clone(),
            ca_file: config.ca_file.clone(),
            allow_private: config.allow_private,
            resident: Resident {
                introspection_endpoint: resident.introspection_endpoint.clone(),
                ca_file: self.own_authorities(),
                minter,
            },
        };
        let follower = Follower::new(store, resident, Arc::clone(self.clock));
        runtime.spawn(follow::follow(follower, of_the_file, binding, gateway, self.stop.clone()));
        Ok(Started { addresses, generated_password })
    }

    /// Who is to be believed to be the control plane; `None`: whom the system believes.
    fn own_authorities(&self) -> Option<PathBuf> {
        if self.serve && self.config.tls.is_none() {
            return Some(self_signed::path(self.data_dir));
        }
        self.config.ca_file.clone()
    }

    /// Serves from now on, until told to stop. Gives the addresses.
    fn serve(
        &self,
        entrance: Entrance,
        store: Store,
        minter: &Minter,
    ) -> Result<Vec<SocketAddr>, StartError> {
        let Self { config, clock, runtime, stop, .. } = *self;
        let Entrance { sockets, tls, egress } = entrance;
        let settings = Settings {
            public_url: config.public_url.clone(),
            gateway_https_url: config.gateway_https_url.clone(),
            gateway_http_url: config.gateway_http_url.clone(),
            published_keys: minter.jwks_json().to_owned(),
        };
        runtime.spawn(housekeeping(store.clone(), Arc::clone(clock), stop.clone()));
        let control = Control::new(store, egress, settings, Arc::clone(clock))
            .map_err(|problem| StartError::FirstStart(problem.description.into_owned()))?;
        let router = with_peer(rest::router(Arc::new(control)));
        let mut addresses = Vec::new();
        for socket in sockets {
            addresses.push(socket.local_addr().map_err(StartError::Runtime)?);
            let (tls, router, stop) = (Arc::clone(&tls), router.clone(), stop.clone());
            runtime.spawn(async move {
                let serving = async {
                    let socket = tokio::net::TcpListener::from_std(socket)?;
                    serve(socket, Some(tls), router, stop.cancelled_owned()).await
                };
                if let Err(error) = serving.await {
                    tracing::error!(%error, "the control plane's listener failed");
                }
            });
        }
        Ok(addresses)
    }
}

/// What the control plane is reached by and reaches others with. Taken before the first start is made:
/// a port that somebody else has or a file that is missing must not cost the password that is shown
/// once.
struct Entrance {
    sockets: Vec<TcpListener>,
    tls: Arc<ServerConfig>,
    egress: Egress,
}

impl Entrance {
    fn open(config: &ControlConfig, data_dir: &Path) -> Result<Self, StartError> {
        let sockets = config.bind.iter().map(|address| background::bind(*address));
        let sockets = sockets.collect::<Result<_, _>>()?;
        make_directory(data_dir)?;
        let tls = match &config.tls {
            Some(tls) => Arc::clone(tls),
            None => self_signed::ensure(data_dir, true)?,
        };
        Ok(Self { sockets, tls, egress: egress(config)? })
    }
}

/// A control plane that serves without a gateway beside it.
#[derive(Debug)]
pub struct ControlPlane {
    addresses: Vec<SocketAddr>,
    generated_password: Option<SecretString>,
    stop: CancellationToken,
    background: Runtime,
}

impl ControlPlane {
    pub fn start(
        config: &ControlConfig,
        data_dir: &Path,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let background = background::background_runtime().map_err(StartError::Runtime)?;
        let stop = CancellationToken::new();
        let runtime = background.handle();
        let entrance = Entrance::open(config, data_dir)?;
        let store = open_store(config, data_dir, runtime)?;
        let minter = minter(&store, config, clock, runtime)?;
        let generated_password = first_start(&store, config, clock, runtime)?;
        let planes = Planes { config, data_dir, serve: true, clock, runtime, stop: &stop };
        let addresses = planes.serve(entrance, store, &minter)?;
        Ok(Self { addresses, generated_password, stop, background })
    }

    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The password of `admin`, where it was made up at this start. To be shown once.
    #[must_use]
    pub const fn generated_password(&self) -> Option<&SecretString> {
        self.generated_password.as_ref()
    }

    #[must_use]
    pub const fn background(&self) -> &Runtime {
        &self.background
    }

    /// Lets open requests end, then ends. Blocks.
    pub fn stop(self) {
        self.stop.cancel();
        self.background.shutdown_timeout(background::SHUTDOWN);
    }
}

/// Opens the store, and makes it at the first start. Blocks.
pub fn open_store(
    config: &ControlConfig,
    data_dir: &Path,
    runtime: &Handle,
) -> Result<Store, StartError> {
    make_directory(data_dir)?;
    let database = match &config.database {
        DatabaseChoice::Sqlite(path) => Database::Sqlite { path: path.clone() },
        DatabaseChoice::Postgres(url) => Database::Postgres { url: url.clone() },
    };
    let settings = StoreSettings { database, sealing: sealing_key(config, data_dir)? };
    runtime.block_on(Store::open(&settings)).map_err(StartError::Store)
}

fn make_directory(path: &Path) -> Result<(), StartError> {
    std::fs::create_dir_all(path)
        .map_err(|source| StartError::DataDir { path: path.to_owned(), source })
}

/// What secrets in the store are sealed with.
pub fn sealing_key(config: &ControlConfig, data_dir: &Path) -> Result<SealingKey, StartError> {
    Ok(match &config.sealing_key {
        Some(source) => SealingKey::from_text(source.read()?.expose_secret())?,
        None => SealingKey::from_file_or_create(data_dir.join(SEALING_KEY))?,
    })
}

/// Makes what a first start makes. Gives the password of `admin` where it was made up now, to be
/// shown once. Blocks.
fn first_start(
    store: &Store,
    config: &ControlConfig,
    clock: &Arc<dyn Clock>,
    runtime: &Handle,
) -> Result<Option<SecretString>, StartError> {
    let admin = match &config.admin_password {
        Some(source) => seed::Admin::Chosen(source.read()?),
        None => seed::Admin::Generated,
    };
    let made = runtime.block_on(seed::first_start(store, admin, clock.now().wall));
    made.map_err(|problem| StartError::FirstStart(problem.description.into_owned()))
}

/// Makes phantom tokens for tokens of our own. Blocks.
fn minter(
    store: &Store,
    config: &ControlConfig,
    clock: &Arc<dyn Clock>,
    runtime: &Handle,
) -> Result<Arc<Minter>, StartError> {
    let issuer = format!("{}/oauth2/token", config.public_url);
    let key = runtime.block_on(seed::signing_key(store, clock.now().wall));
    let key = key.map_err(|problem| StartError::FirstStart(problem.description.into_owned()))?;
    let minter = Minter::new(&key, &issuer, minting::LIFE).map_err(MintingError::from)?;
    Ok(Arc::new(minter))
}

fn with_peer(router: Router) -> Router {
    router.layer(middleware::map_request(async |mut request: Request| {
        if let Some(Peer(address)) = request.extensions().get::<Peer>().copied() {
            request.extensions_mut().insert(PeerAddress(address.ip().to_canonical()));
        }
        request
    }))
}

fn egress(config: &ControlConfig) -> Result<Egress, StartError> {
    let trust = match &config.ca_file {
        None => ServerTrust::System,
        Some(path) => {
            let read = std::fs::read(path);
            let failed = |source| StartError::DataDir { path: path.clone(), source };
            ServerTrust::Authorities(read.map_err(failed)?)
        }
    };
    let egress = EgressConfig { trust, allow_private: config.allow_private, ..Default::default() };
    Ok(Egress::build(&egress)?)
}

/// Forgets what nobody can ask for any more.
async fn housekeeping(store: Store, clock: Arc<dyn Clock>, stop: CancellationToken) {
    use std::time::Duration;
    const EVERY: Duration = Duration::from_secs(600);
    /// A gateway that was away for longer reads the whole catalog.
    const CHANGES_KEPT: Duration = Duration::from_secs(24 * 3600);
    while !background::pause_or_stop(&stop, EVERY).await {
        let now = clock.now().wall;
        let cleaning = async {
            let actor = phantom_store::Actor { name: "system".to_owned(), address: None };
            let mut write = store.write(&actor, now).await?;
            write.delete_expired_tokens(now).await?;
            write.delete_expired_revocations(now).await?;
            write.forget_changes_before(now.minus(CHANGES_KEPT)).await?;
            write.commit().await
        };
        if let Err(error) = cleaning.await {
            let error = chain(&error);
            tracing::warn!(error, "expired rows could not be removed; trying again later");
        }
    }
}
