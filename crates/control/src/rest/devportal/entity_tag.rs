//! Entity tags: the version of what was read, and changes that insist on it.

use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::header;

use crate::problem::Outcome;
use crate::problem::Problem;

/// What `If-Match` asks for.
#[derive(Clone, Debug)]
pub(crate) struct Precondition(Option<Vec<String>>);

impl Precondition {
    pub(crate) fn if_match(headers: &HeaderMap) -> Self {
        Self::field(headers, &header::IF_MATCH)
    }

    /// RFC 9110 §13.1.1: 412 unless the version is one of those named.
    pub(crate) fn require(&self, version: i64) -> Outcome<()> {
        if self.0.is_none() || self.names(version) {
            return Ok(());
        }
        let description = "The resource has another version than If-Match names.";
        Err(Problem::new(StatusCode::PRECONDITION_FAILED, "Precondition Failed", description))
    }

    fn field(headers: &HeaderMap, name: &header::HeaderName) -> Self {
        let mut fields = headers.get_all(name).iter().peekable();
        if fields.peek().is_none() {
            return Self(None);
        }
        let texts = fields.filter_map(|field| field.to_str().ok());
        let tags = texts.flat_map(|text| text.split(',')).map(|tag| tag.trim().to_owned());
        Self(Some(tags.collect()))
    }

    fn names(&self, version: i64) -> bool {
        let current = text(version);
        let is_current = |tag: &String| {
            // Compressing intermediaries weaken tags; the version is the same.
            let tag = tag.strip_prefix("W/").unwrap_or(tag);
            tag == "*" || tag == current
        };
        self.0.as_ref().is_some_and(|tags| tags.iter().any(is_current))
    }
}

pub(crate) fn entity_tag(version: i64) -> HeaderValue {
    HeaderValue::try_from(text(version)).unwrap_or(HeaderValue::from_static("\"\""))
}

fn text(version: i64) -> String {
    format!("\"{version}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &header::HeaderName, values: &[&'static str]) -> HeaderMap {
        let values = values.iter().map(|value| HeaderValue::from_static(value));
        values.map(|value| (name.clone(), value)).collect()
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
            let asked = Precondition::if_match(&headers(&header::IF_MATCH, values));
            assert_eq!(asked.require(7).is_ok(), holds, "{values:?}");
        }
    }
}
