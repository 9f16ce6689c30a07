use std::time::Duration;

use phantom_testkit::FakeAs;
use phantom_testkit::Framing;
use phantom_testkit::ManualClock;
use phantom_testkit::Reply;
use phantom_testkit::Signer;
use serde_json::json;

use super::*;
use crate::KeyManager;
use crate::client_auth::encoded;
use crate::introspection::Why;
use crate::test_support::*;

mod signed;

fn statement(asked: Result<Introspection, IntrospectError>) -> Arc<Statement> {
    match asked {
        Ok(Introspection::Active { statement, .. }) => statement,
        other => panic!("not active: {other:?}"),
    }
}

fn freshness(asked: Result<Introspection, IntrospectError>) -> Freshness {
    match asked {
        Ok(Introspection::Active { freshness, .. }) => freshness,
        other => panic!("not active: {other:?}"),
    }
}

/// Rows: WSO2-10.answer.1
#[tokio::test]
async fn a_phantom_token_is_asked_for_verified_and_described() {
    let stage = Stage::new().await;
    let token = stage.token();
    stage.answer(Reply::jwt(&token).header("cache-control", "private, max-age=120"));
    let asked = ask(&stage.key_manager(|_| {})).await;
    let Ok(Introspection::Active { statement, freshness }) = asked else { panic!("{asked:?}") };
    assert_eq!(statement.phantom_token.expose(), token);
    assert_eq!(statement.issuer.as_deref(), Some(ISSUER));
    assert!(statement.scope.contains("read"));
    assert_eq!(freshness, Freshness::For(Duration::from_secs(120)));
}

/// Rows: INT-1
#[tokio::test]
async fn the_token_is_posted_form_encoded_and_adds_no_parameter() {
    let stage = Stage::new().await;
    stage.answer(Reply::status(204));
    let key_manager = stage.key_manager(|_| {});
    for token in ["abc+/def==", "a~b-c._d"] {
        assert!(is_inactive(&ask_for(&key_manager, token).await));
        let request = stage.server.last(PATH);
        assert_eq!(request.method, "POST");
        assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
        assert_eq!(request.header("accept"), Some("application/jwt"));
        assert_eq!(request.form("token").as_deref(), Some(token));
        assert_eq!(request.body.split('&').count(), 2, "{}", request.body);
    }
}

/// Rows: PITFALL-9
#[test]
fn what_could_end_a_parameter_is_encoded() {
    assert_eq!(encoded("a&b=c+d%e f"), "a%26b%3Dc%2Bd%25e+f");
}

/// Rows: INT-2
#[tokio::test]
async fn the_hint_is_sent_and_nothing_depends_on_it() {
    let stage = Stage::new().await;
    stage.answer(Reply::status(204));
    assert!(is_inactive(&ask(&stage.key_manager(|_| {})).await));
    let hint = stage.server.last(PATH).form("token_type_hint");
    assert_eq!(hint.as_deref(), Some("access_token"));
}

/// Rows: INT-3
#[tokio::test]
async fn certificate_and_host_name_are_checked() {
    let directory = tempfile::tempdir().unwrap();
    let stage = Stage::with(FakeAs::start_tls().await);
    stage.answer(Reply::status(204));
    let ca = directory.path().join("ca.pem");
    std::fs::write(&ca, stage.server.ca_pem()).unwrap();

    assert!(is_inactive(&ask(&stage.key_manager(|c| c.ca_file = Some(ca.clone()))).await));
    let other_ca = directory.path().join("other.pem");
    std::fs::write(&other_ca, FakeAs::start_tls().await.ca_pem()).unwrap();
    for authorities in [None, Some(other_ca)] {
        let unknown_ca = ask(&stage.key_manager(|c| c.ca_file = authorities)).await;
        assert!(is_unavailable(&unknown_ca), "{unknown_ca:?}");
    }
    let other_name = ask(&stage.key_manager(|c| {
        c.ca_file = Some(ca.clone());
        c.introspection_endpoint = Some(format!("https://{}{PATH}", stage.server.address()));
    }))
    .await;
    let shown = format!("{other_name:?}");
    assert!(is_unavailable(&other_name) && shown.contains("not valid for name"), "{shown}");
    assert_eq!(stage.server.count(PATH), 1, "no token went over an unproven connection");
    assert!(is_inactive(&ask(&stage.key_manager(|c| c.verify_ssl = false)).await));
}

