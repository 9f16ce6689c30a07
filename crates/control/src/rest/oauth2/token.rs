//! `POST /oauth2/token`: the grants password, client_credentials and refresh_token.

use axum::body::Bytes;
use axum::extract::Extension;
use http::HeaderMap;
use phantom_access::resident;
use phantom_access::resident::GrantType;
use phantom_access::resident::Tokens;
use phantom_rest::PeerAddress;
use phantom_rest::prelude::*;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;

use super::client;
use super::error::OAuthErrorBody;
use super::error::OAuthProblem;
use super::form::Form;

/// RFC 6749 §5.1, in the order in which WSO2 writes it.
#[derive(Serialize, ToSchema)]
pub struct TokenResponse {
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refresh_token: Option<String>,
    /// The scopes granted, separated by one space.
    scope: String,
    token_type: &'static str,
    /// Seconds.
    expires_in: u64,
}

/// Form parameters, for the description.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the form; the form itself may hold other members")]
pub struct TokenRequest {
    #[schema(example = "password")]
    grant_type: String,
    username: Option<String>,
    password: Option<String>,
    refresh_token: Option<String>,
    scope: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// Get an access token
#[utoipa::path(
    post,
    path = "/oauth2/token",
    tag = "OAuth",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = TokenResponse),
        (status = 400, body = OAuthErrorBody),
        (status = 401, body = OAuthErrorBody),
        (status = 413, body = phantom_rest::problem::ErrorBody),
        (status = 429, body = OAuthErrorBody),
        (status = 503, body = OAuthErrorBody),
    ),
    security(("basic" = []), ())
)]
pub async fn token(
    State(control): State<Arc<Control>>,
    peer: Option<Extension<PeerAddress>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<impl IntoResponse, OAuthProblem> {
    let address = peer.map(|Extension(PeerAddress(address))| address);
    let form = Form::parse(&body)?;
    let client = client::authenticate(&control, &headers, &form, address).await?;
    let grant = GrantType::named(form.required("grant_type")?)?;
    grant.require_registered(&client)?;
    let scope = form.value("scope");
    let tokens = match grant {
        GrantType::ClientCredentials => {
            resident::client_credentials(&control, &client, scope).await?
        }
        GrantType::Password => {
            let (name, password) = (form.required("username")?, form.required("password")?);
            let password = SecretString::from(password);
            resident::password(&control, &client, name, &password, scope, address).await?
        }
        GrantType::RefreshToken => {
            let token = form.required("refresh_token")?;
            resident::refresh(&control, &client, token, scope).await?
        }
    };
    let answer = Json(TokenResponse::from(tokens));
    Ok(([(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")], answer))
}

impl From<Tokens> for TokenResponse {
    fn from(tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access.expose_secret().to_owned(),
            refresh_token: tokens.refresh.map(|token| token.expose_secret().to_owned()),
            scope: tokens.scope,
            token_type: "Bearer",
            expires_in: tokens.life.as_secs(),
        }
    }
}

impl std::fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenResponse").field("scope", &self.scope).finish_non_exhaustive()
    }
}
