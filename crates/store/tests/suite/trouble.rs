//! Disks that are full, servers that are gone, files that are something else.

use std::process::Command;

use phantom_store::*;
use serde_json::json;
use sqlx::Connection;

use crate::bed::*;

#[tokio::test]
async fn a_postgresql_that_went_away_is_unavailable_until_it_is_back() {
    let mut bed = Bed::postgres().await;
    let Place::Postgres(server) = &mut bed.place else { panic!() };
    let mut write = begin(&bed.store).await;
    write.insert_scope(&scope("half")).await.unwrap();
    server.stop();
    let error = write.commit().await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    let error = bed.store.ping().await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    let actor = Actor { name: "admin".to_owned(), address: None };
    let error = bed.store.write(&actor, at(1)).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    server.resume();
    bed.store.ping().await.unwrap();
    assert!(bed.store.scopes().await.unwrap().is_empty());
    let mut write = bed.write().await;
    write.insert_scope(&scope("whole")).await.unwrap();
    write.commit().await.unwrap();
}

#[tokio::test]
async fn a_postgresql_that_may_not_be_written_is_full_and_can_be_read() {
    let bed = Bed::postgres().await;
    let Place::Postgres(server) = &bed.place else { panic!() };
    let mut admin = sqlx::PgConnection::connect(&server.url()).await.unwrap();
    let read_only = "ALTER DATABASE postgres SET default_transaction_read_only = on";
    sqlx::query(read_only).execute(&mut admin).await.unwrap();
    admin.close().await.unwrap();
    bed.store.close().await;
    let url = server.url().into();
    let settings = StoreSettings { database: Database::Postgres { url }, ..bed.place.settings() };
    let error = Store::open(&settings).await.unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert!(error.is_unavailable());
}

const LIMITED: &str = "PHANTOM_STORE_TEST_LIMITED";

/// In a process that may not make long files.
#[tokio::test]
async fn a_full_disk_refuses_writes_and_goes_on_reading() {
    if std::env::var_os(LIMITED).is_some() {
        return write_until_full().await;
    }
    // The signal that goes with the limit would end the process; ignored, the write fails.
    let script = "trap '' XFSZ; ulimit -f 2048; exec \"$@\"";
    let output = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["trouble::a_full_disk_refuses_writes_and_goes_on_reading", "--exact", "--nocapture"])
        .env(LIMITED, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("found it full"), "{output:?}");
}

#[allow(clippy::print_stdout, reason = "tells the parent that it got that far")]
async fn write_until_full() {
    let bed = Bed::sqlite().await;
    let mut kept = 0;
    let error = loop {
        assert!(kept < 1000, "nothing limits this process");
        let row = ScopeRow { document: json!("x".repeat(10_000)), ..scope(&kept.to_string()) };
        let mut write = bed.write().await;
        let written = match write.insert_scope(&row).await {
            Ok(()) => write.commit().await,
            Err(error) => Err(error),
        };
        match written {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert!(error.is_unavailable());
    assert_eq!(bed.store.scopes().await.unwrap().len(), kept);
    println!("found it full after {kept}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let text = "not a database, but long enough to look like one. ".repeat(100);
    std::fs::write(&path, &text).unwrap();
    let place = Place::Sqlite(directory);
    let error = Store::open(&place.settings()).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert_eq!(std::fs::read_to_string(path).unwrap(), text);
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_unavailable() {
    let place = Place::Sqlite(tempfile::tempdir().unwrap());
    let settings = StoreSettings {
        database: Database::Sqlite { path: "/nonexistent/store.db".into() },
        ..place.settings()
    };
    assert!(Store::open(&settings).await.unwrap_err().is_unavailable());
}

#[tokio::test]
async fn a_database_of_a_later_version_is_refused() {
    let bed = Bed::sqlite().await;
    bed.place.run("INSERT INTO migrations (number) VALUES (99)").await;
    let error = Store::open(&bed.place.settings()).await.unwrap_err();
    assert!(matches!(error, StoreError::TooNew { .. }), "{error:?}");
}

#[tokio::test]
async fn a_url_that_is_none_is_refused_without_its_password() {
    let place = Place::Sqlite(tempfile::tempdir().unwrap());
    let url = "postgres://user:the-password@host:not-a-port/x".to_owned();
    let settings =
        StoreSettings { database: Database::Postgres { url: url.into() }, ..place.settings() };
    let error = Store::open(&settings).await.unwrap_err();
    assert!(matches!(error, StoreError::Settings { .. }), "{error:?}");
    assert!(!format!("{error:?} {settings:?}").contains("the-password"), "{error:?}");
}
