//! What of a value does not fit its type.

use std::fmt;

use serde::de;
use serde::de::Expected;
use serde::de::Unexpected;

/// Of a value outside of its type or its enumeration.
pub(super) const DISALLOWED: &str =
    "One or more request body parameters contain disallowed values.";

#[derive(Debug)]
pub(super) enum Misfit {
    Unknown(String),
    Missing(&'static str),
    Disallowed,
    /// The member, with dots, and the rule it breaks.
    Rule(String, String),
}

impl Misfit {
    /// The same of a value that is that member of another.
    pub(super) fn of(self, member: &str) -> Self {
        match self {
            Self::Rule(path, rule) if path.is_empty() => Self::Rule(member.to_owned(), rule),
            Self::Rule(path, rule) => Self::Rule(format!("{member}.{path}"), rule),
            other => other,
        }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(member) => write!(f, "Unrecognized property '{member}'"),
            Self::Missing(member) => write!(f, "{member}: must not be null"),
            Self::Disallowed => f.write_str(DISALLOWED),
            Self::Rule(path, rule) if path.is_empty() => f.write_str(rule),
            Self::Rule(path, rule) => write!(f, "{path}: {rule}"),
        }
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(rule: T) -> Self {
        Self::Rule(String::new(), rule.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::Disallowed
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::Disallowed
    }

    fn invalid_length(_: usize, _: &dyn Expected) -> Self {
        Self::Disallowed
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self::Disallowed
    }

    fn unknown_field(member: &str, _: &'static [&'static str]) -> Self {
        Self::Unknown(member.to_owned())
    }

    fn missing_field(member: &'static str) -> Self {
        Self::Missing(member)
    }
}
