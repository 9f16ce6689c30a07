//! The version with the commit it was built from. Git's files are read, so that git need not be there; from
//! a source without them the version is that of the package alone.

use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

fn main() {
    let version = env!("CARGO_PKG_VERSION");
    let version = match commit() {
        Some(commit) => format!("{version} ({commit})"),
        None => version.to_owned(),
    };
    println!("cargo::rustc-env=PHANTOM_VERSION={version}");
    println!("cargo::rerun-if-changed=build.rs");
}

/// The first digits of the checked out commit.
fn commit() -> Option<String> {
    // Asked when it runs: a build folder can have moved here with the program that this is.
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
    let dot_git = here.join("../../.git");
    // Of a worktree it is a file that names the folder.
    let folder = match fs::read_to_string(&dot_git) {
        Ok(text) => {
            let named = PathBuf::from(text.strip_prefix("gitdir:")?.trim());
            dot_git.parent()?.join(named)
        }
        Err(_) => dot_git,
    };
    let common = match fs::read_to_string(folder.join("commondir")) {
        Ok(text) => folder.join(text.trim()),
        Err(_) => folder.clone(),
    };
    let head = watched(&folder.join("HEAD"))?;
    let commit = match head.trim().strip_prefix("ref: ") {
        None => head.trim().to_owned(),
        Some(branch) => match watched(&common.join(branch)) {
            Some(commit) => commit.trim().to_owned(),
            None => packed(&watched(&common.join("packed-refs"))?, branch)?,
        },
    };
    let is_commit = commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then(|| commit.get(..12).map(str::to_owned)).flatten()
}

/// What the file says; another text of it makes another version.
fn watched(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    println!("cargo::rerun-if-changed={}", path.display());
    Some(text)
}

fn packed(refs: &str, branch: &str) -> Option<String> {
    let lines = refs.lines().filter_map(|line| line.split_once(' '));
    lines.into_iter().find(|(_, name)| *name == branch).map(|(commit, _)| commit.to_owned())
}
