use http::Method;
use phantom_rest::PeerAddress;
use phantom_testkit::FakeAs;
use phantom_testkit::Reply;
use serde_json::json;

use super::MARKUP;
use super::api;
use super::is_text;
use crate::support::Browser;
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
    page.says("What you can subscribe to.");
    let mut carla = console.browser("carla").await;
    let page = carla.get("/devportal/apis").await.expect(200).says("Internal/subscriber");
    assert!(!page.has("What you can subscribe to."));

    let page = browser.get(&page.link("HttpBin")).await.expect(200);
    let page = page.says("https://localhost:8243/httpbin/v1").says("5,000 requests a minute");
    let page = page.says("/orders/{id}");
    let samples = browser.get(&page.link("Code samples")).await.expect(200);
    for words in ["curl -sk", "requests.request", "await fetch"] {
        assert!(samples.has(words), "{words}");
    }
    assert!(samples.has("https://localhost:8243/httpbin/v1/get"));
    assert!(samples.has("REQUESTS_CA_BUNDLE") && samples.has("NODE_EXTRA_CA_CERTS"));
    let definition = browser.get(&page.link("OpenAPI document")).await.expect(200);
    let document: serde_json::Value = serde_json::from_str(&definition.text).unwrap();
    assert_eq!(document["servers"][0]["url"], "https://localhost:8243/httpbin/v1");
}

#[tokio::test]
async fn a_plan_allows_the_same_in_the_devportal_as_where_it_is_made() {
    let console = Console::start().await;
    let mut admin = console.browser("admin").await;
    let said = "3 requests a minute, and at most 1 a second";
    for level in ["subscription", "application"] {
        let page = admin.get(&format!("/admin/policies/{level}/new")).await.expect(200);
        let fields = [("name", "Slow"), ("count", "3"), ("burst_count", "1")];
        admin.send_on(&page, "Add policy", &fields).await.expect(200).says(said);
    }
    let plans = json!({"policies": ["Slow", "AsyncGold"]});
    let id = api(&console, "HttpBin", plans).await;
    let mut browser = console.browser("sue").await;
    let page = browser.get(&format!("/devportal/apis/{id}")).await.expect(200);
    page.says(said).says("50,000 events a day");
    let page = browser.get("/devportal/applications/new").await.expect(200);
    let fields = [("name", "Mine"), ("quota", "Slow")];
    let page = page.says(&format!("Slow ({said})"));
    browser.send_on(&page, "Save", &fields).await.expect(200).says(&format!("Slow, {said}"));
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

#[tokio::test]
async fn swagger_ui_is_framed_by_its_own_page_with_a_policy_of_its_own() {
    let console = Console::start().await;
    let id = api(&console, "HttpBin", json!({})).await;
    let mut browser = console.browser("sue").await;
    let page = browser.get(&format!("/devportal/apis/{id}/try")).await.expect(200);
    let policy = |page: &crate::support::Page| {
        page.headers["content-security-policy"].to_str().unwrap().to_owned()
    };
    assert!(policy(&page).contains("frame-src 'self'") && !policy(&page).contains("unsafe"));
    assert!(policy(&page).contains("frame-ancestors 'none'"));
    let at = format!("/devportal/apis/{id}/try/frame");
    assert!(page.has(&format!("src=\"{at}\"")));
    let frame = browser.get(&at).await.expect(200);
    let framed = policy(&frame);
    assert!(framed.contains("frame-ancestors 'self'") && framed.contains("script-src 'self'"));
    assert!(framed.contains("connect-src 'self'") && !framed.contains("unsafe-eval"), "{framed}");
    assert_eq!(frame.headers["x-frame-options"], "SAMEORIGIN");
    for file in ["swagger-ui-bundle.js", "swagger-ui.css"] {
        assert!(frame.has(&format!("/devportal/swagger-ui/{file}")));
    }
    browser.get("/devportal/swagger-ui/index.html").await.expect(404);
    let definition = browser.get(&format!("/devportal/apis/{id}/try/definition")).await.expect(200);
    let document: serde_json::Value = serde_json::from_str(&definition.text).unwrap();
    assert_eq!(document["security"], json!([{"token": []}]));
}

#[tokio::test]
async fn what_is_tried_goes_through_the_gateway_to_that_api_alone_and_its_answer_sets_nothing_here()
{
    let gateway = FakeAs::start().await;
    let reply = Reply::with_type(200, "text/html", "<script>alert(1)</script>");
    let reply = reply.header("set-cookie", "__Host-phantom=x; Secure; Path=/");
    gateway.answer("/httpbin/v1/get", reply);
    let console = Console::start_before(gateway.url("").trim_end_matches('/'), true).await;
    let id = api(&console, "HttpBin", json!({})).await;
    api(&console, "Orders", json!({})).await;
    let mut browser = console.browser("sue").await;
    let proof = proof(&mut browser, &id).await;
    let at = format!("/devportal/apis/{id}/try/call");
    let url = gateway.url("/httpbin/v1/get");
    let answer = browser.request(Method::POST, &at, &[], sent(&url, &proof)).await.expect(200);
    assert_eq!(gateway.last("/httpbin/v1/get").header("authorization"), Some("Bearer t"));
    assert!(!answer.headers.contains_key("set-cookie"));
    // The page is told them beside its own, as what they are.
    let told = answer.headers["x-phantom-headers"].to_str().unwrap();
    assert!(told.contains("set%2Dcookie") && told.contains("text%2Fhtml"), "{told}");
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("sandbox") && policy.starts_with("default-src 'none'"));
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    // Swagger UI would offer it as a file to download.
    assert!(!answer.headers.contains_key("content-disposition"));

    browser.request(Method::POST, &at, &[], sent(&url, "forged")).await.expect(403);
    for url in [
        gateway.url("/orders/v1/get"),
        gateway.url("/httpbin/v1/../../orders/v1/get"),
        gateway.url("/httpbin/v1/x/%2e%2E/get"),
        gateway.url("/httpbin/v1evil"),
        "http://169.254.169.254/".to_owned(),
    ] {
        browser.request(Method::POST, &at, &[], sent(&url, &proof)).await.expect(400);
    }
}

