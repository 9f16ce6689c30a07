//! Every row of the standards checklist that this product promises so far has a test of its name.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use phantom_e2e::checklist::Row;
use phantom_e2e::checklist::is_held;
use phantom_e2e::checklist::rows;
use phantom_e2e::checklist::tests;

const LIST: &str = "standards.txt";

/// Sections of the list and how many rows each has: none may be lost.
const SECTIONS: [(&str, u32); 14] = [
    ("rsp", 11),
    ("chl", 7),
    ("tok", 10),
    ("int", 15),
    ("cac", 16),
    ("jir", 8),
    ("jwt", 16),
    ("cla", 9),
    ("dsc", 10),
    ("htp", 16),
    ("prb", 4),
    ("cor", 3),
    ("str", 3),
    ("pitfall", 43),
];

/// Rows that need what is not built yet: shared caches, stale use, early refresh, step-up, DPoP.
const LATER: [&str; 9] =
    ["rsp_6", "rsp_7", "rsp_8", "cac_7", "cac_12", "cac_13", "cac_15", "pitfall_37", "pitfall_38"];

/// Whether the row, or each of the rows that stand in its place, has a test.
fn has_test(row: &Row, tests: &str) -> bool {
    let own = is_held(&row.id, tests);
    let others = row.id.starts_with("pitfall") && row.level.chars().any(char::is_lowercase);
    own || (others && row.level.split(',').all(|other| is_held(other, tests)))
}

#[test]
fn the_list_has_every_row_and_knows_the_level_of_each() {
    let rows = rows(LIST);
    let expected = SECTIONS
        .iter()
        .flat_map(|(section, count)| (1..=*count).map(move |number| format!("{section}_{number}")));
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
fn every_promised_row_has_a_test_named_after_it() {
    let (rows, tests) = (rows(LIST), tests());
    let missing: BTreeSet<&str> = rows
        .iter()
        .filter(|row| row.is_promised() && !has_test(row, &tests))
        .map(|row| row.id.as_str())
        .collect();
    assert_eq!(missing, BTreeSet::new());
}

#[test]
fn a_pitfall_is_held_by_its_own_test_or_by_all_of_its_rows() {
    let row = |level: &str| Row { id: "pitfall_2".to_owned(), level: level.to_owned() };
    assert!(has_test(&row("jwt_4,dsc_6"), "jwt_4_x\ndsc_6_x\n"));
    assert!(!has_test(&row("jwt_4,dsc_6"), "jwt_4_x\n"));
    assert!(has_test(&row("G"), "pitfall_2_x\n"));
    assert!(!has_test(&row("G"), "jwt_4_x\n"));
}

#[test]
fn a_row_is_not_held_by_another_with_a_longer_number() {
    assert!(is_held("cac_1", "cac_1_and_more\n"));
    assert!(is_held("htp_16", "htp_1_and_htp_16_both\n"));
    assert!(!is_held("cac_1", "cac_11_something\n"));
    assert!(!is_held("cac_1", "cac_1_1_something\n"));
    assert!(!is_held("int_1", "hint_1_x\n"));
}
