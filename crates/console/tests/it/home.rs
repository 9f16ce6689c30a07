//! The first page.

use phantom_store::LifecycleState;
use serde_json::json;

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
    let page = browser.get("/").await.expect(200).says("4 things need attention.");
    assert_eq!(page.text.matches("Ambiguous").count(), 2);
    assert_eq!(page.text.matches("Disabled").count(), 1);
    let page = page.says("Orders v1").says("no gateway serves it").says("What happened lately");
    assert!(!page.has("Drafts v1") && !page.has("carla <b>") && page.has("carla &#60;b&#62;"));
    page.link("three");
    // A creator sees what a creator can mend.
    let page = console.browser("carla").await.get("/").await.expect(200);
    let page = page.says("One thing needs attention.").says("Orders v1");
    assert!(!page.has("Ambiguous") && !page.has("What happened lately"));
}
