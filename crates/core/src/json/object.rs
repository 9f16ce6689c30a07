//! One object, read in one pass for those who look at a few of its members.
//!
//! Texts without escapes stay where they are, and only what nests becomes a [`Value`]: a token's claims
//! cost one allocation instead of two a member.

use std::borrow::Cow;
use std::fmt;

use serde::de::Deserialize;
use serde::de::DeserializeSeed;
use serde::de::Deserializer;
use serde::de::Error as _;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::Map;
use serde_json::Number;
use serde_json::Value;

use super::InvalidJson;
use super::Strict;

/// The room that most objects of a few members need.
const USUAL_MEMBERS: usize = 16;
/// So many names are compared with each other; more are sorted.
const FEW_NAMES: usize = 32;

/// Members by name. A member that is null is as if it were not there: servers write both.
pub trait Members {
    /// The member of that name, unless it is null.
    fn member(&self, name: &str) -> Option<Member<'_>>;
}

/// A value that is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Member<'a> {
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was written.
    Number(&'a Number),
    /// A string, its escapes resolved.
    Text(&'a str),
    /// A list of values.
    Array(&'a [Value]),
    /// An object within the object.
    Object(&'a Map<String, Value>),
}

/// An object by the strict reader's rules: no duplicate members, bounded depth.
pub struct Object<'a>(Vec<(Cow<'a, str>, Read<'a>)>);

enum Read<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    Nested(Value),
}

impl<'a> Object<'a> {
    /// Parses one whole document that has to be an object; nothing but white space may follow it.
    ///
    /// # Errors
    /// It is no JSON, no object, has a member twice or nests too deep.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, InvalidJson> {
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        let members = deserializer.deserialize_map(WholeObject)?;
        deserializer.end()?;
        Ok(Self(members))
    }

    /// Returns whether there is a member of this name, be it null.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }
}

impl Members for Object<'_> {
    fn member(&self, name: &str) -> Option<Member<'_>> {
        match &self.0.iter().find(|(known, _)| known == name)?.1 {
            Read::Null => None,
            Read::Bool(value) => Some(Member::Bool(*value)),
            Read::Number(number) => Some(Member::Number(number)),
            Read::Text(text) => Some(Member::Text(text)),
            Read::Nested(value) => Member::of(value),
        }
    }
}

impl Members for Map<String, Value> {
    fn member(&self, name: &str) -> Option<Member<'_>> {
        self.get(name).and_then(Member::of)
    }
}

impl<'a> Member<'a> {
    /// `None` for null.
    #[must_use]
    pub fn of(value: &'a Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::Bool(value) => Some(Self::Bool(*value)),
            Value::Number(number) => Some(Self::Number(number)),
            Value::String(text) => Some(Self::Text(text)),
            Value::Array(items) => Some(Self::Array(items)),
            Value::Object(members) => Some(Self::Object(members)),
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub const fn as_str(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Debug for Object<'_> {
    /// Values may be personal data or secrets: names only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Reads the members of the outermost object.
struct WholeObject;

impl<'de> Visitor<'de> for WholeObject {
    type Value = Vec<(Cow<'de, str>, Read<'de>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object without duplicate members")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut read: Self::Value = Vec::with_capacity(USUAL_MEMBERS);
        while let Some(Borrowed(name)) = members.next_key()? {
            if read.len() < FEW_NAMES && read.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom("duplicate member"));
            }
            read.push((name, members.next_value_seed(Top)?));
        }
        if read.len() > FEW_NAMES && has_duplicates(&read) {
            return Err(A::Error::custom("duplicate member"));
        }
        Ok(read)
    }
}

fn has_duplicates(members: &[(Cow<'_, str>, Read<'_>)]) -> bool {
    let mut names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| matches!(pair, [a, b] if a == b))
}

/// A name, borrowed where it holds no escape.
struct Borrowed<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Borrowed<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl<'de> Visitor<'de> for Name {
            type Value = Borrowed<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Borrowed(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Borrowed(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(Name)
    }
}

/// The value of a member of the outermost object.
struct Top;

impl<'de> DeserializeSeed<'de> for Top {
    type Value = Read<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Read<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Top {
    type Value = Read<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate members")
    }

    fn visit_unit<E>(self) -> Result<Read<'de>, E> {
        Ok(Read::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Read<'de>, E> {
        Ok(Read::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Read<'de>, E> {
        Ok(Read::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Read<'de>, E> {
        Ok(Read::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Read<'de>, E> {
        let finite = Number::from_f64(value);
        finite.map(Read::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Read<'de>, E> {
        Ok(Read::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Read<'de>, E> {
        Ok(Read::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Read<'de>, A::Error> {
        Strict::IN_AN_OBJECT.visit_seq(items).map(Read::Nested)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Read<'de>, A::Error> {
        Strict::IN_AN_OBJECT.visit_map(members).map(Read::Nested)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::parse_object;
    use super::*;

    #[test]
    fn an_object_gives_its_members_and_null_is_none() {
        let text = br#" {"t":"x","e":"a\u0062","n":1.5,"b":true,"z":null,"a":[1],"o":{"x":1}} "#;
        let object = Object::parse(text).unwrap();
        assert_eq!(object.member("t"), Some(Member::Text("x")));
        assert_eq!(object.member("e"), Some(Member::Text("ab")));
        assert_eq!(object.member("b"), Some(Member::Bool(true)));
        assert!(matches!(object.member("n"), Some(Member::Number(n)) if n.as_f64() == Some(1.5)));
        assert!(matches!(object.member("a"), Some(Member::Array([_]))));
        assert!(matches!(object.member("o"), Some(Member::Object(o)) if o.len() == 1));
        assert_eq!(object.member("z"), None);
        assert_eq!(object.member("missing"), None);
    }

    /// Rows: JWT-11
    #[test]
    fn duplicate_members_are_refused_however_many_there_are() {
        for many in [2, FEW_NAMES, FEW_NAMES + 1, 5_000] {
            let names: Vec<String> = (0..many).map(|n| format!("\"m{n}\":{n}")).collect();
            let unique = format!("{{{}}}", names.join(","));
            assert!(Object::parse(unique.as_bytes()).is_ok(), "{many}");
            for again in ["\"m0\":1", "\"m\\u0031\":1"] {
                let twice = format!("{{{},{again}}}", names.join(","));
                assert!(Object::parse(twice.as_bytes()).is_err(), "{many} {again}");
            }
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            "[a-c\"\\\\\u{e9}\n]{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(20, 60, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec(("[a-c]{0,2}", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// What one reader takes the other takes, and both see the same.
        #[test]
        fn both_readers_agree(value in any_json(), cut in any::<prop::sample::Index>(), byte in any::<u8>(), hurt: bool) {
            let mut text = serde_json::to_vec(&value).unwrap();
            if hurt {
                let place = cut.index(text.len());
                text[place] = byte;
            }
            match (parse_object(&text), Object::parse(&text)) {
                (Ok(map), Ok(object)) => {
                    prop_assert_eq!(map.len(), object.0.len());
                    for name in map.keys() {
                        prop_assert_eq!(map.member(name), object.member(name));
                    }
                }
                (map, object) => prop_assert_eq!(map.is_err(), object.is_err()),
            }
        }
    }
}
