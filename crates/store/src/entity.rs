//! The entities, one file each: row, reads, writes.

pub(crate) mod api;
pub(crate) mod api_scope;
pub(crate) mod api_word;
pub(crate) mod application;
pub(crate) mod audit;
pub(crate) mod change;
pub(crate) mod client;
pub(crate) mod console_session;
pub(crate) mod deny_policy;
pub(crate) mod deployment;
pub(crate) mod gateway;
pub(crate) mod key_manager;
pub(crate) mod key_mapping;
pub(crate) mod label;
pub(crate) mod plan;
pub(crate) mod publication;
pub(crate) mod revision;
pub(crate) mod revocation;
pub(crate) mod scope;
pub(crate) mod secret;
pub(crate) mod subscription;
#[cfg(test)]
mod tests;
pub(crate) mod token;
pub(crate) mod user;

pub use api::ApiFilter;
pub use api::ApiRow;
pub use api::ApiSort;
pub use api::LifecycleState;
pub use api::TagWanted;
pub use api_scope::ScopeUse;
pub use api_scope::SharedScopeCount;
pub use api_word::KeyManagerNamed;
pub use application::ApplicationFilter;
pub use application::ApplicationRow;
pub use application::ApplicationSort;
pub use application::CountedApplication;
pub use audit::AuditFilter;
pub use audit::AuditRow;
pub use change::ChangeRow;
pub use client::ClientPurpose;
pub use client::ClientRow;
pub use console_session::ConsoleSessionRow;
pub use deny_policy::ConditionType;
pub use deny_policy::DenyPolicyRow;
pub use deployment::DeploymentRow;
pub use gateway::GatewayRow;
pub use gateway::ReportRow;
pub use gateway::ReportedDecisions;
pub use gateway::ReportedTraffic;
pub use gateway::SeenGateway;
pub use key_manager::KeyManagerRow;
pub use key_mapping::KeyMappingRow;
pub use key_mapping::MappedKey;
pub use key_mapping::MappedKeyType;
pub use key_mapping::MappingMode;
pub use label::ApiLabel;
pub use label::ApplicationLabel;
pub use plan::PlanLevel;
pub use plan::PlanRow;
pub use publication::ApplicationUnit;
pub use publication::DeployedApi;
pub use publication::Snapshot;
pub use publication::UnitKey;
pub use publication::UnitSubscription;
pub use revision::RevisionRow;
pub use revocation::RevocationKind;
pub use revocation::RevocationRow;
pub use scope::ScopeRow;
pub use secret::SecretName;
use serde_json::Value as Json;
pub use subscription::Subscribed;
pub use subscription::SubscriptionRow;
pub use subscription::SubscriptionState;
pub use token::TokenKind;
pub use token::TokenRow;
pub use token::TokensOf;
pub use user::Role;
pub use user::UserRow;

use crate::columns::Cells;
use crate::columns::Table;
use crate::error::StoreError;

/// A closed set that is stored, written and read by name. A name that there is not is a database that
/// cannot be read.
macro_rules! names {
    ($(#[$doc:meta])* $set:ident { $($(#[$note:meta])* $variant:ident = $name:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $set { $($(#[$note])* $variant),* }

        impl $set {
            /// In the order in which they are declared.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// As it is stored.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The one that is stored by that name. Case matters.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }

        impl $crate::columns::Column for $set {
            fn read(
                row: &$crate::columns::Columns<'_>,
                column: &str,
            ) -> Result<Self, $crate::StoreError> {
                let name = row.text(column)?;
                let unknown =
                    || $crate::StoreError::corrupt(format!("{column} has the unknown name {name:?}"));
                Self::from_name(name).ok_or_else(unknown)
            }

            fn write(
                &self,
                _: &$crate::columns::Seal<'_>,
            ) -> Result<$crate::value::Value<'_>, $crate::StoreError> {
                Ok((*self).into())
            }
        }

        impl serde::Serialize for $set {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $set {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let name = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                let unknown = || serde::de::Error::unknown_variant(&name, &[$($name),*]);
                Self::from_name(&name).ok_or_else(unknown)
            }
        }

        impl From<$set> for $crate::value::Value<'_> {
            fn from(set: $set) -> Self {
                set.as_str().into()
            }
        }
    };
}
pub(crate) use names;

names! {
    /// What an audit line or a change is about. Changes name the first seven only.
    Entity {
        /// A [`KeyManagerRow`].
        KeyManager = "KEY_MANAGER",
        /// A [`PlanRow`].
        Plan = "PLAN",
        /// A [`DenyPolicyRow`].
        DenyPolicy = "DENY_POLICY",
        /// An [`ApiRow`]; in changes its deployments too.
        Api = "API",
        /// An [`ApplicationRow`]; in changes its keys and subscriptions too.
        Application = "APPLICATION",
        /// A [`RevocationRow`].
        Revocation = "REVOCATION",
        /// A token of another server that ended before its time.
        Token = "TOKEN",
        /// A [`UserRow`].
        User = "USER",
        /// A [`ClientRow`].
        Client = "CLIENT",
        /// A [`ScopeRow`].
        Scope = "SCOPE",
        /// A [`RevisionRow`].
        Revision = "REVISION",
        /// A [`DeploymentRow`].
        Deployment = "DEPLOYMENT",
        /// A [`KeyMappingRow`].
        KeyMapping = "KEY_MAPPING",
        /// A [`SubscriptionRow`].
        Subscription = "SUBSCRIPTION",
    }
}

names! {
    /// What an audit line says was done.
    Action {
        /// There was no such row.
        Create = "CREATE",
        /// The row was there, and is another now.
        Update = "UPDATE",
        /// The row is gone, with what belonged to it.
        Delete = "DELETE",
    }
}

/// A row that the audit tells of.
pub(crate) trait Audited: Table {
    const ENTITY: Entity;

    /// The row without its secrets.
    fn audited(&self) -> Json;

    /// What gateways look at again when the row is written.
    fn published(&self) -> Option<(Entity, String)> {
        Some((Self::ENTITY, self.key()))
    }

    /// Adds the columns that no member stands for.
    fn beside<'v>(&'v self, _: &mut Cells<'v>) {}
}

/// The version an updated row gets, if it was read at its present one.
pub(crate) const fn next_version(stored: i64, read: i64) -> Result<i64, StoreError> {
    if stored == read { Ok(stored + 1) } else { Err(StoreError::VersionMismatch) }
}
