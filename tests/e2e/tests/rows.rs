//! Every row of the standards checklist that this product promises so far has a test that says so.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use phantom_e2e::checklist::Row;
use phantom_e2e::checklist::held;
use phantom_e2e::checklist::marked;
use phantom_e2e::checklist::rows;

const LIST: &str = "standards.txt";

/// Sections of the list and how many rows each has: none may be lost.
const SECTIONS: [(&str, u32); 14] = [
    ("RSP", 11),
    ("CHL", 7),
    ("TOK", 10),
    ("INT", 15),
    ("CAC", 16),
    ("JIR", 8),
    ("JWT", 16),
    ("CLA", 9),
    ("DSC", 10),
    ("HTP", 16),
    ("PRB", 4),
    ("COR", 3),
    ("STR", 3),
    ("PITFALL", 43),
];

/// Rows that need what is not built yet: shared caches, stale use, early refresh, step-up, DPoP.
const LATER: [&str; 9] =
    ["RSP-6", "RSP-7", "RSP-8", "CAC-7", "CAC-12", "CAC-13", "CAC-15", "PITFALL-37", "PITFALL-38"];

/// Whether the row, or each of the rows that stand in its place, has a test.
fn has_test(row: &Row, held: &BTreeSet<String>) -> bool {
    let others = row.id.starts_with("PITFALL") && row.level.contains('-');
    held.contains(&row.id) || (others && row.level.split(',').all(|other| held.contains(other)))
}

#[test]
fn the_list_has_every_row_and_knows_the_level_of_each() {
    let rows = rows(LIST);
    let expected = SECTIONS
        .iter()
        .flat_map(|(section, count)| (1..=*count).map(move |number| format!("{section}-{number}")));
    assert_eq!(
        rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>(),
        expected.collect::<Vec<_>>()
    );

    let known: BTreeMap<&str, &Row> = rows.iter().map(|row| (row.id.as_str(), row)).collect();
    for row in &rows {
        let stands = match &*row.level {
            "M" | "S" | "G" | "L" => true,
            others => {
                others.split(',').all(|other| known.get(other).is_some_and(|r| r.is_promised()))
            }
        };
        assert!(stands, "{row:?}");
    }
}

#[test]
fn later_is_what_is_not_built_yet_and_nothing_else() {
    let rows = rows(LIST);
    let later = rows.iter().filter(|row| !row.is_promised()).map(|row| row.id.as_str());
    assert_eq!(later.collect::<Vec<_>>(), LATER);
}

#[test]
fn every_promised_row_has_a_test_that_says_so() {
    let (rows, held) = (rows(LIST), held());
    let missing: BTreeSet<&str> = rows
        .iter()
        .filter(|row| row.is_promised() && !has_test(row, &held))
        .map(|row| row.id.as_str())
        .collect();
    assert_eq!(missing, BTreeSet::new());
}

#[test]
fn a_pitfall_is_held_by_its_own_test_or_by_all_of_its_rows() {
    let row = |level: &str| Row { id: "PITFALL-2".to_owned(), level: level.to_owned() };
    let held = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect();
    assert!(has_test(&row("JWT-4,DSC-6"), &held(&["JWT-4", "DSC-6"])));
    assert!(!has_test(&row("JWT-4,DSC-6"), &held(&["JWT-4", "JWT-6"])));
    assert!(has_test(&row("G"), &held(&["PITFALL-2"])));
    assert!(!has_test(&row("G"), &held(&["JWT-4", "PITFALL-20"])));
}

#[test]
fn rows_are_read_from_the_lines_above_a_test_and_nowhere_else() {
    let source = "/// Words.\n/// Rows: CAC-4, WSO2-8.6\n/// Rows: INT-1\n#[test]\nfn a() {\n\n}\n\
                  // Rows: INT-2\nfn b() {}\n";
    assert_eq!(marked(source).unwrap(), ["CAC-4", "WSO2-8.6", "INT-1"]);
    assert!(marked("/// Rows: CAC-4\n\n#[test]\nfn a() {}\n").is_err());
    assert!(marked("fn a() {}\n/// Rows: CAC-4\n").is_err());
}
