//! Round trips, tampering, and keys from text and files.

use std::fs;

use proptest::prelude::*;

use super::*;

fn key(byte: u8) -> SealingKey {
    SealingKey::from_bytes(&[byte; 32]).unwrap()
}

proptest! {
    #[test]
    fn what_is_sealed_opens_in_its_row_and_nowhere_else(
        secret in ".{0,200}", table in "[a-z_]{1,20}", row in ".{0,40}", other in ".{0,40}",
    ) {
        let sealed = key(1).seal(&table, &row, &SecretString::from(secret.clone())).unwrap();
        let opened = key(1).open(&table, &row, &sealed).unwrap();
        prop_assert_eq!(opened.expose_secret(), secret);
        prop_assert!(key(2).open(&table, &row, &sealed).is_err());
        let other_table = format!("{table}s");
        prop_assert!(key(1).open(&other_table, &row, &sealed).is_err());
        if row != other {
            prop_assert!(key(1).open(&table, &other, &sealed).is_err());
        }
    }

    #[test]
    fn a_changed_character_is_refused(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9+/.=]") {
        let sealed = key(1).seal("clients", "one", &SecretString::from("secret")).unwrap();
        let at = at.index(sealed.len());
        let mut changed = sealed.clone();
        changed.replace_range(at..=at, &to);
        prop_assert_eq!(changed == sealed, key(1).open("clients", "one", &changed).is_ok());
    }

    #[test]
    fn nothing_that_is_not_sealed_opens(text in ".{0,100}") {
        prop_assert!(key(1).open("clients", "one", &text).is_err());
        let with_our_id = format!("{}.{text}", key(1).0.id);
        prop_assert!(key(1).open("clients", "one", &with_our_id).is_err());
    }
}

#[test]
fn the_same_secret_is_never_sealed_the_same_way() {
    let seal = || key(1).seal("clients", "one", &SecretString::from("secret")).unwrap();
    assert_ne!(seal(), seal());
}

#[test]
fn a_key_is_32_bytes_in_hexadecimal_or_either_base64() {
    let sealed = key(0xfb).seal("t", "r", &SecretString::from("x")).unwrap();
    let standard = "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=";
    for text in [
        "fb".repeat(32),
        "FB".repeat(32),
        standard.to_owned(),
        standard.trim_end_matches('=').to_owned(),
        standard.replace('+', "-").replace('/', "_"),
        format!(" {standard}\n"),
    ] {
        let key = SealingKey::from_text(&text).unwrap();
        assert_eq!(key.open("t", "r", &sealed).unwrap().expose_secret(), "x", "{text}");
    }
    for text in ["", "secret", &"fb".repeat(31), &"fb".repeat(33), &"zz".repeat(32)] {
        assert!(matches!(SealingKey::from_text(text), Err(SealingKeyError::Form)), "{text}");
    }
}

#[test]
fn a_key_is_not_shown() {
    let shown = format!("{:?}", SealingKey::from_text(&"fb".repeat(32)).unwrap());
    assert!(!shown.contains("fbfb") && !shown.contains("251"), "{shown}");
}

#[test]
fn a_key_file_is_made_once_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sealing.key");
    let mut news = 0;
    // Many at once, as when several processes start together.
    let ids: Vec<String> = std::thread::scope(|scope| {
        let make = || SealingKey::from_file_or_create(&path).unwrap();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
        let made = threads.into_iter().map(|thread| thread.join().unwrap());
        made.map(|(key, is_new)| {
            news += usize::from(is_new);
            key.0.id.clone()
        })
        .collect()
    });
    assert_eq!(news, 1, "one of them has made it, and knows");
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no drafts are left");
}

#[test]
fn a_damaged_key_file_is_refused_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sealing.key");
    fs::write(&path, "half a ke").unwrap();
    assert!(matches!(SealingKey::from_file_or_create(&path), Err(SealingKeyError::Form)));
    assert_eq!(fs::read_to_string(&path).unwrap(), "half a ke");
    let nowhere = SealingKey::from_file_or_create("/nonexistent/sealing.key");
    assert!(matches!(nowhere, Err(SealingKeyError::File { .. })));
}

#[test]
fn a_token_has_one_digest_under_one_key_and_tells_nothing_of_itself() {
    let (one, other) = (key(1), key(2));
    let digest = one.token_digest("_0XBPWQQ_453276");
    assert_eq!(digest, key(1).token_digest("_0XBPWQQ_453276"));
    assert_ne!(digest, one.token_digest("_0XBPWQQ_453277"));
    assert_ne!(digest, other.token_digest("_0XBPWQQ_453276"));
    let plain = digest::digest(&digest::SHA256, b"_0XBPWQQ_453276");
    assert_ne!(digest.as_bytes(), plain.as_ref());
}
