//! The APIs on offer: sections 3.3, 4 and the end of 7.3.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use super::fixtures::ApiFixture;
use super::fixtures::api;
use super::fixtures::at;
use super::fixtures::deploy;
use crate::support::Plane;

async fn names(plane: &Plane, user: Option<&str>, query: &str) -> Vec<String> {
    let path = at(&format!("/apis{query}"));
    let call = plane.get(&path);
    let call = match user {
        Some("admin") => call.by_admin(),
        Some(user) => call.by_user(user),
        None => call,
    };
    let list = call.send().await.expect(200);
    let list = list["list"].as_array().unwrap();
    list.iter().map(|each| each["name"].as_str().unwrap().to_owned()).collect()
}

fn fixture(name: &'static str, context: &'static str, changes: Value) -> ApiFixture {
    ApiFixture { name, context, changes, ..ApiFixture::default() }
}

/// Rows: WSO2-4.18
#[tokio::test]
async fn only_published_and_prototyped_apis_are_on_offer() {
    let plane = Plane::start().await;
    for (name, context, state) in [
        ("Created", "/created", "CREATED"),
        ("Prototyped", "/prototyped", "PROTOTYPED"),
        ("Published", "/published", "PUBLISHED"),
        ("Blocked", "/blocked", "BLOCKED"),
        ("Deprecated", "/deprecated", "DEPRECATED"),
        ("Retired", "/retired", "RETIRED"),
    ] {
        let id = api(&plane, ApiFixture { name, context, state, ..ApiFixture::default() }).await;
        let offered = matches!(state, "PROTOTYPED" | "PUBLISHED");
        for below in ["", "/swagger", "/subscription-policies"] {
            let path = at(&format!("/apis/{id}{below}"));
            let answer = plane.get(&path).by_admin().send().await;
            assert_eq!(answer.status == 200, offered, "{state}{below}: {}", answer.text);
        }
    }
    for user in [None, Some("sue"), Some("admin")] {
        assert_eq!(names(&plane, user, "").await, ["Prototyped", "Published"]);
    }
    assert_eq!(names(&plane, None, "?query=status:published").await, ["Published"]);
}

/// Rows: WSO2-4.18
#[tokio::test]
async fn an_api_is_seen_by_the_roles_it_is_for() {
    let plane = Plane::start().await;
    let roles = json!(["Internal/subscriber"]);
    let restricted = json!({"visibility": "RESTRICTED", "visibleRoles": roles});
    let restricted = api(&plane, fixture("Restricted", "/r", restricted)).await;
    let private = api(&plane, fixture("Private", "/p", json!({"visibility": "PRIVATE"}))).await;
    api(&plane, fixture("Public", "/o", json!({}))).await;
    for (user, seen) in [
        (None, &["Public"] as &[_]),
        (Some("paul"), &["Private", "Public"]),
        (Some("sue"), &["Private", "Public", "Restricted"]),
        (Some("admin"), &["Private", "Public", "Restricted"]),
    ] {
        assert_eq!(names(&plane, user, "").await, seen, "{user:?}");
    }
    let unknown = Uuid::from_u128(1);
    for id in [restricted, private, unknown] {
        for below in ["", "/swagger", "/subscription-policies"] {
            // As one that is not there.
            let answer = plane.get(&at(&format!("/apis/{id}{below}"))).send().await;
            assert!(!answer.text.contains("httpbin"), "{}", answer.text);
            answer.expect_error(404, 404, &id.to_string());
        }
    }
    plane.get(&at(&format!("/apis/{restricted}"))).by_user("sue").send().await.expect(200);
    plane.get(&at(&format!("/apis/{restricted}"))).by_user("paul").send().await.expect(404);
    plane.get(&at("/apis/nonsense")).send().await.expect_error(404, 404, "nonsense");
}

/// Rows: WSO2-3.3.4
#[tokio::test]
async fn whoever_shows_a_bad_credential_is_nobody_even_where_nobody_may_read() {
    let plane = Plane::start().await;
    for path in ["/apis", "/search", "/tags", "/tenants", "/throttling-policies/application"] {
        plane.get(&at(path)).send().await.expect(200);
        plane.get(&at(path)).bearer("nonsense").send().await.expect_error(401, 401, "");
        plane.get(&at(path)).basic("sue", "wrong").send().await.expect_error(401, 401, "");
    }
}

