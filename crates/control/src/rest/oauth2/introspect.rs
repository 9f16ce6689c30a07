//! `POST /oauth2/introspect` (RFC 7662), for clients and for users with a role.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::Extension;
use axum::extract::State;
use axum::response::IntoResponse;
use http::HeaderMap;
use http::StatusCode;
use http::header;
use phantom_store::TokenKind;
use phantom_store::TokenRow;
use serde::Serialize;
use utoipa::ToSchema;

use super::client;
use super::error::OAuthError;
use super::error::OAuthErrorBody;
use super::form::Form;
use crate::caller::Credential;
use crate::plane::Control;
use crate::plane::PeerAddress;
use crate::random;

/// RFC 7662 §2.2. An inactive token has no other member than `active`.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct IntrospectionResponse {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// The client again: the consumer key of JWTs made from this answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    azp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    nbf: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    iat: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exp: Option<u64>,
    /// By which gateways are told that it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    jti: Option<String>,
}

/// Form parameters, for the description.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the form; the form itself may hold other members")]
pub struct IntrospectionRequest {
    token: String,
    token_type_hint: Option<String>,
}

/// Ask whether a token is active
#[utoipa::path(
    post,
    path = "/oauth2/introspect",
    tag = "OAuth",
    request_body(content = IntrospectionRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = IntrospectionResponse),
        (status = 400, body = OAuthErrorBody),
        (status = 401, body = OAuthErrorBody),
        (status = 413, body = crate::problem::ErrorBody),
        (status = 429, body = OAuthErrorBody),
        (status = 503, body = OAuthErrorBody),
    ),
    security(("basic" = []))
)]
pub async fn introspect(
    State(control): State<Arc<Control>>,
    peer: Option<Extension<PeerAddress>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<impl IntoResponse, OAuthError> {
    let address = peer.map(|Extension(PeerAddress(address))| address);
    let form = Form::parse(&body)?;
    if !is_operator(&control, &headers, address).await? {
        client::authenticate(&control, &headers, &form, address).await?;
    }
    let row = control.store.token(&random::token_digest(form.required("token")?)).await?;
    let now = control.now();
    let live = row.filter(|row| row.kind == TokenKind::Access && now < row.expires_at);
    let answer = live.map(IntrospectionResponse::active).unwrap_or_default();
    Ok(([(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")], Json(answer)))
}

impl IntrospectionResponse {
    fn active(row: TokenRow) -> Self {
        let issued_at = row.issued_at.as_secs();
        Self {
            active: true,
            jti: Some(row.id()),
            client_id: Some(row.client_id.clone()),
            sub: Some(row.username.clone().unwrap_or_else(|| row.client_id.clone())),
            azp: Some(row.client_id),
            username: row.username,
            scope: Some(row.scope),
            token_type: Some("Bearer"),
            nbf: Some(issued_at),
            iat: Some(issued_at),
            exp: Some(row.expires_at.as_secs()),
        }
    }
}

/// Whether a user asks, as WSO2 has it. A name that is no user's may be a client's.
async fn is_operator(
    control: &Control,
    headers: &HeaderMap,
    address: Option<std::net::IpAddr>,
) -> Result<bool, OAuthError> {
    let Ok(Some(Credential::Basic { name, password })) = Credential::of(headers) else {
        return Ok(false);
    };
    if control.store.user(&name).await?.is_none() {
        return Ok(false);
    }
    let user = control.sign_in.user(&control.store, &name, &password, address).await;
    let user = user.map_err(|problem| match problem.status {
        StatusCode::UNAUTHORIZED => OAuthError::invalid_client(),
        _ => problem.into(),
    })?;
    Ok(user.roles.contains(&crate::roles::Role::Admin))
}
