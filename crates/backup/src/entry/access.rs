//! Who may sign in, which clients there are, and what was revoked.

use phantom_core::UnixTime;
use phantom_store::ClientPurpose;
use phantom_store::ClientRow;
use phantom_store::RevocationKind;
use phantom_store::RevocationRow;
use phantom_store::Role;
use phantom_store::UserRow;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde_json::Value as Json;

use super::Change;
use super::entry;
use super::form;
use crate::text::time_text;

#[derive(Serialize, Deserialize)]
#[serde(remote = "UserRow")]
struct User {
    #[serde(deserialize_with = "form::name")]
    name: String,
    /// Sealed, as only sealed entries are written.
    password_hash: String,
    #[serde(deserialize_with = "roles")]
    roles: Vec<Role>,
    #[serde(with = "form::time")]
    created_at: UnixTime,
}

fn roles<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Role>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let roles: Option<Vec<Role>> = names.iter().map(|name| Role::from_name(name)).collect();
    roles.ok_or_else(|| serde::de::Error::custom("holds a role that there is not"))
}

entry! {
    UserRow as User, User; |row| id: row.name, order: row.name.clone(), secrets: of_user
}

fn of_user(row: &mut UserRow, change: Change<'_>) -> Result<(), &'static str> {
    row.password_hash = change("password_hash", &row.password_hash).ok_or("password_hash")?;
    Ok(())
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ClientRow")]
struct Client {
    #[serde(deserialize_with = "form::name")]
    client_id: String,
    name: String,
    owner: String,
    purpose: ClientPurpose,
    #[serde(with = "form::sealed")]
    secret: SecretString,
    grants: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_url: Option<String>,
    token_type: String,
    #[serde(deserialize_with = "form::document")]
    document: Json,
    #[serde(with = "form::time")]
    created_at: UnixTime,
}

entry! {
    ClientRow as Client, Client; |row| id: row.client_id, order: row.name.clone(),
    label: |_names| format!("{} {}", row.name, row.client_id),
    secrets: of_client
}

fn of_client(row: &mut ClientRow, change: Change<'_>) -> Result<(), &'static str> {
    row.secret = change("secret", row.secret.expose_secret()).ok_or("secret")?.into();
    Ok(())
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "RevocationRow")]
struct Revocation {
    /// The store numbers them; here they are what they say.
    #[serde(skip)]
    sequence: u64,
    kind: RevocationKind,
    value: String,
    #[serde(with = "form::time")]
    at: UnixTime,
    #[serde(with = "form::time")]
    expires_at: UnixTime,
}

entry! {
    RevocationRow as Revocation, Revocation; |row|
    id: [row.kind.as_str(), &row.value, &time_text(row.at), &time_text(row.expires_at)].join("\0"),
    order: format!("{:020}", row.at.as_millis()),
    label: |_names| format!("of {} {}", row.kind.as_str(), row.value)
}
