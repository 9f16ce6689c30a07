//! The decision table of the standards checklist, row by row.

use phantom_core::Access;
use phantom_core::Audience;
use phantom_core::ClaimRule;
use phantom_core::DenyReason;
use phantom_core::Protection;
use phantom_core::RequiredScope;
use phantom_core::Scope;
use phantom_core::Statement;
use phantom_core::claims::ClaimTest;
use phantom_core::quota::Rate;
use phantom_testkit::ManualClock;
use serde_json::json;

use crate::Answer;
use crate::Route;
use crate::Snapshot;
use crate::admit::Party;
use crate::admit::RateLimit;
use crate::testing::KeyManager;
use crate::testing::Request;
use crate::testing::Says;
use crate::testing::World;
use crate::testing::methods;
use crate::testing::protected;
use crate::testing::public_route;
use crate::testing::route;
use crate::testing::secs;
use crate::testing::snapshot;
use crate::testing::statement;

const BEARER: &[(&str, &str)] = &[("authorization", "Bearer t0ken")];

/// `/` needs `read write` of one key manager, which says that of every `t0ken`.
async fn answer_when(says: Says) -> Answer {
    let world = World::new();
    let curity = world.key_manager("curity");
    curity.says("t0ken", says);
    let snapshot = read_write(&curity);
    world.decide(&snapshot, Request::get("/", BEARER)).await.answered()
}

fn read_write(curity: &KeyManager) -> Snapshot {
    snapshot([Route { access: protected("read write"), ..route("r", "/", &[curity]) }])
}

fn challenge(answer: &Answer) -> Option<&str> {
    answer.value("www-authenticate")
}

/// Rows: RSP-1
#[tokio::test]
async fn without_a_credential_the_challenge_names_the_scope_and_no_error() {
    let world = World::new();
    let curity = world.key_manager("curity");
    let snapshot = read_write(&curity);
    for fields in
        [&[][..], &[("authorization", "Basic dXNlcjpw")], &[("authorization", "DPoP abc")]]
    {
        let decision = world.decide(&snapshot, Request::get("/", fields)).await;
        assert_eq!(decision.reason(), Some(DenyReason::CredentialMissing));
        let answer = decision.answered();
        assert_eq!(answer.status, 401);
        assert_eq!(challenge(&answer), Some("Bearer realm=\"api\", scope=\"read write\""));
    }
    assert!(curity.server.asked().is_empty());
}

/// Rows: RSP-2
#[tokio::test]
async fn an_ambiguous_or_malformed_credential_is_an_invalid_request() {
    let world = World::new();
    let curity = world.key_manager("curity");
    let snapshot = read_write(&curity);
    let twice = [BEARER[0], BEARER[0]];
    for fields in [&twice[..], &[("authorization", "Bearer a,b")], &[("authorization", "Bearer ä")]]
    {
        let answer = world.decide(&snapshot, Request::get("/", fields)).await.answered();
        assert_eq!(answer.status, 400);
        assert_eq!(challenge(&answer), Some("Bearer realm=\"api\", error=\"invalid_request\""));
    }
    assert!(curity.server.asked().is_empty(), "nothing malformed is sent to the server");
}

/// Rows: RSP-3
#[tokio::test]
async fn a_token_that_is_not_good_is_an_invalid_token() {
    let good = statement("read write");
    let past = Some(ManualClock::START);
    let future = Some(ManualClock::START.plus(secs(1)));
    let cases = [
        Says::Inactive,
        Says::Active(Statement { expires_at: past, ..good.clone() }),
        Says::Active(Statement { not_before: future, ..good.clone() }),
        Says::Active(Statement { issuer: Some("https://as.example/".into()), ..good.clone() }),
        Says::Active(Statement { issuer: None, ..good.clone() }),
        Says::Active(Statement { audience: Audience::default(), ..good.clone() }),
        Says::Active(Statement { confirmed: true, ..good.clone() }),
    ];
    let mut answers = Vec::new();
    for says in cases {
        let answer = answer_when(says).await;
        assert_eq!(answer.status, 401);
        assert_eq!(challenge(&answer), Some("Bearer realm=\"api\", error=\"invalid_token\""));
        answers.push(answer);
    }
    // JWT-16 holds here too: the answers do not tell the causes apart.
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}

