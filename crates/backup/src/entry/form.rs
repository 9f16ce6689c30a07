//! How a member is written and read, where its type does not say so.

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de::Error;
use serde_json::Value as Json;
use uuid::Uuid;

/// Rows of a file are new to the store.
pub(crate) const fn first() -> i64 {
    1
}

/// A text that can be a name or an id.
pub(crate) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    const LONGEST: usize = 4096;
    let text = String::deserialize(deserializer)?;
    match text.len() {
        1..=LONGEST => Ok(text),
        _ => Err(Error::custom(format_args!("has 1 to {LONGEST} bytes"))),
    }
}

pub(crate) fn document<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
    let document = Json::deserialize(deserializer)?;
    if document.is_object() { Ok(document) } else { Err(Error::custom("is a mapping")) }
}

/// What a deny policy looks at: the name of whom it denies, or addresses.
pub(crate) fn condition<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
    let condition = Json::deserialize(deserializer)?;
    match condition.is_object() || condition.is_string() {
        true => Ok(condition),
        false => Err(Error::custom("is a text or a mapping")),
    }
}

pub(crate) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
    let text = String::deserialize(deserializer)?;
    Uuid::try_parse(&text).map_err(|_| Error::custom("is a UUID"))
}

pub(crate) mod time {
    use phantom_core::UnixTime;

    use super::*;
    use crate::text::parse_time;
    use crate::text::time_text;

    pub(crate) fn serialize<S: Serializer>(time: &UnixTime, to: S) -> Result<S::Ok, S::Error> {
        time_text(*time).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<UnixTime, D::Error> {
        let time = parse_time(&String::deserialize(from)?);
        time.ok_or_else(|| Error::custom("is a time as 2026-01-31T12:00:00Z"))
    }
}

/// A secret that is sealed already: only [`Sealed`](crate::sealed::Sealed) entries are written and
/// read.
pub(crate) mod sealed {
    use std::collections::BTreeMap;

    use secrecy::ExposeSecret;
    use secrecy::SecretString;

    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        secret: &SecretString,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        secret.expose_secret().serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<SecretString, D::Error> {
        String::deserialize(from).map(SecretString::from)
    }

    pub(crate) mod optional {
        use super::*;

        pub(crate) fn serialize<S: Serializer>(
            secret: &Option<SecretString>,
            to: S,
        ) -> Result<S::Ok, S::Error> {
            secret.as_ref().map(ExposeSecret::expose_secret).serialize(to)
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> Result<Option<SecretString>, D::Error> {
            Ok(Option::<String>::deserialize(from)?.map(SecretString::from))
        }
    }

    pub(crate) mod each {
        use super::*;

        pub(crate) fn serialize<S: Serializer>(
            secrets: &BTreeMap<String, SecretString>,
            to: S,
        ) -> Result<S::Ok, S::Error> {
            to.collect_map(secrets.iter().map(|(name, secret)| (name, secret.expose_secret())))
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> Result<BTreeMap<String, SecretString>, D::Error> {
            let sealed = BTreeMap::<String, String>::deserialize(from)?;
            Ok(sealed.into_iter().map(|(name, text)| (name, SecretString::from(text))).collect())
        }
    }
}
