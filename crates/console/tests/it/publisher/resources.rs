//! The tutorial's steps on an API: Resources, Runtime, Save and Deploy.

use super::httpbin;
use super::tab;
use crate::support::Console;

async fn deployed(console: &Console) -> serde_json::Value {
    let api = console.store.apis_named("httpbin").await.unwrap().remove(0);
    let deployment = console.store.deployment(api.id, "Default").await.unwrap().unwrap();
    console.store.revision(deployment.revision).await.unwrap().unwrap().document
}

#[tokio::test]
async fn the_tutorials_steps_protect_resources_choose_key_managers_and_deploy_a_revision() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = httpbin(&mut browser).await;

    let path = page.says("Develop").says("API Configurations");
    let page = tab(&mut browser, &path, "Local Scopes").await;
    let scope = [("name", "read"), ("roles", "Internal/subscriber")];
    let page = browser.send_on(&page, "Add", &scope).await.expect(200);
    let page = page.says("Saved, and not deployed");

    let page = tab(&mut browser, &page, "Resources").await;
    let page = page.says("role=\"radiogroup\"").says(">Security</legend>");
    let open = [("security.0", "disabled"), ("security.1", "disabled")];
    let page = browser.send_on(&page, "Save", &open).await.expect(200);
    let page = page.says("5 resources, 2 without security.").says("Saved, and not deployed");
    let closed = [("security.0", "enabled"), ("scopes.0", "read")];
    let page = browser.send_on(&page, "Save", &closed).await.expect(200);
    let page = page.says("5 resources, 1 without security.");

    let page = tab(&mut browser, &page, "Runtime").await;
    let page = page.says("Application Levels").says("Key Manager Configurations");
    let page = page.says("OAuth2").says("Allow all").says("Allow selected");
    let none = [("choice", "selected")];
    let page = browser.send(&page, "Save and Deploy", &none).await.expect(422);
    let page = page.says("Choose at least one, or Allow all");
    let some = [("choice", "selected"), ("key_managers", "Resident Key Manager")];
    let page = browser.send_on(&page, "Save and Deploy", &some).await.expect(200);
    let page = page
        .says("Saved and deployed")
        .says("Revision 1 is deployed. Gateways serve it once the API is published.");

    let document = deployed(&console).await;
    assert_eq!(document["keyManagers"], serde_json::json!(["Resident Key Manager"]));
    assert_eq!(document["operations"][0]["scopes"], serde_json::json!(["read"]));
    assert_eq!(document["operations"][0]["authType"], "Application & Application User");
    assert_eq!(document["operations"][1]["authType"], "None");

    // Save alone does not deploy, and says so everywhere.
    let page = browser.send_on(&page, "Save", &[("choice", "all")]).await.expect(200);
    let page = page.says("Saved, and not deployed");
    for words in [
        "Overview",
        "Endpoints",
        "Resources",
        "Runtime",
        "Local Scopes",
        "Definition",
        "Subscriptions",
    ] {
        let page = tab(&mut browser, &page, words).await;
        let page = page.says("Changed since deployment").says("Save and Deploy");
        page.says("Revision 1 is deployed, without what was saved since.");
    }
    let page = tab(&mut browser, &page, "Revisions").await;
    let page = page.says("<code>keyManagers</code>").says("<ins>[&#34;all&#34;]</ins>");
    let page = browser.send_on(&page, "Save and Deploy", &[("description", "All")]).await;
    page.expect(200).says("Revision 2").says("There is no difference.");
    assert_eq!(deployed(&console).await["keyManagers"], serde_json::json!(["all"]));
}

#[tokio::test]
async fn oauth2_cannot_be_switched_off_for_all_and_the_page_says_what_can() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    let page = httpbin(&mut browser).await;
    let page = tab(&mut browser, &page, "Runtime").await;
    let fields = [("oauth2", "(none)"), ("audiences", "kept typed")];
    let page = browser.send(&page, "Save", &fields).await.expect(422);
    page.says("Callers are known by OAuth2 tokens alone").says("value=\"kept typed\"");
}

