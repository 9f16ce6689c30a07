//! Which consumer keys at which key manager are an application's.

use phantom_core::UnixTime;
use secrecy::SecretString;
use serde_json::Value as Json;
use serde_json::json;
use uuid::Uuid;

use super::Action;
use super::Entity;
use super::names;
use crate::columns::Columns;
use crate::columns::Record;
use crate::error::StoreError;
use crate::read::reads;
use crate::sealing::SealingKey;
use crate::session::Session;
use crate::value::values;
use crate::write::Write;

#[derive(Clone, Debug)]
pub struct KeyMappingRow {
    pub id: Uuid,
    pub application: Uuid,
    pub key_manager: Uuid,
    /// One of each at a key manager.
    pub key_type: MappedKeyType,
    /// One application's at a key manager.
    pub consumer_key: String,
    /// Sealed at rest.
    pub secret: Option<SecretString>,
    pub mode: MappingMode,
    pub document: Json,
    pub created_at: UnixTime,
}

names! { MappedKeyType { Production = "PRODUCTION", Sandbox = "SANDBOX" } }

names! {
    /// Whether the client was there before, or was made for the application.
    MappingMode { Mapped = "MAPPED", Created = "CREATED" }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, application, key_manager, key_type, consumer_key, secret, mode, document, \
             created_at FROM key_mappings ",
            $rest
        )
    };
}

reads! {
    /// The key mapping with that id.
    fn key_mapping(id: Uuid) -> Option<KeyMappingRow>;
    /// All key mappings of the application, in the order they were made.
    fn key_mappings(application: Uuid) -> Vec<KeyMappingRow>;
    /// Whose consumer key it is at that key manager.
    fn key_mapping_of(key_manager: Uuid, consumer_key: &str) -> Option<KeyMappingRow>;
}

async fn key_mapping(session: &mut Session, id: Uuid) -> Result<Option<KeyMappingRow>, StoreError> {
    session.row(select!("WHERE id = $1"), values![id]).await
}

async fn key_mappings(
    session: &mut Session,
    application: Uuid,
) -> Result<Vec<KeyMappingRow>, StoreError> {
    let select = select!("WHERE application = $1 ORDER BY created_at, id");
    session.rows(select, values![application]).await
}

async fn key_mapping_of(
    session: &mut Session,
    key_manager: Uuid,
    consumer_key: &str,
) -> Result<Option<KeyMappingRow>, StoreError> {
    let select = select!("WHERE key_manager = $1 AND consumer_key = $2");
    session.row(select, values![key_manager, consumer_key]).await
}

impl Write {
    /// `Missing` when the application or the key manager is gone.
    pub async fn insert_key_mapping(&mut self, row: &KeyMappingRow) -> Result<(), StoreError> {
        let insert = "INSERT INTO key_mappings (id, application, key_manager, key_type, \
             consumer_key, secret, mode, document, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let values = values![
            row.id,
            row.application,
            row.key_manager,
            row.key_type.as_str(),
            &row.consumer_key,
            sealed(row, &self.session.sealing)?,
            row.mode.as_str(),
            &row.document,
            row.created_at,
        ];
        self.session.execute(insert, values).await?;
        self.wrote_key_mapping(Action::Create, None, Some(row)).await
    }

    /// A new secret or document; the rest stays.
    pub async fn update_key_mapping(&mut self, row: &KeyMappingRow) -> Result<(), StoreError> {
        let before = self.key_mapping(row.id).await?.ok_or(StoreError::Missing)?;
        let update = "UPDATE key_mappings SET secret = $2, document = $3 WHERE id = $1";
        let values = values![row.id, sealed(row, &self.session.sealing)?, &row.document];
        self.session.execute(update, values).await?;
        let after = KeyMappingRow { document: row.document.clone(), ..before.clone() };
        self.wrote_key_mapping(Action::Update, Some(&before), Some(&after)).await
    }

    pub async fn delete_key_mapping(&mut self, id: Uuid) -> Result<(), StoreError> {
        let before = self.key_mapping(id).await?.ok_or(StoreError::Missing)?;
        self.session.execute("DELETE FROM key_mappings WHERE id = $1", values![id]).await?;
        self.wrote_key_mapping(Action::Delete, Some(&before), None).await
    }

    /// Gateways see it as a part of its application.
    async fn wrote_key_mapping(
        &mut self,
        action: Action,
        before: Option<&KeyMappingRow>,
        after: Option<&KeyMappingRow>,
    ) -> Result<(), StoreError> {
        let Some(row) = after.or(before) else { return Ok(()) };
        let (application, id) = (row.application.to_string(), row.id.to_string());
        let (before, after) = (before.map(audited), after.map(audited));
        self.record(action, Entity::KeyMapping, &id, before, after).await?;
        self.publish(Entity::Application, application).await
    }
}

fn sealed(row: &KeyMappingRow, key: &SealingKey) -> Result<Option<String>, StoreError> {
    let seal = |secret| key.seal("key_mappings", &row.id.to_string(), secret);
    row.secret.as_ref().map(seal).transpose()
}

fn audited(row: &KeyMappingRow) -> Json {
    json!({
        "application": row.application.to_string(), "key_manager": row.key_manager.to_string(),
        "key_type": row.key_type.as_str(), "consumer_key": row.consumer_key,
        "mode": row.mode.as_str(), "document": row.document,
    })
}

impl Record for KeyMappingRow {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        let id = columns.uuid()?;
        Ok(Self {
            id,
            application: columns.uuid()?,
            key_manager: columns.uuid()?,
            key_type: columns.one_of(MappedKeyType::from_name)?,
            consumer_key: columns.text()?,
            secret: columns.optional_sealed("key_mappings", &id.to_string())?,
            mode: columns.one_of(MappingMode::from_name)?,
            document: columns.json()?,
            created_at: columns.time()?,
        })
    }
}
