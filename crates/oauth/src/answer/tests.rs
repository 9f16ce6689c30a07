use base64::Engine;
use phantom_core::jwt::BASE64URL;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const NOW: UnixTime = UnixTime::from_secs(784_111_777);

fn raw<'a>(status: u16, content_type: &'a str, body: &'a [u8]) -> RawAnswer<'a> {
    RawAnswer { status, content_type: Some(content_type), retry_after: None, body }
}

fn said(
    status: u16,
    content_type: &str,
    body: &str,
    format: &ResponseFormat,
) -> Result<Said, Unusable> {
    read(raw(status, content_type, body.as_bytes()), format, Advice::OF_THE_FILE, NOW)
}

fn jwt(typ: &str) -> String {
    let encode = |value: Value| BASE64URL.encode(value.to_string());
    format!(
        "{}.{}.c2ln",
        encode(json!({"alg": "ES256", "typ": typ})),
        encode(json!({"sub": "alice"}))
    )
}

fn claim_format() -> ResponseFormat {
    ResponseFormat::JsonClaim { claim: None }
}

const PHANTOM: ResponseFormat = ResponseFormat::PhantomJwt;
const PLAIN: ResponseFormat = ResponseFormat::Json;
const SIGNED: ResponseFormat = ResponseFormat::Rfc9701;

fn misbehaved(said: &Result<Said, Unusable>) -> bool {
    matches!(said, Err(Unusable::NoVerdict(IntrospectError::Misbehaved { .. })))
}

/// Rows: INT-5
#[test]
fn active_is_the_boolean_true_and_nothing_else() {
    for format in [PLAIN, PHANTOM, claim_format(), SIGNED] {
        for body in [
            r#"{"active":"true","jwt":"e30.e30.c2ln"}"#,
            r#"{"active":1}"#,
            r#"{"active":null}"#,
            r#"{"active":[true]}"#,
            r#"{"active":"false"}"#,
            r#"{}"#,
            r#"{"jwt":"e30.e30.c2ln"}"#,
            r#"{"active":true,"active":false}"#,
            "[]",
            "true",
            "{",
            "null",
            "<html>",
        ] {
            let said = said(200, "application/json", body, &format);
            assert!(misbehaved(&said), "{body} {format:?}");
        }
    }
}

/// Rows: INT-5
#[test]
fn success_is_status_200_alone() {
    let body = r#"{"active":true}"#;
    assert!(matches!(said(200, "application/json", body, &PLAIN), Ok(Said::Claims(_))));
    for status in [201, 202, 203, 206, 226] {
        assert!(misbehaved(&said(status, "application/json", body, &PLAIN)), "{status}");
    }
}

/// Rows: INT-6
#[test]
fn inactive_is_an_answer() {
    for format in [PLAIN, PHANTOM, claim_format(), SIGNED] {
        let body = r#"{"active":false}"#;
        let json = said(200, "application/json; charset=utf-8", body, &format);
        assert_eq!(json, Ok(Said::Inactive));
        let empty = RawAnswer { status: 204, content_type: None, retry_after: None, body: b"" };
        assert_eq!(read(empty, &format, Advice::OF_THE_FILE, NOW), Ok(Said::Inactive));
        assert_eq!(said(400, "text/plain", "", &format), Ok(Said::Inactive));
    }
}

