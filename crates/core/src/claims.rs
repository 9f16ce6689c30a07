//! Claims of a verified JWT, and rules on them.

use serde_json::Map;
use serde_json::Value;

/// The claims of one token, as parsed by the strict reader.
#[derive(Clone, Default, PartialEq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    #[must_use]
    pub const fn new(members: Map<String, Value>) -> Self {
        Self(members)
    }

    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    #[must_use]
    pub fn string(&self, name: &str) -> Option<&str> {
        self.claim(name).and_then(Value::as_str)
    }

    #[must_use]
    pub const fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    #[must_use]
    pub fn into_members(self) -> Map<String, Value> {
        self.0
    }
}

impl std::fmt::Debug for Claims {
    /// Claims are personal data (RFC 7662 §5): names only.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// A condition on one claim. A claim that is absent meets no condition.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimRule {
    pub claim: Box<str>,
    pub test: ClaimTest,
}

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
    #[must_use]
    pub fn is_met_by(&self, claims: &Claims) -> bool {
        let Some(held) = claims.claim(&self.claim).filter(|value| !value.is_null()) else {
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
        let rule = |claim: &str, test| ClaimRule { claim: claim.into(), test };
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

    #[test]
    fn int_8_an_absent_or_null_claim_denies() {
        let held = claims(&json!({"z": null}));
        for claim in ["missing", "z"] {
            for test in [
                ClaimTest::Exists,
                ClaimTest::Equals(Value::Null),
                ClaimTest::OneOf(vec![Value::Null]),
            ] {
                let rule = ClaimRule { claim: claim.into(), test };
                assert!(!rule.is_met_by(&held), "{rule:?}");
            }
        }
    }
}
