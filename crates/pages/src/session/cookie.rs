//! What a browser keeps of us.

use aws_lc_rs::hmac;
use http::HeaderMap;
use http::HeaderValue;
use http::header;

use crate::components::Csrf;

/// The session. `__Host-`: this host alone, over TLS alone.
pub(crate) const SESSION: &str = "__Host-phantom";
/// Of a browser that is not signed in: ties the form of the sign-in to it.
pub(crate) const VISITOR: &str = "__Host-phantom-visitor";
const THEME: &str = "__Host-phantom-theme";

/// In which colours pages are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system has it.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(crate) fn named(name: &str) -> Self {
        [Self::Light, Self::Dark].into_iter().find(|theme| theme.name() == name).unwrap_or_default()
    }

    pub(crate) fn of(headers: &HeaderMap) -> Self {
        value(headers, THEME).map(Self::named).unwrap_or_default()
    }

    pub(crate) fn set(self) -> HeaderValue {
        set(THEME, self.name(), "; Max-Age=31536000")
    }
}

/// The cookie of that name, if there is exactly one.
pub fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs =
        lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value);
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

pub fn set(name: &str, value: &str, more: &str) -> HeaderValue {
    let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{more}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

pub fn end(name: &str) -> HeaderValue {
    set(name, "", "; Max-Age=0")
}

/// What the forms of this browser carry: only who has its cookie can make it.
pub(crate) fn proof(secret: &str) -> Csrf {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    Csrf(hex::encode(hmac::sign(&key, b"a form of the console")))
}

pub(crate) fn is_proven(secret: &str, shown: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let shown = hex::decode(shown).unwrap_or_default();
    hmac::verify(&key, b"a form of the console", &shown).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_that_comes_twice_is_none() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=1; b=2"));
        assert_eq!(value(&headers, "b"), Some("2"));
        headers.append(header::COOKIE, HeaderValue::from_static("b=3"));
        assert_eq!(value(&headers, "b"), None);
        assert_eq!(value(&headers, "c"), None);
    }

    #[test]
    fn a_proof_is_of_one_secret() {
        let Csrf(proof) = proof("one");
        assert!(is_proven("one", &proof));
        assert!(!is_proven("two", &proof) && !is_proven("one", "") && !is_proven("one", "zz"));
    }
}
