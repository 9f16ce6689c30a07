//! Entity tags: the version of what was read, and changes that insist on it.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use http::request::Parts;
use serde::Serialize;

use crate::app::versioned::Versioned;
use crate::problem::Outcome;
use crate::problem::Problem;

/// The versions that `If-Match` names (RFC 9110 §13.1.1), or none.
#[derive(Clone, Debug)]
pub struct IfMatch(Option<Vec<String>>);

/// An answer with the entity tag of what it holds.
#[derive(Clone, Debug)]
pub struct Tagged<T>(pub Versioned<T>);

impl IfMatch {
    /// For use cases, which know the version that is there: 412 unless it is one of those named.
    pub fn accepts(&self) -> impl Fn(i64) -> Outcome<()> + Send + Sync + '_ {
        |version| {
            if self.0.as_ref().is_none_or(|tags| tags.iter().any(|tag| names(tag, version))) {
                return Ok(());
            }
            let description = "The resource has another version than If-Match names.";
            Err(Problem::new(StatusCode::PRECONDITION_FAILED, "Precondition Failed", description))
        }
    }

    fn of(headers: &HeaderMap) -> Self {
        let mut fields = headers.get_all(header::IF_MATCH).iter().peekable();
        if fields.peek().is_none() {
            return Self(None);
        }
        let texts = fields.filter_map(|field| field.to_str().ok());
        let tags = texts.flat_map(|text| text.split(',')).map(|tag| tag.trim().to_owned());
        Self(Some(tags.collect()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Ok(Self::of(&parts.headers))
    }
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let Versioned { version, value } = self.0;
        ([(header::ETAG, entity_tag(version))], Json(value)).into_response()
    }
}

pub(crate) fn entity_tag(version: i64) -> HeaderValue {
    HeaderValue::try_from(text(version)).unwrap_or(HeaderValue::from_static("\"\""))
}

fn names(tag: &str, version: i64) -> bool {
    // Compressing intermediaries weaken tags; the version is the same.
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    tag == "*" || tag == text(version)
}

fn text(version: i64) -> String {
    format!("\"{version}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        let values = values.iter().map(|value| HeaderValue::from_static(value));
        values.map(|value| (header::IF_MATCH, value)).collect()
    }

    #[test]
    fn if_match_takes_lists_stars_and_weakened_tags_and_refuses_the_rest() {
        for (values, holds) in [
            (&[] as &[_], true),
            (&["\"7\""], true),
            (&["W/\"7\""], true),
            (&["*"], true),
            (&["\"3\", \"7\""], true),
            (&["\"3\"", "\"7\""], true),
            (&["\"8\""], false),
            (&["7"], false),
            (&[""], false),
        ] {
            let asked = IfMatch::of(&headers(values));
            assert_eq!(asked.accepts()(7).is_ok(), holds, "{values:?}");
        }
    }
}
