//! Who may do what, and what others wrote is text.

use http::Method;

use super::httpbin;
use super::rest;
use super::tab;
use crate::support::Browser;
use crate::support::Console;
use crate::support::Page;

const MARKUP: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";
const TABS: [&str; 8] = [
    "",
    "/endpoints",
    "/resources",
    "/runtime",
    "/scopes",
    "/definition",
    "/revisions",
    "/subscriptions",
];

fn is_clean(page: &Page) {
    let text = &page.text;
    assert!(!text.contains("<script>alert") && !text.contains("<img"), "{}\n{text}", page.path);
}

async fn all_tabs(browser: &mut Browser<'_>, api: &str) {
    for tab in TABS.into_iter().chain(["/definition/edit", "/delete", "/revisions/1"]) {
        is_clean(&browser.get(&format!("{api}{tab}")).await.expect(200));
    }
}

#[tokio::test]
async fn markup_in_what_creators_fill_in_is_text_on_every_page() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    let page = httpbin(&mut browser).await;
    let api = page.link("Overview");
    let fields = [("description", MARKUP), ("display_name", MARKUP), ("tags", MARKUP)];
    let page = browser.send_on(&page, "Save and Deploy", &fields).await.expect(200);
    is_clean(&page);
    let scopes = tab(&mut browser, &page, "Local Scopes").await;
    let scope = [("name", "<script>alert(1)</script>"), ("description", MARKUP)];
    let page = browser.send_on(&scopes, "Add", &scope).await.expect(200);
    is_clean(&page);
    let refused = browser.send(&scopes, "Add", &[("name", MARKUP)]).await.expect(422);
    is_clean(&refused);
    let document = serde_json::json!({
        "openapi": "3.0.0",
        "info": {"title": MARKUP, "version": MARKUP, "description": MARKUP},
        "paths": {"/<script>alert(1)<script>": {"get": {
            "summary": MARKUP, "responses": {}, "security": [{"o": ["<script>alert(3)</script>"]}],
        }}},
        "components": {"securitySchemes": {"o": {"type": "oauth2", "flows": {"implicit": {
            "authorizationUrl": MARKUP, "scopes": {"<script>alert(3)</script>": MARKUP},
        }}}}},
        "servers": [{"url": MARKUP}],
    })
    .to_string();
    let page = browser.get("/publisher/apis/import").await;
    is_clean(&browser.send(&page, "Preview", &[("pasted", &document)]).await);
    is_clean(&browser.send(&page, "Preview", &[("pasted", MARKUP)]).await.expect(422));
    is_clean(&browser.send(&page, "Preview", &[("url", MARKUP)]).await.expect(422));
    let edit = browser.get(&format!("{api}/definition/edit")).await;
    is_clean(&browser.send(&edit, "Validate", &[("definition", &document)]).await);
    is_clean(&browser.send(&edit, "Save and Deploy", &[("definition", &document)]).await);
    let new = browser.get("/publisher/apis/new").await;
    for field in ["name", "version", "context", "endpoint"] {
        is_clean(&browser.send(&new, "Create", &[(field, MARKUP)]).await.expect(422));
    }
    let mut resources = browser.get(&format!("{api}/resources")).await;
    for target in ["/<img src=x>", "/'\"><script>alert(1)</script>"] {
        let sent = browser.send_on(&resources, "Add", &[("target", target)]).await;
        is_clean(&sent);
        resources = browser.get(&format!("{api}/resources")).await;
    }
    is_clean(&browser.get(&format!("{api}/resources?query=%3Cscript%3Ealert(1)")).await);
    is_clean(&browser.get("/publisher/apis?query=%3Cscript%3Ealert(1)").await);
    is_clean(&browser.get(&format!("{api}?done=%3Cscript%3Ealert(1)")).await);
    all_tabs(&mut browser, &api).await;
}

#[tokio::test]
async fn markup_in_the_name_of_a_subscribers_application_is_text() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = httpbin(&mut browser).await;
    let page = browser.send_on(&page, "Publish", &[]).await.expect(200);
    let api = page.link("Overview").rsplit('/').next().unwrap().to_owned();
    let application = serde_json::json!({
        "name": "<img src=x>\"'", "throttlingPolicy": "Unlimited", "description": MARKUP,
    });
    let path = "/api/am/devportal/v3/applications";
    let made = rest(&console, Method::POST, path, application).await;
    let subscription = serde_json::json!({
        "applicationId": made["applicationId"], "apiId": api, "throttlingPolicy": "Unlimited",
    });
    rest(&console, Method::POST, "/api/am/devportal/v3/subscriptions", subscription).await;
    let page = tab(&mut browser, &page, "Subscriptions").await.says("&#60;img src=x&#62;");
    is_clean(&page);
}

