//! The Admin API.

mod deny_policies;
mod discovery;
mod environments;
mod hostile;
mod key_manager_fields;
mod key_manager_refusals;
mod key_managers;
mod policies;
mod scopes;
mod settings;
mod traffic;

use serde_json::Value;
use serde_json::json;

use crate::support::Answer;
use crate::support::Plane;

const BASE: &str = "/api/am/admin/v4";

fn at(path: &str) -> String {
    format!("{BASE}{path}")
}

/// The key manager that the tutorial makes.
fn curity() -> Value {
    json!({
        "name": "curity",
        "type": "CurityPhantomToken",
        "wellKnownEndpoint":
            "https://idsvr:8443/oauth/v2/oauth-anonymous/.well-known/openid-configuration",
        "introspectionEndpoint": "https://idsvr:8443/oauth/v2/oauth-introspect",
        "tokenEndpoint": "https://idsvr:8443/oauth/v2/oauth-token",
        "revokeEndpoint": "https://idsvr:8443/oauth/v2/oauth-revoke",
        "authorizeEndpoint": "https://idsvr:8443/oauth/v2/oauth-authorize",
        "issuer": "https://idsvr:8443/oauth/v2/oauth-anonymous",
        "certificates":
            {"type": "JWKS", "value": "https://idsvr:8443/oauth/v2/oauth-anonymous/jwks"},
        "enableTokenGeneration": false,
        "enableMapOAuthConsumerApps": false,
        "enableOAuthAppCreation": false,
        "enableSelfValidationJWT": true,
        "consumerKeyClaim": "aud",
        "scopesClaim": "scope",
        "enabled": true,
        "permissions": {"permissionType": "PUBLIC", "roles": []},
        "tokenType": "DIRECT",
        "additionalProperties": {
            "client_id": "api-gateway-client", "client_secret": "Password1",
            "expected_audience": "client-one", "clock_skew": "60", "cache_max_entries": "50000",
        },
    })
}

/// The tutorial's key manager with some members changed; null takes one away.
fn curity_with(changes: &Value) -> Value {
    let mut document = curity();
    merge(&mut document, changes);
    document
}

fn merge(document: &mut Value, changes: &Value) {
    for (name, change) in changes.as_object().unwrap() {
        match change {
            Value::Null => {
                document.as_object_mut().unwrap().remove(name);
            }
            Value::Object(_) if document[name].is_object() => merge(&mut document[name], change),
            change => document[name] = change.clone(),
        }
    }
}

async fn post(plane: &Plane, path: &str, body: &Value) -> Answer {
    plane.post(&at(path), body).by_admin().send().await
}

async fn put(plane: &Plane, path: &str, body: &Value) -> Answer {
    plane.put(&at(path), body).by_admin().send().await
}

async fn get(plane: &Plane, path: &str) -> Answer {
    plane.get(&at(path)).by_admin().send().await
}

async fn delete(plane: &Plane, path: &str) -> Answer {
    plane.delete(&at(path)).by_admin().send().await
}

/// A new key manager, and its path.
async fn made(plane: &Plane, document: &Value) -> (Value, String) {
    let body = post(plane, "/key-managers", document).await.expect(201);
    let path = format!("/key-managers/{}", body["id"].as_str().unwrap());
    (body, path)
}

/// The id of the entry with that name.
fn id_of(list: &Value, member: &str, name: &str, id: &str) -> String {
    let entries = list["list"].as_array().unwrap();
    let entry = entries.iter().find(|entry| entry[member] == name);
    entry.unwrap_or_else(|| panic!("{name} in {list}"))[id].as_str().unwrap().to_owned()
}
