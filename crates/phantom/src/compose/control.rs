//! The control plane of this node: its store opened, its first start made, its listeners served.

mod entrance;
pub(super) mod store;

use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use phantom_cache::CachePolicy;
use phantom_cache::CacheSecret;
use phantom_config::ControlConfig;
use phantom_config::self_signed;
use phantom_core::Clock;
use phantom_oauth::Minter;
use phantom_pipeline::Snapshot;
use phantom_pipeline::managed::TokenNames;
use phantom_proxy::tls::Certificate;
use phantom_publish::kept::CatalogFile;
use secrecy::SecretString;
use tokio::runtime::Handle;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) use store::SEALING_KEY;
pub use store::check_database;
pub use store::check_sealing_key;
pub use store::open_store;

pub(super) use entrance::Door;
pub(super) use store::Opened;
pub(super) use store::Opener;
pub(super) use store::minter;

use crate::compose::StartError;
use crate::compose::background;
use crate::compose::control::entrance::Entrance;
use crate::compose::explain::Laid;
use crate::compose::follow;
use crate::compose::follow::Node;
use crate::compose::managed::Binding;
use crate::compose::managed::Resident;
use crate::compose::renewal::Renewal;

/// What the two planes of one process need of each other.
pub(super) struct Planes<'a> {
    pub(super) config: &'a ControlConfig,
    pub(super) data_dir: &'a Path,
    /// For decisions that are explained.
    pub(super) laid: Laid,
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
    /// Comes once the first start is made, if it is made here.
    pub(super) password: Option<oneshot::Receiver<SecretString>>,
    /// What the control plane shows.
    pub(super) certificate: Option<Arc<Certificate>>,
    /// Ends when told to stop.
    pub(super) following: Option<JoinHandle<()>>,
}

impl Planes<'_> {
    /// Serves the control plane if it is to be, and has the gateway follow the store. Blocks while
    /// the store is opened. Where it is away, the gateway begins with the catalog that it has kept, and
    /// goes on once the store is there.
    pub(super) fn start(
        self,
        of_the_file: Snapshot,
        secret: CacheSecret,
        gateway: follow::Gateway,
    ) -> Result<Started, StartError> {
        let own_authorities = self.own_authorities();
        let Self { config, data_dir, laid, clock, runtime, stop, serve } = self;
        let entrance = serve.then(|| Entrance::open(config, data_dir)).transpose()?;
        let certificate = entrance.as_ref().map(Entrance::certificate);
        let opener = Opener::new(config, data_dir, clock)?;
        let opened = match runtime.block_on(opener.open()) {
            Ok(opened) => Some(opened),
            Err(error) if error.is_store_away() => {
                tracing::error!(%error, "started without the store, which is tried again");
                None
            }
            Err(error) => return Err(error),
        };
        gateway.readiness.await_catalog();
        let (addresses, door) = match entrance {
            None => (Vec::new(), None),
            Some(entrance) => {
                let (addresses, door) = entrance.serve(config, laid, clock, runtime, stop)?;
                (addresses, Some(door))
            }
        };
        let ca_file = config.ca_file.clone();
        let (allow_private, public_url) = (config.allow_private, config.public_url.clone());
        let (clock_of_all, metrics) = (Arc::clone(clock), gateway.metrics.clone());
        let (runtime_of_all, secret) = (runtime.clone(), Arc::new(secret));
        let bind = move |minter: Arc<Minter>| Binding {
            secret: Arc::clone(&secret),
            policy: CachePolicy::default(),
            clock: Arc::clone(&clock_of_all),
            runtime: runtime_of_all.clone(),
            metrics: metrics.clone(),
            ca_file: ca_file.clone(),
            allow_private,
            resident: Resident {
                introspection_endpoint: phantom_publish::introspection_endpoint(&public_url),
                ca_file: own_authorities.clone(),
                minter,
            },
        };
        let (shown, password) = oneshot::channel();
        let file = CatalogFile::new(data_dir, opener.sealing().clone(), &config.public_url);
        let sealing = opener.sealing().clone();
        let token_names = TokenNames::new(move |token| sealing.token_digest(token.expose()));
        let node = Node {
            of_the_file,
            gateway,
            bind: Box::new(bind),
            file,
            token_names,
            public_url: config.public_url.clone(),
            allow_local_endpoints: config.allow_local_endpoints,
            clock: Arc::clone(clock),
            stop: stop.clone(),
        };
        let _within = runtime.enter();
        let following = match opened {
            Some(mut opened) => {
                if let Some(door) = &door {
                    door.open(&opened)?;
                }
                if let Some(password) = opened.password.take() {
                    // Nobody looks: then it is shown to nobody.
                    let _ = shown.send(password);
                }
                runtime.spawn(node.follow(opened, false))
            }
            None => {
                node.serve_kept();
                runtime.spawn(node.await_store(opener, door, shown))
            }
        };
        let (password, following) = (Some(password), Some(following));
        Ok(Started { addresses, password, certificate, following })
    }

    /// Who is to be believed to be the control plane; `None`: whom the system believes.
    fn own_authorities(&self) -> Option<PathBuf> {
        if self.serve && self.config.tls.is_none() {
            return Some(self_signed::path(self.data_dir));
        }
        self.config.ca_file.clone()
    }
}

/// A control plane that serves without a gateway beside it.
#[derive(Debug)]
pub struct ControlPlane {
    addresses: Vec<SocketAddr>,
    generated_password: Option<SecretString>,
    renewal: Renewal,
    stop: CancellationToken,
    background: Runtime,
}

impl ControlPlane {
    /// Fails where the store is away: without it there is nothing to serve.
    pub(crate) fn start(
        config: &ControlConfig,
        laid: Laid,
        data_dir: &Path,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let background = background::background_runtime().map_err(StartError::Runtime)?;
        let stop = CancellationToken::new();
        let runtime = background.handle();
        let entrance = Entrance::open(config, data_dir)?;
        let certificates = vec![entrance.certificate()];
        let renewal = Renewal { certificates, access_log: None };
        let opened = runtime.block_on(Opener::new(config, data_dir, clock)?.open())?;
        let (addresses, door) = entrance.serve(config, laid, clock, runtime, &stop)?;
        {
            let _within = runtime.enter();
            door.open(&opened)?;
        }
        Ok(Self { addresses, generated_password: opened.password, renewal, stop, background })
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

    /// What it reads anew when it is asked to.
    #[must_use]
    pub fn renewal(&self) -> Renewal {
        self.renewal.clone()
    }

    /// Lets open requests end, then ends. Blocks.
    pub fn stop(self) {
        self.stop.cancel();
        self.background.shutdown_timeout(background::SHUTDOWN);
    }
}
