//! OAuth scope (RFC 6749 §3.3): what a token grants and what a route asks for.

use std::fmt;

use thiserror::Error;

/// A set of scope tokens in one allocation, separated by single spaces.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Scope(Box<str>);

/// A scope with a character that RFC 6749 §3.3 has no room for.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("scope tokens hold printable ASCII without space, quote and backslash")]
pub struct InvalidScope;

impl Scope {
    /// Tokens separated by spaces. Runs of spaces count as one: servers send them.
    ///
    /// # Errors
    /// A token has a character that scopes do not have.
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        Self::from_tokens(text.split(' ').filter(|token| !token.is_empty()))
    }

    /// Each item one token. RFC 6749 §3.3: `1*( %x21 / %x23-5B / %x5D-7E )`.
    ///
    /// # Errors
    /// A token is empty, or has a character that scopes do not have.
    pub fn from_tokens<'a>(tokens: impl Iterator<Item = &'a str>) -> Result<Self, InvalidScope> {
        let mut joined = String::new();
        for token in tokens {
            if token.is_empty() || !token.bytes().all(is_scope_byte) {
                return Err(InvalidScope);
            }
            if !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(token);
        }
        Ok(Self(joined.into()))
    }

    /// Each token, in the order in which they were given.
    pub fn tokens(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter(|token| !token.is_empty())
    }

    /// Exact member; no prefix, no case folding.
    #[must_use]
    pub fn contains(&self, token: &str) -> bool {
        self.tokens().any(|held| held == token)
    }

    /// Returns whether nothing is granted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tokens, separated by single spaces.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({:?})", self.0)
    }
}

const fn is_scope_byte(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E)
}

/// The demands of an operation on the token's scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RequiredScope {
    /// Every token of the set.
    All(Scope),
    /// At least one token of the set.
    Any(Scope),
    /// No scope is needed.
    #[default]
    Nothing,
}

impl RequiredScope {
    /// An empty requirement of either kind asks for nothing.
    #[must_use]
    pub fn is_met_by(&self, granted: &Scope) -> bool {
        match self {
            Self::All(needed) => needed.tokens().all(|token| granted.contains(token)),
            Self::Any(needed) => {
                needed.is_empty() || needed.tokens().any(|token| granted.contains(token))
            }
            Self::Nothing => true,
        }
    }

    /// The tokens to name in an `insufficient_scope` challenge.
    #[must_use]
    pub fn needed(&self) -> Option<&Scope> {
        match self {
            Self::All(scope) | Self::Any(scope) if !scope.is_empty() => Some(scope),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scope(text: &str) -> Scope {
        Scope::parse(text).unwrap()
    }

    #[test]
    fn a_scope_token_is_matched_whole() {
        let granted = scope("read:all openid");
        assert!(granted.contains("openid"));
        assert!(!granted.contains("read"));
        assert!(!granted.contains("OPENID"));
        assert!(!granted.contains(""));
    }

    /// Rows: CHL-3
    #[test]
    fn quotes_backslashes_and_controls_are_not_scope() {
        for text in ["a\"b", "a\\b", "a\tb", "a\r\nb", "ä", "\u{7f}"] {
            assert_eq!(Scope::parse(text), Err(InvalidScope), "{text:?}");
        }
    }

    fn any_scope() -> impl Strategy<Value = Scope> {
        proptest::collection::vec("[a-d]{1,2}", 0..6).prop_map(|tokens| scope(&tokens.join(" ")))
    }

    proptest! {
        #[test]
        fn all_is_met_exactly_by_supersets(granted in any_scope(), needed in any_scope()) {
            let superset = needed.tokens().all(|t| granted.tokens().any(|g| g == t));
            prop_assert_eq!(RequiredScope::All(needed).is_met_by(&granted), superset);
        }

        #[test]
        fn any_is_met_exactly_by_a_common_token(granted in any_scope(), needed in any_scope()) {
            let common = granted.tokens().any(|g| needed.contains(g));
            let met = RequiredScope::Any(needed.clone()).is_met_by(&granted);
            prop_assert_eq!(met, common || needed.is_empty());
        }

        #[test]
        fn more_scope_never_loses_access(granted in any_scope(), extra in any_scope(), needed in any_scope()) {
            let more = scope(&format!("{} {}", granted.as_str(), extra.as_str()));
            for required in [RequiredScope::All(needed.clone()), RequiredScope::Any(needed)] {
                prop_assert!(!required.is_met_by(&granted) || required.is_met_by(&more));
            }
        }

        #[test]
        fn parsing_is_idempotent(text in "[ -~]{0,40}") {
            if let Ok(first) = Scope::parse(&text) {
                prop_assert_eq!(&Scope::parse(first.as_str()).unwrap(), &first);
            }
        }
    }
}
