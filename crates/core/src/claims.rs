//! Claims of a verified JWT, and rules on them.

use std::fmt;

use serde_json::Map;
use serde_json::Value;
use thiserror::Error;

/// The claims of one token, as parsed by the strict reader.
#[derive(Clone, Default, PartialEq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// The claims that are these members.
    #[must_use]
    pub const fn new(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// The claim of that name, also one that is null.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The claim of that name, if it is a string.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<&str> {
        self.claim(name).and_then(Value::as_str)
    }

    /// All claims by name.
    #[must_use]
    pub const fn members(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl fmt::Debug for Claims {
    /// Claims are personal data (RFC 7662 §5): names only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// Where in the claims a value stands: the members to go through, outermost first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(Box<[Box<str>]>);

/// Why a text names no claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ClaimPathError {
    /// A member's name is empty.
    #[error("names nothing between two dots, or before the first or behind the last")]
    Empty,
    /// A tilde or a backslash stands before what it cannot escape.
    #[error("has an escape that is none")]
    Escape,
    /// More than 16 members, one within the other.
    #[error("goes deeper than 16 members")]
    TooDeep,
}

impl ClaimPath {
    /// Deepest path taken.
    const MAX_DEPTH: usize = 16;

    /// `/realm_access/roles` is a JSON pointer (RFC 6901). Else dots part the members, as in
    /// `realm_access.roles`, and `\.` is a dot of a name, `\\` a backslash. A name with a colon is a URI
    /// (RFC 7519 §2), and whole.
    ///
    /// # Errors
    /// The text names no claim.
    pub fn parse(text: &str) -> Result<Self, ClaimPathError> {
        let segments = match text.strip_prefix('/') {
            Some(pointer) => pointer.split('/').map(unescaped).collect::<Option<Vec<_>>>(),
            None if text.contains(':') => Some(vec![text.to_owned()]),
            None => dotted(text),
        };
        let segments = segments.ok_or(ClaimPathError::Escape)?;
        if segments.len() > Self::MAX_DEPTH {
            return Err(ClaimPathError::TooDeep);
        }
        if segments.iter().any(String::is_empty) {
            return Err(ClaimPathError::Empty);
        }
        Ok(Self(segments.into_iter().map(String::into_boxed_str).collect()))
    }

    /// The path that a text names; the claim of just that name, where it names none.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|_| Self::name(text))
    }

    /// A claim by its name, whatever is in it.
    #[must_use]
    pub fn name(name: &str) -> Self {
        Self([Box::from(name)].into())
    }

    /// The outermost member, which is the claim itself, and those below it.
    #[must_use]
    pub fn split(&self) -> (&str, &[Box<str>]) {
        match &*self.0 {
            [claim, below @ ..] => (claim, below),
            [] => ("", &[]),
        }
    }

    /// The same place below another claim.
    #[must_use]
    pub fn below(&self, claim: &Self) -> Self {
        let (_, below) = self.split();
        Self(claim.0.iter().chain(below).cloned().collect())
    }

    /// The value in that place, if there is one. Members of arrays are counted from 0.
    #[must_use]
    pub fn find<'c>(&self, claims: &'c Claims) -> Option<&'c Value> {
        let (claim, below) = self.split();
        below.iter().try_fold(claims.claim(claim)?, |value, segment| match value {
            Value::Object(members) => members.get(&**segment),
            Value::Array(items) => items.get(index(segment)?),
            _ => None,
        })
    }
}

impl fmt::Display for ClaimPath {
    /// Innermost first, as it is said: `roles` in `realm_access`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().rev().enumerate() {
            let before = if at == 0 { "" } else { " in " };
            write!(f, "{before}`{segment}`")?;
        }
        Ok(())
    }
}

/// Undoes the escapes of a JSON pointer: `~1` is a slash, `~0` a tilde.
fn unescaped(segment: &str) -> Option<String> {
    let mut parts = segment.split('~');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escaped, rest) = part.split_at_checked(1)?;
        plain.push(match escaped {
            "0" => '~',
            "1" => '/',
            _ => return None,
        });
        plain.push_str(rest);
    }
    Some(plain)
}

