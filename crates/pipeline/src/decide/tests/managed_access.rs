//! Managed APIs: whose token is taken, and what it is good for.

use std::sync::Arc;

use phantom_core::Audience;
use phantom_core::DenyReason;
use phantom_core::PhantomToken;
use phantom_core::Statement;
use phantom_core::UnixTime;
use phantom_core::catalog::Application;
use phantom_core::catalog::Catalog;
use phantom_core::catalog::Change;
use phantom_core::catalog::EntityId;
use phantom_core::catalog::KeyManagerChoice;
use phantom_core::catalog::KeyType;
use phantom_core::catalog::ManagedKeyManager;
use phantom_core::catalog::Revocation;
use phantom_core::catalog::Revoked;
use phantom_core::catalog::SubscriptionStatus;
use phantom_testkit::ManualClock;
use serde_json::json;

use crate::exchange::Source;
use crate::testing::ISSUER;
use crate::testing::Request;
use crate::testing::Says;
use crate::testing::jwt;
use crate::testing::managed::BEARER;
use crate::testing::managed::CLIENT;
use crate::testing::managed::CURITY;
use crate::testing::managed::Gateway;
use crate::testing::managed::api;
use crate::testing::managed::application;
use crate::testing::managed::catalog;
use crate::testing::managed::key;
use crate::testing::managed::key_manager;
use crate::testing::managed::subscription;
use crate::testing::managed::token;
use crate::testing::secs;
use crate::trace::Steps;

const GET: &str = "/httpbin/v1/get";
const INVALID: &str = r#"{"code":"900901","message":"Invalid Credentials","description":"Invalid Credentials. Make sure you have provided the correct security credentials"}"#;

fn gateway_of(application: Application) -> Gateway {
    Gateway::of(Catalog { applications: vec![Arc::new(application)], ..catalog() })
}

fn with_key_manager(change: impl FnOnce(&mut ManagedKeyManager)) -> Gateway {
    let mut managed = key_manager(CURITY, "curity");
    change(&mut managed);
    Gateway::of(Catalog { key_managers: vec![Arc::new(managed)], ..catalog() })
}

/// Rows: WSO2-8.3.1
#[tokio::test]
async fn an_open_operation_asks_for_no_token_and_reads_none() {
    let gateway = Gateway::new();
    for fields in [
        &[][..],
        &[BEARER],
        &[("authorization", "Bearer bad")],
        &[("authorization", "Basic eDp5, Bearer x")],
    ] {
        let forward = gateway.get("/httpbin/v1/open", fields).await.forwarded();
        assert!(forward.exchanged.is_none() && forward.edits.bearer.is_none());
        assert_eq!(
            forward.destination("/httpbin/v1/open", None),
            "production.example:80/base/open"
        );
    }
    assert!(gateway.curity().server.asked().is_empty());
}

/// Rows: WSO2-8.3.2
#[tokio::test]
async fn any_other_operation_needs_a_token_whatever_kind_it_is() {
    let gateway = Gateway::new();
    assert_eq!(gateway.get(GET, &[]).await.answered().status, 401);
    let forward = gateway.forwarded(GET).await;
    assert!(forward.edits.bearer.is_some() && forward.exchanged.is_some());
    assert_eq!(gateway.curity().server.asked(), ["t0ken"]);
}

