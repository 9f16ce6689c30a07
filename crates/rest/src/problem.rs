//! Every error of the REST APIs, in the shape WSO2's clients read.

use std::borrow::Cow;

use axum::Json;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use phantom_core::causes::with_causes;
use phantom_terms::refusal::Refusal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::said::Words;
use crate::said::said;

/// What a handler gives.
pub type Answer<T> = Result<T, Problem>;

/// A request that is not served, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    /// The status again, or a six-digit code of WSO2's.
    code: u32,
    message: Cow<'static, str>,
    description: Cow<'static, str>,
    /// Seconds, with 429 and 503.
    retry_after: Option<u64>,
}

/// The error object. Members stand in the order in which WSO2 writes them.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Error)]
pub struct ErrorBody {
    pub code: u32,
    pub message: Cow<'static, str>,
    pub description: Cow<'static, str>,
    pub more_info: String,
    pub error: Vec<ErrorItem>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ErrorListItem)]
pub struct ErrorItem {
    pub code: String,
    pub message: String,
    pub description: String,
}

/// One of several in an answer that is none itself.
impl From<Problem> for ErrorItem {
    fn from(problem: Problem) -> Self {
        Self {
            code: problem.code.to_string(),
            message: problem.message.into_owned(),
            description: problem.description.into_owned(),
        }
    }
}

impl Problem {
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Seconds.
    #[must_use]
    pub const fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    /// What a person is told.
    #[must_use]
    pub fn words(&self) -> &str {
        if self.description.is_empty() { &self.message } else { &self.description }
    }
}

/// What requests are refused for before a use case sees them.
impl Problem {
    fn new(status: StatusCode, message: &'static str, description: Cow<'static, str>) -> Self {
        let (code, message) = (u32::from(status.as_u16()), message.into());
        Self { status, code, message, description, retry_after: None }
    }

    pub fn bad_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Bad Request", description.into())
    }

    #[must_use]
    pub fn no_such_resource() -> Self {
        let description = "There is no such resource. GET /openapi.json lists them all.";
        Self::new(StatusCode::NOT_FOUND, "Not Found", description.into())
    }

    #[must_use]
    pub fn method_not_allowed() -> Self {
        let description = "The resource does not take this method.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed", description.into())
    }

    #[must_use]
    pub fn too_large() -> Self {
        let description = "The body is longer than 1 MiB.";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large", description.into())
    }

    #[must_use]
    pub fn not_of_type(media_type: &str) -> Self {
        let description = format!("The body has to be {media_type}.");
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Self::new(status, "Unsupported Media Type", description.into())
    }

    /// No answer within the deadline, or no store yet.
    #[must_use]
    pub fn unavailable() -> Self {
        let description = "The store cannot be used now; nothing was changed. Try again later.";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let problem = Self::new(status, "Service Unavailable", description.into());
        Self { retry_after: Some(5), ..problem }
    }
}

/// The one place that logs what is our own trouble, with its causes, which the caller is not told.
impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let said = said(&refusal);
        if let Refusal::Unavailable(_) | Refusal::Internal { .. } = refusal {
            let error = with_causes(&refusal);
            tracing::error!(error, "a request cannot be served");
        }
        let words = |words| match words {
            Words::These(words) => Cow::Borrowed(words),
            Words::Its => Cow::Owned(refusal.to_string()),
        };
        Self {
            status: said.status,
            code: said.code,
            message: words(said.message),
            description: words(said.description),
            retry_after: said.retry_after,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = ErrorBody {
            code: self.code,
            message: self.message,
            description: self.description,
            more_info: String::new(),
            error: Vec::new(),
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"phantom\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use phantom_store::StoreError;

    use super::*;

    /// Rows: WSO2-4.10
    #[tokio::test]
    async fn what_is_unexpected_is_500_and_tells_no_cause() {
        let response = Problem::from(Refusal::from(StoreError::Sealed)).into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
        assert_eq!(
            body,
            r#"{"code":500,"message":"Internal server error","description":"The server encountered an internal error. Please contact administrator.","moreInfo":"","error":[]}"#
        );
    }
}
