//! The pages of the publisher.

mod apis;
mod hostile;
mod resources;
mod shared_scopes;
mod tabs;

use crate::support::Browser;
use crate::support::Console;
use crate::support::Page;

/// Makes `HttpBin` by the form of four fields; its overview.
pub(super) async fn httpbin(browser: &mut Browser<'_>) -> Page {
    let page = browser.get("/publisher/apis/new").await.expect(200);
    let fields = [
        ("name", "HttpBin"),
        ("version", "v1"),
        ("context", "/httpbin"),
        ("endpoint", "https://httpbin.example.com"),
    ];
    browser.send_on(&page, "Create", &fields).await.expect(200)
}

/// The page behind one of its tabs.
pub(super) async fn tab(browser: &mut Browser<'_>, page: &Page, words: &str) -> Page {
    browser.get(&page.link(words)).await.expect(200)
}

/// The same product by REST, as `admin`.
pub(super) async fn rest(
    console: &Console,
    method: http::Method,
    path: &str,
    body: serde_json::Value,
) -> serde_json::Value {
    use tower::ServiceExt;
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header(http::header::AUTHORIZATION, "Basic YWRtaW46YWRtaW4=")
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(axum::body::Body::from(body.to_string()))
        .unwrap();
    let response = console.router.clone().oneshot(request).await.unwrap();
    assert!(response.status().is_success(), "{path}: {}", response.status());
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    serde_json::from_slice(&body).unwrap_or_default()
}

/// An application of that name, subscribed to the API; the subscription's id.
pub(super) async fn subscribed(console: &Console, page: &Page, application: &str) -> String {
    let api = page.link("Overview").rsplit('/').next().unwrap().to_owned();
    let made = rest(
        console,
        http::Method::POST,
        "/api/am/devportal/v3/applications",
        serde_json::json!({"name": application, "throttlingPolicy": "Unlimited"}),
    )
    .await;
    let subscription = rest(
        console,
        http::Method::POST,
        "/api/am/devportal/v3/subscriptions",
        serde_json::json!({
            "applicationId": made["applicationId"], "apiId": api, "throttlingPolicy": "Unlimited",
        }),
    )
    .await;
    subscription["subscriptionId"].as_str().unwrap().to_owned()
}
