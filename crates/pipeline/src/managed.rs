//! Managed APIs: those that the control plane publishes, and the applications that may call them.

mod api;
mod api_table;
mod claims;
mod compile;
mod denied;
mod directory;
mod election;
mod plans;
mod publication;
mod revocations;
mod sharded_map;
mod template;
mod throttle;

use std::sync::Arc;

pub use api::Api;
pub use api::ManagedOperation;
pub use api::ServedApi;
pub(crate) use api::Standing;
pub use api_table::ApiTable;
pub(crate) use api_table::Located;
pub(crate) use denied::Denied;
pub(crate) use directory::Directory;
pub use election::ManagedTerms;
pub(crate) use plans::PlanTable;
pub use publication::Binder;
pub use publication::Publication;
pub(crate) use revocations::Revocations;
pub use revocations::TokenNames;
pub(crate) use template::Resource;
pub(crate) use throttle::Throttle;

pub(crate) use claims::TokenClaims;
#[cfg(test)]
pub(crate) use compile::compile;
pub(crate) use election::Elected;
pub(crate) use election::elect;
pub(crate) use election::others_of;
pub(crate) use election::sole_verifier;
pub(crate) use throttle::Charge;
pub(crate) use throttle::Level;

use crate::decide::Forward;
use crate::exchange::Exchanged;
use crate::exchange::KeyManagerHandle;
use crate::matched::Matched;

/// The part of a snapshot that the control plane published. A clone shares everything.
#[derive(Clone, Debug, Default)]
pub struct Managed {
    /// The same one as long as no API changes.
    pub apis: Arc<ApiTable>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) plans: Arc<PlanTable>,
    pub(crate) denied: Arc<Denied>,
    pub(crate) revocations: Arc<Revocations>,
    /// All of them, whoever chose them.
    pub(crate) key_managers: Arc<[Arc<KeyManagerHandle>]>,
}

impl Managed {
    /// Returns whether an event killed a token that an authorization server vouched for: asked on routes
    /// of the file, and by long streams (STR-1). A key manager of the file names no consumer key
    /// claim; the token's client is meant then.
    #[must_use]
    pub fn has_revoked(&self, exchanged: &Exchanged) -> bool {
        if self.revocations.is_empty() {
            return false;
        }
        let Exchanged { statement, key_manager, .. } = exchanged;
        let Some(terms) = &key_manager.managed else {
            let client = statement.client_id.as_deref().or(statement.authorized_party.as_deref());
            return self.revocations.kill(statement, client);
        };
        let claims = TokenClaims::new(statement, &key_manager.trust);
        let consumer_key = claims.consumer_key(&terms.consumer_key);
        self.revocations.kill(statement, consumer_key.as_deref())
    }

    /// Returns whether a deny policy came while a call of a managed API with a token is answered: asked by
    /// long streams.
    #[must_use]
    pub fn denies(&self, forward: &Forward) -> bool {
        if self.denied.is_empty() {
            return false;
        }
        let (Matched::Operation(operation), Some(exchanged)) =
            (&forward.matched, &forward.exchanged)
        else {
            return false;
        };
        if self.denied.api_or_address(&operation.api, forward.peer) {
            return true;
        }
        let Exchanged { statement, key_manager, .. } = exchanged;
        let client = key_manager.managed.as_ref().and_then(|terms| {
            let claims = TokenClaims::new(statement, &key_manager.trust);
            self.directory.client(terms.id, &claims.consumer_key(&terms.consumer_key)?)
        });
        let user = statement.subject.as_deref();
        client.is_some_and(|client| self.denied.caller(&client.application, user))
    }
}
