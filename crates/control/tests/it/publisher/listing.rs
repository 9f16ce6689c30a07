//! Call 4 of the tutorial, and listing and searching: sections 1, 3.4 and 4.

use serde_json::Value;
use serde_json::json;

use super::at;
use super::with;
use crate::support::Plane;

async fn names(plane: &Plane, query: &str) -> Vec<String> {
    let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let path = at(&format!("/apis?limit=100&query={query}"));
    let list = plane.get(&path).by_admin().send().await.expect(200);
    let name = |api: &Value| {
        format!("{}-{}", api["name"].as_str().unwrap(), api["version"].as_str().unwrap())
    };
    list["list"].as_array().unwrap().iter().map(name).collect()
}

/// Rows: WSO2-1.4
#[tokio::test]
async fn the_tutorials_pipeline_finds_the_api_with_a_subscribers_token() {
    let plane = Plane::start().await;
    plane.made("HttpBin2").await;
    let id = plane.made("HttpBin").await;
    let scope = "apim:subscribe apim:app_manage apim:sub_manage";
    let token = plane.token("admin", "admin", scope).await;
    let path = at("/apis?query=name:HttpBin");
    let answer = plane.get(&path).bearer(&token).send().await;
    let found = answer.text.split("\"id\":\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(found, id);
    answer.expect(200);
}

#[tokio::test]
async fn a_subscribers_token_opens_the_list_alone_and_to_viewers_alone() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    let token = plane.token("admin", "admin", "apim:subscribe").await;
    for path in [at(&format!("/apis/{id}")), at("/search"), at("/scopes"), at("/subscriptions")] {
        plane.get(&path).bearer(&token).send().await.expect_error(401, 401, "Unauthenticated");
    }
    let token = plane.token("sue", "sue-password", "apim:subscribe").await;
    plane.get(&at("/apis")).bearer(&token).send().await.expect(401);
}

/// Rows: WSO2-3.4
#[tokio::test]
async fn roles_open_what_they_should() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    let api = at(&format!("/apis/{id}"));
    let publish = at(&format!("/apis/change-lifecycle?apiId={id}&action=Publish"));
    let revisions = at(&format!("/apis/{id}/revisions"));
    for (user, method, path, may) in [
        ("carla", "GET", &api, true),
        ("ida", "GET", &at("/apis"), true),
        ("ida", "GET", &api, false),
        ("sue", "GET", &at("/apis"), false),
        ("carla", "POST", &publish, false),
        ("paul", "POST", &publish, true),
        ("paul", "DELETE", &api, false),
        ("dora", "GET", &revisions, true),
        ("sue", "GET", &revisions, false),
        ("paul", "GET", &at("/settings"), true),
        ("carla", "GET", &at("/throttling-policies/api"), true),
        ("carla", "GET", &at("/key-managers"), true),
        ("carla", "GET", &at("/subscriptions"), true),
        ("paul", "GET", &at("/scopes"), true),
        ("carla", "DELETE", &api, true),
    ] {
        let answer = plane.call(method, path).by_user(user).send().await;
        let open = answer.status.as_u16() != 401;
        assert_eq!(open, may, "{user} {method} {path}: {}", answer.text);
    }
    plane.post(&at("/scopes"), &json!({"name": "x"})).by_user("carla").send().await.expect(401);
    plane.get(&at("/apis")).send().await.expect(401);
}

/// Rows: WSO2-4.12, WSO2-4.13, WSO2-4.14, WSO2-4.15
#[tokio::test]
async fn terms_find_by_every_key() {
    let plane = Plane::start().await;
    plane.make(&with("Orders", json!({
        "description": "Buys things", "tags": ["shop", "eu"], "displayName": "The Orders",
        "additionalProperties": [{"name": "team", "value": "blue"}], "categories": ["sales"],
    }))).await;
    plane.make(&with("Orders", json!({"version": "v2"}))).await;
    let id = plane.made("Payments").await;
    plane.act(&id, "Publish").await.expect(200);
    for (query, found) in [
        ("", &["Orders-v1", "Orders-v2", "Payments-v1"] as &[_]),
        ("name:orders", &["Orders-v1", "Orders-v2"]),
        ("name:\"order\"", &[]),
        ("name:\"orders\" version:v2", &["Orders-v2"]),
        ("order pay", &["Orders-v1", "Orders-v2", "Payments-v1"]),
        ("name:orders version:v1 version:v2", &["Orders-v1", "Orders-v2"]),
        ("context:/pay", &["Payments-v1"]),
        ("status:PUBLISHED", &["Payments-v1"]),
        ("status:published", &["Payments-v1"]),
        ("description:THINGS", &["Orders-v1"]),
        ("provider:admin", &["Orders-v1", "Orders-v2", "Payments-v1"]),
        ("tags:sho", &["Orders-v1"]),
        ("tag:eu", &["Orders-v1"]),
        ("api-category:sales", &["Orders-v1"]),
        ("type:HTTP name:pay", &["Payments-v1"]),
        ("vendor:wso2 name:pay", &["Payments-v1"]),
        ("display-name:the", &["Orders-v1"]),
        ("team:blue", &["Orders-v1"]),
        ("team:red", &[]),
        ("*", &["Orders-v1", "Orders-v2", "Payments-v1"]),
        ("name:Ord*", &["Orders-v1", "Orders-v2"]),
        ("name:*ments", &["Payments-v1"]),
        ("name:rd*", &[]),
        ("version:2*", &[]),
        ("version:v2* name:*", &["Orders-v2"]),
        ("* status:PUB*", &["Payments-v1"]),
        ("name:%", &[]),
        ("name:'--", &[]),
    ] {
        assert_eq!(names(&plane, query).await, found, "{query}");
    }
}