/// Rows: WSO2-4.18
#[tokio::test]
async fn of_several_versions_the_latest_is_listed() {
    let plane = Plane::start().await;
    let version = |version| ApiFixture { version, ..ApiFixture::default() };
    api(&plane, version("v9")).await;
    plane.wait(Duration::from_secs(1));
    api(&plane, version("v10")).await;
    plane.wait(Duration::from_secs(1));
    api(&plane, ApiFixture { state: "CREATED", ..version("v11") }).await;
    let versions = async |query: &str| {
        let list = plane.get(&at(&format!("/apis{query}"))).send().await.expect(200);
        assert_eq!(list["pagination"]["total"], 1);
        list["list"][0]["version"].as_str().unwrap().to_owned()
    };
    assert_eq!(versions("").await, "v10");
    assert_eq!(versions("?query=version:v9").await, "v9");
}

/// Rows: WSO2-4.12, WSO2-4.17
#[tokio::test]
async fn lists_are_by_name_and_the_exact_name_comes_first() {
    let plane = Plane::start().await;
    for (name, context) in
        [("MyHttpBin", "/a"), ("HttpBin2", "/b"), ("httpbin", "/c"), ("Abc", "/d")]
    {
        api(&plane, fixture(name, context, json!({"tags": [name]}))).await;
    }
    assert_eq!(names(&plane, None, "").await, ["Abc", "httpbin", "HttpBin2", "MyHttpBin"]);
    for query in ["name:HttpBin", "HttpBin"] {
        let found = names(&plane, None, &format!("?query={query}")).await;
        assert_eq!(found, ["httpbin", "HttpBin2", "MyHttpBin"], "{query}");
    }
    assert_eq!(names(&plane, None, "?query=tag:abc").await, ["Abc"]);
    assert_eq!(names(&plane, None, "?query=context:/b").await, ["HttpBin2"]);
    assert_eq!(names(&plane, None, "?query=name:bin%20context:/a").await, ["MyHttpBin"]);
    assert_eq!(names(&plane, None, "?limit=1&offset=1").await, ["httpbin"]);
    plane.get(&at("/apis?query=name:")).send().await.expect_error(400, 400, "query");
    let list = plane.get(&at("/apis?limit=2&query=bin")).send().await.expect(200);
    assert_eq!(list["pagination"]["next"], "/apis?limit=2&offset=2&query=bin");
}

/// Rows: WSO2-7.3
#[tokio::test]
async fn an_api_tells_where_it_is_served_and_under_which_plans() {
    let plane = Plane::start().await;
    let changes = json!({
        "isDefaultVersion": true,
        "additionalProperties": [
            {"name": "team", "value": "blue", "display": true},
            {"name": "budget", "value": "secret", "display": false},
        ],
    });
    let id = api(&plane, ApiFixture { changes, ..ApiFixture::default() }).await;
    let path = at(&format!("/apis/{id}"));
    let before = plane.get(&path).send().await.expect(200);
    assert_eq!(before["endpointURLs"], json!([]));
    deploy(&plane, id).await;
    let answer = plane.get(&path).send().await;
    for concealed in ["backend.internal", "secret"] {
        assert!(!answer.text.contains(concealed), "{}", answer.text);
    }
    let read = answer.expect(200);
    for (member, value) in [
        ("id", json!(id)),
        ("context", json!("/httpbin/v1")),
        ("lifeCycleStatus", json!("PUBLISHED")),
        ("keyManagers", json!(["all"])),
        ("securityScheme", json!(["oauth2", "oauth_basic_auth_api_key_mandatory"])),
        ("operations", json!([{"id": "1", "target": "/get", "verb": "GET"}])),
        ("isSubscriptionAvailable", json!(true)),
    ] {
        assert_eq!(read[member], value, "{member}");
    }
    assert_eq!(read["tiers"][1]["tierName"], "Gold");
    assert_eq!(
        (&read["scopes"][0]["key"], &read["scopes"][0]["name"]),
        (&json!("read"), &json!("Read"))
    );
    let endpoint = &read["endpointURLs"][0];
    assert_eq!(endpoint["environmentName"], "Default");
    let at = |base: &str| {
        json!({
            "http": format!("http://localhost:8280{base}"),
            "https": format!("https://localhost:8243{base}"),
            "ws": null, "wss": null,
        })
    };
    assert_eq!(endpoint["URLs"], at("/httpbin/v1"));
    assert_eq!(endpoint["defaultVersionURLs"], at("/httpbin"));
}

