//! Values whose types name their bounds: what is read is within them, and the OpenAPI document says so.
//! Whoever holds one need not ask again.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Deref;

use serde::Deserialize;
use serde::Serialize;
use thiserror::Error;
use utoipa::__dev::ComposeSchema;
use utoipa::ToSchema;
use utoipa::openapi::Ref;
use utoipa::openapi::RefOr;
use utoipa::openapi::Schema;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::schema::ArrayBuilder;
use utoipa::openapi::schema::KnownFormat;
use utoipa::openapi::schema::ObjectBuilder;
use utoipa::openapi::schema::SchemaFormat;
use utoipa::openapi::schema::Type;

use crate::refusal::Outcome;
use crate::refusal::Refusal;
use crate::text;

/// Begins the names of these types' schemas: they stand in the OpenAPI document where they are referred
/// to, and not by name.
pub const INLINE: &str = "bounded.";

/// The bound that a value does not keep, in words that follow a member's name and a colon.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct OutOfBounds(pub(crate) String);

/// The value of a member that is not read from JSON, refused as one that is.
pub fn member<V, T: TryFrom<V, Error = OutOfBounds>>(name: &str, value: V) -> Outcome<T> {
    T::try_from(value).map_err(|bound| Refusal::invalid(format!("{name}: {bound}")))
}

/// Text of `MIN` to `MAX` characters, none of which is a control character other than white space.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Text<const MIN: usize, const MAX: usize>(String);

/// One line of 1 to `MAX` characters without white space around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Name<const MAX: usize>(String);

/// An integer of `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub struct Number<const MIN: i64, const MAX: i64>(i64);

/// At most `MAX` entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<T>", bound(deserialize = "T: Deserialize<'de>"))]
pub struct List<T, const MAX: usize>(Vec<T>);

/// At most `MAX` texts by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    try_from = "BTreeMap<K, V>",
    bound(deserialize = "K: Deserialize<'de> + Ord, V: Deserialize<'de>")
)]
pub struct Table<K, V, const MAX: usize>(BTreeMap<K, V>);

impl<const MIN: usize, const MAX: usize> TryFrom<String> for Text<MIN, MAX> {
    type Error = OutOfBounds;

    fn try_from(text: String) -> Result<Self, OutOfBounds> {
        text::sized(&text, MIN, MAX).map(|()| Self(text))
    }
}

impl<const MAX: usize> TryFrom<String> for Name<MAX> {
    type Error = OutOfBounds;

    fn try_from(text: String) -> Result<Self, OutOfBounds> {
        text::one_line(&text, MAX).map(|()| Self(text))
    }
}

impl<const MIN: i64, const MAX: i64> TryFrom<i64> for Number<MIN, MAX> {
    type Error = OutOfBounds;

    fn try_from(number: i64) -> Result<Self, OutOfBounds> {
        match number {
            number if (MIN..=MAX).contains(&number) => Ok(Self(number)),
            _ => Err(OutOfBounds(format!("must be between {MIN} and {MAX}"))),
        }
    }
}

impl<T, const MAX: usize> TryFrom<Vec<T>> for List<T, MAX> {
    type Error = OutOfBounds;

    fn try_from(entries: Vec<T>) -> Result<Self, OutOfBounds> {
        text::few(entries.len(), MAX).map(|()| Self(entries))
    }
}

impl<K, V, const MAX: usize> TryFrom<BTreeMap<K, V>> for Table<K, V, MAX> {
    type Error = OutOfBounds;

    fn try_from(entries: BTreeMap<K, V>) -> Result<Self, OutOfBounds> {
        text::few(entries.len(), MAX).map(|()| Self(entries))
    }
}

impl<const MIN: usize, const MAX: usize> Deref for Text<MIN, MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Deref for Name<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<T, const MAX: usize> Deref for List<T, MAX> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<const MIN: usize, const MAX: usize> From<Text<MIN, MAX>> for String {
    fn from(text: Text<MIN, MAX>) -> Self {
        text.0
    }
}

impl<const MAX: usize> From<Name<MAX>> for String {
    fn from(name: Name<MAX>) -> Self {
        name.0
    }
}

impl<const MIN: i64, const MAX: i64> Number<MIN, MAX> {
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl<T, const MAX: usize> List<T, MAX> {
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.0.iter_mut()
    }
}

impl<const MAX: usize> Default for Text<0, MAX> {
    fn default() -> Self {
        Self(String::new())
    }
}

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K, V, const MAX: usize> Default for Table<K, V, MAX> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<const MIN: usize, const MAX: usize> ComposeSchema for Text<MIN, MAX> {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).max_length(Some(MAX));
        text.min_length((MIN > 0).then_some(MIN)).into()
    }
}

