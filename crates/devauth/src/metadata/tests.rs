//! Metadata and keys, over real HTTP.

use serde_json::json;

use crate::test_server::{JWKS, TestServer};

const OPENID: &str = "/oauth/v2/oauth-anonymous/.well-known/openid-configuration";
const RFC8414: &str = "/.well-known/oauth-authorization-server/oauth/v2/oauth-anonymous";

/// Rows: DSC-1
#[tokio::test]
async fn both_well_known_paths_give_the_same_document() {
    let server = TestServer::start().await;
    let (openid, oauth) = (server.get(OPENID).await, server.get(RFC8414).await);
    assert_eq!((openid.status, oauth.status), (200, 200));
    assert_eq!(openid.header("content-type"), Some("application/json"));
    assert_eq!(openid.json(), oauth.json());
}

/// Rows: DSC-2
#[tokio::test]
async fn the_document_names_the_issuer_it_was_asked_for() {
    let server = TestServer::start().await;
    let port = server.origin.rsplit_once(':').unwrap().1.to_owned();
    let document = server.get(OPENID).await.json();
    let origin = format!("http://localhost:{port}");
    assert_eq!(document["issuer"], json!(format!("{origin}/oauth/v2/oauth-anonymous")));
    assert_eq!(document["issuer"], json!(server.handle.issuer()));
    for (member, path) in [
        ("token_endpoint", "/oauth/v2/oauth-token"),
        ("introspection_endpoint", "/oauth/v2/oauth-introspect"),
        ("revocation_endpoint", "/oauth/v2/oauth-revoke"),
        ("authorization_endpoint", "/oauth/v2/oauth-authorize"),
        ("jwks_uri", "/oauth/v2/oauth-anonymous/jwks"),
    ] {
        assert_eq!(document[member], json!(format!("{origin}{path}")), "{member}");
    }
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(document["scopes_supported"], json!(["openid", "read", "write"]));
    assert_eq!(document["authorization_response_iss_parameter_supported"], json!(true));
}

#[tokio::test]
async fn a_configured_issuer_moves_the_well_known_paths() {
    let server = TestServer::start_with(|options| {
        options.issuer = Some("https://login.example/tenant".to_owned());
    })
    .await;
    for path in [
        "/tenant/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/tenant",
    ] {
        let document = server.get(path).await.json();
        assert_eq!(document["issuer"], json!("https://login.example/tenant"), "{path}");
    }
    assert_eq!(server.get(OPENID).await.status, 404);
}

#[tokio::test]
async fn a_rotated_key_verifies_old_answers_until_they_are_over() {
    let server = TestServer::start().await;
    let token = server.handle.issue_token("client-one", "read");
    let before = server.introspect(&token, "application/jwt").await.text;
    let kid = server.handle.rotate_keys(false).unwrap();
    let after = server.introspect(&token, "application/jwt").await.text;
    server.verified(&before).await;
    server.verified(&after).await;
    let keys = server.get(JWKS).await.json();
    assert_eq!(keys["keys"][0]["kid"], json!(kid));
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    server.advance(300);
    let keys = server.get(JWKS).await.json();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
}

/// Rows: DSC-8
#[tokio::test]
async fn a_dropped_key_is_published_no_longer() {
    let server = TestServer::start().await;
    let kid = server.handle.rotate_keys(true).unwrap();
    let keys = server.get(JWKS).await.json();
    let kids: Vec<_> = keys["keys"].as_array().unwrap().iter().map(|key| &key["kid"]).collect();
    assert_eq!(kids, [&json!(kid)]);
}

#[tokio::test]
async fn stats_count_what_happened() {
    let server = TestServer::start().await;
    let token = server.handle.issue_token("client-one", "read");
    let other = server.handle.issue_token("client-one", "read");
    assert_ne!(token, other);
    server.introspect(&token, "application/jwt").await;
    server.handle.revoke(&token);
    server.introspect(&token, "application/jwt").await;
    assert_eq!(
        server.get("/dev/stats").await.json(),
        json!({"introspections": 2, "tokens_issued": 2, "tokens_live": 1})
    );
    server.advance(300);
    assert_eq!(server.get("/dev/stats").await.json()["tokens_live"], json!(0));
}