/// Rows: INT-4
#[tokio::test]
async fn the_call_is_authenticated() {
    let stage = Stage::new().await;
    stage.answer(Reply::status(204));
    assert!(is_inactive(&ask(&stage.key_manager(|_| {})).await));
    let request = stage.server.last(PATH);
    assert_eq!(request.header("authorization"), Some("Basic Z2F0ZXdheTpzM2NyZXQ="));
}

/// Rows: INT-5
#[tokio::test]
async fn a_string_in_active_is_no_verdict() {
    let stage = Stage::new().await;
    stage.answer(Reply::json(&json!({"active": "true", "jwt": stage.token()})));
    assert!(is_misbehaved(&ask(&stage.key_manager(|_| {})).await));
}

/// Rows: INT-6, WSO2-10.answer.4, WSO2-10.answer.5
#[tokio::test]
async fn each_way_to_say_inactive_is_understood() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    for reply in [Reply::status(204), Reply::json(&json!({"active": false})), Reply::status(400)] {
        stage.answer(reply);
        assert!(is_inactive(&ask(&key_manager).await));
    }
}

/// Rows: INT-7, WSO2-10.answer.6
#[tokio::test]
async fn refused_credentials_are_our_fault_and_not_the_tokens() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    for status in [401, 403, 404] {
        stage.answer(Reply::with_type(status, "text/html", "<html>who are you</html>"));
        let asked = ask(&key_manager).await;
        assert!(is_misbehaved(&asked), "{status}: {asked:?}");
    }
}

/// Rows: INT-8
#[tokio::test]
async fn optional_members_may_be_missing() {
    let stage = Stage::new().await;
    stage.answer(Reply::json(&json!({"active": true})));
    let statement = statement(ask(&stage.key_manager(|c| c.response = ResponseFormat::Json)).await);
    assert!(statement.scope.is_empty());
    assert_eq!(statement.subject, None);
    assert_eq!(statement.audience.members().count(), 0, "absence denies where a rule asks");
}

/// Rows: INT-9
#[tokio::test]
async fn members_of_the_wrong_type_are_refused_without_a_panic() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|c| c.response = ResponseFormat::Json);
    for (member, value) in [
        ("scope", json!(["read", 7])),
        ("scope", json!(7)),
        ("aud", json!({"a": 1})),
        ("aud", json!([1])),
        ("exp", json!("1767225600")),
        ("exp", json!(-5)),
        ("nbf", json!(true)),
        ("sub", json!(["a"])),
        ("iss", json!(1)),
    ] {
        let mut body = json!({"active": true});
        body[member] = value;
        stage.answer(Reply::json(&body));
        assert!(is_misbehaved(&ask(&key_manager).await), "{body}");
    }
    stage.answer(Reply::json(&json!({"active": true, "aud": ["a", "b"], "scope": "read write"})));
    let statement = statement(ask(&key_manager).await);
    assert!(statement.audience.contains("b") && statement.scope.contains("write"));
}

/// Rows: INT-10
#[tokio::test]
async fn a_verdict_belongs_to_server_endpoint_client_and_format() {
    let stage = Stage::new().await;
    let scope = stage.key_manager(|_| {}).cache_scope().to_vec();
    assert_eq!(stage.key_manager(|_| {}).cache_scope(), scope);
    let other_issuer = stage.key_manager(|c| c.issuer = Some("https://b.example".into()));
    let other_endpoint = stage.key_manager(|c| {
        c.introspection_endpoint = Some(stage.server.url("/other"));
    });
    let other_client = stage.key_manager(|c| c.client_id = "another".into());
    let other_format = stage.key_manager(|c| c.response = ResponseFormat::Json);
    for other in [other_issuer, other_endpoint, other_client, other_format] {
        assert_ne!(other.cache_scope(), scope);
    }
}

