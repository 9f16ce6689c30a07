//! `POST /oauth2/introspect` (RFC 7662), for gateways, and for administrators and their clients.

use std::net::IpAddr;

use axum::body::Bytes;
use axum::extract::Extension;
use http::HeaderMap;
use phantom_access::resident;
use phantom_access::resident::Token;
use phantom_rest::PeerAddress;
use phantom_rest::credential::Credential;
use phantom_rest::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::client;
use super::error::OAuthErrorBody;
use super::error::OAuthProblem;
use super::form::Form;

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
        (status = 403, body = OAuthErrorBody),
        (status = 413, body = phantom_rest::problem::ErrorBody),
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
) -> Result<impl IntoResponse, OAuthProblem> {
    let address = peer.map(|Extension(PeerAddress(address))| address);
    let form = Form::parse(&body)?;
    authorize(&control, &headers, &form, address).await?;
    let live = resident::introspect(&control, form.required("token")?).await?;
    // Who keeps the verdict on a token that lives is told of its end: gateways, by a revocation.
    let keeping = if live.is_some() { "private" } else { "no-store" };
    let answer = live.map(IntrospectionResponse::active).unwrap_or_default();
    Ok(([(header::CACHE_CONTROL, keeping)], Json(answer)))
}

impl IntrospectionResponse {
    fn active(row: Token) -> Self {
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

/// Basic may name a client or a user.
async fn authorize(
    control: &Control,
    headers: &HeaderMap,
    form: &Form,
    address: Option<IpAddr>,
) -> Result<(), OAuthProblem> {
    match Credential::of(headers) {
        Ok(Some(Credential::Basic { name, password })) if form.value("client_secret").is_none() => {
            resident::require_introspector_named(control, &name, &password, address).await?;
        }
        _ => {
            let client = client::authenticate(control, headers, form, address).await?;
            resident::require_introspector(control, &client).await?;
        }
    }
    Ok(())
}
