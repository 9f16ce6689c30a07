//! Gateways and traffic, as gateways reported them.

use std::time::Duration;

use phantom_core::Clock;
use phantom_core::DenyReason;
use phantom_core::UnixTime;
use phantom_core::catalog::EntityId;
use phantom_core::traffic::Consulted;
use phantom_core::traffic::Decided;
use phantom_core::traffic::Ended;
use phantom_core::traffic::Introspections;
use phantom_core::traffic::Report;
use phantom_observe::gateways::Announced;
use phantom_observe::gateways::Reporting;
use phantom_observe::gateways::Spans;

use crate::support::Console;

const PAGES: [&str; 4] =
    ["/admin/gateways", "/traffic", "/traffic/decisions", "/traffic/decision?request=abc"];

pub(crate) fn decided(at: UnixTime, id: &str, path: &str, reason: Option<DenyReason>) -> Decided {
    Decided {
        at,
        id: id.to_owned(),
        method: "GET".to_owned(),
        path: path.to_owned(),
        api: "Orders 1.0".to_owned(),
        api_id: Some(EntityId::new(7)),
        application: None,
        key_manager: reason.map(|_| "curity".to_owned()),
        status: if reason.is_some() { 401 } else { 200 },
        reason: reason.map(|reason| reason.name().to_owned()),
        error: None,
        micros: 1_500,
        consulted: Some(Consulted::Asked),
    }
}

/// A gateway that has reported for as long, so many requests every five seconds, and these decisions at last.
pub(crate) async fn reported(
    console: &Console,
    name: &str,
    intervals: u32,
    requests: u32,
    last: impl Fn(UnixTime) -> Vec<Decided>,
) -> Reporting {
    let begun = console.clock.now().wall;
    let announced =
        Announced { name: name.to_owned(), version: "9.8.7".to_owned(), started_at: begun };
    let mut reporting = Reporting::new(console.store.clone(), announced);
    let mut spans = Spans::new(begun);
    for interval in 1..=intervals {
        console.wait(Duration::from_secs(5));
        let now = console.clock.now().wall;
        let mut report = Report::default();
        for number in 0..requests {
            let reason = (number % 4 == 0).then_some(DenyReason::TokenExpired);
            let status = if reason.is_some() { 401 } else { 200 };
            let outcome = usize::from(reason.is_none());
            let consulted = Some(Consulted::Cache);
            let took = Duration::from_millis(2);
            let ended = Ended { outcome, status, reason, consulted, took };
            let id = Some(EntityId::new(u128::from(number % 3)));
            report.apis.of(id, &format!("API {}", number % 3), Report::MOST_KNOWN).count(&ended);
            report.key_managers.of(None, "curity", Report::MOST_KNOWN).count(&ended);
        }
        let calls = Introspections { active: 3, ..Introspections::default() };
        report.introspections.insert("curity".to_owned(), calls);
        let decided = if interval == intervals { last(now) } else { Vec::new() };
        spans.add(&report, &decided);
        let due = spans.due(now, false);
        reporting.tell(&due, 0, now, false).await.unwrap();
        spans.told(&due);
        spans.go_on(now);
    }
    reporting
}

#[tokio::test]
async fn traffic_and_gateways_are_for_admins_alone() {
    let console = Console::start().await;
    for user in ["carla", "paul", "sue"] {
        let mut browser = console.browser(user).await;
        for path in PAGES {
            browser.get(path).await.expect(403);
        }
        let home = browser.get("/").await.expect(200);
        assert!(!home.has("href=\"/traffic\""), "{user} is shown what is closed");
    }
    let mut stranger = console.stranger();
    for path in PAGES {
        stranger.get(path).await.expect(303);
    }
    let mut admin = console.browser("admin").await;
    for path in PAGES {
        admin.get(path).await.expect(200);
    }
}

