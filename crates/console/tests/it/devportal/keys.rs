use super::application;
use super::is_text;
use super::key_manager;
use crate::support::Browser;
use crate::support::Console;
use crate::support::Page;

/// What stands in the code block with that label.
fn code(page: &Page, label: &str) -> Option<String> {
    let figure = page.text.split("<figure class=\"code\"><figcaption>").skip(1);
    let figure = figure.into_iter().find(|figure| figure.starts_with(label))?;
    let text = figure.split("<code>").nth(1)?.split("</code>").next()?;
    Some(text.to_owned())
}

async fn generated(browser: &mut Browser<'_>, at: &str) -> Page {
    let page = browser.get(&format!("{at}/keys")).await.expect(200);
    let page = browser.get(&page.link("Generate keys")).await.expect(200);
    browser.send(&page, "Generate keys", &[]).await.expect(200)
}

#[tokio::test]
async fn a_consumer_key_is_mapped_with_the_words_that_say_what_it_has_to_equal() {
    let console = Console::start().await;
    key_manager(&console, "curity").await;
    let mut browser = console.browser("sue").await;
    let at = application(&mut browser, "CurityApp").await;
    let page = browser.get(&format!("{at}/keys")).await.expect(200).says("Curity Phantom Token");
    let page = browser.get(&page.link("Map a consumer key")).await.expect(200);
    // It is filled in, as no other would ever be met.
    let page =
        page.says("Is client-one: the audience that curity expects").says("value=\"client-one\"");
    let other = [("consumer_key", "client-two")];
    let wrong = browser.send(&page, "Map a consumer key", &other).await.expect(422);
    wrong.says("aria-invalid").says("Would never be met").says("client-two");
    let sent = [("consumer_key", "client-one"), ("secret.consumer_secret", "not-used")];
    let page2 = browser.send_on(&page, "Map a consumer key", &sent).await.expect(200);
    let page2 = page2.says("The consumer key is mapped").says("client-one");
    // Pressed twice, it is done once.
    browser.send(&page, "Map a consumer key", &sent).await.expect(303);
    let key = browser.get(&page2.link("client-one")).await.expect(200).says("Mapped");
    assert!(!key.has("not-used") && !key.has("Show the secret"));

    // An audience that is expected later on makes it one that is never met.
    let mut admin = console.browser("admin").await;
    let list = admin.get("/admin/key-managers").await.expect(200);
    let manager = admin.get(&list.link("curity")).await.expect(200);
    assert!(!manager.has("never met"));
    let audience = |audience| [("expected_audience", audience)];
    let manager = admin.send_on(&manager, "Save", &audience("client-two")).await.expect(200);
    let manager = manager.says("A key of an application is never met");
    let home = admin.get("/").await.expect(200).says("A key of an application is never met");
    home.link("curity");
    let page = admin.get(&manager.link("Delete")).await.expect(200);
    let page = page.says("1 application has a key of it").says("disabled on its page");
    assert!(!page.has("Delete key manager</button>"), "what would be refused is not offered");
    let manager = admin.send_on(&manager, "Save", &audience("client-one")).await.expect(200);
    assert!(!manager.has("never met"));

    // Of another application of the same key manager it is taken.
    let other = application(&mut browser, "Other").await;
    let page = browser.get(&format!("{other}/keys")).await.expect(200);
    let page = browser.get(&page.link("Map a consumer key")).await.expect(200);
    let refused = browser.send(&page, "Map a consumer key", &sent).await.expect(422);
    assert!(refused.has("value=\"client-one\"") && !refused.has("not-used"));

    let page = browser.get(&key.link("Delete")).await.expect(200);
    let page = browser.send_on(&page, "Delete key", &[]).await.expect(200);
    assert!(page.says("The key is deleted").has("Map a consumer key"));
}

#[tokio::test]
async fn generated_keys_are_shown_in_answers_to_forms_alone_and_never_have_an_address() {
    let console = Console::start().await;
    let mut browser = console.browser("sue").await;
    let at = application(&mut browser, "Mine").await;
    let made = generated(&mut browser, &at).await.says("The keys are made");
    let secret = code(&made, "Consumer Secret").unwrap();
    let token = code(&made, "Access token").unwrap();
    assert!(secret.len() > 20 && token.starts_with("pgt_"));

    let list = browser.get(&format!("{at}/keys")).await.expect(200);
    let at_key = first_key(&list, &at);
    let page = browser.get(&at_key).await.expect(200).says("Token endpoint");
    assert!(!page.has(&secret) && !page.has(&token));
    let shown = browser.send(&page, "Show the secret", &[]).await.expect(200);
    assert_eq!(code(&shown, "Consumer Secret").as_deref(), Some(secret.as_str()));
    browser.get(&format!("{at_key}/secret")).await.expect(303);

    let fields = [("scopes", "read write"), ("life", "60")];
    let shown = browser.send(&page, "Generate a token", &fields).await.expect(200);
    let second = code(&shown, "Access token, lives 60 seconds").unwrap();
    assert_ne!(second, token);
    for life in ["soon", "1000000"] {
        let fields = [("life", life)];
        let page = browser.send(&page, "Generate a token", &fields).await.expect(422);
        assert!(page.has("aria-invalid") && page.has(&format!("value=\"{life}\"")));
    }

    let confirm = browser.get(&page.link("Regenerate the secret")).await.expect(200);
    let page = browser.send(&confirm, "Replace the secret", &[]).await.expect(200);
    let replaced = code(&page, "Consumer Secret").unwrap();
    assert!(replaced != secret && !page.has(&secret));

    let page = browser.get(&at_key).await.expect(200);
    let changed = browser.send_on(&page, "Save", &[("grants", "password")]).await.expect(200);
    let changed = changed.says("The change is in force");
    assert!(!changed.has("Generate a token"), "it has no client_credentials any more");
}

