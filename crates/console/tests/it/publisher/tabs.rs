//! The other pages of one API.

use phantom_testkit::FakeAs;
use phantom_testkit::Reply;

use super::httpbin;
use super::subscribed;
use super::tab;
use crate::support::Console;

#[tokio::test]
async fn an_endpoint_is_checked_as_it_is_entered_and_the_page_says_why_it_is_not_reached() {
    let console = Console::start().await;
    let backend = FakeAs::start().await;
    let mut browser = console.browser("carla").await;
    let page = httpbin(&mut browser).await;
    let page = tab(&mut browser, &page, "Endpoints").await;
    backend.answer("/fine", Reply::json(&serde_json::json!({})));
    backend.answer("/broken", Reply::status(503));
    let fine = backend.url("/fine");
    let check = [("production", fine.as_str()), ("sandbox", "")];
    let page = browser.send(&page, "Check", &check).await.expect(200);
    let page = page.says("Reached").says("answered GET with 200").says(&fine);
    let broken = backend.url("/broken");
    let page = browser.send(&page, "Check", &[("production", &broken)]).await.expect(200);
    let page = page.says("In trouble").says("503");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = format!("http://{free}");
    let page = browser.send(&page, "Check", &[("production", &nobody)]).await.expect(200);
    let page = page.says("Not reached").says("Cannot connect");
    for odd in ["gopher://x", "https://a b", "https://u:p@x.example.com", ""] {
        let page = browser.send(&page, "Check", &[("production", odd)]).await.expect(422);
        assert!(page.has("aria-invalid=\"true\""), "{odd}");
    }
    // Nothing of it was saved.
    let api = console.store.apis_named("httpbin").await.unwrap().remove(0).document;
    let kept = &api["endpointConfig"]["production_endpoints"]["url"];
    assert_eq!(kept, "https://httpbin.example.com");
}

#[tokio::test]
async fn the_life_cycle_goes_on_by_buttons_and_what_takes_an_api_away_is_asked_about() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = httpbin(&mut browser).await;
    let page = browser.send_on(&page, "Publish", &[]).await.expect(200);
    let page = page.says("Published");
    subscribed(&console, &page, "First").await;
    let asked = browser.send(&page, "Block", &[]).await.expect(200);
    let asked = asked.says("Every call is refused with 503").says("1 application is subscribed");
    browser.get(&page.link("Overview")).await.says("Published");
    let page = browser.send_on(&asked, "Block", &[]).await.expect(200).says("It is blocked");
    let page = browser.send_on(&page, "Re-Publish", &[]).await.expect(200);
    let asked = browser.send(&page, "Deprecate", &[]).await.expect(200);
    let asked = asked.says("Nobody subscribes to it any more").says("1 application is subscribed");
    let asked = asked.says("There is no way back: what can be done from then on is Retire.");
    browser.get(&page.link("Overview")).await.says("Published");
    let page = browser.send_on(&asked, "Deprecate", &[]).await.expect(200).says("Deprecated");
    let page = page.says("Not deployed").says("Deploy it");
    let page = browser.send_on(&page, "Save and Deploy", &[]).await.expect(200);
    let page = page.says("It is deprecated").says("1 application may call it until it is retired");
    let asked = browser.send(&page, "Retire", &[]).await.expect(200).says("no way back");
    let page = browser.send_on(&asked, "Retire", &[]).await.expect(200);
    assert!(page.has("Retired") && !page.has("Save and Deploy"));
}

#[tokio::test]
async fn what_is_in_the_way_of_deleting_an_api_says_what_can_be_done_in_its_state() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = httpbin(&mut browser).await;
    let mut page = browser.send_on(&page, "Publish", &[]).await.expect(200);
    subscribed(&console, &page, "First").await;
    let deletion = page.link("Delete");
    let said = "publishers can block it or demote it to created.";
    browser.get(&deletion).await.expect(200).says(said);
    for (action, said) in [
        ("Deploy as a Prototype", "publishers can demote it to created."),
        ("Demote to Created", "it is not published, and gateways do not serve it."),
        ("Publish", said),
        ("Block", "it is blocked, and every call is refused."),
        ("Deprecate", "publishers can retire it."),
        ("Retire", "it is retired, and gateways do not serve it."),
    ] {
        let asked = browser.send(&page, action, &[]).await;
        page = match asked.location() {
            Some(to) => browser.open(&to).await.expect(200),
            None => browser.send_on(&asked, action, &[]).await.expect(200),
        };
        browser.get(&deletion).await.expect(200).says(said);
    }
}

