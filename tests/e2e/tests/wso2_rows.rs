//! Every row of the behaviour document that this product promises has a test of its name.
//!
//! Rows are read from the document. `wso2_<section>_<number>` is, in this order:
//!
//! - an item of the section's numbered list, by its number;
//! - in a section with such a list, a row of a table below an item: `wso2_8_6_2_1`, and one of a
//!   table above the list by the table's first head: `wso2_10_answer_1`;
//! - elsewhere a row of the section's tables, counted from 1 through all of them, or by its own
//!   number where the table's head is `#`;
//! - in a section with neither list nor table, an item of its unnumbered list, counted from 1.
//!
//! A section of text alone is one row, `wso2_<section>`. A test that holds several rows has them
//! all in its name, joined by `_and_`. Rows marked L, for later, and section 13 promise nothing.

use std::collections::BTreeSet;
use std::fs;

use phantom_e2e::checklist::is_held;
use phantom_e2e::checklist::tests;
use phantom_e2e::workspace;

/// What nobody has verified can be held by no test.
const NOT_VERIFIED: &str = "13";

#[derive(Debug, PartialEq, Eq)]
struct Row {
    id: String,
    promised: bool,
}

struct Section<'d> {
    /// As it stands in names: `8_6` of 8.6.
    id: String,
    title: &'d str,
    lines: Vec<&'d str>,
}

fn document() -> String {
    fs::read_to_string(workspace::shared().join("spec/wso2-behaviour.md")).unwrap()
}

fn sections(document: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for line in document.lines() {
        let heading = line.strip_prefix("### ").or_else(|| line.strip_prefix("## "));
        if let Some((number, title)) = heading.and_then(|heading| heading.split_once(' ')) {
            let id = number.trim_end_matches('.').replace('.', "_");
            sections.push(Section { id, title, lines: Vec::new() });
        } else if let Some(section) = sections.last_mut() {
            section.lines.push(line);
        }
    }
    sections.retain(|section| section.id != NOT_VERIFIED);
    sections
}

fn rows(document: &str) -> Vec<Row> {
    sections(document).iter().flat_map(rows_of).collect()
}

fn rows_of(section: &Section<'_>) -> Vec<Row> {
    let is_listed = section.lines.iter().any(|line| item(line).is_some());
    let is_tabled = section.lines.iter().any(|line| line.starts_with('|'));
    let mut rows = Vec::new();
    let (mut counted, mut last_item) = (0, None);
    let mut head: Option<Vec<String>> = None;
    for line in &section.lines {
        if !line.starts_with('|') {
            head = None;
        }
        if let Some((number, text)) = item(line) {
            // Tables below it are counted for themselves.
            (counted, last_item) = (0, Some(number));
            rows.push((number.to_string(), !is_later(text)));
        } else if let (Some(text), false) = (line.strip_prefix("- "), is_listed || is_tabled) {
            counted += 1;
            rows.push((counted.to_string(), !is_later(text)));
        } else if line.starts_with('|') {
            let cells = cells(line);
            let Some(head) = &head else {
                head = Some(cells);
                continue;
            };
            if line.chars().all(|c| "|-: ".contains(c)) {
                continue;
            }
            counted += 1;
            let number = if head[0] == "#" { cells[0].clone() } else { counted.to_string() };
            let name = match (is_listed, last_item) {
                (false, _) => number,
                (true, Some(item)) => format!("{item}_{number}"),
                (true, None) => format!("{}_{number}", head[0].to_lowercase()),
            };
            let mark = head.iter().position(|name| name == "Mark").map(|at| &cells[at]);
            rows.push((name, mark.map_or_else(|| !is_later(line), |mark| mark != "L")));
        }
    }
    let has_text = section.lines.iter().any(|line| !line.is_empty());
    let section_is_later = is_later(section.title);
    if rows.is_empty() && has_text {
        return vec![Row { id: format!("wso2_{}", section.id), promised: !section_is_later }];
    }
    let row = |(name, promised)| Row {
        id: format!("wso2_{}_{name}", section.id),
        promised: promised && !section_is_later,
    };
    rows.into_iter().map(row).collect()
}

/// Number and text of an item of a numbered list.
fn item(line: &str) -> Option<(u32, &str)> {
    let (number, text) = line.split_once(". ")?;
    Some((number.parse().ok()?, text))
}

