//! Scope values (RFC 6749 §3.3).

use std::fmt;

/// A well-formed scope: space-separated tokens, each once, in the order asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope(String);

impl Scope {
    /// `None` unless the text follows the grammar of RFC 6749 §3.3. The empty scope is the answer
    /// to a client that has no scopes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut tokens: Vec<&str> = Vec::new();
        if !text.is_empty() {
            for token in text.split(' ') {
                if token.is_empty() || !token.bytes().all(is_scope_byte) {
                    return None;
                }
                if !tokens.contains(&token) {
                    tokens.push(token);
                }
                if tokens.len() > MAX_TOKENS {
                    return None;
                }
            }
        }
        Some(Self(tokens.join(" ")))
    }

    pub(crate) fn empty() -> Self {
        Self(String::new())
    }

    pub(crate) fn tokens(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter(|token| !token.is_empty())
    }

    pub(crate) fn contains(&self, token: &str) -> bool {
        self.tokens().any(|own| own == token)
    }

    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.tokens().all(|token| other.contains(token))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// More distinct tokens than any client here has; keeps the search for repeats cheap.
const MAX_TOKENS: usize = 64;

fn is_scope_byte(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_tokens_count_once() {
        assert_eq!(Scope::parse("read write read").unwrap().as_str(), "read write");
    }

    #[test]
    fn text_outside_the_grammar_is_no_scope() {
        for bad in [" ", "read ", " read", "read  write", "re\"ad", "re\\ad", "r\u{e9}ad", "a\tb"] {
            assert!(Scope::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_flood_of_tokens_is_refused() {
        let many: Vec<String> = (0..=MAX_TOKENS).map(|n| n.to_string()).collect();
        assert!(Scope::parse(&many.join(" ")).is_none());
    }

    #[test]
    fn a_scope_is_within_another_when_every_token_is() {
        let all = Scope::parse("read write").unwrap();
        assert!(Scope::parse("write").unwrap().is_within(&all));
        assert!(!Scope::parse("write admin").unwrap().is_within(&all));
        assert!(!Scope::parse("writ").unwrap().is_within(&all));
    }
}
