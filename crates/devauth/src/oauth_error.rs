//! Error answers of the OAuth endpoints (RFC 6749 §5.2), made in one place.

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, PRAGMA, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use crate::keys::KeyError;

/// The text is the `error_description`; it stays within %x20-21 / %x23-5B / %x5D-7E and never
/// repeats what the client sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OauthError {
    #[error("{0}")]
    InvalidRequest(&'static str),
    #[error("{0}")]
    InvalidClient(&'static str),
    #[error("{0}")]
    InvalidGrant(&'static str),
    #[error("{0}")]
    InvalidScope(&'static str),
    #[error("the client is not registered for this grant type")]
    UnauthorizedClient,
    #[error("the client may not introspect tokens")]
    MayNotIntrospect,
    #[error("grant_type is not client_credentials, authorization_code or refresh_token")]
    UnsupportedGrantType,
    #[error("the body is larger than 64 KiB")]
    TooLarge,
    #[error("the server could not sign its answer")]
    Signing,
}

impl OauthError {
    fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest(_) | Self::TooLarge => "invalid_request",
            Self::InvalidClient(_) => "invalid_client",
            Self::InvalidGrant(_) => "invalid_grant",
            Self::InvalidScope(_) => "invalid_scope",
            Self::UnauthorizedClient | Self::MayNotIntrospect => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::Signing => "server_error",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::InvalidClient(_) => StatusCode::UNAUTHORIZED,
            // RFC 7662 §2.3 leaves it open; the caller is known but has no such right.
            Self::MayNotIntrospect => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Signing => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl IntoResponse for OauthError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.code(), "error_description": self.to_string() });
        let mut response = no_store((self.status(), Json(body)).into_response());
        if self.status() == StatusCode::UNAUTHORIZED {
            // RFC 6749 §5.2 asks for it after Basic, RFC 9110 §11.6.1 on every 401.
            let challenge = HeaderValue::from_static(r#"Basic realm="devauth", charset="UTF-8""#);
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl From<KeyError> for OauthError {
    fn from(error: KeyError) -> Self {
        tracing::error!(%error, "no answer could be signed");
        Self::Signing
    }
}

impl From<BytesRejection> for OauthError {
    fn from(rejection: BytesRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            _ => Self::InvalidRequest("the body could not be read"),
        }
    }
}

/// RFC 6749 §5.1: an answer with tokens or about them is kept by no cache.
pub(crate) fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
