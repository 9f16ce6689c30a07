//! OAuth clients of our own authorization server.

use phantom_core::UnixTime;
use secrecy::SecretString;
use serde_json::Value as Json;
use serde_json::json;
use uuid::Uuid;

use super::Audited;
use super::Entity;
use super::names;
use crate::columns::table;
use crate::error::StoreError;
use crate::read::reads;
use crate::write::Write;

#[derive(Clone, Debug)]
pub struct ClientRow {
    pub client_id: String,
    /// Unique among the registered ones.
    pub name: String,
    pub owner: String,
    /// Sealed at rest; kept because registration gives it again when asked again.
    pub secret: SecretString,
    pub grants: Vec<String>,
    pub callback_url: Option<String>,
    pub token_type: String,
    pub purpose: ClientPurpose,
    pub document: Json,
    pub created_at: UnixTime,
}

names! {
    /// How the client came to be.
    ClientPurpose {
        /// By dynamic client registration.
        Registered = "REGISTERED",
        /// As the keys of an application.
        ApplicationKey = "APPLICATION_KEY",
    }
}

table! {
    ClientRow in "clients" by client_id:
    secret, grants, callback_url, token_type, document;
    fixed: name, owner, purpose, created_at
}

reads! {
    /// The client with that id.
    fn client(client_id: &str) -> Option<ClientRow> = "WHERE client_id = $1";
    /// The registered client of that name.
    fn registered_client(name: &str) -> Option<ClientRow>
        = "WHERE name = $1 AND purpose = 'REGISTERED'";
    /// All clients, in the order of their ids.
    fn clients() -> Vec<ClientRow> = "ORDER BY client_id";
    /// The clients that were made as keys of the application.
    fn clients_made_for(application: Uuid) -> Vec<ClientRow> = "WHERE client_id IN \
        (SELECT consumer_key FROM key_mappings WHERE application = $1 AND mode = 'CREATED')";
}

impl Write {
    pub async fn insert_client(&mut self, row: &ClientRow) -> Result<(), StoreError> {
        self.insert(row).await
    }

    /// New grants, callback, secret, token type or document. Id, name, owner and purpose stay.
    pub async fn update_client(&mut self, row: &ClientRow) -> Result<(), StoreError> {
        let before = self.client(&row.client_id).await?.ok_or(StoreError::Missing)?;
        self.update(&before, row).await
    }

    /// With all of its tokens.
    pub async fn delete_client(&mut self, client_id: &str) -> Result<(), StoreError> {
        let before = self.client(client_id).await?.ok_or(StoreError::Missing)?;
        self.delete(&before).await
    }
}

impl Audited for ClientRow {
    const ENTITY: Entity = Entity::Client;

    fn audited(&self) -> Json {
        json!({
            "name": self.name, "owner": self.owner, "grants": self.grants,
            "callback_url": self.callback_url, "token_type": self.token_type,
            "purpose": self.purpose.as_str(), "document": self.document,
        })
    }

    fn published(&self) -> Option<(Entity, String)> {
        None
    }
}
