//! Every one of WSO2's behaviours that this product promises has a test that says so.

use std::collections::BTreeSet;

use phantom_e2e::checklist::Row;
use phantom_e2e::checklist::held;
use phantom_e2e::checklist::rows;

const LIST: &str = "wso2.txt";

/// How many rows there are, and how many of them are promised: none may be lost.
const ROWS: (usize, usize) = (284, 266);

/// The rows, and the sections that they are in: `WSO2-8.6.2.1` is in `WSO2-8.6.2`, `WSO2-8.6`, `WSO2-8`.
fn with_sections(rows: &[Row]) -> BTreeSet<&str> {
    let mut known = BTreeSet::new();
    for row in rows {
        let mut id = Some(row.id.as_str());
        while let Some(section) = id {
            known.insert(section);
            id = section.rsplit_once('.').map(|(above, _)| above);
        }
    }
    known
}

#[test]
fn the_list_has_every_row_once_and_knows_the_level_of_each() {
    let rows = rows(LIST);
    let promised = rows.iter().filter(|row| row.is_promised()).count();
    assert_eq!((rows.len(), promised), ROWS);
    let ids: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids.len(), rows.len(), "one stands there twice");
    for row in &rows {
        assert!(row.id.starts_with("WSO2-"), "{row:?}");
        assert!(["T", "E", "D", "L"].contains(&&*row.level), "{row:?}");
    }
}

#[test]
fn every_promised_row_has_a_test_that_says_so() {
    let (rows, held) = (rows(LIST), held());
    let missing: BTreeSet<&str> = rows
        .iter()
        .filter(|row| row.is_promised() && !held.contains(&row.id))
        .map(|row| row.id.as_str())
        .collect();
    assert_eq!(missing, BTreeSet::new());
}

#[test]
fn no_test_says_that_it_holds_a_row_that_is_not_there() {
    let (ours, standards, held) = (rows(LIST), rows("standards.txt"), held());
    let mut known = with_sections(&ours);
    known.extend(standards.iter().map(|row| row.id.as_str()));
    let odd: Vec<&String> = held.iter().filter(|id| !known.contains(id.as_str())).collect();
    assert_eq!(odd, Vec::<&String>::new());
}
