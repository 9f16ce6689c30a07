use base64::Engine as _;
use phantom_core::jwt::BASE64URL;
use phantom_testkit::ManualClock;
use phantom_testkit::Signer;
use phantom_testkit::jose::access_token_claims;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use super::*;

const ISSUER: &str = "https://as.example.com/oauth";
const NOW: UnixTime = ManualClock::START;

fn rules() -> AccessTokenRules {
    AccessTokenRules {
        issuer: Some(ISSUER.into()),
        accepted_typ: AcceptedTyp::default(),
        required_claims: REQUIRED_CLAIMS.map(Box::from).to_vec(),
        clock_skew: Duration::from_secs(10),
        scope_array: false,
        max_phantom_token_len: 8192,
    }
}

fn judge(rules: &AccessTokenRules, claims: &Value) -> Result<Statement, Refusal> {
    rules.statement(jws(Some("at+jwt")), claims.to_string().as_bytes(), NOW)
}

/// The claims are given beside it.
fn jws(typ: Option<&str>) -> UnverifiedJws {
    let header = typ.map_or_else(|| json!({}), |typ| json!({"typ": typ}));
    let header = BASE64URL.encode(header.to_string());
    UnverifiedJws::parse(&format!("{header}.e30.c2ln")).unwrap()
}

/// Good claims with one changed; `null` stands for absence.
fn changed(name: &str, value: Value) -> Value {
    let mut claims = access_token_claims(ISSUER, NOW);
    claims[name] = value;
    claims
}

#[test]
fn a_good_access_token_becomes_a_statement() {
    let statement = judge(&rules(), &access_token_claims(ISSUER, NOW)).unwrap();
    assert_eq!(statement.issuer.as_deref(), Some(ISSUER));
    assert_eq!(statement.subject.as_deref(), Some("alice"));
    assert_eq!(statement.client_id.as_deref(), Some("client-one"));
    assert!(statement.audience.contains("client-one"));
    assert!(statement.scope.contains("write"));
    assert_eq!(statement.expires_at, Some(NOW.plus(Duration::from_secs(300))));
    assert!(!statement.confirmed);
    let bound = judge(&rules(), &changed("cnf", json!({"jkt": "x"}))).unwrap();
    assert!(bound.confirmed);
}

/// Rows: JWT-6, WSO2-8.5.5
#[test]
fn the_issuer_is_compared_byte_for_byte() {
    for iss in [
        json!("https://as.example.com/oauth/"),
        json!("https://AS.example.com/oauth"),
        json!("http://as.example.com/oauth"),
        json!("https://as.example.com/oaut"),
        json!(""),
    ] {
        assert_eq!(judge(&rules(), &changed("iss", iss.clone())), Err(Refusal::Issuer), "{iss}");
    }
    assert_eq!(
        judge(&rules(), &changed("iss", json!([ISSUER]))),
        Err(Refusal::ClaimMalformed("iss"))
    );
}

/// Rows: JWT-7
#[test]
fn the_audience_is_kept_whole_for_the_decision() {
    let many = judge(&rules(), &changed("aud", json!(["a", "b"]))).unwrap();
    assert!(many.audience.contains("a") && many.audience.contains("b"));
    let none = judge(&rules(), &changed("aud", json!([]))).unwrap();
    assert_eq!(none.audience.members().count(), 0, "an empty audience contains nobody");
    for aud in [json!(1), json!({}), json!(["a", 1])] {
        assert_eq!(judge(&rules(), &changed("aud", aud)), Err(Refusal::ClaimMalformed("aud")));
    }
}

/// Rows: JWT-8, WSO2-8.5.6, WSO2-11.3
#[test]
fn each_required_claim_is_required() {
    for name in REQUIRED_CLAIMS {
        let refused = judge(&rules(), &changed(name, Value::Null));
        assert_eq!(refused, Err(Refusal::ClaimMissing(name.into())), "{name}");
    }
    let lenient = AccessTokenRules { required_claims: vec!["exp".into()], ..rules() };
    assert!(judge(&lenient, &changed("jti", Value::Null)).is_ok());
    let refused = judge(&lenient, &changed("exp", Value::Null));
    assert_eq!(refused, Err(Refusal::ClaimMissing("exp".into())));
}

