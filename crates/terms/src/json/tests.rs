use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    _name: Option<String>,
    _is_wanted: Option<bool>,
    _life: Option<u32>,
    _since: Option<i64>,
    _share: Option<f64>,
    _operations: Option<Vec<Operation>>,
    _labels: Option<BTreeMap<String, Vec<String>>>,
    _address: Option<std::net::IpAddr>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Operation {
    _verb: Verb,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
enum Verb {
    Get,
    Put,
}

fn said(value: Value) -> String {
    typed::<Whole>(value).unwrap_err().to_string()
}

#[test]
fn a_value_outside_its_type_is_refused_with_its_member_and_what_it_has_to_be() {
    for (value, named) in [
        (json!([]), "The body must be an object"),
        (json!({"_name": 5}), "_name: must be a string"),
        (json!({"_is_wanted": "yes"}), "_is_wanted: must be true or false"),
        (json!({"_life": -5}), "_life: must be a whole number from 0 to 4294967295"),
        (json!({"_life": 1.5}), "_life: must be a whole number from 0 to 4294967295"),
        (json!({"_since": "now"}), "_since: must be a whole number"),
        (json!({"_share": []}), "_share: must be a number"),
        (json!({"_operations": {}}), "_operations: must be an array"),
        (json!({"_operations": [[]]}), "_operations[0]: must be an object"),
        (
            json!({"_operations": [{"_verb": "GET"}, {"_verb": "FOO"}]}),
            "_operations[1]._verb: must be one of GET, PUT",
        ),
        (json!({"_operations": [{"_verb": 7}]}), "_operations[0]._verb: must be one of GET, PUT"),
        (json!({"_labels": {"a": ["b", 1]}}), "_labels.a[1]: must be a string"),
        (json!({"_labels": 1}), "_labels: must be an object"),
        (json!({"_address": 1}), "_address: must be an IP address"),
    ] {
        let said = said(value.clone());
        let wanted =
            format!("One or more request body parameters contain disallowed values. {named}");
        assert_eq!(said, wanted, "{value}");
    }
}

#[test]
fn an_unknown_or_missing_member_of_an_entry_is_refused_with_the_entry() {
    for (value, words) in [
        (json!({"colour": 1}), "Unrecognized property 'colour'"),
        (
            json!({"_operations": [{"_verb": "GET", "colour": 1}]}),
            "Unrecognized property 'colour' of _operations[0]",
        ),
        (json!({"_operations": [{}]}), "_operations[0]._verb: must not be null"),
    ] {
        assert_eq!(said(value.clone()), words, "{value}");
    }
}

#[test]
fn a_nul_is_refused_with_the_member_that_holds_it() {
    let refused = parse::<Whole>(br#"{"_labels": {"a": ["b", "c\u0000"]}}"#).unwrap_err();
    let named = "_labels.a[1]: must not hold the character U+0000";
    assert!(refused.to_string().ends_with(named), "{refused}");
}

#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
struct Query {
    verb: Option<Verb>,
    limit: Option<u32>,
    from: i64,
    refused: bool,
    text: String,
}

fn query(pairs: &[(&str, &str)]) -> Outcome<Query> {
    parameters(pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())))
}

#[test]
fn parameters_are_read_from_their_texts() {
    let all = [
        ("verb", "PUT"),
        ("limit", "7"),
        ("other", "1"),
        ("from", "-3"),
        ("refused", "true"),
        ("text", "9"),
    ];
    let read = Query {
        verb: Some(Verb::Put),
        limit: Some(7),
        from: -3,
        refused: true,
        text: "9".to_owned(),
    };
    assert_eq!(query(&all).unwrap(), read);
    assert_eq!(query(&[]).unwrap(), Query::default());
}

#[derive(Debug, Deserialize)]
struct Named {
    _id: String,
}

#[test]
fn a_parameter_that_cannot_be_is_refused_with_its_name() {
    let prefix = "One or more query parameters contain disallowed values. ";
    for (pairs, words) in [
        (&[("limit", "abc")][..], "limit: must be a whole number from 0 to 4294967295"),
        (&[("limit", "-1")], "limit: must be a whole number from 0 to 4294967295"),
        (&[("limit", "")], "limit: must be a whole number from 0 to 4294967295"),
        (&[("verb", "FOO")], "verb: must be one of GET, PUT"),
        (&[("refused", "1")], "refused: must be true or false"),
        (&[("text", "a"), ("text", "b")], "text: must be given once"),
    ] {
        assert_eq!(query(pairs).unwrap_err().to_string(), format!("{prefix}{words}"));
    }
    let refused = parameters::<Named>(std::iter::empty()).unwrap_err();
    assert_eq!(refused.to_string(), format!("{prefix}_id: must be given"));
}
