//! All APIs: listed, made, imported, deleted.

use super::httpbin;
use crate::support::Console;

#[tokio::test]
async fn an_api_is_made_from_four_fields_and_says_what_to_do_next() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.open("/publisher").await.expect(200);
    let page = browser.get(&page.link("Create the first API")).await.expect(200);
    let fields = [("name", "Orders"), ("version", "v2"), ("context", "orders"), ("endpoint", "")];
    let page = browser.send_on(&page, "Create", &fields).await.expect(200);
    let page = page.says("The API is made").says("Say where the backend is").says("/orders/v2");
    let page = browser.get(&page.link("Add an endpoint")).await.expect(200);
    let page = browser
        .send_on(&page, "Save", &[("production", "https://orders.example.com/base")])
        .await
        .expect(200);
    let page = page.says("Saved, and not deployed").says("https://orders.example.com/base");
    let page = browser.get(&page.link("Overview")).await.says("Deploy it");
    let page = browser.send_on(&page, "Save and Deploy", &[]).await.expect(200);
    let page = page.says("Saved and deployed").says("Publish it");
    let page = browser.send_on(&page, "Publish", &[]).await.expect(200);
    let page = page.says("The life cycle went on").says("Get the first subscriber");
    page.says("curl -k &#39;https://localhost:8243/orders/v2/&#39;").says("Published");
    let list = browser.get("/publisher/apis").await.expect(200);
    list.says("Orders").says("Deployed").says("1 API so far.");
}

#[tokio::test]
async fn what_is_wrong_with_a_new_api_is_said_at_its_field() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    httpbin(&mut browser).await;
    let page = browser.get("/publisher/apis/new").await.expect(200);
    for (field, value) in [
        ("name", "a/b"),
        ("name", "HTTPBIN"),
        ("name", ""),
        ("version", "v 1"),
        ("context", "/a//b"),
        ("context", "/httpbin"),
        ("endpoint", "ftp://x"),
        ("endpoint", "https://user:password@x.example.com"),
    ] {
        let mut fields = vec![
            ("name", "Other"),
            ("version", "v1"),
            ("context", "/other"),
            ("endpoint", "https://other.example.com"),
        ];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let page = browser.send(&page, "Create", &fields).await.expect(422);
        let wrong = page.text.split("<div class=\"field wrong\">").nth(1).unwrap_or_default();
        assert!(wrong.contains(&format!("id=\"f-{field}\"")), "{field} {value}: {}", page.text);
    }
}

#[tokio::test]
async fn all_that_has_to_be_given_and_was_not_is_said_at_once() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    let page = browser.get("/publisher/apis/new").await.expect(200);
    let fields = [("name", " "), ("version", ""), ("context", "")];
    let page = browser.send(&page, "Create", &fields).await.expect(422);
    let page = page.says("Give a name.").says("Give a version.").says("Give a context");
    assert_eq!(page.text.matches("<div class=\"field wrong\">").count(), 3);
    let page = browser.get("/publisher/apis/import").await.expect(200);
    let preview = browser.send(&page, "Preview", &[("pasted", DOCUMENT)]).await.expect(200);
    let page = browser.send(&preview, "Create", &[("name", "")]).await.expect(422);
    page.says("Give a name.");
}

#[tokio::test]
async fn all_that_is_wrong_with_a_new_api_is_said_at_once() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    let page = browser.get("/publisher/apis/new").await.expect(200);
    let wrong =
        [("name", "a/b"), ("version", "v 1"), ("context", "/a//b"), ("endpoint", "ftp://x")];
    let page = browser.send(&page, "Create", &wrong).await.expect(422);
    assert_eq!(page.text.matches("<div class=\"field wrong\">").count(), 4, "{}", page.text);
}

#[tokio::test]
async fn a_preview_says_what_is_otherwise_than_in_the_document() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    let page = browser.get("/publisher/apis/import").await.expect(200);
    let document = r#"{"openapi": "3.0.3", "info": {"title": "T", "version": "1"},
        "servers": [{"url": "/v2"}], "paths": {"/a": {"get": {"security": []},
        "post": {"security": [{}, {"o": []}]}, "put": {"security": [], "x-auth-type": "None"},
        "trace": {}}}}"#;
    let page = browser.send(&page, "Preview", &[("pasted", document)]).await.expect(200);
    let page =
        page.says("leaves 2 resources without security").says("1 operation of TRACE is left out");
    page.says("a path without a host").says("3 resources, 1 without security");
}

