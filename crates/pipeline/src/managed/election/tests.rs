use phantom_core::catalog::TokenRule;
use phantom_testkit::ManualClock;
use serde_json::json;

use super::*;
use crate::managed::compile::compile;
use crate::testing::ISSUER;
use crate::testing::KeyManager;
use crate::testing::jwt as signed;
use crate::testing::managed::api;
use crate::testing::managed::key_manager;

const OTHER: &str = "https://other.example";

fn reference(pattern: &str) -> TokenRule {
    TokenRule::Reference(pattern.into())
}

fn claim(name: &str, pattern: &str) -> TokenRule {
    TokenRule::Jwt(vec![(name.into(), pattern.into())])
}

/// Named key managers of these issuers with these rules, in the order given.
fn handles(settings: &[(&str, Option<&str>, Vec<TokenRule>)]) -> Vec<Arc<KeyManagerHandle>> {
    let clock = Arc::new(ManualClock::new());
    let handles = settings.iter().enumerate().map(|(at, (name, issuer, rules))| {
        let managed = ManagedKeyManager {
            issuer: issuer.map(Box::from),
            token_rules: rules.clone(),
            ..key_manager(EntityId::new(at as u128), name)
        };
        KeyManager::managed(&managed, &clock).handle
    });
    handles.collect()
}

/// Who is elected among all of them, at an API that allows those whose names start with a letter.
fn elected(all: &[Arc<KeyManagerHandle>], token: &str) -> Option<(String, Kind)> {
    let allowed = |handle: &&Arc<KeyManagerHandle>| !handle.name.starts_with('-');
    let allowed: Vec<_> = all.iter().filter(allowed).cloned().collect();
    let served = compile(&Arc::new(api()), &allowed, false);
    let token = BearerToken::parse(token.as_bytes()).unwrap();
    let elected = elect(&served.api, all, token)?;
    Some((elected.key_manager.name.to_string(), elected.kind))
}

fn at(name: &str, kind: Kind) -> Option<(String, Kind)> {
    Some((name.to_owned(), kind))
}

#[tokio::test]
async fn who_would_take_an_opaque_token_as_well_is_told() {
    let all = handles(&[
        ("a", None, vec![reference("a.*")]),
        ("b", None, vec![reference("x.*")]),
        ("c", None, vec![]),
        ("-d", None, vec![]),
    ]);
    let allowed: Vec<_> = all.iter().take(3).cloned().collect();
    let served = compile(&Arc::new(api()), &allowed, false);
    let token = BearerToken::parse(b"abc").unwrap();
    let elected = elect(&served.api, &all, token).unwrap();
    assert_eq!(&*elected.key_manager.name, "a");
    assert_eq!(others_of(&served.api, elected.key_manager, token), "`c`");
    let token = BearerToken::parse(b"none").unwrap();
    let elected = elect(&served.api, &all, token).unwrap();
    assert_eq!(others_of(&served.api, elected.key_manager, token), "");
}

/// Rows: WSO2-8.4.2
#[tokio::test]
async fn only_three_parts_with_json_in_them_are_a_jwt() {
    let all = handles(&[("a", Some(ISSUER), vec![]), ("b", Some(OTHER), vec![])]);
    let of_b = signed(&json!({"iss": OTHER}));
    assert_eq!(elected(&all, &of_b), at("b", Kind::Jwt));
    let parts: Vec<&str> = of_b.split('.').collect();
    for opaque in [
        "t0ken".to_owned(),
        "a.b.c".to_owned(),
        format!("{of_b}.d.e"),
        format!("{of_b}."),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}.eHh4.{}", parts[0], parts[2]),
        format!("eHh4.{}.{}", parts[1], parts[2]),
    ] {
        assert_eq!(elected(&all, &opaque), at("a", Kind::Opaque), "{opaque}");
    }
}

/// Rows: WSO2-8.4.3
#[tokio::test]
async fn a_jwt_goes_to_its_issuer_and_of_an_unknown_one_is_opaque() {
    let all = handles(&[("a", None, vec![]), ("b", Some(OTHER), vec![])]);
    assert_eq!(elected(&all, &signed(&json!({"iss": OTHER}))), at("b", Kind::Jwt));
    for claims in [json!({"iss": format!("{OTHER}/")}), json!({"iss": 7}), json!({})] {
        assert_eq!(elected(&all, &signed(&claims)), at("a", Kind::Opaque), "{claims}");
    }
}

/// Rows: WSO2-8.4.3
#[tokio::test]
async fn of_several_with_one_issuer_the_first_whose_rule_fits_is_elected() {
    let all = handles(&[
        ("a", Some(ISSUER), vec![]),
        ("b", Some(ISSUER), vec![claim("tenant", "globex|acme")]),
        ("c", Some(ISSUER), vec![claim("tenant", "acme")]),
    ]);
    let of = |tenant: &str| elected(&all, &signed(&json!({"iss": ISSUER, "tenant": tenant})));
    assert_eq!(of("acme"), at("b", Kind::Jwt));
    assert_eq!(of("acmes"), at("a", Kind::Jwt), "a rule is for the whole value");
}

