//! Checklists that are held by tests: a row is held by a test above which a line says so, as
//! `/// Rows: CAC-4, INT-2`. The lists are in `tests/e2e/rows`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::workspace;

/// Begins the line that says which rows a test holds.
const MARK: &str = "/// Rows: ";

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

/// The ids of all rows that tests of the workspace say they hold.
///
/// # Panics
/// If such a line stands where no test follows.
#[must_use]
pub fn held() -> BTreeSet<String> {
    let mut held = BTreeSet::new();
    for room in ["crates", "tests/e2e/tests"] {
        collect(&workspace::root().join(room), &mut held);
    }
    held
}

fn collect(folder: &Path, held: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, held);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).expect("a source");
            let marked = marked(&source);
            held.extend(marked.unwrap_or_else(|line| panic!("{}: {line}", path.display())));
        }
    }
}

/// The ids of the rows that a source's tests say they hold, or the line that no test follows. Between
/// the two there are more such lines, other comments and attributes.
///
/// # Errors
/// The line that stands where it says nothing.
pub fn marked(source: &str) -> Result<Vec<String>, String> {
    let mut ids = Vec::new();
    let mut open = None;
    for line in source.lines().map(str::trim_start) {
        let is_function =
            ["fn ", "async fn ", "pub async fn "].iter().any(|it| line.starts_with(it));
        if let Some(list) = line.strip_prefix(MARK) {
            ids.extend(list.split(", ").map(str::to_owned));
            open = Some(line);
        } else if is_function {
            open = None;
        } else if let Some(mark) = open.filter(|_| line.is_empty()) {
            return Err(mark.to_owned());
        }
    }
    open.map_or(Ok(ids), |mark| Err(mark.to_owned()))
}
