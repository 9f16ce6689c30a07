//! One member of an entry, in what a member can be.

use serde::Deserializer;
use serde::de::Error;
use serde::de::Visitor;
use serde::de::value::MapDeserializer;
use serde::de::value::SeqDeserializer;
use serde_json::Value as Json;

use super::Wrong;

/// What the store takes of one value.
const LONGEST: usize = 16 << 20;

/// `None` where it was not given.
#[derive(Clone, Copy)]
pub(super) struct Member<'de>(pub(super) Option<&'de Json>);

impl<'de> Member<'de> {
    fn given(self) -> Result<&'de Json, Wrong> {
        self.0.ok_or_else(|| Error::custom("is missing"))
    }

    fn or<T>(self, found: impl FnOnce(&'de Json) -> Option<T>, wrong: &str) -> Result<T, Wrong> {
        found(self.given()?).ok_or_else(|| Error::custom(wrong))
    }
}

impl<'de> Deserializer<'de> for Member<'de> {
    type Error = Wrong;

    /// A document.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let document = self.given()?;
        if document.to_string().len() > LONGEST {
            return Err(Error::custom("is longer than 16 MiB"));
        }
        document.deserialize_any(visitor).map_err(|_| Error::custom("is no document"))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_bool(self.or(Json::as_bool, "is true or false")?)
    }

    /// A whole number from 1 to what the databases count to.
    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        const LARGEST: u64 = i64::MAX.unsigned_abs();
        let number = |value: &Json| value.as_u64().filter(|it| (1..=LARGEST).contains(it));
        visitor.visit_u64(self.or(number, "is a whole number from 1 on")?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.or(Json::as_str, "is a text: put it in quotes")? {
            text if text.contains('\0') => Err(Error::custom("holds a NUL character")),
            text if text.len() > LONGEST => Err(Error::custom("is longer than 16 MiB")),
            text => visitor.visit_borrowed_str(text),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            None => visitor.visit_none(),
            Some(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let list = self.or(Json::as_array, "is a list of texts")?;
        visitor.visit_seq(SeqDeserializer::new(list.iter().map(|value| Member(Some(value)))))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let members = self.or(Json::as_object, "is a mapping of sealed secrets")?.iter();
        let members = members.map(|(name, value)| (name.as_str(), Member(Some(value))));
        visitor.visit_map(MapDeserializer::new(members))
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 f64 char bytes byte_buf unit unit_struct
        newtype_struct tuple tuple_struct struct enum identifier ignored_any
    }
}

impl<'de> serde::de::IntoDeserializer<'de, Wrong> for Member<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
