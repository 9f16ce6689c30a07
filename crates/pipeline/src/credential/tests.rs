use proptest::prelude::*;

use super::*;
use crate::testing::Request;

/// The token and its place, or why there is none.
fn found(
    request: Request<'_>,
    sources: &CredentialSources,
) -> Result<(String, CredentialPlace), DenyReason> {
    let facts = request.facts();
    let credential = find(&facts, sources)?;
    Ok((credential.token()?.expose().to_owned(), credential.place))
}

fn from_field(value: &str) -> Result<String, DenyReason> {
    let fields = [("authorization", value)];
    found(Request::get("/", &fields), &CredentialSources::default()).map(|(token, _)| token)
}

fn cookie_source() -> CredentialSources {
    let cookie =
        CookieSource { name: "__Host-t".into(), trusted_origins: Box::new(["https://spa".into()]) };
    CredentialSources { cookie: Some(cookie), ..CredentialSources::default() }
}

const MISSING: DenyReason = DenyReason::CredentialMissing;
const MALFORMED: DenyReason = DenyReason::CredentialMalformed;
const REPEATED: DenyReason = DenyReason::CredentialRepeated;

/// Rows: TOK-1
#[test]
fn the_scheme_is_compared_without_case_and_the_token_taken_as_it_is() {
    for value in ["Bearer a.b-c_~+/9==", "bearer a.b-c_~+/9==", "BEARER   a.b-c_~+/9=="] {
        assert_eq!(from_field(value).as_deref(), Ok("a.b-c_~+/9=="), "{value}");
    }
    let fields = [("AUTHORIZATION", "Bearer a")];
    let place = found(Request::get("/", &fields), &CredentialSources::default());
    assert_eq!(place, Ok(("a".to_owned(), CredentialPlace::Header)));
}

/// Rows: TOK-1, PITFALL-10
#[test]
fn bearer_further_on_in_the_field_means_nothing() {
    for value in ["Basic bearer x", "Basic Bearer", "Digest realm=\"Bearer abc\"", "Bearerx abc"] {
        assert_eq!(from_field(value), Err(MISSING), "{value}");
    }
    for value in
        ["Bearer", "Bearer ", "Bearer=abc", "Bearer\tabc", " Bearer abc", "", "\"Bearer\" a"]
    {
        assert_eq!(from_field(value), Err(MALFORMED), "{value:?}");
    }
}

/// Rows: TOK-2, PITFALL-11
#[test]
fn two_authorization_fields_are_refused_whatever_they_hold() {
    for (first, second) in
        [("Bearer a", "Bearer a"), ("Bearer a", "Basic b"), ("Basic a", "Basic b"), ("", "")]
    {
        let fields = [("authorization", first), ("Authorization", second)];
        let request = Request::get("/", &fields);
        assert_eq!(
            found(request, &CredentialSources::default()),
            Err(REPEATED),
            "{first} {second}"
        );
    }
}

/// Rows: TOK-2
#[test]
fn a_comma_joined_list_of_credentials_is_refused() {
    for value in [
        "Bearer a, Bearer b",
        "Bearer a,b",
        "Bearer a, Basic b",
        "Basic a, Bearer b",
        "Basic dXNlcg==, bearer b",
        "Basic , Bearer b",
        "Digest a=\"b\", Bearer c",
        "Basic a,b",
    ] {
        assert_eq!(from_field(value), Err(REPEATED), "{value}");
    }
    // One credential whose scheme has parameters is not a list of credentials.
    for value in [
        "Digest username=\"a, Bearer b\", realm=\"\\\", Bearer c\", nc=1",
        "X a=b,, c = d,",
        "Basic",
    ] {
        assert_eq!(from_field(value), Err(MISSING), "{value}");
    }
}

/// Rows: TOK-3
#[test]
fn nothing_is_repaired() {
    for value in [
        "Bearer a b",
        "Bearer a ",
        "Bearer a\t",
        "Bearer %61",
        "Bearer \"a\"",
        "Bearer a\u{b}",
        "Bearer a=b",
    ] {
        assert_eq!(from_field(value), Err(MALFORMED), "{value:?}");
    }
}

/// Rows: TOK-4
#[test]
fn control_bytes_high_bytes_and_great_length_are_refused() {
    for byte in [0, b'\r', b'\n', 0x80, 0xff] {
        for scheme in ["Bearer", "Basic"] {
            let mut value = format!("{scheme} abc").into_bytes();
            value.push(byte);
            let outcome = from_header(Field::One(&value)).err();
            assert_eq!(outcome, Some(MALFORMED), "{scheme} {byte:#x}");
        }
    }
    let longest = "a".repeat(BearerToken::MAX_LEN);
    assert_eq!(from_field(&format!("Bearer {longest}")), Ok(longest.clone()));
    assert_eq!(from_field(&format!("Bearer {longest}a")), Err(MALFORMED));
}

