//! What a gateway of this configuration has in force, for one look: the catalog of the store is read, and
//! nothing is made, followed or kept.

use std::path::Path;
use std::sync::Arc;

use phantom_cache::CacheSecret;
use phantom_core::Clock;
use phantom_manage::publish;
use phantom_manage::publish::Follower;
use phantom_manage::publish::Update;
use phantom_manage::seed;
use phantom_pipeline::Snapshot;
use phantom_pipeline::managed::Publication;
use phantom_store::StoreError;
use prometheus_client::registry::Registry;
use tokio::runtime::Runtime;

use crate::compose::StartError;
use crate::compose::control;
use crate::compose::follow;
use crate::compose::follow::Live;
use crate::compose::managed::Binding;
use crate::compose::managed::Resident;
use crate::config::ControlConfig;
use crate::config::DatabaseChoice;
use crate::self_signed;
use crate::telemetry::metrics::GatewayMetrics;

/// A snapshot with the catalog, and how that is known to its gateways.
#[derive(Debug)]
pub struct InForce {
    pub snapshot: Snapshot,
    /// Number of the last change.
    pub change: u64,
    pub apis: usize,
}

/// `None`: the control plane has not been started yet, so there is nothing to read.
pub fn in_force(
    config: &ControlConfig,
    data_dir: &Path,
    of_the_file: Snapshot,
    secret: CacheSecret,
    clock: &Arc<dyn Clock>,
    runtime: &Runtime,
) -> Result<Option<InForce>, StartError> {
    let is_made = match &config.database {
        DatabaseChoice::Sqlite(path) => path.exists(),
        DatabaseChoice::Postgres(_) => true,
    };
    let has_key = config.sealing_key.is_some() || data_dir.join(control::SEALING_KEY).exists();
    if !is_made || !has_key {
        return Ok(None);
    }
    let store = control::open_store(config, data_dir, runtime.handle())?;
    let _within = runtime.enter();
    runtime.block_on(async {
        let resident = match publish::resident(&store, &config.public_url).await {
            Err(StoreError::Missing) => return Ok(None),
            resident => resident?,
        };
        let key = seed::signing_key(&store, clock.now().wall).await;
        let minter = control::minter(&key.map_err(StartError::first_start)?, &config.public_url)?;
        let own = self_signed::path(data_dir);
        let is_self_signed = config.tls.is_none() && own.exists();
        let binding = Binding {
            secret: Arc::new(secret),
            clock: Arc::clone(clock),
            runtime: runtime.handle().clone(),
            metrics: GatewayMetrics::register(&mut Registry::default()),
            ca_file: config.ca_file.clone(),
            allow_private: config.allow_private,
            resident: Resident {
                introspection_endpoint: publish::introspection_endpoint(&config.public_url),
                ca_file: if is_self_signed { Some(own) } else { config.ca_file.clone() },
                minter,
            },
        };
        let live = Arc::new(Live::default());
        let mut publication = Publication::new(of_the_file, follow::binder(binding, live));
        let mut follower = Follower::new(store.clone(), resident, Arc::clone(clock));
        let mut apis = 0;
        if let Update::Whole(catalog) = follower.next().await? {
            apis = catalog.apis.len();
            publication.replace(&catalog);
        }
        let in_force =
            InForce { snapshot: publication.snapshot(), change: follower.position(), apis };
        store.close().await;
        Ok(Some(in_force))
    })
}