/// Rows: WSO2-8.4.4
#[tokio::test]
async fn a_token_of_a_known_issuer_that_the_api_does_not_allow_is_nobodys() {
    let all = handles(&[("a", Some(ISSUER), vec![]), ("-b", Some(OTHER), vec![])]);
    assert_eq!(elected(&all, &signed(&json!({"iss": OTHER}))), None);
    assert_eq!(elected(&all, &signed(&json!({"iss": ISSUER}))), at("a", Kind::Jwt));
}

/// Rows: WSO2-8.4.5, WSO2-11.10
#[tokio::test]
async fn an_opaque_token_goes_to_the_first_rule_that_fits_then_to_who_has_none() {
    let all = handles(&[
        ("z-all", Some("https://z.example"), vec![]),
        ("m-rule", Some("https://m.example"), vec![reference("[a-f]+"), reference("x+")]),
        ("a-all", Some("https://a.example"), vec![]),
        ("b-rule", Some("https://b.example"), vec![reference("_0X.*")]),
        ("-no", Some("https://n.example"), vec![reference(".*")]),
    ]);
    for (token, expected) in [
        ("abc", "m-rule"),
        ("xxx", "m-rule"),
        ("_0XBPWQQ", "b-rule"),
        ("abcz", "a-all"),
        ("zabc", "a-all"),
        ("other", "a-all"),
    ] {
        assert_eq!(elected(&all, token), at(expected, Kind::Opaque), "{token}");
    }
}

/// Rows: WSO2-8.4.5, WSO2-11.10
#[tokio::test]
async fn who_would_never_be_asked_is_named_when_the_api_is_compiled() {
    let all = handles(&[
        ("c", Some("https://c.example"), vec![]),
        ("b", Some("https://b.example"), vec![reference("b")]),
        ("a", Some("https://a.example"), vec![]),
    ]);
    let ordered = in_order(all.clone());
    let names: Vec<&str> = ordered.iter().map(|handle| &*handle.name).collect();
    assert_eq!(names, ["b", "a", "c"]);
    assert_eq!(undecided(&ordered), ["c".into()]);
    assert!(undecided(&ordered[..2]).is_empty());
}

/// Rows: WSO2-8.4.6
#[tokio::test]
async fn where_nobody_accepts_nobody_is_asked() {
    let all = handles(&[("a", Some(ISSUER), vec![reference("a+")])]);
    assert_eq!(elected(&all, "b"), None);
    assert_eq!(elected(&[], "b"), None);
}

#[tokio::test]
async fn a_broken_rule_takes_no_token_rather_than_every_token() {
    let huge = format!("({}){{1000}}", "a{1000}");
    for broken in ["(", "a)|(?:b", "(?=a)a", huge.as_str()] {
        let all = handles(&[("a", Some(ISSUER), vec![reference(broken)])]);
        for token in ["a", "b", "aa", "("] {
            let Ok(parsed) = BearerToken::parse(token.as_bytes()) else { continue };
            assert_eq!(elected(&all, parsed.expose()), None, "{broken} {token}");
        }
    }
}

#[tokio::test]
async fn a_rule_on_claims_needs_all_of_them_and_sees_numbers_and_truth_values() {
    let rule = TokenRule::Jwt(vec![("a".into(), "1|x".into()), ("b".into(), "true".into())]);
    let all = handles(&[("a", Some(ISSUER), vec![rule])]);
    for (claims, takes) in [
        (json!({"iss": ISSUER, "a": 1, "b": true}), true),
        (json!({"iss": ISSUER, "a": "x", "b": "true"}), true),
        (json!({"iss": ISSUER, "a": "x"}), false),
        (json!({"iss": ISSUER, "a": ["x"], "b": true}), false),
        (json!({"iss": ISSUER, "a": null, "b": true}), false),
    ] {
        assert_eq!(elected(&all, &signed(&claims)).is_some(), takes, "{claims}");
    }
}

/// Rows: WSO2-8.4.3
#[tokio::test]
async fn who_does_not_verify_jwts_introspects_those_of_its_issuer() {
    let clock = Arc::new(ManualClock::new());
    let of = |change: fn(&mut ManagedKeyManager)| {
        let mut managed = key_manager(EntityId::new(1), "a");
        change(&mut managed);
        vec![KeyManager::managed(&managed, &clock).handle]
    };
    let token = signed(&json!({"iss": ISSUER}));
    assert_eq!(
        elected(&of(|managed| managed.validates_jwt = false), &token),
        at("a", Kind::Opaque)
    );
    let jwt_only = of(|managed| managed.opaque = None);
    assert_eq!(elected(&jwt_only, &token), at("a", Kind::Jwt));
    assert_eq!(elected(&jwt_only, "t0ken"), None);
}
