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
use super::Entry;
use super::Names;
use super::form;
use super::members_of;
use crate::kind::Kind;
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

impl Entry for UserRow {
    const KIND: Kind = Kind::User;

    members_of!(User);

    fn id(&self) -> String {
        self.name.clone()
    }

    fn order(&self) -> String {
        self.name.clone()
    }

    fn change_secrets(&mut self, change: Change<'_>) -> Result<(), &'static str> {
        self.password_hash = change("password_hash", &self.password_hash).ok_or("password_hash")?;
        Ok(())
    }
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

impl Entry for ClientRow {
    const KIND: Kind = Kind::Client;

    members_of!(Client);

    fn id(&self) -> String {
        self.client_id.clone()
    }

    fn order(&self) -> String {
        self.name.clone()
    }

    fn label(&self, _: &Names) -> String {
        format!("{} {}", self.name, self.client_id)
    }

    fn change_secrets(&mut self, change: Change<'_>) -> Result<(), &'static str> {
        self.secret = change("secret", self.secret.expose_secret()).ok_or("secret")?.into();
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "RevocationRow")]
struct Revocation {
    /// The store numbers them.
    #[serde(skip)]
    sequence: u64,
    kind: RevocationKind,
    value: String,
    #[serde(with = "form::time")]
    at: UnixTime,
    #[serde(with = "form::time")]
    expires_at: UnixTime,
}

/// Here they are what they say.
impl Entry for RevocationRow {
    const KIND: Kind = Kind::Revocation;

    members_of!(Revocation);

    fn id(&self) -> String {
        let Self { kind, value, at, expires_at, .. } = self;
        [kind.as_str(), value, &time_text(*at), &time_text(*expires_at)].join("\0")
    }

    fn order(&self) -> String {
        format!("{:020}", self.at.as_millis())
    }

    fn label(&self, _: &Names) -> String {
        format!("of {} {}", self.kind.as_str(), self.value)
    }
}
