//! Configured authorization servers.

use std::collections::BTreeMap;

use phantom_core::UnixTime;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde_json::Value as Json;
use serde_json::json;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::Action;
use super::Entity;
use super::next_version;
use crate::columns::Columns;
use crate::columns::Record;
use crate::error::StoreError;
use crate::filter::Count;
use crate::read::reads;
use crate::sealing::SealingKey;
use crate::session::Session;
use crate::value::values;
use crate::write::Write;

#[derive(Clone, Debug)]
pub struct KeyManagerRow {
    pub id: Uuid,
    /// Unique.
    pub name: String,
    pub kind: String,
    pub enabled: bool,
    pub document: Json,
    /// Sealed at rest, all of them together.
    pub secrets: BTreeMap<String, SecretString>,
    pub version: i64,
    pub created_at: UnixTime,
    pub updated_at: UnixTime,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, kind, enabled, document, secrets, version, created_at, updated_at \
             FROM key_managers ",
            $rest
        )
    };
}

reads! {
    /// The key manager with that id.
    fn key_manager(id: Uuid) -> Option<KeyManagerRow>;
    /// The key manager of that name.
    fn key_manager_by_name(name: &str) -> Option<KeyManagerRow>;
    /// All of them, by name.
    fn key_managers() -> Vec<KeyManagerRow>;
    /// How many key mappings there are at it.
    fn key_mapping_count(key_manager: Uuid) -> u64;
}

async fn key_manager(session: &mut Session, id: Uuid) -> Result<Option<KeyManagerRow>, StoreError> {
    session.row(select!("WHERE id = $1"), values![id]).await
}

async fn key_manager_by_name(
    session: &mut Session,
    name: &str,
) -> Result<Option<KeyManagerRow>, StoreError> {
    session.row(select!("WHERE name = $1"), values![name]).await
}

pub(super) async fn key_managers(session: &mut Session) -> Result<Vec<KeyManagerRow>, StoreError> {
    session.rows(select!("ORDER BY name"), &[]).await
}

async fn key_mapping_count(session: &mut Session, key_manager: Uuid) -> Result<u64, StoreError> {
    let select = "SELECT COUNT(*) FROM key_mappings WHERE key_manager = $1";
    let count: Option<Count> = session.row(select, values![key_manager]).await?;
    Ok(count.map_or(0, |count| count.0))
}

impl Write {
    /// Stored with version 1.
    pub async fn insert_key_manager(&mut self, row: &KeyManagerRow) -> Result<(), StoreError> {
        let insert = "INSERT INTO key_managers (id, name, kind, enabled, document, secrets, \
             version, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8)";
        let values = values![
            row.id,
            &row.name,
            &row.kind,
            row.enabled,
            &row.document,
            sealed(row, &self.session.sealing)?,
            row.created_at,
            row.updated_at,
        ];
        self.session.execute(insert, values).await?;
        self.wrote_key_manager(Action::Create, row.id, None, Some(row)).await
    }

    /// `row.version` is the one that was read. Gives back the row as it is now.
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
        let update = "UPDATE key_managers SET name = $2, kind = $3, enabled = $4, document = $5, \
             secrets = $6, version = $7, updated_at = $8 WHERE id = $1";
        let values = values![
            row.id,
            &row.name,
            &row.kind,
            row.enabled,
            &row.document,
            sealed(&row, &self.session.sealing)?,
            row.version,
            row.updated_at,
        ];
        self.session.execute(update, values).await?;
        self.wrote_key_manager(Action::Update, row.id, Some(&before), Some(&row)).await?;
        Ok(row)
    }

    /// `InUse` while applications have keys there.
    pub async fn delete_key_manager(&mut self, id: Uuid) -> Result<(), StoreError> {
        let before = self.key_manager(id).await?.ok_or(StoreError::Missing)?;
        if self.key_mapping_count(id).await? > 0 {
            return Err(StoreError::InUse { what: "key_manager.key_mappings" });
        }
        self.session.execute("DELETE FROM key_managers WHERE id = $1", values![id]).await?;
        self.wrote_key_manager(Action::Delete, id, Some(&before), None).await
    }

    async fn wrote_key_manager(
        &mut self,
        action: Action,
        id: Uuid,
        before: Option<&KeyManagerRow>,
        after: Option<&KeyManagerRow>,
    ) -> Result<(), StoreError> {
        let id = id.to_string();
        let (before, after) = (before.map(audited), after.map(audited));
        self.record(action, Entity::KeyManager, &id, before, after).await?;
        self.publish(Entity::KeyManager, id).await
    }
}

/// The names of the secrets, never their values.
fn audited(row: &KeyManagerRow) -> Json {
    json!({
        "name": row.name, "kind": row.kind, "enabled": row.enabled, "document": row.document,
        "secrets": row.secrets.keys().collect::<Vec<_>>(),
    })
}

fn sealed(row: &KeyManagerRow, key: &SealingKey) -> Result<String, StoreError> {
    let secrets: BTreeMap<&str, &str> =
        row.secrets.iter().map(|(name, secret)| (name.as_str(), secret.expose_secret())).collect();
    let text = serde_json::to_string(&secrets)
        .map_err(|error| StoreError::Internal { source: error.into() })?;
    key.seal("key_managers", &row.id.to_string(), &SecretString::from(text))
}

fn opened(text: &SecretString) -> Result<BTreeMap<String, SecretString>, StoreError> {
    let secrets: BTreeMap<String, Zeroizing<String>> = serde_json::from_str(text.expose_secret())
        .map(|plain: BTreeMap<String, String>| {
            plain.into_iter().map(|(name, value)| (name, Zeroizing::new(value))).collect()
        })
        .map_err(|_| StoreError::corrupt("secrets of a key manager"))?;
    Ok(secrets
        .iter()
        .map(|(name, secret)| (name.clone(), SecretString::from(secret.as_str())))
        .collect())
}

impl Record for KeyManagerRow {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        let id = columns.uuid()?;
        Ok(Self {
            id,
            name: columns.text()?,
            kind: columns.text()?,
            enabled: columns.flag()?,
            document: columns.json()?,
            secrets: opened(&columns.sealed("key_managers", &id.to_string())?)?,
            version: columns.integer()?,
            created_at: columns.time()?,
            updated_at: columns.time()?,
        })
    }
}
