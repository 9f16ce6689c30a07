use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use super::*;
use crate::testing::methods;
use crate::testing::protected;
use crate::testing::public_route;

const FORMATS: [ErrorFormat; 3] = [ErrorFormat::Curity, ErrorFormat::Problem, ErrorFormat::Wso2];

const FAULTS: [Fault; 16] = [
    Fault::BadAnswer("too many fields"),
    Fault::BadGateway,
    Fault::BadRequest("two Host fields"),
    Fault::GatewayTimeout,
    Fault::HeaderTooLarge,
    Fault::LengthTooLarge,
    Fault::LoopDetected,
    Fault::ExpectationFailed,
    Fault::MethodNotImplemented,
    Fault::NotFound,
    Fault::Overloaded,
    Fault::PreconditionFailed,
    Fault::RangeNotSatisfiable,
    Fault::RequestTimeout,
    Fault::TargetTooLong,
    Fault::VersionNotSupported,
];

/// Every refusal in every format, as the route `/` that needs `read write` makes it.
fn refusals() -> Vec<(DenyReason, ErrorFormat, Answer)> {
    let route = Matched::from(Route { access: protected("read write"), ..public_route("r", "/") });
    let mut refusals = Vec::new();
    for reason in DenyReason::ALL {
        for format in FORMATS {
            refusals.push((
                reason,
                format,
                Answer::deny(&reason.into(), Some(&route), format, false),
            ));
        }
    }
    refusals
}

fn deny(reason: DenyReason, route: &Matched) -> Answer {
    Answer::deny(&reason.into(), Some(route), ErrorFormat::Curity, false)
}

/// Reads a challenge by the grammar of RFC 9110 §11.6.1: the scheme and its parameters.
fn parse_challenge(value: &str) -> Option<(&str, Vec<(&str, &str)>)> {
    let (scheme, mut rest) = value.split_once(' ')?;
    let mut parameters = Vec::new();
    loop {
        let (name, after) = rest.split_once("=\"")?;
        let (value, after) = after.split_once('"')?;
        let clean = value.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E));
        let token = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        if !(clean && token) {
            return None;
        }
        parameters.push((name, value));
        if after.is_empty() {
            return Some((scheme, parameters));
        }
        rest = after.strip_prefix(", ")?;
    }
}

/// Rows: CHL-1
#[test]
fn every_401_has_a_challenge_with_a_parameter() {
    let mut seen = 0;
    for (reason, format, answer) in refusals() {
        let challenges = answer.values("www-authenticate");
        if answer.status == 401 {
            seen += 1;
            assert!(!challenges.is_empty(), "{reason:?} {format:?}");
        }
        for challenge in challenges {
            let (scheme, parameters) = parse_challenge(challenge).unwrap();
            assert_eq!(scheme, "Bearer");
            assert!(!parameters.is_empty(), "{reason:?} {format:?}");
        }
    }
    assert_eq!(seen, 13 * FORMATS.len(), "thirteen reasons are authentication failures");
    // Where no route is known there is still a challenge.
    let answer =
        Answer::deny(&DenyReason::CredentialMissing.into(), None, ErrorFormat::Curity, false);
    assert_eq!(answer.value("www-authenticate"), Some("Bearer realm=\"api\""));
}

/// Rows: CHL-2
#[test]
fn no_parameter_of_a_challenge_is_repeated() {
    for (reason, format, answer) in refusals() {
        for challenge in answer.values("www-authenticate") {
            let (_, parameters) = parse_challenge(challenge).unwrap();
            let names: HashSet<&str> = parameters.iter().map(|(name, _)| *name).collect();
            assert_eq!(names.len(), parameters.len(), "{reason:?} {format:?}: {challenge}");
        }
    }
}

proptest! {
    /// Rows: CHL-3
    #[test]
    fn no_realm_can_break_out_of_its_quotes(realm in ".{0,40}") {
        let route = Matched::from(Route { realm: realm.as_str().into(), access: protected("a"), ..public_route("r", "/") });
        let answer = deny(DenyReason::InsufficientScope, &route);
        let challenge = answer.value("www-authenticate").unwrap();
        let (_, parameters) = parse_challenge(challenge).unwrap();
        let kept: String = realm.chars().filter(|c| (' '..='~').contains(c) && !"\"\\".contains(*c)).collect();
        prop_assert_eq!(
            parameters,
            vec![("realm", kept.as_str()), ("error", "insufficient_scope"), ("scope", "a")]
        );
    }
}

