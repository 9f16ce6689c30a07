//! The first page.

use axum::body::Body;
use http::Method;
use http::Request;
use phantom_store::LifecycleState;
use serde_json::Value;
use serde_json::json;
use tower::ServiceExt;

use crate::support::Console;

#[tokio::test]
async fn an_empty_instance_offers_the_first_steps_and_ticks_them_as_they_come_true() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/").await.expect(200).says("First steps");
    assert!(!page.has("Needs attention"));
    assert_eq!(page.text.matches("To do").count(), 4);
    let page = browser.get(&page.link("Add a key manager")).await.expect(200);
    let fields = [
        ("name", "curity"),
        ("issuer", "https://as.example"),
        ("introspection_endpoint", "https://as.example/introspect"),
        ("token_endpoint", "https://as.example/token"),
        ("certificate", "https://as.example/jwks"),
        ("client_id", "gateway"),
        ("secret.client_secret", "Password1"),
        ("expected_audience", "one"),
    ];
    browser.send(&page, "Save", &fields).await.expect(303);
    let page = browser.get("/").await.expect(200);
    assert_eq!((page.text.matches("To do").count(), page.text.matches("Done").count()), (3, 1));
    // Who may not take a step is not led to it.
    let mut sue = console.browser("sue").await;
    let page = sue.get("/").await.expect(200);
    assert!(!page.has("/admin/") && !page.has("What happened lately") && page.has("/devportal"));
}

#[tokio::test]
async fn the_first_page_says_what_needs_attention_and_what_happened_lately() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let now = phantom_core::Clock::now(&*console.clock).wall;
    let actor = phantom_store::Actor { name: "carla <b>".to_owned(), address: None };
    let mut write = console.store.write(&actor, now).await.unwrap();
    for (name, enabled) in [("one", true), ("two", true), ("three", false)] {
        let row = phantom_store::KeyManagerRow {
            id: uuid::Uuid::now_v7(),
            name: name.to_owned(),
            kind: "CurityPhantomToken".to_owned(),
            enabled,
            document: json!({"issuer": "https://as.example"}),
            secrets: std::collections::BTreeMap::new(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        write.insert_key_manager(&row).await.unwrap();
    }
    for (name, state) in
        [("Orders", LifecycleState::Published), ("Drafts", LifecycleState::Created)]
    {
        let row = phantom_store::ApiRow {
            id: uuid::Uuid::now_v7(),
            name: name.to_owned(),
            version_name: "v1".to_owned(),
            context: format!("/{name}"),
            provider: "carla".to_owned(),
            state,
            document: json!({"name": name, "version": "v1", "context": format!("/{name}")}),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        write.insert_api(&row).await.unwrap();
    }
    write.commit().await.unwrap();
    let page = browser.get("/").await.expect(200).says("5 things need attention.");
    let page = page.says("JWTs of https://as.example go to the first of them by name.");
    assert_eq!(page.text.matches("Ambiguous").count(), 2);
    assert_eq!(page.text.matches("Disabled").count(), 1);
    let page = page.says("Orders v1").says("no gateway serves it").says("What happened lately");
    let (above, _) = page.text.split_once("What happened lately").unwrap();
    assert!(!above.contains("Drafts v1"));
    assert!(!page.has("carla <b>") && page.has("carla &#60;b&#62;"));
    page.link("three");
    // A creator sees what a creator can mend.
    let page = console.browser("carla").await.get("/").await.expect(200);
    let page = page.says("One thing needs attention.").says("Orders v1");
    assert!(!page.has("Ambiguous") && !page.has("What happened lately"));
}

/// Over REST, as the administrator.
async fn rest(console: &Console, method: Method, path: &str, body: &Value) -> Value {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/am/publisher/v4{path}"))
        .header(http::header::AUTHORIZATION, "Basic YWRtaW46YWRtaW4=")
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()));
    let response = console.router.clone().oneshot(request.unwrap()).await.unwrap();
    let (status, body) = (response.status(), response.into_body());
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    assert!(status.is_success(), "{path}: {status} {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn an_api_needs_attention_until_what_was_published_and_changed_is_deployed() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let mut api = json!({
        "name": "Orders", "version": "v1", "context": "/orders", "policies": ["Unlimited"],
        "endpointConfig": {
            "endpoint_type": "http", "production_endpoints": {"url": "http://backend:8080"},
        },
    });
    let made = rest(&console, Method::POST, "/apis", &api).await;
    let id = made["id"].as_str().unwrap().to_owned();
    api["operations"] = made["operations"].clone();
    let deploy = async || {
        let path = format!("/apis/{id}/revisions");
        let revision = rest(&console, Method::POST, &path, &json!({"description": "x"})).await;
        let revision = revision["id"].as_str().unwrap().to_owned();
        let path = format!("/apis/{id}/deploy-revision?revisionId={revision}");
        let place = json!([{"name": "Default", "vhost": "localhost", "displayOnDevportal": true}]);
        rest(&console, Method::POST, &path, &place).await;
    };
    let publish = format!("/apis/change-lifecycle?apiId={id}&action=Publish");
    assert!(!browser.get("/").await.has("Needs attention"));
    deploy().await;
    rest(&console, Method::POST, &publish, &json!({})).await;
    // That it was published is no change of what gateways serve.
    assert!(!browser.get("/").await.has("Needs attention"));
    api["description"] = json!("changed");
    rest(&console, Method::PUT, &format!("/apis/{id}"), &api).await;
    browser.get("/").await.says("One thing needs attention.").says("changed since deployment");
    deploy().await;
    assert!(!browser.get("/").await.has("Needs attention"));
}

#[tokio::test]
async fn where_nothing_needs_attention_each_is_told_their_own_next_step() {
    let console = Console::start().await;
    let eve =
        phantom_manage::seed::User { name: "eve", password: "eve-password".into(), roles: &[] };
    let now = phantom_core::Clock::now(&*console.clock).wall;
    phantom_manage::seed::user(&console.store, eve, now).await.unwrap();
    let id = crate::devportal::api(&console, "HttpBin", json!({})).await;
    let draft = json!({"name": "Draft", "version": "v1", "context": "/draft"});
    rest(&console, Method::POST, "/apis", &draft).await;
    for (user, step) in [
        ("carla", "Create an API"),
        ("paul", "Publish Draft v1"),
        ("eve", "See which APIs there are"),
    ] {
        let mut browser = console.browser(user).await;
        let page = browser.get("/").await.expect(200).says("Below is what comes next.");
        browser.get(&page.link(step)).await.expect(200);
        assert_eq!(page.text.matches("To do").count(), 1, "{user}");
    }

    let mut sue = console.browser("sue").await;
    let page = sue.get("/").await.expect(200);
    let page = sue.get(&page.link("Add an application")).await.expect(200);
    sue.send(&page, "Save", &[("name", "Mine")]).await.expect(303);
    let page = sue.get("/").await.expect(200);
    let page = sue.get(&page.link("Give Mine a key")).await.expect(200);
    let page = sue.get(&page.link("Generate keys")).await.expect(200);
    sue.send(&page, "Generate keys", &[]).await.expect(200);
    let page = sue.get("/").await.expect(200);
    let page = sue.get(&page.link("Subscribe Mine to an API")).await.expect(200);
    let page = sue.get(&page.link("Subscribe")).await.expect(200);
    assert!(page.has(&id));
    sue.send_on(&page, "Subscribe", &[("plan", "Gold")]).await.expect(200);
    assert!(!sue.get("/").await.expect(200).has("Next steps"));
}