#[tokio::test]
async fn what_gateways_do_not_serve_is_not_said_to_be_served() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let mut page = httpbin(&mut browser).await;
    for (button, is_served, bar) in [
        ("Save and Deploy", false, "Gateways serve it once the API is published."),
        ("Publish", true, "Gateways serve revision 1, as it is saved here."),
        ("Block", false, "gateways refuse every call until it is published again"),
        ("Deprecate", true, "Gateways serve revision 1, as it is saved here."),
        ("Retire", false, "gateways serve it no more"),
    ] {
        let asked = browser.send(&page, button, &[]).await;
        page = match asked.location() {
            Some(to) => browser.open(&to).await.expect(200),
            None => browser.send_on(&asked, button, &[]).await.expect(200),
        };
        assert_eq!(page.has("<h2>Call it</h2>"), is_served, "{button}");
        for words in ["Overview", "Endpoints", "Definition"] {
            let page = tab(&mut browser, &page, words).await;
            assert!(page.has("/httpbin/v1"), "{button}, {words}");
            assert_eq!(page.has("served at /httpbin/v1"), is_served, "{button}, {words}");
            assert!(page.has(bar), "{button}, {words}\n{}", page.text);
        }
    }
}

#[tokio::test]
async fn an_api_that_is_not_ready_is_not_published_and_the_page_says_what_is_missing() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = httpbin(&mut browser).await;
    let subscriptions = tab(&mut browser, &page, "Subscriptions").await;
    let none = browser.send_on(&subscriptions, "Save", &[("policies", "(none)")]).await;
    let page = tab(&mut browser, &none.expect(200), "Overview").await;
    let page = page.says("Offer a business plan");
    let page = browser.send(&page, "Publish", &[]).await.expect(422);
    page.says("It offers no business plan");
}

#[tokio::test]
async fn subscribers_are_listed_blocked_and_opened_again() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = httpbin(&mut browser).await;
    let page = browser.send_on(&page, "Publish", &[]).await.expect(200);
    let sure = browser.get(&page.link("Delete")).await.says("No application is subscribed");
    let id = subscribed(&console, &page, "First").await;
    let page = tab(&mut browser, &page, "Subscriptions").await.says("First").says("Unblocked");
    let stale = tab(&mut browser, &page, "Subscriptions").await;
    let page = browser.send_on(&page, "Block First", &[]).await.expect(200);
    let page = page.says("The subscription is blocked").says("Blocked");
    let late = browser.send(&stale, "Block production First", &[]).await.expect(422);
    late.says("It was changed meanwhile");
    let page = browser.send_on(&page, "Block production First", &[]).await.expect(200);
    let page = browser.send_on(&page.says("Production blocked"), "Unblock First", &[]).await;
    page.expect(200).says("The subscription is open again");
    let row = console.store.subscription(id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(row.status.as_str(), "UNBLOCKED");
    // It is counted where the API is deleted, and in the way of it.
    let page = browser.open("/publisher").await;
    let page = browser.get(&page.link("HttpBin")).await;
    let page = browser.get(&page.link("Delete")).await.says("1 application is subscribed to it");
    assert!(!page.has("Delete API</button>"));
    let page = browser.send(&sure, "Delete API", &[("typed", "HttpBin")]).await.expect(422);
    let page = page.says("active subscriptions exist");
    assert!(page.has("Back") && !page.has("Delete API</button>"));
}

#[tokio::test]
async fn a_definition_is_seen_validated_changed_and_downloaded() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    let page = httpbin(&mut browser).await;
    let page = tab(&mut browser, &page, "Definition").await.says("openapi");
    let file = browser.get(&page.link("Download")).await.expect(200);
    assert_eq!(file.headers["content-disposition"], "attachment; filename=\"HttpBin-v1.json\"");
    assert!(file.text.starts_with('{'));
    let page = browser.get(&page.link("Edit")).await.expect(200);
    let two = "openapi: 3.0.0\ninfo: {title: T, version: v}\npaths: {/a: {get: {responses: {}}}, \
               /*: {get: {responses: {}}}}";
    let valid = browser.send(&page, "Validate", &[("definition", two)]).await.expect(200);
    let valid = valid.says("It is valid").says("2 resources, 1 of them new; 4 would go.");
    let valid = valid.says("The name and version stay: HttpBin v1.");
    let broken = browser.send(&valid, "Validate", &[("definition", "{")]).await.expect(422);
    let broken = broken.says("It is not valid").says("aria-invalid=\"true\"");
    browser.send(&broken, "Save", &[]).await.expect(422).says("It was not saved");
    let none = "openapi: 3.0.0\ninfo: {title: T, version: v}\npaths: {}";
    browser.send(&broken, "Save", &[("definition", none)]).await.expect(422);
    let page = browser.send_on(&broken, "Save and Deploy", &[("definition", two)]).await;
    let page = page.expect(200).says("Saved and deployed");
    let page = page.says("The name and version stay: HttpBin v1.");
    let resources = tab(&mut browser, &page, "Resources").await;
    let resources = resources.says("2 resources, 0 without security.");
    assert!(!resources.has("class=\"pager\""), "a number alone says nothing");
}

