//! Fields that can hold a credential, besides `Authorization`: what control planes take and gateways look into, by
//! one rule.

use thiserror::Error;

/// Longest name, in bytes.
pub const MAX_NAME: usize = 128;

/// Why a name is none of a field that can hold a credential.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NoCredentialField {
    /// Not a token (RFC 9110 section 5.6.2), or longer than [`MAX_NAME`].
    #[error("not the name of a header")]
    Name,
    /// A credential in it would be acted on, passed on, named in an answer or written to a log.
    #[error(
        "connections, gateways and browsers act on the field of that name: a token in it would not arrive, or \
         arrive elsewhere"
    )]
    HasAMeaning,
}

/// Names, in lower case.
const WITH_A_MEANING: &[&str] = &[
    "accept",
    "age",
    "alt-used",
    "cache-control",
    "connection",
    "cookie",
    "date",
    "dnt",
    "early-data",
    "expect",
    "forwarded",
    "from",
    "host",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "origin",
    "pragma",
    "prefer",
    "priority",
    "range",
    "referer",
    "te",
    "trailer",
    "traceparent",
    "tracestate",
    "baggage",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
    "vary",
    "via",
    "warning",
    "x-http-method-override",
    "x-real-ip",
    "x-request-id",
    "x-correlation-id",
    "x-requested-with",
];

/// What names begin with, in lower case.
const FAMILIES: &[&str] = &[
    "accept-",
    "access-control-",
    "content-",
    "if-",
    "proxy-",
    "sec-",
    "set-cookie",
    "x-forwarded-",
];

/// A name that a credential may come under. Case does not count, and `_` stands for `-`, as it does for those who
/// hand fields on as variables.
///
/// # Errors
/// The rule that it breaks.
pub fn check(name: &str) -> Result<(), NoCredentialField> {
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(is_token) {
        return Err(NoCredentialField::Name);
    }
    let folded = name.to_ascii_lowercase().replace('_', "-");
    let has_a_meaning = WITH_A_MEANING.contains(&&*folded)
        || FAMILIES.iter().any(|family| folded.starts_with(family));
    match has_a_meaning {
        true => Err(NoCredentialField::HasAMeaning),
        false => Ok(()),
    }
}

/// A character of a token (RFC 9110 section 5.6.2).
#[must_use]
pub const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_ones_own_can_hold_a_credential_and_those_with_a_meaning_cannot() {
        for name in ["Authorization", "X-Token", "x-api-token", "ApiKey", "Internal-Key", "X_Auth"]
        {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in [
            "Via",
            "Host",
            "HOST",
            "Connection",
            "Expect",
            "Content-Length",
            "Content-Type",
            "Te",
            "Transfer-Encoding",
            "Trailer",
            "Upgrade",
            "Keep-Alive",
            "Proxy-Authorization",
            "Cookie",
            "Origin",
            "Forwarded",
            "X-Forwarded-For",
            "X_Forwarded_For",
            "X-Request-Id",
            "Traceparent",
            "If-Match",
            "Range",
            "Access-Control-Request-Method",
            "Sec-Fetch-Site",
            "Accept",
            "HTTP2-Settings",
        ] {
            assert_eq!(check(name), Err(NoCredentialField::HasAMeaning), "{name}");
        }
        for name in ["", "bad name", "X:Y", "Tökén", &"x".repeat(129)] {
            assert_eq!(check(name), Err(NoCredentialField::Name), "{name}");
        }
    }
}
