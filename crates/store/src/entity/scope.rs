//! Scopes that several APIs share.

use serde_json::Value as Json;
use serde_json::json;
use uuid::Uuid;

use super::Action;
use super::Entity;
use super::next_version;
use crate::columns::Columns;
use crate::columns::Record;
use crate::error::StoreError;
use crate::read::reads;
use crate::session::Session;
use crate::value::values;
use crate::write::Write;

#[derive(Clone, Debug, PartialEq)]
pub struct ScopeRow {
    pub id: Uuid,
    /// Unique.
    pub name: String,
    pub document: Json,
    pub version: i64,
}

reads! {
    /// The shared scope with that id.
    fn scope(id: Uuid) -> Option<ScopeRow>;
    /// The shared scope of that name.
    fn scope_by_name(name: &str) -> Option<ScopeRow>;
    /// All of them, by name.
    fn scopes() -> Vec<ScopeRow>;
}

async fn scope(session: &mut Session, id: Uuid) -> Result<Option<ScopeRow>, StoreError> {
    let select = "SELECT id, name, document, version FROM scopes WHERE id = $1";
    session.row(select, values![id]).await
}

async fn scope_by_name(session: &mut Session, name: &str) -> Result<Option<ScopeRow>, StoreError> {
    let select = "SELECT id, name, document, version FROM scopes WHERE name = $1";
    session.row(select, values![name]).await
}

async fn scopes(session: &mut Session) -> Result<Vec<ScopeRow>, StoreError> {
    session.rows("SELECT id, name, document, version FROM scopes ORDER BY name", &[]).await
}

impl Write {
    /// Stored with version 1.
    pub async fn insert_scope(&mut self, row: &ScopeRow) -> Result<(), StoreError> {
        let insert = "INSERT INTO scopes (id, name, document, version) VALUES ($1, $2, $3, 1)";
        self.session.execute(insert, values![row.id, &row.name, &row.document]).await?;
        let id = row.id.to_string();
        self.record(Action::Create, Entity::Scope, &id, None, Some(audited(row))).await
    }

    /// `row.version` is the one that was read. Gives back the row as it is now.
    pub async fn update_scope(&mut self, row: ScopeRow) -> Result<ScopeRow, StoreError> {
        let before = self.scope(row.id).await?.ok_or(StoreError::Missing)?;
        let row = ScopeRow { version: next_version(before.version, row.version)?, ..row };
        let update = "UPDATE scopes SET name = $2, document = $3, version = $4 WHERE id = $1";
        let values = values![row.id, &row.name, &row.document, row.version];
        self.session.execute(update, values).await?;
        let (id, before, after) = (row.id.to_string(), audited(&before), audited(&row));
        self.record(Action::Update, Entity::Scope, &id, Some(before), Some(after)).await?;
        Ok(row)
    }

    pub async fn delete_scope(&mut self, id: Uuid) -> Result<(), StoreError> {
        let before = self.scope(id).await?.ok_or(StoreError::Missing)?;
        self.session.execute("DELETE FROM scopes WHERE id = $1", values![id]).await?;
        let (id, before) = (id.to_string(), audited(&before));
        self.record(Action::Delete, Entity::Scope, &id, Some(before), None).await
    }
}

fn audited(row: &ScopeRow) -> Json {
    json!({"name": row.name, "document": row.document})
}

impl Record for ScopeRow {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: columns.uuid()?,
            name: columns.text()?,
            document: columns.json()?,
            version: columns.integer()?,
        })
    }
}
