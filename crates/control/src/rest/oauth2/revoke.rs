//! `POST /oauth2/revoke` (RFC 7009): at once, for both tokens of the grant.

use axum::body::Bytes;
use axum::extract::Extension;
use http::HeaderMap;
use phantom_access::resident;
use phantom_rest::PeerAddress;
use phantom_rest::prelude::*;
use utoipa::ToSchema;

use super::client;
use super::error::OAuthErrorBody;
use super::error::OAuthProblem;
use super::form::Form;

/// Form parameters, for the description.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the form; the form itself may hold other members")]
pub struct RevocationRequest {
    token: String,
    token_type_hint: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// Revoke a token; one that is not known is none
#[utoipa::path(
    post,
    path = "/oauth2/revoke",
    tag = "OAuth",
    request_body(content = RevocationRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token is dead, or never lived"),
        (status = 400, body = OAuthErrorBody),
        (status = 401, body = OAuthErrorBody),
        (status = 413, body = phantom_rest::problem::ErrorBody),
        (status = 429, body = OAuthErrorBody),
        (status = 503, body = OAuthErrorBody),
    ),
    security(("basic" = []), ())
)]
pub async fn revoke(
    State(control): State<Arc<Control>>,
    peer: Option<Extension<PeerAddress>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, OAuthProblem> {
    let address = peer.map(|Extension(PeerAddress(address))| address);
    let form = Form::parse(&body)?;
    let client = client::authenticate(&control, &headers, &form, address).await?;
    resident::revoke(&control, &client, form.required("token")?).await?;
    Ok(StatusCode::OK)
}
