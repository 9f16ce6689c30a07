//! Every one of WSO2's behaviours that this product promises has a test of its name.

use std::collections::BTreeSet;

use phantom_e2e::checklist::Row;
use phantom_e2e::checklist::is_held;
use phantom_e2e::checklist::rows;
use phantom_e2e::checklist::tests;

const LIST: &str = "wso2.txt";

/// How many rows there are, and how many of them are promised: none may be lost.
const ROWS: (usize, usize) = (284, 266);

/// The rows, and the sections that they are in: `wso2_8_6_2_1` is in `wso2_8_6_2`, `wso2_8_6`, `wso2_8`.
fn with_sections(rows: &[Row]) -> BTreeSet<&str> {
    let mut known = BTreeSet::new();
    for row in rows {
        let mut id = row.id.as_str();
        while id != "wso2" {
            known.insert(id);
            id = id.rsplit_once('_').map_or("wso2", |(section, _)| section);
        }
    }
    known
}

/// The rows and sections that a test says it holds: all the numbers behind each `wso2_`.
fn named(test: &str) -> Vec<String> {
    let after = test.split("wso2_").skip(1);
    let ids = after.map(|rest| {
        let numbers = rest.split('_').take_while(|part| part.parse::<u32>().is_ok());
        numbers.collect::<Vec<_>>().join("_")
    });
    ids.filter(|id| !id.is_empty()).map(|id| format!("wso2_{id}")).collect()
}

#[test]
fn the_list_has_every_row_once_and_knows_the_level_of_each() {
    let rows = rows(LIST);
    let promised = rows.iter().filter(|row| row.is_promised()).count();
    assert_eq!((rows.len(), promised), ROWS);
    let ids: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids.len(), rows.len(), "one stands there twice");
    for row in &rows {
        assert!(row.id.starts_with("wso2_"), "{row:?}");
        assert!(["T", "E", "D", "L"].contains(&&*row.level), "{row:?}");
    }
}

#[test]
fn every_promised_row_has_a_test_named_after_it() {
    let (rows, tests) = (rows(LIST), tests());
    let missing: BTreeSet<&str> = rows
        .iter()
        .filter(|row| row.is_promised() && !is_held(&row.id, &tests))
        .map(|row| row.id.as_str())
        .collect();
    assert_eq!(missing, BTreeSet::new());
}

#[test]
fn no_test_is_named_after_a_row_that_is_not_there() {
    let (rows, tests) = (rows(LIST), tests());
    let known = with_sections(&rows);
    let odd: Vec<&str> = tests
        .lines()
        .filter(|test| named(test).iter().any(|id| !known.contains(id.as_str())))
        .collect();
    assert_eq!(odd, Vec::<&str>::new());
}

#[test]
fn a_row_is_held_neither_by_a_longer_number_nor_by_a_row_below_it() {
    assert!(is_held("wso2_6_1_2", "wso2_6_1_1_and_wso2_6_1_2_names\n"));
    assert!(!is_held("wso2_6_1_2", "wso2_6_1_20_names\n"));
    assert!(!is_held("wso2_8_6_2", "wso2_8_6_2_1_active\n"));
    assert!(!is_held("wso2_6_1_2", "wso2_16_1_2_names\n"));
}

#[test]
fn a_test_names_the_rows_behind_each_mark() {
    let test = "wso2_8_1_0_and_wso2_8_8_12_a_path_of_3_parts_and_wso2_faults";
    assert_eq!(named(test), ["wso2_8_1_0", "wso2_8_8_12"]);
}