/// Rows: RSP-4
#[tokio::test]
async fn a_missing_scope_is_403_and_names_all_that_is_needed() {
    for granted in ["read", "", "readwrite", "write read2"] {
        let answer = answer_when(Says::Active(statement(granted))).await;
        assert_eq!(answer.status, 403, "{granted}");
        assert_eq!(
            challenge(&answer),
            Some("Bearer realm=\"api\", error=\"insufficient_scope\", scope=\"read write\"")
        );
    }
}

/// Rows: RSP-5
#[tokio::test]
async fn a_claim_rule_that_denies_is_403_without_a_challenge() {
    let world = World::new();
    let curity = world.key_manager("curity");
    curity.says("t0ken", Says::Active(statement("read")));
    let tenant = |value: &str| {
        let test = ClaimTest::Equals(json!(value));
        let claims = vec![ClaimRule { claim: phantom_core::ClaimPath::name("tenant"), test }];
        let scope = RequiredScope::All(Scope::parse("read").unwrap());
        let access = Access::Protected(Protection { scope, claims });
        snapshot([Route { access, ..route("r", "/", &[&curity]) }])
    };
    let answer = world.decide(&tenant("other"), Request::get("/", BEARER)).await.answered();
    assert_eq!((answer.status, challenge(&answer)), (403, None));
    assert!(!answer.body.contains("scope") && !answer.body.contains("tenant"));
    assert_eq!(world.status(&tenant("acme"), Request::get("/", BEARER)).await, 200);
}

/// Rows: RSP-9, PITFALL-19
#[tokio::test]
async fn a_server_that_cannot_be_asked_is_503_and_never_remembered() {
    let world = World::new();
    let curity = world.key_manager("curity");
    let snapshot = read_write(&curity);
    curity.says("t0ken", Says::Unavailable);
    for _ in 0..2 {
        let answer = world.decide(&snapshot, Request::get("/", BEARER)).await.answered();
        assert_eq!((answer.status, challenge(&answer)), (503, None));
        assert_eq!(answer.value("retry-after"), Some("7"));
        assert!(!answer.body.contains("secret-host"), "{}", answer.body);
    }
    assert_eq!(curity.server.asked().len(), 2, "no error is a verdict");
    curity.says("t0ken", Says::Active(statement("read write")));
    assert_eq!(world.status(&snapshot, Request::get("/", BEARER)).await, 200);
}

/// Rows: RSP-10, PITFALL-33
#[tokio::test]
async fn a_server_that_misbehaves_is_502_and_its_words_stay_here() {
    let answer = answer_when(Says::Misbehaved).await;
    assert_eq!((answer.status, challenge(&answer)), (502, None));
    assert_eq!(answer.value("retry-after"), None);
    // CHL-5: not one byte of what the server said.
    let all = format!("{answer:?}");
    assert!(!all.contains("secret-host") && !all.contains("its words"), "{all}");
}

/// Rows: RSP-11
#[tokio::test]
async fn our_own_rate_limit_is_429_with_retry_after() {
    let world = World::new();
    let curity = world.key_manager("curity");
    curity.says("t0ken", Says::Active(statement("")));
    let rate = Rate::new(1, secs(30)).unwrap();
    let rate_limit = Some(RateLimit::new(rate, Party::Client));
    let snapshot = snapshot([
        Route { rate_limit: rate_limit.clone(), ..route("r", "/", &[&curity]) },
        Route { rate_limit, ..public_route("p", "/public") },
    ]);
    for path in ["/", "/public"] {
        let request = Request::get(path, BEARER);
        assert_eq!(world.status(&snapshot, request).await, 200);
        let answer = world.decide(&snapshot, request).await.answered();
        assert_eq!((answer.status, challenge(&answer)), (429, None));
        assert_eq!(answer.value("retry-after"), Some("30"));
    }
    world.clock.advance(secs(30));
    assert_eq!(world.status(&snapshot, Request::get("/", BEARER)).await, 200);
}

