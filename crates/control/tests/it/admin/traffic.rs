//! `/gateways`, `/traffic` and `/traffic/decisions`.

use std::time::Duration;

use phantom_core::Clock;
use phantom_core::DenyReason;
use phantom_core::traffic::Decided;
use phantom_core::traffic::Ended;
use phantom_core::traffic::Introspections;
use phantom_core::traffic::Report;
use phantom_observe::gateways::Announced;
use phantom_observe::gateways::Reporting;
use phantom_observe::gateways::Spans;

use super::*;

#[tokio::test]
async fn what_gateways_report_is_read_by_rest() {
    let plane = Plane::start().await;
    assert_eq!(get(&plane, "/gateways").await.expect(200)["count"], 0);
    let empty = get(&plane, "/traffic").await.expect(200);
    assert_eq!((&empty["total"]["requests"], &empty["stepSeconds"]), (&0.into(), &5.into()));

    let begun = plane.clock.now().wall;
    let announced =
        Announced { name: "node".to_owned(), version: "1.0".to_owned(), started_at: begun };
    let mut reporting = Reporting::new(plane.store.clone(), announced);
    let mut spans = Spans::new(begun);
    plane.wait(Duration::from_secs(5));
    let (now, reason) = (plane.clock.now().wall, DenyReason::TokenExpired);
    let (consulted, took) = (None, Duration::from_millis(4));
    let ended = Ended { outcome: 0, status: 401, reason: Some(reason), consulted, took };
    let mut report = Report::default();
    report.apis.of(None, "orders", 10).count(&ended);
    let calls = Introspections { active: 2, ..Introspections::default() };
    report.introspections.insert("curity".to_owned(), calls);
    let decided = Decided {
        at: now,
        id: "the-id".to_owned(),
        method: "GET".to_owned(),
        path: "/orders".to_owned(),
        api: "orders".to_owned(),
        api_id: None,
        application: None,
        key_manager: None,
        status: 401,
        reason: Some(reason.name().to_owned()),
        error: None,
        micros: 4_000,
        consulted: None,
    };
    spans.add(&report, &[decided]);
    reporting.tell(&spans.due(now, true), 3, now, false).await.unwrap();

    let gateways = get(&plane, "/gateways").await.expect(200);
    let gateway = &gateways["list"][0];
    assert_eq!((&gateway["state"], &gateway["catalog"]), (&"REPORTING".into(), &3.into()));
    for period in ["5m", "1h", "3h", "24h"] {
        let path = format!("/traffic?period={period}&api=orders");
        // Longer spans are not over yet, and those that are not count from their beginning.
        let traffic = get(&plane, &path).await.expect(200);
        assert_eq!(traffic["period"], period);
        assert!(traffic["points"].as_array().unwrap().len() <= 72);
    }
    let traffic = get(&plane, "/traffic").await.expect(200);
    assert_eq!(traffic["total"]["refusals"][0]["reason"], "token_expired");
    assert_eq!(traffic["introspections"][0]["active"], 2);
    assert_eq!(traffic["apis"][0]["key"], "orders");
    let id = gateway["gatewayId"].as_str().unwrap();
    let of_it = get(&plane, &format!("/traffic?gateway={id}")).await.expect(200);
    assert_eq!(of_it["total"]["requests"], 1);

    let decisions = get(&plane, "/traffic/decisions?refused=true&status=401").await.expect(200);
    let decision = &decisions["list"][0];
    assert_eq!(decision["reasonText"], "the token has expired");
    assert_eq!(decision["requestId"], "the-id");
    let none = get(&plane, "/traffic/decisions?requestId=other").await.expect(200);
    assert_eq!(none["count"], 0);

    for wrong in [
        "/traffic?period=1y",
        "/traffic?gateway=x",
        "/traffic?api=a&keyManager=b",
        "/traffic/decisions?status=x",
        "/traffic/decisions?application=x",
    ] {
        get(&plane, wrong).await.expect(400);
    }
}
