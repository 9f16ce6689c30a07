//! The entities, one file each: row, reads, writes.

pub(crate) mod api;
pub(crate) mod api_scope;
pub(crate) mod application;
pub(crate) mod audit;
pub(crate) mod change;
pub(crate) mod client;
pub(crate) mod deny_policy;
pub(crate) mod deployment;
pub(crate) mod key_manager;
pub(crate) mod key_mapping;
pub(crate) mod plan;
pub(crate) mod publication;
pub(crate) mod revision;
pub(crate) mod revocation;
pub(crate) mod scope;
pub(crate) mod secret;
pub(crate) mod subscription;
pub(crate) mod token;
pub(crate) mod user;

use crate::error::StoreError;

/// A closed set that is stored by name.
macro_rules! names {
    ($(#[$doc:meta])* $set:ident { $($(#[$note:meta])* $variant:ident = $name:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $set { $($(#[$note])* $variant),* }

        impl $set {
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}
pub(crate) use names;

names! {
    /// What an audit line or a change is about. Changes name the first seven only.
    Entity {
        KeyManager = "KEY_MANAGER",
        Plan = "PLAN",
        DenyPolicy = "DENY_POLICY",
        Api = "API",
        Application = "APPLICATION",
        Revocation = "REVOCATION",
        Token = "TOKEN",
        User = "USER",
        Client = "CLIENT",
        Scope = "SCOPE",
        Revision = "REVISION",
        Deployment = "DEPLOYMENT",
        KeyMapping = "KEY_MAPPING",
        Subscription = "SUBSCRIPTION",
    }
}

names! {
    /// What an audit line says was done.
    Action { Create = "CREATE", Update = "UPDATE", Delete = "DELETE" }
}

/// The version an updated row gets, if it was read at its present one.
pub(crate) const fn next_version(stored: i64, read: i64) -> Result<i64, StoreError> {
    if stored == read { Ok(stored + 1) } else { Err(StoreError::VersionMismatch) }
}