impl<const MIN: usize, const MAX: usize> ToSchema for Text<MIN, MAX> {
    fn name() -> Cow<'static, str> {
        format!("{INLINE}Text_{MIN}_{MAX}").into()
    }
}

impl<const MAX: usize> ComposeSchema for Name<MAX> {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        text.min_length(Some(1)).max_length(Some(MAX)).pattern(Some(ONE_LINE)).into()
    }
}

const ONE_LINE: &str = r"^[^\u0000-\u0020\u007f]([^\u0000-\u001f\u007f]*[^\u0000-\u0020\u007f])?$";

impl<const MAX: usize> ToSchema for Name<MAX> {
    fn name() -> Cow<'static, str> {
        format!("{INLINE}Name_{MAX}").into()
    }
}

impl<const MIN: i64, const MAX: i64> ComposeSchema for Number<MIN, MAX> {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Integer);
        let number = number.format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)));
        number.minimum(Some(MIN)).maximum(Some(MAX)).into()
    }
}

impl<const MIN: i64, const MAX: i64> ToSchema for Number<MIN, MAX> {
    fn name() -> Cow<'static, str> {
        format!("{INLINE}Number_{MIN}_{MAX}").into()
    }
}

impl<T: ToSchema, const MAX: usize> ComposeSchema for List<T, MAX> {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let list = ArrayBuilder::new().items(Ref::from_schema_name(T::name()));
        list.max_items(Some(MAX)).into()
    }
}

impl<T: ToSchema, const MAX: usize> ToSchema for List<T, MAX> {
    fn name() -> Cow<'static, str> {
        format!("{INLINE}List_{MAX}").into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        named::<T>(schemas);
    }
}

impl<K: ToSchema, V: ToSchema, const MAX: usize> ComposeSchema for Table<K, V, MAX> {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let values = AdditionalProperties::RefOr(Ref::from_schema_name(V::name()).into());
        let table = ObjectBuilder::new().property_names(Some(K::schema()));
        table.additional_properties(Some(values)).max_properties(Some(MAX)).into()
    }
}

impl<K: ToSchema, V: ToSchema, const MAX: usize> ToSchema for Table<K, V, MAX> {
    fn name() -> Cow<'static, str> {
        format!("{INLINE}Table_{MAX}").into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        named::<V>(schemas);
    }
}

fn named<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::typed;

    #[derive(Debug, Deserialize)]
    struct Bounded {
        _text: Option<Text<2, 3>>,
        _name: Option<Name<3>>,
        _number: Option<Number<-1, 5>>,
        _list: Option<List<Text<0, 2>, 2>>,
        _table: Option<Table<Text<1, 1>, Text<0, 2>, 1>>,
    }

    #[test]
    fn what_is_out_of_its_bounds_is_refused_with_the_members_name_and_the_bound() {
        for (value, refused) in [
            (json!({"_text": "ab"}), ""),
            (json!({"_text": "äöü"}), ""),
            (json!({"_text": "a"}), "_text: size must be between 2 and 3"),
            (json!({"_text": "abcd"}), "_text: size must be between 2 and 3"),
            (json!({"_text": "a\u{7}"}), "_text: must not hold control characters"),
            (json!({"_name": " a"}), "_name: must be one line without white space around it"),
            (json!({"_name": "a\nb"}), "_name: must be one line without white space around it"),
            (json!({"_name": ""}), "_name: must not be blank"),
            (json!({"_name": "  "}), "_name: must not be blank"),
            (json!({"_number": 5}), ""),
            (json!({"_number": -2}), "_number: must be between -1 and 5"),
            (json!({"_list": ["a", "b", "c"]}), "_list: at most 2 entries"),
            (json!({"_list": ["abc"]}), "_list[0]: size must be between 0 and 2"),
            (json!({"_table": {"a": "b", "c": "d"}}), "_table: at most 1 entries"),
            (json!({"_table": {"ab": "b"}}), "_table: size must be between 1 and 1"),
            (json!({"_table": {"a": "bcd"}}), "_table.a: size must be between 0 and 2"),
        ] {
            let said =
                typed::<Bounded>(value.clone()).map_or_else(|e| e.to_string(), |_| "".into());
            assert_eq!(said, refused, "{value}");
        }
        let refused = member::<_, Text<0, 2>>("title", "abc".to_owned()).unwrap_err();
        assert_eq!(refused.to_string(), "title: size must be between 0 and 2");
    }
}