/// Rows: INT-11
#[tokio::test]
async fn no_error_carries_a_token_a_secret_or_a_claim() {
    let stage = Stage::new().await;
    let mut claims = stage.claims();
    claims["iss"] = json!("https://evil.example/alice-private");
    let replies = [
        Reply::jwt(&stage.signer.sign(&claims)),
        Reply::json(&json!({"active": true, "sub": "alice-private"})),
        Reply::with_type(500, "text/plain", "alice-private"),
        Reply::with_type(401, "text/plain", "alice-private"),
        Reply::with_type(200, "text/plain", "alice-private"),
    ];
    let key_manager = stage.key_manager(|_| {});
    for reply in replies {
        stage.answer(reply);
        let error = ask_for(&key_manager, "opaque-private").await.unwrap_err();
        let shown = format!("{error} {error:?} {key_manager:?}");
        for private in ["alice-private", "opaque-private", "s3cret", "Z2F0ZXdheTpzM2NyZXQ"] {
            assert!(!shown.contains(private), "{shown}");
        }
    }
}

/// Rows: INT-12
#[tokio::test]
async fn redirects_are_not_followed() {
    let stage = Stage::new().await;
    stage.server.answer("/elsewhere", Reply::jwt(&stage.token()));
    let key_manager = stage.key_manager(|_| {});
    for status in [301, 302, 303, 307, 308] {
        stage.answer(Reply::status(status).header("location", &stage.server.url("/elsewhere")));
        assert!(is_misbehaved(&ask(&key_manager).await), "{status}");
    }
    assert_eq!(stage.server.count("/elsewhere"), 0, "neither token nor credentials went there");
}

/// Rows: INT-13
#[tokio::test]
async fn the_body_is_read_to_its_end_in_any_framing() {
    let stage = Stage::new().await;
    let token = stage.token();
    let key_manager = stage.key_manager(|_| {});
    for framing in [
        Framing::ContentLength,
        Framing::Chunked,
        Framing::CloseDelimited,
        Framing::Segments,
        Framing::Interim,
        Framing::Drip(Duration::from_micros(10)),
    ] {
        stage.answer(Reply::jwt(&token).framing(framing));
        let asked = ask(&key_manager).await;
        assert!(is_active(&asked), "{framing:?}: {asked:?}");
    }
}

/// Rows: PITFALL-31
#[tokio::test]
async fn http_2_answers_are_read_like_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let stage = Stage::with(FakeAs::start_http2().await);
    let ca = directory.path().join("ca.pem");
    std::fs::write(&ca, stage.server.ca_pem()).unwrap();
    stage.answer(Reply::jwt(&stage.token()));
    let key_manager = stage.key_manager(|c| c.ca_file = Some(ca));
    for _ in 0..3 {
        assert!(is_active(&ask(&key_manager).await));
    }
    assert!(stage.server.last(PATH).http2);
    assert_eq!(stage.server.connections(), 1, "connections are used again");
}

/// Rows: INT-13, WSO2-10.answer.7
#[tokio::test]
async fn a_cut_or_oversized_body_is_no_verdict() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    let long = "x".repeat(crate::egress::DEFAULT_BODY_LIMIT + 1);
    for framing in [Framing::ContentLength, Framing::Chunked, Framing::CloseDelimited] {
        stage.answer(Reply::with_type(200, "application/jwt", long.clone()).framing(framing));
        let asked = ask(&key_manager).await;
        assert!(is_misbehaved(&asked), "that token's own failure, {framing:?}: {asked:?}");
    }
    stage.answer(Reply::jwt(&stage.token()).framing(Framing::Cut));
    assert!(is_unavailable(&ask(&key_manager).await));
}

/// Rows: INT-14, WSO2-10.answer.7
#[tokio::test]
async fn trouble_is_unavailable_with_the_servers_own_pause() {
    let stage = Stage::new().await;
    for status in [429, 500, 502, 503, 504] {
        stage.answer(Reply::status(status).header("retry-after", "17"));
        let asked = ask(&stage.key_manager(|_| {})).await;
        let Err(IntrospectError::Unavailable { retry_after, .. }) = asked else {
            panic!("{status}: {asked:?}")
        };
        // Of 429 and 503 (RFC 9110 §10.2.3), and never longer than we really wait.
        let told = matches!(status, 429 | 503).then_some(Duration::from_secs(5));
        assert_eq!(retry_after, told, "{status}");
    }
    assert_eq!(stage.server.count(PATH), 5, "no call was repeated");
}

