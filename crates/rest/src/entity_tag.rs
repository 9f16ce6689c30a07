//! Entity tags: the version of what was read, and changes that insist on it.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use http::HeaderValue;
use http::header;
use http::request::Parts;
use phantom_terms::versioned::Expected;
use phantom_terms::versioned::Versioned;
use serde::Serialize;

use crate::problem::Problem;

/// The versions that `If-Match` names (RFC 9110 §13.1.1).
#[derive(Clone, Debug)]
pub struct IfMatch(pub Expected);

/// An answer with the entity tag of what it holds.
#[derive(Clone, Debug)]
pub struct Tagged<T>(pub Versioned<T>);

impl IfMatch {
    fn of(headers: &HeaderMap) -> Self {
        let mut fields = headers.get_all(header::IF_MATCH).iter().peekable();
        if fields.peek().is_none() {
            return Self(Expected::Any);
        }
        let texts = fields.filter_map(|field| field.to_str().ok());
        let tags: Vec<&str> = texts.flat_map(|text| text.split(',')).map(str::trim).collect();
        match tags.iter().any(|tag| opaque(tag) == "*") {
            true => Self(Expected::Any),
            false => Self(Expected::OneOf(tags.into_iter().filter_map(version).collect())),
        }
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

pub fn entity_tag(version: i64) -> HeaderValue {
    HeaderValue::try_from(text(version)).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Compressing intermediaries weaken tags; the version is the same.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

fn version(tag: &str) -> Option<i64> {
    let tag = opaque(tag);
    let version = tag.trim_matches('"').parse().ok()?;
    (tag == text(version)).then_some(version)
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
            assert_eq!(asked.0.check(7).is_ok(), holds, "{values:?}");
        }
    }
}
