//! The commands of the tutorials, as they are printed there: `tests/e2e/tutorials`.

use std::fs;

use crate::workspace;

/// The blocks of a file, in its order. Behind its head of comments, an empty line ends a block.
///
/// # Panics
/// If there is no such file.
#[must_use]
pub fn blocks(file: &str) -> Vec<String> {
    let path = workspace::root().join("tests/e2e/tutorials").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let blocks = text.split("\n\n").map(str::trim_end).filter(|block| !block.starts_with('#'));
    blocks.map(str::to_owned).collect()
}
