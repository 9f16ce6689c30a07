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
use super::Entry;
use super::Names;
use super::form;
use super::members_of;
use crate::kind::Kind;

#[derive(Serialize, Deserialize)]
#[serde(remote = "ApplicationRow")]
struct Application {
    #[serde(with = "form::id")]
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

impl Entry for ApplicationRow {
    const KIND: Kind = Kind::Application;

    members_of!(Application);

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn order(&self) -> String {
        [self.name.as_str(), &self.owner].join("\0")
    }

    fn label(&self, _: &Names) -> String {
        self.name.clone()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "KeyMappingRow")]
struct KeyMapping {
    #[serde(with = "form::id")]
    id: Uuid,
    #[serde(with = "form::id")]
    application: Uuid,
    #[serde(with = "form::id")]
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

impl Entry for KeyMappingRow {
    const KIND: Kind = Kind::KeyMapping;

    members_of!(KeyMapping);

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn order(&self) -> String {
        self.application.to_string()
    }

    fn label(&self, names: &Names) -> String {
        let application = names.get(Kind::Application, self.application);
        let key_manager = names.get(Kind::KeyManager, self.key_manager);
        format!("{} of {application} at {key_manager}", self.key_type.as_str())
    }

    fn change_secrets(&mut self, change: Change<'_>) -> Result<(), &'static str> {
        if let Some(secret) = &mut self.secret {
            *secret = change("secret", secret.expose_secret()).ok_or("secret")?.into();
        }
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "SubscriptionRow")]
struct Subscription {
    #[serde(with = "form::id")]
    id: Uuid,
    #[serde(with = "form::id")]
    application: Uuid,
    #[serde(with = "form::id")]
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

impl Entry for SubscriptionRow {
    const KIND: Kind = Kind::Subscription;

    members_of!(Subscription);

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn order(&self) -> String {
        self.application.to_string()
    }

    fn label(&self, names: &Names) -> String {
        let application = names.get(Kind::Application, self.application);
        format!("of {application} to {}", names.get(Kind::Api, self.api))
    }
}