/// The address of the first key of a list.
fn first_key(list: &Page, at: &str) -> String {
    let start = format!("href=\"{at}/keys/");
    let rest = list.text.split(&start).skip(1).find(|rest| !rest.starts_with("new"));
    format!("{at}/keys/{}", rest.unwrap().split('"').next().unwrap())
}

#[tokio::test]
async fn the_keys_of_another_are_not_shown_changed_or_used() {
    let console = Console::start().await;
    let mut sue = console.browser("sue").await;
    let at = application(&mut sue, "Sue's").await;
    generated(&mut sue, &at).await;
    let list = sue.get(&format!("{at}/keys")).await;
    let key = first_key(&list, &at);
    let mut other = console.browser("admin").await;
    let own = application(&mut other, "Own").await;
    generated(&mut other, &own).await;
    let list = other.get(&format!("{own}/keys")).await;
    let own_key = first_key(&list, &own);
    // By its address, and as if it were of an application of one's own.
    let id = key.rsplit('/').next().unwrap();
    for (victim, status) in [(key.clone(), 403), (format!("{own}/keys/{id}"), 404)] {
        for path in ["", "/regenerate", "/delete"] {
            other.get(&format!("{victim}{path}")).await.expect(status);
        }
        let page = other.get(&own_key).await.expect(200);
        for button in ["Show the secret", "Generate a token", "Save"] {
            let mut page = clone(&page);
            page.text = page.text.replace(&own_key, &victim);
            other.send(&page, button, &[]).await.expect(status);
        }
        for (path, button) in [("regenerate", "Replace the secret"), ("delete", "Delete key")] {
            let mut page = other.get(&format!("{own_key}/{path}")).await.expect(200);
            page.text = page.text.replace(&own_key, &victim);
            other.send(&page, button, &[]).await.expect(status);
        }
    }
    sue.get(&key).await.expect(200);
}

fn clone(page: &Page) -> Page {
    Page {
        path: page.path.clone(),
        status: page.status,
        headers: page.headers.clone(),
        text: page.text.clone(),
    }
}

#[tokio::test]
async fn callbacks_that_a_browser_would_run_are_refused_and_markup_in_them_is_text() {
    let console = Console::start().await;
    let mut browser = console.browser("sue").await;
    let at = application(&mut browser, "Mine").await;
    generated(&mut browser, &at).await;
    let list = browser.get(&format!("{at}/keys")).await;
    let page = browser.get(&first_key(&list, &at)).await.expect(200);
    for callback in ["javascript:alert(1)", "data:text/html,<script>alert(1)</script>", "nonsense"]
    {
        let refused = browser.send(&page, "Save", &[("callback", callback)]).await.expect(422);
        is_text(&refused);
        assert!(refused.has("aria-invalid"), "{callback}");
    }
}

#[tokio::test]
async fn a_client_has_a_grant_type_and_a_token_is_spoken_of_where_there_may_be_one() {
    let console = Console::start().await;
    let mut browser = console.browser("sue").await;
    let at = application(&mut browser, "Mine").await;
    let list = browser.get(&format!("{at}/keys")).await.expect(200);
    let page = browser.get(&list.link("Generate keys")).await.expect(200);
    let none = [("grants", "(none)")];
    let refused = browser.send(&page, "Generate keys", &none).await.expect(422);
    let wrong = refused.text.split("class=\"error\"").nth(1).unwrap_or_default();
    assert!(wrong.contains("Choose at least one."), "{}", refused.text);
    let other = [("grants", "password")];
    let made = browser.send(&page, "Generate keys", &other).await.expect(200);
    let made = made.says("The keys are made").says("Consumer Secret");
    assert!(!made.has("The token below") && code(&made, "Access token").is_none());
    assert!(code(&made, "A token by curl").is_none());
    let list = browser.get(&format!("{at}/keys")).await.expect(200);
    let page = browser.get(&first_key(&list, &at)).await.expect(200);
    browser.send(&page, "Save", &none).await.expect(422).says("Choose at least one.");
    let both = [("grants", "client_credentials")];
    let page = browser.send_on(&page, "Save", &both).await.expect(200);
    assert!(code(&page, "A token by curl").is_some());
}

#[tokio::test]
async fn of_two_who_change_a_key_the_second_is_told_what_it_is_now() {
    let console = Console::start().await;
    let mut browser = console.browser("sue").await;
    let at = application(&mut browser, "Mine").await;
    generated(&mut browser, &at).await;
    let list = browser.get(&format!("{at}/keys")).await;
    let page = browser.get(&first_key(&list, &at)).await.expect(200);
    let [first, second] = ["https://one.example/back", "https://two.example/back"];
    browser.send(&page, "Save", &[("callback", first)]).await.expect(303);
    let late = browser.send(&page, "Save", &[("callback", second)]).await.expect(422);
    let late = late.says("It was changed meanwhile").says("What saving now would change");
    let late = late.says(&format!("<del>{first}</del>")).says(&format!("<ins>{second}</ins>"));
    browser.send(&late, "Save", &[]).await.expect(303);
}