#[tokio::test]
async fn what_is_called_from_the_pages_is_denied_with_the_address_of_whoever_calls() {
    let gateway = FakeAs::start().await;
    gateway.answer("/httpbin/v1/get", Reply::json(&json!({})));
    let console = Console::start_before(gateway.url("").trim_end_matches('/'), true).await;
    let id = api(&console, "HttpBin", json!({})).await;
    let mut admin = console.browser("admin").await;
    let page = admin.get("/admin/deny-policies").await.expect(200);
    let page = admin.get(&page.link("Add deny policy")).await.expect(200);
    let fields = [("kind", "IP"), ("first", "192.0.2.1")];
    admin.send_on(&page, "Add deny policy", &fields).await.expect(200);

    let (at, url) = (format!("/devportal/apis/{id}/try/call"), gateway.url("/httpbin/v1/get"));
    for (address, tried, called) in [("192.0.2.2", 200, 200), ("192.0.2.1", 403, 422)] {
        let peer = PeerAddress(address.parse().unwrap());
        let router = console.router.clone().layer(axum::Extension(peer));
        let mut browser = Browser::new(&router);
        browser.sign_in("sue").await;
        let form = sent(&url, &proof(&mut browser, &id).await);
        browser.request(Method::POST, &at, &[], form).await.expect(tried);
        let page = browser.get("/workbench").await.expect(200);
        let fields = [("url", url.as_str()), ("secret.token", "t")];
        let page = browser.send(&page, "Call the API", &fields).await.expect(called);
        assert_eq!(page.has("A deny policy is in the way"), called == 422);
    }
    assert_eq!(gateway.count("/httpbin/v1/get"), 2);
}

/// What a form of the frame is sent with.
async fn proof(browser: &mut Browser<'_>, api: &str) -> String {
    let frame = browser.get(&format!("/devportal/apis/{api}/try/frame")).await.expect(200);
    let proof = frame.text.split("name=\"_csrf\" value=\"").nth(1).unwrap();
    proof.split('"').next().unwrap().to_owned()
}

fn sent(url: &str, proof: &str) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("_csrf", proof).append_pair("url", url).append_pair("method", "GET");
    form.append_pair("secret.headers", "authorization: Bearer t");
    form.finish()
}
