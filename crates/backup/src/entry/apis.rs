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

use super::entry;
use super::form;
use crate::kind::Kind;

#[derive(Serialize, Deserialize)]
#[serde(remote = "ScopeRow")]
struct Scope {
    #[serde(deserialize_with = "form::id")]
    id: Uuid,
    #[serde(deserialize_with = "form::name")]
    name: String,
    #[serde(deserialize_with = "form::document")]
    document: Json,
    #[serde(skip, default = "form::first")]
    version: i64,
}

entry! { ScopeRow as Scope, Scope; |row| id: row.id, order: row.name.clone() }

#[derive(Serialize, Deserialize)]
#[serde(remote = "ApiRow")]
struct Api {
    #[serde(deserialize_with = "form::id")]
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

entry! {
    ApiRow as Api, Api; |row| id: row.id, order: [row.name.as_str(), &row.version_name].join("\0"),
    label: |_names| format!("{}:{}", row.name, row.version_name)
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "RevisionRow")]
struct Revision {
    #[serde(deserialize_with = "form::id")]
    id: Uuid,
    #[serde(deserialize_with = "form::id")]
    api: Uuid,
    number: u64,
    description: String,
    #[serde(deserialize_with = "form::document")]
    document: Json,
    #[serde(with = "form::time")]
    created_at: UnixTime,
}

entry! {
    RevisionRow as Revision, Revision; |row|
    id: row.id, order: format!("{} {:020}", row.api, row.number),
    label: |names| format!("{} of {}", row.number, names.get(Kind::Api, row.api))
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "DeploymentRow")]
struct Deployment {
    #[serde(deserialize_with = "form::id")]
    api: Uuid,
    #[serde(deserialize_with = "form::name")]
    environment: String,
    #[serde(deserialize_with = "form::id")]
    revision: Uuid,
    vhost: String,
    display_on_devportal: bool,
    #[serde(with = "form::time")]
    deployed_at: UnixTime,
}

entry! {
    DeploymentRow as Deployment, Deployment; |row|
    id: format!("{} {}", row.api, row.environment), order: row.api.to_string(),
    label: |names| {
        let api = names.get(Kind::Api, row.api);
        let revision = names.get(Kind::Revision, row.revision);
        format!("of {api} revision {revision} in {}", row.environment)
    }
}
