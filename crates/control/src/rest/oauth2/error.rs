//! Errors of the OAuth endpoints (RFC 6749 §5.2).

use axum::Json;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use phantom_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthError {
    status: StatusCode,
    error: &'static str,
    description: &'static str,
    retry_after: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OAuthErrorBody {
    error_description: &'static str,
    error: &'static str,
}

impl OAuthError {
    const fn new(status: StatusCode, error: &'static str, description: &'static str) -> Self {
        Self { status, error, description, retry_after: None }
    }

    /// One text for an unknown client and a wrong secret.
    pub const fn invalid_client() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", "Client credentials are invalid.")
    }

    pub const fn invalid_grant(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_grant", description)
    }

    pub const fn invalid_request(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    pub const fn unauthorized_client() -> Self {
        let description = "The client is not registered for this grant type.";
        Self::new(StatusCode::BAD_REQUEST, "unauthorized_client", description)
    }

    /// RFC 7662 §2.1 leaves to us who may ask.
    pub const fn may_not_introspect() -> Self {
        let description = "Only gateways, administrators and their clients may introspect tokens.";
        Self::new(StatusCode::FORBIDDEN, "access_denied", description)
    }

    pub const fn unsupported_grant_type() -> Self {
        let description =
            "The grant types served are password, client_credentials and refresh_token.";
        Self::new(StatusCode::BAD_REQUEST, "unsupported_grant_type", description)
    }
}

/// Trouble of our own, told in the words of OAuth.
impl From<Problem> for OAuthError {
    fn from(problem: Problem) -> Self {
        let error = match problem.status {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                "temporarily_unavailable"
            }
            _ => "server_error",
        };
        let description = "The request cannot be served now. Try again later.";
        let error = Self::new(problem.status, error, description);
        Self { retry_after: problem.retry_after, ..error }
    }
}

impl From<StoreError> for OAuthError {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = OAuthErrorBody { error_description: self.description, error: self.error };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"phantom\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
