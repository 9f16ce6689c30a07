//! Key managers of the control plane as the decision uses them. Built when they appear or change,
//! with caches of their own; one that cannot be built takes no tokens, and the log says why.

use std::path::PathBuf;
use std::sync::Arc;

use phantom_cache::CachePolicy;
use phantom_cache::CacheSecret;
use phantom_config::KeyManagerSetup;
use phantom_config::place::Place;
use phantom_core::Clock;
use phantom_core::catalog::ManagedKeyManager;
use phantom_oauth::IntrospectError;
use phantom_oauth::KeyManager;
use phantom_oauth::KeyManagerConfig;
use phantom_oauth::Keys;
use phantom_oauth::Minter;
use phantom_oauth::ResponseFormat;
use phantom_pipeline::KeyManagerHandle;
use phantom_pipeline::managed::ManagedTerms;
use tokio::runtime::Handle;

use crate::compose::key_managers;
use crate::telemetry::metrics::GatewayMetrics;

/// Where it is set whose certificates managed key managers' servers may have.
pub(super) const CA_SETTING: &str = "ca_file in [control]";

/// What all managed key managers have in common.
#[derive(Debug)]
pub(super) struct Binding {
    pub(super) secret: Arc<CacheSecret>,
    /// What key managers do not say of their caches.
    pub(super) policy: CachePolicy,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) runtime: Handle,
    pub(super) metrics: GatewayMetrics,
    /// Authorities believed for their servers; `None`: the system's.
    pub(super) ca_file: Option<PathBuf>,
    pub(super) allow_private: bool,
    pub(super) resident: Resident,
}

/// The key manager that is our own control plane.
#[derive(Clone, Debug)]
pub(super) struct Resident {
    pub(super) introspection_endpoint: String,
    pub(super) ca_file: Option<PathBuf>,
    /// Signs the phantom tokens, since the endpoint describes tokens and makes none.
    pub(super) minter: Arc<Minter>,
}

/// A key manager that serves, and what refreshes its keys.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    pub(super) handle: Arc<KeyManagerHandle>,
    pub(super) manager: Arc<KeyManager>,
}

impl Bound {
    pub(super) fn new(handle: Arc<KeyManagerHandle>, manager: &Arc<KeyManager>) -> Self {
        Self { handle, manager: Arc::clone(manager) }
    }

    pub(super) async fn warm_up(&self) -> Result<(), IntrospectError> {
        self.manager.warm_up(self.handle.jwt.is_some()).await
    }

    pub(super) async fn refresh_if_due(&self) {
        self.manager.refresh_if_due(self.handle.jwt.is_some()).await;
    }
}

impl Binding {
    pub(super) fn bind(&self, managed: &ManagedKeyManager) -> Option<Bound> {
        let is_resident = managed.opaque.as_ref().is_some_and(|opaque| {
            *opaque.introspection_endpoint == *self.resident.introspection_endpoint
        });
        let config = if is_resident { self.resident(managed) } else { self.config(managed) };
        let minter = is_resident.then(|| Arc::clone(&self.resident.minter));
        let manager = KeyManager::build(&config, Arc::clone(&self.clock), minter);
        let manager = match manager {
            Ok(manager) => Arc::new(manager),
            Err(error) => {
                let key_manager = &*managed.name;
                tracing::error!(key_manager, %error, "the key manager takes no tokens");
                return None;
            }
        };
        let default = &self.policy;
        let entries = managed.opaque.as_ref().map_or(default.max_entries, |o| o.cache_max_entries);
        let setup = KeyManagerSetup {
            manager: Arc::clone(&manager),
            policy: CachePolicy {
                max_entries: entries,
                cap: config.token_cache_cap,
                ..default.clone()
            },
            accepts_jwt: managed.validates_jwt && managed.keys.is_some(),
            place: Place::default(),
        };
        let metrics = Some(&self.metrics);
        let handle = key_managers::handle(setup, &self.secret, &self.clock, metrics);
        let handle = KeyManagerHandle {
            opaque: handle.opaque.filter(|_| managed.opaque.is_some()),
            managed: Some(ManagedTerms::new(managed)),
            ..handle
        };
        Some(Bound { handle: Arc::new(handle), manager })
    }

    fn config(&self, managed: &ManagedKeyManager) -> KeyManagerConfig {
        KeyManagerConfig {
            allow_private: self.allow_private,
            ca_file: self.ca_file.clone(),
            ca_setting: CA_SETTING,
            ..KeyManagerConfig::managed(managed)
        }
    }

    fn resident(&self, managed: &ManagedKeyManager) -> KeyManagerConfig {
        let Resident { introspection_endpoint, ca_file, minter } = &self.resident;
        KeyManagerConfig {
            issuer: Some(minter.issuer().to_owned()),
            introspection_endpoint: Some(introspection_endpoint.clone()),
            keys: Some(Keys::Inline(minter.jwks_json().to_owned())),
            verify_jwt: true,
            guarded: false,
            response: ResponseFormat::Json,
            // The answer that a JWT is made from names no issuer: the JWT names us.
            required_claims: Some(vec!["exp".to_owned()]),
            ca_file: ca_file.clone(),
            ..self.config(managed)
        }
    }
}