#[tokio::test]
async fn an_api_without_http_is_not_said_to_be_there() {
    let plane = Plane::start().await;
    let changes = json!({"transport": ["https"]});
    let id = api(&plane, ApiFixture { changes, ..ApiFixture::default() }).await;
    deploy(&plane, id).await;
    let read = plane.get(&at(&format!("/apis/{id}"))).send().await.expect(200);
    assert_eq!(read["endpointURLs"][0]["URLs"]["http"], Value::Null);
    assert_eq!(read["endpointURLs"][0]["defaultVersionURLs"]["https"], Value::Null);
    let definition = plane.get(&at(&format!("/apis/{id}/swagger"))).send().await.expect(200);
    assert_eq!(definition["servers"], json!([{"url": "https://localhost:8243/httpbin/v1"}]));
}

/// Rows: WSO2-7.3
#[tokio::test]
async fn the_definition_names_gateways_and_no_backend() {
    let plane = Plane::start().await;
    let definition = json!({
        "openapi": "3.0.1",
        "info": {"title": "HttpBin", "version": "v1"},
        "servers": [{"url": "http://backend.internal:3000"}],
        "x-wso2-production-endpoints": {"urls": ["http://backend.internal:3000"]},
        "paths": {"/get": {"get": {
            "summary": "Echo",
            "x-wso2-production-endpoints": {"urls": ["http://backend.internal:3001"]},
            "responses": {"200": {"description": "OK"}},
        }}},
    });
    let changes = json!({"definition": definition});
    let id = api(&plane, ApiFixture { changes, ..ApiFixture::default() }).await;
    let answer = plane.get(&at(&format!("/apis/{id}/swagger"))).send().await;
    assert!(!answer.text.contains("backend.internal"), "{}", answer.text);
    let read = answer.expect(200);
    assert_eq!(read["paths"]["/get"]["get"]["summary"], "Echo");
    let servers = json!([
        {"url": "https://localhost:8243/httpbin/v1"}, {"url": "http://localhost:8280/httpbin/v1"},
    ]);
    assert_eq!(read["servers"], servers);
}

#[tokio::test]
async fn the_plans_of_an_api_are_those_open_to_the_caller() {
    let plane = Plane::start().await;
    let id = api(&plane, ApiFixture::default()).await;
    let path = at(&format!("/apis/{id}/subscription-policies"));
    let read = plane.get(&path).send().await.expect(200);
    assert_eq!((&read[0]["name"], &read[1]["name"]), (&json!("Unlimited"), &json!("Gold")));
    assert_eq!(read[1]["requestCount"], 5000);
}

#[tokio::test]
async fn searches_find_apis_and_tags_count_them() {
    let plane = Plane::start().await;
    api(&plane, fixture("One", "/one", json!({"tags": ["weather", "echo"]}))).await;
    api(&plane, fixture("Two", "/two", json!({"tags": ["weather"]}))).await;
    let hidden = json!({"tags": ["weather", "hidden"], "visibility": "PRIVATE"});
    api(&plane, fixture("Three", "/three", hidden)).await;
    let found = plane.get(&at("/search?query=tw")).send().await.expect(200);
    assert_eq!((&found["count"], &found["list"][0]["name"]), (&json!(1), &json!("Two")));
    assert_eq!(
        (&found["list"][0]["type"], &found["list"][0]["status"]),
        (&json!("API"), &json!("PUBLISHED"))
    );
    let tags = plane.get(&at("/tags")).send().await.expect(200);
    let expected = json!([{"value": "echo", "count": 1}, {"value": "weather", "count": 2}]);
    assert_eq!(tags["list"], expected);
    let tags = plane.get(&at("/tags?limit=1&offset=2")).by_user("sue").send().await.expect(200);
    assert_eq!(tags["list"], json!([{"value": "weather", "count": 3}]));
}