#[tokio::test]
async fn the_page_of_gateways_says_who_is_there_and_how_far_behind() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/admin/gateways").await.expect(200);
    page.says("No gateway reports.").says("five seconds after their start");
    let mut reporting = reported(&console, "node-a", 3, 10, |_| Vec::new()).await;
    let last = console.store.last_change().await.unwrap();
    assert!(last > 0, "the first start has published something");
    // It has reported change 0 after those were made.
    let page = browser.get("/admin/gateways").await.expect(200);
    page.says("node-a").says("9.8.7").says("behind, the first made").says("0 of 1 gateways");
    let now = console.clock.now().wall;
    let due = Spans::new(now).due(now, false);
    reporting.tell(&due, last, now, false).await.unwrap();
    let page = browser.get("/admin/gateways").await.expect(200);
    page.says("The gateway that reports has all that is published.").says("Healthy");
    console.wait(Duration::from_secs(60));
    browser.get("/admin/gateways").await.says("Down").says("No gateway reports.");
    // Started again, it stands there once.
    reported(&console, "node-a", 1, 1, |_| Vec::new()).await;
    let page = browser.get("/admin/gateways").await;
    assert_eq!(page.text.matches("node-a").count(), 1, "{}", page.text);
}

#[tokio::test]
async fn traffic_is_shown_by_period_and_party_and_adds_up_over_gateways() {
    let console = Console::start().await;
    let one = reported(&console, "node-a", 24, 40, |_| Vec::new()).await;
    let _two = reported(&console, "node-b", 24, 20, |_| Vec::new()).await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/traffic").await.expect(200);
    // 24 intervals of 40 and 20 requests, a quarter of them refused.
    let page = page.says("1,440 in all").says("2 gateways").says("360, 0 of them throttled");
    let page = page.says("The token has expired.").says("curity").says("144");
    let api = page.link("API 1");
    let page = browser.get(&api).await.expect(200).says("480 in all").says("Show all");
    assert!(!page.has("1,440 in all"));
    let of_gateway = format!("/traffic?gateway={}", one.id());
    browser.get(&of_gateway).await.expect(200).says("960 in all");
    let page = browser.get("/traffic?period=1h").await.expect(200).says("the last 1 hour");
    assert!(page.has("1,440 in all") || page.has("in all"));
    for wrong in ["/traffic?period=2h", "/traffic?gateway=x", "/traffic?api=a&application=b"] {
        browser.get(wrong).await.expect(400);
    }
}

#[tokio::test]
async fn gateways_of_one_name_are_told_apart() {
    let console = Console::start().await;
    let before = reported(&console, "node-a", 2, 1, |_| Vec::new()).await;
    console.wait(Duration::from_secs(30));
    let now = reported(&console, "node-a", 2, 1, |_| Vec::new()).await;
    reported(&console, "node-b", 2, 1, |_| Vec::new()).await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/traffic").await.expect(200);
    let words = |id: String| {
        let choice = page.text.split(&format!("<option value=\"{id}\">")).nth(1).unwrap();
        choice.split('<').next().unwrap().to_owned()
    };
    let (before, now) = (words(before.id().to_string()), words(now.id().to_string()));
    assert!(before.starts_with("node-a, ended (…"), "{before}");
    assert!(now.starts_with("node-a, started 20") && now.ends_with(" UTC"), "{now}");
    assert!(page.has(">node-b</option>"));
}

#[tokio::test]
async fn pages_of_much_traffic_stay_small() {
    let console = Console::start().await;
    let many = |now: UnixTime| {
        let reason = |n: usize| DenyReason::ALL.get(n % 40).copied();
        (0..100).map(|n| decided(now, &format!("id-{n}"), &"/long".repeat(25), reason(n))).collect()
    };
    reported(&console, "node-a", 130, 60, many).await;
    let mut browser = console.browser("admin").await;
    for path in ["/traffic", "/traffic?period=24h", "/traffic/decisions", "/admin/gateways"] {
        let page = browser.get(path).await.expect(200);
        assert!(page.text.len() <= 40_000, "{path}: {} bytes", page.text.len());
    }
}

