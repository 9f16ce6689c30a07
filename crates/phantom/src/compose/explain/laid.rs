//! The part of a configuration that decides, as often as it is needed.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use phantom_cache::CachePolicy;
use phantom_cache::CacheSecret;
use phantom_config::Config;
use phantom_config::ControlConfig;
use phantom_config::Entrance;
use phantom_config::KeyManagerSetup;
use phantom_config::PlannedRoute;
use phantom_core::Clock;
use phantom_pipeline::ErrorFormat;
use phantom_pipeline::Snapshot;
use phantom_pipeline::route_table::Ambiguous;
use phantom_proxy::Limits;

use crate::compose::key_managers;
use crate::compose::snapshot;

/// A cache is for one decision.
const MAX_ENTRIES: usize = 16;

#[derive(Clone, Debug)]
pub(crate) struct Laid {
    pub(super) entrances: Vec<Entrance>,
    pub(super) management: SocketAddr,
    pub(super) control: Option<ControlConfig>,
    pub(super) data_dir: PathBuf,
    routes: Vec<PlannedRoute>,
    key_managers: Vec<KeyManagerSetup>,
    error_format: ErrorFormat,
    pub(super) limits: Limits,
    published_keys: Option<Box<str>>,
}

impl Laid {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            entrances: config.entrances.clone(),
            management: config.management,
            control: config.control.clone(),
            data_dir: config.data_dir.clone(),
            routes: config.routes.clone(),
            key_managers: config.key_managers.clone(),
            error_format: config.error_format,
            limits: config.proxy.limits.clone(),
            published_keys: config.minter.as_ref().map(|minter| minter.jwks_json().into()),
        }
    }

    /// With the routes of the file. Key managers are those of the gateway, if there is one in this process; their
    /// caches and the limits of routes are not.
    pub(super) fn snapshot(
        &self,
        secret: &CacheSecret,
        clock: &Arc<dyn Clock>,
    ) -> Result<Snapshot, Ambiguous> {
        let setups = self.key_managers.iter().map(|setup| KeyManagerSetup {
            policy: CachePolicy { max_entries: MAX_ENTRIES, ..setup.policy.clone() },
            ..setup.clone()
        });
        let handles = key_managers::handles(setups.collect(), secret, clock, None);
        let routes = self.routes.iter().map(PlannedRoute::unused).collect();
        snapshot::bind(routes, &handles, self.error_format, self.published_keys.clone())
    }
}
