//! Scopes that several APIs share.

use serde_json::Value as Json;
use serde_json::json;
use uuid::Uuid;

use super::Audited;
use super::Entity;
use super::next_version;
use crate::columns::table;
use crate::error::StoreError;
use crate::read::reads;
use crate::write::Write;

/// A scope that several APIs share.
#[derive(Clone, Debug, PartialEq)]
pub struct ScopeRow {
    /// Made by the caller; never changes.
    pub id: Uuid,
    /// Unique.
    pub name: String,
    /// Description and roles, by the names of the Publisher API.
    pub document: Json,
    /// Rises with every update.
    pub version: i64,
}

table! {
    ScopeRow in "scopes" by id: name, document, version
}

reads! {
    /// The shared scope with that id.
    fn scope(id: Uuid) -> Option<ScopeRow> = "WHERE id = $1";
    /// The shared scope of that name.
    fn scope_by_name(name: &str) -> Option<ScopeRow> = "WHERE name = $1";
    /// All of them, by name.
    fn scopes() -> Vec<ScopeRow> = "ORDER BY name";
}

impl Write {
    /// Kept as given, `version` too: 1 for what is new.
    ///
    /// # Errors
    ///
    /// [`StoreError::Duplicate`] of `scopes.name`.
    pub async fn insert_scope(&mut self, row: &ScopeRow) -> Result<(), StoreError> {
        self.insert(row).await
    }

    /// `row.version` is the one that was read. Gives back the row as it is now.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`], [`StoreError::VersionMismatch`], or [`StoreError::Duplicate`]
    /// of `scopes.name`.
    pub async fn update_scope(&mut self, row: ScopeRow) -> Result<ScopeRow, StoreError> {
        let before = self.scope(row.id).await?.ok_or(StoreError::Missing)?;
        let row = ScopeRow { version: next_version(before.version, row.version)?, ..row };
        self.update(&before, &row).await?;
        Ok(row)
    }

    /// APIs that name it are not looked at.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`].
    pub async fn delete_scope(&mut self, id: Uuid) -> Result<(), StoreError> {
        let before = self.scope(id).await?.ok_or(StoreError::Missing)?;
        self.delete(&before).await
    }
}

impl Audited for ScopeRow {
    const ENTITY: Entity = Entity::Scope;

    fn audited(&self) -> Json {
        json!({"name": self.name, "document": self.document})
    }

    fn published(&self) -> Option<(Entity, String)> {
        None
    }
}
