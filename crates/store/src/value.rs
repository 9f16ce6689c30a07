//! What is bound to a statement. Two kinds are enough: the schema knows only text and integers.

use std::borrow::Cow;
use std::net::IpAddr;

use phantom_core::UnixTime;
use uuid::Uuid;

use crate::error::StoreError;

#[derive(Clone, Debug)]
pub(crate) enum Value<'v> {
    Text(Option<Cow<'v, str>>),
    Integer(Option<i64>),
}

impl Value<'_> {
    /// PostgreSQL cannot keep U+0000 in text; refused for both so that they stay alike.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        const LONGEST: usize = 16 << 20;
        let Self::Text(Some(text)) = self else { return Ok(()) };
        if text.len() > LONGEST {
            return Err(StoreError::Refused { reason: "text is longer than 16 MiB" });
        }
        if text.as_bytes().contains(&0) {
            return Err(StoreError::Refused { reason: "text holds a NUL character" });
        }
        Ok(())
    }

    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text.unwrap_or_default().into_owned(),
            Self::Integer(number) => number.unwrap_or_default().to_string(),
        }
    }
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(text: &'v str) -> Self {
        Self::Text(Some(Cow::Borrowed(text)))
    }
}

impl<'v> From<&'v String> for Value<'v> {
    fn from(text: &'v String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Some(Cow::Owned(text)))
    }
}

impl<'v> From<Option<&'v str>> for Value<'v> {
    fn from(text: Option<&'v str>) -> Self {
        Self::Text(text.map(Cow::Borrowed))
    }
}

impl From<Option<String>> for Value<'_> {
    fn from(text: Option<String>) -> Self {
        Self::Text(text.map(Cow::Owned))
    }
}

impl From<Uuid> for Value<'_> {
    fn from(id: Uuid) -> Self {
        Self::from(id.to_string())
    }
}

impl From<&Uuid> for Value<'_> {
    fn from(id: &Uuid) -> Self {
        Self::from(*id)
    }
}

impl From<&IpAddr> for Value<'_> {
    fn from(address: &IpAddr) -> Self {
        Self::from(address.to_string())
    }
}

/// A digest, in hexadecimal.
impl From<&[u8; 32]> for Value<'_> {
    fn from(digest: &[u8; 32]) -> Self {
        Self::from(hex::encode(digest))
    }
}

impl From<&serde_json::Value> for Value<'_> {
    fn from(document: &serde_json::Value) -> Self {
        Self::from(document.to_string())
    }
}

/// A list, as JSON.
impl From<&Vec<String>> for Value<'_> {
    fn from(list: &Vec<String>) -> Self {
        Self::from(serde_json::Value::from(list.as_slice()).to_string())
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::from(i64::from(number))
    }
}

impl From<&u64> for Value<'_> {
    fn from(number: &u64) -> Self {
        Self::from(*number)
    }
}

/// Our counters never come near 2^63.
impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Self::from(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Self::from(i64::from(flag))
    }
}

impl From<UnixTime> for Value<'_> {
    fn from(time: UnixTime) -> Self {
        Self::from(time.as_millis())
    }
}

macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::value::Value::from($value)),*] };
}
pub(crate) use values;
