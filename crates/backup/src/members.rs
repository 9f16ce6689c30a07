//! Reads one entry of a file. Its type is derived and stops at the first member that is wrong; then
//! each is tried by itself, so that all that is wrong is told at once.

mod value;

use std::cell::Cell;
use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de;
use serde::de::DeserializeSeed;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde_json::Map;
use serde_json::Value as Json;

use self::value::Member;
use super::entry::Entry;
use super::error::Mistakes;
use super::error::Place;
use super::sealed::Sealed;
use super::text::shown;

pub(crate) fn read<E: Entry>(
    index: usize,
    given: &Map<String, Json>,
    problems: &mut Mistakes,
    strays: &mut Mistakes,
) -> Option<Sealed<E>> {
    let names = Cell::default();
    let read = |only| Sealed::<E>::deserialize(Members { given, names: &names, only });
    let entry = read(None);
    if entry.is_err() {
        for name in names.get() {
            if let Err(Wrong { member: Some(member), message }) = read(Some(name)) {
                problems.note(Place::Member(E::KIND, index, member), message);
            }
        }
    }
    // What nobody asked for is refused.
    for name in given.keys().filter(|name| !names.get().contains(&name.as_str())) {
        let message = format!("unknown member `{}`", shown(name));
        strays.note(Place::Entry(E::KIND, index), message);
    }
    entry.ok()
}

/// Why an entry is none. Never shows a value: it may be a secret in the wrong place.
#[derive(Debug)]
struct Wrong {
    member: Option<&'static str>,
    message: String,
}

impl de::Error for Wrong {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { member: None, message: message.to_string() }
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self::custom("is a name that there is not")
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Wrong {}

/// The members of an entry, or one of them.
#[derive(Clone, Copy)]
struct Members<'de> {
    given: &'de Map<String, Json>,
    /// Filled with the names that the entry's type has.
    names: &'de Cell<&'static [&'static str]>,
    only: Option<&'static str>,
}

impl<'de> Deserializer<'de> for Members<'de> {
    type Error = Wrong;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.names.set(names);
        visitor.visit_map(Asked { of: self, rest: names.iter(), name: "" })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Wrong> {
        Err(de::Error::custom("is no entry"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Hands out each member that is asked for, whether it was given or not.
struct Asked<'de> {
    of: Members<'de>,
    rest: std::slice::Iter<'static, &'static str>,
    name: &'static str,
}

impl<'de> MapAccess<'de> for Asked<'de> {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Wrong> {
        let only = self.of.only;
        let Some(name) = self.rest.find(|name| only.is_none_or(|only| only == **name)) else {
            return Ok(None);
        };
        self.name = name;
        seed.deserialize(de::value::StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Wrong> {
        let read = seed.deserialize(Member(self.of.given.get(self.name)));
        read.map_err(|wrong| Wrong { member: Some(self.name), ..wrong })
    }
}
