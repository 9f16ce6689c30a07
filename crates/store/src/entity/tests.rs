//! A name that there is not, in each closed set that is stored.

use phantom_core::UnixTime;

use super::api::ApiRow;
use super::deny_policy::DenyPolicyRow;
use super::key_mapping::KeyMappingRow;
use super::plan::PlanRow;
use super::revocation::RevocationRow;
use super::subscription::SubscriptionRow;
use super::token::TokenRow;
use crate::Actor;
use crate::Database;
use crate::SealingKey;
use crate::Store;
use crate::StoreError;
use crate::StoreSettings;
use crate::Write;
use crate::columns::Record;

const ID: &str = "01900000-0000-7000-8000-000000000001";

/// A row of each table; `$` stands for a name of a set, `@` for an id, `#` for a digest.
const ROWS: [&str; 10] = [
    "apis VALUES ('@', 'A', 'a', 'v1', '/a', '/a', 'sue', '$', '{}', 1, 0, 0, 0)",
    "applications VALUES ('@', 'A', 'a', 'sue', 'Gold', '{}', 1, 0, 0)",
    "subscriptions VALUES ('@', '@', '@', 'Gold', 'Gold', '$', 1, 0, 0, 'sue', 'a')",
    "key_managers VALUES ('@', 'K', 'k', 1, '{}', '', 1, 0, 0)",
    "key_mappings VALUES ('@', '@', '@', '$', 'key', NULL, 'MAPPED', '{}', 0)",
    "deny_policies VALUES ('@', '$', 1, '{}', 1)",
    "plans VALUES ('@', '$', 'Gold', '{}', 1, 0)",
    "revocations VALUES (1, '$', 'sue', 0, 1)",
    "clients VALUES ('c', 'c', 'sue', '', '[]', NULL, 'DEFAULT', 'REGISTERED', '{}', 0)",
    "tokens VALUES ('#', '$', '@', 'c', NULL, '', 0, 1)",
];

async fn planted() -> (Write, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let settings = StoreSettings {
        database: Database::Sqlite { path: directory.path().join("store.db") },
        sealing: SealingKey::from_text(&"ab".repeat(32)).unwrap(),
    };
    let store = Store::open(&settings).await.unwrap();
    let actor = Actor { name: "test".to_owned(), address: None };
    let mut write = store.write(&actor, UnixTime::from_secs(0)).await.unwrap();
    for row in ROWS {
        let row = row.replace('@', ID).replace('$', "ASLEEP").replace('#', &"0".repeat(64));
        write.session.script(format!("INSERT INTO {row}")).await.unwrap();
    }
    (write, directory)
}

#[tokio::test]
async fn a_name_that_there_is_not_is_a_corrupt_database() {
    async fn read<T: Record>(write: &mut Write) -> String {
        let read: Result<Vec<T>, StoreError> = write.session.ask("", &[]).await;
        match read.map(|rows| rows.len()) {
            Err(StoreError::Corrupt { what }) => what,
            other => panic!("{other:?}"),
        }
    }
    let (mut write, _directory) = planted().await;
    let told = |column: &str| format!("{column} has the unknown name \"ASLEEP\"");
    assert_eq!(read::<ApiRow>(&mut write).await, told("state"));
    assert_eq!(read::<SubscriptionRow>(&mut write).await, told("status"));
    assert_eq!(read::<KeyMappingRow>(&mut write).await, told("key_type"));
    assert_eq!(read::<DenyPolicyRow>(&mut write).await, told("kind"));
    assert_eq!(read::<PlanRow>(&mut write).await, told("level"));
    assert_eq!(read::<RevocationRow>(&mut write).await, told("kind"));
    assert_eq!(read::<TokenRow>(&mut write).await, told("kind"));
}