#[tokio::test]
async fn a_request_that_may_not_be_served_uses_up_no_rate() {
    let world = World::new();
    let curity = world.key_manager("curity");
    curity.says("weak", Says::Active(statement("")));
    curity.says("t0ken", Says::Active(statement("read")));
    let rate_limit = Some(RateLimit::new(Rate::new(1, secs(30)).unwrap(), Party::Client));
    let access = protected("read");
    let snapshot = snapshot([Route { rate_limit, access, ..route("r", "/", &[&curity]) }]);
    let weak = [("authorization", "Bearer weak")];
    for _ in 0..3 {
        assert_eq!(world.status(&snapshot, Request::get("/", &weak)).await, 403);
    }
    assert_eq!(world.status(&snapshot, Request::get("/", BEARER)).await, 200);
}

/// Rows: INT-6
#[tokio::test]
async fn an_inactive_token_is_an_answer_and_not_an_error() {
    let answer = answer_when(Says::Inactive).await;
    assert_eq!(answer.status, 401);
    assert!(challenge(&answer).is_some_and(|value| value.contains("error=\"invalid_token\"")));
    assert_eq!(answer.value("retry-after"), None);
}

#[tokio::test]
async fn where_nothing_matches_the_answer_is_404_or_405() {
    let world = World::new();
    let curity = world.key_manager("curity");
    let mut get = route("get", "/api", &[&curity]);
    get.matcher.methods = methods(&["GET"]);
    let snapshot = snapshot([get, public_route("p", "/api/open")]);
    let answer = world.decide(&snapshot, Request::get("/other", BEARER)).await.answered();
    assert_eq!((answer.status, challenge(&answer)), (404, None));
    let post = Request { method: "POST", ..Request::get("/api", BEARER) };
    let answer = world.decide(&snapshot, post).await.answered();
    assert_eq!((answer.status, answer.value("allow")), (405, Some("GET, HEAD")));
    assert!(curity.server.asked().is_empty());
}

#[tokio::test]
async fn our_own_key_set_is_served_to_everybody() {
    let world = World::new();
    let curity = world.key_manager("curity");
    let mut snapshot = snapshot([route("r", "/", &[&curity])]);
    assert_eq!(world.status(&snapshot, Request::get(Snapshot::KEYS_PATH, &[])).await, 401);
    snapshot.published_keys = Some("{\"keys\":[]}".into());
    for method in ["GET", "HEAD"] {
        let request = Request { method, ..Request::get(Snapshot::KEYS_PATH, &[]) };
        let decision = world.decide(&snapshot, request).await;
        assert_eq!(decision.reason(), None);
        let answer = decision.answered();
        assert_eq!((answer.status, &*answer.body), (200, "{\"keys\":[]}"));
    }
    let post = Request { method: "POST", ..Request::get(Snapshot::KEYS_PATH, &[]) };
    assert_eq!(world.status(&snapshot, post).await, 401);
}

/// Rows: PRB-4
#[tokio::test]
async fn grpc_requests_are_answered_in_grpc() {
    let world = World::new();
    let curity = world.key_manager("curity");
    let snapshot = read_write(&curity);
    for (media_type, status) in [
        ("application/grpc", 200),
        ("Application/gRPC+proto", 200),
        ("application/grpc;x=y", 200),
        ("application/grpc-web", 401),
        ("application/json", 401),
    ] {
        let fields = [("content-type", media_type), ("te", "trailers")];
        let answer = world.decide(&snapshot, Request::get("/", &fields)).await.answered();
        assert_eq!(answer.status, status, "{media_type}");
        let code = (status == 200).then_some("16");
        assert_eq!(answer.value("grpc-status"), code, "{media_type}");
    }
}
