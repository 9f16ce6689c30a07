//! All or nothing, one after the other.

use phantom_store::*;
use phantom_testkit::Postgres;
use serde_json::json;

use crate::bed::*;

on_both! {
    a_dropped_write_leaves_no_trace,
    after_a_failed_statement_nothing_is_kept,
    of_two_writers_of_one_version_exactly_one_wins,
    twenty_writers_at_once_lose_nothing,
    readers_do_not_wait_for_the_writer,
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_open_an_empty_sqlite_at_once() {
    open_at_once(&Place::Sqlite(tempfile::tempdir().unwrap())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_open_an_empty_postgresql_at_once() {
    let server = tokio::task::spawn_blocking(Postgres::start).await.unwrap();
    open_at_once(&Place::Postgres(Box::new(server))).await;
}

async fn open_at_once(place: &Place) {
    let open = || {
        let settings = place.settings();
        tokio::spawn(async move { Store::open(&settings).await })
    };
    let opening: Vec<_> = (0..6).map(|_| open()).collect();
    for opened in opening {
        let store = opened.await.unwrap().unwrap();
        let mut write = begin(&store).await;
        write.insert_scope(&scope(&uuid::Uuid::now_v7().to_string())).await.unwrap();
        write.commit().await.unwrap();
        store.close().await;
    }
}

async fn a_dropped_write_leaves_no_trace(bed: Bed) {
    let app = application("o", "app");
    let mut write = bed.write().await;
    write.insert_application(&app).await.unwrap();
    write.insert_revocation(RevocationKind::Subject, "alice", at(1), at(9)).await.unwrap();
    drop(write);
    assert!(bed.store.application(app.id).await.unwrap().is_none());
    assert_eq!(bed.store.last_change().await.unwrap(), 0);
    assert!(bed.store.audit_latest(10, 0).await.unwrap().is_empty());
    // And it holds nobody up.
    let mut write = bed.write().await;
    write.insert_application(&app).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(bed.store.last_change().await.unwrap(), 1);
}

async fn after_a_failed_statement_nothing_is_kept(bed: Bed) {
    let mut write = bed.write().await;
    write.insert_scope(&scope("one")).await.unwrap();
    let error = write.insert_scope(&scope("one")).await.unwrap_err();
    assert_eq!(error.to_string(), "scopes.name is taken");
    assert!(matches!(write.insert_scope(&scope("two")).await, Err(StoreError::Aborted)));
    assert!(matches!(write.scopes().await, Err(StoreError::Aborted)));
    assert!(matches!(write.commit().await, Err(StoreError::Aborted)));
    assert!(bed.store.scopes().await.unwrap().is_empty());
}

async fn of_two_writers_of_one_version_exactly_one_wins(bed: Bed) {
    let app = application("o", "app");
    let mut write = bed.write().await;
    write.insert_application(&app).await.unwrap();
    write.commit().await.unwrap();
    let mut writers = Vec::new();
    for writer in 0..8 {
        let store = if writer % 2 == 0 { bed.store.clone() } else { bed.another().await };
        let row = ApplicationRow { document: json!(writer), ..app.clone() };
        writers.push(tokio::spawn(async move {
            let mut write = begin(&store).await;
            let row = write.update_application(row).await?;
            write.commit().await.map(|()| row)
        }));
    }
    let mut won = Vec::new();
    for writer in writers {
        match writer.await.unwrap() {
            Ok(row) => won.push(row),
            Err(error) => assert!(matches!(error, StoreError::VersionMismatch), "{error:?}"),
        }
    }
    assert_eq!(won.len(), 1);
    assert_eq!(bed.store.application(app.id).await.unwrap().unwrap(), won[0]);
}

async fn twenty_writers_at_once_lose_nothing(bed: Bed) {
    const EACH: usize = 5;
    let other = bed.another().await;
    let mut writers = Vec::new();
    for writer in 0..20 {
        let store = if writer % 2 == 0 { bed.store.clone() } else { other.clone() };
        writers.push(tokio::spawn(async move {
            for number in 0..EACH {
                let mut write = begin(&store).await;
                let name = format!("{writer}-{number}");
                write.insert_application(&application("o", &name)).await.unwrap();
                write.commit().await.unwrap();
            }
        }));
    }
    // Meanwhile somebody follows: numbers come without gaps and never out of order.
    let store = bed.store.clone();
    let follower = tokio::spawn(async move {
        let mut seen = 0;
        while seen < 100 {
            for change in store.changes_since(seen, 7).await.unwrap() {
                assert_eq!(change.sequence, seen + 1, "a change was missed");
                seen = change.sequence;
            }
        }
    });
    for writer in writers {
        writer.await.unwrap();
    }
    follower.await.unwrap();
    let filter = ApplicationFilter { limit: 1000, ..ApplicationFilter::default() };
    let page = bed.store.applications(&filter).await.unwrap();
    assert_eq!((page.total, page.rows.len()), (100, 100));
    let audit = bed.store.audit_since(0, 1000).await.unwrap();
    let numbers: Vec<u64> = audit.iter().map(|row| row.sequence).collect();
    assert_eq!(numbers, (1..=100).collect::<Vec<u64>>());
}

async fn readers_do_not_wait_for_the_writer(bed: Bed) {
    let app = application("o", "app");
    let mut write = bed.write().await;
    write.insert_application(&app).await.unwrap();
    // The transaction is still open.
    assert!(bed.store.application(app.id).await.unwrap().is_none());
    write.commit().await.unwrap();
    assert!(bed.store.application(app.id).await.unwrap().is_some());
}
