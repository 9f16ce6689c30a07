//! Errors of the OAuth endpoints (RFC 6749 §5.2).

use axum::Json;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use phantom_access::resident::OAuthRefusal;
use phantom_rest::problem::Problem;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthProblem {
    status: StatusCode,
    body: OAuthErrorBody,
    /// Seconds.
    retry_after: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct OAuthErrorBody {
    error_description: String,
    error: &'static str,
}

impl From<OAuthRefusal> for OAuthProblem {
    fn from(refusal: OAuthRefusal) -> Self {
        use OAuthRefusal as R;
        let error_description = refusal.to_string();
        let (status, error) = match refusal {
            R::InvalidClient => (StatusCode::UNAUTHORIZED, "invalid_client"),
            R::InvalidGrant(_) => (StatusCode::BAD_REQUEST, "invalid_grant"),
            R::InvalidRequest(_) | R::MissingParameter(_) => {
                (StatusCode::BAD_REQUEST, "invalid_request")
            }
            R::UnauthorizedClient => (StatusCode::BAD_REQUEST, "unauthorized_client"),
            R::UnsupportedGrantType => (StatusCode::BAD_REQUEST, "unsupported_grant_type"),
            R::MayNotIntrospect => (StatusCode::FORBIDDEN, "access_denied"),
            R::Other(refusal) => return Problem::from(refusal).into(),
        };
        let body = OAuthErrorBody { error_description, error };
        Self { status, body, retry_after: None }
    }
}

/// Trouble of our own, told in the words of OAuth.
impl From<Problem> for OAuthProblem {
    fn from(problem: Problem) -> Self {
        let error = match problem.status() {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                "temporarily_unavailable"
            }
            _ => "server_error",
        };
        let error_description = "The request cannot be served now. Try again later.".to_owned();
        let body = OAuthErrorBody { error_description, error };
        Self { status: problem.status(), body, retry_after: problem.retry_after() }
    }
}

impl IntoResponse for OAuthProblem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
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