/// Rows: JWT-9, WSO2-8.5.6, WSO2-8.5.7, WSO2-11.3
#[test]
fn life_is_tested_with_the_skew_once_at_each_end() {
    let now = NOW.as_secs();
    let rules = rules();
    let life = |claims: &Value| {
        judge(&rules, claims).and_then(|statement| rules.check_life(&statement, NOW))
    };
    let cases = [
        ("exp", json!(now), Ok(())),
        ("exp", json!(now - 9), Ok(())),
        ("exp", json!(now - 10), Err(Refusal::Expired)),
        ("exp", json!(now - 20), Err(Refusal::Expired)),
        ("nbf", json!(now + 10), Ok(())),
        ("nbf", json!(now + 11), Err(Refusal::NotYetValid)),
        ("iat", json!(now + 10), Ok(())),
        ("iat", json!(now + 11), Err(Refusal::IssuedInFuture)),
        ("exp", json!((now + 1) as f64 + 0.5), Ok(())),
    ];
    for (name, value, expected) in cases {
        assert_eq!(life(&changed(name, value.clone())), expected, "{name} {value}");
    }
}

/// Rows: JWT-9
#[test]
fn dates_that_are_none_are_refused() {
    for name in ["exp", "nbf", "iat"] {
        for value in [json!("1767225600"), json!(-1), json!(1e300), json!(true), json!([1])] {
            let refused = judge(&rules(), &changed(name, value.clone()));
            assert_eq!(refused, Err(Refusal::ClaimMalformed(name)), "{name} {value}");
        }
    }
    for number in ["1e999", "NaN", "Infinity", "99999999999999999999999999"] {
        let payload = access_token_claims(ISSUER, NOW).to_string();
        let exp = (NOW.as_secs() + 300).to_string();
        let payload = payload.replace(&exp, number);
        let judged = rules().statement(jws(Some("at+jwt")), payload.as_bytes(), NOW);
        assert!(judged.is_err(), "{number}");
    }
}

/// Rows: JWT-11
#[test]
fn duplicate_claims_are_refused() {
    let payload = br#"{"sub":"alice","sub":"mallory"}"#;
    let judged = rules().statement(jws(Some("at+jwt")), payload, NOW);
    assert_eq!(judged, Err(Refusal::Payload));
}

/// Rows: JWT-14
#[test]
fn other_kinds_of_token_do_not_pass_for_access_tokens() {
    let lenient = AccessTokenRules {
        accepted_typ: AcceptedTyp::from_list(&["JWT".into(), "none".into()]).unwrap(),
        required_claims: vec![],
        ..rules()
    };
    let mut id_token = access_token_claims(ISSUER, NOW);
    id_token["nonce"] = json!("n-0S6");
    let mut event = access_token_claims(ISSUER, NOW);
    event["events"] = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    let proof = json!({"iss": ISSUER, "htm": "GET", "htu": "https://x", "jti": "1", "iat": 1});
    let answer = json!({"iss": ISSUER, "token_introspection": {"active": true}});
    for (typ, claims) in [
        (None, &id_token),
        (Some("JWT"), &id_token),
        (Some("JWT"), &event),
        (None, &proof),
        (None, &answer),
    ] {
        let payload = claims.to_string();
        let judged = lenient.statement(jws(typ), payload.as_bytes(), NOW);
        assert!(matches!(judged, Err(Refusal::OtherKind(_))), "{claims}");
    }
    let good = access_token_claims(ISSUER, NOW).to_string();
    for typ in [
        "secevent+jwt",
        "dpop+jwt",
        "logout+jwt",
        "client-authentication+jwt",
        "token-introspection+jwt",
    ] {
        let judged = lenient.statement(jws(Some(typ)), good.as_bytes(), NOW);
        assert_eq!(judged, Err(Refusal::Typ), "{typ}");
    }
}

