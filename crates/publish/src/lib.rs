//! From the store to gateways: the whole catalog first, then what changed; each entity as gateways get
//! it; and the last catalog in a file, for a start without the store.
//!
//! What never lives here is a use case: nobody asks for what is published, so that there is neither
//! caller nor plane here, and nothing is written but that file.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

pub mod apis;
pub mod applications;
pub mod deny_policies;
pub mod kept;
pub mod key_managers;
pub mod plans;

use std::collections::BTreeSet;
use std::sync::Arc;

use phantom_core::Clock;
use phantom_core::InvalidDigest;
use phantom_core::TokenDigest;
use phantom_core::catalog::Catalog;
use phantom_core::catalog::Change;
use phantom_core::catalog::EndedToken;
use phantom_core::catalog::EntityId;
use phantom_core::catalog::ManagedApi;
use phantom_core::catalog::ManagedKeyManager;
use phantom_core::catalog::Revocation;
use phantom_core::catalog::Revoked;
use phantom_manage::seed;
use phantom_store::ChangeRow;
use phantom_store::DeployedApi;
use phantom_store::Entity;
use phantom_store::KeyManagerRow;
use phantom_store::RevocationKind;
use phantom_store::RevocationRow;
use phantom_store::Store;
use phantom_store::StoreError;
use secrecy::ExposeSecret;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::apis::Unpublished;
use crate::applications::Names;
use crate::applications::managed as application;
pub use crate::key_managers::ResidentEndpoint;

/// The environment that everything is deployed to.
pub const ENVIRONMENT: &str = "Default";
/// Changes read at a time; where more wait, the whole catalog is read instead.
const MAX_CHANGES: u32 = 1000;

/// Follows one store for one gateway.
#[derive(Debug)]
pub struct Follower {
    store: Store,
    clock: Arc<dyn Clock>,
    resident: ResidentEndpoint,
    /// Number of the last change given out; `None` before the first catalog.
    position: Option<u64>,
    names: Names,
}

/// What a gateway has to take.
#[derive(Debug)]
pub enum Update {
    Nothing,
    /// In the place of all it knew.
    Whole(Box<Catalog>),
    Changes(Vec<Change>),
}

