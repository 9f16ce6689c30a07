//! Form parameters of the OAuth endpoints: each at most once (RFC 6749 §3.2).

use axum::body::Bytes;
use phantom_access::resident::OAuthRefusal;
use zeroize::Zeroizing;

/// Parameters as sent. Empty ones count as absent (RFC 6749 §3.2).
pub(crate) struct Form(Vec<(String, Zeroizing<String>)>);

impl Form {
    pub(crate) fn parse(body: &Bytes) -> Result<Self, OAuthRefusal> {
        let mut parameters: Vec<(String, Zeroizing<String>)> = Vec::new();
        for (name, value) in form_urlencoded::parse(body) {
            if parameters.iter().any(|(known, _)| *known == name) {
                return Err(OAuthRefusal::InvalidRequest("A parameter is repeated."));
            }
            if name.contains('\0') || value.contains('\0') {
                return Err(OAuthRefusal::InvalidRequest("A parameter holds a NUL character."));
            }
            if !value.is_empty() {
                parameters.push((name.into_owned(), Zeroizing::new(value.into_owned())));
            }
        }
        Ok(Self(parameters))
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn required(&self, name: &'static str) -> Result<&str, OAuthRefusal> {
        self.value(name).ok_or(OAuthRefusal::MissingParameter(name))
    }
}