/// Rows: TOK-5
#[test]
fn a_token_in_the_query_is_none_unless_the_route_takes_it() {
    let request = Request { query: Some("x=1&access_token=abc"), ..Request::get("/", &[]) };
    assert_eq!(found(request, &CredentialSources::default()), Err(MISSING));
    let query = CredentialSources { query: true, ..CredentialSources::default() };
    assert_eq!(found(request, &query), Ok(("abc".to_owned(), CredentialPlace::Query)));
    let cases = [
        ("%61ccess_token=a%2Bb", Ok("a+b")),
        ("access_token=a+b", Err(MALFORMED)),
        ("access_token=", Err(MALFORMED)),
        ("access_token=a&access_token=a", Err(REPEATED)),
        ("access_token=a&%61ccess_token=b", Err(REPEATED)),
        ("Access_Token=a", Err(MISSING)),
    ];
    for (text, expected) in cases {
        let outcome = found(Request { query: Some(text), ..request }, &query);
        assert_eq!(
            outcome.as_ref().map(|(token, _)| token.as_str()).map_err(|e| *e),
            expected,
            "{text}"
        );
    }
}

/// Rows: TOK-6
#[test]
fn a_token_in_a_form_is_one_only_in_an_ascii_form_of_another_method_than_get() {
    let form = CredentialSources { form: true, ..CredentialSources::default() };
    let urlencoded = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
    let post = |fields, body: &'static str| Request {
        method: "POST",
        form: Some(body.as_bytes()),
        ..Request::get("/", fields)
    };
    let request = post(&urlencoded, "a=1&access_token=abc");
    assert_eq!(found(request, &form), Ok(("abc".to_owned(), CredentialPlace::Form)));
    assert_eq!(found(request, &CredentialSources::default()), Err(MISSING), "off by default");
    for method in ["GET", "HEAD"] {
        assert_eq!(found(Request { method, ..request }, &form), Err(MISSING), "{method}");
    }
    for media_type in ["multipart/form-data; boundary=x", "application/json", "text/plain", ""] {
        let fields = [("content-type", media_type)];
        let request = Request { fields: &fields, ..request };
        assert_eq!(found(request, &form), Err(MISSING), "{media_type}");
    }
    let twice = [urlencoded[0], urlencoded[0]];
    assert_eq!(found(Request { fields: &twice, ..request }, &form), Err(MISSING));
    assert_eq!(found(post(&urlencoded, "access_token=abc&x=\u{e4}"), &form), Err(MALFORMED));
    assert_eq!(found(post(&urlencoded, "access_token=a&access_token=b"), &form), Err(REPEATED));
}

/// Rows: TOK-7
#[test]
fn two_ways_of_sending_a_token_are_refused() {
    let sources = CredentialSources { query: true, form: true, ..cookie_source() };
    let header = ("authorization", "Bearer a");
    let cookie = ("cookie", "__Host-t=a");
    let origin = ("origin", "https://spa");
    let urlencoded = ("content-type", "application/x-www-form-urlencoded");
    let fields = [header, cookie, origin, urlencoded];
    let (query, form) = (Some("access_token=a"), Some(&b"access_token=a"[..]));
    let none = Request { method: "POST", ..Request::get("/", &[]) };
    let pairs = [
        Request { fields: &fields[..1], query, ..none },
        Request { fields: &[header, urlencoded], form, ..none },
        Request { fields: &fields[..3], ..none },
        Request { fields: &fields[3..], query, form, ..none },
        Request { fields: &fields[1..3], query, ..none },
        Request { fields: &fields, query, form, ..none },
    ];
    for request in pairs {
        assert_eq!(found(request, &sources), Err(REPEATED), "{request:?}");
    }
    assert_eq!(found(Request { fields: &fields[..1], ..none }, &sources).unwrap().0, "a");
}

/// Rows: TOK-8
#[test]
fn a_cookie_needs_its_exact_name_once_and_a_trusted_origin_for_every_method() {
    let sources = cookie_source();
    let ask = |method, origin: Option<&str>, cookie: &str| {
        let origin = origin.map(|origin| ("origin", origin));
        let fields: Vec<(&str, &str)> = [("cookie", cookie)].into_iter().chain(origin).collect();
        found(Request { method, ..Request::get("/", &fields) }, &sources)
    };
    for method in ["GET", "HEAD", "POST", "OPTIONS"] {
        let taken = ask(method, Some("https://spa"), "a=b; __Host-t=abc ;c");
        assert_eq!(taken, Ok(("abc".to_owned(), CredentialPlace::Cookie)), "{method}");
        for origin in [None, Some(""), Some("null"), Some("https://spa.evil"), Some("https://SPA")]
        {
            let outcome = ask(method, origin, "__Host-t=abc");
            assert_eq!(outcome, Err(DenyReason::OriginUntrusted), "{method} {origin:?}");
        }
    }
    let origin = Some("https://spa");
    for cookie in ["__host-t=a", "x__Host-t=a", "__Host-t2=a", "a=__Host-t=a", ""] {
        assert_eq!(ask("GET", origin, cookie), Err(MISSING), "{cookie}");
    }
    assert_eq!(ask("GET", origin, "__Host-t=a; __Host-t=a"), Err(REPEATED));
    for cookie in ["__Host-t=\"a\"", "__Host-t", "__Host-t=", "__Host-t=a b", "__Host-t=%61"] {
        assert_eq!(ask("GET", origin, cookie), Err(MALFORMED), "{cookie}");
    }
    let twice = [("cookie", "__Host-t=a"), ("cookie", "b=c"), ("origin", "https://spa")];
    assert_eq!(found(Request::get("/", &twice), &sources), Err(REPEATED));
}