#[tokio::test]
async fn a_refusal_is_found_and_explained_hop_by_hop_with_a_way_to_the_workbench() {
    let console = Console::start().await;
    let last = |now: UnixTime| {
        vec![
            decided(now, "abc/=+1", "/orders/1", Some(DenyReason::InsufficientScope)),
            decided(now, "other", "/orders/2", Some(DenyReason::TokenExpired)),
            decided(now, "good", "/orders/3", None),
        ]
    };
    reported(&console, "node-a", 1, 3, last).await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/traffic/decisions").await.expect(200);
    let page = page.says("The token has expired.").says("not").says("scope does not suffice");
    assert!(!page.has("/orders/3"), "it was not refused");
    browser.get("/traffic/decisions?all=on").await.expect(200).says("/orders/3");
    let page = browser.get("/traffic/decisions?request=other").await.expect(200);
    assert!(page.has("/orders/2") && !page.has("/orders/1"));
    let page = browser.get("/traffic/decisions?status=4xx&api=Orders+1.0").await.expect(200);
    let other = browser.get("/traffic/decisions?api=Other+2.0").await.expect(200);
    let other = other.says("None that is still known fits.");
    assert!(other.has("<option value=\"Orders 1.0\">"), "what there is can be chosen");
    let page = browser.get(&page.link("GET /orders/1")).await.expect(200);
    let page = page.says("What to do:").says("curity is the one to ask.").says("Not reached");
    let workbench = page.link("Open in the workbench");
    assert_eq!(
        workbench,
        "/workbench?method=GET&url=https%3A%2F%2Flocalhost%3A8243%2Forders%2F1#call"
    );
    let bench = browser.get(&workbench).await.expect(200);
    assert!(bench.has("value=\"https://localhost:8243/orders/1\""));
    let page = browser.get("/traffic/decisions?status=500").await.expect(200);
    page.says("None that is still known fits.");
    let page = browser.get("/traffic/decisions?status=high&request=other").await.expect(422);
    let page = page.says("A number such as 401, or a class such as 4xx").says("aria-invalid");
    assert!(
        page.has("value=\"high\"") && page.has("value=\"other\""),
        "what was asked is still there"
    );
    browser.get("/traffic/decisions?application=none").await.expect(422).says("aria-invalid");
    let page = browser.get("/traffic/decision?request=nobody").await.expect(200);
    page.says("not known any more");
}

#[tokio::test]
async fn what_clients_choose_of_a_request_is_text_and_nothing_else_on_every_page() {
    let console = Console::start().await;
    let attack = "/<script>alert(1)</script>\"onload='x'";
    let last = |now: UnixTime| {
        vec![Decided {
            method: "<b>".to_owned(),
            api: attack.to_owned(),
            key_manager: Some(attack.to_owned()),
            error: Some(attack.to_owned()),
            ..decided(now, attack, attack, None)
        }]
    };
    reported(&console, "<i>node</i>", 1, 1, last).await;
    let mut browser = console.browser("admin").await;
    let list = browser.get("/traffic/decisions").await.expect(200);
    let one = browser.get(&list.link(&format!("<b> {attack}"))).await.expect(200);
    let asked = "/traffic/decisions?api=%3Cscript%3E&request=%22%3E%3Cb%3E";
    let traffic = browser.get("/traffic?api=%3Cscript%3E").await.expect(200);
    let gateways = browser.get("/admin/gateways").await.expect(200);
    for page in [list, one, traffic, gateways, browser.get(asked).await.expect(200)] {
        for mark in ["<script>alert", "<i>node", "<b>", "\"onload", "<script>\""] {
            assert!(!page.has(mark), "{mark} in {}", page.path);
        }
    }
}

#[tokio::test]
async fn refusals_are_known_for_a_day_and_what_was_let_through_for_minutes() {
    let console = Console::start().await;
    let last = |now: UnixTime| {
        vec![
            decided(now, "refused", "/refused", Some(DenyReason::TokenExpired)),
            decided(now, "passed", "/passed", None),
        ]
    };
    // To the end of a minute, which writes the longer spans as well.
    reported(&console, "node-a", 24, 1, last).await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/traffic/decisions?all=on").await;
    assert_eq!((page.has("/refused"), page.has("/passed")), (true, true));
    assert_eq!(page.text.matches("GET /refused").count(), 1, "it stands there once");
    console.wait(Duration::from_secs(3600));
    let mut browser = console.browser("admin").await;
    let page = browser.get("/traffic/decisions?all=on").await;
    assert_eq!((page.has("/refused"), page.has("/passed")), (true, false));
}
