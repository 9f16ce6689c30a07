//! Secrets at rest.

use phantom_store::*;
use secrecy::ExposeSecret;

use crate::bed::*;

on_both! {
    no_file_of_the_database_holds_a_secret,
    another_sealing_key_is_noticed_at_the_start,
    what_was_written_is_there_after_closing_and_opening,
}

async fn filled(bed: &Bed) -> KeyMappingRow {
    let (manager, app) = (key_manager("a-name-to-find"), application("o", "app"));
    let mapping = key_mapping(app.id, manager.id, "key");
    let mut write = bed.write().await;
    write.insert_client(&client("c", "c", ClientPurpose::Registered)).await.unwrap();
    write.insert_key_manager(&manager).await.unwrap();
    write.insert_application(&app).await.unwrap();
    write.insert_key_mapping(&mapping).await.unwrap();
    write.commit().await.unwrap();
    mapping
}

async fn no_file_of_the_database_holds_a_secret(bed: Bed) {
    filled(&bed).await;
    bed.store.close().await;
    assert!(bed.place.holds("a-name-to-find"), "the search finds nothing at all");
    for secret in ["the-client-secret", "the-introspection-secret", "the-consumer-secret"] {
        assert!(!bed.place.holds(secret), "{secret}");
    }
}

async fn another_sealing_key_is_noticed_at_the_start(bed: Bed) {
    filled(&bed).await;
    let settings = bed.place.settings();
    let sealing = SealingKey::from_text(&"ab".repeat(32)).unwrap();
    let error = Store::open(&StoreSettings { sealing, ..settings }).await.unwrap_err();
    assert!(matches!(error, StoreError::WrongSealingKey), "{error:?}");
    assert!(error.to_string().contains("start with the key"), "{error}");
    // The right key still opens it.
    bed.another().await.ping().await.unwrap();
}

async fn what_was_written_is_there_after_closing_and_opening(bed: Bed) {
    let mapping = filled(&bed).await;
    bed.store.close().await;
    assert!(bed.store.ping().await.unwrap_err().is_unavailable());
    let store = bed.another().await;
    let read = store.key_mapping(mapping.id).await.unwrap().unwrap();
    assert_eq!(read.secret.unwrap().expose_secret(), "the-consumer-secret");
}

#[tokio::test]
async fn a_sealed_value_opens_in_no_other_row() {
    let bed = Bed::sqlite().await;
    let mut write = bed.write().await;
    write.insert_client(&client("a", "a", ClientPurpose::Registered)).await.unwrap();
    write.insert_client(&client("b", "b", ClientPurpose::Registered)).await.unwrap();
    write.commit().await.unwrap();
    let Database::Sqlite { path } = bed.place.settings().database else { panic!() };
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let moved = "UPDATE clients SET secret = (SELECT secret FROM clients WHERE client_id = 'a') \
         WHERE client_id = 'b'";
    sqlx::query(moved).execute(&pool).await.unwrap();
    pool.close().await;
    assert!(bed.store.client("a").await.is_ok());
    let error = bed.store.client("b").await.unwrap_err();
    assert!(matches!(error, StoreError::Sealed), "{error:?}");
}

#[tokio::test]
async fn the_file_of_the_database_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let bed = Bed::sqlite().await;
    filled(&bed).await;
    let Place::Sqlite(directory) = &bed.place else { panic!() };
    let mut files = 0;
    for entry in std::fs::read_dir(directory.path()).unwrap().map(Result::unwrap) {
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.path());
        files += 1;
    }
    assert_eq!(files, 3, "the database, its log and its index");
}
