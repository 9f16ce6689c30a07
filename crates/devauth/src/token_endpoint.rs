//! `POST /oauth/v2/oauth-token` (RFC 6749 §3.2).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::HeaderMap;
use serde::Serialize;
use serde_json::json;

use crate::authorization_server::AuthorizationServer;
use crate::client_auth::authenticate;
use crate::clients::{Client, GrantType};
use crate::form::Form;
use crate::oauth_error::{OauthError, no_store};
use crate::scope::Scope;
use crate::tokens::{CodeRequest, Issued};

/// RFC 6749 §5.1. No `Debug`: it holds tokens.
#[derive(Serialize)]
struct TokenResponse {
    access_token: String,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    scope: String,
    token_type: &'static str,
}

pub(crate) async fn token(
    State(server): State<Arc<AuthorizationServer>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, OauthError> {
    let form = Form::from_body(&headers, &body?)?;
    let client = authenticate(&server, &headers, &form)?;
    let response = match form.required("grant_type", "grant_type is missing")? {
        "client_credentials" => client_credentials(&server, client, &form)?,
        "authorization_code" => authorization_code(&server, client, &form)?,
        "refresh_token" => refresh_token(&server, client, &form)?,
        _ => return Err(OauthError::UnsupportedGrantType),
    };
    Ok(no_store(Json(response).into_response()))
}

/// RFC 6749 §4.4. No refresh token (§4.4.3).
fn client_credentials(
    server: &AuthorizationServer,
    client: &Client,
    form: &Form,
) -> Result<TokenResponse, OauthError> {
    require(client, GrantType::ClientCredentials)?;
    let scope = requested_scope(client, form)?;
    let grant = server.tokens.grant_to_client(&client.id, scope);
    Ok(respond(server.tokens.issue(grant, server.now()), None))
}

/// RFC 6749 §4.1.3.
fn authorization_code(
    server: &AuthorizationServer,
    client: &Client,
    form: &Form,
) -> Result<TokenResponse, OauthError> {
    require(client, GrantType::AuthorizationCode)?;
    let request = CodeRequest {
        client_id: &client.id,
        code: form.required("code", "code is missing")?,
        redirect_uri: form.value("redirect_uri"),
        verifier: form.value("code_verifier"),
    };
    let with_refresh = client.allows(GrantType::RefreshToken);
    let (issued, nonce) = server.tokens.redeem(&request, with_refresh, server.now())?;
    let id_token = id_token(server, &issued, nonce.as_deref())?;
    Ok(respond(issued, id_token))
}

/// RFC 6749 §6.
fn refresh_token(
    server: &AuthorizationServer,
    client: &Client,
    form: &Form,
) -> Result<TokenResponse, OauthError> {
    require(client, GrantType::RefreshToken)?;
    let token = form.required("refresh_token", "refresh_token is missing")?;
    let scope = match form.value("scope") {
        Some(text) => Some(Scope::parse(text).ok_or(MALFORMED_SCOPE)?),
        None => None,
    };
    let issued = server.tokens.refresh(token, &client.id, scope, server.now())?;
    let id_token = id_token(server, &issued, None)?;
    Ok(respond(issued, id_token))
}

const MALFORMED_SCOPE: OauthError = OauthError::InvalidScope("the scope is malformed");

/// The scope asked for, or the client's default (RFC 6749 §3.3).
pub(crate) fn requested_scope(client: &Client, form: &Form) -> Result<Scope, OauthError> {
    let text = form.value("scope").unwrap_or(&client.default_scope);
    let scope = Scope::parse(text).ok_or(MALFORMED_SCOPE)?;
    if !client.may_ask_for(&scope) {
        return Err(OauthError::InvalidScope("the scope is not registered for the client"));
    }
    Ok(scope)
}

fn require(client: &Client, grant_type: GrantType) -> Result<(), OauthError> {
    if client.allows(grant_type) { Ok(()) } else { Err(OauthError::UnauthorizedClient) }
}

/// OpenID Connect Core §2, for people who signed in with the scope `openid`.
fn id_token(
    server: &AuthorizationServer,
    issued: &Issued,
    nonce: Option<&str>,
) -> Result<Option<String>, OauthError> {
    let grant = &issued.grant;
    if !grant.by_user || !issued.scope.contains("openid") {
        return Ok(None);
    }
    let now = server.now();
    let mut claims = json!({
        "iss": server.issuer.as_str(),
        "sub": grant.subject,
        "aud": grant.client_id,
        "exp": now.saturating_add(issued.expires_in),
        "iat": now,
        "auth_time": grant.auth_time,
    });
    if let (Some(nonce), Some(members)) = (nonce, claims.as_object_mut()) {
        members.insert("nonce".to_owned(), json!(nonce));
    }
    Ok(Some(server.keys.sign("JWT", &claims)?))
}

fn respond(issued: Issued, id_token: Option<String>) -> TokenResponse {
    TokenResponse {
        access_token: issued.access_token,
        expires_in: issued.expires_in,
        id_token,
        refresh_token: issued.refresh_token,
        scope: issued.scope.to_string(),
        token_type: "bearer",
    }
}

#[cfg(test)]
mod tests;
