//! OAuth clients of our own authorization server.

use phantom_core::UnixTime;
use secrecy::SecretString;
use serde_json::Value as Json;
use serde_json::json;
use uuid::Uuid;

use super::Audited;
use super::Entity;
use super::TokensOf;
use super::names;
use crate::columns::table;
use crate::error::StoreError;
use crate::read::reads;
use crate::write::Write;

/// A client of our own authorization server (RFC 6749 §2).
#[derive(Clone, Debug)]
pub struct ClientRow {
    /// As given to clients; compared byte by byte.
    pub client_id: String,
    /// Unique among the registered ones.
    pub name: String,
    /// User name of whom it belongs to.
    pub owner: String,
    /// Sealed at rest; kept because registration gives it again when asked again.
    pub secret: SecretString,
    /// Grant types that it may use, by their OAuth names (RFC 7591 §2).
    pub grants: Vec<String>,
    /// WSO2's word for the redirect URI; kept and shown, no grant here uses it.
    pub callback_url: Option<String>,
    /// As registered, by WSO2's names; kept and shown.
    pub token_type: String,
    /// Never changes.
    pub purpose: ClientPurpose,
    /// All else of its registration.
    pub document: Json,
    /// Given with the insert; never changes.
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
    /// A new client, without tokens.
    ///
    /// # Errors
    ///
    /// [`StoreError::Duplicate`] of `clients.client_id`, or of `clients.name` among the registered
    /// ones.
    pub async fn insert_client(&mut self, row: &ClientRow) -> Result<(), StoreError> {
        self.insert(row).await
    }

    /// New grants, callback, secret, token type or document. Id, name, owner and purpose stay.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`].
    pub async fn update_client(&mut self, row: &ClientRow) -> Result<(), StoreError> {
        let before = self.client(&row.client_id).await?.ok_or(StoreError::Missing)?;
        self.update(&before, row).await
    }

    /// With all of its tokens.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`].
    pub async fn delete_client(&mut self, client_id: &str) -> Result<(), StoreError> {
        let before = self.client(client_id).await?.ok_or(StoreError::Missing)?;
        self.end_tokens(TokensOf::Client(client_id)).await?;
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
