//! `POST /oauth/v2/oauth-revoke` (RFC 7009).

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::authorization_server::AuthorizationServer;
use crate::client_auth::authenticate;
use crate::form::Form;
use crate::oauth_error::{OauthError, no_store};
use crate::tokens::Revocation;

/// `token_type_hint` is not read: both kinds are looked at anyway (RFC 7009 §2.1).
pub(crate) async fn revoke(
    State(server): State<Arc<AuthorizationServer>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, OauthError> {
    let form = Form::from_body(&headers, &body?)?;
    let client = authenticate(&server, &headers, &form)?;
    let token = form.required("token", "token is missing")?;
    match server.tokens.revoke(token, server.now(), |owner| owner == client.id) {
        // RFC 7009 §2.2: the purpose is reached for an unknown token as well.
        Revocation::Revoked | Revocation::Unknown => Ok(no_store(StatusCode::OK.into_response())),
        // RFC 7009 §2.1 refuses it; RFC 6749 §5.2 has the code for it.
        Revocation::Refused => {
            Err(OauthError::InvalidGrant("the token was issued to another client"))
        }
    }
}

#[cfg(test)]
mod tests;
