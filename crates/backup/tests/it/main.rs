//! Backup and restore, from one real store to another.

mod hostile;
mod planted;

use phantom_backup as backup;
use phantom_backup::Backup;
use phantom_backup::BackupError;
use phantom_backup::BackupKey;
use phantom_backup::Diff;
use phantom_backup::Others;
use phantom_core::UnixTime;
use phantom_store::ApplicationRow;
use phantom_store::ConditionType;
use phantom_store::DenyPolicyRow;
use phantom_store::MappedKeyType;
use phantom_store::PlanRow;
use phantom_store::Store;
use phantom_store::UserRow;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde_json::json;

use planted::API;
use planted::APPLICATION;
use planted::KEY_MANAGER;
use planted::KEY_MAPPING;
use planted::LATER;
use planted::NOW;
use planted::PLAN;
use planted::SECRETS;
use planted::SUBSCRIPTION;
use planted::TestStore;
use planted::id;

fn key() -> BackupKey {
    BackupKey::from_text(&"5e".repeat(32)).unwrap()
}

async fn exported(store: &Store) -> String {
    backup::export(store, &key(), NOW).await.unwrap()
}

fn read(text: &str) -> Backup {
    Backup::read(text, &key()).unwrap()
}

async fn compared(store: &Store, text: &str, others: Others) -> Diff {
    backup::compare(store, &read(text), others, LATER).await.unwrap()
}

async fn imported(store: &Store, text: &str, others: Others) -> Diff {
    let diff = compared(store, text, others).await;
    backup::apply(store, &read(text), others, &diff, LATER).await.unwrap();
    diff
}

fn changes(diff: &Diff) -> Vec<String> {
    diff.changes().iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_store_comes_back_byte_by_byte_but_for_the_time_in_the_header() {
    let (from, to) = (TestStore::planted().await, TestStore::empty().await);
    let first = exported(&from.store).await;
    let diff = imported(&to.store, &first, Others::Keep).await;
    assert_eq!(diff.changes().len(), 17, "{diff}");
    let second = backup::export(&to.store, &key(), LATER).await.unwrap();
    let without_time = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.starts_with("created_at: ")).map(str::to_owned).collect()
    };
    assert_ne!(first, second);
    assert_eq!(without_time(&first), without_time(&second));

    assert!(compared(&to.store, &first, Others::Remove).await.is_empty());
    assert_eq!(
        to.store.key_mappings(APPLICATION).await.unwrap()[0]
            .secret
            .as_ref()
            .unwrap()
            .expose_secret(),
        SECRETS[3]
    );
    let key_manager = to.store.key_manager(KEY_MANAGER).await.unwrap().unwrap();
    assert_eq!(key_manager.secrets["client_secret"].expose_secret(), SECRETS[2]);
    assert_eq!(to.store.next_revision_number(API).await.unwrap(), 4);
    let audited = to.store.audit_latest(100, 0).await.unwrap();
    assert!(audited.iter().all(|line| line.who == "phantom import" && line.address.is_none()));
    assert!(to.store.last_change().await.unwrap() > 0);
}

#[tokio::test]
async fn a_deny_policy_that_names_whom_it_denies_comes_back() {
    let (from, to) = (TestStore::empty().await, TestStore::empty().await);
    let mut write = from.write().await;
    let (kind, document) = (ConditionType::User, json!("sue"));
    let row = DenyPolicyRow { id: id(30), kind, enabled: true, document, version: 1 };
    write.insert_deny_policy(&row).await.unwrap();
    write.commit().await.unwrap();
    imported(&to.store, &exported(&from.store).await, Others::Keep).await;
    assert_eq!(to.store.deny_policies().await.unwrap(), [row]);
}

#[tokio::test]
async fn the_file_says_what_it_is_and_holds_no_secret_in_clear() {
    let from = TestStore::planted().await;
    let text = exported(&from.store).await;
    let head: Vec<&str> = text.lines().take(5).collect();
    assert_eq!(head[0], "phantom_backup: 1");
    assert!(head[1].starts_with("created_at: ") && head[1].contains("2026-10-16T00:59:05.678Z"));
    assert_eq!(head[2], concat!("product: phantom ", env!("CARGO_PKG_VERSION")));
    assert!(head[3].starts_with("key: ") && head[3].contains(key().id()));
    assert_eq!(head[4], "users:");
    let empty = TestStore::empty().await;
    let diff = compared(&empty.store, &text, Others::Keep).await;
    for secret in SECRETS {
        assert!(!text.contains(secret));
        assert!(!format!("{diff} {diff:?}").contains(secret));
    }
    assert!(!text.contains("planted"), "{text}");
}

#[tokio::test]
async fn entries_stand_in_the_order_of_kind_and_name() {
    let text = exported(&TestStore::planted().await.store).await;
    let sections: Vec<&str> = text
        .lines()
        .skip(4)
        .filter(|line| !line.is_empty() && !line.starts_with([' ', '-']))
        .filter_map(|line| line.split(':').next())
        .collect();
    let all: Vec<&str> = backup::Kind::ALL.iter().map(|kind| kind.section()).collect();
    assert_eq!(sections, all, "{text}");
    assert!(text.find("name: admin").unwrap() < text.find("name: sue").unwrap());
}