#[tokio::test]
async fn a_scope_of_another_api_is_not_told_at_the_name_of_the_new_one() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    let page = browser.get("/publisher/apis/import").await.expect(200);
    let preview = browser.send(&page, "Preview", &[("pasted", DOCUMENT)]).await.expect(200);
    browser.send(&preview, "Create", &[]).await.expect(303);
    let other = [("name", "Other"), ("context", "/other")];
    let page = browser.send(&preview, "Create", &other).await.expect(422);
    let page = page.says("is already used by another API, ");
    assert!(!page.has("<div class=\"field wrong\">"), "{}", page.text);
}

#[tokio::test]
async fn apis_are_searched_and_paged_and_a_search_that_cannot_be_read_says_so() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/publisher/apis/new").await;
    for number in 0..27 {
        let name = format!("Api{number:02}");
        let context = format!("/c{number}");
        let fields = [("name", name.as_str()), ("context", context.as_str()), ("endpoint", "")];
        browser.send(&page, "Create", &fields).await.expect(303);
    }
    let list = browser.get("/publisher/apis").await.expect(200);
    assert!(list.has("Api24") && !list.has("Api25") && list.has("27, page 1 of 2"));
    let next = browser.get(&list.link("Next")).await.expect(200);
    assert!(next.has("Api26") && !next.has("Api24"));
    let found = browser.get("/publisher/apis?query=api1").await.expect(200);
    assert!(found.has("10 APIs found.") && found.has("Api19") && !found.has("Api20"));
    let found = browser.get("/publisher/apis?query=context%3A%2Fc26").await.expect(200);
    assert!(found.has("1 API found.") && found.has("Api26"));
    browser.get("/publisher/apis?query=nothing").await.expect(200).says("Nothing fits");
    let odd = browser.get("/publisher/apis?query=%22open&page=x").await.expect(200);
    odd.says("The search is not understood");
    browser.get("/publisher/apis?page=999999999999999999999").await.expect(200);
}

const DOCUMENT: &str = r#"
openapi: 3.0.3
info: {title: Pet Store, version: 1.0.0}
servers: [{url: "https://pets.example.com/v1"}]
paths:
  /pets:
    get: {security: [{o: [pets.read]}], responses: {"200": {description: ok}}}
    post: {x-auth-type: None, responses: {"200": {description: ok}}}
components:
  securitySchemes:
    o:
      type: oauth2
      flows: {implicit: {authorizationUrl: "https://x.example.com", scopes: {pets.read: Reads}}}
"#;

#[tokio::test]
async fn an_openapi_document_is_previewed_and_then_made() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    let list = browser.get("/publisher/apis").await.expect(200);
    let page = browser.get(&list.link("Import OpenAPI")).await.expect(200);
    let preview = browser.send(&page, "Preview", &[("pasted", DOCUMENT)]).await.expect(200);
    let preview = preview.says("What will be made").says("2 resources, 1 without security");
    let preview = preview.says("pets.read").says("value=\"/pet-store\"");
    let preview = preview.says("value=\"https://pets.example.com/v1\"");
    browser.get("/publisher/apis").await.says("0 APIs so far.");
    let refused = browser.send(&preview, "Create", &[("context", "//")]).await.expect(422);
    let refused = refused.says("aria-invalid=\"true\"").says("value=\"Pet Store\"");
    let made = browser.send_on(&refused, "Create", &[("context", "/pets")]).await.expect(200);
    let made = made.says("The API is made").says("/pets/1.0.0");
    let resources = browser.get(&made.link("Resources")).await.expect(200);
    resources.says("2 resources, 1 without security").says("/pets").says("pets.read");
}

#[tokio::test]
async fn a_preview_says_that_of_several_scopes_one_suffices() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    let page = browser.get("/publisher/apis/import").await.expect(200);
    for (scopes, is_said) in [("[a]", false), ("[a, b]", true)] {
        let document = format!(
            "openapi: 3.0.1\ninfo: {{title: T, version: '1'}}\nservers: [{{url: https://t.example.com}}]\n\
             paths: {{/x: {{get: {{security: [{{o: {scopes}}}], responses: {{}}}}}}}}\n\
             components: {{securitySchemes: {{o: {{type: oauth2, flows: {{}}}}}}}}\n"
        );
        let preview = browser.send(&page, "Preview", &[("pasted", &document)]).await.expect(200);
        assert_eq!(preview.has("Of several scopes, one suffices"), is_said, "{scopes}");
    }
}

