//! The changes between the request taken and the request sent.

use std::sync::Arc;

use phantom_core::Statement;

/// Where the credential was found; it is removed from there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CredentialPlace {
    /// The cookie that the route names.
    Cookie,
    /// `access_token` in a form body.
    Form,
    /// `Authorization`, or the field of a managed API; also where there is no credential.
    #[default]
    Header,
    /// `access_token` in the query.
    Query,
}

/// Edits that the decision asks for. The transport adds its own (hop-by-hop, forwarding fields).
#[derive(Clone, Debug, Default)]
pub struct Edits {
    /// All inbound `Authorization` fields go, and exactly one `Bearer` with this token is set
    /// (TOK-9). `None` on public routes: theirs passes untouched.
    pub bearer: Option<Arc<Statement>>,
    /// Where the credential stood.
    pub place: CredentialPlace,
    /// The response is for this client alone, and the request does not say so by `Authorization` (RFC
    /// 6750 §2.3, RFC 9111 §3.5).
    pub private_response: bool,
}

/// Query without `access_token`, or `None` where it holds none: nothing to rewrite then (TOK-5).
#[must_use]
pub fn without_access_token(query: &str) -> Option<String> {
    let is_token = |pair: &&str| {
        form_urlencoded::parse(pair.as_bytes())
            .next()
            .is_some_and(|(name, _)| name == "access_token")
    };
    // Every spelling of the name has its first letter in the query or is percent-encoded.
    if !query.contains("access_token") && !query.contains('%') {
        return None;
    }
    if !query.split('&').any(|pair| is_token(&pair)) {
        return None;
    }
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_token(pair)).collect();
    Some(kept.join("&"))
}

/// Cookie field without the cookie of that name; `None` when nothing is left.
#[must_use]
pub fn without_cookie(field: &[u8], name: &str) -> Option<Vec<u8>> {
    let kept: Vec<&[u8]> = field
        .split(|byte| *byte == b';')
        .map(<[u8]>::trim_ascii)
        .filter(|pair| !pair.is_empty() && cookie_name(pair) != name.as_bytes())
        .collect();
    (!kept.is_empty()).then(|| kept.join(&b"; "[..]))
}

pub(crate) fn cookie_name(pair: &[u8]) -> &[u8] {
    let end = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
    pair.get(..end).unwrap_or_default().trim_ascii()
}

#[cfg(test)]
mod tests;