/// Rows: WSO2-8.4.1, WSO2-8.8.3
#[tokio::test]
async fn a_missing_credential_or_another_scheme_is_900902() {
    let gateway = Gateway::new();
    for fields in [&[][..], &[("authorization", "Basic eDp5")], &[("cookie", "Bearer t0ken")]] {
        let answer = gateway.get(GET, fields).await.answered();
        assert_eq!(
            (answer.status, &*answer.body, answer.value("www-authenticate")),
            (
                401,
                r#"{"code":"900902","message":"Missing Credentials","description":"Invalid Credentials. Make sure your API invocation call has a header: 'Authorization : Bearer ACCESS_TOKEN' or 'Authorization : Basic ACCESS_TOKEN' or 'ApiKey : API_KEY'"}"#,
                Some(r#"Bearer realm="api", scope="read admin""#)
            )
        );
    }
    let answer = gateway.get("/httpbin/v1/other", &[]).await.answered();
    assert_eq!(answer.value("www-authenticate"), Some(r#"Bearer realm="api""#));
}

/// Rows: WSO2-8.4.1
#[tokio::test]
async fn the_scheme_has_no_case_and_blanks_may_be_many() {
    let gateway = Gateway::new();
    for value in ["bearer t0ken", "BEARER    t0ken"] {
        gateway.get(GET, &[("authorization", value)]).await.forwarded();
    }
}

/// Rows: WSO2-8.4.1
#[tokio::test]
async fn more_than_one_credential_is_900901_and_asks_nobody() {
    let gateway = Gateway::new();
    for fields in [
        &[BEARER, BEARER][..],
        &[("authorization", "Bearer t0ken, Bearer t0ken")],
        &[("authorization", "Basic eDp5, Bearer t0ken")],
        &[("authorization", "Bearer t0ken, Basic eDp5")],
        &[("authorization", "Bearer t 0ken")],
        &[("authorization", "Bearer")],
    ] {
        let answer = gateway.get(GET, fields).await.answered();
        assert_eq!((answer.status, &*answer.body), (401, INVALID), "{fields:?}");
        assert_eq!(answer.value("www-authenticate"), Some(r#"Bearer error="invalid_token""#));
    }
    assert!(gateway.curity().server.asked().is_empty());
}

/// Rows: WSO2-8.1.1, WSO2-8.8.2, WSO2-10.3, WSO2-10.answer.4, WSO2-11.7
#[tokio::test]
async fn a_bad_token_is_900901_with_the_tutorials_challenge() {
    let gateway = Gateway::new();
    let good = token("read");
    let start = ManualClock::START;
    let bad = [
        Says::Inactive,
        Says::Refused,
        Says::Active(Statement { expires_at: Some(start.minus(secs(60))), ..good.clone() }),
        Says::Active(Statement { not_before: Some(start.plus(secs(61))), ..good.clone() }),
        Says::Active(Statement { issuer: Some("https://other.example".into()), ..good.clone() }),
        Says::Active(Statement { audience: Audience::default(), ..good.clone() }),
    ];
    for (at, says) in bad.into_iter().enumerate() {
        let name = format!("bad-{at}");
        gateway.curity().says(&name, says);
        let field = format!("Bearer {name}");
        let answer = gateway.get(GET, &[("authorization", &field)]).await.answered();
        assert_eq!((answer.status, &*answer.body), (401, INVALID), "{name}");
        assert_eq!(answer.value("www-authenticate"), Some(r#"Bearer error="invalid_token""#));
    }
}

/// Rows: WSO2-8.8.1, WSO2-10.answer.3, WSO2-10.answer.6, WSO2-10.answer.7
#[tokio::test]
async fn who_cannot_decide_is_500_and_lets_nobody_through() {
    let gateway = Gateway::new();
    for (name, says) in [("down", Says::Unavailable), ("odd", Says::Misbehaved)] {
        gateway.curity().says(name, says);
        let field = format!("Bearer {name}");
        let answer = gateway.get(GET, &[("authorization", &field)]).await.answered();
        assert_eq!(answer.code(), (500, "900900".to_owned()));
        assert_eq!(answer.document()["message"], "Unclassified Authentication Failure");
        assert!(!answer.body.contains("secret-host") && !answer.body.contains(name));
        assert!(answer.value("www-authenticate").is_none());
    }
}

/// Rows: WSO2-8.4.4, WSO2-8.4.6, WSO2-11.4
#[tokio::test]
async fn a_key_manager_that_the_api_does_not_allow_is_not_asked() {
    let mut closed = api();
    closed.key_managers = KeyManagerChoice::Only(vec![EntityId::new(99)]);
    let gateway = Gateway::of(Catalog { apis: vec![Arc::new(closed)], ..catalog() });
    let of_curity = format!("Bearer {}", jwt(&json!({"iss": ISSUER})));
    for field in ["Bearer t0ken", &of_curity] {
        let decision = gateway.get(GET, &[("authorization", field)]).await;
        assert_eq!(decision.reason(), Some(DenyReason::KeyManagerNotAllowed));
        let answer = decision.answered();
        assert_eq!((answer.status, &*answer.body), (401, INVALID));
        assert_eq!(answer.value("www-authenticate"), Some(r#"Bearer error="invalid_token""#));
    }
    assert!(gateway.curity().server.asked().is_empty());
    assert!(gateway.curity().verifier.asked().is_empty());
}

/// Rows: WSO2-10.1
#[tokio::test]
async fn exactly_one_key_manager_is_asked_about_an_opaque_token() {
    let second = EntityId::new(12);
    let both =
        vec![Arc::new(key_manager(CURITY, "curity")), Arc::new(key_manager(second, "second"))];
    let gateway = Gateway::of(Catalog { key_managers: both, ..catalog() });
    gateway.key_manager(second).says("theirs", Says::Active(token("read")));
    let answer = gateway.get(GET, &[("authorization", "Bearer theirs")]).await.answered();
    assert_eq!(answer.status, 401, "the first by name said no, and the second is not asked");
    assert!(gateway.key_manager(second).server.asked().is_empty());
}

/// Rows: WSO2-8.5.11, WSO2-10.2
#[tokio::test]
async fn a_jwt_is_verified_and_not_introspected_and_its_second_use_is_a_hit() {
    let gateway = Gateway::new();
    let curity = gateway.curity();
    let presented = jwt(&json!({"iss": ISSUER, "aud": CLIENT}));
    let field = format!("Bearer {presented}");
    curity.verifier.says(&presented, Says::Active(token("read")));
    for source in [Source::AuthorizationServer, Source::L1] {
        let forward = gateway.get(GET, &[("authorization", &field)]).await.forwarded();
        assert_eq!(forward.exchanged.unwrap().source, source);
    }
    assert_eq!((curity.verifier.asked().len(), curity.server.asked().len()), (1, 0));
    let forged = format!("{field}x");
    let answer = gateway.get(GET, &[("authorization", &forged)]).await.answered();
    assert_eq!((answer.status, &*answer.body), (401, INVALID));
    assert!(curity.server.asked().is_empty(), "a JWT that fails is not introspected instead");
}

/// Rows: WSO2-8.5.12
#[tokio::test]
async fn a_jwt_whose_keys_cannot_be_had_is_500_and_lets_nobody_through() {
    let gateway = Gateway::new();
    let presented = jwt(&json!({"iss": ISSUER, "aud": CLIENT}));
    gateway.curity().verifier.says(&presented, Says::Unavailable);
    let field = format!("Bearer {presented}");
    let answer = gateway.get(GET, &[("authorization", &field)]).await.answered();
    assert_eq!(answer.code(), (500, "900900".to_owned()));
    assert!(gateway.curity().server.asked().is_empty());
}

/// Rows: WSO2-8.5.13
#[tokio::test]
async fn a_jwt_that_is_forged_or_out_of_its_time_is_900901() {
    let start = ManualClock::START;
    let good = token("read");
    for says in [
        Says::Inactive,
        Says::Active(Statement { expires_at: Some(start.minus(secs(60))), ..good.clone() }),
        Says::Active(Statement { not_before: Some(start.plus(secs(61))), ..good }),
    ] {
        let gateway = Gateway::new();
        let presented = jwt(&json!({"iss": ISSUER, "aud": CLIENT}));
        gateway.curity().verifier.says(&presented, says);
        let field = format!("Bearer {presented}");
        let answer = gateway.get(GET, &[("authorization", &field)]).await.answered();
        assert_eq!((answer.status, &*answer.body), (401, INVALID));
    }
}

/// Rows: WSO2-8.11.1
#[tokio::test]
async fn a_cached_token_asks_nobody_and_is_judged_anew() {
    let mut gateway = Gateway::new();
    gateway.forwarded(GET).await;
    assert_eq!(gateway.forwarded(GET).await.exchanged.unwrap().source, Source::L1);
    assert_eq!(gateway.curity().server.asked().len(), 1);
    gateway.apply(&Change::ApplicationGone(application().id));
    assert_eq!(gateway.answered(GET).await.code(), (403, "900908".to_owned()));
    assert_eq!(gateway.curity().server.asked().len(), 1);
}

/// Rows: WSO2-8.6.1, WSO2-8.8.7
#[tokio::test]
async fn any_missing_link_to_a_subscription_is_900908() {
    let other_api = Application {
        subscriptions: vec![phantom_core::catalog::Subscription {
            api: EntityId::new(99),
            ..subscription(SubscriptionStatus::Active)
        }],
        ..application()
    };
    let other_key =
        Application { keys: vec![key(CURITY, "other", KeyType::Production)], ..application() };
    let other_manager = EntityId::new(99);
    let elsewhere = Application {
        keys: vec![key(other_manager, CLIENT, KeyType::Production)],
        ..application()
    };
    let unsubscribed = Application { subscriptions: Vec::new(), ..application() };
    for application in [other_api, other_key, elsewhere, unsubscribed] {
        let answer = gateway_of(application).answered(GET).await;
        assert_eq!(
            (answer.status, &*answer.body),
            (
                403,
                r#"{"code":"900908","message":"Resource forbidden ","description":"User is NOT authorized to access the Resource. API Subscription validation failed."}"#
            )
        );
        assert!(answer.value("www-authenticate").is_none());
    }
}

/// Rows: WSO2-8.5
#[tokio::test]
async fn a_token_without_the_consumer_key_claim_is_900908() {
    let gateway = with_key_manager(|managed| managed.consumer_key_claim = "azp".into());
    assert_eq!(gateway.answered(GET).await.code(), (403, "900908".to_owned()));
    let azp = Statement { authorized_party: Some(CLIENT.into()), ..token("read") };
    gateway.curity().says("has-azp", Says::Active(azp));
    gateway.get(GET, &[("authorization", "Bearer has-azp")]).await.forwarded();
}

#[tokio::test]
async fn an_explanation_names_the_claim_in_which_a_consumer_key_was_looked_for() {
    for (claim, told) in [
        ("azp", "the token has no claim `azp`"),
        ("ext.client", "the token has no claim `client` in `ext`"),
        ("sub", "the token's claim `sub`"),
    ] {
        let gateway = with_key_manager(|managed| managed.consumer_key_claim = claim.into());
        let mut steps = Steps::default();
        let request = Request::get(GET, &[BEARER]);
        gateway.world.traced(&gateway.snapshot, request, &mut steps).await;
        let said = steps.0.iter().find(|step| step.hop == "application").unwrap();
        assert!(said.outcome.contains(told), "{said:?}");
        assert!(said.outcome.contains("consumerKeyClaim"), "{said:?}");
    }
}

/// Rows: WSO2-10.6
#[tokio::test]
async fn the_consumer_key_is_the_audience_and_scopes_come_from_the_jwt() {
    let gateway = with_key_manager(|managed| managed.scopes_claim = "scp".into());
    assert_eq!(gateway.answered(GET).await.code(), (403, "900910".to_owned()));
    let scp = jwt(&json!({"scp": ["x", "admin"]}));
    let held = Statement {
        phantom_token: PhantomToken::parse(&scp, PhantomToken::MAX_LEN).unwrap(),
        audience: Audience::from_claim(&json!(["x", CLIENT])).unwrap(),
        ..token("")
    };
    gateway.curity().says("has-scp", Says::Active(held));
    gateway.get(GET, &[("authorization", "Bearer has-scp")]).await.forwarded();
}

/// Rows: WSO2-8.1.4, WSO2-8.6.2, WSO2-8.8.6, WSO2-8.8.8
#[tokio::test]
async fn a_blocked_or_inactive_subscription_is_401() {
    for (status, key_type, expected) in [
        (SubscriptionStatus::Active, KeyType::Production, None),
        (SubscriptionStatus::Active, KeyType::Sandbox, None),
        (SubscriptionStatus::Blocked, KeyType::Production, Some("900907")),
        (SubscriptionStatus::Blocked, KeyType::Sandbox, Some("900907")),
        (SubscriptionStatus::ProductionBlocked, KeyType::Production, Some("900907")),
        (SubscriptionStatus::ProductionBlocked, KeyType::Sandbox, None),
        (SubscriptionStatus::Inactive, KeyType::Production, Some("900909")),
        (SubscriptionStatus::Inactive, KeyType::Sandbox, Some("900909")),
    ] {
        let gateway = gateway_of(Application {
            keys: vec![key(CURITY, CLIENT, key_type)],
            subscriptions: vec![subscription(status)],
            ..application()
        });
        let decision = gateway.get(GET, &[BEARER]).await;
        let Some(code) = expected else {
            decision.forwarded();
            continue;
        };
        let answer = decision.answered();
        assert_eq!(answer.code(), (401, code.to_owned()));
        assert!(answer.value("www-authenticate").is_some(), "RFC 9110 §15.5.2");
        let message = match code {
            "900907" => "The requested API is temporarily blocked",
            _ => "The subscription to the API is inactive",
        };
        assert_eq!(answer.document()["message"], message);
    }
}

/// Rows: WSO2-8.6.3, WSO2-8.8.9
#[tokio::test]
async fn one_scope_of_several_suffices_and_none_is_900910() {
    for (scope, passes) in [("read", true), ("x admin", true), ("Read", false), ("", false)] {
        let gateway = Gateway::new();
        gateway.curity().says("scoped", Says::Active(token(scope)));
        let decision = gateway.get(GET, &[("authorization", "Bearer scoped")]).await;
        if passes {
            decision.forwarded();
            continue;
        }
        let answer = decision.answered();
        assert_eq!(
            (answer.status, &*answer.body, answer.value("www-authenticate")),
            (
                403,
                r#"{"code":"900910","message":"The access token does not allow you to access the requested resource","description":"User is NOT authorized to access the Resource: /get. Scope validation failed."}"#,
                Some(r#"Bearer error="insufficient_scope", scope="read admin""#)
            ),
            "{scope}"
        );
        gateway.get("/httpbin/v1/other", &[("authorization", "Bearer scoped")]).await.forwarded();
    }
}

/// Rows: WSO2-8.6.4, WSO2-8.8.11
#[tokio::test]
async fn an_audience_that_the_api_does_not_accept_is_900914() {
    let accepts = |audience: &str| Gateway::with_api(|api| api.audiences = vec![audience.into()]);
    let answer = accepts("other").answered(GET).await;
    assert_eq!(answer.code(), (403, "900914".to_owned()));
    assert_eq!(answer.document()["message"], "Access Denied");
    accepts(CLIENT).forwarded(GET).await;
    accepts("all").forwarded(GET).await;
}

/// Rows: WSO2-8.1.6, WSO2-8.6
#[tokio::test]
async fn the_kind_of_key_decides_on_the_endpoint_and_a_missing_one_is_403() {
    for (key_type, destination, missing) in [
        (
            KeyType::Production,
            "production.example:80/base/get",
            "Production key offered to the API with no production endpoint",
        ),
        (
            KeyType::Sandbox,
            "sandbox.example:8080/get",
            "Sandbox key offered to the API with no sandbox endpoint",
        ),
    ] {
        let of_type = Application { keys: vec![key(CURITY, CLIENT, key_type)], ..application() };
        let mut gateway = gateway_of(of_type);
        assert_eq!(gateway.forwarded(GET).await.destination(GET, None), destination);
        let mut without = api();
        match key_type {
            KeyType::Production => without.production_endpoint = None,
            KeyType::Sandbox => without.sandbox_endpoint = None,
        }
        gateway.apply(&Change::Api(Arc::new(without)));
        let answer = gateway.answered(GET).await;
        assert_eq!(answer.status, 403);
        assert_eq!(
            answer.document(),
            json!({"code": "900901", "type": "Status report", "message": "Runtime Error",
                "description": missing})
        );
    }
}

/// Rows: WSO2-8.10
#[tokio::test]
async fn another_field_may_carry_the_token_and_authorization_is_then_not_read() {
    let gateway = Gateway::with_api(|api| api.authorization_header = "X-Token".into());
    gateway
        .get(GET, &[("X-TOKEN", "Bearer t0ken"), ("authorization", "Basic x")])
        .await
        .forwarded();
    assert_eq!(gateway.answered(GET).await.code(), (401, "900902".to_owned()));
    let twice = [("x-token", "Bearer t0ken"), ("x-token", "Bearer t0ken")];
    assert_eq!(gateway.get(GET, &twice).await.answered().code(), (401, "900901".to_owned()));
}

/// Rows: WSO2-8.5.9, WSO2-8.11.3, WSO2-8.11.4
#[tokio::test]
async fn revoked_tokens_are_900901_though_they_are_cached() {
    let issued = Statement {
        issued_at: Some(UnixTime::from_secs(1000)),
        token_id: Some("id-1".into()),
        ..token("read")
    };
    for (of, at, status) in [
        (Revoked::ConsumerKey(CLIENT.into()), 1001, 401),
        (Revoked::ConsumerKey(CLIENT.into()), 1000, 200),
        (Revoked::ConsumerKey("other".into()), 1001, 200),
        (Revoked::Subject("claim-value-subject".into()), 1001, 401),
        (Revoked::Subject("other".into()), 1001, 200),
        (Revoked::TokenId("id-1".into()), 1, 401),
    ] {
        let mut gateway = Gateway::new();
        gateway.curity().says("issued", Says::Active(issued.clone()));
        let fields = [("authorization", "Bearer issued")];
        gateway.get(GET, &fields).await.forwarded();
        let (at, until) = (UnixTime::from_secs(at), UnixTime::MAX);
        gateway.apply(&Change::Revoked(Revocation { of: of.clone(), at, until }));
        let decision = gateway.get(GET, &fields).await;
        if status == 200 {
            decision.forwarded();
        } else {
            assert_eq!(decision.reason(), Some(DenyReason::TokenRevoked), "{of:?}");
            assert_eq!(&*decision.answered().body, INVALID);
        }
    }
}

/// Rows: WSO2-8.11.2, WSO2-11.5
#[tokio::test]
async fn a_token_revoked_at_its_key_manager_is_dead_though_it_is_cached() {
    let gateway = Gateway::new();
    gateway.forwarded(GET).await;
    gateway.curity().revoke("t0ken");
    let decision = gateway.get(GET, &[BEARER]).await;
    assert_eq!(decision.reason(), Some(DenyReason::TokenRevoked));
    assert_eq!(&*decision.answered().body, INVALID);
}

/// Rows: WSO2-10.7
#[tokio::test]
async fn no_answer_holds_token_client_or_claim() {
    let gateway = gateway_of(Application { subscriptions: Vec::new(), ..application() });
    let answer = gateway.answered(GET).await;
    let told = format!("{answer:?}");
    for secret in ["t0ken", "claim-value", "alice"] {
        assert!(!told.contains(secret), "{told}");
    }
}