impl Follower {
    #[must_use]
    pub fn new(store: Store, resident: ResidentEndpoint, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, resident, position: None, names: Names::default() }
    }

    /// What happened since the last time. After an error nothing is lost: the next call tells it.
    pub async fn next(&mut self) -> Result<Update, StoreError> {
        let Some(position) = self.position else { return self.whole().await };
        let changes = self.store.changes_since(position, MAX_CHANGES).await?;
        let Some(last) = changes.last().map(|change| change.sequence) else {
            // There is none, or all that there were are forgotten already.
            let missed = self.store.first_change().await? > position + 1;
            return if missed { self.whole().await } else { Ok(Update::Nothing) };
        };
        let follows = changes.first().is_some_and(|change| change.sequence == position + 1);
        if !follows || changes.len() >= MAX_CHANGES as usize {
            // Old changes are forgotten after a while, or there are more than is worth following.
            return self.whole().await;
        }
        let mut updates = match self.ended(&changes) {
            Ok(ended) => ended,
            Err(error) => {
                // Caches start over with a whole catalog: what cannot be read is ended as well.
                tracing::error!(%error, "an ended token cannot be read");
                return self.whole().await;
            }
        };
        updates.extend(self.changed(&changes).await?);
        self.position = Some(last);
        Ok(Update::Changes(updates))
    }

    /// Until this process has changed something, which saves looking.
    pub async fn stirred(&self) {
        self.store.committed().await;
    }

    /// Number of the last change that was told; 0 before the first catalog.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position.unwrap_or_default()
    }

    /// The next call gives the whole catalog.
    pub const fn start_over(&mut self) {
        self.position = None;
    }

    async fn whole(&mut self) -> Result<Update, StoreError> {
        let snapshot = self.store.snapshot(ENVIRONMENT, self.clock.now().wall).await?;
        self.names = Names::default();
        let apis = &snapshot.apis;
        let catalog = Catalog {
            sequence: snapshot.sequence,
            key_managers: self.key_managers(&snapshot.key_managers),
            apis: apis.iter().filter_map(|api| self.api(api, &snapshot.key_managers)).collect(),
            applications: snapshot
                .applications
                .into_iter()
                .map(|unit| Arc::new(application(unit, &mut self.names)))
                .collect(),
            plans: plans::published(&snapshot.plans),
            deny_policies: deny_policies::published(&snapshot.deny_policies),
            revocations: snapshot.revocations.iter().filter_map(revocation).collect(),
        };
        self.position = Some(snapshot.sequence);
        Ok(Update::Whole(Box::new(catalog)))
    }

    /// Each entity once, as it is now: that is at least as new as the change that names it.
    async fn changed(&mut self, changes: &[ChangeRow]) -> Result<Vec<Change>, StoreError> {
        let of = |entity: Entity| -> BTreeSet<&str> {
            changes.iter().filter(|c| c.entity == entity).map(|c| c.id.as_str()).collect()
        };
        let mut updates = Vec::new();
        if !of(Entity::Plan).is_empty() {
            updates.push(Change::Plans(plans::published(&self.store.plans().await?)));
        }
        if !of(Entity::DenyPolicy).is_empty() {
            let rows = self.store.deny_policies().await?;
            updates.push(Change::DenyPolicies(deny_policies::published(&rows)));
        }
        let (apis, key_managers) = (of(Entity::Api), of(Entity::KeyManager));
        if !apis.is_empty() || !key_managers.is_empty() {
            let rows = self.store.key_managers().await?;
            if !key_managers.is_empty() {
                updates.push(Change::KeyManagers(self.key_managers(&rows)));
                // They name key managers, whose ids may be others now.
                let all = self.store.deployments_with_documents(ENVIRONMENT).await?;
                updates.extend(all.iter().filter_map(|api| self.api(api, &rows)).map(Change::Api));
            }
            for id in apis.into_iter().filter_map(uuid) {
                let deployed = self.store.deployed_api(id, ENVIRONMENT).await?;
                let api = deployed.and_then(|api| self.api(&api, &rows));
                updates.push(api.map_or(Change::ApiGone(entity_id(id)), Change::Api));
            }
        }
        // Those that lost a key go before those that may have got it.
        let mut applications = Vec::new();
        for id in of(Entity::Application).into_iter().filter_map(uuid) {
            match self.store.application_unit(id).await? {
                None => updates.push(Change::ApplicationGone(entity_id(id))),
                Some(unit) => applications.push(Arc::new(application(unit, &mut self.names))),
            }
        }
        applications.sort_by_key(|application| application.keys.len());
        updates.extend(applications.into_iter().map(Change::Application));
        for sequence in of(Entity::Revocation).into_iter().filter_map(|id| id.parse().ok()) {
            let row = self.store.revocation(sequence).await?;
            updates.extend(row.as_ref().and_then(revocation).map(Change::Revoked));
        }
        Ok(updates)
    }

    fn ended(&self, changes: &[ChangeRow]) -> Result<Vec<Change>, StoreError> {
        let of_tokens = changes.iter().filter(|change| change.entity == Entity::Token);
        let ended = of_tokens.map(|change| {
            let token = self.store.announced(change)?;
            let token = Zeroizing::new(token.expose_secret().to_owned());
            Ok(Change::TokenEnded(EndedToken(token)))
        });
        ended.collect()
    }

    fn key_managers(&self, rows: &[KeyManagerRow]) -> Vec<Arc<ManagedKeyManager>> {
        let managed = rows.iter().filter_map(|row| {
            key_managers::managed(row, &self.resident)
                .inspect_err(|error| {
                    let key_manager = row.name.as_str();
                    tracing::error!(key_manager, %error, "a key manager cannot be published");
                })
                .ok()
                .flatten()
        });
        managed.map(Arc::new).collect()
    }

    fn api(
        &self,
        deployed: &DeployedApi,
        key_managers: &[KeyManagerRow],
    ) -> Option<Arc<ManagedApi>> {
        match apis::managed(deployed, key_managers) {
            Ok(api) => Some(Arc::new(api)),
            Err(Unpublished::State { .. }) => None,
            Err(error) => {
                let api = deployed.name.as_str();
                tracing::error!(api, %error, "an API cannot be published");
                None
            }
        }
    }
}

fn revocation(row: &RevocationRow) -> Option<Revocation> {
    let value = row.value.as_str().into();
    let of = match row.kind {
        RevocationKind::ConsumerKey => Revoked::ConsumerKey(value),
        RevocationKind::Subject => Revoked::Subject(value),
        RevocationKind::TokenId => Revoked::TokenId(value),
        RevocationKind::Token => {
            let digest = TokenDigest::try_from(row.value.clone());
            let damaged = |error: &InvalidDigest| {
                tracing::error!(number = row.sequence, %error, "a stored revocation cannot be read");
            };
            Revoked::Token(digest.inspect_err(damaged).ok()?)
        }
    };
    Some(Revocation { of, at: row.at, until: row.expires_at })
}

/// The credentials with which gateways ask the resident key manager.
pub async fn resident(store: &Store, public_url: &str) -> Result<ResidentEndpoint, StoreError> {
    let client = seed::gateway_client(store).await?;
    Ok(ResidentEndpoint {
        introspection_endpoint: introspection_endpoint(public_url),
        issuer: issuer(public_url),
        client_id: client.client_id,
        client_secret: client.secret,
    })
}

/// Where the resident key manager is asked.
#[must_use]
pub fn introspection_endpoint(public_url: &str) -> String {
    format!("{public_url}/oauth2/introspect")
}

/// What it calls itself.
#[must_use]
pub fn issuer(public_url: &str) -> String {
    format!("{public_url}/oauth2/token")
}

fn uuid(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok()
}

const fn entity_id(id: Uuid) -> EntityId {
    EntityId::new(id.as_u128())
}
