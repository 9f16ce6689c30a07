//! Publishers see the traffic of APIs, subscribers that of their own applications, and nobody that of others.

use std::time::Duration;

use phantom_core::Clock;
use phantom_core::DenyReason;
use phantom_core::UnixTime;
use phantom_core::catalog::EntityId;
use phantom_core::traffic::Decided;
use phantom_core::traffic::Ended;
use phantom_core::traffic::Introspections;
use phantom_core::traffic::Pair;
use phantom_core::traffic::Report;
use phantom_observe::gateways::Announced;
use phantom_observe::gateways::Reporting;
use phantom_observe::gateways::Spans;
use uuid::Uuid;

use crate::devportal::api;
use crate::devportal::application;
use crate::devportal::key_manager;
use crate::support::Console;
use crate::traffic::decided;

fn entity(id: &str) -> EntityId {
    EntityId::new(Uuid::try_parse(id).unwrap().as_u128())
}

/// One request refused and two let through, of that application at that API.
struct Calls<'c> {
    application: &'c str,
    api: &'c str,
    path: &'c str,
}

async fn reported(console: &Console, all: &[Calls<'_>], calls: Introspections) {
    let begun = console.clock.now().wall;
    let announced =
        Announced { name: "node".to_owned(), version: "1".to_owned(), started_at: begun };
    let mut reporting = Reporting::new(console.store.clone(), announced);
    let mut spans = Spans::new(begun);
    console.wait(Duration::from_secs(5));
    let now: UnixTime = console.clock.now().wall;
    let (mut report, mut last) = (Report::default(), Vec::new());
    for of in all {
        let (application, api) = (entity(of.application), entity(of.api));
        for number in 0..3 {
            let reason = (number == 0).then_some(DenyReason::TokenExpired);
            let (status, outcome) = if number == 0 { (401, 0) } else { (200, 1) };
            let took = Duration::from_millis(2);
            let ended = Ended { outcome, status, reason, consulted: None, took };
            report.apis.of(Some(api), "An API", Report::MOST_KNOWN).count(&ended);
            report.applications.of(Some(application), "", Report::MOST_KNOWN).count(&ended);
            last.push(Decided {
                api_id: Some(api),
                application: Some(application),
                api: "An API".to_owned(),
                ..decided(now, &format!("{}-{number}", of.path.trim_matches('/')), of.path, reason)
            });
        }
        let pair = Pair { application, api, requests: 3, refused: 1 };
        report.pairs.count(&pair, Report::MOST_KNOWN);
    }
    report.introspections.insert("curity".to_owned(), calls);
    report.keys.insert("curity".to_owned(), 7_200);
    spans.add(&report, &last);
    let due = spans.due(now, true);
    reporting.tell(&due, 0, now, false).await.unwrap();
}

fn id(path: &str) -> String {
    path.rsplit('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_subscriber_sees_the_usage_of_own_applications_by_api_and_why_calls_were_refused() {
    let console = Console::start().await;
    let orders = api(&console, "Orders", serde_json::json!({})).await;
    let weather = api(&console, "Weather", serde_json::json!({})).await;
    let (mut sue, mut paul) = (console.browser("sue").await, console.browser("admin").await);
    let own = application(&mut sue, "Shop").await;
    let others = application(&mut paul, "Foreign").await;
    let (of_own, of_others) = (id(&own), id(&others));
    let calls = [
        Calls { application: &of_own, api: &orders, path: "/orders/own" },
        Calls { application: &of_others, api: &orders, path: "/orders/foreign" },
        Calls { application: &of_others, api: &weather, path: "/weather/foreign" },
    ];
    reported(&console, &calls, Introspections::default()).await;
    // Of an hour, minutes are told once they are whole.
    console.wait(Duration::from_secs(60));

    let usage = format!("{own}/usage");
    let page = sue.get(&usage).await.expect(200).says("3 in all").says("The token has expired.");
    let page = page.says("Orders v1").says("/orders/own").says("lag behind by up to a minute");
    for foreign in ["foreign", "Foreign", "Weather v1", "node"] {
        assert!(!page.has(foreign), "{foreign} in\n{}", page.text);
    }
    assert!(page.text.len() < 40_000, "{} bytes", page.text.len());
    let one = sue.get(&page.link("GET /orders/own")).await.expect(200);
    let one = one.says("What to do:").says("Shop");
    let bench = sue.get(&one.link("Open in the workbench")).await.expect(200);
    assert!(bench.has("value=\"https://localhost:8243/orders/own\""));
    assert!(!one.has("foreign"));
    // Of two in three nobody was refused.
    let all = sue.get(&page.link("Show those let through, too")).await.expect(200);
    assert_eq!(all.text.matches("GET /orders/own").count(), 3);
    let lately = sue.get(&format!("{usage}?period=5m")).await.expect(200);
    assert!(lately.has("every five seconds") && !lately.has("lag behind"));
    sue.get(&format!("{usage}?period=24h")).await.expect(200).says("3 in all");
    sue.get(&format!("{usage}?period=2d")).await.expect(400);

    // By the addresses of others, nothing.
    for foreign in [
        format!("{others}/usage"),
        format!("{others}/usage?request=orders%2Fforeign-0"),
        format!("{usage}?request=orders%2Fforeign-0"),
        format!("/publisher/apis/{orders}/traffic"),
        "/traffic".to_owned(),
    ] {
        let page = sue.get(&foreign).await;
        let refused = matches!(page.status.as_u16(), 403 | 404);
        assert!(refused && !page.has("/orders/foreign"), "{foreign}: {}", page.status);
    }
}

#[tokio::test]
async fn a_publisher_sees_who_calls_an_api_and_the_requests_of_a_day_in_the_list() {
    let console = Console::start().await;
    let orders = api(&console, "Orders", serde_json::json!({})).await;
    let weather = api(&console, "Weather", serde_json::json!({})).await;
    let mut sue = console.browser("sue").await;
    let shop = id(&application(&mut sue, "Shop").await);
    let calls = [
        Calls { application: &shop, api: &orders, path: "/orders/one" },
        Calls { application: &shop, api: &weather, path: "/weather/other" },
    ];
    reported(&console, &calls, Introspections::default()).await;
    // Of an hour, minutes are told once they are whole.
    console.wait(Duration::from_secs(60));
    for user in ["paul", "carla"] {
        let mut browser = console.browser(user).await;
        let page = browser.get(&format!("/publisher/apis/{orders}/traffic")).await.expect(200);
        let page = page.says("3 in all").says("Shop").says("/orders/one").says("By application");
        assert!(!page.has("/weather/other"), "that is another API's");
        browser.get(&page.link("GET /orders/one")).await.expect(200).says("What to do:");
        let of_another = format!("/publisher/apis/{orders}/traffic?request=weather%2Fother-0");
        browser.get(&of_another).await.expect(404);
        browser.get("/publisher/apis/0/traffic").await.expect(404);
        browser.get("/traffic/decisions").await.expect(403);
        let list = browser.get("/publisher/apis").await.expect(200).says("Requests in 24 h");
        let row = list.text.split("Orders</bdi>").nth(1).unwrap().split("</tr>").next().unwrap();
        assert!(row.contains(">3<"), "{row}");
        let overview = browser.get(&format!("/publisher/apis/{orders}")).await.expect(200);
        assert_eq!(overview.link("3 requests"), format!("/publisher/apis/{orders}/traffic"));
    }
}

#[tokio::test]
async fn key_managers_say_who_uses_them_and_how_they_answer() {
    let console = Console::start().await;
    key_manager(&console, "curity").await;
    api(&console, "Orders", serde_json::json!({})).await;
    api(&console, "Weather", serde_json::json!({"keyManagers": ["curity"]})).await;
    let mut admin = console.browser("admin").await;
    let list = admin.get("/admin/key-managers").await.expect(200);
    let list = list.says("2 APIs").says("Unknown");
    let calls = Introspections { active: 3, unavailable: 1, ..Introspections::default() };
    reported(&console, &[], calls).await;
    let row = admin.get("/admin/key-managers").await.expect(200);
    let row = row.text.split("curity</bdi>").nth(1).unwrap().split("</tr>").next().unwrap();
    assert!(row.contains("Degraded"), "{row}");
    let address = list.link("curity");
    let page = admin.get(&address).await.expect(200);
    let page = page.says("1 API by name, and 1 that take all key managers");
    let page = page.says("4 introspections, 1 without a verdict").says("just now");
    let page = page.says("2 hours ago");
    let page = admin.get(&page.link("Delete")).await.expect(200);
    let page = page.says("1 API takes tokens of all key managers").says("1 API names it");
    assert!(!page.has("Delete key manager</button>"), "it would be refused");
    // At the door.
    let home = admin.get("/").await.expect(200);
    home.says("1 of 4 introspections").says("Degraded");
    console.wait(Duration::from_secs(400));
    let mut admin = console.browser("admin").await;
    let home = admin.get("/").await.expect(200);
    let home = home.says("The gateway last reported 7 minutes ago.");
    assert!(!home.has("introspections"));
}

#[tokio::test]
async fn who_nearly_used_up_a_plan_is_told_so_at_the_door_and_others_are_not() {
    let console = Console::start().await;
    let orders = api(&console, "Orders", serde_json::json!({})).await;
    let mut sue = console.browser("sue").await;
    let page = sue.get("/devportal/applications/new").await.expect(200);
    let fields = [("name", "Shop"), ("quota", "10PerMin")];
    let made = sue.send(&page, "Save", &fields).await.expect(303).location().unwrap();
    let shop = id(made.split('?').next().unwrap());
    // Two of three are let through: eight in a minute, of ten.
    let call = || Calls { application: &shop, api: &orders, path: "/orders/one" };
    reported(&console, &[call(), call(), call(), call()], Introspections::default()).await;
    let home = sue.get("/").await.expect(200).says("Nearly used up");
    let home = home.says("Its plan 10PerMin lets each user send 10 requests within 60 seconds");
    let home = home.says("a gateway has let up to 8 through");
    sue.get(&home.link("Shop")).await.expect(200).says("Usage");
    let home = console.browser("admin").await.get("/").await.expect(200).says("Nearly used up");
    assert_eq!(home.link("Shop"), format!("/traffic?period=1h&application={shop}"));
    for other in ["paul", "carla"] {
        let home = console.browser(other).await.get("/").await.expect(200);
        assert!(!home.has("Nearly used up") && !home.has("Shop"), "{other}");
    }
}
