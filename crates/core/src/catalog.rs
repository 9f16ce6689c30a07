//! The catalog that the control plane publishes and the data plane compiles: managed APIs and who may call them.
//!
//! Plain values, validated where they were written. A change is one [`Change`]; a gateway that has
//! missed some takes a whole [`Catalog`] instead.
//!
//! A catalog holds secrets of key managers. It is serialised for one purpose: to be sealed at once and
//! kept for a start without the store. Whoever changes the shape of what is in it gives the kept form
//! another number (`phantom_publish::kept`), so that nothing is served by half of a rule.

mod api;
mod application;
mod deny_policy;
mod key_manager;
mod plan;

use std::fmt;
use std::num::ParseIntError;
use std::sync::Arc;

pub use api::ApiState;
pub use api::CorsPolicy;
pub use api::KeyManagerChoice;
pub use api::ManagedApi;
pub use api::Operation;
pub use api::OperationSecurity;
pub use api::Transports;
pub use application::Application;
pub use application::KeyMapping;
pub use application::KeyType;
pub use application::Subscription;
pub use application::SubscriptionStatus;
pub use deny_policy::DenyPolicy;
pub use key_manager::ClaimRename;
pub use key_manager::KeySet;
pub use key_manager::ManagedKeyManager;
pub use key_manager::OpaqueTokens;
pub use key_manager::TokenRule;
pub use plan::Limit;
pub use plan::Plan;
pub use plan::Plans;

use serde::Deserialize;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::time::UnixTime;
use crate::token::TokenDigest;

/// A UUID, as a number: cheap to compare and to hash.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct EntityId(u128);

impl EntityId {
    /// The id that is this UUID as a number.
    #[must_use]
    pub const fn new(uuid: u128) -> Self {
        Self(uuid)
    }

    /// The UUID as a number.
    #[must_use]
    pub const fn as_u128(self) -> u128 {
        self.0
    }
}

impl fmt::Debug for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl From<EntityId> for String {
    fn from(id: EntityId) -> Self {
        format!("{id:?}")
    }
}

impl TryFrom<String> for EntityId {
    type Error = ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u128::from_str_radix(&text, 16).map(Self)
    }
}

/// Everything a gateway needs to know, as of one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// Number of the last change that is in it.
    pub sequence: u64,
    /// Those that are enabled and validate tokens.
    pub key_managers: Vec<Arc<ManagedKeyManager>>,
    /// Those with a deployed revision, in the order of their ids.
    pub apis: Vec<Arc<ManagedApi>>,
    /// In the order of their ids.
    pub applications: Vec<Arc<Application>>,
    /// Every plan that APIs, applications and subscriptions can name.
    pub plans: Plans,
    /// Those that are switched on.
    pub deny_policies: Vec<DenyPolicy>,
    /// Those that can still kill a token.
    pub revocations: Vec<Revocation>,
}

impl Catalog {
    /// Takes one change, as a gateway does. Twice the same does no harm. Entities are kept in the
    /// order of their ids once [`Catalog::sort`] has put them so.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::KeyManagers(key_managers) => self.key_managers.clone_from(key_managers),
            Change::Api(api) => put(&mut self.apis, api, |api| api.id),
            Change::ApiGone(id) => remove(&mut self.apis, *id, |api| api.id),
            Change::Application(application) => {
                put(&mut self.applications, application, |application| application.id);
            }
            Change::ApplicationGone(id) => {
                remove(&mut self.applications, *id, |application| application.id);
            }
            Change::Plans(plans) => self.plans.clone_from(plans),
            Change::DenyPolicies(policies) => self.deny_policies.clone_from(policies),
            Change::Revoked(revocation) => self.revocations.push(revocation.clone()),
            // It is in no catalog: caches forget it.
            Change::TokenEnded(_) => {}
        }
    }

    /// Before the first change.
    pub fn sort(&mut self) {
        self.apis.sort_by_key(|api| api.id);
        self.applications.sort_by_key(|application| application.id);
    }

    /// Forgets revocations that can kill no token any more.
    pub fn forget_ended(&mut self, now: UnixTime) {
        self.revocations.retain(|revocation| revocation.until > now);
    }
}

fn put<T>(entities: &mut Vec<Arc<T>>, entity: &Arc<T>, id: impl Fn(&T) -> EntityId) {
    match entities.binary_search_by_key(&id(entity), |entity| id(entity)) {
        Ok(at) => {
            if let Some(place) = entities.get_mut(at) {
                *place = entity.clone();
            }
        }
        Err(at) => entities.insert(at, entity.clone()),
    }
}

fn remove<T>(entities: &mut Vec<Arc<T>>, of: EntityId, id: impl Fn(&T) -> EntityId) {
    if let Ok(at) = entities.binary_search_by_key(&of, |entity| id(entity)) {
        entities.remove(at);
    }
}

/// One entity as it is now. Applying the same change twice does no harm.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// All of them: they are few.
    KeyManagers(Vec<Arc<ManagedKeyManager>>),
    /// The deployed revision with the state of its life cycle.
    Api(Arc<ManagedApi>),
    /// No revision of it is deployed any more, or it is gone.
    ApiGone(EntityId),
    /// With all of its key mappings and subscriptions.
    Application(Arc<Application>),
    /// It was deleted, with its keys and subscriptions.
    ApplicationGone(EntityId),
    /// All of them: they are few.
    Plans(Plans),
    /// All of them: they are few.
    DenyPolicies(Vec<DenyPolicy>),
    /// Tokens that were good end.
    Revoked(Revocation),
    /// The token of a server that told the control plane, or whose operator did.
    TokenEnded(EndedToken),
}

/// Tokens of this consumer key or subject issued before this moment are dead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// What its tokens have in common.
    pub of: Revoked,
    /// Tokens that were issued before are dead.
    pub at: UnixTime,
    /// From then on no token can be left that it would kill.
    pub until: UnixTime,
}

/// An opaque token whose verdict must not be used any more. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct EndedToken(pub Zeroizing<String>);

impl fmt::Debug for EndedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EndedToken(redacted)")
    }
}

/// What revoked tokens have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Revoked {
    /// The client that they were issued to.
    ConsumerKey(Box<str>),
    /// The claim `sub`.
    Subject(Box<str>),
    /// By its `jti`; by its signature where it has none.
    TokenId(Box<str>),
    /// One that was shown to the control plane, by its digest under a key that gateways share.
    Token(TokenDigest),
}
