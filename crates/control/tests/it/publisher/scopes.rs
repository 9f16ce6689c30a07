//! Shared scopes: rows 6.4 of `tests/e2e/rows/wso2.txt`.

use serde_json::Value;
use serde_json::json;

use super::at;
use super::with;
use crate::support::Plane;

async fn share(plane: &Plane, name: &str) -> Value {
    let scope = json!({
        "name": name, "displayName": "Read", "description": "d", "bindings": ["admin"],
    });
    plane.post(&at("/scopes"), &scope).by_admin().send().await.expect(201)
}

/// Rows: WSO2-6.4.6
#[tokio::test]
async fn a_shared_scope_is_made_read_changed_and_taken_away() {
    let plane = Plane::start().await;
    let made = share(&plane, "orders:read").await;
    let path = at(&format!("/scopes/{}", made["id"].as_str().unwrap()));
    assert_eq!(made["bindings"], json!(["admin"]));
    assert_eq!(plane.get(&path).by_user("paul").send().await.expect(200), made);
    let changed = json!({"name": "orders:read", "displayName": "R", "bindings": []});
    let changed = plane.put(&path, &changed).by_admin().send().await.expect(200);
    assert_eq!(changed["displayName"], "R");
    assert!(changed["description"].is_null());
    let renamed = json!({"name": "orders:write"});
    plane.put(&path, &renamed).by_admin().send().await.expect_error(400, 400, "name");
    plane.delete(&path).by_admin().send().await.expect(200);
    plane.get(&path).by_admin().send().await.expect_error(404, 404, "scope");
    plane.delete(&path).by_admin().send().await.expect_error(404, 404, "scope");
    plane.get(&at("/scopes/nothing")).by_admin().send().await.expect(404);
}

/// Rows: WSO2-6.4.6
#[tokio::test]
async fn a_name_is_taken_once_by_shared_and_local_scopes_alike() {
    let plane = Plane::start().await;
    share(&plane, "one").await;
    let post = |name: &'static str| {
        let plane = &plane;
        async move { plane.post(&at("/scopes"), &json!({"name": name})).by_admin().send().await }
    };
    post("one").await.expect_error(409, 900_984, "The shared scope 'one' already exists");
    plane.make(&with("X", json!({"scopes": [{"scope": {"name": "local"}}]}))).await;
    post("local").await.expect_error(409, 900_984, "local");
}

#[tokio::test]
async fn a_scope_that_another_api_has_is_shared_by_the_steps_that_the_refusal_names() {
    let plane = Plane::start().await;
    let own = |name: &str| with(name, json!({"scopes": [{"scope": {"name": "read"}}]}));
    let operations = json!([{"target": "/*", "verb": "GET", "scopes": ["read"]}]);
    let shared = |name: &str| with(name, json!({"operations": operations}));
    let first = plane.make(&own("One")).await;
    let second = plane.post(&at("/apis"), &own("Two")).by_admin().send().await;
    second.expect_error(
        400,
        900_988,
        "another API, One v1: take another name, or share it: remove it there, make it a shared scope, and \
         name it in both",
    );
    let taken = plane.post(&at("/scopes"), &json!({"name": "read"})).by_admin().send().await;
    taken.expect_error(409, 900_984, "the own of an API: One v1 has to give it up");

    let path = at(&format!("/apis/{}", first["id"].as_str().unwrap()));
    let given_up = json!({"scopes": [], "operations": [{"target": "/*", "verb": "GET"}]});
    plane.put(&path, &with("One", given_up)).by_admin().send().await.expect(200);
    share(&plane, "read").await;
    plane.put(&path, &shared("One")).by_admin().send().await.expect(200);
    plane.make(&shared("Two")).await;
}

/// Rows: WSO2-6.4.6
#[tokio::test]
async fn a_scope_in_use_stays_and_its_users_are_named() {
    let plane = Plane::start().await;
    let made = share(&plane, "orders:read").await;
    let operations = json!([{"target": "/orders", "verb": "GET", "scopes": ["orders:read"]}]);
    let api = plane.make(&with("Orders", json!({"operations": operations}))).await;
    assert_eq!(api["scopes"][0]["shared"], true);
    assert_eq!(api["scopes"][0]["scope"]["displayName"], "Read");
    let path = at(&format!("/scopes/{}", made["id"].as_str().unwrap()));
    let said = "The shared scope 'orders:read' is used by APIs: Orders v1";
    plane.delete(&path).by_admin().send().await.expect_error(409, 900_985, said);
    let usage = plane.get(&format!("{path}/usage")).by_admin().send().await.expect(200);
    assert_eq!(usage["usedApiList"][0]["name"], "Orders");
    assert_eq!(usage["usedApiList"][0]["usedResourceList"][0]["target"], "/orders");
    let list = plane.get(&at("/scopes")).by_admin().send().await.expect(200);
    assert_eq!(list["list"][0]["usageCount"], 1);
    assert_eq!(list["pagination"]["total"], 1);
}

/// Rows: WSO2-6.4.6
#[tokio::test]
async fn scope_names_hold_no_blanks_and_any_scope_token_of_oauth() {
    let plane = Plane::start().await;
    for name in ["a b", "a\tb", "a\"b", "a\\b", "ä", "a\u{7f}"] {
        let scope = json!({"name": name});
        plane.post(&at("/scopes"), &scope).by_admin().send().await.expect_error(400, 901_004, "");
    }
    plane.post(&at("/scopes"), &json!({"name": ""})).by_admin().send().await.expect(400);
    let long = json!({"name": "x".repeat(256)});
    plane.post(&at("/scopes"), &long).by_admin().send().await.expect(400);
    for name in ["openid", "https://x.example/a#b!", "$<>", "apim:mine"] {
        share(&plane, name).await;
    }
    // Whom the control plane gives those is not for an API to say.
    let own = json!({"name": "apim:api_view", "bindings": ["Internal/everyone"]});
    plane.post(&at("/scopes"), &own).by_admin().send().await.expect_error(400, 400, "itself");
    let role = json!({"name": "r", "bindings": ["emperor"]});
    plane.post(&at("/scopes"), &role).by_admin().send().await.expect_error(404, 903_250, "emperor");
}

#[tokio::test]
async fn a_scopes_name_can_be_asked_for() {
    let plane = Plane::start().await;
    share(&plane, "one").await;
    plane.make(&with("X", json!({"scopes": [{"scope": {"name": "local"}}]}))).await;
    for (name, status) in [("one", 200), ("local", 200), ("none", 404)] {
        let path = at(&format!("/scopes/{name}"));
        plane.call("HEAD", &path).by_user("carla").send().await.expect(status);
    }
}
