//! `POST /oauth2/introspect` (RFC 7662), for gateways, and for administrators and their clients.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::Extension;
use axum::extract::State;
use axum::response::IntoResponse;
use http::HeaderMap;
use http::StatusCode;
use http::header;
use phantom_store::ClientPurpose;
use phantom_store::ClientRow;
use phantom_store::TokenKind;
use phantom_store::TokenRow;
use secrecy::SecretString;
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
use crate::roles::Role;
use crate::seed::GATEWAY_CLIENT;

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
    authorize(&control, &headers, &form, address).await?;
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

/// Gateways, administrators (users, as WSO2 has it) and clients that administrators registered, which
/// act for them. Anybody else could try strings until one is a token (RFC 7662 §4).
async fn authorize(
    control: &Control,
    headers: &HeaderMap,
    form: &Form,
    address: Option<IpAddr>,
) -> Result<(), OAuthError> {
    match Credential::of(headers) {
        Ok(Some(Credential::Basic { name, password })) if form.value("client_secret").is_none() => {
            by_basic(control, &name, &password, address).await
        }
        _ => {
            let client = client::authenticate(control, headers, form, address).await?;
            require_introspection(control, &client).await
        }
    }
}

/// The name is a client's, or else a user's. What is wrong takes the same time whether it is a
/// client's name, a user's or nobody's.
async fn by_basic(
    control: &Control,
    name: &str,
    password: &SecretString,
    address: Option<IpAddr>,
) -> Result<(), OAuthError> {
    let sign_in = &control.sign_in;
    let Some(row) = control.store.client(name).await? else {
        let user = sign_in.user(&control.store, name, password, address).await;
        let user = user.map_err(|problem| match problem.status {
            StatusCode::UNAUTHORIZED => OAuthError::invalid_client(),
            _ => problem.into(),
        })?;
        // As everywhere, WSO2 tells no difference to users without the role.
        let is_admin = user.roles.contains(&Role::Admin);
        return if is_admin { Ok(()) } else { Err(OAuthError::invalid_client()) };
    };
    match sign_in.client(name, Some(row), password, address)? {
        Some(client) => require_introspection(control, &client).await,
        None => {
            sign_in.spend(password, address).await?;
            Err(OAuthError::invalid_client())
        }
    }
}

async fn require_introspection(control: &Control, client: &ClientRow) -> Result<(), OAuthError> {
    let is_registered = client.purpose == ClientPurpose::Registered;
    if is_registered && client.name == GATEWAY_CLIENT {
        return Ok(());
    }
    let owner = control.store.user(&client.owner).await?.filter(|_| is_registered);
    let is_admins = owner.is_some_and(|owner| owner.is_administrator());
    if is_admins { Ok(()) } else { Err(OAuthError::may_not_introspect()) }
}