/// Rows: CHL-4
#[test]
fn a_challenge_is_one_well_formed_field_line() {
    for (reason, format, answer) in refusals() {
        for challenge in answer.values("www-authenticate") {
            assert!(parse_challenge(challenge).is_some(), "{reason:?} {format:?}: {challenge}");
            assert_eq!(challenge.matches("Bearer").count(), 1, "{challenge}");
        }
    }
    assert!(parse_challenge("Bearer realm=\"a\", ").is_none(), "the reader itself is strict");
}

/// Rows: CHL-5
#[test]
fn what_a_challenge_says_is_from_a_fixed_set() {
    // No part of an answer comes from anything but the reason, the route and the format.
    let route = public_route("r", "/").into();
    for reason in DenyReason::ALL {
        for challenge in deny(reason, &route).values("www-authenticate") {
            let (_, parameters) = parse_challenge(challenge).unwrap();
            let fixed = ["invalid_request", "invalid_token", "insufficient_scope", "api"];
            assert!(parameters.iter().all(|(_, value)| fixed.contains(value)), "{challenge}");
        }
    }
}

/// Rows: CHL-6
#[test]
fn no_refusal_and_no_fault_may_be_stored() {
    for (reason, format, answer) in refusals() {
        assert_eq!(answer.value("cache-control"), Some("no-store"), "{reason:?} {format:?}");
    }
    for fault in FAULTS {
        for (format, grpc) in FORMATS.into_iter().flat_map(|f| [(f, false), (f, true)]) {
            let answer = Answer::fault(fault, format, grpc);
            assert_eq!(answer.value("cache-control"), Some("no-store"), "{fault:?}");
        }
    }
}

/// Rows: CHL-7
#[test]
fn the_only_answer_of_ours_that_may_be_shared_is_the_same_for_everybody() {
    let public = |answer: &Answer| answer.value("cache-control").unwrap().contains("public");
    assert!(refusals().iter().all(|(_, _, answer)| !public(answer)));
    assert!(public(&Answer::json("{\"keys\":[]}".into())));
    assert_eq!(Answer::empty(204, Vec::new()).value("cache-control"), None);
}

/// Rows: PRB-1
#[test]
fn a_problem_names_its_type_title_and_real_status() {
    for (reason, format, answer) in refusals() {
        if format != ErrorFormat::Problem {
            continue;
        }
        assert_eq!(answer.value("content-type"), Some("application/problem+json"));
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(body["type"], "about:blank");
        assert_eq!(body["status"], answer.status, "{reason:?}");
        // RFC 9457 §4.2.1: with about:blank the title is the status's own phrase.
        let title = http_phrase(answer.status);
        assert_eq!(body["title"], title, "{reason:?}");
        assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    }
}

fn http_phrase(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        500 => "Internal Server Error",
        429 => "Too Many Requests",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        other => panic!("no refusal has status {other}"),
    }
}

/// Rows: PRB-2
#[test]
fn the_challenge_is_there_whatever_the_body() {
    for (reason, _, answer) in refusals() {
        let challenged =
            matches!(answer.status, 400 | 401) || reason == DenyReason::InsufficientScope;
        assert_eq!(answer.value("www-authenticate").is_some(), challenged, "{reason:?}");
        assert!(!answer.body.is_empty());
    }
}

/// Rows: PRB-3
#[test]
fn no_body_tells_of_the_inside() {
    let route = Matched::from(Route {
        name: "internal-name".into(),
        ..public_route("r", "/internal-prefix")
    });
    for reason in DenyReason::ALL {
        for format in FORMATS {
            let answer = Answer::deny(&reason.into(), Some(&route), format, false);
            for inside in ["internal", "http", "://", "authorization server", "introspect"] {
                assert!(!answer.body.contains(inside), "{reason:?}: {}", answer.body);
            }
        }
    }
}