/// Rows: INT-14
#[tokio::test]
async fn one_retry_where_the_server_asks_for_a_short_pause() {
    let stage = Stage::new().await;
    for status in [429, 503] {
        let before = stage.server.count(PATH);
        stage.server.answer_once(PATH, Reply::status(status).header("retry-after", "0"));
        stage.answer(Reply::status(204));
        assert!(is_inactive(&ask(&stage.key_manager(|_| {})).await), "{status}");
        assert_eq!(stage.server.count(PATH) - before, 2);
        stage.answer(Reply::status(status).header("retry-after", "0"));
        let before = stage.server.count(PATH);
        assert!(is_unavailable(&ask(&stage.key_manager(|_| {})).await), "{status}");
        assert_eq!(stage.server.count(PATH) - before, 2, "one retry, not more");
    }
}

/// Rows: PITFALL-34, WSO2-10.answer.7
#[tokio::test]
async fn a_black_hole_ends_at_the_deadline() {
    let stage = Stage::new().await;
    let short = |c: &mut crate::KeyManagerConfig| {
        (c.timeout, c.connect_timeout) = (Duration::from_millis(150), Duration::from_millis(100));
    };
    for framing in [Framing::Hang, Framing::HangAfterHead, Framing::Drip(Duration::from_millis(40))]
    {
        stage.answer(Reply::jwt(&stage.token()).framing(framing));
        let asked = ask(&stage.key_manager(short)).await;
        assert!(is_unavailable(&asked), "{framing:?}: {asked:?}");
    }
}

/// Twelve tokens of four addresses.
async fn ask_around(key_manager: &KeyManager) {
    for number in 0..12 {
        let asked = ask_of(key_manager, &format!("token-{number}"), number % 4).await;
        assert!(!is_active(&asked), "{asked:?}");
    }
}

fn not_asked(asked: &Result<Introspection, IntrospectError>) -> Option<(Why, Duration)> {
    match asked {
        Err(IntrospectError::NotAsked(NotAsked { why, retry_after })) => Some((*why, *retry_after)),
        _ => None,
    }
}

/// Rows: INT-14
#[tokio::test]
async fn a_dead_server_is_unavailable_and_then_not_asked() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    stage.answer(Reply::status(500));
    ask_around(&key_manager).await;
    let asked = stage.server.count(PATH);
    let (why, retry_after) = not_asked(&ask(&key_manager).await).expect("the breaker is open");
    assert_eq!(why, Why::Paused);
    assert!(retry_after <= Duration::from_secs(1));
    assert_eq!(stage.server.count(PATH), asked, "it was not sent");
    stage.clock.advance(retry_after);
    stage.answer(Reply::status(204));
    assert!(is_inactive(&ask(&key_manager).await));
    assert!(is_inactive(&ask_for(&key_manager, "another").await));
}

#[tokio::test]
async fn what_is_told_with_a_failure_is_when_the_server_is_asked_again() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    stage.answer(Reply::status(429).header("retry-after", "3"));
    let Err(IntrospectError::Unavailable { retry_after, .. }) = ask(&key_manager).await else {
        panic!("it cannot now")
    };
    assert_eq!(retry_after, Some(Duration::from_secs(3)));
    stage.answer(Reply::status(204));
    stage.clock.advance(Duration::from_secs(1));
    assert_eq!(not_asked(&ask(&key_manager).await), Some((Why::Held, Duration::from_secs(2))));
    assert!(is_inactive(&ask_for(&key_manager, "another").await), "another token is not held");
    assert_eq!(stage.server.count(PATH), 2);
    stage.clock.advance(Duration::from_secs(2));
    assert!(is_inactive(&ask(&key_manager).await));

    // What was answered well is long ago.
    stage.clock.advance(Duration::from_secs(60));
    stage.answer(Reply::status(503).header("retry-after", "4"));
    ask_around(&key_manager).await;
    let told = not_asked(&ask_for(&key_manager, "new").await);
    assert_eq!(told, Some((Why::Paused, Duration::from_secs(4))));
}

#[tokio::test]
async fn an_answer_of_which_nothing_can_be_made_is_not_the_server_s_failure() {
    let stage = Stage::new().await;
    let long = "x".repeat(crate::egress::DEFAULT_BODY_LIMIT + 1);
    for reply in [
        Reply::with_type(200, "application/jwt", long),
        Reply::with_type(200, "application/jwt", "not a JWT"),
        Reply::with_type(200, "text/html", "<html>"),
        Reply::jwt(&stage.token()).header("content-encoding", "gzip"),
        Reply::jwt(&Signer::es256("k1").sign(&stage.claims())),
        Reply::status(404),
    ] {
        let key_manager = stage.key_manager(|_| {});
        stage.answer(reply);
        ask_around(&key_manager).await;
        assert!(!key_manager.load().paused);
        assert_eq!(not_asked(&ask(&key_manager).await), None);
    }
}

