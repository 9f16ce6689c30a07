//! The `aud` claim (RFC 7519 §4.1.3): a string or an array of strings, compared exactly.

use serde_json::Value;
use thiserror::Error;

use crate::json::Member;

/// Those a token is meant for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience(Box<[Box<str>]>);

/// An `aud` that is neither text nor a list of texts.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("aud is neither a string nor an array of strings")]
pub struct InvalidAudience;

impl Audience {
    /// Reads the claim as it stands in a JWT.
    ///
    /// # Errors
    /// It is neither a string nor an array of strings.
    pub fn from_claim(claim: &Value) -> Result<Self, InvalidAudience> {
        Self::from_member(Member::of(claim).ok_or(InvalidAudience)?)
    }

    /// As [`Self::from_claim`], of an object whose members were not copied.
    ///
    /// # Errors
    /// It is neither a string nor an array of strings.
    pub fn from_member(claim: Member<'_>) -> Result<Self, InvalidAudience> {
        match claim {
            Member::Text(one) => Ok(Self(Box::new([one.into()]))),
            Member::Array(many) => many
                .iter()
                .map(|member| member.as_str().map(Box::from).ok_or(InvalidAudience))
                .collect::<Result<_, _>>()
                .map(Self),
            _ => Err(InvalidAudience),
        }
    }

    /// Exact member: no prefix, no substring, no case folding. An empty audience contains nobody.
    #[must_use]
    pub fn contains(&self, identifier: &str) -> bool {
        self.0.iter().any(|member| &**member == identifier)
    }

    /// Each identifier, in the order of the claim.
    pub fn members(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|member| &**member)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Rows: JWT-7
    #[test]
    fn one_member_of_the_audience_equals_our_identifier() {
        let cases = [
            (json!("client-one"), true),
            (json!(["x", "client-one"]), true),
            (json!([]), false),
            (json!("client-one-two"), false),
            (json!("Client-One"), false),
            (json!(["client"]), false),
            (json!("x client-one"), false),
        ];
        for (claim, contained) in cases {
            let audience = Audience::from_claim(&claim).unwrap();
            assert_eq!(audience.contains("client-one"), contained, "{claim}");
        }
        for claim in [json!(1), json!(null), json!({}), json!(["a", 1])] {
            assert_eq!(Audience::from_claim(&claim), Err(InvalidAudience), "{claim}");
        }
    }

    proptest! {
        #[test]
        fn an_audience_contains_exactly_its_members(
            members in proptest::collection::vec("[ab]{0,3}", 0..5), asked in "[ab]{0,3}"
        ) {
            let audience = Audience::from_claim(&json!(members)).unwrap();
            prop_assert_eq!(audience.contains(&asked), members.contains(&asked));
        }
    }
}
