//! RFC 9701: signed statements.

use serde_json::Value;

use super::*;
use crate::Algorithm;
use crate::KeyManager;

const MEDIA_TYPE: &str = "application/token-introspection+jwt";

fn key_manager(stage: &Stage) -> KeyManager {
    stage.key_manager(|c| {
        c.response = ResponseFormat::Rfc9701;
        c.signed_response_algorithm = Algorithm::Es256;
    })
}

fn signed(stage: &Stage, claims: &Value) -> Reply {
    let jwt = stage.signer.sign_typ("token-introspection+jwt", claims);
    Reply::with_type(200, MEDIA_TYPE, jwt)
}

fn good() -> Value {
    json!({
        "iss": ISSUER,
        "aud": "gateway",
        "iat": ManualClock::START.as_secs(),
        "token_introspection": {
            "active": true, "sub": "alice", "scope": "read", "aud": "client-one",
            "exp": ManualClock::START.as_secs() + 60,
        },
    })
}

fn changed(name: &str, value: Value) -> Value {
    let mut claims = good();
    claims[name] = value;
    claims
}

/// Rows: JIR-1
#[tokio::test]
async fn the_signed_answer_is_asked_for_by_its_own_media_type() {
    let stage = Stage::new().await;
    stage.answer(signed(&stage, &good()));
    assert!(is_active(&ask(&key_manager(&stage)).await));
    assert_eq!(stage.server.last(PATH).header("accept"), Some(MEDIA_TYPE));
}

/// Rows: JIR-2
#[tokio::test]
async fn issuer_audience_and_time_of_the_answer_are_checked() {
    let stage = Stage::new().await;
    let key_manager = key_manager(&stage);
    let now = ManualClock::START.as_secs();
    for claims in [
        changed("iss", json!("https://evil.example")),
        changed("iss", Value::Null),
        changed("aud", json!("another-gateway")),
        changed("aud", json!([])),
        changed("aud", Value::Null),
        changed("iat", Value::Null),
        changed("iat", json!(now - 61)),
        changed("iat", json!(now + 1)),
        changed("iat", json!("now")),
        changed("token_introspection", json!("active")),
        changed("token_introspection", json!([])),
        changed("token_introspection", Value::Null),
    ] {
        stage.answer(signed(&stage, &claims));
        let asked = ask(&key_manager).await;
        assert!(is_misbehaved(&asked), "{claims}: {asked:?}");
    }
    for claims in [changed("aud", json!(["x", "gateway"])), changed("iat", json!(now - 60))] {
        stage.answer(signed(&stage, &claims));
        assert!(is_active(&ask(&key_manager).await), "{claims}");
    }
}

/// Rows: JIR-3
#[tokio::test]
async fn subject_and_expiry_come_from_inside() {
    let stage = Stage::new().await;
    let mut claims = good();
    claims["sub"] = json!("mallory");
    claims["exp"] = json!(1);
    stage.answer(signed(&stage, &claims));
    let statement = statement(ask(&key_manager(&stage)).await);
    assert_eq!(statement.subject.as_deref(), Some("alice"));
    let end = ManualClock::START.plus(Duration::from_secs(60));
    assert_eq!(statement.expires_at, Some(end));
}

/// Rows: JIR-4
#[tokio::test]
async fn the_answer_itself_is_never_the_phantom_token() {
    let stage = Stage::new().await;
    let reply = signed(&stage, &good());
    let answer_jwt = String::from_utf8(reply.body.clone()).unwrap();
    stage.answer(reply);
    let statement = statement(ask(&key_manager(&stage)).await);
    assert_ne!(statement.phantom_token.expose(), answer_jwt);
    assert_eq!(statement.claims().unwrap().string("iss"), Some(GATEWAY));

    stage.answer(Reply::jwt(&answer_jwt));
    assert!(is_misbehaved(
        &ask(&stage.key_manager(|c| {
            c.signed_response_algorithm = Algorithm::Es256;
        }))
        .await
    ));
    let presented = key_manager(&stage).verify_access_token(&answer_jwt).await;
    assert!(presented.is_err());
}