#[tokio::test]
async fn scopes_that_a_definition_does_not_have_are_named_before_they_go() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    let page = httpbin(&mut browser).await;
    let page = tab(&mut browser, &page, "Definition").await;
    let page = browser.get(&page.link("Edit")).await.expect(200);
    let with = "openapi: 3.0.0\ninfo: {title: HttpBin, version: v1}\n\
                paths: {/a: {get: {security: [{o: [read, write]}], responses: {}}}}\n\
                components: {securitySchemes: {o: {type: oauth2, flows: {}}}}";
    let page = browser.send_on(&page, "Save", &[("definition", with)]).await.expect(200);
    let page = page.says("Saved, and not deployed");
    assert!(!page.has("The name and version stay"));
    let page = browser.get(&page.link("Edit")).await.expect(200);
    let one = with.replace(", write", "");
    let valid = browser.send(&page, "Validate", &[("definition", &one)]).await.expect(200);
    valid.says("Of the scopes would go: write.");
    let asked = browser.send(&page, "Save", &[("definition", &one)]).await.expect(422);
    let asked = asked.says("The document does not have write.");
    let scopes = async || {
        let api = console.store.apis_named("httpbin").await.unwrap().remove(0).document;
        api["scopes"].as_array().unwrap().len()
    };
    assert_eq!(scopes().await, 2);
    // What goes beyond what was named is asked about anew.
    let none = one.replace("security: [{o: [read]}], ", "");
    let again = browser.send(&asked, "Save", &[("definition", &none)]).await.expect(422);
    again.says("The document does not have read, write.");
    let page = browser.send_on(&asked, "Save", &[]).await.expect(200);
    page.says("Saved, and not deployed");
    assert_eq!(scopes().await, 1);
    let late = browser.send(&asked, "Save", &[("definition", &none)]).await.expect(422);
    late.says("It was changed meanwhile");
    assert_eq!(scopes().await, 1);
}

#[tokio::test]
async fn what_an_api_without_an_endpoint_is_answered_is_said_before_and_after_it_is_deployed() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = httpbin(&mut browser).await;
    let page = browser.send_on(&page, "Publish", &[]).await.expect(200);
    let page = tab(&mut browser, &page, "Endpoints").await;
    assert!(!page.has("900901"));
    let none = [("production", ""), ("sandbox", "")];
    let saved = browser.send_on(&page, "Save", &none).await.expect(200);
    let saved = saved.says("Without an endpoint no call comes through");
    let page = browser.send_on(&saved, "Save and Deploy", &[]).await.expect(200);
    let (_, notice) = page.text.split_once("Saved and deployed").unwrap();
    let notice = notice.split("</div>").next().unwrap();
    assert!(notice.contains("Without an endpoint") && !page.has("as it is here"), "{notice}");
    let sandbox = [("production", ""), ("sandbox", "https://sandbox.example.com")];
    let page = browser.send_on(&page, "Save and Deploy", &sandbox).await.expect(200);
    let page = page.says("no call with a production key comes through");
    let both = [("production", "https://orders.example.com")];
    let page = browser.send_on(&page, "Save and Deploy", &both).await.expect(200);
    let page = page.says("as it is here");
    assert!(!page.has("900901"));
    // Neither by another way.
    let page = tab(&mut browser, &page, "Revisions").await;
    let one = browser.get(&page.link("Revision 1")).await.expect(200);
    let sure = browser.get(&one.link("Deploy")).await.expect(200);
    sure.says("Without an endpoint no call comes through");
}

