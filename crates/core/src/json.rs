//! JSON from strangers: duplicate members refused, depth and size bounded.
//!
//! RFC 7515 §4 and RFC 7519 §4 let a parser take the last of two members of one name. Two parsers
//! that choose differently are an attack, so we take neither.

mod object;

use std::fmt;

use serde::de::DeserializeSeed;
use serde::de::Deserializer;
use serde::de::Error as _;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::Map;
use serde_json::Number;
use serde_json::Value;
use thiserror::Error;

pub use object::Member;
pub use object::Members;
pub use object::Object;

const DUPLICATE: &str = "duplicate member";
const TOO_DEEP: &str = "nested too deep";

/// What is wrong with a text that [`Strict`] refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not of its format.
    Syntax,
    /// A member stands twice.
    Duplicate,
    /// It has more levels than it may.
    TooDeep,
}

impl Fault {
    /// From what the reader of that format says, which begins with what we said.
    #[must_use]
    pub fn of(error: &impl fmt::Display) -> Self {
        let words = error.to_string();
        match words {
            _ if words.starts_with(DUPLICATE) => Self::Duplicate,
            _ if words.starts_with(TOO_DEEP) => Self::TooDeep,
            _ => Self::Syntax,
        }
    }
}

/// Levels of arrays and objects that a document may nest.
pub const MAX_DEPTH: usize = 16;

/// No JSON, or JSON that two readers could take for different things.
#[derive(Debug, Error)]
#[error("not acceptable JSON")]
pub struct InvalidJson(#[from] serde_json::Error);

impl InvalidJson {
    /// What is wrong with it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::of(&self.0)
    }

    /// Line and column, from 1, where reading ended; `None` where all was read. Nothing of the document.
    #[must_use]
    pub fn position(&self) -> Option<(usize, usize)> {
        Some((self.0.line(), self.0.column())).filter(|(line, _)| *line > 0)
    }
}

/// Parses one whole document; nothing but white space may follow it.
///
/// # Errors
/// It is no JSON, has a member twice or nests deeper than [`MAX_DEPTH`].
pub fn parse(bytes: &[u8]) -> Result<Value, InvalidJson> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict::new(MAX_DEPTH).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// One value of any format that serde reads, of at most that many levels, without duplicate members.
#[derive(Clone, Copy, Debug)]
pub struct Strict {
    levels: usize,
}

/// As [`parse`], for a document that has to be an object.
///
/// # Errors
/// As of [`parse`], or it is no object.
pub fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, InvalidJson> {
    match parse(bytes)? {
        Value::Object(map) => Ok(map),
        _ => Err(InvalidJson(serde_json::Error::custom("not an object"))),
    }
}

impl Strict {
    /// For the value of a member of the outermost object.
    const IN_AN_OBJECT: Self = Self { levels: MAX_DEPTH - 1 };

    /// At most `levels` arrays and objects, one within the other.
    #[must_use]
    pub const fn new(levels: usize) -> Self {
        Self { levels }
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        let levels = self.levels.checked_sub(1).ok_or_else(|| E::custom(TOO_DEEP))?;
        Ok(Self { levels })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate members")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom(DUPLICATE));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: JWT-11
    #[test]
    fn duplicate_members_are_refused_at_every_level() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"x":{"a":1,"\u0061":2}}"#, r#"[{"a":1,"a":2}]"#] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse(br#"{"a":{"a":1},"b":{"a":1}}"#).is_ok());
    }

    /// Rows: JWT-11
    #[test]
    fn depth_is_bounded() {
        let nested = |levels| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert!(parse(nested(MAX_DEPTH + 1).as_bytes()).is_err());
        assert!(parse(nested(100_000).as_bytes()).is_err());
    }

    #[test]
    fn what_follows_the_document_is_refused() {
        assert!(parse(b"{} x").is_err());
        assert!(parse(b"{}\n").is_ok());
        assert!(parse(b"\xff").is_err());
        assert!(parse_object(b"[]").is_err());
    }
}
