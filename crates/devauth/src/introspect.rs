//! `POST /oauth/v2/oauth-introspect` (RFC 7662) in three formats.

mod accept;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};

use self::accept::Format;
use crate::authorization_server::AuthorizationServer;
use crate::client_auth::authenticate;
use crate::clients::Client;
use crate::form::Form;
use crate::keys::KeyError;
use crate::oauth_error::{OauthError, no_store};
use crate::tokens::AccessToken;

pub(crate) async fn introspect(
    State(server): State<Arc<AuthorizationServer>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, OauthError> {
    let form = Form::from_body(&headers, &body?)?;
    let caller = authenticate(&server, &headers, &form)?;
    if !caller.may_introspect {
        return Err(OauthError::MayNotIntrospect);
    }
    let token = form.required("token", "token is missing")?;
    let now = server.now();
    // Refresh tokens are inactive here: the callers are resource servers (RFC 7662 §4).
    let active = server.tokens.active(token, now);
    server.introspections.fetch_add(1, Ordering::Relaxed);
    let mut response = match Format::preferred(&headers) {
        Format::Json => no_store(Json(statement(&server, active.as_ref())).into_response()),
        Format::PhantomToken => phantom_token(&server, active.as_ref(), now)?,
        Format::SignedStatement => signed_statement(&server, caller, active.as_ref(), now)?,
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}

/// RFC 7662 §2.2. An inactive token has no other member.
fn statement(server: &AuthorizationServer, active: Option<&AccessToken>) -> Value {
    let Some(token) = active else { return json!({ "active": false }) };
    let mut statement = claims(server, token);
    if let Some(members) = statement.as_object_mut() {
        members.insert("active".to_owned(), json!(true));
        members.insert("token_type".to_owned(), json!("bearer"));
        if token.grant.by_user {
            members.insert("username".to_owned(), json!(token.grant.subject));
        }
    }
    statement
}

/// The access token as JWT (RFC 9068), good for as long as the opaque one; 204 if there is none.
fn phantom_token(
    server: &AuthorizationServer,
    active: Option<&AccessToken>,
    now: i64,
) -> Result<Response, KeyError> {
    let Some(token) = active else { return Ok(no_store(StatusCode::NO_CONTENT.into_response())) };
    let jwt = server.keys.sign("at+jwt", &claims(server, token))?;
    let mut response = typed("application/jwt", jwt);
    let left = token.expires_at.saturating_sub(now);
    if let Ok(value) = HeaderValue::try_from(format!("private, max-age={left}")) {
        response.headers_mut().insert(CACHE_CONTROL, value);
    }
    Ok(response)
}

/// A signed statement about the token, for the caller alone (RFC 9701 §5).
fn signed_statement(
    server: &AuthorizationServer,
    caller: &Client,
    active: Option<&AccessToken>,
    now: i64,
) -> Result<Response, KeyError> {
    let claims = json!({
        "iss": server.issuer.as_str(),
        "aud": caller.id,
        "iat": now,
        "token_introspection": statement(server, active),
    });
    let jwt = server.keys.sign("token-introspection+jwt", &claims)?;
    Ok(no_store(typed("application/token-introspection+jwt", jwt)))
}

/// RFC 9068 §2.2. The tutorials' API gateway finds the client in `aud`.
fn claims(server: &AuthorizationServer, token: &AccessToken) -> Value {
    json!({
        "iss": server.issuer.as_str(),
        "sub": token.grant.subject,
        "aud": token.grant.client_id,
        "client_id": token.grant.client_id,
        "scope": token.scope.as_str(),
        "iat": token.issued_at,
        "nbf": token.issued_at,
        "exp": token.expires_at,
        "jti": token.jti,
    })
}

fn typed(media_type: &'static str, body: String) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static(media_type))], body).into_response()
}

#[cfg(test)]
mod tests;
