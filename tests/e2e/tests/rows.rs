//! Every row of the standards checklist that this product promises so far has a test of its name.

use std::collections::BTreeSet;

use phantom_e2e::checklist::is_held;
use phantom_e2e::checklist::tests;

/// Sections 1 to 8, 12, 13 and 15 of the checklist.
const ROWS: [(&str, std::ops::RangeInclusive<u32>); 14] = [
    ("rsp", 1..=11),
    ("chl", 1..=7),
    ("tok", 1..=10),
    ("int", 1..=15),
    ("cac", 1..=16),
    ("jir", 1..=8),
    ("jwt", 1..=16),
    ("cla", 1..=9),
    ("dsc", 1..=10),
    ("htp", 1..=16),
    ("prb", 1..=4),
    ("cor", 1..=3),
    ("str", 1..=3),
    ("pitfall", 1..=43),
];

/// Rows that need what is not built yet: shared caches, stale use, early refresh, step-up, DPoP.
const LATER: [&str; 7] = ["cac_7", "cac_12", "cac_13", "cac_15", "rsp_6", "rsp_7", "rsp_8"];

/// Pitfalls that are held by the tests of the rows they name, listed in section 16 of the checklist.
const HELD_BY_ROWS: [(u32, &[&str]); 43] = [
    (1, &["jwt_2"]),
    (2, &["jwt_4", "dsc_6"]),
    (3, &["jwt_5"]),
    (4, &["jwt_1", "jwt_14", "jir_4"]),
    (5, &["dsc_7"]),
    (6, &["dsc_8"]),
    (7, &["jwt_3", "dsc_4", "int_12"]),
    (8, &["jir_1", "int_5"]),
    (9, &["int_1", "tok_1"]),
    (10, &["tok_1"]),
    (11, &["tok_2"]),
    (12, &["tok_5"]),
    (13, &["cac_5"]),
    (14, &["cac_5"]),
    (15, &["cac_6"]),
    (16, &["cac_2"]),
    (17, &["cac_4"]),
    (18, &["cac_4"]),
    (19, &["cac_9", "rsp_9"]),
    (20, &["cac_8"]),
    (21, &["cac_10"]),
    (22, &["jwt_9"]),
    (23, &["jwt_9", "cac_1"]),
    (24, &["jwt_7"]),
    (25, &["int_8", "int_9"]),
    (26, &["dsc_10"]),
    (27, &["cor_1"]),
    (28, &["htp_1", "htp_2"]),
    (29, &["htp_7"]),
    (30, &["htp_3", "htp_4", "htp_6"]),
    (31, &["int_13"]),
    (32, &["tok_9"]),
    (33, &["chl_5"]),
    (34, &["int_14"]),
    (35, &["cla_1"]),
    (36, &["cla_4"]),
    (37, &[]),
    (38, &[]),
    (39, &["cac_4"]),
    (40, &["str_1"]),
    (41, &["cac_16"]),
    (42, &[]),
    (43, &["int_11", "cla_9"]),
];

#[test]
fn every_promised_row_has_a_test_named_after_it() {
    let tests = tests();
    let rows = ROWS.iter().filter(|(section, _)| *section != "pitfall");
    let rows = rows.flat_map(|(section, ids)| ids.clone().map(move |id| format!("{section}_{id}")));
    let missing: BTreeSet<String> =
        rows.filter(|row| !LATER.contains(&row.as_str()) && !is_held(row, &tests)).collect();
    assert_eq!(missing, BTreeSet::new());
}

#[test]
fn every_pitfall_is_held_by_its_own_test_or_by_its_rows() {
    let tests = tests();
    let unheld: Vec<u32> = HELD_BY_ROWS
        .iter()
        .filter(|(id, rows)| {
            let own = is_held(&format!("pitfall_{id}"), &tests);
            // 37 and 38 are about DPoP, which is a later step.
            let later = [37, 38].contains(id);
            !(own || later || (!rows.is_empty() && rows.iter().all(|row| is_held(row, &tests))))
        })
        .map(|(id, _)| *id)
        .collect();
    assert_eq!(unheld, Vec::<u32>::new());
}

#[test]
fn a_row_is_not_held_by_another_with_a_longer_number() {
    assert!(is_held("cac_1", "cac_1_and_more\n"));
    assert!(is_held("htp_16", "htp_1_and_htp_16_both\n"));
    assert!(!is_held("cac_1", "cac_11_something\n"));
    assert!(!is_held("cac_1", "cac_1_1_something\n"));
    assert!(!is_held("int_1", "hint_1_x\n"));
}