#[tokio::test]
async fn each_role_does_what_its_scopes_let_it() {
    let console = Console::start().await;
    let mut carla = console.browser("carla").await;
    let page = httpbin(&mut carla).await;
    let api = page.link("Overview");
    // A creator makes, changes, deploys and deletes, and publishes nothing.
    assert!(!page.has(">Publish</button>") && page.has("Save and Deploy") && page.has("Delete"));
    let form = page.form("Save");
    let token = form.fields.iter().find(|(name, _)| name == "_csrf").unwrap().1.clone();
    let publish = format!("_csrf={token}&action=Publish");
    let path = format!("{api}/lifecycle");
    carla.request(Method::POST, &path, &[], publish).await.expect(403);

    // A publisher changes and publishes, and makes and deletes nothing.
    let mut paul = console.browser("paul").await;
    let page = paul.get(&api).await.expect(200);
    assert!(page.has(">Publish</button>") && page.has("Save and Deploy"));
    assert!(!page.has("/delete\""));
    paul.get(&format!("{api}/delete")).await.expect(403);
    paul.get("/publisher/apis/new").await.expect(403);
    paul.get("/publisher/apis/import").await.expect(403);
    paul.get(&format!("{api}/definition/edit")).await.expect(403);
    let list = paul.get("/publisher/apis").await.expect(200);
    assert!(!list.has("Create API"));
    let definition = paul.get(&format!("{api}/definition")).await.expect(200);
    assert!(!definition.has(">Edit</a>"));

    // A subscriber sees none of it, whatever they send.
    let mut sue = console.browser("sue").await;
    sue.get("/publisher/apis").await.expect(403);
    let account = sue.get("/account").await;
    let token = account.text.split("name=\"_csrf\" value=\"").nth(1).unwrap();
    let token = token.split('"').next().unwrap().to_owned();
    for tab in TABS {
        let path = format!("{api}{tab}");
        sue.get(&path).await.expect(403);
        let body = format!("_csrf={token}&save=yes");
        sue.request(Method::POST, &path, &[], body).await.expect(403);
    }
    for path in ["/lifecycle", "/delete", "/revisions/1/deploy", "/subscriptions/x"] {
        let body = format!("_csrf={token}&action=Publish&typed=HttpBin&state=blocked");
        sue.request(Method::POST, &format!("{api}{path}"), &[], body).await.expect(403);
    }

    // Who is not signed in is led to the door, and nothing leaves without the proof of the form.
    let mut stranger = console.stranger();
    for tab in TABS {
        let page = stranger.get(&format!("{api}{tab}")).await.expect(303);
        assert!(page.location().unwrap().starts_with("/login"));
    }
    for path in ["", "/resources", "/runtime", "/revisions", "/delete"] {
        let body = "save=yes&all=disabled&typed=HttpBin".to_owned();
        carla.request(Method::POST, &format!("{api}{path}"), &[], body).await.expect(403);
    }
    carla.get(&api).await.expect(200);
}

#[tokio::test]
async fn what_is_not_there_is_said_and_nothing_of_another_api_is_reached_by_its_number() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = httpbin(&mut browser).await;
    let page = browser.send_on(&page, "Save and Deploy", &[]).await.expect(200);
    let api = page.link("Overview");
    for path in [
        "/publisher/apis/none",
        "/publisher/apis/00000000-0000-4000-8000-000000000000/resources",
        "/publisher/apis/..%2f..%2fadmin",
        "/publisher/nothing",
    ] {
        browser.get(path).await.expect(404);
    }
    browser.get(&format!("{api}/revisions/99")).await.expect(404);
    let new = browser.get("/publisher/apis/new").await;
    let other = [("name", "Other"), ("context", "/other"), ("endpoint", "")];
    let other = browser.send_on(&new, "Create", &other).await.expect(200).link("Overview");
    browser.get(&format!("{other}/revisions/1")).await.expect(404);
    let id = console.store.apis_named("httpbin").await.unwrap().remove(0).id;
    let revision = console.store.revisions(id).await.unwrap().remove(0).id;
    browser.get(&format!("{other}/revisions/{revision}/restore")).await.expect(404);
}

#[tokio::test]
async fn a_name_as_long_as_may_be_and_one_from_right_to_left_are_drawn() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    let new = browser.get("/publisher/apis/new").await;
    let long = "x".repeat(200);
    for (name, context) in [(long.as_str(), "/long"), ("عنوان \u{202e}evil", "/rtl")] {
        let fields = [("name", name), ("context", context)];
        let page = browser.send_on(&new, "Create", &fields).await;
        let page = page.expect(200).says("<bdi>").says(name);
        tab(&mut browser, &page, "Resources").await;
    }
    browser.send(&new, "Create", &[("name", &"x".repeat(201))]).await.expect(422);
}
