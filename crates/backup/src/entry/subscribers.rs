//! Applications with their keys and subscriptions.

use phantom_core::UnixTime;
use phantom_store::ApplicationRow;
use phantom_store::KeyMappingRow;
use phantom_store::MappedKeyType;
use phantom_store::MappingMode;
use phantom_store::SubscriptionRow;
use phantom_store::SubscriptionState;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;

use super::Change;
use super::entry;
use super::form;
use crate::kind::Kind;

#[derive(Serialize, Deserialize)]
#[serde(remote = "ApplicationRow")]
struct Application {
    #[serde(deserialize_with = "form::id")]
    id: Uuid,
    #[serde(deserialize_with = "form::name")]
    name: String,
    #[serde(deserialize_with = "form::name")]
    owner: String,
    #[serde(deserialize_with = "form::name")]
    plan: String,
    #[serde(deserialize_with = "form::document")]
    document: Json,
    #[serde(skip, default = "form::first")]
    version: i64,
    #[serde(with = "form::time")]
    created_at: UnixTime,
    #[serde(with = "form::time")]
    updated_at: UnixTime,
}

entry! {
    ApplicationRow as Application, Application; |row|
    id: row.id, order: [row.name.as_str(), &row.owner].join("\0"),
    label: |_names| row.name.clone()
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "KeyMappingRow")]
struct KeyMapping {
    #[serde(deserialize_with = "form::id")]
    id: Uuid,
    #[serde(deserialize_with = "form::id")]
    application: Uuid,
    #[serde(deserialize_with = "form::id")]
    key_manager: Uuid,
    key_type: MappedKeyType,
    #[serde(deserialize_with = "form::name")]
    consumer_key: String,
    #[serde(with = "form::sealed::optional", skip_serializing_if = "Option::is_none")]
    secret: Option<SecretString>,
    mode: MappingMode,
    #[serde(deserialize_with = "form::document")]
    document: Json,
    #[serde(with = "form::time")]
    created_at: UnixTime,
}

entry! {
    KeyMappingRow as KeyMapping, KeyMapping; |row|
    id: row.id, order: row.application.to_string(),
    label: |names| {
        let application = names.get(Kind::Application, row.application);
        let key_manager = names.get(Kind::KeyManager, row.key_manager);
        format!("{} of {application} at {key_manager}", row.key_type.as_str())
    },
    secrets: of_key_mapping
}

fn of_key_mapping(row: &mut KeyMappingRow, change: Change<'_>) -> Result<(), &'static str> {
    if let Some(secret) = &mut row.secret {
        *secret = change("secret", secret.expose_secret()).ok_or("secret")?.into();
    }
    Ok(())
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "SubscriptionRow")]
struct Subscription {
    #[serde(deserialize_with = "form::id")]
    id: Uuid,
    #[serde(deserialize_with = "form::id")]
    application: Uuid,
    #[serde(deserialize_with = "form::id")]
    api: Uuid,
    #[serde(deserialize_with = "form::name")]
    plan: String,
    #[serde(deserialize_with = "form::name")]
    requested_plan: String,
    status: SubscriptionState,
    #[serde(skip, default = "form::first")]
    version: i64,
    #[serde(with = "form::time")]
    created_at: UnixTime,
    #[serde(with = "form::time")]
    updated_at: UnixTime,
}

entry! {
    SubscriptionRow as Subscription, Subscription; |row|
    id: row.id, order: row.application.to_string(),
    label: |names| {
        let application = names.get(Kind::Application, row.application);
        format!("of {application} to {}", names.get(Kind::Api, row.api))
    }
}
