use serde_json::json;

use super::api;
use super::application;
use super::is_text;
use crate::support::Console;

#[tokio::test]
async fn an_application_subscribes_changes_its_plan_and_unsubscribes() {
    let console = Console::start().await;
    let id = api(&console, "HttpBin", json!({})).await;
    let mut browser = console.browser("sue").await;
    let at = application(&mut browser, "CurityApp").await;
    let page = browser.get(&format!("{at}/subscriptions")).await.expect(200);
    let page = browser.get(&page.link("Subscribe to an API")).await.expect(200).says("HttpBin");
    let page = browser.get(&page.link("Subscribe")).await.expect(200);
    let page = page.says("CurityApp").says("Gold (5,000 requests a minute)");
    let subscribed = browser.send_on(&page, "Subscribe", &[("plan", "Gold")]).await.expect(200);
    let subscribed = subscribed.says("The application is subscribed").says("Gold").says("Active");
    // Pressed twice it is done once; under another plan it is another thing.
    browser.send(&page, "Subscribe", &[("plan", "Gold")]).await.expect(303);
    let refused = browser.send(&page, "Subscribe", &[("plan", "Unlimited")]).await.expect(422);
    refused.says("Change its plan with its subscriptions instead");

    let page = browser.get(&subscribed.link("Change plan")).await.expect(200);
    browser.send(&page, "Change plan", &[("plan", "Unlimited")]).await.expect(303);
    let second = browser.send(&page, "Change plan", &[("plan", "Gold")]).await.expect(422);
    second.says("Its plan is now Unlimited");

    let page = browser.get(&page.link("Unsubscribe")).await.expect(200);
    let page = browser.send_on(&page, "Unsubscribe", &[]).await.expect(200);
    page.says("The subscription has ended").says("Subscribe to an API");
    let page = browser.get(&format!("/devportal/apis/{id}")).await.expect(200);
    page.says("None of your applications may call it yet");
}

#[tokio::test]
async fn from_an_api_one_chooses_among_ones_own_applications() {
    let console = Console::start().await;
    let id = api(&console, "HttpBin", json!({})).await;
    let mut other = console.browser("admin").await;
    application(&mut other, "Of the admin").await;
    let mut browser = console.browser("sue").await;
    let at = format!("/devportal/subscriptions/new?api={id}");
    browser.get(&at).await.expect(200).says("Add New Application");
    application(&mut browser, "Mine").await;
    let page = browser.get(&at).await.expect(200);
    assert!(page.has("Mine") && !page.has("Of the admin"));
    let page = browser.send_on(&page, "Subscribe", &[("plan", "Unlimited")]).await.expect(200);
    page.says("The application is subscribed");
}

#[tokio::test]
async fn the_subscriptions_of_another_are_neither_made_nor_seen_nor_ended() {
    let console = Console::start().await;
    let id = api(&console, "HttpBin", json!({})).await;
    let mut sue = console.browser("sue").await;
    let at = application(&mut sue, "Sue's").await;
    let page = sue.get(&format!("/devportal/subscriptions/new?api={id}")).await;
    let page = sue.send_on(&page, "Subscribe", &[("plan", "Gold")]).await.expect(200);
    let subscription = page.link("Change plan");

    let mut other = console.browser("admin").await;
    application(&mut other, "Own").await;
    let page = other.get(&format!("/devportal/subscriptions/new?api={id}")).await.expect(200);
    let victim = at.rsplit('/').next().unwrap();
    let refused = other.send(&page, "Subscribe", &[("application", victim)]).await;
    assert_eq!(refused.status.as_u16() / 100, 4);
    other
        .get(&format!("/devportal/subscriptions/new?api={id}&application={victim}"))
        .await
        .expect(403);

    other.get(&subscription).await.expect(403);
    other.get(&format!("{subscription}/delete")).await.expect(403);
    let own = other.send_on(&page, "Subscribe", &[("plan", "Gold")]).await.expect(200);
    let own = own.link("Change plan");
    for (path, button) in [("", "Change plan"), ("/delete", "Unsubscribe")] {
        let mut page = other.get(&format!("{own}{path}")).await.expect(200);
        page.text = page.text.replace(&own, &subscription);
        other.send(&page, button, &[("plan", "Unlimited")]).await.expect(403);
    }
    sue.get(&subscription).await.expect(200).says("under Gold");
}

#[tokio::test]
async fn a_plan_that_is_not_offered_is_refused_at_its_field() {
    let console = Console::start().await;
    let id = api(&console, "HttpBin", json!({})).await;
    let mut browser = console.browser("sue").await;
    application(&mut browser, "Mine").await;
    let page = browser.get(&format!("/devportal/subscriptions/new?api={id}")).await;
    for plan in ["Bronze", "<script>alert(1)</script>", ""] {
        let refused = browser.send(&page, "Subscribe", &[("plan", plan)]).await.expect(422);
        is_text(&refused);
        assert!(refused.has("aria-invalid"), "{plan}: {}", refused.text);
    }
}

#[tokio::test]
async fn a_subscription_to_an_api_that_is_not_served_says_so_and_leads_to_no_page_that_is_not_there()
 {
    let console = Console::start().await;
    let id = api(&console, "HttpBin", json!({})).await;
    let mut browser = console.browser("sue").await;
    let at = application(&mut browser, "Mine").await;
    let page = browser.get(&format!("/devportal/subscriptions/new?api={id}")).await;
    let page = browser.send_on(&page, "Subscribe", &[("plan", "Gold")]).await.expect(200);
    let subscription = page.link("Change plan");
    let api_page = format!("href=\"/devportal/apis/{id}\"");
    assert!(page.has(&api_page));
    let steps = browser.get(&at).await.expect(200);
    assert!(steps.has("Lets it call an API") && !steps.has("None in force"));
    for (action, badge, words) in [
        ("Demote to Created", Some("API not published"), "gateways answer 404 until it is again"),
        ("Publish", None, "Mine may call it under Gold."),
        ("Block", Some("API blocked"), "gateways answer 503"),
        ("Deprecate", None, "Mine may call it under Gold."),
        ("Retire", Some("API retired"), "The API is retired: gateways answer 404, for good."),
    ] {
        let action = action.replace(' ', "%20");
        let to = "/api/am/publisher/v4/apis/change-lifecycle";
        let to = format!("{to}?apiId={id}&action={action}");
        crate::publisher::rest(&console, http::Method::POST, &to, json!({})).await;
        let list = browser.get(&format!("{at}/subscriptions")).await.expect(200);
        assert_eq!(list.has(">Change plan<"), badge.is_none(), "{action}");
        assert_eq!(list.has(" Active</span>"), badge.is_none(), "{action}");
        assert!(badge.is_none_or(|badge| list.has(badge)), "{action}");
        let is_there = browser.get(&format!("/devportal/apis/{id}")).await.status.as_u16() == 200;
        assert_eq!(list.has(&api_page), is_there, "{action}");
        let one = browser.get(&subscription).await.expect(200).says(words);
        assert_eq!(one.has("Change plan</button>"), badge.is_none(), "{action}");
        assert!(one.has("Unsubscribe"), "{action}");
        let steps = browser.get(&at).await.expect(200);
        assert_eq!(steps.has("None in force"), badge.is_some(), "{action}");
    }
}