#[tokio::test]
async fn runtime_keeps_what_it_shows_and_refuses_at_the_field() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    let page = httpbin(&mut browser).await;
    let page = tab(&mut browser, &page, "Runtime").await;
    let page = page.says("with * among the allowed origins, pages of every site may call it");
    let fields = [
        ("authorization_header", "X-Token"),
        ("audiences", "one, two"),
        ("transport", "https"),
        ("origins", "https://a.example.com\r\nhttps://b.example.com"),
        ("methods", "GET"),
        ("credentials", "on"),
    ];
    let page = browser.send_on(&page, "Save", &fields).await.expect(200);
    let page = page.says("value=\"X-Token\"").says("value=\"one, two\"");
    let api = console.store.apis_named("httpbin").await.unwrap().remove(0).document;
    assert_eq!(api["transport"], serde_json::json!(["https"]));
    let cors = &api["corsConfiguration"];
    assert_eq!(cors["accessControlAllowOrigins"].as_array().unwrap().len(), 2);
    assert_eq!(cors["accessControlAllowMethods"], serde_json::json!(["GET"]));
    for (field, value) in [
        ("authorization_header", "not a header"),
        ("origins", "a b\u{1}c"),
        ("transport", "(none)"),
    ] {
        let refused = browser.send(&page, "Save", &[(field, value)]).await.expect(422);
        assert!(refused.has("class=\"error\""), "{field}: {}", refused.text);
    }
}

#[tokio::test]
async fn resources_are_added_removed_and_changed_in_bulk() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    let page = httpbin(&mut browser).await;
    let page = tab(&mut browser, &page, "Resources").await;
    let page = browser
        .send_on(&page, "Add", &[("verb", "DELETE"), ("target", "/orders/{id}")])
        .await
        .expect(200);
    let page = page.says("6 resources, 0 without security.");
    let twice = [("verb", "DELETE"), ("target", "/orders/{other}")];
    let refused = browser.send(&page, "Add", &twice).await.expect(422);
    let refused = refused.says("aria-invalid=\"true\"").says("value=\"/orders/{other}\"");
    browser.send(&refused, "Add", &[("target", "")]).await.expect(422).says("Enter the path first");
    let page = browser.send_on(&page, "Disable for all", &[]).await.expect(200);
    let page = page.says("6 resources, 6 without security.");
    let page = browser.send_on(&page, "Enable for all", &[("remove.5", "on")]).await.expect(200);
    let page = page.says("5 resources, 0 without security.");
    assert!(!page.has("DELETE /orders/{id}"));
    let all: Vec<_> = (0..5).map(|at| (format!("remove.{at}"), "on")).collect();
    let all: Vec<_> = all.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let none = browser.send(&page, "Save", &all).await.expect(422);
    none.says("An API has at least one operation");
}

#[tokio::test]
async fn many_resources_are_paged_and_other_pages_stay_as_they_are() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    let paths: String =
        (0..60).map(|at| format!("  /r{at:02}: {{get: {{responses: {{}}}}}}\n")).collect();
    let text = format!("openapi: 3.0.0\ninfo: {{title: Many, version: v1}}\npaths:\n{paths}");
    let page = browser.get("/publisher/apis/import").await;
    let page = browser.send(&page, "Preview", &[("pasted", &text)]).await.expect(200);
    let page = page.says("And 35 more.");
    let page = browser.send_on(&page, "Create", &[]).await.expect(200);
    let page = tab(&mut browser, &page, "Resources").await;
    assert!(
        page.has("/r24") && !page.has("/r25") && page.text.len() < 40_000,
        "{}",
        page.text.len()
    );
    let second = browser.get(&page.link("Next")).await.expect(200);
    let second = browser.send_on(&second, "Save", &[("security.0", "disabled")]).await.expect(200);
    assert!(second.has("/r25") && second.has("60 resources, 1 without security."));
    let address = second.path.split('?').next().unwrap().to_owned();
    let found = browser.get(&format!("{address}?query=r59")).await.expect(200);
    assert!(found.has("/r59") && !found.has("/r58"));
    let found = browser.send_on(&found, "Save", &[("security.0", "disabled")]).await.expect(200);
    found.says("60 resources, 2 without security.").says("/r59");
}

#[tokio::test]
async fn of_two_tabs_the_second_is_shown_what_saving_would_change() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    let page = httpbin(&mut browser).await;
    let first = tab(&mut browser, &page, "Resources").await;
    let second = tab(&mut browser, &page, "Resources").await;
    browser.send(&first, "Save", &[("security.0", "disabled")]).await.expect(303);
    let late = browser.send(&second, "Save", &[("security.2", "disabled")]).await.expect(422);
    let late = late.says("It was changed meanwhile").says("What saving now would change");
    let late = late.says("operations[GET /*].authType").says("operations[PUT /*].authType");
    browser.send_on(&late, "Save", &[]).await.expect(200).says("1 without security");
}
