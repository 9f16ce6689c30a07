//! Checklists that are held by tests: a row is held by a test that has the row's name in its own. The
//! lists are in `tests/e2e/rows`.

use std::fs;
use std::path::Path;

use crate::workspace;

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub id: String,
    /// How binding it is, as the head of its list says.
    pub level: String,
}

impl Row {
    /// What is marked L, for later, is promised by nothing yet.
    #[must_use]
    pub fn is_promised(&self) -> bool {
        self.level != "L"
    }
}

/// The rows of a list.
///
/// # Panics
/// If there is no such list, or it has a line that is no row.
#[must_use]
pub fn rows(list: &str) -> Vec<Row> {
    let path = workspace::root().join("tests/e2e/rows").join(list);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    read(&text)
}

fn read(text: &str) -> Vec<Row> {
    let rows = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|line| {
        let mut words = line.split_whitespace().map(str::to_owned);
        match (words.next(), words.next(), words.next()) {
            (Some(id), Some(level), Some(_)) => Row { id, level },
            _ => panic!("id, level, a few words: {line}"),
        }
    })
    .collect()
}

/// Names of all test functions in the workspace, one a line.
#[must_use]
pub fn tests() -> String {
    let mut names = String::new();
    for room in ["crates", "tests/e2e/tests"] {
        collect(&workspace::root().join(room), &mut names);
    }
    names
}

fn collect(folder: &Path, names: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            for line in fs::read_to_string(path).expect("a source").lines() {
                let line = line.trim_start();
                if let Some(rest) =
                    line.strip_prefix("fn ").or_else(|| line.strip_prefix("async fn "))
                {
                    names.push_str(rest.split('(').next().unwrap_or_default());
                    names.push('\n');
                }
            }
        }
    }
}

/// Whether one of these tests has the row in its name, as a whole: `cac_1` stands neither in
/// `cac_11_x` nor in `cac_1_1_x` nor in `xcac_1_y`.
#[must_use]
pub fn is_held(row: &str, tests: &str) -> bool {
    tests.lines().any(|name| {
        name.match_indices(row).any(|(at, _)| {
            let (before, after) = (&name[..at], &name[at + row.len()..]);
            let begins = before.is_empty() || before.ends_with('_');
            let more = after.strip_prefix('_').map(|rest| rest.chars().next());
            let ends = after.is_empty()
                || more.is_some_and(|next| next.is_none_or(|next| !next.is_ascii_digit()));
            begins && ends
        })
    })
}