/// Rows: INT-7
#[test]
fn a_refused_client_is_our_fault() {
    for body in ["", "<html>", r#"{"error":"invalid_client"}"#] {
        for status in [401, 403] {
            assert_eq!(said(status, "text/html", body, &PHANTOM), Err(Unusable::ClientRefused));
        }
    }
    for code in ["invalid_client_credentials", "invalid_client_id"] {
        let told = said(400, "application/json", &format!(r#"{{"error":"{code}"}}"#), &PHANTOM);
        assert_eq!(told, Err(Unusable::ClientRefused), "{code} is about us as client");
    }
    let header = r#"{"error":"invalid_request","error_description":"client_id and client_secret in the authorization header are not properly encoded"}"#;
    assert_eq!(said(400, "application/json", header, &PHANTOM), Err(Unusable::ClientRefused));
    for description in [
        "client authentication failed",
        "no client authentication mechanism provided",
        "Bad credentials of the client",
        "client credentials are wrong",
    ] {
        let body = format!(r#"{{"error":"invalid_request","error_description":"{description}"}}"#);
        let told = said(400, "application/json", &body, &PHANTOM);
        assert_eq!(told, Err(Unusable::ClientRefused), "{description}");
    }
    let body = r#"{"error":"invalid_request","error_description":"grant_type is missing"}"#;
    assert!(misbehaved(&said(400, "application/json", body, &PHANTOM)), "a token endpoint says so");
    for description in ["The token is malformed", "token was not issued to this client", ""] {
        let body = format!(r#"{{"error":"invalid_request","error_description":"{description}"}}"#);
        let told = said(400, "application/json", &body, &PHANTOM);
        assert_eq!(told, Ok(Said::Inactive), "{description}");
    }
    let told = said(400, "application/json", r#"{"error":"invalid_client"}"#, &PHANTOM);
    assert_eq!(told, Err(Unusable::ClientRefused), "the error is about us, not about the token");
}

#[test]
fn wrong_statuses_are_our_set_ups_fault_and_never_a_verdict() {
    for status in [301, 302, 303, 307, 308, 402, 404, 405, 406, 415, 421] {
        for (content_type, body) in
            [("text/html", "<html>"), ("application/json", r#"{"active":true}"#)]
        {
            assert!(misbehaved(&said(status, content_type, body, &PLAIN)), "{status}");
        }
    }
}

/// Rows: CAC-9
#[test]
fn trouble_is_no_verdict() {
    for status in [408, 429, 500, 502, 503, 504, 599] {
        let said = said(status, "application/json", r#"{"active":false}"#, &PLAIN);
        assert!(matches!(said, Err(Unusable::Unavailable { .. })), "{status}");
    }
}

#[test]
fn retry_after_is_seconds_or_a_date_and_bounded() {
    let of = |text| {
        let answer = RawAnswer { retry_after: Some(text), ..raw(503, "text/plain", b"") };
        match read(answer, &PLAIN, Advice::OF_THE_FILE, NOW) {
            Err(Unusable::Unavailable { retry_after, .. }) => retry_after.map(|d| d.as_secs()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(of("7"), Some(7));
    assert_eq!(of("99999999999999999999"), Some(3600));
    assert_eq!(of("Sun, 06 Nov 1994 08:49:47 GMT"), Some(10));
    assert_eq!(of("Sun, 06 Nov 1994 08:49:00 GMT"), Some(0));
    assert_eq!(of("soon"), None);
    assert_eq!(of("-1"), None);
}

/// Rows: JIR-1
#[test]
fn the_media_type_decides_what_a_body_is() {
    let token = jwt("at+jwt");
    let phantom =
        Ok(Said::PhantomToken { jws: UnverifiedJws::parse(&token).unwrap(), bound: false });
    assert_eq!(said(200, "application/jwt", &token, &PHANTOM), phantom);
    assert_eq!(said(200, "Application/JWT; charset=utf-8", &token, &PHANTOM), phantom);
    assert_eq!(said(200, "application/jwt", &format!("{token}\r\n"), &PHANTOM), phantom);
    for content_type in ["text/html", "text/plain", "application/octet-stream", "jwt", "", ";"] {
        assert!(misbehaved(&said(200, content_type, &token, &PHANTOM)), "{content_type}");
    }
    let untyped = RawAnswer { content_type: None, ..raw(200, "", token.as_bytes()) };
    assert!(misbehaved(&read(untyped, &PHANTOM, Advice::OF_THE_FILE, NOW)));
    for format in [PLAIN, claim_format(), SIGNED] {
        assert!(misbehaved(&said(200, "application/jwt", &token, &format)), "{format:?}");
    }
}

/// Rows: PITFALL-8
#[test]
fn a_json_body_is_never_taken_for_a_jwt() {
    for body in [r#"{"active":false}"#, r#"{"active":true}"#, "", "a.b", "..", "e30.e30."] {
        for format in [PLAIN, PHANTOM, claim_format(), SIGNED] {
            let said = said(200, "application/jwt", body, &format);
            let token = matches!(&said, Ok(Said::PhantomToken { .. })) && body != "e30.e30.";
            assert!(!token, "{body} {format:?}");
        }
    }
    let token = jwt("at+jwt");
    assert!(misbehaved(&said(200, "application/json", &token, &PHANTOM)));
}

/// Rows: WSO2-10.answer.2, WSO2-10.answer.3
#[test]
fn json_is_active_with_the_phantom_token_in_a_claim_alone() {
    let token = jwt("at+jwt");
    let phantom =
        Ok(Said::PhantomToken { jws: UnverifiedJws::parse(&token).unwrap(), bound: false });
    for member in ["phantom_token", "jwt"] {
        let body = json!({"active": true, member: token}).to_string();
        for format in [PHANTOM, claim_format()] {
            assert_eq!(said(200, "application/json", &body, &format), phantom, "{member}");
        }
    }
    let named = ResponseFormat::JsonClaim { claim: Some("token_jwt".into()) };
    let body = json!({"active": true, "token_jwt": token, "jwt": "x"}).to_string();
    assert_eq!(said(200, "application/json", &body, &named), phantom);
    for body in [
        json!({"active": true}),
        json!({"active": true, "jwt": 1}),
        json!({"active": true, "jwt": ""}),
        json!({"active": true, "jwt": "opaque"}),
        json!({"active": true, "jwt": "e30.e30.c2ln\r\nX-Evil: 1"}),
        json!({"active": true, "jwt": jwt("token-introspection+jwt")}),
    ] {
        for format in [PHANTOM, claim_format()] {
            let said = said(200, "application/json", &body.to_string(), &format);
            assert!(misbehaved(&said), "{body}");
        }
    }
}

/// Rows: JIR-4
#[test]
fn a_statement_is_a_statement_under_every_media_type() {
    let statement = jwt("token-introspection+jwt");
    let signed = Ok(Said::SignedStatement(UnverifiedJws::parse(&statement).unwrap()));
    for format in [PLAIN, PHANTOM, claim_format(), SIGNED] {
        for content_type in ["application/jwt", "application/token-introspection+jwt"] {
            assert_eq!(said(200, content_type, &statement, &format), signed, "{format:?}");
        }
    }
    let other = jwt("at+jwt");
    let wrong_typ = said(200, "application/token-introspection+jwt", &other, &SIGNED);
    assert!(misbehaved(&wrong_typ));
}

/// Rows: JIR-5
#[test]
fn an_unsigned_active_answer_is_refused_where_a_signed_one_was_asked_for() {
    let body = r#"{"active":true,"sub":"alice"}"#;
    assert!(misbehaved(&said(200, "application/json", body, &SIGNED)));
}

#[test]
fn an_empty_200_is_no_answer() {
    for content_type in ["application/json", "application/jwt", "text/plain"] {
        assert!(misbehaved(&said(200, content_type, "", &PHANTOM)), "{content_type}");
    }
}

fn any_format() -> impl Strategy<Value = ResponseFormat> {
    prop_oneof![
        Just(PHANTOM),
        Just(PLAIN),
        Just(SIGNED),
        Just(claim_format()),
        Just(ResponseFormat::JsonClaim { claim: Some("x".into()) }),
    ]
}

proptest! {
    #[test]
    fn no_answer_makes_the_reader_panic(
        status in 100_u16..=999,
        content_type in proptest::option::of("(application/(json|jwt|token-introspection\\+jwt))?\\PC{0,12}"),
        retry_after in proptest::option::of("\\PC{0,30}"),
        body in proptest::collection::vec(any::<u8>(), 0..256),
        format in any_format(),
    ) {
        let answer = RawAnswer {
            status,
            content_type: content_type.as_deref(),
            retry_after: retry_after.as_deref(),
            body: &body,
        };
        drop(read(answer, &format, Advice::OF_THE_FILE, NOW));
    }

    #[test]
    fn only_200_is_ever_active(
        status in 100_u16..=999, body in "\\{\"active\":true(,\"jwt\":\"e30.e30.c2ln\")?\\}",
        format in any_format(),
    ) {
        let said = said(status, "application/json", &body, &format);
        let active = !matches!(said, Ok(Said::Inactive) | Err(_));
        prop_assert!(!active || status == 200);
    }
}

#[test]
fn what_helps_names_only_settings_that_a_key_manager_has() {
    let told = |advice| {
        let json = br#"{"active":true}"#;
        match read(raw(200, "application/json", json), &PHANTOM, advice, NOW) {
            Err(Unusable::NoVerdict(error)) => error.to_string(),
            other => panic!("{other:?}"),
        }
    };
    assert!(told(Advice::OF_THE_FILE).contains("set response = \"json\""));
    let managed = told(Advice::MANAGED);
    assert!(!managed.contains("response =") && managed.contains("application/jwt"), "{managed}");
    assert!(!Advice::MANAGED.statement.contains("response ="));
}
