//! The file: a header, then a section for each kind.

use phantom_core::UnixTime;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value as Json;

use super::entry::Entry;
use super::error::BackupError;
use super::error::Mistakes;
use super::error::Place;
use super::key::BackupKey;
use super::members;
use super::rows::Rows;
use super::rows::Sections;
use super::sealed::Sealed;
use super::text::parse_time;
use super::text::shown;
use super::text::time_text;
use super::yaml;

/// Grows when a program that knows the last one could not restore what is written.
const FORMAT: u64 = 1;

pub(crate) fn write(rows: &Rows, key: &BackupKey, now: UnixTime) -> Result<String, BackupError> {
    let product = concat!("phantom ", env!("CARGO_PKG_VERSION"));
    let created_at = time_text(now);
    yaml::write(&File { phantom_backup: FORMAT, created_at, product, key: key.id(), rows })
}

#[derive(Serialize)]
struct File<'a> {
    phantom_backup: u64,
    created_at: String,
    product: &'static str,
    /// Which key it is, not the key.
    key: &'a str,
    #[serde(flatten)]
    rows: &'a Rows,
}

/// The rows, and what nobody asked for beside them: an error too, but one that hides no other.
pub(crate) fn read(text: &str, key: &BackupKey) -> Result<(Rows, Mistakes), BackupError> {
    let Json::Object(mut file) = yaml::read(text)? else { return Err(BackupError::NotABackup) };
    let mut problems = Mistakes::default();
    header(&mut file, key, &mut problems)?;
    let mut sections = Unread { file, key, problems, strays: Mistakes::default() };
    let rows = Rows::read(&mut sections);
    let Unread { file, problems, mut strays, .. } = sections;
    for name in file.keys() {
        strays.note(Place::File, format!("unknown member `{}`", shown(name)));
    }
    if problems.list().is_empty() {
        return Ok((rows, strays));
    }
    Err(BackupError::Invalid(problems.and(strays)))
}

fn header(
    file: &mut Map<String, Json>,
    key: &BackupKey,
    problems: &mut Mistakes,
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
struct Unread<'a> {
    file: Map<String, Json>,
    key: &'a BackupKey,
    problems: Mistakes,
    /// Members that nobody asked for. The entries are whole without them.
    strays: Mistakes,
}

impl Sections for Unread<'_> {
    /// A section that is not there has no entries.
    fn read<E: Entry>(&mut self) -> Vec<Sealed<E>> {
        let entries = match self.file.remove(E::KIND.section()) {
            None => return Vec::new(),
            Some(Json::Array(entries)) => entries,
            Some(_) => {
                self.problems.note(Place::Section(E::KIND), "is a list");
                return Vec::new();
            }
        };
        let mut rows = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let Json::Object(given) = entry else {
                self.problems.note(Place::Entry(E::KIND, index), "is a mapping");
                continue;
            };
            let read = members::read::<E>(index, given, &mut self.problems, &mut self.strays);
            if let Some(Err(member)) = read.as_ref().map(|row| row.open(self.key)) {
                self.problems.note(Place::Member(E::KIND, index, member), UNSEALED);
            }
            rows.extend(read);
        }
        rows
    }
}

const UNSEALED: &str =
    "is not as it was sealed for this entry: it was changed, or taken from another";