/// Rows: PRB-4
#[test]
fn grpc_gets_a_trailers_only_answer() {
    for (reason, status) in [
        (DenyReason::CredentialMissing, "16"),
        (DenyReason::CredentialMalformed, "16"),
        (DenyReason::TokenInactive, "16"),
        (DenyReason::InsufficientScope, "7"),
        (DenyReason::ClaimRuleUnmet, "7"),
        (DenyReason::OriginUntrusted, "7"),
        (DenyReason::RateLimited, "14"),
        (DenyReason::AuthorizationServerUnavailable, "14"),
        (DenyReason::AuthorizationServerMisbehaved, "14"),
        (DenyReason::StatementRefused, "14"),
        (DenyReason::NoRoute, "12"),
    ] {
        for format in FORMATS {
            let answer = Answer::deny(&reason.into(), None, format, true);
            assert_eq!(answer.status, 200, "gRPC tells its status in a trailer");
            assert_eq!(answer.value("content-type"), Some("application/grpc"));
            assert_eq!(answer.value("grpc-status"), Some(status), "{reason:?}");
            let message = answer.value("grpc-message").unwrap();
            assert!(message.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'%'), "{message}");
            assert!(answer.body.is_empty());
        }
    }
    for (fault, status) in [
        (Fault::BadAnswer("x"), "14"),
        (Fault::BadGateway, "14"),
        (Fault::GatewayTimeout, "14"),
        (Fault::Overloaded, "14"),
        (Fault::BadRequest("x"), "13"),
    ] {
        let answer = Answer::fault(fault, ErrorFormat::Problem, true);
        assert_eq!(answer.value("grpc-status"), Some(status), "{fault:?}");
    }
}

/// Rows: PRB-4
#[test]
fn the_legacy_body_has_a_code_and_a_message() {
    let answer = Answer::deny(&DenyReason::TokenExpired.into(), None, ErrorFormat::Curity, false);
    assert_eq!(answer.value("content-type"), Some("application/json"));
    assert_eq!(
        answer.body,
        "{\"code\":\"unauthorized\",\"message\":\"Missing, invalid or expired access token\"}\n"
    );
    let texts = [
        (
            DenyReason::InsufficientScope,
            "forbidden",
            "The token does not contain the required scope",
        ),
        (
            DenyReason::AuthorizationServerUnavailable,
            "server_error",
            "Problem encountered authorizing the HTTP request",
        ),
        (
            DenyReason::AuthorizationServerMisbehaved,
            "server_error",
            "Problem encountered authorizing the HTTP request",
        ),
    ];
    for (reason, code, message) in texts {
        let answer = Answer::deny(&reason.into(), None, ErrorFormat::Curity, false);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(body, json!({"code": code, "message": message}));
    }
}

/// Rows: JWT-16
#[test]
fn every_way_a_token_can_be_bad_reads_the_same() {
    let route = Matched::from(Route { access: protected("read"), ..public_route("r", "/") });
    let causes = [
        DenyReason::AudienceMismatch,
        DenyReason::ConfirmationUnenforced,
        DenyReason::IssuerMismatch,
        DenyReason::TokenExpired,
        DenyReason::TokenInactive,
        DenyReason::TokenNotYetValid,
        DenyReason::TokenRevoked,
        DenyReason::TokenUnverified,
    ];
    for format in FORMATS {
        for grpc in [false, true] {
            let answers: Vec<Answer> = causes
                .iter()
                .map(|cause| Answer::deny(&(*cause).into(), Some(&route), format, grpc))
                .collect();
            assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{format:?}");
        }
    }
}

#[test]
fn retry_after_counts_whole_seconds_and_never_none() {
    let wait = |reason, retry_after| {
        let answer = Answer::deny(&Deny { reason, retry_after }, None, ErrorFormat::Curity, false);
        answer.value("retry-after").map(str::to_owned)
    };
    let limited = DenyReason::RateLimited;
    assert_eq!(wait(limited, Some(Duration::from_millis(1))).as_deref(), Some("1"));
    assert_eq!(wait(limited, Some(Duration::from_millis(1001))).as_deref(), Some("2"));
    assert_eq!(wait(limited, None).as_deref(), Some("1"));
    assert_eq!(wait(limited, Some(Duration::MAX)), Some(u64::MAX.to_string()));
    assert_eq!(wait(DenyReason::PeerBudget, Some(Duration::from_secs(2))).as_deref(), Some("2"));
    let away = DenyReason::AuthorizationServerUnavailable;
    assert_eq!(wait(away, None).as_deref(), Some("1"));
    assert_eq!(wait(away, Some(Duration::from_secs(9))).as_deref(), Some("9"));
    assert_eq!(wait(DenyReason::TokenInactive, Some(Duration::from_secs(9))), None);
}

