//! What the Admin API's operations have in common: ids, queries, versions, and their answers.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::extract::Path;
use axum::extract::Query;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use http::request::Parts;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::IntoResponses;
use uuid::Uuid;

use crate::app::versioned::Versioned;
use crate::problem::ErrorBody;
use crate::problem::Outcome;
use crate::problem::Problem;
use crate::rest::ADMIN;

/// The id in the path. It stays text: one that cannot be is one that is not there.
#[derive(Clone, Debug)]
pub struct Id(pub String);

/// A search. Unknown parameters are passed over, as clients of WSO2 send a few.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// What to look for.
    #[param(max_length = 512)]
    pub query: Option<String>,
}

/// The versions that `If-Match` names (RFC 9110 §13.1.1), or none.
#[derive(Clone, Debug, Default)]
pub struct IfMatch(Option<Vec<String>>);

/// An answer with the entity tag of what it holds.
#[derive(Clone, Debug)]
pub struct Tagged<T>(pub Versioned<T>);

/// 201, with the place of what was made.
#[derive(Clone, Debug)]
pub struct Created<T> {
    /// Within the Admin API: `/key-managers`.
    pub collection: &'static str,
    pub id: Uuid,
    pub made: Versioned<T>,
}

impl IfMatch {
    /// 412 unless the version is one of those named.
    pub fn accepts(self) -> impl FnOnce(i64) -> Outcome<()> {
        move |version| {
            let current = format!("\"{version}\"");
            let Some(tags) = self.0 else { return Ok(()) };
            if tags.iter().any(|tag| *tag == "*" || *tag == current) {
                return Ok(());
            }
            let description = "The resource has another version than If-Match names.";
            let status = StatusCode::PRECONDITION_FAILED;
            Err(Problem::new(status, "Precondition Failed", description))
        }
    }

    fn of(headers: &HeaderMap) -> Self {
        let mut fields = headers.get_all(header::IF_MATCH).iter().peekable();
        if fields.peek().is_none() {
            return Self(None);
        }
        let texts = fields.filter_map(|field| field.to_str().ok());
        // Compressing intermediaries weaken tags; the version is the same.
        let plain = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        Self(Some(texts.flat_map(|text| text.split(',')).map(plain).collect()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Ok(Self::of(&parts.headers))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(id) = path.map_err(|_| Problem::bad_request("The path cannot be read."))?;
        Ok(Self(id))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SearchQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<Self>::from_request_parts(parts, state).await;
        let Query(search) = query.map_err(|_| Problem::bad_request("query: cannot be read"))?;
        match search.query.as_ref().map_or(0, |text| text.chars().count()) {
            0..=512 => Ok(search),
            _ => Err(Problem::bad_request("query: size must be between 0 and 512")),
        }
    }
}

impl SearchQuery {
    pub fn text(&self) -> &str {
        self.query.as_deref().unwrap_or_default()
    }
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let Versioned { version, value } = self.0;
        ([(header::ETAG, format!("\"{version}\""))], Json(value)).into_response()
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let location = format!("{ADMIN}{}/{}", self.collection, self.id);
        let mut response = (StatusCode::CREATED, Tagged(self.made)).into_response();
        if let Ok(location) = HeaderValue::try_from(location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}

/// What a read may answer instead.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers that `Problem` gives")]
pub(crate) enum ReadErrors {
    /// A parameter cannot be read.
    #[response(status = 400)]
    BadRequest(ErrorBody),
    /// No credential, a bad one, or one without the scope.
    #[response(status = 401)]
    Unauthenticated(ErrorBody),
    /// There is no such resource.
    #[response(status = 404)]
    NotFound(ErrorBody),
    /// Too many wrong passwords.
    #[response(status = 429)]
    TooManyRequests(ErrorBody),
    /// The store cannot be used now.
    #[response(status = 503)]
    Unavailable(ErrorBody),
}

/// What a change with a body may answer instead.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers that `Problem` gives")]
pub(crate) enum WriteErrors {
    /// The body is not acceptable.
    #[response(status = 400)]
    BadRequest(ErrorBody),
    /// No credential, a bad one, or one without the scope.
    #[response(status = 401)]
    Unauthenticated(ErrorBody),
    /// The name is taken, or somebody else changed the resource meanwhile.
    #[response(status = 409)]
    Conflict(ErrorBody),
    /// The body is longer than 1 MiB.
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// The body is of another media type.
    #[response(status = 415)]
    MediaType(ErrorBody),
    /// Too many wrong passwords.
    #[response(status = 429)]
    TooManyRequests(ErrorBody),
    /// The store cannot be used now.
    #[response(status = 503)]
    Unavailable(ErrorBody),
}

/// What a change of one resource may answer instead, besides.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers that `Problem` gives")]
pub(crate) enum ChangeErrors {
    /// There is no such resource.
    #[response(status = 404)]
    NotFound(ErrorBody),
    /// It has another version than `If-Match` names.
    #[response(status = 412)]
    PreconditionFailed(ErrorBody),
}

/// What a deletion may answer instead.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes answers that `Problem` gives")]
pub(crate) enum DeleteErrors {
    /// The path cannot be read.
    #[response(status = 400)]
    BadRequest(ErrorBody),
    /// No credential, a bad one, or one without the scope.
    #[response(status = 401)]
    Unauthenticated(ErrorBody),
    /// There is no such resource.
    #[response(status = 404)]
    NotFound(ErrorBody),
    /// It is in use, or somebody else changed it meanwhile.
    #[response(status = 409)]
    Conflict(ErrorBody),
    /// It has another version than `If-Match` names, or may not be deleted.
    #[response(status = 412)]
    PreconditionFailed(ErrorBody),
    /// Too many wrong passwords.
    #[response(status = 429)]
    TooManyRequests(ErrorBody),
    /// The store cannot be used now.
    #[response(status = 503)]
    Unavailable(ErrorBody),
}
