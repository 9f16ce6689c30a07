//! What gateways get of an API.

use phantom_core::catalog::ApiState;
use phantom_core::catalog::KeyManagerChoice;
use phantom_core::catalog::ManagedApi;
use phantom_core::catalog::OperationSecurity;
use phantom_publish::apis::managed;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use super::at;
use super::with;
use crate::support::Plane;

async fn published(plane: &Plane, id: &str) -> Option<ManagedApi> {
    let id = Uuid::parse_str(id).unwrap();
    let deployed = plane.store.deployed_api(id, "Default").await.unwrap().unwrap();
    managed(&deployed, &plane.store.key_managers().await.unwrap()).ok()
}

async fn deployed(plane: &Plane, name: &str, members: Value) -> String {
    let id = plane.make(&with(name, members)).await["id"].as_str().unwrap().to_owned();
    plane.act(&id, "Publish").await.expect(200);
    plane.deployed(&id).await;
    id
}

#[tokio::test]
async fn an_api_is_published_as_it_was_configured() {
    let plane = Plane::start().await;
    let id = deployed(
        &plane,
        "HttpBin",
        json!({
            "isDefaultVersion": true, "transport": ["https"], "authorizationHeader": "X-Token",
            "audiences": ["one"], "apiThrottlingPolicy": "10KPerMin",
            "keyManagers": ["Resident Key Manager"],
            "scopes": [{"scope": {"name": "s"}}],
            "operations": [
                {"target": "/open", "verb": "GET", "authType": "None"},
                {"target": "/orders/{id}", "verb": "POST", "scopes": ["s"],
                    "throttlingPolicy": "20KPerMin"},
            ],
            "additionalProperties": [{"name": "strip_open_authorization", "value": "true"}],
            "corsConfiguration": {"corsConfigurationEnabled": true,
                "accessControlAllowOrigins": ["https://a.example"],
                "accessControlAllowCredentials": true},
        }),
    )
    .await;
    let api = published(&plane, &id).await.unwrap();
    assert_eq!(&*api.path, "/httpbin/v1");
    assert_eq!(api.default_path.as_deref(), Some("/httpbin"));
    assert_eq!(api.state, ApiState::Serving);
    assert!(api.transports.https && !api.transports.http);
    assert_eq!(api.production_endpoint.as_deref(), Some("http://backend:8080"));
    assert_eq!(api.sandbox_endpoint, None);
    assert_eq!(&*api.authorization_header, "x-token");
    assert!(api.strip_open_authorization);
    assert_eq!(&*api.audiences, [Box::from("one")]);
    assert_eq!(api.plan.as_deref(), Some("10KPerMin"));
    assert!(matches!(&api.key_managers, KeyManagerChoice::Only(ids) if ids.len() == 1));
    assert_eq!(api.operations[0].security, OperationSecurity::Open);
    assert_eq!(api.operations[1].security, OperationSecurity::Protected);
    assert_eq!(&*api.operations[1].template, "/orders/{id}");
    assert_eq!(&*api.operations[1].plan, "20KPerMin");
    assert_eq!(api.operations[1].scopes, [Box::from("s")]);
    let cors = api.cors.unwrap();
    assert_eq!(cors.origins, [Box::from("https://a.example")]);
    assert!(cors.credentials);
}

#[tokio::test]
async fn the_version_stands_where_the_context_says() {
    let plane = Plane::start().await;
    let members = json!({
        "context": "/a/{version}/b", "isDefaultVersion": true, "audiences": ["all", "x"],
        "corsConfiguration": {"corsConfigurationEnabled": false},
    });
    let id = deployed(&plane, "Templated", members).await;
    let api = published(&plane, &id).await.unwrap();
    assert_eq!(&*api.path, "/a/v1/b");
    assert_eq!(api.default_path.as_deref(), Some("/a/b"));
    assert!(api.audiences.is_empty());
    assert_eq!(api.key_managers, KeyManagerChoice::All);
    assert_eq!(api.cors, None);
}

/// Rows: WSO2-6.2
#[tokio::test]
async fn the_state_is_live_and_what_is_not_published_is_not_there() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    plane.deployed(&id).await;
    assert!(published(&plane, &id).await.is_none());
    for (action, state) in [
        ("Publish", Some(ApiState::Serving)),
        ("Block", Some(ApiState::Blocked)),
        ("Re-Publish", Some(ApiState::Serving)),
        ("Deploy as a Prototype", Some(ApiState::Serving)),
        ("Publish", Some(ApiState::Serving)),
        ("Deprecate", Some(ApiState::Serving)),
        ("Retire", None),
    ] {
        plane.act(&id, action).await.expect(200);
        assert_eq!(published(&plane, &id).await.map(|api| api.state), state, "{action}");
    }
}

#[tokio::test]
async fn a_change_of_the_working_copy_is_not_published() {
    let plane = Plane::start().await;
    let id = deployed(&plane, "HttpBin", json!({})).await;
    let path = at(&format!("/apis/{id}"));
    let mut api = plane.get(&path).by_admin().send().await.expect(200);
    api["operations"] = json!([{"target": "/later", "verb": "GET"}]);
    plane.put(&path, &api).by_admin().send().await.expect(200);
    assert_eq!(published(&plane, &id).await.unwrap().operations.len(), 5);
    plane.deployed(&id).await;
    assert_eq!(published(&plane, &id).await.unwrap().operations.len(), 1);
}
