//! OAuth clients of our own authorization server.

use phantom_core::UnixTime;
use secrecy::SecretString;
use serde_json::Value as Json;
use serde_json::json;

use super::Action;
use super::Entity;
use super::names;
use crate::columns::Columns;
use crate::columns::Record;
use crate::error::StoreError;
use crate::read::reads;
use crate::session::Session;
use crate::value::values;
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

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT client_id, name, owner, secret, grants, callback_url, token_type, purpose, \
             document, created_at FROM clients ",
            $rest
        )
    };
}

reads! {
    /// The client with that id.
    fn client(client_id: &str) -> Option<ClientRow>;
    /// The registered client of that name.
    fn registered_client(name: &str) -> Option<ClientRow>;
    /// All clients, in the order of their ids.
    fn clients() -> Vec<ClientRow>;
}

async fn client(session: &mut Session, client_id: &str) -> Result<Option<ClientRow>, StoreError> {
    session.row(select!("WHERE client_id = $1"), values![client_id]).await
}

async fn clients(session: &mut Session) -> Result<Vec<ClientRow>, StoreError> {
    session.rows(select!("ORDER BY client_id"), &[]).await
}

async fn registered_client(
    session: &mut Session,
    name: &str,
) -> Result<Option<ClientRow>, StoreError> {
    session.row(select!("WHERE name = $1 AND purpose = 'REGISTERED'"), values![name]).await
}

impl Write {
    pub async fn insert_client(&mut self, row: &ClientRow) -> Result<(), StoreError> {
        let insert = "INSERT INTO clients (client_id, name, owner, secret, grants, callback_url, \
             token_type, purpose, document, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let values = values![
            &row.client_id,
            &row.name,
            &row.owner,
            self.session.sealing.seal("clients", &row.client_id, &row.secret)?,
            &row.grants,
            row.callback_url.as_deref(),
            &row.token_type,
            row.purpose.as_str(),
            &row.document,
            row.created_at,
        ];
        self.session.execute(insert, values).await?;
        self.record(Action::Create, Entity::Client, &row.client_id, None, Some(audited(row))).await
    }

    /// New grants, callback, secret, token type or document. Id, name, owner and purpose stay.
    pub async fn update_client(&mut self, row: &ClientRow) -> Result<(), StoreError> {
        let before = self.client(&row.client_id).await?.ok_or(StoreError::Missing)?;
        let update = "UPDATE clients SET secret = $2, grants = $3, callback_url = $4, \
             token_type = $5, document = $6 WHERE client_id = $1";
        let values = values![
            &row.client_id,
            self.session.sealing.seal("clients", &row.client_id, &row.secret)?,
            &row.grants,
            row.callback_url.as_deref(),
            &row.token_type,
            &row.document,
        ];
        self.session.execute(update, values).await?;
        let (before, after) = (Some(audited(&before)), Some(audited(row)));
        self.record(Action::Update, Entity::Client, &row.client_id, before, after).await
    }

    /// With all of its tokens.
    pub async fn delete_client(&mut self, client_id: &str) -> Result<(), StoreError> {
        let before = self.client(client_id).await?.ok_or(StoreError::Missing)?;
        let delete = "DELETE FROM clients WHERE client_id = $1";
        self.session.execute(delete, values![client_id]).await?;
        self.record(Action::Delete, Entity::Client, client_id, Some(audited(&before)), None).await
    }
}

fn audited(row: &ClientRow) -> Json {
    json!({
        "name": row.name, "owner": row.owner, "grants": row.grants,
        "callback_url": row.callback_url, "token_type": row.token_type,
        "purpose": row.purpose.as_str(), "document": row.document,
    })
}

impl Record for ClientRow {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        let client_id = columns.text()?;
        Ok(Self {
            name: columns.text()?,
            owner: columns.text()?,
            secret: columns.sealed("clients", &client_id)?,
            grants: columns.strings()?,
            callback_url: columns.optional_text()?,
            token_type: columns.text()?,
            purpose: columns.one_of(ClientPurpose::from_name)?,
            document: columns.json()?,
            created_at: columns.time()?,
            client_id,
        })
    }
}
