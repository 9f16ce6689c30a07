//! The names that an issuer may have.

use thiserror::Error;

/// Longest issuer, in bytes.
pub const MAX_ISSUER: usize = 2000;

/// Why a text is no issuer.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum InvalidIssuer {
    /// No text at all.
    #[error("is empty")]
    Empty,
    /// More than [`MAX_ISSUER`] bytes.
    #[error("is longer than {MAX_ISSUER} bytes")]
    TooLong,
    /// White space or a control character in it.
    #[error("holds white space or control characters")]
    Characters,
    /// A colon in what is no URI.
    #[error("holds a colon and is no URI, as RFC 7519 §2 asks of it then")]
    NotUri,
}

/// A StringOrURI of RFC 7519 §2: it is compared and never fetched, so that `http://as.example` and
/// `accounts.google.com` are issuers like others.
///
/// # Errors
/// The rule that it breaks.
pub fn check_issuer(text: &str) -> Result<(), InvalidIssuer> {
    if text.is_empty() {
        return Err(InvalidIssuer::Empty);
    }
    if text.len() > MAX_ISSUER {
        return Err(InvalidIssuer::TooLong);
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(InvalidIssuer::Characters);
    }
    match text.split_once(':') {
        Some((scheme, rest)) if !is_scheme(scheme) || rest.is_empty() => Err(InvalidIssuer::NotUri),
        _ => Ok(()),
    }
}

/// RFC 3986 §3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_a_name_or_a_uri() {
        for text in [
            "https://as.example/tenant?x=1",
            "http://as.example",
            "accounts.google.com",
            "urn:example:as",
            "did:web:as.example",
            "Müller",
        ] {
            assert_eq!(check_issuer(text), Ok(()), "{text}");
        }
        let long = "a".repeat(MAX_ISSUER + 1);
        for (text, error) in [
            ("", InvalidIssuer::Empty),
            (" ", InvalidIssuer::Characters),
            ("https://as.example/\n", InvalidIssuer::Characters),
            ("a b", InvalidIssuer::Characters),
            (":x", InvalidIssuer::NotUri),
            ("x:", InvalidIssuer::NotUri),
            ("1a:b", InvalidIssuer::NotUri),
            ("[::1]:80", InvalidIssuer::NotUri),
            (&long, InvalidIssuer::TooLong),
        ] {
            assert_eq!(check_issuer(text), Err(error), "{text}");
        }
    }
}