#[tokio::test]
async fn a_partial_change_shows_itself_and_nothing_else_and_is_undone() {
    let planted = TestStore::planted().await;
    let store = &planted.store;
    let text = exported(store).await;

    let mut write = planted.write().await;
    let application = write.application(APPLICATION).await.unwrap().unwrap();
    let document = json!({"attributes": {"team": "a"}});
    write.update_application(ApplicationRow { document, ..application }).await.unwrap();
    let mut key_manager = write.key_manager(KEY_MANAGER).await.unwrap().unwrap();
    key_manager.secrets.insert("client_secret".to_owned(), SecretString::from("another"));
    key_manager.enabled = false;
    write.update_key_manager(key_manager).await.unwrap();
    write.delete_subscription(SUBSCRIPTION).await.unwrap();
    let user = write.user("sue").await.unwrap().unwrap();
    write.update_user(&UserRow { password_hash: "x".to_owned(), ..user }).await.unwrap();
    write.commit().await.unwrap();

    let diff = imported(store, &text, Others::Keep).await;
    assert_eq!(
        changes(&diff),
        [
            "~ user sue (password_hash)",
            "~ key manager Curity (enabled, secrets.client_secret)",
            "~ application CurityApp (document.attributes)",
            "+ subscription of CurityApp to HttpBin:v1",
        ]
    );
    assert!(
        diff.to_string().contains("users          0 new, 1 changed, 0 removed, 1 as they are\n")
    );
    assert!(compared(store, &text, Others::Remove).await.is_empty());
    assert_eq!(store.user("sue").await.unwrap().unwrap().password_hash, SECRETS[4]);
}

#[tokio::test]
async fn what_the_store_never_changes_is_made_anew() {
    let planted = TestStore::planted().await;
    let text = exported(&planted.store).await;
    let mut write = planted.write().await;
    let mapping = write.key_mapping(KEY_MAPPING).await.unwrap().unwrap();
    write.delete_key_mapping(KEY_MAPPING).await.unwrap();
    let moved = phantom_store::KeyMappingRow {
        consumer_key: "another".to_owned(),
        key_type: MappedKeyType::Sandbox,
        ..mapping
    };
    write.insert_key_mapping(&moved).await.unwrap();
    write.commit().await.unwrap();
    let diff = imported(&planted.store, &text, Others::Keep).await;
    assert_eq!(
        changes(&diff),
        ["~ key mapping PRODUCTION of CurityApp at Curity (consumer_key, key_type)"]
    );
    assert!(compared(&planted.store, &text, Others::Keep).await.is_empty());
}

#[tokio::test]
async fn nothing_is_removed_unless_it_is_asked_for_and_revocations_never() {
    let planted = TestStore::planted().await;
    let store = &planted.store;
    let text = exported(store).await;
    let mut write = planted.write().await;
    let plan = write.plan(PLAN).await.unwrap().unwrap();
    let (name, document) = ("Extra".to_owned(), json!({}));
    write.insert_plan(&PlanRow { id: id(99), name, document, ..plan }).await.unwrap();
    let application = write.application(APPLICATION).await.unwrap().unwrap();
    let mut other = application.clone();
    (other.id, other.name) = (id(98), "Other".to_owned());
    write.insert_application(&other).await.unwrap();
    // The plan that goes is the one that an application of the file has now.
    let plan = "Extra".to_owned();
    write.update_application(ApplicationRow { plan, ..application }).await.unwrap();
    let kind = phantom_store::RevocationKind::Subject;
    write.insert_revocation(kind, "eve", NOW, UnixTime::MAX).await.unwrap();
    write.commit().await.unwrap();

    assert_eq!(
        changes(&compared(store, &text, Others::Keep).await),
        ["~ application CurityApp (plan)"]
    );
    let diff = imported(store, &text, Others::Remove).await;
    assert_eq!(
        changes(&diff),
        [
            "- plan Extra of level APPLICATION",
            "~ application CurityApp (plan)",
            "- application Other"
        ]
    );
    assert_eq!(store.revocations(LATER).await.unwrap().len(), 3);
    assert!(compared(store, &text, Others::Remove).await.is_empty());
}

#[tokio::test]
async fn of_revocations_the_number_is_told_and_no_line_each() {
    let text = exported(&TestStore::planted().await.store).await;
    let diff = compared(&TestStore::empty().await.store, &text, Others::Keep).await;
    let told = diff.to_string();
    assert!(told.contains("revocations    ") && !told.contains("+ revocation"), "{told}");
    assert!(told.contains("+ application CurityApp"), "{told}");
}