/// Rows: TOK-8
#[test]
fn a_cookie_without_an_origin_is_taken_from_a_safe_request_of_the_same_origin_alone() {
    let ask = |method, fields: &[(&str, &str)]| {
        let fields = [&[("cookie", "__Host-t=abc")], fields].concat();
        found(Request { method, ..Request::get("/", &fields) }, &cookie_source())
    };
    let same = ("sec-fetch-site", "same-origin");
    for method in ["GET", "HEAD", "OPTIONS"] {
        let taken = ask(method, &[same]);
        assert_eq!(taken, Ok(("abc".to_owned(), CredentialPlace::Cookie)), "{method}");
    }
    for method in ["POST", "PUT", "PATCH", "DELETE", "PROPFIND", "get"] {
        assert_eq!(ask(method, &[same]), Err(DenyReason::OriginUntrusted), "{method}");
    }
    let other_sites = ["same-site", "cross-site", "none", "", "Same-Origin", "same-origin, none"];
    for site in other_sites {
        let outcome = ask("GET", &[("sec-fetch-site", site)]);
        assert_eq!(outcome, Err(DenyReason::OriginUntrusted), "{site}");
    }
    for fields in [[same, same], [same, ("origin", "https://evil")], [same, ("origin", "null")]] {
        assert_eq!(ask("GET", &fields), Err(DenyReason::OriginUntrusted), "{fields:?}");
    }
}

/// Rows: STR-3
#[test]
fn a_token_in_sec_websocket_protocol_is_no_credential() {
    let fields = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-protocol", "bearer, abc"),
        ("sec-websocket-protocol", "Bearer abc"),
    ];
    let sources = CredentialSources { query: true, form: true, ..cookie_source() };
    assert_eq!(found(Request::get("/ws", &fields), &sources), Err(MISSING));
}

/// Rows: INT-11
#[test]
fn no_credential_prints_its_token() {
    let sources = CredentialSources { query: true, ..CredentialSources::default() };
    let request = Request { query: Some("access_token=s3cret"), ..Request::get("/", &[]) };
    let facts = request.facts();
    let printed = format!("{:?} {:?}", find(&facts, &sources).unwrap(), facts.fields);
    assert!(!printed.contains("s3cret"), "{printed}");
    let fields = [("authorization", "Bearer s3cret"), ("cookie", "s3cret")];
    let request = Request::get("/", &fields);
    let facts = request.facts();
    let printed = format!("{:?} {:?}", find(&facts, &sources).unwrap(), facts.fields);
    assert!(!printed.contains("s3cret"), "{printed}");
}

proptest! {
    /// Rows: TOK-1
    #[test]
    fn what_is_accepted_is_one_b64token_verbatim_behind_the_scheme(
        value in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..64),
            "(?i)bearer {0,3}[a-c.=, \"\\x00-\\x7f]{0,9}".prop_map(String::into_bytes),
            "(?i)(bearer|basic|digest) [ -~]{0,20}".prop_map(String::into_bytes),
        ]
    ) {
        if let Ok(Some(credential)) = from_header(Field::One(&value)) {
            let token = credential.token().unwrap().expose();
            let (scheme, rest) = value.split_at(6);
            prop_assert!(scheme.eq_ignore_ascii_case(b"bearer"));
            prop_assert!(rest.starts_with(b" "));
            let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
            prop_assert_eq!(&rest[spaces..], token.as_bytes());
            let body = token.trim_end_matches('=');
            prop_assert!(!body.is_empty());
            prop_assert!(body.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b)));
        }
    }

    #[test]
    fn no_bytes_in_any_source_panic_and_nothing_but_a_b64token_is_taken(
        cookie in proptest::collection::vec(any::<u8>(), 0..40),
        tail in proptest::collection::vec(any::<u8>(), 0..20),
        query in "(access_token=|a=1&)?.{0,20}",
        form in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let cookie = [b"__Host-t=", &cookie[..]].concat();
        let value = [b"Bearer ", &tail[..]].concat();
        let request = Request { method: "POST", ..Request::get("/", &[]) };
        let mut facts = request.facts();
        facts.query = Some(&query);
        facts.form = Some(&form);
        facts.fields.content_type = Field::One(b"application/x-www-form-urlencoded");
        facts.fields.cookie = Field::One(&cookie);
        facts.fields.origin = Field::One(b"https://spa");
        let sources = CredentialSources { query: true, form: true, ..cookie_source() };
        for authorization in [Field::Absent, Field::One(&value), Field::One(&tail), Field::Repeated] {
            facts.fields.authorization = authorization;
            if let Ok(credential) = find(&facts, &sources) {
                let token = credential.token().unwrap();
                prop_assert!(BearerToken::parse(token.expose().as_bytes()).is_ok());
            }
        }
    }
}
