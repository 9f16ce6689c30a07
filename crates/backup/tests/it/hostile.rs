//! Files that were changed, or made to do harm.

use phantom_backup as backup;
use phantom_backup::Backup;
use phantom_backup::BackupKey;
use phantom_backup::Others;

use super::exported;
use super::key;
use super::planted::NOW;
use super::planted::SECRETS;
use super::planted::TestStore;

async fn text() -> String {
    exported(&TestStore::planted().await.store).await
}

fn refused(text: &str) -> String {
    let error = Backup::read(text, &key()).unwrap_err();
    let told = format!("{error} {error:?}");
    for secret in SECRETS {
        assert!(!told.contains(secret), "{told}");
    }
    error.to_string()
}

/// The text with what follows `before` in its first line replaced.
fn with(text: &str, before: &str, value: &str) -> String {
    let start = text.find(before).unwrap() + before.len();
    let end = start + text[start..].find('\n').unwrap();
    format!("{}{value}{}", &text[..start], &text[end..])
}

#[tokio::test]
async fn a_secret_that_was_changed_or_moved_is_refused() {
    let text = text().await;
    let start = text.find("  password_hash: ").unwrap() + "  password_hash: ".len();
    let sealed = &text[start..start + text[start..].find('\n').unwrap()];
    let mut other = sealed.to_owned();
    let middle = other.len() / 2;
    let changed = if &other[middle..=middle] == "A" { "B" } else { "A" };
    other.replace_range(middle..=middle, changed);
    let expected = "is not as it was sealed for this entry: it was changed, or taken from another";
    let told = refused(&text.replace(sealed, &other));
    assert!(told.contains(&format!("users[0].password_hash: {expected}")), "{told}");
    let told = refused(&with(&text, "    client_secret: ", sealed));
    assert!(told.contains(&format!("key_managers[0].secrets: {expected}")), "{told}");
    // The hash of one user is not that of another.
    let renamed = text.replacen("- name: admin", "- name: mallory", 1);
    assert!(refused(&renamed).contains(&format!("users[0].password_hash: {expected}")));
    let clear = with(&text, "  password_hash: ", SECRETS[4]);
    assert!(refused(&clear).contains(&format!("users[0].password_hash: {expected}")));
}