fn dotted(text: &str) -> Option<Vec<String>> {
    let mut segments = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let escaped = match character {
            '.' => {
                segments.push(String::new());
                continue;
            }
            '\\' => characters.next().filter(|next| matches!(next, '.' | '\\'))?,
            plain => plain,
        };
        segments.last_mut()?.push(escaped);
    }
    Some(segments)
}

/// RFC 6901 §4: no leading zeros.
fn index(segment: &str) -> Option<usize> {
    let is_index = segment == "0" || !segment.starts_with(['0', '+']);
    segment.parse().ok().filter(|_| is_index)
}

/// A condition on one claim. A claim that is absent meets no condition.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimRule {
    /// The claim that is looked at.
    pub claim: ClaimPath,
    /// The condition that it has to meet.
    pub test: ClaimTest,
}

/// A condition on a value.
#[derive(Clone, Debug, PartialEq)]
pub enum ClaimTest {
    /// The claim is an array with this member, or a string of space-separated words with this word.
    Contains(Value),
    /// The claim is there and not null.
    Exists,
    /// The claim is this value, of this type.
    Equals(Value),
    /// The claim is one of these values.
    OneOf(Vec<Value>),
}

impl ClaimRule {
    /// Returns whether the claim is there, is not null and passes the test.
    #[must_use]
    pub fn is_met_by(&self, claims: &Claims) -> bool {
        let Some(held) = self.claim.find(claims).filter(|value| !value.is_null()) else {
            return false;
        };
        match &self.test {
            ClaimTest::Contains(member) => match held {
                Value::Array(members) => members.contains(member),
                Value::String(words) => {
                    member.as_str().is_some_and(|m| words.split(' ').any(|word| word == m))
                }
                _ => false,
            },
            ClaimTest::Exists => true,
            ClaimTest::Equals(wanted) => held == wanted,
            ClaimTest::OneOf(allowed) => allowed.contains(held),
        }
    }
}

