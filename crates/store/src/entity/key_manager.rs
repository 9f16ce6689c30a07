//! Configured authorization servers.

use std::collections::BTreeMap;

use phantom_core::UnixTime;
use secrecy::SecretString;
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

/// An authorization server whose tokens managed APIs take.
#[derive(Clone, Debug)]
pub struct KeyManagerRow {
    /// Made by the caller; never changes.
    pub id: Uuid,
    /// Unique.
    pub name: String,
    /// WSO2's type of connector; case matters.
    pub kind: String,
    /// False: no gateway takes its tokens.
    pub enabled: bool,
    /// All else, by the names of the Admin API, without secrets.
    pub document: Json,
    /// By the names of the properties that they were taken from. Sealed at rest, all of them together.
    pub secrets: BTreeMap<String, SecretString>,
    /// Rises with every update.
    pub version: i64,
    /// Given with the insert; never changes.
    pub created_at: UnixTime,
    /// The time of the last update.
    pub updated_at: UnixTime,
}

table! {
    KeyManagerRow in "key_managers" by id:
    name, kind, enabled, document, secrets, version, updated_at;
    fixed: created_at
}

reads! {
    /// The key manager with that id.
    fn key_manager(id: Uuid) -> Option<KeyManagerRow> = "WHERE id = $1";
    /// The key manager of that name.
    fn key_manager_by_name(name: &str) -> Option<KeyManagerRow> = "WHERE name = $1";
    /// All of them, by name.
    fn key_managers() -> Vec<KeyManagerRow> = "ORDER BY name";
    /// Those at which applications have keys, by name.
    fn used_key_managers() -> Vec<KeyManagerRow>
        = "WHERE id IN (SELECT key_manager FROM key_mappings) ORDER BY name";
    /// How many key mappings there are at it.
    fn key_mapping_count(key_manager: Uuid) -> u64 = "key_mappings WHERE key_manager = $1";
}

impl Write {
    /// Kept as given, `version` too: 1 for what is new.
    ///
    /// # Errors
    ///
    /// [`StoreError::Duplicate`] of `key_managers.name`.
    pub async fn insert_key_manager(&mut self, row: &KeyManagerRow) -> Result<(), StoreError> {
        self.insert(row).await
    }

    /// `row.version` is the one that was read. Gives back the row as it is now.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`], [`StoreError::VersionMismatch`], or [`StoreError::Duplicate`]
    /// of `key_managers.name`.
    pub async fn update_key_manager(
        &mut self,
        row: KeyManagerRow,
    ) -> Result<KeyManagerRow, StoreError> {
        let before = self.key_manager(row.id).await?.ok_or(StoreError::Missing)?;
        let row = KeyManagerRow {
            version: next_version(before.version, row.version)?,
            created_at: before.created_at,
            updated_at: self.now,
            ..row
        };
        self.update(&before, &row).await?;
        Ok(row)
    }

    /// Its tokens are taken no more.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`], or [`StoreError::InUse`] while applications have keys there.
    pub async fn delete_key_manager(&mut self, id: Uuid) -> Result<(), StoreError> {
        let before = self.key_manager(id).await?.ok_or(StoreError::Missing)?;
        if self.key_mapping_count(id).await? > 0 {
            return Err(StoreError::InUse { what: "key_manager.key_mappings" });
        }
        self.delete(&before).await
    }
}

impl Audited for KeyManagerRow {
    const ENTITY: Entity = Entity::KeyManager;

    /// The names of the secrets, never their values.
    fn audited(&self) -> Json {
        json!({
            "name": self.name, "kind": self.kind, "enabled": self.enabled,
            "document": self.document, "secrets": self.secrets.keys().collect::<Vec<_>>(),
        })
    }
}