#[tokio::test]
async fn the_wait_for_a_turn_takes_nothing_from_the_server_s_time_and_is_not_its_failure() {
    let stage = Stage::new().await;
    let key_manager = std::sync::Arc::new(stage.key_manager(|c| {
        (c.max_concurrent, c.max_waiting) = (1, 100);
        (c.timeout, c.connect_timeout) = (Duration::from_secs(8), Duration::from_secs(8));
    }));
    // Each takes a while, and only one at a time: the last waits longer than its call takes.
    stage.answer(Reply::status(204).delay(Duration::from_millis(60)));
    let asked: Vec<_> = (0..24)
        .map(|number| {
            let key_manager = key_manager.clone();
            tokio::spawn(async move {
                ask_of(&key_manager, &format!("token-{number}"), number % 4).await
            })
        })
        .collect();
    for asked in asked {
        let asked = asked.await.unwrap();
        assert!(is_inactive(&asked), "{asked:?}");
    }
    assert!(!key_manager.load().paused);
    // Calls that never got their turn.
    let key_manager = std::sync::Arc::new(stage.key_manager(|c| {
        (c.max_concurrent, c.max_waiting) = (1, 100);
        (c.timeout, c.connect_timeout) = (Duration::from_millis(300), Duration::from_millis(300));
    }));
    stage.answer(Reply::status(204).framing(Framing::Hang));
    let asked: Vec<_> = (0..24)
        .map(|number| {
            let key_manager = key_manager.clone();
            tokio::spawn(async move {
                ask_of(&key_manager, &format!("token-{number}"), number % 4).await
            })
        })
        .collect();
    let mut late = 0;
    for asked in asked {
        late += usize::from(matches!(not_asked(&asked.await.unwrap()), Some((Why::Late, _))));
    }
    assert!(late >= 20, "{late}");
    assert!(!key_manager.load().paused, "a few calls were made, and they alone count");
}

#[tokio::test]
async fn a_token_whose_keys_cannot_be_had_is_not_to_its_address_s_account() {
    let stage = Stage::new().await;
    stage.answer(Reply::jwt(&stage.token()));
    let key_manager = stage.key_manager(|c| {
        c.keys = Some(crate::Keys::Uri(stage.server.url("/nowhere")));
        (c.peer_budget_burst, c.peer_budget_per_second) = (1, 1);
    });
    for number in 0..5 {
        let asked = ask_for(&key_manager, &format!("token-{number}")).await;
        assert!(is_unavailable(&asked) && not_asked(&asked).is_none(), "{asked:?}");
    }
}

/// Rows: INT-14, WSO2-10.answer.7
#[tokio::test]
async fn no_connection_is_unavailable() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    stage.server.stop().await;
    let token = BearerToken::parse(b"opaque").unwrap();
    let asked = key_manager.introspect(token, peer(1)).await;
    assert!(is_unavailable(&asked), "{asked:?}");
}

/// Rows: INT-15
#[tokio::test]
async fn identity_is_asked_for_and_a_compressed_answer_is_refused() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    for encoding in ["gzip", "br", "identity, gzip", "x"] {
        stage.answer(Reply::jwt(&stage.token()).header("content-encoding", encoding));
        assert!(is_misbehaved(&ask(&key_manager).await), "{encoding}");
    }
    assert_eq!(stage.server.last(PATH).header("accept-encoding"), Some("identity"));
    stage.answer(Reply::jwt(&stage.token()).header("content-encoding", "identity"));
    assert!(is_active(&ask(&key_manager).await));
}

/// Rows: JIR-6
#[tokio::test]
async fn a_phantom_token_that_does_not_verify_is_not_forwarded() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    let mallory = Signer::es256("k1");
    let mut foreign = stage.claims();
    foreign["iss"] = json!("https://evil.example");
    let mut endless = stage.claims();
    endless.as_object_mut().unwrap().remove("exp");
    for token in [
        mallory.sign(&stage.claims()),
        stage.signer.sign(&foreign),
        stage.signer.sign(&endless),
        stage.signer.sign_typ("secevent+jwt", &stage.claims()),
        format!("{}x", stage.token()),
    ] {
        stage.answer(Reply::jwt(&token));
        let asked = ask(&key_manager).await;
        assert!(is_misbehaved(&asked), "{asked:?}");
    }
}