/// Rows: WSO2-4.16
#[tokio::test]
async fn a_key_without_a_value_is_refused() {
    let plane = Plane::start().await;
    for path in ["/apis?query=name:", "/search?query=name:", "/apis?query=%22x"] {
        plane.get(&at(path)).by_admin().send().await.expect_error(400, 400, "query");
    }
    let long = "x".repeat(1025);
    plane.get(&at(&format!("/apis?query={long}"))).by_admin().send().await.expect(400);
}

/// Rows: WSO2-4.17, WSO2-11.2
#[tokio::test]
async fn exact_names_come_first_then_names_providers_and_versions() {
    let plane = Plane::start().await;
    for (name, version, provider) in [
        ("Zebra Api", "v1", "admin"),
        ("Api", "v0", "carla"),
        ("Api", "v2", "admin"),
        ("Api", "v1", "admin"),
        ("Another Api", "v1", "carla"),
    ] {
        let context = format!("/{}", name.replace(' ', "-").to_lowercase());
        let api = with(name, json!({"version": version, "context": context}));
        let call = plane.post(&at("/apis"), &api);
        let call = if provider == "admin" { call.by_admin() } else { call.by_user(provider) };
        call.send().await.expect(201);
    }
    let order = ["Another Api-v1", "Api-v1", "Api-v2", "Api-v0", "Zebra Api-v1"];
    assert_eq!(names(&plane, "").await, order);
    let order = ["Api-v1", "Api-v2", "Api-v0", "Another Api-v1", "Zebra Api-v1"];
    assert_eq!(names(&plane, "name:aPi").await, order);
}

/// Rows: WSO2-4
#[tokio::test]
async fn pages_link_to_each_other_and_the_first_member_is_the_id() {
    let plane = Plane::start().await;
    for name in ["A", "B", "C"] {
        plane.made(name).await;
    }
    let answer = plane.get(&at("/apis?limit=1&offset=1&query=version:v1")).by_admin().send().await;
    let list = &answer.text[answer.text.find("\"list\":[").unwrap()..];
    assert!(list.starts_with("\"list\":[{\"id\":\""), "{list}");
    let page = answer.expect(200);
    assert_eq!(page["count"], 1);
    assert_eq!(page["list"][0]["name"], "B");
    let pagination = &page["pagination"];
    assert_eq!(pagination["total"], 3);
    assert_eq!(pagination["next"], "/apis?limit=1&offset=2&query=version%3Av1");
    assert_eq!(pagination["previous"], "/apis?limit=1&offset=0&query=version%3Av1");
    for path in ["/apis?limit=1001", "/apis?limit=-1", "/apis?offset=x"] {
        plane.get(&at(path)).by_admin().send().await.expect(400);
    }
}

#[tokio::test]
async fn searching_finds_apis() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    let found = plane.get(&at("/search?query=http")).by_admin().send().await.expect(200);
    assert_eq!(found["list"][0]["id"], id);
    assert_eq!(found["list"][0]["type"], "API");
    assert_eq!(found["list"][0]["status"], "CREATED");
}

#[tokio::test]
async fn searched_page_by_page_each_api_comes_once_and_exact_names_first() {
    let plane = Plane::start().await;
    for name in ["Http", "a-http", "HttpBin", "zhttp", "http-x", "Other", "b-http"] {
        plane.made(name).await;
    }
    let id = plane.get(&at("/apis?query=name:%22Http%22")).by_admin().send().await.expect(200);
    let id = id["list"][0]["id"].as_str().unwrap().to_owned();
    for version in ["v2", "v3"] {
        let path = at(&format!("/apis/copy-api?apiId={id}&newVersion={version}"));
        plane.call("POST", &path).by_admin().send().await.expect(201);
    }
    let whole = names(&plane, "http").await;
    assert_eq!(whole.len(), 8, "{whole:?}");
    assert!(whole[..3].iter().all(|name| name.starts_with("Http-")), "{whole:?}");
    assert_eq!(whole[3..], ["a-http-v1", "b-http-v1", "http-x-v1", "HttpBin-v1", "zhttp-v1"]);
    for limit in 1..=5 {
        let mut paged = Vec::new();
        for offset in (0..8).step_by(limit) {
            let path = at(&format!("/apis?query=http&limit={limit}&offset={offset}"));
            let page = plane.get(&path).by_admin().send().await.expect(200);
            assert_eq!(page["pagination"]["total"], 8);
            let list = page["list"].as_array().unwrap().clone();
            paged.extend(list.into_iter().map(|api| {
                let text = |member: &str| api[member].as_str().unwrap().to_owned();
                format!("{}-{}", text("name"), text("version"))
            }));
        }
        assert_eq!(paged, whole, "{limit} at a time");
    }
}
