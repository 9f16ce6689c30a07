//! The grants and the errors of the token endpoint, over real HTTP.

use http::Method;
use serde_json::json;

use crate::test_server::{Answer, REDIRECT_URI, TOKEN, TestServer, VERIFIER, basic, redeem_form};
use crate::{Client, GrantType};

const CLIENT_CREDENTIALS: (&str, &str) = ("grant_type", "client_credentials");

async fn refresh(server: &TestServer, client: &str, token: &str, scope: &str) -> Answer {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)];
    server.post_as(client, TOKEN, &form).await
}

fn text(answer: &Answer, member: &str) -> String {
    answer.json()[member].as_str().unwrap_or_else(|| panic!("{member}: {answer:?}")).to_owned()
}

#[tokio::test]
async fn client_credentials_answer_as_the_tutorial_shows() {
    let server = TestServer::start().await;
    let form = [CLIENT_CREDENTIALS, ("scope", "read")];
    let answer = server.post_as("test-client", TOKEN, &form).await;
    assert_eq!(answer.status, 200);
    let token = text(&answer, "access_token");
    assert_eq!(
        answer.json(),
        json!({"access_token": token, "expires_in": 300, "scope": "read", "token_type": "bearer"})
    );
    assert!(token.len() >= 43 && !token.contains('.'), "opaque: {token}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    assert!(server.is_active(&token).await);
}

#[tokio::test]
async fn a_request_without_scope_gets_the_default_scope_and_is_told_so() {
    let server = TestServer::start().await;
    let answer = server.post_as("client-one", TOKEN, &[CLIENT_CREDENTIALS]).await;
    assert_eq!(text(&answer, "scope"), "read");
    let empty = [CLIENT_CREDENTIALS, ("scope", "")];
    let answer = server.post_as("client-one", TOKEN, &empty).await;
    assert_eq!(text(&answer, "scope"), "read", "RFC 6749 §3.2: no value counts as left out");
}

#[tokio::test]
async fn a_scope_that_is_unknown_or_malformed_is_refused() {
    let server = TestServer::start().await;
    for scope in ["admin", "read admin", "read  write", "re\"ad", " "] {
        let form = [CLIENT_CREDENTIALS, ("scope", scope)];
        let answer = server.post_as("test-client", TOKEN, &form).await;
        assert_eq!(answer.refusal(), "400 invalid_scope", "{scope:?}");
    }
}

#[tokio::test]
async fn a_missing_or_unknown_grant_type_is_refused() {
    let server = TestServer::start().await;
    let missing = server.post_as("test-client", TOKEN, &[("scope", "read")]).await;
    assert_eq!(missing.refusal(), "400 invalid_request");
    for grant_type in ["password", "implicit", "CLIENT_CREDENTIALS"] {
        let form = [("grant_type", grant_type)];
        let answer = server.post_as("test-client", TOKEN, &form).await;
        assert_eq!(answer.refusal(), "400 unsupported_grant_type", "{grant_type}");
    }
}

#[tokio::test]
async fn a_grant_the_client_is_not_registered_for_is_refused() {
    let server = TestServer::start().await;
    let answer = server.post_as("introspection-client", TOKEN, &[CLIENT_CREDENTIALS]).await;
    assert_eq!(answer.refusal(), "400 unauthorized_client");
    let public = [CLIENT_CREDENTIALS, ("client_id", "public-client")];
    let answer = server.post(TOKEN, &[], &public).await;
    assert_eq!(answer.refusal(), "400 unauthorized_client");
}

#[tokio::test]
async fn a_repeated_parameter_is_refused() {
    let server = TestServer::start().await;
    let form = [CLIENT_CREDENTIALS, ("scope", "read"), ("scope", "write")];
    let answer = server.post_as("test-client", TOKEN, &form).await;
    assert_eq!(answer.refusal(), "400 invalid_request");
}

#[tokio::test]
async fn a_body_that_is_no_form_or_too_large_is_refused() {
    let server = TestServer::start().await;
    let auth = basic("test-client", "Password1");
    let json = [("authorization", auth.as_str()), ("content-type", "application/json")];
    let answer = server.send(Method::POST, TOKEN, &json, "{}".to_owned()).await;
    assert_eq!(answer.refusal(), "400 invalid_request");
    let large = "a".repeat(65 * 1024);
    let answer = server.post_as("test-client", TOKEN, &[CLIENT_CREDENTIALS, ("x", &large)]).await;
    assert_eq!(answer.refusal(), "413 invalid_request");
}

#[tokio::test]
async fn the_token_endpoint_takes_post_only() {
    let server = TestServer::start().await;
    let answer = server.get(TOKEN).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
}

#[tokio::test]
async fn a_code_is_exchanged_for_tokens_of_the_user_who_signed_in() {
    let server = TestServer::start().await;
    let extra = [("scope", "read write"), ("username", "alice"), ("password", "Password1")];
    let code = server.code("client-one", &extra).await;
    let answer = server.redeem("client-one", &code).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(text(&answer, "scope"), "read write");
    assert!(answer.json().get("id_token").is_none(), "no openid, no ID token");
    let told = server.introspect(&text(&answer, "access_token"), "application/json").await.json();
    assert_eq!((&told["sub"], &told["username"]), (&json!("alice"), &json!("alice")));
    assert_eq!((&told["aud"], &told["client_id"]), (&json!("client-one"), &json!("client-one")));
    assert!(!server.is_active(&text(&answer, "refresh_token")).await, "no access token");
}

#[tokio::test]
async fn a_public_client_signs_people_in_with_its_id_alone() {
    let server = TestServer::start().await;
    let code = server.code("public-client", &[]).await;
    let mut form = redeem_form(&code).to_vec();
    form.push(("client_id", "public-client"));
    let answer = server.post(TOKEN, &[], &form).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn a_code_with_openid_brings_an_id_token_with_the_nonce() {
    let server = TestServer::start().await;
    let code = server.code("test-client", &[("scope", "openid"), ("nonce", "n-1")]).await;
    let answer = server.redeem("test-client", &code).await;
    let (claims, typ) = server.verified(&text(&answer, "id_token")).await;
    assert_eq!(typ, "JWT", "it must not pass as an access token");
    assert_eq!((&claims["nonce"], &claims["sub"]), (&json!("n-1"), &json!("demouser")));
    assert_eq!(
        (&claims["aud"], &claims["iss"]),
        (&json!("test-client"), &json!(server.handle.issuer()))
    );
    assert_eq!(claims["auth_time"], json!(server.now()));
}

#[tokio::test]
async fn a_wrong_missing_or_malformed_verifier_is_refused_and_burns_the_code() {
    let server = TestServer::start().await;
    let longer = format!("{VERIFIER}A");
    for verifier in ["", "short", longer.as_str(), crate::test_server::CHALLENGE] {
        let code = server.code("client-one", &[]).await;
        let mut form = redeem_form(&code);
        form[3].1 = verifier;
        let answer = server.post_as("client-one", TOKEN, &form).await;
        assert_eq!(answer.refusal(), "400 invalid_grant", "{verifier:?}");
        let again = server.redeem("client-one", &code).await;
        assert_eq!(again.refusal(), "400 invalid_grant", "burnt after {verifier:?}");
    }
}

#[tokio::test]
async fn a_verifier_without_a_challenge_is_refused_as_a_downgrade() {
    let server = TestServer::start_with(|options| options.require_pkce = false).await;
    let no_pkce = [("code_challenge", ""), ("code_challenge_method", "")];
    let code = server.code("client-one", &no_pkce).await;
    assert_eq!(server.redeem("client-one", &code).await.refusal(), "400 invalid_grant");
    let code = server.code("client-one", &no_pkce).await;
    let answer = server.post_as("client-one", TOKEN, &redeem_form(&code)[..3]).await;
    assert_eq!(answer.status, 200, "without a verifier it is a plain code");
}

#[tokio::test]
async fn a_code_is_good_for_one_client_and_one_redirect_uri() {
    let server = TestServer::start().await;
    let code = server.code("client-one", &[]).await;
    assert_eq!(server.redeem("test-client", &code).await.refusal(), "400 invalid_grant");
    assert_eq!(server.redeem("client-one", &code).await.status, 200, "not burnt by another");
    for other in ["http://127.0.0.1:9/other", ""] {
        let code = server.code("client-one", &[]).await;
        let mut form = redeem_form(&code);
        form[2].1 = other;
        let answer = server.post_as("client-one", TOKEN, &form).await;
        assert_eq!(answer.refusal(), "400 invalid_grant", "{other:?} is not {REDIRECT_URI}");
    }
}

#[tokio::test]
async fn a_code_used_twice_revokes_the_tokens_of_the_first_use() {
    let server = TestServer::start().await;
    let code = server.code("client-one", &[]).await;
    let first = server.redeem("client-one", &code).await;
    let (access, refresh_token) = (text(&first, "access_token"), text(&first, "refresh_token"));
    assert!(server.is_active(&access).await);
    server.advance(100);
    assert!(server.is_active(&access).await, "the code is over, the token is not");
    assert_eq!(server.redeem("client-one", &code).await.refusal(), "400 invalid_grant");
    assert!(!server.is_active(&access).await);
    let answer = refresh(&server, "client-one", &refresh_token, "").await;
    assert_eq!(answer.refusal(), "400 invalid_grant");
}

#[tokio::test]
async fn a_late_replay_of_a_code_still_ends_the_refresh_token() {
    let server = TestServer::start().await;
    let code = server.code("client-one", &[]).await;
    let first = server.redeem("client-one", &code).await;
    server.advance(3600);
    assert_eq!(server.redeem("client-one", &code).await.refusal(), "400 invalid_grant");
    let answer = refresh(&server, "client-one", &text(&first, "refresh_token"), "").await;
    assert_eq!(answer.refusal(), "400 invalid_grant");
}

#[tokio::test]
async fn a_code_ends_after_sixty_seconds() {
    let server = TestServer::start().await;
    let (early, late) =
        (server.code("client-one", &[]).await, server.code("client-one", &[]).await);
    server.advance(59);
    assert_eq!(server.redeem("client-one", &early).await.status, 200);
    server.advance(1);
    assert_eq!(server.redeem("client-one", &late).await.refusal(), "400 invalid_grant");
}

#[tokio::test]
async fn the_oldest_code_is_forgotten_when_there_are_too_many() {
    let server = TestServer::start_with(|options| options.max_codes = 2).await;
    let first = server.code("client-one", &[]).await;
    let second = server.code("client-one", &[]).await;
    let third = server.code("client-one", &[]).await;
    assert_eq!(server.redeem("client-one", &first).await.refusal(), "400 invalid_grant");
    assert_eq!(server.redeem("client-one", &second).await.status, 200);
    assert_eq!(server.redeem("client-one", &third).await.status, 200);
}

#[tokio::test]
async fn refreshing_gives_new_tokens_and_retires_the_old_refresh_token() {
    let server = TestServer::start().await;
    let code = server.code("client-one", &[("scope", "read write")]).await;
    let first = server.redeem("client-one", &code).await;
    let second = refresh(&server, "client-one", &text(&first, "refresh_token"), "").await;
    assert_eq!(second.status, 200, "{second:?}");
    assert_eq!(text(&second, "scope"), "read write");
    assert_ne!(text(&first, "refresh_token"), text(&second, "refresh_token"));
    let narrow = refresh(&server, "client-one", &text(&second, "refresh_token"), "read").await;
    assert_eq!(text(&narrow, "scope"), "read");
    let wide = refresh(&server, "client-one", &text(&narrow, "refresh_token"), "").await;
    assert_eq!(text(&wide, "scope"), "read write", "RFC 6749 §6: the grant keeps its scope");
}

#[tokio::test]
async fn a_refresh_token_used_twice_ends_the_whole_grant() {
    let server = TestServer::start().await;
    let code = server.code("client-one", &[]).await;
    let first = server.redeem("client-one", &code).await;
    let second = refresh(&server, "client-one", &text(&first, "refresh_token"), "").await;
    let replay = refresh(&server, "client-one", &text(&first, "refresh_token"), "").await;
    assert_eq!(replay.refusal(), "400 invalid_grant");
    for answer in [&first, &second] {
        assert!(!server.is_active(&text(answer, "access_token")).await);
    }
    let heir = refresh(&server, "client-one", &text(&second, "refresh_token"), "").await;
    assert_eq!(heir.refusal(), "400 invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_is_refused_for_more_scope_another_client_or_after_its_life() {
    let server = TestServer::start().await;
    let code = server.code("client-one", &[("scope", "read")]).await;
    let first = server.redeem("client-one", &code).await;
    let token = text(&first, "refresh_token");
    let wider = refresh(&server, "client-one", &token, "read write").await;
    assert_eq!(wider.refusal(), "400 invalid_scope");
    let thief = refresh(&server, "test-client", &token, "").await;
    assert_eq!(thief.refusal(), "400 invalid_grant");
    let access = refresh(&server, "client-one", &text(&first, "access_token"), "").await;
    assert_eq!(access.refusal(), "400 invalid_grant", "an access token refreshes nothing");
    server.advance(24 * 60 * 60);
    let late = refresh(&server, "client-one", &token, "").await;
    assert_eq!(late.refusal(), "400 invalid_grant");
}

#[tokio::test]
async fn a_client_without_the_refresh_grant_gets_no_refresh_token() {
    let server = TestServer::start_with(|options| {
        let mut client = Client::confidential("short", "Password1");
        client.grant_types = vec![GrantType::AuthorizationCode];
        options.clients.push(client);
    })
    .await;
    let code = server.code("short", &[]).await;
    assert!(server.redeem("short", &code).await.json().get("refresh_token").is_none());
}

#[tokio::test]
async fn missing_parameters_of_a_grant_are_named() {
    let server = TestServer::start().await;
    for (grant_type, missing) in
        [("authorization_code", "code is missing"), ("refresh_token", "refresh_token is missing")]
    {
        let answer = server.post_as("client-one", TOKEN, &[("grant_type", grant_type)]).await;
        assert_eq!(answer.refusal(), "400 invalid_request");
        assert_eq!(text(&answer, "error_description"), missing);
    }
}
