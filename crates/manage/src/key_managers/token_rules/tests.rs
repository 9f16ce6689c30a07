use serde_json::json;

use super::*;

fn rules(entries: serde_json::Value) -> Result<Vec<TokenRule>, &'static str> {
    token_rules(&serde_json::from_value::<Vec<TokenValidation>>(entries).unwrap())
}

/// Rows: WSO2-8.4.5
#[test]
fn enabled_entries_are_rules_in_their_order() {
    let found = rules(json!([
        {"enable": false, "type": "REFERENCE", "value": "off"},
        {"type": "JWT", "value": {"body": {"iss": "a.*", "aud": "b"}}},
        {"enable": true, "type": "REFERENCE", "value": "x+"},
    ]));
    let claims = vec![("aud".into(), "b".into()), ("iss".into(), "a.*".into())];
    assert_eq!(found, Ok(vec![TokenRule::Jwt(claims), TokenRule::Reference("x+".into())]));
}

#[test]
fn entries_that_say_nothing_are_no_rules() {
    for value in [json!(null), json!({}), json!({"body": {}}), json!({"body": null})] {
        assert_eq!(rules(json!([{"type": "JWT", "value": value}])), Ok(Vec::new()));
    }
    assert_eq!(rules(json!([{"type": "REFERENCE", "value": ""}])), Ok(Vec::new()));
    assert_eq!(rules(json!([{}])), Ok(Vec::new()));
}

#[test]
fn an_expression_cannot_leave_the_group_it_is_put_into() {
    for expression in ["a)|(?:b", "(?x)a #", "a)(", "(?:", "[", "\\"] {
        let found = rules(json!([{"type": "REFERENCE", "value": expression}]));
        assert!(found.is_err(), "{expression}");
    }
}

#[test]
fn a_custom_entry_is_refused_unless_it_is_off() {
    let entry = |enable| json!([{"enable": enable, "type": "CUSTOM", "value": {"a": 1}}]);
    assert!(rules(entry(true)).is_err());
    assert_eq!(rules(entry(false)), Ok(Vec::new()));
}