impl fmt::Display for ClaimRule {
    /// In words, with values as they are written in JSON: `"1"` is a string and `1` a number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "claim {} ", self.claim)?;
        match &self.test {
            ClaimTest::Contains(member @ Value::String(_)) => {
                write!(f, "is a list with {member}, or words of which one is {member}")
            }
            ClaimTest::Contains(member) => write!(f, "is a list with {member}"),
            ClaimTest::Exists => f.write_str("is there and not null"),
            ClaimTest::Equals(value) => write!(f, "is exactly {value}"),
            ClaimTest::OneOf(values) => {
                let values: Vec<String> = values.iter().map(Value::to_string).collect();
                write!(f, "is exactly one of {}", values.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: &Value) -> Claims {
        Claims::new(value.as_object().unwrap().clone())
    }

    #[test]
    fn a_claim_rule_is_met_by_the_exact_value_only() {
        let held = claims(
            &json!({"tenant": "acme", "n": 1, "groups": ["a", "b"], "acr": "x y", "z": null}),
        );
        let rule = |claim: &str, test| ClaimRule { claim: ClaimPath::of(claim), test };
        let cases = [
            (rule("tenant", ClaimTest::Equals(json!("acme"))), true),
            (rule("tenant", ClaimTest::Equals(json!("acm"))), false),
            (rule("n", ClaimTest::Equals(json!("1"))), false),
            (rule("n", ClaimTest::OneOf(vec![json!(0), json!(1)])), true),
            (rule("groups", ClaimTest::Contains(json!("b"))), true),
            (rule("groups", ClaimTest::Contains(json!("c"))), false),
            (rule("acr", ClaimTest::Contains(json!("y"))), true),
            (rule("acr", ClaimTest::Contains(json!(""))), false),
            (rule("tenant", ClaimTest::Exists), true),
        ];
        for (rule, met) in cases {
            assert_eq!(rule.is_met_by(&held), met, "{rule:?}");
        }
    }

    /// Rows: INT-8
    #[test]
    fn an_absent_or_null_claim_denies() {
        let held = claims(&json!({"z": null}));
        for claim in ["missing", "z"] {
            for test in [
                ClaimTest::Exists,
                ClaimTest::Equals(Value::Null),
                ClaimTest::OneOf(vec![Value::Null]),
            ] {
                let rule = ClaimRule { claim: ClaimPath::of(claim), test };
                assert!(!rule.is_met_by(&held), "{rule:?}");
            }
        }
    }

    #[test]
    fn a_claim_rule_reaches_into_claims_by_pointer_or_dots() {
        let held = claims(&json!({
            "realm_access": {"roles": ["admin", "user"], "a.b": "dot", "n": null},
            "realm_access.roles": ["nobody"],
            "https://example.com/roles": ["ops"],
            "a/b": {"~": 1, "list": [{"id": "x"}, {"id": "y"}]},
            "back\\slash": "b",
        }));
        let contains = |member: &str| ClaimTest::Contains(json!(member));
        for (claim, test, met) in [
            ("realm_access.roles", contains("admin"), true),
            ("/realm_access/roles", contains("admin"), true),
            ("realm_access.roles", contains("nobody"), false),
            (r"realm_access\.roles", contains("nobody"), true),
            ("/realm_access.roles", contains("nobody"), true),
            (r"realm_access.a\.b", ClaimTest::Equals(json!("dot")), true),
            ("realm_access.n", ClaimTest::Exists, false),
            ("realm_access.roles.x", ClaimTest::Exists, false),
            ("realm_access.roles.1", ClaimTest::Equals(json!("user")), true),
            ("realm_access.roles.01", ClaimTest::Exists, false),
            ("realm_access.roles.+1", ClaimTest::Exists, false),
            ("realm_access.roles.2", ClaimTest::Exists, false),
            // A URI is a name.
            ("https://example.com/roles", contains("ops"), true),
            ("/https:~1~1example.com~1roles", contains("ops"), true),
            ("/a~1b/~0", ClaimTest::Equals(json!(1)), true),
            ("/a~1b/list/1/id", ClaimTest::Equals(json!("y")), true),
            (r"back\\slash", ClaimTest::Exists, true),
        ] {
            let rule = ClaimRule { claim: ClaimPath::parse(claim).unwrap(), test };
            assert_eq!(rule.is_met_by(&held), met, "{claim} {rule:?}");
        }
    }

    #[test]
    fn a_text_that_names_no_claim_is_refused() {
        for (text, error) in [
            ("", ClaimPathError::Empty),
            ("/", ClaimPathError::Empty),
            ("a..b", ClaimPathError::Empty),
            (".a", ClaimPathError::Empty),
            ("a.", ClaimPathError::Empty),
            ("/a//b", ClaimPathError::Empty),
            (r"a\b", ClaimPathError::Escape),
            (r"a\", ClaimPathError::Escape),
            ("/a~2", ClaimPathError::Escape),
            ("/a~", ClaimPathError::Escape),
        ] {
            assert_eq!(ClaimPath::parse(text), Err(error), "{text}");
            assert_eq!(ClaimPath::of(text), ClaimPath::name(text));
        }
        assert_eq!(ClaimPath::parse(&"a.".repeat(20)), Err(ClaimPathError::TooDeep));
    }

    #[test]
    fn a_claim_rule_says_in_words_what_it_means() {
        let said = |claim: &str, test| {
            ClaimRule { claim: ClaimPath::parse(claim).unwrap(), test }.to_string()
        };
        assert_eq!(
            said("realm_access.roles", ClaimTest::Contains(json!("admin"))),
            "claim `roles` in `realm_access` is a list with \"admin\", or words of which one is \"admin\""
        );
        assert_eq!(said("n", ClaimTest::Contains(json!(1))), "claim `n` is a list with 1");
        assert_eq!(said("n", ClaimTest::Equals(json!("1"))), "claim `n` is exactly \"1\"");
        let some = ClaimTest::OneOf(vec![json!(1), json!("a")]);
        assert_eq!(said("n", some), "claim `n` is exactly one of 1, \"a\"");
        assert_eq!(said("n", ClaimTest::Exists), "claim `n` is there and not null");
    }
}