#[tokio::test]
async fn the_wrong_key_is_told_in_one_sentence() {
    let other = BackupKey::from_text(&"77".repeat(32)).unwrap();
    let error = Backup::read(&text().await, &other).unwrap_err().to_string();
    let expected = format!(
        "the secrets of this backup are sealed with another key (its id is {}, that of the key \
         given is {}): give the key that it was made with",
        key().id(),
        other.id()
    );
    assert_eq!(error, expected);
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once_with_its_place() {
    let text = text().await;
    let mut wrong = with(&text, "  status: ", "ASLEEP");
    wrong = with(&wrong, "  enabled: ", "perhaps");
    wrong = with(&wrong, "  state: ", "FLYING");
    wrong = with(&wrong, "  created_at: ", "yesterday");
    wrong = with(&wrong, "  key_type: ", "TEST");
    wrong = with(&wrong, "  number: ", "-1");
    wrong = with(&wrong, "  owner: ", "[]");
    wrong = with(&wrong, "  roles:", " [emperor]\n  nickname: x").replacen(
        "  nickname: x\n  - admin\n  - Internal/subscriber\n",
        "  nickname: x\n",
        1,
    );
    wrong.push_str("surprise: 1\n");
    let told = refused(&wrong);
    for line in [
        "users[0].roles: holds a role that there is not",
        "users[0].created_at: is a time as 2026-01-31T12:00:00Z",
        "users[0]: unknown member `nickname`",
        "clients[0].owner: is a text: put it in quotes",
        "key_managers[0].enabled: is true or false",
        "apis[0].state: is a name that there is not",
        "revisions[0].number: is a whole number from 1 on",
        "key_mappings[0].key_type: is a name that there is not",
        "subscriptions[0].status: is a name that there is not",
        "the file: unknown member `surprise`",
    ] {
        assert!(told.contains(&format!("\n  {line}")), "{line} is not in\n{told}");
    }
    assert!(told.starts_with("the backup has 10 errors\n"), "{told}");
}

#[tokio::test]
async fn what_refers_to_nothing_and_what_is_there_twice_is_refused() {
    let store = TestStore::empty().await;
    let text = text().await;
    let told = async |text: &str| {
        let backup = Backup::read(text, &key()).unwrap();
        backup::compare(&store.store, &backup, Others::Keep, NOW).await.unwrap_err().to_string()
    };
    let nowhere = with(&text, "  plan: ", "Lead");
    assert_eq!(
        told(&nowhere).await,
        "the backup has 1 error\n  applications[0].plan: names no plan of the file or the store"
    );
    let strange = nowhere.replacen("\napplications:\n- ", "\napplications:\n- nickname: x\n  ", 1);
    assert_eq!(
        told(&strange).await,
        "the backup has 2 errors\n  applications[0]: unknown member `nickname`\n  \
         applications[0].plan: names no plan of the file or the store",
        "a member that nobody asked for hides no other error"
    );
    let at = text.find("apis:\n").unwrap();
    let until = text.find("revisions:\n").unwrap();
    let without_apis = format!("{}{}", &text[..at], &text[until..]);
    let all = told(&without_apis).await;
    for line in [
        "revisions[0].api: names no API of the file or the store",
        "deployments[0].api: names no API of the file or the store",
        "subscriptions[0].api: names no API of the file or the store",
    ] {
        assert!(all.contains(line), "{all}");
    }
    let section = &text[at + "apis:\n".len()..until];
    let twice = format!("{}{section}{}", &text[..until], &text[until..]);
    assert!(told(&twice).await.contains("apis[1]: is the same entry as apis[0]"));
    let other_id = section.replacen("0001\n", "0077\n", 1);
    let other = other_id.replacen("name: HttpBin", "name: HTTPBIN", 1);
    let namesake = format!("{}{other}{}", &text[..until], &text[until..]);
    let all = told(&namesake).await;
    assert!(all.contains(".name: is that of apis["), "{all}");
    assert!(all.contains(".context: is that of apis["), "{all}");
}

#[tokio::test]
async fn a_revision_that_is_not_what_it_was_is_refused() {
    let planted = TestStore::planted().await;
    let text = exported(&planted.store).await;
    let text = with(&text, "  description: \"", "rewritten\"");
    let backup = Backup::read(&text, &key()).unwrap();
    let error = backup::compare(&planted.store, &backup, Others::Keep, NOW).await.unwrap_err();
    assert!(error.to_string().contains("revisions[0]: is not what it is in the store"), "{error}");
}

#[tokio::test]
async fn what_is_no_backup_or_of_another_format_is_told_so() {
    let text = text().await;
    for other in ["", "a: 1\n", "- 1\n", "42\n", "\"text\"\n"] {
        let told = refused(other);
        assert!(told.contains("not a backup") || told.contains("YAML"), "{told}");
    }
    let later = text.replacen("phantom_backup: 1", "phantom_backup: 2", 1);
    assert_eq!(refused(&later), "the backup is of format 2, this program knows format 1");
    assert!(refused(&text.replacen("key: ", "keys: ", 1)).contains("has no `key`"));
}

#[tokio::test]
async fn yaml_that_unfolds_nests_or_repeats_itself_is_refused() {
    let text = text().await;
    let bomb = text.replacen("  document:", "  document: &a {}\n  copy: *a\n  rest:", 1);
    assert!(refused(&bomb).contains("has an anchor"));
    let deep = with(&text, "  vhost: ", &"[".repeat(50_000));
    assert!(refused(&deep).contains("YAML"));
    let twice = text.replacen("users:\n", "users: []\nusers:\n", 1);
    assert!(refused(&twice).contains("a mapping has a key twice"));
    let huge = " ".repeat(backup::MAX_BYTES + 1);
    assert_eq!(refused(&huge), "a backup has at most 256 MiB");
    let many = "users:\n".to_owned() + &"- {}\n".repeat(2000);
    let told = refused(&format!("phantom_backup: 1\nkey: {}\n{many}", key().id()));
    assert!(told.lines().count() <= 102 && told.contains("and 7902 more"), "{told}");
}
