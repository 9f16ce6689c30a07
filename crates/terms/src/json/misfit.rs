//! What of a value does not fit its type, and where: never the value itself, which may be a secret.

use std::fmt;

use serde::de;
use serde::de::Expected;
use serde::de::Unexpected;

/// Begin what is said of a value outside of its type or its enumeration, in WSO2's words.
const DISALLOWED: &str = "One or more request body parameters contain disallowed values.";
const DISALLOWED_OF_QUERY: &str = "One or more query parameters contain disallowed values.";

#[derive(Debug)]
pub(super) struct Misfit {
    /// The members down to the value, with dots and places: `operations[0].verb`. Empty of the whole.
    path: String,
    fault: Fault,
}

#[derive(Debug)]
enum Fault {
    Unknown(String),
    Missing(&'static str),
    /// What a value of that type or enumeration is.
    Disallowed(String),
    /// The rule that is broken.
    Rule(String),
}

impl Misfit {
    const fn whole(fault: Fault) -> Self {
        Self { path: String::new(), fault }
    }

    pub(super) fn unknown(member: &str) -> Self {
        Self::whole(Fault::Unknown(member.to_owned()))
    }

    pub(super) const fn missing(member: &'static str) -> Self {
        Self::whole(Fault::Missing(member))
    }

    /// The rule follows a member's name and a colon.
    pub(super) fn disallowed(rule: impl Into<String>) -> Self {
        Self::whole(Fault::Disallowed(rule.into()))
    }

    pub(super) fn outside(texts: &[&str]) -> Self {
        Self::disallowed(format!("must be one of {}", texts.join(", ")))
    }

    /// The same of a value that is that member of another.
    pub(super) fn of(self, member: &str) -> Self {
        Self { path: self.below(member), ..self }
    }

    /// The same of a value that is that entry of a list.
    pub(super) fn at(self, index: usize) -> Self {
        Self { path: self.below(&format!("[{index}]")), ..self }
    }

    fn below(&self, member: &str) -> String {
        match self.path.as_bytes().first() {
            None => member.to_owned(),
            Some(b'[') => format!("{member}{}", self.path),
            Some(_) => format!("{member}.{}", self.path),
        }
    }

    /// As it is said of parameters of a query.
    pub(super) fn of_query(&self) -> String {
        let Self { path, fault } = self;
        match fault {
            Fault::Missing(name) => format!("{DISALLOWED_OF_QUERY} {name}: must be given"),
            Fault::Unknown(name) => format!("{DISALLOWED_OF_QUERY} {name}: is not known"),
            Fault::Disallowed(rule) | Fault::Rule(rule) => {
                format!("{DISALLOWED_OF_QUERY} {path}: {rule}")
            }
        }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, fault } = self;
        match fault {
            Fault::Unknown(member) if path.is_empty() => {
                write!(f, "Unrecognized property '{member}'")
            }
            Fault::Unknown(member) => write!(f, "Unrecognized property '{member}' of {path}"),
            Fault::Missing(member) if path.is_empty() => write!(f, "{member}: must not be null"),
            Fault::Missing(member) => write!(f, "{path}.{member}: must not be null"),
            Fault::Disallowed(rule) if path.is_empty() => {
                write!(f, "{DISALLOWED} The body {rule}")
            }
            Fault::Disallowed(rule) => write!(f, "{DISALLOWED} {path}: {rule}"),
            Fault::Rule(rule) if path.is_empty() => f.write_str(rule),
            Fault::Rule(rule) => write!(f, "{path}: {rule}"),
        }
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(rule: T) -> Self {
        Self::whole(Fault::Rule(rule.to_string()))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::disallowed(rule(&expected.to_string()))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::disallowed(rule(&expected.to_string()))
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::disallowed(rule(&expected.to_string()))
    }

    fn unknown_variant(_: &str, variants: &'static [&'static str]) -> Self {
        Self::outside(variants)
    }

    fn unknown_field(member: &str, _: &'static [&'static str]) -> Self {
        Self::unknown(member)
    }

    fn missing_field(member: &'static str) -> Self {
        Self::missing(member)
    }

    fn duplicate_field(member: &'static str) -> Self {
        Self::disallowed("must be given once").of(member)
    }
}

/// What serde expects, in JSON's words: it names types of Rust.
fn rule(expected: &str) -> String {
    match expected {
        "a string" | "a borrowed string" => "must be a string".to_owned(),
        "a boolean" => "must be true or false".to_owned(),
        "a sequence" => "must be an array".to_owned(),
        "a map" => "must be an object".to_owned(),
        "IP address" => "must be an IP address".to_owned(),
        "f32" | "f64" => "must be a number".to_owned(),
        "i64" | "isize" => "must be a whole number".to_owned(),
        "u64" | "usize" => "must be a whole number of 0 or more".to_owned(),
        "u8" => whole(0, u8::MAX.into()),
        "u16" => whole(0, u16::MAX.into()),
        "u32" => whole(0, u32::MAX.into()),
        "i32" => whole(i32::MIN.into(), i32::MAX.into()),
        structure if structure.starts_with("struct ") => "must be an object".to_owned(),
        other => format!("must be {other}"),
    }
}

fn whole(least: i64, most: i64) -> String {
    format!("must be a whole number from {least} to {most}")
}