/// Rows: JWT-1, JWT-8
#[tokio::test]
async fn what_the_server_hands_over_may_be_as_real_servers_make_it() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    // Curity: no client_id; Keycloak: azp for it, and at times no audience.
    let mut curity = stage.claims();
    curity.as_object_mut().unwrap().remove("client_id");
    let mut keycloak = curity.clone();
    keycloak.as_object_mut().unwrap().remove("aud");
    keycloak["azp"] = json!("account-console");
    for claims in [curity, keycloak] {
        let header = json!({"alg": "ES256", "kid": "k1"});
        for token in [
            stage.signer.sign_typ("JWT", &claims),
            stage.signer.sign_typ("at+jwt", &claims),
            stage.signer.sign_with(&header, &claims),
        ] {
            stage.answer(Reply::jwt(&token));
            assert!(is_active(&ask(&key_manager).await), "{claims}");
            let presented = key_manager.verify_access_token(&token).await;
            assert!(presented.is_err(), "of a client it has to be a whole RFC 9068 token");
        }
    }
    let strict = stage.key_manager(|c| c.accepted_typ = vec!["at+jwt".into()]);
    stage.answer(Reply::jwt(&stage.signer.sign_typ("JWT", &stage.claims())));
    assert!(is_misbehaved(&ask(&strict).await), "a list that is written is the whole list");
}

/// Rows: JIR-7, JWT-11
#[tokio::test]
async fn a_jwt_may_have_32_kib_and_as_much_as_is_configured() {
    let stage = Stage::new().await;
    let with = |pad: usize| {
        let mut claims = stage.claims();
        claims["pad"] = json!("x".repeat(pad));
        stage.signer.sign(&claims)
    };
    let default = stage.key_manager(|_| {});
    let wide = stage.key_manager(|c| c.max_phantom_token_len = 64 * 1024);
    for (pad, by_default, configured) in
        [(12_000, true, true), (23_500, true, true), (25_000, false, true), (49_000, false, false)]
    {
        let token = with(pad);
        for reply in [Reply::jwt(&token), Reply::json(&json!({"active": true, "jwt": token}))] {
            stage.answer(reply);
            for (key_manager, fits) in [(&default, by_default), (&wide, configured)] {
                let asked = ask(key_manager).await;
                assert_eq!(is_active(&asked), fits, "{pad}: {asked:?}");
                assert!(fits || is_misbehaved(&asked), "{pad}: {asked:?}");
                assert_eq!(key_manager.verify_access_token(&token).await.is_ok(), fits);
            }
        }
    }
}

/// Rows: INT-9
#[tokio::test]
async fn a_member_that_is_null_is_as_if_absent() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    let body = json!({"active": true, "phantom_token": null, "jwt": stage.token(), "aud": null});
    stage.answer(Reply::json(&body));
    assert!(is_active(&ask(&key_manager).await));
}

#[tokio::test]
async fn an_expired_phantom_token_is_the_clients_affair() {
    let stage = Stage::new().await;
    let mut claims = stage.claims();
    claims["exp"] = json!(ManualClock::START.as_secs() - 10);
    stage.answer(Reply::jwt(&stage.signer.sign(&claims)));
    let statement = statement(ask(&stage.key_manager(|_| {})).await);
    let life = statement.live_at(ManualClock::START, Duration::ZERO);
    assert_eq!(life, phantom_core::statement::Life::Expired, "authorize answers 401");
}

#[tokio::test]
async fn unverified_mode_reads_claims_and_still_checks_the_shape() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|c| {
        (c.verify_jwt, c.keys) = (false, None);
    });
    let stranger = Signer::rs256("unknown");
    stage.answer(Reply::jwt(&stranger.sign_typ("JWT", &stage.claims())));
    assert_eq!(statement(ask(&key_manager).await).subject.as_deref(), Some("alice"));
    stage.answer(Reply::jwt(&stranger.sign_typ("token-introspection+jwt", &stage.claims())));
    assert!(!is_active(&ask(&key_manager).await));
    stage.answer(Reply::jwt("not.a.jwt"));
    assert!(is_misbehaved(&ask(&key_manager).await));
    let presented = key_manager.verify_access_token(&stage.token()).await;
    assert!(presented.is_err(), "what a client presents is never taken unverified");
}

