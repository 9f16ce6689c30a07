//! Key managers, with the secrets they are asked with; plans and deny policies.

use std::collections::BTreeMap;

use phantom_core::UnixTime;
use phantom_store::ConditionType;
use phantom_store::DenyPolicyRow;
use phantom_store::KeyManagerRow;
use phantom_store::PlanLevel;
use phantom_store::PlanRow;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;

use super::Change;
use super::entry;
use super::form;

#[derive(Serialize, Deserialize)]
#[serde(remote = "KeyManagerRow")]
struct KeyManager {
    #[serde(deserialize_with = "form::id")]
    id: Uuid,
    #[serde(deserialize_with = "form::name")]
    name: String,
    #[serde(deserialize_with = "form::name")]
    kind: String,
    enabled: bool,
    #[serde(deserialize_with = "form::document")]
    document: Json,
    #[serde(with = "form::sealed::each")]
    secrets: BTreeMap<String, SecretString>,
    #[serde(skip, default = "form::first")]
    version: i64,
    #[serde(with = "form::time")]
    created_at: UnixTime,
    #[serde(with = "form::time")]
    updated_at: UnixTime,
}

entry! {
    KeyManagerRow as KeyManager, KeyManager; |row|
    id: row.id, order: row.name.clone(), secrets: of_key_manager
}

fn of_key_manager(row: &mut KeyManagerRow, change: Change<'_>) -> Result<(), &'static str> {
    for (name, secret) in &mut row.secrets {
        let changed = change(&format!("secrets.{name}"), secret.expose_secret());
        *secret = changed.ok_or("secrets")?.into();
    }
    Ok(())
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "PlanRow")]
struct Plan {
    #[serde(deserialize_with = "form::id")]
    id: Uuid,
    level: PlanLevel,
    #[serde(deserialize_with = "form::name")]
    name: String,
    #[serde(deserialize_with = "form::document")]
    document: Json,
    #[serde(skip, default = "form::first")]
    version: i64,
    #[serde(with = "form::time")]
    created_at: UnixTime,
}

entry! {
    PlanRow as Plan, Plan; |row| id: row.id, order: [row.level.as_str(), &row.name].join("\0"),
    label: |_names| format!("{} of level {}", row.name, row.level.as_str())
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "DenyPolicyRow")]
struct DenyPolicy {
    #[serde(deserialize_with = "form::id")]
    id: Uuid,
    kind: ConditionType,
    enabled: bool,
    #[serde(deserialize_with = "form::condition")]
    document: Json,
    #[serde(skip, default = "form::first")]
    version: i64,
}

entry! {
    DenyPolicyRow as DenyPolicy, DenyPolicy; |row|
    id: row.id, order: row.kind.as_str().to_owned(),
    label: |_names| format!("{} {}", row.kind.as_str(), row.id)
}
