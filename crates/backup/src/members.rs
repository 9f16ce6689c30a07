//! The members of one entry of a file, each taken once. What is wrong is noted and read on, so that
//! all of it is told at once.

use std::collections::BTreeMap;

use phantom_core::UnixTime;
use secrecy::SecretString;
use serde_json::Map;
use serde_json::Value as Json;
use uuid::Uuid;

use super::error::Place;
use super::error::Problems;
use super::key::BackupKey;
use super::key::Slot;
use super::kind::Kind;
use super::record::parse_time;
use super::record::shown;

/// What the store takes of one value.
const LONGEST_TEXT: usize = 16 << 20;

/// What can have a name or an id of its own.
const LONGEST_NAME: usize = 4096;

pub(super) struct Members<'a> {
    pub(super) kind: Kind,
    pub(super) index: usize,
    pub(super) given: Map<String, Json>,
    pub(super) key: &'a BackupKey,
    pub(super) problems: &'a mut Problems,
}

impl Members<'_> {
    pub(super) fn wrong(&mut self, name: &'static str, message: impl Into<String>) {
        self.problems.note(Place::Member(self.kind, self.index, name), message);
    }

    pub(super) fn text(&mut self, name: &'static str) -> Option<String> {
        let value = self.required(name)?;
        self.as_text(name, value)
    }

    pub(super) fn optional_text(&mut self, name: &'static str) -> Option<String> {
        let value = self.given.remove(name)?;
        self.as_text(name, value)
    }

    /// A text that is not empty.
    pub(super) fn name(&mut self, name: &'static str) -> Option<String> {
        let text = self.text(name)?;
        if (1..=LONGEST_NAME).contains(&text.len()) {
            return Some(text);
        }
        self.wrong(name, format!("has 1 to {LONGEST_NAME} bytes"));
        None
    }

    pub(super) fn texts(&mut self, name: &'static str) -> Option<Vec<String>> {
        let list = match self.required(name)? {
            Json::Array(list) => list,
            _ => {
                self.wrong(name, "is a list of texts");
                return None;
            }
        };
        list.into_iter().map(|value| self.as_text(name, value)).collect()
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Option<bool> {
        let flag = self.required(name)?.as_bool();
        self.or_wrong(flag, name, "is true or false")
    }

    /// A whole number from 1 to what the databases count to.
    pub(super) fn number(&mut self, name: &'static str) -> Option<u64> {
        const LARGEST: u64 = i64::MAX.unsigned_abs();
        let number = self.required(name)?.as_u64().filter(|it| (1..=LARGEST).contains(it));
        self.or_wrong(number, name, "is a whole number from 1 on")
    }

    pub(super) fn id(&mut self, name: &'static str) -> Option<Uuid> {
        let value = self.required(name)?;
        let id = value.as_str().and_then(|text| Uuid::try_parse(text).ok());
        self.or_wrong(id, name, "is a UUID")
    }

    pub(super) fn time(&mut self, name: &'static str) -> Option<UnixTime> {
        let value = self.required(name)?;
        let time = value.as_str().and_then(parse_time);
        self.or_wrong(time, name, "is a time as 2026-01-31T12:00:00Z")
    }

    pub(super) fn one_of<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.required(name)?;
        let known = value.as_str().and_then(parse);
        self.or_wrong(known, name, "is a name that there is not")
    }

    pub(super) fn document(&mut self, name: &'static str) -> Option<Json> {
        let value = self.required(name)?;
        if !value.is_object() {
            self.wrong(name, "is a mapping");
            return None;
        }
        if value.to_string().len() > LONGEST_TEXT {
            self.wrong(name, "is longer than 16 MiB");
            return None;
        }
        Some(value)
    }

    /// Sealed for this entry, which has to be known.
    pub(super) fn secret(&mut self, name: &'static str, id: Option<&str>) -> Option<SecretString> {
        let value = self.required(name)?;
        self.opened(name, name, id?, &value)
    }

    pub(super) fn optional_secret(
        &mut self,
        name: &'static str,
        id: Option<&str>,
    ) -> Option<SecretString> {
        let value = self.given.remove(name)?;
        self.opened(name, name, id?, &value)
    }

    pub(super) fn secrets(
        &mut self,
        name: &'static str,
        id: Option<Uuid>,
    ) -> Option<BTreeMap<String, SecretString>> {
        let Json::Object(given) = self.required(name)? else {
            self.wrong(name, "is a mapping of sealed secrets");
            return None;
        };
        let id = id?.to_string();
        let mut opened = BTreeMap::new();
        for (each, value) in given {
            let secret = self.opened(name, &format!("{name}.{each}"), &id, &value)?;
            opened.insert(each, secret);
        }
        Some(opened)
    }

    /// What nobody asked for is refused.
    pub(super) fn end(mut self) {
        for name in std::mem::take(&mut self.given).keys() {
            let message = format!("unknown member `{}`", shown(name));
            self.problems.note(Place::Entry(self.kind, self.index), message);
        }
    }

    fn required(&mut self, name: &'static str) -> Option<Json> {
        let value = self.given.remove(name);
        self.or_wrong(value, name, "is missing")
    }

    fn as_text(&mut self, name: &'static str, value: Json) -> Option<String> {
        let wrong = match value {
            Json::String(text) if text.contains('\0') => "holds a NUL character",
            Json::String(text) if text.len() > LONGEST_TEXT => "is longer than 16 MiB",
            Json::String(text) => return Some(text),
            _ => "is a text: put it in quotes",
        };
        self.wrong(name, wrong);
        None
    }

    fn opened(
        &mut self,
        name: &'static str,
        field: &str,
        id: &str,
        value: &Json,
    ) -> Option<SecretString> {
        let slot = Slot { kind: self.kind, id, field };
        let opened = value.as_str().and_then(|sealed| self.key.open(slot, sealed));
        let wrong = "is not as it was sealed for this entry: it was changed, or taken from another";
        self.or_wrong(opened, name, wrong)
    }

    fn or_wrong<T>(&mut self, value: Option<T>, name: &'static str, message: &str) -> Option<T> {
        if value.is_none() {
            self.wrong(name, message);
        }
        value
    }
}