/// Rows: CAC-2
#[tokio::test]
async fn no_store_is_obeyed_unless_the_operator_says_otherwise() {
    let stage = Stage::new().await;
    stage.answer(Reply::jwt(&stage.token()).header("cache-control", "no-store"));
    let asked = ask(&stage.key_manager(|_| {})).await;
    assert_eq!(freshness(asked), Freshness::DoNotStore);
    let cap = Duration::from_secs(30);
    let asked = ask(&stage.key_manager(|c| c.no_store_cap = Some(cap))).await;
    assert_eq!(freshness(asked), Freshness::For(cap));
    stage.answer(Reply::jwt(&stage.token()));
    assert_eq!(freshness(ask(&stage.key_manager(|_| {})).await), Freshness::Unstated);
}

#[tokio::test]
async fn json_without_a_jwt_is_minted_only_where_that_is_configured() {
    let stage = Stage::new().await;
    let body = json!({
        "active": true, "sub": "alice", "scope": "read", "aud": "client-one", "iss": ISSUER,
        "exp": ManualClock::START.as_secs() + 60, "token_type": "Bearer",
    });
    stage.answer(Reply::json(&body).header("cache-control", "max-age=600"));
    assert!(is_misbehaved(&ask(&stage.key_manager(|_| {})).await));

    let key_manager = stage.key_manager(|c| c.response = ResponseFormat::Json);
    let statement = statement(ask(&key_manager).await);
    assert_eq!(stage.server.last(PATH).header("accept"), Some("application/json"));
    assert_eq!(statement.issuer.as_deref(), Some(ISSUER), "whose statement it is");
    let end = ManualClock::START.plus(Duration::from_secs(60));
    assert_eq!(statement.expires_at, Some(end));
    let claims = statement.claims().unwrap();
    assert_eq!(claims.string("iss"), Some(GATEWAY), "whose token it is");
    assert_eq!(claims.string("sub"), Some("alice"));
    assert_eq!(claims.claim("active"), None);
}

#[tokio::test]
async fn a_statement_of_another_issuer_is_not_minted_from() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|c| c.response = ResponseFormat::Json);
    stage.answer(Reply::json(&json!({"active": true, "iss": "https://evil.example"})));
    assert!(is_misbehaved(&ask(&key_manager).await));
}

/// Rows: CAC-3
#[tokio::test]
async fn a_minted_token_without_any_stated_life_is_kept_briefly_and_lives_no_longer() {
    let stage = Stage::new().await;
    let body = json!({"active": true, "client_id": "c"});
    stage.answer(Reply::json(&body));
    let key_manager = stage.key_manager(|c| c.response = ResponseFormat::Json);
    assert_eq!(freshness(ask(&key_manager).await), Freshness::For(UNSTATED_LIFE));
    for (cache_control, cap, life) in [
        ("private", 300, 60),
        ("private", 20, 20),
        ("max-age=120", 300, 120),
        ("max-age=120", 45, 45),
        // Not kept: for one request.
        ("no-store", 300, 60),
        ("private", 0, 60),
    ] {
        stage.answer(Reply::json(&body).header("cache-control", cache_control));
        let key_manager = stage.key_manager(|c| {
            c.response = ResponseFormat::Json;
            c.token_cache_cap = Duration::from_secs(cap);
        });
        let statement = statement(ask(&key_manager).await);
        let end = ManualClock::START.plus(Duration::from_secs(life));
        assert_eq!(statement.expires_at, Some(end), "{cache_control} {cap}");
        let exp = statement.claims().unwrap().claim("exp").and_then(Value::as_u64);
        assert_eq!(exp, Some(end.as_secs()));
    }
}

#[tokio::test]
async fn a_minted_token_never_outlives_its_statement() {
    let stage = Stage::new().await;
    let end = ManualClock::START.as_secs() + 5;
    stage.answer(Reply::json(&json!({"active": true, "exp": end})));
    let key_manager = stage.key_manager(|c| c.response = ResponseFormat::Json);
    let statement = statement(ask(&key_manager).await);
    assert_eq!(statement.expires_at, Some(UnixTime::from_secs(end)));
    assert_eq!(statement.claims().unwrap().claim("exp").and_then(Value::as_u64), Some(end));
}

