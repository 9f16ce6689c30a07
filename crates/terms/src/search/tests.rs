use proptest::prelude::*;

use super::*;
use crate::refusal::Refusal;

fn query(text: &str) -> ApiQuery {
    ApiQuery::parse(text).unwrap()
}

/// An API with that name, version and these tags.
fn finds(text: &str, name: &str, version: &str, tags: &[&str]) -> bool {
    query(text).matches(|key| match key {
        Key::Name => vec![name],
        Key::Version => vec![version],
        Key::Tag => tags.to_vec(),
        Key::Property(property) if property == "team" => vec!["Blue"],
        _ => Vec::new(),
    })
}

/// Rows: WSO2-4.12
#[test]
fn terms_are_separated_by_blanks_and_bare_words_mean_the_name() {
    assert!(finds("name:HttpBin version:v1", "HttpBin", "v1", &[]));
    assert!(finds("  http \t version:v1 ", "HttpBin", "v1", &[]));
    assert!(!finds("http version:v2", "HttpBin", "v1", &[]));
    assert!(finds("", "HttpBin", "v1", &[]));
}

/// Rows: WSO2-4.13
#[test]
fn a_value_is_a_part_and_a_quoted_one_the_whole_case_aside() {
    assert!(finds("name:tpbi", "HttpBin", "v1", &[]));
    assert!(finds("name:\"httpbin\"", "HttpBin", "v1", &[]));
    assert!(!finds("name:\"httpb\"", "HttpBin", "v1", &[]));
    assert!(finds("name:\"Pizza Shack\" version:v1", "Pizza Shack", "v1", &[]));
}

/// Rows: WSO2-4.14
#[test]
fn terms_of_one_key_are_alternatives_and_every_key_has_to_be_met() {
    assert!(finds("version:v1 version:v2", "HttpBin", "v2", &[]));
    assert!(!finds("version:v1 version:v2 name:other", "HttpBin", "v2", &[]));
    assert!(finds("tags:a tag:b", "HttpBin", "v1", &["x", "b"]));
}

/// Rows: WSO2-4.15
#[test]
fn any_other_key_is_a_property_of_the_owners_own() {
    assert!(finds("team:blue", "HttpBin", "v1", &[]));
    assert!(!finds("team:red", "HttpBin", "v1", &[]));
    assert!(!finds("colour:blue", "HttpBin", "v1", &[]));
}

/// Rows: WSO2-4.13
#[test]
fn a_star_stands_for_anything_and_alone_asks_for_nothing() {
    for (text, found) in [
        ("name:Pizza*", true),
        ("Pizza*", true),
        ("name:*shack*", true),
        ("name:p*z*s*k*i", true),
        ("name:*shackapi version:2*", true),
        ("name:*", true),
        ("*", true),
        ("*:*", true),
        ("* version:2.1.*", true),
        ("name:Shack*", false),
        ("name:Pizza*x", false),
        ("name:*pizza", false),
        ("name:pizza*pizza*", false),
        ("* version:1*", false),
        ("name:\"Pizza*\"", false),
        ("team:*", true),
        ("colour:*", false),
    ] {
        assert_eq!(finds(text, "PizzaShackAPI", "2.1.0", &[]), found, "{text}");
    }
    assert!(query("*").is_empty() && query("* *:* ").is_empty());
    assert_eq!(query("name:*").name_part(), None);
    assert_eq!(query("name:a*bcd*").name_part(), Some("bcd"));
}

/// Rows: WSO2-4.16
#[test]
fn a_key_without_a_value_is_an_error() {
    for bad in ["name:", "name: x", "name:\"\"", ":x", "\"", "name:\"x", "x name:", "\"\""] {
        let problem = ApiQuery::parse(bad).unwrap_err();
        assert!(matches!(problem, Refusal::Invalid(_)), "{bad}");
    }
}

#[test]
fn a_value_may_hold_colons_slashes_and_patterns_of_sql() {
    assert!(finds("name:a:b", "xa:by", "v1", &[]));
    assert!(!finds("name:%", "HttpBin", "v1", &[]));
    assert!(finds("name:'or'1", "x'or'1", "v1", &[]));
}

#[test]
fn queries_are_bounded() {
    assert!(ApiQuery::parse(&"a".repeat(MAX_QUERY + 1)).is_err());
    assert!(ApiQuery::parse(&"a ".repeat(MAX_TERMS)).is_ok());
    assert!(ApiQuery::parse(&"a ".repeat(MAX_TERMS + 1)).is_err());
}

#[test]
fn what_the_store_finds_alone_is_a_part_of_a_name_and_one_tag() {
    let whole = |tag: &str| Some(TagWanted::Whole(tag.to_owned()));
    let part = |tag: &str| Some(TagWanted::Part(tag.to_owned()));
    for (text, expected) in [
        ("", Some((None, None))),
        ("Http", Some((Some("http"), None))),
        ("tag:Weather", Some((None, part("weather")))),
        ("tag:\"Weather map\" Http", Some((Some("http"), whole("weather map")))),
        ("tag:a tag:b", None),
        ("tag:a*", None),
        ("name:\"Http\"", None),
        ("context:/x", None),
        ("tag:a status:PUBLISHED", None),
    ] {
        assert_eq!(query(text).only_name_part_and_tag(), expected, "{text}");
    }
    assert_eq!(query("tag:a*bcd status:PUBLISHED").tag(), part("bcd"));
    assert_eq!(query("tag:a tag:b").tag(), None);
}

proptest! {
    #[test]
    fn no_text_is_too_strange_for_the_parser(text in ".{0,200}") {
        let _ = ApiQuery::parse(&text);
    }

    #[test]
    fn a_quoted_name_finds_itself(name in "[^\"\u{0}]{1,60}", other in "[a-z ]{0,20}") {
        let found = query(&format!("name:\"{name}\""));
        prop_assert!(found.matches(|_| [name.as_str()]));
        prop_assert!(found.names(&name));
        let is_same = other.to_lowercase() == name.to_lowercase();
        prop_assert_eq!(found.matches(|_| [other.as_str()]), is_same);
    }

    #[test]
    fn a_name_without_blanks_is_found_by_any_part(
        before in "[a-zA-Z0-9-]{0,8}", part in "[a-zA-Z0-9-]{1,8}", after in "[a-zA-Z0-9-]{0,8}",
    ) {
        let name = format!("{before}{part}{after}");
        let keyed = query(&format!("name:{part}"));
        prop_assert!(keyed.matches(|_| [name.as_str()]));
        prop_assert!(query(&part).matches(|_| [name.as_str()]));
    }
}