#[tokio::test]
async fn an_import_leaves_an_administrator_where_there_was_one() {
    let (from, to) = (TestStore::planted().await, TestStore::empty().await);
    for store in [&from.store, &to.store] {
        let admin = phantom_manage::seed::Admin::password("admin");
        phantom_manage::seed::first_start(store, admin, NOW).await.unwrap();
    }
    let mut write = from.write().await;
    let mut users = Vec::new();
    for user in write.users().await.unwrap() {
        let roles = vec![phantom_store::Role::Everyone];
        write.update_user(&phantom_store::UserRow { roles, ..user.clone() }).await.unwrap();
        users.push(user.name);
    }
    write.commit().await.unwrap();
    let text = exported(&from.store).await;
    let diff = compared(&to.store, &text, Others::Remove).await;
    let applied = backup::apply(&to.store, &read(&text), Others::Remove, &diff, LATER).await;
    assert!(matches!(applied, Err(backup::BackupError::NoAdministrator)), "{users:?} {applied:?}");
    assert!(!compared(&to.store, &text, Others::Remove).await.is_empty());
}

#[tokio::test]
async fn a_store_that_was_started_before_becomes_the_backup_with_prune() {
    let (from, to) = (TestStore::planted().await, TestStore::empty().await);
    let admin = || phantom_manage::seed::Admin::password("admin");
    for store in [&from.store, &to.store] {
        phantom_manage::seed::first_start(store, admin(), NOW).await.unwrap();
    }
    let text = exported(&from.store).await;
    let refused = backup::compare(&to.store, &read(&text), Others::Keep, NOW).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("is that of another key manager of the store"), "{refused}");
    assert!(refused.contains("--prune"), "{refused}");
    imported(&to.store, &text, Others::Remove).await;
    assert_eq!(exported(&to.store).await, text);
}

#[tokio::test]
async fn comparing_writes_nothing_and_a_store_that_moved_on_is_not_written() {
    let (from, to) = (TestStore::planted().await, TestStore::planted().await);
    let mut write = from.write().await;
    write.delete_subscription(SUBSCRIPTION).await.unwrap();
    write.commit().await.unwrap();
    let text = exported(&to.store).await;
    let (audit, change) =
        (from.store.audit_latest(1, 0).await.unwrap(), from.store.last_change().await.unwrap());
    let diff = compared(&from.store, &text, Others::Keep).await;
    assert_eq!(diff.changes().len(), 1);
    assert_eq!(from.store.audit_latest(1, 0).await.unwrap(), audit);
    assert_eq!(from.store.last_change().await.unwrap(), change);

    let mut write = from.write().await;
    write.delete_user("sue").await.unwrap();
    write.commit().await.unwrap();
    let before = exported(&from.store).await;
    let applied = backup::apply(&from.store, &read(&text), Others::Keep, &diff, NOW).await;
    assert!(matches!(applied, Err(BackupError::ChangedMeanwhile)));
    assert_eq!(exported(&from.store).await, before);

    // Also where the list would be the same, as of a member that somebody else has changed once more.
    let diff = compared(&from.store, &text, Others::Keep).await;
    let mut write = from.write().await;
    let subscription = write.application(APPLICATION).await.unwrap().unwrap();
    write.update_application(subscription).await.unwrap();
    write.commit().await.unwrap();
    let applied = backup::apply(&from.store, &read(&text), Others::Keep, &diff, NOW).await;
    assert!(matches!(applied, Err(BackupError::ChangedMeanwhile)));
}

#[tokio::test]
async fn an_import_that_fails_leaves_the_store_as_it_was() {
    let planted = TestStore::planted().await;
    let store = &planted.store;
    let mut write = planted.write().await;
    let application = write.application(APPLICATION).await.unwrap().unwrap();
    let second = ApplicationRow { id: id(50), name: "Second".to_owned(), ..application };
    write.insert_application(&second).await.unwrap();
    write.commit().await.unwrap();
    let before = exported(store).await;
    // Each takes the other's name. Both are unique in the end, but not half way.
    let swapped = before
        .replace("name: CurityApp", "name: Between")
        .replace("name: Second", "name: CurityApp")
        .replace("name: Between", "name: Second")
        .replace("roles:\n  - admin\n", "roles:\n");
    let diff = compared(store, &swapped, Others::Keep).await;
    assert!(diff.changes().len() >= 2, "{diff}");
    let error = backup::apply(store, &read(&swapped), Others::Keep, &diff, NOW).await.unwrap_err();
    assert!(error.to_string().starts_with("nothing was imported: application "), "{error}");
    assert_eq!(exported(store).await, before);
}

#[tokio::test]
async fn revocations_that_have_expired_since_stay_forgotten() {
    let (from, to) = (TestStore::planted().await, TestStore::empty().await);
    let text = exported(&from.store).await;
    let later = LATER.plus(std::time::Duration::from_secs(60));
    let backup = read(&text);
    let diff = backup::compare(&to.store, &backup, Others::Keep, later).await.unwrap();
    backup::apply(&to.store, &backup, Others::Keep, &diff, later).await.unwrap();
    assert_eq!(to.store.revocations(later).await.unwrap().len(), 1);
    let again = backup::compare(&to.store, &backup, Others::Keep, later).await.unwrap();
    assert!(again.is_empty(), "{again}");
}