fn cells(line: &str) -> Vec<String> {
    let line = line.replace("\\|", "");
    line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}

/// What is marked L from its first clause on, and nothing else. A mark further on is of a part.
fn is_later(text: &str) -> bool {
    let first = text.split(['.', ';', ':']).next().unwrap_or_default();
    first.contains("[L]") && !["[T", "[E", "[D"].iter().any(|mark| text.contains(mark))
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
fn every_promised_row_has_a_test_named_after_it() {
    let tests = tests();
    let rows = rows(&document());
    let missing: BTreeSet<&str> = rows
        .iter()
        .filter(|row| row.promised && !is_held(&row.id, &tests))
        .map(|row| row.id.as_str())
        .collect();
    assert_eq!(missing, BTreeSet::new());
}

#[test]
fn no_test_is_named_after_a_row_that_is_not_there() {
    let document = document();
    let mut known: BTreeSet<String> = rows(&document).into_iter().map(|row| row.id).collect();
    known.extend(sections(&document).iter().map(|section| format!("wso2_{}", section.id)));
    let tests = tests();
    let odd: Vec<&str> =
        tests.lines().filter(|test| named(test).iter().any(|id| !known.contains(id))).collect();
    assert_eq!(odd, Vec::<&str>::new());
}

const SAMPLE: &str = r"# Behaviour
| a table | before any section |
|---|---|
| is | nobody's |

## 1. Tables
| Mark | Field | Rule |
|---|---|---|
| T | `a` | none of { } \| \\ |
| L | `b` | |

Text between.

- not a row where there are tables

| Case | Mark |
|---|---|
| `c` [L] | E |

## 2. Numbers and sections [T]
### 2.1 Own numbers
| # | Step |
|---|---|
| 0 | first |
| 4 | `d` [L] |
| 5 | `e` [L], **[D]** but always |

### 2.2 Text alone [E]
It has 3. But not as an item.

### 2.3 Later [L]
- all of it

## 10. Lists
| Answer | Meaning |
|---|---|
| 200 | yes |
| 204 | no |

1. First. Its switch comes later [L].
2. By status:

| Status | Effect |
|---|---|
| `BLOCKED` | 401 |

3. Later [L].

## 11. Bullets
- one
- `two` [L]

## 13. Not verified
1. Anything.
";

#[test]
fn rows_are_read_from_tables_lists_and_text() {
    let expected = [
        ("wso2_1_1", true),
        ("wso2_1_2", false),
        ("wso2_1_3", true),
        ("wso2_2_1_0", true),
        ("wso2_2_1_4", false),
        ("wso2_2_1_5", true),
        ("wso2_2_2", true),
        ("wso2_2_3_1", false),
        ("wso2_10_answer_1", true),
        ("wso2_10_answer_2", true),
        ("wso2_10_1", true),
        ("wso2_10_2", true),
        ("wso2_10_2_1", true),
        ("wso2_10_3", false),
        ("wso2_11_1", true),
        ("wso2_11_2", false),
    ];
    let expected = expected.map(|(id, promised)| Row { id: id.to_owned(), promised });
    assert_eq!(rows(SAMPLE), expected);
}

#[test]
fn the_document_has_rows_of_every_kind() {
    let rows = rows(&document());
    let promised = |id: &str| rows.iter().find(|row| row.id == id).map(|row| row.promised);
    for id in [
        "wso2_0_9",
        "wso2_1_8",
        "wso2_2_14",
        "wso2_3_2_2",
        "wso2_4_18",
        "wso2_6_1_29",
        "wso2_6_2",
        "wso2_8_1_0",
        "wso2_8_6_4",
        "wso2_8_6_2_4",
        "wso2_10_answer_7",
        "wso2_10_7",
        "wso2_12_9",
    ] {
        assert_eq!(promised(id), Some(true), "{id}");
    }
    for id in ["wso2_0_10", "wso2_6_4_3", "wso2_8_5_10", "wso2_8_8_4"] {
        assert_eq!(promised(id), Some(false), "{id}");
    }
    for id in ["wso2_0", "wso2_6", "wso2_8_6_2_5", "wso2_12_10", "wso2_13_1"] {
        assert_eq!(promised(id), None, "{id}");
    }
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
