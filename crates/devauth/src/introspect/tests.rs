//! Introspection in its three formats, over real HTTP.

use serde_json::{Value, json};

use crate::SigningAlgorithm;
use crate::test_server::{INTROSPECT, TestServer, basic};

const JSON: &str = "application/json";
const PHANTOM: &str = "application/jwt";
const STATEMENT: &str = "application/token-introspection+jwt";

#[tokio::test]
async fn an_active_token_is_described_in_json() {
    let server = TestServer::start().await;
    let token = server.handle.issue_token("client-one", "read write");
    let answer = server.introspect(&token, JSON).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("vary"), Some("Accept"));
    let (told, now) = (answer.json(), server.now());
    assert_eq!(
        told,
        json!({
            "active": true, "iss": server.handle.issuer(), "sub": "client-one",
            "aud": "client-one", "client_id": "client-one", "scope": "read write",
            "token_type": "bearer", "iat": now, "nbf": now, "exp": now + 300, "jti": told["jti"],
        })
    );
}

/// Rows: INT-6
#[tokio::test]
async fn every_inactive_token_gets_the_same_answer() {
    let server = TestServer::start().await;
    let revoked = server.handle.issue_token("client-one", "read");
    assert!(server.handle.revoke(&revoked));
    let expired = server.handle.issue_token("client-one", "read");
    server.advance(300);
    for token in [revoked.as_str(), expired.as_str(), "unknown", "a.b.c", "ö"] {
        let json = server.introspect(token, JSON).await;
        assert_eq!((json.status, json.text.as_str()), (200, r#"{"active":false}"#), "{token}");
        let phantom = server.introspect(token, PHANTOM).await;
        assert_eq!((phantom.status, phantom.text.as_str()), (204, ""), "{token}");
        assert_eq!(phantom.header("cache-control"), Some("no-store"));
        let statement = server.introspect(token, STATEMENT).await;
        let (claims, _) = server.verified(&statement.text).await;
        assert_eq!(claims["token_introspection"], json!({"active": false}), "{token}");
    }
}

#[tokio::test]
async fn a_token_is_active_until_the_second_it_expires() {
    let server = TestServer::start().await;
    let token = server.handle.issue_token("client-one", "read");
    server.advance(299);
    assert!(server.is_active(&token).await);
    server.advance(1);
    assert!(!server.is_active(&token).await);
}

#[tokio::test]
async fn the_phantom_token_may_be_cached_for_as_long_as_it_lives() {
    let server = TestServer::start().await;
    let token = server.handle.issue_token("client-one", "read");
    server.advance(100);
    let answer = server.introspect(&token, PHANTOM).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/jwt")));
    assert_eq!(answer.header("cache-control"), Some("private, max-age=200"));
    assert_eq!(answer.header("pragma"), None);
}

/// Rows: JWT-1, JWT-8
#[tokio::test]
async fn the_phantom_token_is_an_access_token_with_all_required_claims() {
    let server = TestServer::start().await;
    let token = server.handle.issue_user_token("client-one", "alice", "read");
    let answer = server.introspect(&token, PHANTOM).await;
    let (claims, typ) = server.verified(&answer.text).await;
    assert_eq!(typ, "at+jwt");
    let now = server.now();
    assert_eq!(
        claims,
        json!({
            "iss": server.handle.issuer(), "sub": "alice", "aud": "client-one",
            "client_id": "client-one", "scope": "read",
            "iat": now, "nbf": now, "exp": now + 300, "jti": claims["jti"],
        })
    );
    assert!(claims["jti"].as_str().is_some_and(|jti| jti.len() >= 20));
    let again = server.introspect(&token, PHANTOM).await;
    assert_eq!(server.verified(&again.text).await.0["jti"], claims["jti"], "one token, one jti");
}

/// Rows: JIR-2, JIR-3
#[tokio::test]
async fn the_signed_statement_is_for_the_caller_and_about_the_token() {
    let server = TestServer::start().await;
    let token = server.handle.issue_token("client-one", "read");
    let answer = server.introspect(&token, STATEMENT).await;
    assert_eq!(answer.header("content-type"), Some(STATEMENT));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let (claims, typ) = server.verified(&answer.text).await;
    assert_eq!(typ, "token-introspection+jwt");
    let names: Vec<&String> = claims.as_object().unwrap().keys().collect();
    assert_eq!(names, ["aud", "iat", "iss", "token_introspection"]);
    assert_eq!(claims["aud"], json!("introspection-client"));
    assert_eq!(claims["iat"], json!(server.now()));
    let about: Value = server.introspect(&token, JSON).await.json();
    assert_eq!(claims["token_introspection"], about);
}

#[tokio::test]
async fn every_algorithm_signs_what_its_published_key_verifies() {
    for algorithm in [SigningAlgorithm::Rs256, SigningAlgorithm::EdDsa] {
        let server = TestServer::start_with(|options| options.algorithm = algorithm).await;
        let token = server.handle.issue_token("client-one", "read");
        let answer = server.introspect(&token, PHANTOM).await;
        server.verified(&answer.text).await;
    }
}

#[tokio::test]
async fn the_caller_has_to_authenticate_with_the_right_secret() {
    let server = TestServer::start().await;
    let token = server.handle.issue_token("client-one", "read");
    let form = [("token", token.as_str())];
    let anonymous = server.post(INTROSPECT, &[], &form).await;
    assert_eq!(anonymous.refusal(), "401 invalid_client");
    let wrong = basic("introspection-client", "wrong");
    let answer = server.post(INTROSPECT, &[("authorization", &wrong)], &form).await;
    assert_eq!(answer.refusal(), "401 invalid_client");
    let post = [form[0], ("client_id", "api-gateway-client"), ("client_secret", "Password1")];
    assert_eq!(server.post(INTROSPECT, &[], &post).await.json()["active"], json!(true));
    assert_eq!(server.handle.introspection_count(), 1, "refused callers do not count");
}

#[tokio::test]
async fn a_client_without_the_right_to_introspect_learns_nothing() {
    let server = TestServer::start().await;
    let token = server.handle.issue_token("client-one", "read");
    let answer = server.post_as("client-one", INTROSPECT, &[("token", &token)]).await;
    assert_eq!(answer.refusal(), "403 unauthorized_client");
    let public = [("token", token.as_str()), ("client_id", "public-client")];
    let answer = server.post(INTROSPECT, &[], &public).await;
    assert_eq!(answer.refusal(), "403 unauthorized_client");
}

/// Rows: INT-1
#[tokio::test]
async fn a_token_with_special_characters_reads_as_one_parameter() {
    let server = TestServer::start().await;
    let answer = server.introspect("x&token=y&client_id=z", JSON).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"active": false})));
}

#[tokio::test]
async fn a_request_without_token_is_refused_and_any_hint_is_fine() {
    let server = TestServer::start().await;
    let missing = server.post_as("introspection-client", INTROSPECT, &[("token", "")]).await;
    assert_eq!(missing.refusal(), "400 invalid_request");
    let token = server.handle.issue_token("client-one", "read");
    for hint in ["access_token", "refresh_token", "pigeon"] {
        let form = [("token", token.as_str()), ("token_type_hint", hint)];
        let answer = server.post_as("introspection-client", INTROSPECT, &form).await;
        assert_eq!(answer.json()["active"], json!(true), "{hint}");
    }
}

#[tokio::test]
async fn the_oldest_token_is_forgotten_when_there_are_too_many() {
    let server = TestServer::start_with(|options| options.max_tokens = 3).await;
    let tokens: Vec<String> =
        (0..4).map(|_| server.handle.issue_token("client-one", "read")).collect();
    assert!(!server.is_active(&tokens[0]).await);
    for token in &tokens[1..] {
        assert!(server.is_active(token).await);
    }
}