#[test]
fn wso2_faults_have_string_codes_and_reports_a_type() {
    let of = |reason: DenyReason| {
        let answer = Answer::deny(&reason.into(), None, ErrorFormat::Wso2, false);
        (answer.status, answer.body.into_owned())
    };
    let (status, body) = of(DenyReason::TokenInactive);
    assert_eq!(status, 401);
    assert_eq!(
        body,
        r#"{"code":"900901","message":"Invalid Credentials","description":"Invalid Credentials. Make sure you have provided the correct security credentials"}"#
    );
    let codes = [
        (DenyReason::CredentialMissing, 401, "900902"),
        (DenyReason::CredentialRepeated, 400, "900901"),
        (DenyReason::InsufficientScope, 403, "900910"),
        (DenyReason::AuthorizationServerUnavailable, 503, "900900"),
        (DenyReason::AuthorizationServerMisbehaved, 502, "900900"),
        (DenyReason::StatementRefused, 502, "900900"),
        (DenyReason::PeerBudget, 429, "900800"),
        (DenyReason::RateLimited, 429, "900800"),
    ];
    for (reason, expected, code) in codes {
        let (status, body) = of(reason);
        assert_eq!(status, expected, "{reason:?}");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["code"], code, "{reason:?}");
        assert_eq!(body.get("type"), None, "{reason:?}");
    }
    assert_eq!(
        of(DenyReason::NoRoute).1,
        r#"{"code":"404","type":"Status report","message":"Not Found","description":"The requested resource is not available."}"#
    );
    assert_eq!(
        of(DenyReason::MethodNotAllowed).1,
        r#"{"code":"405","type":"Status report","message":"Runtime Error","description":"Method not allowed for given API resource"}"#
    );
    for fault in FAULTS {
        let answer = Answer::fault(fault, ErrorFormat::Wso2, false);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(body["type"], "Status report", "{fault:?}");
        let code = match fault {
            Fault::BadAnswer(_) | Fault::BadGateway => "101503".to_owned(),
            Fault::GatewayTimeout => "101504".to_owned(),
            Fault::Overloaded => "303001".to_owned(),
            _ => answer.status.to_string(),
        };
        assert_eq!(body["code"], code, "{fault:?}");
        assert!(body["description"].as_str().is_some_and(|text| !text.is_empty()));
    }
}

#[test]
fn wso2_challenges_start_with_the_error() {
    let route = Matched::from(Route { access: protected("read write"), ..public_route("r", "/") });
    for (reason, challenge) in [
        (DenyReason::CredentialMissing, "Bearer realm=\"api\", scope=\"read write\""),
        (DenyReason::TokenInactive, "Bearer error=\"invalid_token\""),
        (
            DenyReason::InsufficientScope,
            "Bearer error=\"insufficient_scope\", scope=\"read write\"",
        ),
    ] {
        let answer = Answer::deny(&reason.into(), Some(&route), ErrorFormat::Wso2, false);
        assert_eq!(answer.value("www-authenticate"), Some(challenge));
    }
}

#[test]
fn a_405_lists_each_method_once_and_head_with_get() {
    let with = |list: &[&str]| {
        let mut route = public_route("r", "/");
        route.matcher.methods = methods(list);
        Arc::new(route)
    };
    let routes = [with(&["GET", "PUT"]), with(&["POST"])];
    let answer = Answer::method_not_allowed(&routes, ErrorFormat::Curity, false);
    assert_eq!((answer.status, answer.value("allow")), (405, Some("GET, PUT, POST, HEAD")));
    let routes = [with(&["GET", "HEAD"])];
    let answer = Answer::method_not_allowed(&routes, ErrorFormat::Curity, false);
    assert_eq!(answer.value("allow"), Some("GET, HEAD"));
}

#[test]
fn a_broken_request_ends_its_connection_and_a_broken_backend_does_not() {
    for fault in FAULTS {
        let answer = Answer::fault(fault, ErrorFormat::Curity, false);
        let goes_on = matches!(
            fault,
            Fault::BadAnswer(_)
                | Fault::BadGateway
                | Fault::GatewayTimeout
                | Fault::LoopDetected
                | Fault::NotFound
                | Fault::PreconditionFailed
                | Fault::RangeNotSatisfiable
        );
        assert_eq!(answer.close, !goes_on, "{fault:?}");
        assert_eq!(answer.value("www-authenticate"), None, "{fault:?}");
    }
}

#[test]
fn the_docs_name_every_reason_of_a_refusal() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/answers.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    for reason in DenyReason::ALL {
        assert!(docs.contains(&format!("`{}`", reason.name())), "{}", reason.name());
    }
}
