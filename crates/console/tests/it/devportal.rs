//! The pages of subscribers.

mod apis;
mod applications;
mod keys;
mod subscriptions;

use serde_json::json;

use crate::support::Browser;
use crate::support::Console;
use crate::support::Page;

/// Makes an application by the form, and gives its address.
pub(crate) async fn application(browser: &mut Browser<'_>, name: &str) -> String {
    let page = browser.get("/devportal/applications/new").await.expect(200);
    let made = browser.send(&page, "Save", &[("name", name)]).await.expect(303);
    made.location().unwrap().split('?').next().unwrap().to_owned()
}

/// A published API, by REST, as its publisher makes it. Gives its id.
pub(crate) async fn api(console: &Console, name: &str, changes: serde_json::Value) -> String {
    let mut api = json!({
        "name": name,
        "version": "v1",
        "context": format!("/{}", name.to_lowercase()),
        "policies": ["Unlimited", "Gold"],
        "tags": ["weather"],
        "endpointConfig": {
            "endpoint_type": "http",
            "production_endpoints": {"url": "http://localhost:3000"},
        },
        "operations": [
            {"target": "/get", "verb": "GET"},
            {"target": "/orders/{id}", "verb": "POST", "scopes": []},
        ],
    });
    let changes = changes.as_object().unwrap().clone();
    api.as_object_mut().unwrap().extend(changes);
    console.publish(&api).await
}

/// No element of what somebody wrote is one of the page.
#[track_caller]
pub(crate) fn is_text(page: &Page) {
    for tag in ["<script>alert", "<img src=x", "<svg onload"] {
        assert!(!page.has(tag), "{tag} in {}\n{}", page.path, page.text);
    }
}

pub(crate) const MARKUP: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

/// The tutorial's key manager, made by the admin's form.
pub(crate) async fn key_manager(console: &Console, name: &str) {
    let mut browser = console.browser("admin").await;
    let page = browser.get("/admin/key-managers/new").await;
    let fields = [
        ("name", name),
        ("issuer", "https://idsvr:8443/oauth/v2/oauth-anonymous"),
        ("introspection_endpoint", "https://idsvr:8443/oauth/v2/oauth-introspect"),
        ("certificate", "https://idsvr:8443/oauth/v2/oauth-anonymous/jwks"),
        ("client_id", "api-gateway-client"),
        ("secret.client_secret", "Password1"),
        ("expected_audience", "client-one"),
    ];
    browser.send(&page, "Save", &fields).await.expect(303);
}
