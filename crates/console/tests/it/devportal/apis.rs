use serde_json::json;

use super::MARKUP;
use super::api;
use super::is_text;
use crate::support::Console;

#[tokio::test]
async fn apis_on_offer_are_found_by_name_and_tag_and_shown_with_plans_addresses_and_samples() {
    let console = Console::start().await;
    let changes = json!({"description": "Echoes what it gets.", "tags": ["echo test"]});
    api(&console, "HttpBin", changes).await;
    api(&console, "Orders", json!({})).await;
    let mut browser = console.browser("sue").await;
    let page = browser.get("/devportal/apis").await.expect(200);
    let page = page.says("HttpBin").says("Orders").says("Echoes what it gets.");
    let found = browser.get("/devportal/apis?query=http").await.expect(200);
    assert!(found.has("HttpBin") && !found.has("Orders"));
    let found = browser.get(&page.link("echo test")).await.expect(200);
    assert!(found.has("HttpBin") && !found.has("/orders"));
    browser.get("/devportal/apis?query=tag:%22x").await.expect(200).says("cannot be understood");

    let page = browser.get(&page.link("HttpBin")).await.expect(200);
    let page = page.says("https://localhost:8243/httpbin/v1").says("5,000 requests a minute");
    let page = page.says("/orders/{id}");
    let samples = browser.get(&page.link("Code samples")).await.expect(200);
    for words in ["curl -sk", "requests.request", "await fetch"] {
        assert!(samples.has(words), "{words}");
    }
    assert!(samples.has("https://localhost:8243/httpbin/v1/get"));
    let definition = browser.get(&page.link("OpenAPI document")).await.expect(200);
    let document: serde_json::Value = serde_json::from_str(&definition.text).unwrap();
    assert_eq!(document["servers"][0]["url"], "https://localhost:8243/httpbin/v1");
}

#[tokio::test]
async fn an_api_that_is_for_others_is_not_there() {
    let console = Console::start().await;
    let changes = json!({"visibility": "RESTRICTED", "visibleRoles": ["Internal/creator"]});
    let id = api(&console, "Secret", changes).await;
    let mut browser = console.browser("sue").await;
    for query in ["", "?query=Secret", "?query=name:Secret"] {
        let page = browser.get(&format!("/devportal/apis{query}")).await.expect(200);
        assert!(!page.has(">Secret<"), "{query}: {}", page.text);
    }
    for path in ["", "/samples", "/definition", "/try"] {
        browser.get(&format!("/devportal/apis/{id}{path}")).await.expect(404);
    }
    browser.get(&format!("/devportal/subscriptions/new?api={id}")).await.expect(404);
    let mut carla = console.browser("carla").await;
    carla.get(&format!("/devportal/apis/{id}")).await.expect(200);
}

#[tokio::test]
async fn markup_of_a_publisher_is_text_for_subscribers() {
    let console = Console::start().await;
    let scope = json!({"name": "read", "description": MARKUP});
    let changes = json!({
        "description": MARKUP,
        "displayName": MARKUP,
        "tags": [MARKUP],
        "scopes": [scope],
    });
    let id = api(&console, "Markup", changes).await;
    let mut browser = console.browser("sue").await;
    is_text(&browser.get("/devportal/apis").await.expect(200));
    for path in ["", "/samples"] {
        is_text(&browser.get(&format!("/devportal/apis/{id}{path}")).await.expect(200));
    }
    let definition = browser.get(&format!("/devportal/apis/{id}/definition")).await.expect(200);
    assert_eq!(definition.headers["content-type"], "application/json");
    assert_eq!(definition.headers["x-content-type-options"], "nosniff");
}