#[tokio::test]
async fn revisions_are_compared_restored_rolled_back_and_deleted() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = httpbin(&mut browser).await;
    let page = browser.send_on(&page, "Save and Deploy", &[]).await.expect(200);
    let page = browser.send_on(&page, "Save and Deploy", &[("description", "Second")]).await;
    let page = tab(&mut browser, &page.expect(200), "Revisions").await;
    let page = page.says("Revision 1").says("Revision 2").says("There is no difference.");
    let one = browser.get(&page.link("Revision 1")).await.expect(200);
    let one = one.says("<code>description</code>").says("Second");

    // What cannot be done is said, and not offered.
    let at = one.path.trim_end_matches('1');
    for (path, words) in [
        ("1/undeploy", "It is not deployed"),
        ("2/deploy", "It is deployed"),
        ("2/delete", "It is deployed"),
        ("2/restore", "there is nothing to restore"),
    ] {
        let page = browser.get(&format!("{at}{path}")).await.expect(200).says(words);
        assert!(!page.has("class=\"main bad\"") && !page.has("its calls get 404"), "{path}");
    }
    let sure = browser.get(&one.link("Restore")).await.expect(200);
    let sure = sure.says("It changes 1 of the saved settings");
    let page = browser.send_on(&sure, "Restore revision 1", &[]).await.expect(200);
    let page = page.says("The settings are those of the revision");
    let page = page.says("Changed since deployment");

    let one = browser.get(&page.link("Revision 1")).await;
    let sure = browser.get(&one.link("Deploy")).await.expect(200);
    let sure = sure.says("in the place of revision 2");
    let page = browser.send_on(&sure, "Deploy revision 1", &[]).await.expect(200);
    let page = page.says("The revision is deployed").says("There is no difference.");

    let two = browser.get(&page.link("Revision 2")).await;
    let sure = browser.get(&two.link("Delete")).await.expect(200);
    let page = browser.send_on(&sure, "Delete revision 2", &[]).await.expect(200);
    assert!(page.has("The revision is deleted") && !page.has("Revision 2</bdi>"));
    let one = browser.get(&page.link("Revision 1")).await;
    let sure = browser.get(&one.link("Undeploy")).await.expect(200).says("its calls get 404");
    let page = browser.send_on(&sure, "Undeploy revision 1", &[]).await.expect(200);
    page.says("Gateways serve the API no more").says("Not deployed");
}

#[tokio::test]
async fn the_oldest_revision_makes_room_and_the_page_says_so_before() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = httpbin(&mut browser).await;
    let mut page = tab(&mut browser, &page, "Revisions").await;
    for _ in 0..5 {
        page = browser.send_on(&page, "Save and Deploy", &[]).await.expect(200);
    }
    let page = page.says("a new one takes the place of revision 1.");
    let page = browser.send_on(&page, "Save and Deploy", &[("description", "x")]).await;
    let page = page.expect(200);
    assert!(page.has("Revision 6") && !page.has("Revision 1<"));
}

#[tokio::test]
async fn a_conflict_in_which_nothing_differs_replaces_nothing_and_says_so() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    let page = httpbin(&mut browser).await;
    let endpoints = tab(&mut browser, &page, "Endpoints").await;
    browser.send(&page, "Save", &[("description", "Theirs")]).await.expect(303);
    let late = browser.send(&endpoints, "Save", &[]).await.expect(422);
    let late = late.says("It was changed meanwhile").says("What you entered is what there is now.");
    assert!(!late.has("What saving now would change") && !late.has("replaces"), "{}", late.text);
}

#[tokio::test]
async fn of_two_who_change_a_definition_the_second_is_shown_what_saving_would_change() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    let page = httpbin(&mut browser).await;
    let page = tab(&mut browser, &page, "Definition").await;
    let page = browser.get(&page.link("Edit")).await.expect(200);
    let definition = |path: &str| {
        format!(
            "openapi: 3.0.0\ninfo: {{title: HttpBin, version: v1}}\n\
             paths: {{{path}: {{get: {{summary: Ours, responses: {{}}}}}}}}"
        )
    };
    let [first, second] = ["/first", "/second"].map(definition);
    browser.send(&page, "Save", &[("definition", &first)]).await.expect(303);
    let late = browser.send(&page, "Save", &[("definition", &second)]).await.expect(422);
    let late = late.says("It was changed meanwhile").says("What saving now would change");
    let late = late.says("paths./first").says("paths./second");
    browser.send(&late, "Save", &[]).await.expect(303);
}
