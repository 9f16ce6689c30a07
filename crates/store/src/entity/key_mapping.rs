//! Which consumer keys at which key manager are an application's.

use std::borrow::Cow;

use phantom_core::UnixTime;
use secrecy::SecretString;
use serde_json::Value as Json;
use serde_json::json;
use uuid::Uuid;

use super::Audited;
use super::Entity;
use super::names;
use crate::columns::Columns;
use crate::columns::Record;
use crate::columns::prefixed;
use crate::columns::table;
use crate::error::StoreError;
use crate::read::reads;
use crate::write::Write;

/// A consumer key that acts for an application.
#[derive(Clone, Debug)]
pub struct KeyMappingRow {
    /// Made by the caller; never changes.
    pub id: Uuid,
    /// The application that it acts for.
    pub application: Uuid,
    /// The key manager where the client is registered.
    pub key_manager: Uuid,
    /// One of each at a key manager.
    pub key_type: MappedKeyType,
    /// One application's at a key manager.
    pub consumer_key: String,
    /// The client's, where it was told to us. Sealed at rest.
    pub secret: Option<SecretString>,
    /// Never changes.
    pub mode: MappingMode,
    /// All else, by the names of the DevPortal API.
    pub document: Json,
    /// Given with the insert; never changes.
    pub created_at: UnixTime,
}

names! {
    /// The endpoint of an API that a key leads to.
    MappedKeyType {
        /// The endpoint for production.
        Production = "PRODUCTION",
        /// The endpoint for trying things out.
        Sandbox = "SANDBOX",
    }
}

names! {
    /// The way that a client became an application's.
    MappingMode {
        /// It was registered at its server before.
        Mapped = "MAPPED",
        /// It was made for the application, at our own authorization server.
        Created = "CREATED",
    }
}

table! {
    KeyMappingRow in "key_mappings" by id:
    secret, document;
    fixed: application, key_manager, key_type, consumer_key, mode, created_at
}

/// A key mapping with what it leads to.
#[derive(Clone, Debug)]
pub struct MappedKey {
    /// The mapping itself.
    pub row: KeyMappingRow,
    /// The key manager's name.
    pub key_manager: String,
    /// The key manager's kind.
    pub kind: String,
    /// Of the client that was made for the application.
    pub client_secret: Option<SecretString>,
}

impl Record for MappedKey {
    const FROM: &'static str = "key_mappings k JOIN key_managers m ON m.id = k.key_manager \
         LEFT JOIN clients c ON c.client_id = k.consumer_key AND k.mode = 'CREATED'";

    fn columns() -> Cow<'static, str> {
        let mapping = prefixed::<KeyMappingRow>("k");
        format!("{mapping}, m.name, m.kind, c.client_id, c.secret").into()
    }

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            row: KeyMappingRow::read(&row.under("k_"))?,
            key_manager: row.get("name")?,
            kind: row.get("kind")?,
            client_secret: row.sealed_in("clients", "client_id").get("secret")?,
        })
    }
}

reads! {
    /// The key mapping with that id, with what it leads to.
    fn mapped_key(id: Uuid) -> Option<MappedKey> = "WHERE k.id = $1";
    /// All keys of the application, in the order they were made.
    fn mapped_keys(application: Uuid) -> Vec<MappedKey>
        = "WHERE k.application = $1 ORDER BY k.created_at, k.id";
    /// The key mapping with that id.
    fn key_mapping(id: Uuid) -> Option<KeyMappingRow> = "WHERE id = $1";
    /// All key mappings of the application, in the order they were made.
    fn key_mappings(application: Uuid) -> Vec<KeyMappingRow>
        = "WHERE application = $1 ORDER BY created_at, id";
    /// Whose consumer key it is at that key manager.
    fn key_mapping_of(key_manager: Uuid, consumer_key: &str) -> Option<KeyMappingRow>
        = "WHERE key_manager = $1 AND consumer_key = $2";
    /// How many consumer keys besides that one applications have at the key manager; no more than 1001
    /// are counted.
    fn other_key_mapping_count(key_manager: Uuid, consumer_key: &str) -> u64
        = "(SELECT 1 AS one FROM key_mappings WHERE key_manager = $1 AND consumer_key <> $2 \
           LIMIT 1001) AS some_keys";
    /// One where there is any that was mapped.
    fn any_mapped_key() -> u64
        = "(SELECT 1 AS one FROM key_mappings WHERE mode = 'MAPPED' LIMIT 1) AS some_key";
    /// All of them, in the order of their ids.
    fn all_key_mappings() -> Vec<KeyMappingRow> = "ORDER BY id";
}

impl Write {
    /// One more key of the application.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] when the application or the key manager is gone,
    /// [`StoreError::Duplicate`] of `key_mappings.consumer_key` or `key_mappings.key_type`.
    pub async fn insert_key_mapping(&mut self, row: &KeyMappingRow) -> Result<(), StoreError> {
        self.insert(row).await
    }

    /// A new secret or document; the rest stays.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`].
    pub async fn update_key_mapping(&mut self, row: &KeyMappingRow) -> Result<(), StoreError> {
        let before = self.key_mapping(row.id).await?.ok_or(StoreError::Missing)?;
        let (secret, document) = (row.secret.clone(), row.document.clone());
        let after = KeyMappingRow { secret, document, ..before.clone() };
        self.update(&before, &after).await
    }

    /// The consumer key acts for the application no more; a client made for it stays.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`].
    pub async fn delete_key_mapping(&mut self, id: Uuid) -> Result<(), StoreError> {
        let before = self.key_mapping(id).await?.ok_or(StoreError::Missing)?;
        self.delete(&before).await
    }
}

impl Audited for KeyMappingRow {
    const ENTITY: Entity = Entity::KeyMapping;

    fn audited(&self) -> Json {
        json!({
            "application": self.application, "key_manager": self.key_manager,
            "key_type": self.key_type.as_str(), "consumer_key": self.consumer_key,
            "mode": self.mode.as_str(), "document": self.document,
        })
    }

    /// Gateways see it as a part of its application.
    fn published(&self) -> Option<(Entity, String)> {
        Some((Entity::Application, self.application.to_string()))
    }
}
