//! "Explain without sending", before somebody who explains whatever is asked; and what a gateway decided on a call.

use phantom_core::DenyReason;
use phantom_testkit::FakeAs;
use phantom_testkit::Reply;

use crate::support::Console;
use crate::traffic::decided;
use crate::traffic::reported;

const MARKUP: &str = "<img src=x onerror=alert(1)>";

#[tokio::test]
async fn a_decision_is_explained_without_script_and_what_was_typed_stays() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/workbench").await.expect(200);
    let token = "opaque-secret-token";
    let fields = [("url", "https://localhost:8243/orders?x=in-the-query"), ("secret.token", token)];
    let page = browser.send(&page, "Explain without sending", &fields).await.expect(200);
    let page = page.says("401 (token_inactive)").says("Refused").says("What to do:");
    let page = page.says("<code>/orders</code>").says("– scope: any of <code>read</code>");
    let page = page.says("www-authenticate: Bearer");
    let trace = page.text.split("class=\"trace\"").nth(1).unwrap().split("</ol>").next().unwrap();
    assert!(!trace.contains(token) && !trace.contains("in-the-query"), "{trace}");
    let page = browser.send(&page, "Explain without sending", &[("method", "DELETE")]).await;
    page.expect(200).says("Would be sent").says("http://backend.internal:8080");
}

#[tokio::test]
async fn what_an_explanation_says_is_text() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/workbench").await.expect(200);
    let url = format!("https://localhost:8243/{}`{}", MARKUP.replace(' ', "%20"), MARKUP);
    let refused = browser.send(&page, "Explain without sending", &[("url", &url)]).await;
    let refused = refused.expect(422);
    assert!(!refused.has("<img src=x"));
    let url = "https://localhost:8243/<script>alert(1)</script>`<b>x";
    let page = browser.send(&page, "Explain without sending", &[("url", url)]).await.expect(200);
    assert!(!page.has("<script>alert") && !page.has("<b>x"), "{}", page.text);
}

#[tokio::test]
async fn others_than_administrators_ask_about_apis_alone_and_subscribers_do_not_learn_of_backends()
{
    let console = Console::start().await;
    for (user, at_backend) in [("paul", true), ("sue", false)] {
        let mut browser = console.browser(user).await;
        let page = browser.get("/workbench").await.expect(200);
        for url in
            ["/orders", "http://localhost:8080/api", "https://localhost:9443/", "http://a:8243/"]
        {
            let fields = [("url", url)];
            let page = browser.send(&page, "Explain without sending", &fields).await.expect(422);
            assert!(page.has("aria-invalid"), "{url}");
        }
        let fields = [("url", "https://localhost:8243/orders"), ("method", "DELETE")];
        let page = browser.send(&page, "Explain without sending", &fields).await.expect(200);
        assert_eq!(page.has("backend.internal"), at_backend, "{user}");
        page.says("Would be sent");
    }
    let mut admin = console.browser("admin").await;
    let page = admin.get("/workbench").await.expect(200);
    admin.send(&page, "Explain without sending", &[("url", "/orders")]).await.expect(200);
}

#[tokio::test]
async fn who_has_made_a_call_sees_what_the_gateway_decided_and_nobody_else_by_its_address() {
    let gateway = FakeAs::start().await;
    gateway.answer("/httpbin/v1/get", Reply::status(401));
    let console = Console::start_before(gateway.url("").trim_end_matches('/'), true).await;
    let mut browser = console.browser("sue").await;
    let page = browser.get("/workbench").await.expect(200);
    let url = gateway.url("/httpbin/v1/get");
    let page = browser.send(&page, "Call the API", &[("url", &url)]).await.expect(200);
    let link = page.link("See what the gateway decided, hop by hop");
    let trace = gateway.last("/httpbin/v1/get").header("traceparent").unwrap().to_owned();
    let id = trace.split('-').nth(1).unwrap().to_owned();
    assert!(id.len() == 32 && link.contains(&id), "{link}");

    // It looks again by itself until it is there, and not for ever.
    let waiting = browser.get(&link).await.expect(200).says("not reported yet");
    let refresh = waiting.headers.get("refresh").unwrap().to_str().unwrap().to_owned();
    assert!(refresh.starts_with("2;url=/workbench/decision?"), "{refresh}");
    let given_up = browser.get(&format!("{link}&turn=8")).await.expect(200);
    assert!(
        given_up.headers.get("refresh").is_none() && given_up.has("No gateway has reported it")
    );

    let of_another = "another-request";
    let last = |now| {
        vec![
            decided(now, &id, "/httpbin/v1/get", Some(DenyReason::TokenInactive)),
            decided(now, of_another, "/secret-path", None),
        ]
    };
    reported(&console, "node", 1, 1, last).await;
    let page = browser.get(&link).await.expect(200).says("/httpbin/v1/get").says("Refused");
    assert!(page.headers.get("refresh").is_none() && !page.has("/secret-path"));
    browser.get(&link.replace(&id, of_another)).await.expect(404);
    browser.get("/workbench/decision?request=another-request").await.expect(404);
    console.browser("paul").await.get(&link).await.expect(404);
}

#[tokio::test]
async fn a_trace_that_was_typed_is_kept_and_not_followed() {
    let gateway = FakeAs::start().await;
    gateway.answer("/x", Reply::status(200));
    let console = Console::start_before(gateway.url("").trim_end_matches('/'), true).await;
    let mut browser = console.browser("sue").await;
    let page = browser.get("/workbench").await.expect(200);
    let url = gateway.url("/x");
    let typed = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let header = format!("Traceparent: {typed}");
    let fields = [("url", url.as_str()), ("secret.headers", &header)];
    let page = browser.send(&page, "Call the API", &fields).await.expect(200);
    assert_eq!(gateway.last("/x").header("traceparent"), Some(typed));
    assert!(!page.has("/workbench/decision"));
}
