//! Every error of the REST APIs: status, code and words, in the shape WSO2's clients read.

use std::borrow::Cow;
use std::error::Error;

use axum::Json;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use phantom_store::StoreError;
use phantom_store::password::PasswordError;
use serde::Serialize;
use utoipa::ToSchema;

/// A request that is not served, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub status: StatusCode,
    /// The status again, or a six-digit code of WSO2's.
    pub code: u32,
    pub message: Cow<'static, str>,
    pub description: Cow<'static, str>,
    /// Seconds, with 429 and 503.
    pub retry_after: Option<u64>,
}

/// The error object. Members stand in the order in which WSO2 writes them.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Error)]
pub(crate) struct ErrorBody {
    pub code: u32,
    pub message: Cow<'static, str>,
    pub description: Cow<'static, str>,
    pub more_info: String,
    pub error: Vec<ErrorItem>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ErrorListItem)]
pub(crate) struct ErrorItem {
    pub code: String,
    pub message: String,
    pub description: String,
}

pub(crate) type Outcome<T> = Result<T, Problem>;

impl Problem {
    /// A code that is the status.
    pub fn new(
        status: StatusCode,
        message: impl Into<Cow<'static, str>>,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::coded(status, u32::from(status.as_u16()), message, description)
    }

    /// A domain error with a code of its own.
    pub fn coded(
        status: StatusCode,
        code: u32,
        message: impl Into<Cow<'static, str>>,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (message, description) = (message.into(), description.into());
        Self { status, code, message, description, retry_after: None }
    }

    /// A value that cannot be.
    pub fn bad_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Bad Request", description)
    }

    #[must_use]
    pub fn disallowed() -> Self {
        Self::bad_request("One or more request body parameters contain disallowed values.")
    }

    #[must_use]
    pub fn malformed_body() -> Self {
        Self::bad_request("Malformed request body.")
    }

    #[must_use]
    pub fn empty_body() -> Self {
        Self::bad_request("Request payload cannot be empty.")
    }

    /// No credential, a bad one, or one without the scope: WSO2 tells no difference.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "", "Unauthenticated request")
    }

    pub fn forbidden(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden", description)
    }

    /// `kind` as WSO2 names it: `application`, `API`.
    #[must_use]
    pub fn not_found(kind: &str, id: &str) -> Self {
        let description = format!("Requested {kind} with Id '{id}' not found");
        Self::new(StatusCode::NOT_FOUND, "Not Found", description)
    }

    #[must_use]
    pub fn method_not_allowed() -> Self {
        let description = "The resource does not take this method.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed", description)
    }

    pub fn exists(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, "Resource Already Exists", description)
    }

    pub fn conflict(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, "Conflict", description)
    }

    /// Somebody else changed it since it was read.
    #[must_use]
    pub fn changed_meanwhile() -> Self {
        Self::conflict("The resource was changed by another request. Read it again and retry.")
    }

    #[must_use]
    pub fn too_many_requests(retry_after: u64) -> Self {
        let description = "Too many attempts. Wait as long as Retry-After says.";
        let status = StatusCode::TOO_MANY_REQUESTS;
        let problem = Self::new(status, "Too Many Requests", description);
        Self { retry_after: Some(retry_after), ..problem }
    }

    /// The store cannot be written or read now.
    #[must_use]
    pub fn unavailable() -> Self {
        let description = "The store cannot be used now; nothing was changed. Try again later.";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let problem = Self::new(status, "Service Unavailable", description);
        Self { retry_after: Some(5), ..problem }
    }

    /// So many passwords are being checked that this one was not looked at.
    #[must_use]
    pub fn busy() -> Self {
        let description = "Too many sign-ins at once; nothing was checked. Try again later.";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let problem = Self::new(status, "Service Unavailable", description);
        Self { retry_after: Some(1), ..problem }
    }

    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Internal server error",
            "The server encountered an internal error. Please contact administrator.",
        )
    }
}

/// What a use case does not expect of the store. What it expects (a duplicate, a stale version) it
/// looks at before.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if error.is_unavailable() {
            let error = with_causes(&error);
            tracing::error!(error, "the store cannot be used");
            return Self::unavailable();
        }
        match error {
            StoreError::Duplicate { what } => Self::exists(format!("{what} exists already")),
            StoreError::VersionMismatch => Self::changed_meanwhile(),
            StoreError::InUse { what } => Self::conflict(format!("It is in use by {what}")),
            StoreError::Refused { reason } => Self::bad_request(reason),
            error => {
                let error = with_causes(&error);
                tracing::error!(error, "the store failed");
                Self::internal()
            }
        }
    }
}

/// The error and what is behind it, which the caller is not told.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Length => Self::bad_request("A password has 1 to 1024 bytes."),
            PasswordError::Busy => Self::busy(),
            PasswordError::Failed => {
                tracing::error!(%error, "a password was not hashed");
                Self::internal()
            }
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
    use super::*;

    #[tokio::test]
    async fn wso2_4_10_what_is_unexpected_is_500_and_tells_no_cause() {
        let response = Problem::from(StoreError::Sealed).into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
        assert_eq!(
            body,
            r#"{"code":500,"message":"Internal server error","description":"The server encountered an internal error. Please contact administrator.","moreInfo":"","error":[]}"#
        );
    }
}
