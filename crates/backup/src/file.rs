//! The file: a header, then a section for each kind.

use std::collections::BTreeMap;

use phantom_core::UnixTime;
use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;
use serde_json::Map;
use serde_json::Value as Json;
use uuid::Uuid;

use super::entry::Entry;
use super::error::BackupError;
use super::error::Place;
use super::error::Problems;
use super::key::BackupKey;
use super::key::Slot;
use super::kind::Kind;
use super::members::Members;
use super::record::Field;
use super::record::parse_time;
use super::record::shown;
use super::record::time_text;
use super::rows::Rows;
use super::rows::Visitor;
use super::yaml;

/// Grows when a program that knows the last one could not restore what is written.
const FORMAT: u64 = 1;

pub(super) fn write(rows: &Rows, key: &BackupKey, now: UnixTime) -> Result<String, BackupError> {
    let mut sections = Written { key, sections: Vec::new(), unsealed: false };
    rows.visit(rows, &mut sections);
    if sections.unsealed {
        return Err(BackupError::Unfaithful { source: None });
    }
    yaml::write(&File { created_at: time_text(now), key: key.id(), sections: &sections.sections })
}

pub(super) fn read(text: &str, key: &BackupKey) -> Result<Rows, BackupError> {
    let Json::Object(mut file) = yaml::read(text)? else { return Err(BackupError::NotABackup) };
    let mut problems = Problems::default();
    header(&mut file, key, &mut problems)?;
    let mut sections = Sections { file, key, problems };
    let rows = Rows::read(&mut sections);
    let Sections { file, mut problems, .. } = sections;
    for name in file.keys() {
        problems.note(Place::File, format!("unknown member `{}`", shown(name)));
    }
    problems.none_or_err()?;
    Ok(rows)
}

fn header(
    file: &mut Map<String, Json>,
    key: &BackupKey,
    problems: &mut Problems,
) -> Result<(), BackupError> {
    let format = file.remove("phantom_backup").and_then(|format| format.as_u64());
    let found = format.ok_or(BackupError::NotABackup)?;
    if found != FORMAT {
        return Err(BackupError::Format { found, known: FORMAT });
    }
    let created_at = file.remove("created_at");
    if created_at.is_none_or(|time| time.as_str().and_then(parse_time).is_none()) {
        problems.note(Place::File, "has no `created_at` that is a time");
    }
    if !file.remove("product").is_some_and(|product| product.is_string()) {
        problems.note(Place::File, "has no `product` that is a text");
    }
    match file.remove("key") {
        Some(Json::String(theirs)) if theirs == key.id() => Ok(()),
        Some(Json::String(theirs)) => {
            Err(BackupError::WrongKey { theirs: shown(&theirs), ours: key.id().to_owned() })
        }
        _ => {
            problems.note(Place::File, "has no `key` that is a text");
            Ok(())
        }
    }
}

/// What of the file has not been read yet.
pub(super) struct Sections<'a> {
    file: Map<String, Json>,
    key: &'a BackupKey,
    problems: Problems,
}

impl Sections<'_> {
    /// A section that is not there has no entries.
    pub(super) fn read<E: Entry>(&mut self) -> Vec<E> {
        let entries = match self.file.remove(E::KIND.section()) {
            None => return Vec::new(),
            Some(Json::Array(entries)) => entries,
            Some(_) => {
                self.problems.note(Place::Section(E::KIND), "is a list");
                return Vec::new();
            }
        };
        let mut rows = Vec::new();
        for (index, entry) in entries.into_iter().enumerate() {
            let Json::Object(given) = entry else {
                self.problems.note(Place::Entry(E::KIND, index), "is a mapping");
                continue;
            };
            let (key, problems) = (self.key, &mut self.problems);
            let mut members = Members { kind: E::KIND, index, given, key, problems };
            rows.extend(E::read(&mut members));
            members.end();
        }
        rows
    }
}

struct File<'a> {
    created_at: String,
    key: &'a str,
    sections: &'a [(Kind, Vec<SealedEntry<'a>>)],
}

/// An entry, sealed.
struct SealedEntry<'a>(Vec<(&'static str, Member<'a>)>);

enum Member<'a> {
    Plain(Field<'a>),
    Sealed(String),
    AllSealed(BTreeMap<&'a str, String>),
}

struct Written<'a> {
    key: &'a BackupKey,
    sections: Vec<(Kind, Vec<SealedEntry<'a>>)>,
    unsealed: bool,
}

impl<'a> Visitor<'a> for Written<'a> {
    fn section<E: Entry>(&mut self, rows: &'a [E], _: &'a [E]) {
        let entries = rows.iter().map(|row| self.entry(row)).collect();
        self.sections.push((E::KIND, entries));
    }
}

impl<'a> Written<'a> {
    fn entry<E: Entry>(&mut self, row: &'a E) -> SealedEntry<'a> {
        let id = row.id();
        let mut seal = |field: &str, secret: &str| {
            let sealed = self.key.seal(Slot { kind: E::KIND, id: &id, field }, secret);
            self.unsealed |= sealed.is_none();
            sealed.unwrap_or_default()
        };
        let record = row.record().into_iter();
        SealedEntry(record.map(|(name, field)| (name, sealed(name, field, &mut seal))).collect())
    }
}

fn sealed<'a>(
    name: &str,
    field: Field<'a>,
    seal: &mut impl FnMut(&str, &str) -> String,
) -> Member<'a> {
    match field {
        Field::Secret(secret) => Member::Sealed(seal(name, secret)),
        Field::Secrets(secrets) => {
            let each = secrets.into_iter();
            Member::AllSealed(
                each.map(|(of, secret)| (of, seal(&format!("{name}.{of}"), secret))).collect(),
            )
        }
        plain => Member::Plain(plain),
    }
}

impl Serialize for File<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4 + self.sections.len()))?;
        map.serialize_entry("phantom_backup", &FORMAT)?;
        map.serialize_entry("created_at", &self.created_at)?;
        map.serialize_entry("product", concat!("phantom ", env!("CARGO_PKG_VERSION")))?;
        map.serialize_entry("key", self.key)?;
        for (kind, entries) in self.sections {
            map.serialize_entry(kind.section(), entries)?;
        }
        map.end()
    }
}

impl Serialize for SealedEntry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, member) in &self.0 {
            map.serialize_entry(name, member)?;
        }
        map.end()
    }
}

impl Serialize for Member<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Sealed(text) => text.serialize(serializer),
            Self::AllSealed(texts) => texts.serialize(serializer),
            Self::Plain(field) => plain(field, serializer),
        }
    }
}

fn plain<S: Serializer>(field: &Field<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    match field {
        Field::Text(text) => serializer.serialize_str(text),
        Field::Texts(texts) => texts.serialize(serializer),
        Field::Flag(flag) => serializer.serialize_bool(*flag),
        Field::Number(number) => serializer.serialize_u64(*number),
        Field::Id(id) => serializer.serialize_str(Uuid::to_string(id).as_str()),
        Field::Time(time) | Field::History(time) => serializer.serialize_str(&time_text(*time)),
        Field::Document(document) => document.serialize(serializer),
        // Sealed before; in clear they are never written.
        Field::Secret(_) | Field::Secrets(_) => {
            Err(serde::ser::Error::custom("a secret that is not sealed"))
        }
    }
}
