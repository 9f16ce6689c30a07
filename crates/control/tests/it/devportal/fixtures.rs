//! What tests of the DevPortal need to be there: APIs and key managers, put into the store as the
//! other planes would.

use phantom_core::Clock;
use phantom_core::UnixTime;
use phantom_store::Actor;
use phantom_store::ApiRow;
use phantom_store::DeploymentRow;
use phantom_store::KeyManagerRow;
use phantom_store::LifecycleState;
use phantom_store::RevisionRow;
use phantom_store::SubscriptionState;
use phantom_store::Write;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use crate::support::Plane;

pub(crate) const BASE: &str = "/api/am/devportal/v3";

/// A path of the DevPortal API.
pub(crate) fn at(path: &str) -> String {
    format!("{BASE}{path}")
}

pub(crate) fn now(plane: &Plane) -> UnixTime {
    plane.clock.now().wall
}

pub(crate) async fn write(plane: &Plane) -> Write {
    let actor = Actor { name: "tests".to_owned(), address: None };
    plane.store.write(&actor, now(plane)).await.unwrap()
}

/// The application's id.
pub(crate) async fn application(plane: &Plane, owner: &str, name: &str) -> String {
    let body = json!({"name": name, "throttlingPolicy": "Unlimited"});
    let call = plane.post(&at("/applications"), &body);
    let call = if owner == "admin" { call.by_admin() } else { call.by_user(owner) };
    let made = call.send().await.expect(201);
    made["applicationId"].as_str().unwrap().to_owned()
}

/// An enabled key manager as the tutorial's, with these changes of its document.
pub(crate) async fn key_manager(plane: &Plane, name: &str, enabled: bool, changes: Value) -> Uuid {
    let mut document = json!({
        "displayName": "Curity",
        "introspectionEndpoint": "https://idsvr:8443/oauth/v2/oauth-introspect",
        "tokenEndpoint": "https://idsvr:8443/oauth/v2/oauth-token",
        "displayTokenEndpoint": "https://login.example.com/token",
        "issuer": "https://idsvr:8443/oauth/v2/oauth-anonymous",
        "enableTokenGeneration": false,
        "enableMapOAuthConsumerApps": false,
        "enableOAuthAppCreation": false,
        "enableSelfValidationJWT": true,
        "consumerKeyClaim": "aud",
        "scopesClaim": "scope",
        "permissions": {"permissionType": "PUBLIC", "roles": []},
        "tokenType": "DIRECT",
        "additionalProperties": {"client_id": "api-gateway-client"},
    });
    for (member, value) in changes.as_object().unwrap() {
        document[member] = value.clone();
    }
    let row = KeyManagerRow {
        id: Uuid::now_v7(),
        name: name.to_owned(),
        kind: "CurityPhantomToken".to_owned(),
        enabled,
        document,
        secrets: [("client_secret".to_owned(), "Password1".into())].into(),
        version: 1,
        created_at: now(plane),
        updated_at: now(plane),
    };
    let mut write = write(plane).await;
    write.insert_key_manager(&row).await.unwrap();
    write.commit().await.unwrap();
    row.id
}

/// An API to be put into the store.
pub(crate) struct ApiFixture {
    pub name: &'static str,
    pub version: &'static str,
    pub context: &'static str,
    pub state: &'static str,
    pub changes: Value,
}

impl Default for ApiFixture {
    fn default() -> Self {
        Self {
            name: "HttpBin",
            version: "v1",
            context: "/httpbin",
            state: "PUBLISHED",
            changes: json!({}),
        }
    }
}

/// The API's id.
pub(crate) async fn api(plane: &Plane, fixture: ApiFixture) -> Uuid {
    let mut document = json!({
        "displayName": null,
        "description": "Echoes what it is sent",
        "isDefaultVersion": false,
        "audience": null,
        "audiences": [],
        "transport": ["http", "https"],
        "tags": ["echo"],
        "policies": ["Unlimited", "Gold"],
        "apiThrottlingPolicy": null,
        "authorizationHeader": "Authorization",
        "apiKeyHeader": "ApiKey",
        "securityScheme": ["oauth2", "oauth_basic_auth_api_key_mandatory"],
        "visibility": "PUBLIC",
        "visibleRoles": [],
        "additionalProperties": [],
        "businessInformation": {},
        "corsConfiguration": {},
        "endpointConfig": {
            "endpoint_type": "http",
            "production_endpoints": {"url": "http://backend.internal:3000"},
        },
        "scopes": [{
            "name": "read", "displayName": "Read", "description": null,
            "bindings": ["Internal/subscriber"], "shared": false,
        }],
        "operations": [{
            "id": "1", "target": "/get", "verb": "GET",
            "authType": "Application & Application User", "throttlingPolicy": "Unlimited",
            "scopes": ["read"], "others": {},
        }],
        "keyManagers": ["all"],
        "others": {},
        "definition": null,
        "history": [],
    });
    for (member, value) in fixture.changes.as_object().unwrap() {
        document[member] = value.clone();
    }
    let row = ApiRow {
        id: Uuid::now_v7(),
        name: fixture.name.to_owned(),
        version_name: fixture.version.to_owned(),
        context: fixture.context.to_owned(),
        provider: "carla".to_owned(),
        state: LifecycleState::from_name(fixture.state).unwrap(),
        document,
        version: 1,
        created_at: now(plane),
        updated_at: now(plane),
    };
    let mut write = write(plane).await;
    write.insert_api(&row).await.unwrap();
    write.commit().await.unwrap();
    row.id
}

/// Puts the API into the default environment.
pub(crate) async fn deploy(plane: &Plane, api: Uuid) {
    let mut write = write(plane).await;
    let document = write.api(api).await.unwrap().unwrap().document;
    let revision = RevisionRow {
        id: Uuid::now_v7(),
        api,
        number: 1,
        description: String::new(),
        document,
        created_at: now(plane),
    };
    write.insert_revision(&revision).await.unwrap();
    let deployment = DeploymentRow {
        api,
        revision: revision.id,
        environment: "Default".to_owned(),
        vhost: "localhost".to_owned(),
        display_on_devportal: true,
        deployed_at: now(plane),
    };
    write.deploy(&deployment).await.unwrap();
    write.commit().await.unwrap();
}

/// The subscription's id.
pub(crate) async fn subscribe(plane: &Plane, user: &str, application: &str, api: Uuid) -> String {
    let body = json!({"applicationId": application, "apiId": api, "throttlingPolicy": "Unlimited"});
    let made = plane.post(&at("/subscriptions"), &body).by_user(user).send().await.expect(201);
    made["subscriptionId"].as_str().unwrap().to_owned()
}

/// As the publisher would.
pub(crate) async fn set_status(plane: &Plane, subscription: &str, status: &str) {
    let mut write = write(plane).await;
    let id = subscription.parse().unwrap();
    let mut row = write.subscription(id).await.unwrap().unwrap();
    row.status = SubscriptionState::from_name(status).unwrap();
    write.update_subscription(row).await.unwrap();
    write.commit().await.unwrap();
}
