//! The `typ` header (RFC 8725 §3.11): which kinds of JWT a key manager takes for access tokens.

use thiserror::Error;

use crate::refusal::Refusal;

/// Kinds that are never an access token, whatever the configuration says (JWT-14).
const OTHER_KINDS: [&str; 7] = [
    "client-authentication+jwt",
    "dpop+jwt",
    "id_token+jwt",
    "logout+jwt",
    "oauth-authz-req+jwt",
    "secevent+jwt",
    TOKEN_INTROSPECTION,
];

/// RFC 9701 §5.
pub(crate) const TOKEN_INTROSPECTION: &str = "token-introspection+jwt";

/// An allow-list. By default RFC 9068's `at+jwt` alone for what a client presents; what the server
/// itself hands over in its answer may say less (Curity and Keycloak write `JWT`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AcceptedTyp {
    /// Only where nothing is verified.
    Any,
    Listed {
        values: Vec<Box<str>>,
        absent: bool,
    },
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0:?} names another kind of token, which must never pass as an access token")]
pub(crate) struct NeverAccepted(String);

impl Default for AcceptedTyp {
    fn default() -> Self {
        Self::Listed { values: vec!["at+jwt".into()], absent: false }
    }
}

impl AcceptedTyp {
    /// By default in an answer of the authorization server.
    pub(crate) fn of_answers() -> Self {
        Self::Listed { values: vec!["at+jwt".into(), "jwt".into()], absent: true }
    }

    /// The whole list; `none` stands for a header without `typ`.
    pub(crate) fn from_list(list: &[String]) -> Result<Self, NeverAccepted> {
        let (mut values, mut absent) = (Vec::new(), false);
        for value in list {
            let typ = normalised(value);
            if OTHER_KINDS.contains(&&*typ) {
                return Err(NeverAccepted(value.clone()));
            }
            match &*typ {
                "none" => absent = true,
                _ => values.push(typ.into()),
            }
        }
        Ok(Self::Listed { values, absent })
    }

    pub(crate) fn check(&self, typ: Option<&str>) -> Result<(), Refusal> {
        let accepted = match (self, typ) {
            (Self::Any, _) => true,
            (Self::Listed { absent, .. }, None) => *absent,
            (Self::Listed { values, .. }, Some(typ)) => {
                let typ = normalised(typ);
                values.iter().any(|value| **value == *typ)
            }
        };
        if accepted { Ok(()) } else { Err(Refusal::Typ) }
    }
}

/// Returns whether a header says that the JWT is a statement about a token (RFC 9701), for us alone.
pub(crate) fn is_token_introspection(typ: Option<&str>) -> bool {
    typ.is_some_and(|typ| normalised(typ) == TOKEN_INTROSPECTION)
}

/// RFC 7515 §4.1.9: a media type, compared without case, whose `application/` may be left out.
fn normalised(typ: &str) -> String {
    let lower = typ.to_ascii_lowercase();
    match lower.strip_prefix("application/") {
        Some(short) if !short.contains('/') => short.to_owned(),
        _ => lower,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: JWT-1
    #[test]
    fn at_jwt_in_any_case_is_the_default() {
        let accepted = AcceptedTyp::default();
        for typ in ["at+jwt", "at+JWT", "AT+jwt", "application/at+jwt", "Application/AT+JWT"] {
            assert_eq!(accepted.check(Some(typ)), Ok(()), "{typ}");
        }
        for typ in [Some("JWT"), Some(""), Some("at+jwt "), Some("x/at+jwt"), Some("jwt"), None] {
            assert_eq!(accepted.check(typ), Err(Refusal::Typ), "{typ:?}");
        }
    }

    /// Rows: JWT-1
    #[test]
    fn what_a_server_hands_over_may_say_jwt_or_nothing() {
        let accepted = AcceptedTyp::of_answers();
        for typ in [Some("at+jwt"), Some("JWT"), Some("application/jwt"), None] {
            assert_eq!(accepted.check(typ), Ok(()), "{typ:?}");
        }
        for typ in OTHER_KINDS.into_iter().chain(["", "Refresh", "x+jwt"]) {
            assert_eq!(accepted.check(Some(typ)), Err(Refusal::Typ), "{typ}");
        }
    }

    /// Rows: JWT-1
    #[test]
    fn other_values_only_by_option() {
        let accepted = AcceptedTyp::from_list(&["JWT".into(), "none".into()]).unwrap();
        for typ in [Some("JWT"), Some("jwt"), Some("application/jwt"), None] {
            assert_eq!(accepted.check(typ), Ok(()), "{typ:?}");
        }
        assert_eq!(accepted.check(Some("at+jwt")), Err(Refusal::Typ));
    }

    /// Rows: JWT-14
    #[test]
    fn no_option_admits_another_kind_of_token() {
        for typ in OTHER_KINDS {
            assert!(AcceptedTyp::from_list(&[typ.to_owned()]).is_err(), "{typ}");
            let long = format!("Application/{}", typ.to_uppercase());
            assert!(AcceptedTyp::from_list(&[long]).is_err(), "{typ}");
        }
    }
}
