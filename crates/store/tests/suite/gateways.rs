//! What gateways report of themselves.

use std::time::Duration;

use phantom_store::*;
use uuid::Uuid;

use crate::bed::Bed;
use crate::bed::at;
use crate::bed::user;

on_both!(
    reports_leave_neither_audit_nor_change_and_do_not_wait_for_writers_of_other_nodes,
    reports_go_round_in_a_circle,
    reports_are_read_by_their_span_and_time,
    a_gateway_that_has_told_nothing_for_long_is_forgotten_with_its_reports,
    a_report_of_a_gateway_that_is_not_announced_is_refused,
);

fn gateway(name: &str, started: u64) -> GatewayRow {
    GatewayRow {
        id: Uuid::now_v7(),
        name: name.to_owned(),
        version: "1.2.3".to_owned(),
        started_at: at(started),
        stopped_at: at(0),
    }
}

fn report(gateway: &GatewayRow, span: u64, begun: u64) -> ReportRow {
    ReportRow {
        gateway: gateway.id,
        span,
        slot: begun / span % 120,
        begun_at: at(begun),
        at: at(begun + span),
        change: begun,
        document: format!("{{\"begun\":{begun}}}"),
        decisions: "[]".to_owned(),
    }
}

async fn reports_leave_neither_audit_nor_change_and_do_not_wait_for_writers_of_other_nodes(
    bed: Bed,
) {
    let (store, row) = (&bed.store, gateway("one", 100));
    let mut write = bed.write().await;
    write.insert_user(&user("first")).await.unwrap();
    let audited = write.audit_latest(100, 0).await.unwrap().len();
    let changed = write.last_change().await.unwrap();
    // SQLite has one writer, whatever is written: there the report comes after it.
    let reporting = async {
        store.announce_gateway(&row).await.unwrap();
        store.report(&report(&row, 5, 100)).await.unwrap();
    };
    if matches!(bed.place, crate::bed::Place::Sqlite(_)) {
        write.commit().await.unwrap();
        reporting.await;
    } else {
        tokio::time::timeout(Duration::from_secs(20), reporting).await.unwrap();
        write.commit().await.unwrap();
    }
    assert_eq!(store.audit_latest(100, 0).await.unwrap().len(), audited);
    assert_eq!(store.last_change().await.unwrap(), changed);
    let seen = store.gateways(10).await.unwrap();
    assert_eq!(seen, [SeenGateway { gateway: row, at: at(105), change: 100 }]);
}

async fn reports_go_round_in_a_circle(bed: Bed) {
    let (store, row) = (&bed.store, gateway("one", 100));
    store.announce_gateway(&row).await.unwrap();
    for begun in (0..300).map(|n| n * 5) {
        store.report(&report(&row, 5, begun)).await.unwrap();
    }
    let kept = store.reported_traffic(5, at(0), 1000).await.unwrap();
    assert_eq!(kept.len(), 120, "rows do not become more with time");
    assert_eq!((kept[0].begun_at, kept[119].begun_at), (at(1495), at(900)));
    assert_eq!(kept[0].document, "{\"begun\":1495}");
}

async fn reports_are_read_by_their_span_and_time(bed: Bed) {
    let (store, one, two) = (&bed.store, gateway("one", 100), gateway("two", 200));
    for row in [&one, &two] {
        store.announce_gateway(row).await.unwrap();
        for span in [5, 60] {
            for begun in [600, 660, 720] {
                let decisions = if begun == 660 { "[1]" } else { "[]" }.to_owned();
                store.report(&ReportRow { decisions, ..report(row, span, begun) }).await.unwrap();
            }
        }
    }
    let begun = |rows: Vec<ReportedTraffic>| -> Vec<_> {
        rows.into_iter().map(|row| row.begun_at.as_secs()).collect()
    };
    let last = store.reported_traffic(60, at(660), 100).await.unwrap();
    assert_eq!(begun(last), [720, 720, 660, 660]);
    let few = store.reported_traffic(60, at(0), 3).await.unwrap();
    assert_eq!(begun(few), [720, 720, 660]);
    let decisions = store.reported_decisions(60, at(0), at(9999), 100).await.unwrap();
    assert_eq!(decisions.len(), 2, "those with none are passed over");
    assert!(store.reported_decisions(60, at(0), at(660), 100).await.unwrap().is_empty());
    // What is announced again keeps its start and its reports.
    store.announce_gateway(&GatewayRow { stopped_at: at(800), ..one.clone() }).await.unwrap();
    let seen = store.gateways(10).await.unwrap();
    let found = seen.iter().find(|seen| seen.gateway.id == one.id).unwrap();
    let known = (found.gateway.stopped_at, found.at, found.change);
    assert_eq!(known, (at(800), at(780), 720));
}

async fn a_gateway_that_has_told_nothing_for_long_is_forgotten_with_its_reports(bed: Bed) {
    let (store, old, new) = (&bed.store, gateway("old", 100), gateway("new", 100));
    for (row, begun) in [(&old, 200), (&new, 600)] {
        store.announce_gateway(row).await.unwrap();
        store.report(&report(row, 5, begun)).await.unwrap();
    }
    store.announce_gateway(&gateway("just started", 550)).await.unwrap();
    assert_eq!(store.forget_gateways_before(at(500)).await.unwrap(), 1);
    let seen = store.gateways(10).await.unwrap();
    let names: Vec<_> = seen.iter().map(|seen| seen.gateway.name.as_str()).collect();
    assert_eq!(names, ["new", "just started"]);
    assert_eq!(store.reported_traffic(5, at(0), 10).await.unwrap().len(), 1);
}

async fn a_report_of_a_gateway_that_is_not_announced_is_refused(bed: Bed) {
    let refused = bed.store.report(&report(&gateway("nobody", 1), 5, 5)).await;
    refused.unwrap_err();
}
