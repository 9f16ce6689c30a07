//! Users of the management APIs and of the console.

use phantom_core::UnixTime;
use serde_json::Value as Json;
use serde_json::json;

use super::Action;
use super::Entity;
use crate::columns::Columns;
use crate::columns::Record;
use crate::error::StoreError;
use crate::read::reads;
use crate::session::Session;
use crate::value::values;
use crate::write::Write;

#[derive(Clone, PartialEq, Eq)]
pub struct UserRow {
    pub name: String,
    /// PHC string, see [`crate::password`].
    pub password_hash: String,
    pub roles: Vec<String>,
    pub created_at: UnixTime,
}

reads! {
    /// The user of that name, which is compared exactly.
    fn user(name: &str) -> Option<UserRow>;
    /// All users, by name.
    fn users() -> Vec<UserRow>;
}

async fn user(session: &mut Session, name: &str) -> Result<Option<UserRow>, StoreError> {
    let select = "SELECT name, password_hash, roles, created_at FROM users WHERE name = $1";
    session.row(select, values![name]).await
}

async fn users(session: &mut Session) -> Result<Vec<UserRow>, StoreError> {
    let select = "SELECT name, password_hash, roles, created_at FROM users ORDER BY name";
    session.rows(select, &[]).await
}

impl Write {
    pub async fn insert_user(&mut self, row: &UserRow) -> Result<(), StoreError> {
        let insert = "INSERT INTO users (name, password_hash, roles, created_at) \
             VALUES ($1, $2, $3, $4)";
        let values = values![&row.name, &row.password_hash, &row.roles, row.created_at];
        self.session.execute(insert, values).await?;
        self.record(Action::Create, Entity::User, &row.name, None, Some(audited(row))).await
    }

    /// New roles or a new password; the name finds the row.
    pub async fn update_user(&mut self, row: &UserRow) -> Result<(), StoreError> {
        let before = self.user(&row.name).await?.ok_or(StoreError::Missing)?;
        let update = "UPDATE users SET password_hash = $2, roles = $3 WHERE name = $1";
        let values = values![&row.name, &row.password_hash, &row.roles];
        self.session.execute(update, values).await?;
        let (before, after) = (Some(audited(&before)), Some(audited(row)));
        self.record(Action::Update, Entity::User, &row.name, before, after).await
    }

    pub async fn delete_user(&mut self, name: &str) -> Result<(), StoreError> {
        let before = self.user(name).await?.ok_or(StoreError::Missing)?;
        self.session.execute("DELETE FROM users WHERE name = $1", values![name]).await?;
        self.record(Action::Delete, Entity::User, name, Some(audited(&before)), None).await
    }
}

fn audited(row: &UserRow) -> Json {
    json!({"name": row.name, "roles": row.roles})
}

impl Record for UserRow {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            name: columns.text()?,
            password_hash: columns.text()?,
            roles: columns.strings()?,
            created_at: columns.time()?,
        })
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