#[tokio::test]
async fn a_document_of_which_nothing_can_be_made_is_refused_at_the_field_it_came_by() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    let page = browser.get("/publisher/apis/import").await.expect(200);
    for (name, value, field) in [
        ("pasted", "no document", "pasted"),
        ("pasted", "{\"openapi\":\"2.9\"}", "pasted"),
        ("url", "file:///etc/passwd", "url"),
        ("url", "https://user:pass@x.example.com/", "url"),
        ("url", "", "url"),
    ] {
        let page = browser.send(&page, "Preview", &[(name, value)]).await.expect(422);
        let wrong = page.text.split("<div class=\"field wrong\">").nth(1).unwrap_or_default();
        assert!(wrong.contains(&format!("id=\"f-{field}\"")), "{name} {value}: {}", page.text);
    }
    let both = [("pasted", DOCUMENT), ("url", "https://x.example.com")];
    browser.send(&page, "Preview", &both).await.expect(422).says("Give one of the three only");
}

#[tokio::test]
async fn deleting_an_api_says_what_goes_with_it_and_asks_for_its_name() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = httpbin(&mut browser).await;
    let page = browser.send_on(&page, "Save and Deploy", &[]).await.expect(200);
    let unpublished = browser.get(&page.link("Delete")).await.expect(200);
    assert!(!unpublished.has("Gateways stop to serve"));
    let page = browser.send_on(&page, "Publish", &[]).await.expect(200);
    let page = browser.get(&page.link("Delete")).await.expect(200);
    let page = page.says("No application is subscribed to it.").says("Its 1 revision");
    let page = page.says("Gateways stop to serve /httpbin/v1");
    let wrong = browser.send(&page, "Delete API", &[("typed", "httpbin")]).await.expect(422);
    let gone = browser.send_on(&wrong, "Delete API", &[("typed", "HttpBin")]).await.expect(200);
    gone.says("The API is deleted").says("0 APIs so far.");
}

#[tokio::test]
async fn another_version_is_made_of_an_api_and_begins_anew() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let first = httpbin(&mut browser).await;
    let first = browser.send_on(&first, "Save and Deploy", &[("description", "Tries")]).await;
    let first = browser.send_on(&first.expect(200), "Publish", &[]).await.expect(200);
    let page = browser.get(&first.link("Create new version")).await.expect(200);
    let page = page.says("This one is v1, at /httpbin/v1.");
    for (version, why) in [
        ("", "Give a version."),
        ("v1", "already exists"),
        ("a/b", "ust not hold"),
        ("v 2", "ust not hold"),
    ] {
        let page = browser.send(&page, "Create", &[("version", version)]).await.expect(422);
        let wrong = page.text.split("<div class=\"field wrong\">").nth(1).unwrap_or_default();
        assert!(wrong.contains("id=\"f-version\"") && wrong.contains(why), "{version}: {wrong}");
    }
    let made = browser.send_on(&page, "Create", &[("version", "v2"), ("default", "on")]).await;
    let made = made.expect(200).says("The version is made").says("Version v2, at /httpbin/v2");
    let made = made.says("Not deployed").says("Tries");
    assert!(made.has("Publish") && made.has("Created"));
    let list = browser.get("/publisher/apis").await.expect(200);
    list.says("2 APIs");
    let (address, mut reader) = (made.link("Overview"), console.browser("paul").await);
    let seen = reader.get(&address).await.expect(200);
    assert!(!seen.has("Create new version"));
    reader.get(&format!("{address}/version")).await.expect(403);
}

#[tokio::test]
async fn a_file_that_is_empty_is_refused_at_its_field() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    let page = browser.get("/publisher/apis/import").await.expect(200);
    let part = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\r\n\r\n{value}\r\n")
    };
    let mut body: String =
        page.form("Preview").fields.iter().map(|(n, v)| part(&format!("{n}\""), v)).collect();
    body += &part("file\"; filename=\"api.json\"", "");
    body += "--b--\r\n";
    let kind = [("content-type", "multipart/form-data; boundary=b")];
    let page = browser.request(http::Method::POST, &page.path, &kind, body).await.expect(422);
    let wrong = page.text.split("<div class=\"field wrong\">").nth(1).unwrap_or_default();
    assert!(wrong.contains("id=\"f-file\"") && wrong.contains("The file is empty."), "{wrong}");
}
