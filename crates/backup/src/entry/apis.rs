//! APIs with their revisions and deployments, and the scopes they share.

use phantom_core::UnixTime;
use phantom_store::ApiRow;
use phantom_store::DeploymentRow;
use phantom_store::LifecycleState;
use phantom_store::RevisionRow;
use phantom_store::ScopeRow;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;

use super::Entry;
use super::Names;
use super::form;
use super::members_of;
use crate::kind::Kind;

#[derive(Serialize, Deserialize)]
#[serde(remote = "ScopeRow")]
struct Scope {
    #[serde(with = "form::id")]
    id: Uuid,
    #[serde(deserialize_with = "form::name")]
    name: String,
    #[serde(deserialize_with = "form::document")]
    document: Json,
    #[serde(skip, default = "form::first")]
    version: i64,
}

impl Entry for ScopeRow {
    const KIND: Kind = Kind::Scope;

    members_of!(Scope);

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn order(&self) -> String {
        self.name.clone()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ApiRow")]
struct Api {
    #[serde(with = "form::id")]
    id: Uuid,
    #[serde(deserialize_with = "form::name")]
    name: String,
    #[serde(rename = "version", deserialize_with = "form::name")]
    version_name: String,
    #[serde(deserialize_with = "form::name")]
    context: String,
    provider: String,
    state: LifecycleState,
    #[serde(deserialize_with = "form::document")]
    document: Json,
    #[serde(skip, default = "form::first")]
    version: i64,
    #[serde(with = "form::time")]
    created_at: UnixTime,
    #[serde(with = "form::time")]
    updated_at: UnixTime,
}

impl Entry for ApiRow {
    const KIND: Kind = Kind::Api;

    members_of!(Api);

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn order(&self) -> String {
        [self.name.as_str(), &self.version_name].join("\0")
    }

    fn label(&self, _: &Names) -> String {
        format!("{}:{}", self.name, self.version_name)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "RevisionRow")]
struct Revision {
    #[serde(with = "form::id")]
    id: Uuid,
    #[serde(with = "form::id")]
    api: Uuid,
    number: u64,
    description: String,
    #[serde(deserialize_with = "form::document")]
    document: Json,
    #[serde(with = "form::time")]
    created_at: UnixTime,
}

impl Entry for RevisionRow {
    const KIND: Kind = Kind::Revision;

    members_of!(Revision);

    fn id(&self) -> String {
        self.id.to_string()
    }

    fn order(&self) -> String {
        format!("{} {:020}", self.api, self.number)
    }

    fn label(&self, names: &Names) -> String {
        format!("{} of {}", self.number, names.get(Kind::Api, self.api))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "DeploymentRow")]
struct Deployment {
    #[serde(with = "form::id")]
    api: Uuid,
    #[serde(deserialize_with = "form::name")]
    environment: String,
    #[serde(with = "form::id")]
    revision: Uuid,
    vhost: String,
    display_on_devportal: bool,
    #[serde(with = "form::time")]
    deployed_at: UnixTime,
}

impl Entry for DeploymentRow {
    const KIND: Kind = Kind::Deployment;

    members_of!(Deployment);

    fn id(&self) -> String {
        format!("{} {}", self.api, self.environment)
    }

    fn order(&self) -> String {
        String::new()
    }

    fn label(&self, names: &Names) -> String {
        let api = names.get(Kind::Api, self.api);
        let revision = names.get(Kind::Revision, self.revision);
        format!("of {api} revision {revision} in {}", self.environment)
    }
}