#[test]
fn a_refresh_token_or_an_id_token_that_says_so_is_no_access_token() {
    for (name, value) in [
        ("token_use", "refresh_token"),
        ("token_use", "id"),
        ("token_type", "refresh"),
        ("token_type", "id_token"),
        ("typ", "Refresh"),
        ("typ", "Offline"),
        ("typ", "ID"),
    ] {
        let judged = judge(&rules(), &changed(name, json!(value)));
        assert!(matches!(judged, Err(Refusal::OtherKind(_))), "{name} {value}");
    }
    for name in ["token_use", "token_type", "typ"] {
        for value in
            [json!("access_token"), json!("Bearer"), json!("access"), json!(1), json!(null)]
        {
            assert!(judge(&rules(), &changed(name, value.clone())).is_ok(), "{name} {value}");
        }
    }
}

#[test]
fn a_token_that_asks_for_proof_of_a_key_is_nobody_s_bearer_token() {
    for (name, value) in
        [("cnf", json!({"jkt": "x"})), ("cnf", json!("odd")), ("token_type", json!("DPoP"))]
    {
        assert!(
            judge(&rules(), &changed(name, value.clone())).unwrap().confirmed,
            "{name} {value}"
        );
    }
    assert!(!judge(&rules(), &changed("cnf", json!(null))).unwrap().confirmed, "as if absent");
}

#[test]
fn a_claim_that_is_null_is_as_if_absent() {
    let lenient = AccessTokenRules { required_claims: vec![], ..rules() };
    for name in ["exp", "nbf", "iat", "aud", "scope", "sub", "client_id", "azp", "jti", "nonce"] {
        assert!(judge(&lenient, &changed(name, json!(null))).is_ok(), "{name}");
    }
    assert_eq!(
        judge(&rules(), &changed("sub", json!(null))),
        Err(Refusal::ClaimMissing("sub".into()))
    );
}

/// Rows: JIR-4
#[test]
fn an_introspection_answer_presented_as_an_access_token_is_refused() {
    let answer = json!({
        "iss": ISSUER, "aud": "gateway", "iat": NOW.as_secs(),
        "token_introspection": access_token_claims(ISSUER, NOW),
    });
    let payload = answer.to_string();
    for typ in ["token-introspection+jwt", "at+jwt"] {
        assert!(rules().statement(jws(Some(typ)), payload.as_bytes(), NOW).is_err());
    }
}

/// Rows: JIR-7
#[test]
fn the_phantom_token_fits_the_backends_header() {
    let signer = Signer::es256("k");
    let claims = access_token_claims(ISSUER, NOW);
    let token = signer.sign(&claims);
    let limit = token.len() - 1;
    let tight = AccessTokenRules { max_phantom_token_len: limit, ..rules() };
    let judged =
        tight.statement(UnverifiedJws::parse(&token).unwrap(), claims.to_string().as_bytes(), NOW);
    assert_eq!(judged, Err(Refusal::TooLongForBackend { length: token.len(), limit }));
}

/// Rows: INT-9
#[test]
fn an_array_in_scope_needs_the_option_and_never_panics() {
    let array = changed("scope", json!(["read", "write"]));
    assert_eq!(judge(&rules(), &array), Err(Refusal::ClaimMalformed("scope")));
    let tolerant = AccessTokenRules { scope_array: true, ..rules() };
    assert!(judge(&tolerant, &array).unwrap().scope.contains("write"));
    for odd in [json!([1]), json!([null]), json!({}), json!(7), json!(["a b"]), json!("a\"b")] {
        let refused = judge(&tolerant, &changed("scope", odd.clone()));
        assert_eq!(refused, Err(Refusal::ClaimMalformed("scope")), "{odd}");
    }
}

/// Rows: PITFALL-25
#[test]
fn absent_claims_are_absent_not_a_panic() {
    let lenient = AccessTokenRules { required_claims: vec![], ..rules() };
    let statement = judge(&lenient, &json!({"iss": ISSUER})).unwrap();
    assert_eq!(statement.expires_at, None);
    assert!(statement.scope.is_empty());
    assert_eq!(statement.audience.members().count(), 0);
}

proptest! {
    #[test]
    fn no_payload_makes_the_rules_panic(payload in proptest::collection::vec(any::<u8>(), 0..256)) {
        drop(rules().statement(jws(Some("at+jwt")), &payload, NOW));
    }
}
