//! Anything that has a name is found, by those who may see it.

use serde_json::json;

use crate::devportal::MARKUP;
use crate::devportal::api;
use crate::devportal::application;
use crate::devportal::is_text;
use crate::devportal::key_manager;
use crate::support::Console;
use crate::support::Page;
use crate::support::USERS;

/// Where what was found leads, in the order of the page.
fn hits(page: &Page) -> Vec<String> {
    let hits = page.text.split("<a class=\"hit").skip(1);
    hits.map(|hit| hit.split("href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn each_user_finds_what_it_may_see_by_a_part_of_the_name_and_nothing_else() {
    let console = Console::start().await;
    let open = api(&console, "StormOpen", json!({})).await;
    let changes = json!({"visibility": "RESTRICTED", "visibleRoles": ["Internal/creator"]});
    let closed = api(&console, "StormClosed", changes).await;
    key_manager(&console, "storm-server").await;
    let mut sue = console.browser("sue").await;
    let of_sue = application(&mut sue, "Storm of sue").await;
    let of_admin = application(&mut console.browser("admin").await, "Storm of admin").await;
    let managers = console.browser("admin").await.get("/admin/key-managers").await;
    let manager = managers.link("storm-server");
    let in_publisher = |id: &String| format!("/publisher/apis/{id}");
    let in_devportal = |id: &String| format!("/devportal/apis/{id}");
    let expected = [
        (
            "admin",
            vec![
                in_publisher(&closed),
                in_publisher(&open),
                in_devportal(&closed),
                in_devportal(&open),
                of_admin,
                manager,
            ],
        ),
        (
            "carla",
            vec![
                in_publisher(&closed),
                in_publisher(&open),
                in_devportal(&closed),
                in_devportal(&open),
            ],
        ),
        ("paul", vec![in_publisher(&closed), in_publisher(&open), in_devportal(&open)]),
        ("sue", vec![in_devportal(&open), of_sue]),
    ];
    for (user, expected) in expected {
        let mut browser = console.browser(user).await;
        for path in ["/search?q=sTORM", "/search?q=%20storm%20", "/search/found?q=storm"] {
            let page = browser.get(path).await.expect(200);
            assert_eq!(hits(&page), expected, "{user}: {path}");
        }
        for path in &expected {
            browser.get(path).await.expect(200);
        }
        let page = browser.get("/search?q=unlimited").await.expect(200);
        // Creators and publishers may look at plans, as over REST.
        assert_eq!(page.has("/admin/policies/"), user != "sue", "{user}");
    }
    console.stranger().get("/search?q=storm").await.expect(303);
    console.stranger().get("/search/found?q=storm").await.expect(303);
}

#[tokio::test]
async fn every_page_that_is_offered_opens_and_its_name_finds_it() {
    let console = Console::start().await;
    for user in USERS.map(|(name, _)| name).into_iter().chain(["admin"]) {
        let mut browser = console.browser(user).await;
        let page = browser.get("/search").await.expect(200).says("Enter a part of the name of");
        let pages = hits(&page);
        assert!(pages.len() >= 5, "{user}: {pages:?}");
        for path in pages {
            browser.open(&path).await.expect(200);
        }
        let can_trace = hits(&browser.get("/search?q=traffic+refused").await);
        let expected = if user == "admin" { vec!["/traffic/decisions"] } else { vec![] };
        assert_eq!(can_trace, expected, "{user}");
    }
}

#[tokio::test]
async fn of_each_kind_the_first_are_shown_and_a_way_to_all() {
    let console = Console::start().await;
    for number in 0..12 {
        api(&console, &format!("Many{number:02}"), json!({})).await;
    }
    let page = console.browser("paul").await.get("/search?q=many").await.expect(200);
    let found = hits(&page);
    assert_eq!(found.len(), 18, "{found:?}");
    assert_eq!(found[8], "/publisher/apis?query=many");
    assert_eq!(found[17], "/devportal/apis?query=many");
}

#[tokio::test]
async fn what_a_user_may_not_see_does_not_hide_what_comes_after_it() {
    let console = Console::start().await;
    let changes = json!({"visibility": "RESTRICTED", "visibleRoles": ["Internal/creator"]});
    for number in 0..30 {
        api(&console, &format!("Row{number:02}"), changes.clone()).await;
    }
    let open = api(&console, "RowX", json!({})).await;
    let page = console.browser("sue").await.get("/search?q=row").await.expect(200);
    assert_eq!(hits(&page), [format!("/devportal/apis/{open}")]);
}

#[tokio::test]
async fn what_is_looked_for_is_bounded_and_text() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    application(&mut browser, MARKUP).await;
    let markup = "%3Cscript%3Ealert(1)%3C/script%3E%22'%3E%3Cimg%20src=x%20onerror=alert(1)%3E";
    for path in ["/search?q=%3Cscript", "/search/found?q=%3Cscript"] {
        let page = browser.get(path).await.expect(200);
        assert_eq!(hits(&page).len(), 1, "{path}");
        is_text(&page);
    }
    is_text(&browser.get(&format!("/search?q={markup}x")).await.expect(200));
    is_text(&browser.get(&format!("/search/found?q={markup}x")).await.expect(200));
    for wrong in ["%00".to_owned(), "x".repeat(101)] {
        browser.get(&format!("/search?q=a{wrong}")).await.expect(400);
        browser.get(&format!("/search/found?q=a{wrong}")).await.expect(400);
    }
    // What means something to the store, or to the queries of other lists, is a part of a name here.
    for query in ["%25", "_", "name:x", "%22", "*", "%27%20OR%201=1"] {
        let page = browser.get(&format!("/search?q={query}")).await.expect(200);
        assert!(hits(&page).iter().all(|hit| hit.contains("applications/")), "{query}");
    }
    let fragment = browser.get("/search/found?q=%3Cscript").await.expect(200);
    assert!(!fragment.has("<html") && fragment.has("data-said=\"1 found.\""));
    assert_eq!(fragment.headers["cache-control"], "no-store");
}