#[tokio::test]
async fn tokens_that_name_no_audience_are_for_the_one_that_is_configured_for_them() {
    let stage = Stage::new().await;
    let audiences = async |body: Value, audience: Option<&str>| {
        stage.answer(Reply::json(&body));
        let key_manager = stage.key_manager(|c| {
            c.response = ResponseFormat::Json;
            c.minted_audience = audience.map(str::to_owned);
        });
        let statement = statement(ask(&key_manager).await);
        let minted = statement.claims().unwrap().string("aud").map(str::to_owned);
        (statement.audience.members().map(str::to_owned).collect::<Vec<_>>(), minted)
    };
    let none = json!({"active": true, "client_id": "c"});
    let orders = || "orders-api".to_owned();
    assert_eq!(audiences(none.clone(), Some("orders-api")).await, (vec![orders()], Some(orders())));
    let unnamed = audiences(none, None).await;
    assert_eq!(unnamed, (vec![], Some(GATEWAY.to_owned())), "absence denies where a rule asks");
    let named = json!({"active": true, "aud": "other"});
    let other = || "other".to_owned();
    assert_eq!(audiences(named, Some("orders-api")).await, (vec![other()], Some(other())));
}

#[tokio::test]
async fn a_refresh_token_is_not_taken_for_an_access_token() {
    let stage = Stage::new().await;
    let formats = [ResponseFormat::Json, ResponseFormat::PhantomJwt];
    for (name, value) in
        [("token_type", "refresh_token"), ("token_use", "refresh_token"), ("typ", "Refresh")]
    {
        let body = json!({"active": true, "sub": "alice", "jwt": stage.token(), name: value});
        for format in formats.clone() {
            stage.answer(Reply::json(&body));
            let asked = ask(&stage.key_manager(|c| c.response = format)).await;
            assert!(matches!(asked, Ok(Introspection::RefreshToken)), "{name}: {asked:?}");
        }
    }
    let body = json!({"active": true, "token_type": "access_token", "token_use": "access_token"});
    stage.answer(Reply::json(&body));
    assert!(is_active(&ask(&stage.key_manager(|c| c.response = ResponseFormat::Json)).await));
}

/// Rows: PITFALL-39
#[tokio::test]
async fn a_token_that_needs_a_key_is_told_from_a_bearer_s() {
    let stage = Stage::new().await;
    for (name, value) in [
        ("token_type", json!("DPoP")),
        ("cnf", json!({"jkt": "x"})),
        ("cnf", json!({"x5t#S256": "x"})),
        ("cnf", json!("odd")),
    ] {
        let body = json!({"active": true, "sub": "alice", "jwt": stage.token(), name: value});
        for format in [ResponseFormat::Json, ResponseFormat::PhantomJwt] {
            stage.answer(Reply::json(&body));
            let asked = ask(&stage.key_manager(|c| c.response = format)).await;
            assert!(statement(asked).confirmed, "core::authorize refuses it: {body}");
        }
    }
}

/// Rows: CAC-9
#[tokio::test]
async fn trouble_is_told_from_inactive_and_the_log_says_what_came() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    for code in ["invalid_token", "invalid_grant", "invalid_request"] {
        let body = json!({"error": code}).to_string();
        stage.answer(Reply::with_type(400, "application/json", body));
        assert!(is_inactive(&ask(&key_manager).await), "{code}");
    }
    for (media_type, body, said) in [
        ("application/json", r#"{"error":"server_error"}"#, "400 with error server_error"),
        ("application/json", r#"{"error":"something_new"}"#, "400 with error something_new"),
        ("text/html; charset=utf-8", "<html>", "400 (text/html, 6 bytes)"),
        ("application/json", "{}", "400 (application/json, 2 bytes)"),
        ("application/json", r#"{"error":"_0XBPWQQ_opaque"}"#, "400 (application/json, 27 bytes)"),
    ] {
        stage.answer(Reply::with_type(400, media_type, body));
        let asked = ask(&key_manager).await;
        assert!(is_unavailable(&asked), "{body}: {asked:?}");
        let shown = asked.unwrap_err().to_string();
        assert!(shown.contains(said), "{shown}");
    }
}
