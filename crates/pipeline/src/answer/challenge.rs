//! The challenge that goes with a refusal (RFC 6750 §3, RFC 9110 §11.6.1).

use phantom_core::Access;

use crate::error_format::ErrorFormat;
use crate::matched::Matched;

/// The challenge of a refusal to its client. Another credential would not cure refusals without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Challenged {
    /// Who sent no credential is told of no error (RFC 6750 §3.1).
    ToAuthenticate,
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
    No,
}

impl Challenged {
    const fn error(self) -> Option<&'static str> {
        match self {
            Self::InsufficientScope => Some("insufficient_scope"),
            Self::InvalidRequest => Some("invalid_request"),
            Self::InvalidToken => Some("invalid_token"),
            Self::No | Self::ToAuthenticate => None,
        }
    }
}

/// All parts come from the configuration or from fixed texts (CHL-5), and from a grammar that needs
/// no escapes (CHL-3).
pub(super) fn challenge(
    challenged: Challenged,
    matched: Option<&Matched>,
    format: ErrorFormat,
) -> Option<String> {
    if challenged == Challenged::No {
        return None;
    }
    let error = challenged.error();
    let mut challenge = Challenge::default();
    // WSO2's clients look for an error at the very start of the value.
    if error.is_none() || !matches!(format, ErrorFormat::Wso2 | ErrorFormat::Managed) {
        challenge.parameter("realm", matched.map_or("api", Matched::realm));
    }
    if let Some(error) = error {
        challenge.parameter("error", error);
    }
    if matches!(challenged, Challenged::ToAuthenticate | Challenged::InsufficientScope)
        && let Some(Access::Protected(protection)) = matched.map(Matched::access)
        && let Some(scope) = protection.scope.needed()
    {
        challenge.parameter("scope", scope.as_str());
    }
    Some(challenge.0)
}

struct Challenge(String);

impl Default for Challenge {
    fn default() -> Self {
        Self("Bearer".to_owned())
    }
}

impl Challenge {
    /// Characters that may not stand in a quoted string without an escape are left out (CHL-3).
    fn parameter(&mut self, name: &str, value: &str) {
        self.0.push_str(if self.0.ends_with('"') { ", " } else { " " });
        self.0.push_str(name);
        self.0.push_str("=\"");
        self.0.extend(value.chars().filter(|c| is_quotable(*c)));
        self.0.push('"');
    }
}

const fn is_quotable(c: char) -> bool {
    matches!(c, '\x20'..='\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e')
}
