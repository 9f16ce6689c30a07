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
use super::Entry;
use super::Names;
use super::form;
use super::members_of;
use crate::kind::Kind;

#[derive(Serialize, Deserialize)]
#[serde(remote = "KeyManagerRow")]
struct KeyManager {
    #[serde(with = "form::id")]
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

impl Entry for KeyManagerRow {
    const KIND: Kind = Kind::KeyManager;

    members_of!(KeyManager);

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn order(&self) -> String {
        self.name.clone()
    }

    fn change_secrets(&mut self, change: Change<'_>) -> Result<(), &'static str> {
        for (name, secret) in &mut self.secrets {
            let changed = change(&format!("secrets.{name}"), secret.expose_secret());
            *secret = changed.ok_or("secrets")?.into();
        }
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "PlanRow")]
struct Plan {
    #[serde(with = "form::id")]
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

impl Entry for PlanRow {
    const KIND: Kind = Kind::Plan;

    members_of!(Plan);

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn order(&self) -> String {
        [self.level.as_str(), &self.name].join("\0")
    }

    fn label(&self, _: &Names) -> String {
        format!("{} of level {}", self.name, self.level.as_str())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "DenyPolicyRow")]
struct DenyPolicy {
    #[serde(with = "form::id")]
    id: Uuid,
    kind: ConditionType,
    enabled: bool,
    #[serde(deserialize_with = "form::condition")]
    document: Json,
    #[serde(skip, default = "form::first")]
    version: i64,
}

impl Entry for DenyPolicyRow {
    const KIND: Kind = Kind::DenyPolicy;

    members_of!(DenyPolicy);

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn order(&self) -> String {
        self.kind.as_str().to_owned()
    }

    fn label(&self, _: &Names) -> String {
        format!("{} {}", self.kind.as_str(), self.id)
    }
}
