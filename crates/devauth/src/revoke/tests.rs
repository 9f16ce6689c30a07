//! Revocation, over real HTTP.

use crate::test_server::{REVOKE, TOKEN, TestServer};

#[tokio::test]
async fn a_revoked_access_token_is_inactive_at_once_and_alone() {
    let server = TestServer::start().await;
    let revoked = server.handle.issue_token("client-one", "read");
    let other = server.handle.issue_token("client-one", "read");
    let answer = server.post_as("client-one", REVOKE, &[("token", &revoked)]).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    assert!(!server.is_active(&revoked).await);
    assert!(server.is_active(&other).await);
}

#[tokio::test]
async fn rev_2_an_unknown_token_is_revoked_as_well() {
    let server = TestServer::start().await;
    for token in ["unknown", "a b&c"] {
        let form = [("token", token), ("token_type_hint", "pigeon")];
        assert_eq!(server.post_as("client-one", REVOKE, &form).await.status, 200);
    }
}

#[tokio::test]
async fn a_revoked_refresh_token_takes_the_access_tokens_of_its_grant_along() {
    let server = TestServer::start().await;
    let code = server.code("client-one", &[]).await;
    let issued = server.redeem("client-one", &code).await.json();
    let (access, refresh) =
        (issued["access_token"].as_str().unwrap(), issued["refresh_token"].as_str().unwrap());
    let wrong_hint = [("token", refresh), ("token_type_hint", "access_token")];
    assert_eq!(server.post_as("client-one", REVOKE, &wrong_hint).await.status, 200);
    assert!(!server.is_active(access).await);
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let answer = server.post_as("client-one", TOKEN, &form).await;
    assert_eq!(answer.refusal(), "400 invalid_grant");
}

#[tokio::test]
async fn a_client_cannot_revoke_the_token_of_another() {
    let server = TestServer::start().await;
    let token = server.handle.issue_token("client-one", "read");
    let answer = server.post_as("test-client", REVOKE, &[("token", &token)]).await;
    assert_eq!(answer.refusal(), "400 invalid_grant");
    assert!(server.is_active(&token).await);
}

#[tokio::test]
async fn a_public_client_revokes_its_own_token_by_its_id() {
    let server = TestServer::start().await;
    let token = server.handle.issue_user_token("public-client", "alice", "read");
    let form = [("token", token.as_str()), ("client_id", "public-client")];
    assert_eq!(server.post(REVOKE, &[], &form).await.status, 200);
    assert!(!server.is_active(&token).await);
}

#[tokio::test]
async fn revocation_without_client_or_token_is_refused() {
    let server = TestServer::start().await;
    let anonymous = server.post(REVOKE, &[], &[("token", "x")]).await;
    assert_eq!(anonymous.refusal(), "401 invalid_client");
    let empty = server.post_as("client-one", REVOKE, &[]).await;
    assert_eq!(empty.refusal(), "400 invalid_request");
}
