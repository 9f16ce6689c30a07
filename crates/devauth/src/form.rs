//! Request parameters as RFC 6749 §3.1 and §3.2 read them.

use std::collections::HashMap;

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use crate::oauth_error::OauthError;

/// Parameters of one request, each at most once. The values may be secrets: no `Debug`.
pub(crate) struct Form(HashMap<String, String>);

impl Form {
    /// A body of type `application/x-www-form-urlencoded`.
    pub(crate) fn from_body(headers: &HeaderMap, body: &[u8]) -> Result<Self, OauthError> {
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
        if !media_type.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(OauthError::InvalidRequest(
                "the body must be application/x-www-form-urlencoded",
            ));
        }
        Self::parse(body)
    }

    pub(crate) fn from_query(query: Option<&str>) -> Result<Self, OauthError> {
        Self::parse(query.unwrap_or_default().as_bytes())
    }

    fn parse(encoded: &[u8]) -> Result<Self, OauthError> {
        let mut parameters = HashMap::new();
        for (name, value) in form_urlencoded::parse(encoded) {
            // RFC 6749 §3.2: a parameter without a value counts as left out.
            if value.is_empty() {
                continue;
            }
            if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(OauthError::InvalidRequest("a parameter is repeated"));
            }
        }
        Ok(Self(parameters))
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// # Errors
    /// `missing` as `invalid_request` when the parameter is absent.
    pub(crate) fn required(&self, name: &str, missing: &'static str) -> Result<&str, OauthError> {
        self.value(name).ok_or(OauthError::InvalidRequest(missing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_parameter_is_refused_and_an_empty_one_counts_as_absent() {
        assert!(Form::parse(b"a=1&a=2").is_err());
        assert!(Form::parse(b"a=1&%61=1").is_err());
        let form = Form::parse(b"a=&b=x+y%26").unwrap();
        assert_eq!((form.value("a"), form.value("b")), (None, Some("x y&")));
    }
}