/// Rows: JIR-5
#[tokio::test]
async fn the_registered_algorithm_is_required_and_rs256_is_the_default() {
    let stage = Stage::new().await;
    stage.answer(signed(&stage, &good()));
    let default = stage.key_manager(|c| c.response = ResponseFormat::Rfc9701);
    assert!(is_misbehaved(&ask(&default).await), "signed with ES256");
    let rsa = Signer::rs256("r1");
    let both = phantom_testkit::jose::jwks(&[&stage.signer, &rsa]);
    stage.server.answer("/jwks", Reply::with_type(200, "application/json", both));
    let jwt = rsa.sign_typ("token-introspection+jwt", &good());
    stage.answer(Reply::with_type(200, MEDIA_TYPE, jwt));
    let fresh = stage.key_manager(|c| c.response = ResponseFormat::Rfc9701);
    assert!(is_active(&ask(&fresh).await));
}

/// Rows: JIR-7
#[tokio::test]
async fn a_minted_token_fits_the_backends_header() {
    let stage = Stage::new().await;
    let mut claims = good();
    claims["token_introspection"]["pad"] = json!("x".repeat(3000));
    stage.answer(signed(&stage, &claims));
    let key_manager = stage.key_manager(|c| {
        c.response = ResponseFormat::Rfc9701;
        c.signed_response_algorithm = Algorithm::Es256;
        c.max_phantom_token_len = 2000;
    });
    assert!(is_misbehaved(&ask(&key_manager).await));
}

/// Rows: JIR-8
#[tokio::test]
async fn active_inside_never_defaults_to_true() {
    let stage = Stage::new().await;
    let key_manager = key_manager(&stage);
    for inside in [json!({"sub": "alice"}), json!({"active": "true"}), json!({"active": 1})] {
        stage.answer(signed(&stage, &changed("token_introspection", inside)));
        assert!(is_misbehaved(&ask(&key_manager).await));
    }
    stage.answer(signed(&stage, &changed("token_introspection", json!({"active": false}))));
    assert!(is_inactive(&ask(&key_manager).await));
}

#[tokio::test]
async fn a_flat_statement_can_deny_and_cannot_permit() {
    let stage = Stage::new().await;
    let mut flat = stage.claims();
    for (active, denied) in [(json!(false), true), (json!(true), false), (Value::Null, false)] {
        flat["active"] = active;
        let jwt = stage.signer.sign_typ("token-introspection+jwt", &flat);
        stage.answer(Reply::jwt(&jwt));
        for format in [ResponseFormat::PhantomJwt, ResponseFormat::Rfc9701] {
            let asked = ask(&stage.key_manager(|c| {
                c.response = format;
                c.signed_response_algorithm = Algorithm::Es256;
            }))
            .await;
            assert_eq!(is_inactive(&asked), denied, "{asked:?}");
            assert!(!is_active(&asked));
            if let Err(error) = asked {
                let error = error.to_string();
                let said = "it is a signed introspection answer (typ token-introspection+jwt)";
                assert!(error.contains(said), "{error}");
                assert!(error.contains("response = \"json\""), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn an_unsigned_or_forged_statement_is_refused() {
    let stage = Stage::new().await;
    let key_manager = key_manager(&stage);
    let mallory = Signer::es256("k1");
    for reply in [
        Reply::with_type(200, MEDIA_TYPE, mallory.sign_typ("token-introspection+jwt", &good())),
        Reply::with_type(200, MEDIA_TYPE, stage.signer.sign(&good())),
        Reply::json(&good()["token_introspection"]),
    ] {
        stage.answer(reply);
        let asked = ask(&key_manager).await;
        assert!(is_misbehaved(&asked), "{asked:?}");
    }
}

/// Rows: JIR-5
#[tokio::test]
async fn an_encrypted_answer_is_said_to_be_one() {
    let stage = Stage::new().await;
    let encrypted = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkExMjhDQkMtSFMyNTYifQ.AA.AA.AA.AA";
    for (media_type, format) in
        [(MEDIA_TYPE, ResponseFormat::Rfc9701), ("application/jwt", ResponseFormat::PhantomJwt)]
    {
        stage.answer(Reply::with_type(200, media_type, encrypted));
        let asked = ask(&stage.key_manager(|c| c.response = format)).await;
        assert!(is_misbehaved(&asked), "{asked:?}");
        let shown = asked.unwrap_err().to_string();
        assert!(shown.contains("introspection_encrypted_response_alg"), "{shown}");
    }
}
