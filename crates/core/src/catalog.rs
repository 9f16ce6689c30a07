//! What the control plane publishes and the data plane compiles: managed APIs and who may call them.
//!
//! Plain values, validated where they were written. A change is one [`Change`]; a gateway that has
//! missed some takes a whole [`Catalog`] instead.

mod api;
mod application;
mod key_manager;
mod plan;

use std::fmt;
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
pub use key_manager::ClaimRename;
pub use key_manager::KeySet;
pub use key_manager::ManagedKeyManager;
pub use key_manager::OpaqueTokens;
pub use key_manager::TokenRule;
pub use plan::Limit;
pub use plan::Plan;
pub use plan::Plans;

use zeroize::Zeroizing;

use crate::time::UnixTime;

/// A UUID, as a number: cheap to compare and to hash.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityId(u128);

impl EntityId {
    #[must_use]
    pub const fn new(uuid: u128) -> Self {
        Self(uuid)
    }

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

/// Everything a gateway needs to know, as of one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog {
    /// Number of the last change that is in it.
    pub sequence: u64,
    pub key_managers: Vec<Arc<ManagedKeyManager>>,
    pub apis: Vec<Arc<ManagedApi>>,
    pub applications: Vec<Arc<Application>>,
    pub plans: Plans,
    pub revocations: Vec<Revocation>,
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
    ApplicationGone(EntityId),
    /// All of them: they are few.
    Plans(Plans),
    Revoked(Revocation),
    /// Of a server that told the control plane, or whose operator did.
    TokenEnded(EndedToken),
}

/// Tokens of this consumer key or subject issued before this moment are dead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    pub of: Revoked,
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

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Revoked {
    ConsumerKey(Box<str>),
    Subject(Box<str>),
    /// By its `jti`; by its signature where it has none.
    TokenId(Box<str>),
}
