//! Users of the management APIs and of the console.

use phantom_core::UnixTime;
use serde_json::Value as Json;
use serde_json::json;

use super::Audited;
use super::Entity;
use super::names;
use crate::columns::Column;
use crate::columns::Columns;
use crate::columns::Seal;
use crate::columns::table;
use crate::error::StoreError;
use crate::read::reads;
use crate::value::Value;
use crate::write::Write;

/// A user who signs in here.
#[derive(Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Compared byte by byte; never changes.
    pub name: String,
    /// PHC string, see [`crate::password`].
    pub password_hash: String,
    /// As given: without the one that everybody has, perhaps.
    pub roles: Vec<Role>,
    /// Given with the insert; never changes.
    pub created_at: UnixTime,
}

names! {
    /// A role, by WSO2's names.
    Role {
        /// May do everything.
        Admin = "admin",
        /// Makes and edits APIs.
        Creator = "Internal/creator",
        /// Imports and exports.
        Devops = "Internal/devops",
        /// Held by every user; gives nothing by itself.
        Everyone = "Internal/everyone",
        /// Lists APIs and reads their definitions.
        IntegrationDev = "Internal/integration_dev",
        /// Publishes and deploys APIs, and decides on subscriptions.
        Publisher = "Internal/publisher",
        /// Has applications, and subscribes them.
        Subscriber = "Internal/subscriber",
    }
}

impl UserRow {
    /// Those it was given, and the one that everybody has.
    #[must_use]
    pub fn held_roles(&self) -> Vec<Role> {
        let mut held = self.roles.clone();
        if !held.contains(&Role::Everyone) {
            held.push(Role::Everyone);
        }
        held
    }

    /// Returns whether the user may do everything.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.roles.contains(&Role::Admin)
    }
}

/// A list of names.
impl Column for Vec<Role> {
    fn read(row: &Columns<'_>, column: &str) -> Result<Self, StoreError> {
        let names: Vec<String> = row.get(column)?;
        let role = |name: &String| {
            let unknown = || StoreError::corrupt(format!("{column} has the unknown name {name:?}"));
            Role::from_name(name).ok_or_else(unknown)
        };
        names.iter().map(role).collect()
    }

    fn write(&self, _: &Seal<'_>) -> Result<Value<'_>, StoreError> {
        let names: Vec<&str> = self.iter().map(|role| role.as_str()).collect();
        Ok(Value::from(&json!(names)))
    }
}

table! {
    UserRow in "users" by name: password_hash, roles; fixed: created_at
}

reads! {
    /// The user of that name, which is compared exactly.
    fn user(name: &str) -> Option<UserRow> = "WHERE name = $1";
    /// All users, by name.
    fn users() -> Vec<UserRow> = "ORDER BY name";
}

impl Write {
    /// A user who can sign in from then on.
    ///
    /// # Errors
    ///
    /// [`StoreError::Duplicate`] of `users.name`.
    pub async fn insert_user(&mut self, row: &UserRow) -> Result<(), StoreError> {
        self.insert(row).await
    }

    /// New roles or a new password; the name finds the row.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`].
    pub async fn update_user(&mut self, row: &UserRow) -> Result<(), StoreError> {
        let before = self.user(&row.name).await?.ok_or(StoreError::Missing)?;
        self.update(&before, row).await
    }

    /// With the sessions in the console. Tokens are for [`Write::end_tokens`].
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`].
    pub async fn delete_user(&mut self, name: &str) -> Result<(), StoreError> {
        let before = self.user(name).await?.ok_or(StoreError::Missing)?;
        self.delete(&before).await
    }
}

impl Audited for UserRow {
    const ENTITY: Entity = Entity::User;

    fn audited(&self) -> Json {
        let roles: Vec<&str> = self.roles.iter().map(|role| role.as_str()).collect();
        json!({"name": self.name, "roles": roles})
    }

    fn published(&self) -> Option<(Entity, String)> {
        None
    }
}

/// Without the hash: it can be guessed against.
impl std::fmt::Debug for UserRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserRow")
            .field("name", &self.name)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}
