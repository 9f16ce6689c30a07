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

use serde_json::Value as Json;

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
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// As it is stored.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

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
