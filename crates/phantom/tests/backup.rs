//! `phantom export` and `phantom import` as a user runs them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

const KEY: &str = "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e";

fn phantom(directory: &Path, key: Option<&str>, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phantom"));
    command.current_dir(directory).args(args).stdin(Stdio::null());
    command.env_remove("RUST_LOG").env_remove("PHANTOM_BACKUP_KEY");
    command.env("PHANTOM_USER_PASSWORD", "planted-password");
    if let Some(key) = key {
        command.env("PHANTOM_BACKUP_KEY", key);
    }
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

fn done(directory: &Path, key: Option<&str>, args: &[&str]) -> String {
    let (code, out, err) = phantom(directory, key, args);
    assert_eq!((code, &*err), (Some(0), ""), "{args:?} {out}");
    out
}

/// An installation with a control plane that was never started.
fn installation() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let text = "[gateway]\ndata_dir = \"data\"\n[[listener]]\nbind = \"127.0.0.1:0\"\n\
                [control]\nbind = \"127.0.0.1:0\"\n";
    std::fs::write(directory.path().join("phantom.toml"), text).unwrap();
    directory
}

fn user(directory: &Path, name: &str) {
    let args = ["user", "-c", "phantom.toml", "add", name, "--role", "Internal/subscriber"];
    done(directory, None, &args);
}

const EXPORT: [&str; 5] = ["export", "-c", "phantom.toml", "--output", "backup.yaml"];
const IMPORT: [&str; 4] = ["import", "-c", "phantom.toml", "backup.yaml"];

fn import<'a>(more: &[&'a str]) -> Vec<&'a str> {
    IMPORT.iter().copied().chain(more.iter().copied()).collect()
}

#[test]
fn a_backup_goes_from_one_installation_to_another_under_a_key_of_its_own() {
    let (from, to) = (installation(), installation());
    user(from.path(), "sue");
    assert_eq!(done(from.path(), Some(KEY), &EXPORT), "Written to backup.yaml.\n");
    let file = from.path().join("backup.yaml");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(!text.contains("planted") && !text.contains("argon2"), "{text}");
    std::fs::copy(&file, to.path().join("backup.yaml")).unwrap();

    // Under the other installation's own key it does not open.
    let (code, _, err) = phantom(to.path(), None, &import(&["--yes"]));
    assert_eq!(code, Some(1));
    assert!(err.contains("sealed with another key"), "{err}");

    std::fs::write(to.path().join("key"), format!("{KEY}\n")).unwrap();
    let out = done(to.path(), None, &import(&["--yes", "--key-file", "key"]));
    let shown = "users          1 new, 0 changed, 0 removed, 0 as they are\n+ user sue\n";
    assert_eq!(out, format!("{shown}Imported.\n"));
    let again = done(to.path(), Some(KEY), &import(&["--yes"]));
    assert!(again.ends_with("The store has it all: nothing to import.\n"), "{again}");
    let out = done(to.path(), None, &["user", "-c", "phantom.toml", "list"]);
    assert_eq!(out, "sue\tInternal/subscriber\n");
}

#[test]
fn nothing_is_written_without_yes_or_with_dry_run_and_prune_removes_the_rest() {
    let one = installation();
    user(one.path(), "sue");
    done(one.path(), None, &EXPORT);
    user(one.path(), "eve");
    done(one.path(), None, &["user", "-c", "phantom.toml", "remove", "sue"]);
    let users = || done(one.path(), None, &["user", "-c", "phantom.toml", "list"]);
    let before = users();

    let out = done(one.path(), None, &import(&["--dry-run", "--prune"]));
    assert!(out.contains("+ user sue\n- user eve\nNothing was written: --dry-run.\n"), "{out}");
    let (code, out, err) = phantom(one.path(), None, &IMPORT);
    assert_eq!(code, Some(1));
    assert!(out.contains("+ user sue\n") && !out.contains("eve"), "{out}");
    let expected =
        "phantom: there is no terminal to ask on: look at the changes, then give --yes\n";
    assert_eq!(err, expected);
    assert_eq!(users(), before);

    done(one.path(), None, &import(&["--yes", "--prune"]));
    assert_eq!(users(), "sue\tInternal/subscriber\n");
}

#[test]
fn what_is_wrong_with_a_file_or_a_key_is_one_sentence_and_exits_with_1() {
    let one = installation();
    let out = done(one.path(), Some(KEY), &["export", "-c", "phantom.toml"]);
    assert!(out.starts_with("phantom_backup: 1\n"), "{out}");
    let wrong = out.replace("users: []", "users:\n- name: x\n  nickname: y");
    std::fs::write(one.path().join("backup.yaml"), wrong).unwrap();
    let (code, _, err) = phantom(one.path(), Some(KEY), &import(&["--yes"]));
    assert_eq!(code, Some(1));
    let expected = "phantom: the backup has 4 errors\n  users[0].password_hash: is missing\n  \
                    users[0].roles: is missing\n  users[0].created_at: is missing\n  \
                    users[0]: unknown member `nickname`\n";
    assert_eq!(err, expected);
    let (code, _, err) = phantom(one.path(), Some("planted"), &EXPORT);
    let expected = "phantom: a backup key is 32 bytes, in base64 or hexadecimal\n";
    assert_eq!((code, &*err), (Some(1), expected));
    let (code, _, err) = phantom(one.path(), None, &["import", "-c", "phantom.toml", "none.yaml"]);
    assert_eq!(code, Some(1));
    assert!(err.starts_with("phantom: cannot read none.yaml: "), "{err}");
    assert_eq!(phantom(one.path(), None, &["import", "-c", "phantom.toml"]).0, Some(2));
    let (code, _, err) = phantom(one.path(), None, &["export", "-c", "phantom.toml", "-o", "a/b"]);
    assert_eq!(code, Some(1));
    assert!(err.starts_with("phantom: cannot write a/b: "), "{err}");
}
