//! A table of the file, read key by key: types are checked here, and what nobody asked for is an
//! unknown key. Problems are noted and reading goes on, so that all of them are found.

use std::time::Duration;

use toml::Spanned;
use toml::de::DeArray;
use toml::de::DeTable;
use toml::de::DeValue;

use crate::duration;
use crate::place::At;
use crate::place::Place;
use crate::problem::Problems;
use crate::problem::UNKNOWN_KEY;
use crate::suggest;

/// One table, and which of its keys have been asked for.
#[derive(Debug)]
pub(crate) struct Section<'d> {
    table: &'d DeTable<'d>,
    place: Place,
    asked: Vec<&'static str>,
    problems: &'d Problems,
}

/// A type that a value of the file can be.
pub(crate) trait Read: Sized {
    const EXPECTED: &'static str;

    fn read(value: &DeValue<'_>) -> Result<Self, Wrong>;
}

/// What is wrong with a value.
#[derive(Debug)]
pub(crate) enum Wrong {
    /// It is of another kind. With a hint, empty where there is nothing to add.
    Kind(String),
    /// It has a unit that means time or size, as the key's name says, where a number is wanted.
    Amount { seconds: u64, bytes: u64 },
    /// It is of the right kind and no value: what it is instead, and what would be right.
    Value(String, String),
}

impl<'d> Section<'d> {
    pub(crate) fn root(table: &'d Spanned<DeTable<'d>>, problems: &'d Problems) -> Self {
        let place = Place::default();
        Self { table: table.get_ref(), place, asked: Vec::new(), problems }
    }

    /// The keys asked for that are there, and where.
    pub(crate) fn places(&self) -> Vec<(&'static str, Place)> {
        self.asked
            .iter()
            .filter_map(|key| {
                let span = self.table.get(*key)?.span().into();
                Some((*key, Place { span, key: self.place.path_of(key) }))
            })
            .collect()
    }

    /// Where the table stands.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn problems(&self) -> &'d Problems {
        self.problems
    }

    /// The value of a key. `None`: absent, or of the wrong type, which is noted.
    pub(crate) fn take<T: Read>(&mut self, key: &'static str) -> Option<At<T>> {
        let (value, place) = self.look_up(key)?;
        self.read(value, place)
    }

    /// The same, with what would be right said by an example where the type is wrong.
    pub(crate) fn take_like<T: Read>(&mut self, key: &'static str, like: &str) -> Option<At<T>> {
        let (value, place) = self.look_up(key)?;
        match T::read(value) {
            Err(Wrong::Kind(_) | Wrong::Amount { .. }) => {
                self.mismatch(&place, T::EXPECTED, value, format!("write {like}"));
                None
            }
            _ => self.read(value, place),
        }
    }

    /// A list of strings.
    pub(crate) fn list(&mut self, key: &'static str) -> Option<At<Vec<At<String>>>> {
        let (value, place) = self.look_up(key)?;
        match value {
            DeValue::Array(items) => Some(self.strings(items, place)),
            other => {
                let hint = match other {
                    DeValue::String(text) => format!("write {:?}", parts(text)),
                    other => {
                        in_quotes(other).map(|text| format!("write [{text}]")).unwrap_or_default()
                    }
                };
                self.mismatch(&place, "a list of strings", other, hint);
                None
            }
        }
    }

    /// A string, or a list of strings.
    pub(crate) fn one_or_many(&mut self, key: &'static str) -> Option<At<Vec<At<String>>>> {
        let (value, place) = self.look_up(key)?;
        match value {
            DeValue::String(text) => {
                let one = At { value: text.to_string(), place: place.clone() };
                Some(At { value: vec![one], place })
            }
            DeValue::Array(items) => Some(self.strings(items, place)),
            other => {
                self.mismatch(&place, "a string or a list of strings", other, String::new());
                None
            }
        }
    }

    /// A list of values of any plain type.
    pub(crate) fn values(&mut self, key: &'static str) -> Option<At<Vec<serde_json::Value>>> {
        let (value, place) = self.look_up(key)?;
        let DeValue::Array(items) = value else {
            let hint = match value {
                DeValue::String(text) => format!("write {:?}", parts(text)),
                DeValue::Integer(number) => format!("write [{}]", number.as_str()),
                _ => String::new(),
            };
            self.mismatch(&place, "a list", value, hint);
            return None;
        };
        let value = items
            .iter()
            .filter_map(|item| Some(self.read(item.get_ref(), item_place(&place, item))?.value))
            .collect();
        Some(At { value, place })
    }

    /// A table under a key.
    pub(crate) fn section(&mut self, key: &'static str) -> Option<Self> {
        let (value, place) = self.look_up(key)?;
        self.subsection(value, place, "a table")
    }

    /// `[[key]]` tables, or a list of inline tables.
    pub(crate) fn sections(&mut self, key: &'static str) -> Vec<Self> {
        let Some((value, place)) = self.look_up(key) else { return Vec::new() };
        let DeValue::Array(items) = value else {
            let hint = match self.place.header() {
                None => format!("write [[{key}]]"),
                Some(table) => format!("write {key} = [{{ … }}], or [[{table}.{key}]] below"),
            };
            self.mismatch(&place, "a list of tables", value, hint);
            return Vec::new();
        };
        items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| {
                let mut place = item_place(&place, item);
                place.key = format!("{}[{index}]", place.key).into();
                self.subsection(item.get_ref(), place, "a table")
            })
            .collect()
    }

    /// What a key holds, whatever it is: for keys of several types.
    pub(crate) fn raw(&mut self, key: &'static str) -> Option<(&'d DeValue<'d>, Place)> {
        self.look_up(key)
    }

    pub(crate) fn read<T: Read>(&self, value: &DeValue<'_>, place: Place) -> Option<At<T>> {
        match T::read(value) {
            Ok(value) => Some(At { value, place }),
            Err(Wrong::Kind(hint)) => {
                let hint = match value {
                    // Lists have no place in a single text; parts of a scope have blanks between.
                    DeValue::Array(items) if hint.is_empty() => joined(items, &place),
                    _ => hint,
                };
                self.mismatch(&place, T::EXPECTED, value, hint);
                None
            }
            Err(Wrong::Amount { seconds, bytes }) => {
                let hint = match &*place.key {
                    key if key.ends_with("_seconds") => format!("write {seconds}: seconds"),
                    key if key.ends_with("_bytes") => format!("write {bytes}: sizes are in bytes"),
                    _ => String::new(),
                };
                self.mismatch(&place, T::EXPECTED, value, hint);
                None
            }
            Err(Wrong::Value(message, hint)) => {
                self.problems.error(&place, message, hint);
                None
            }
        }
    }

    pub(crate) fn subsection(
        &self,
        value: &'d DeValue<'d>,
        place: Place,
        expected: &str,
    ) -> Option<Self> {
        match value {
            DeValue::Table(table) => {
                Some(Self { table, place, asked: Vec::new(), problems: self.problems })
            }
            other => {
                let hint = match place.header() {
                    Some(_) if place.key.contains('[') => {
                        "write it as { name = value, … }".to_owned()
                    }
                    _ => format!("write [{}] above what belongs to it", place.key),
                };
                self.mismatch(&place, expected, other, hint);
                None
            }
        }
    }

    /// Notes every key that was never asked for.
    pub(crate) fn finish(self) {
        for key in self.table.keys() {
            if self.asked.contains(&&**key.get_ref()) {
                continue;
            }
            let place = Place { span: key.span().into(), key: self.place.path_of(key.get_ref()) };
            let hint = match suggest::nearest(key.get_ref(), &self.asked) {
                Some(known) => {
                    // It is meant, and not missing as well.
                    if !self.table.contains_key(known) {
                        self.problems.tell_of(self.place.path_of(known));
                    }
                    format!("did you mean `{known}`?")
                }
                None => format!("known here: {}", self.asked.join(", ")),
            };
            self.problems.error(&place, UNKNOWN_KEY, hint);
        }
    }

    fn look_up(&mut self, key: &'static str) -> Option<(&'d DeValue<'d>, Place)> {
        self.asked.push(key);
        let value = self.table.get(key)?;
        let place = Place { span: value.span().into(), key: self.place.path_of(key) };
        Some((value.get_ref(), place))
    }

    fn strings(&self, items: &DeArray<'_>, place: Place) -> At<Vec<At<String>>> {
        let value = items
            .iter()
            .filter_map(|item| self.read(item.get_ref(), item_place(&place, item)))
            .collect();
        At { value, place }
    }

    fn mismatch(&self, place: &Place, expected: &str, found: &DeValue<'_>, hint: String) {
        let message = format!("has to be {expected}, not {}", kind(found));
        self.problems.error(place, message, hint);
    }
}

fn item_place(list: &Place, item: &Spanned<DeValue<'_>>) -> Place {
    Place { span: item.span().into(), key: list.key.clone() }
}

const fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::Array(_) => "a list",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Integer(_) => "a number",
        DeValue::String(_) => "a string",
        DeValue::Table(_) => "a table",
    }
}

/// The words of a text that was meant as a list.
fn parts(text: &str) -> Vec<&str> {
    match text.contains([',', ';']) {
        true => text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()).collect(),
        false => vec![text],
    }
}

/// What a list says in one text, where that is what a text of its kind does.
fn joined(items: &DeArray<'_>, place: &Place) -> String {
    let texts: Option<Vec<&str>> = items.iter().map(|item| item.get_ref().as_str()).collect();
    match texts {
        Some(texts) if place.key.ends_with(".scope") || place.key.ends_with(".scope_any") => {
            format!("write {:?}: spaces part scopes", texts.join(" "))
        }
        Some(texts) if texts.len() == 1 => format!("write {:?}", texts.concat()),
        _ => String::new(),
    }
}

/// A plain value as a text.
fn in_quotes(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::Integer(number) => Some(format!("\"{}\"", number.as_str())),
        DeValue::Float(number) => Some(format!("\"{}\"", number.as_str())),
        DeValue::Boolean(value) => Some(format!("\"{value}\"")),
        _ => None,
    }
}

/// The bytes of a size as people write it, as `10MB` or `64 KiB`.
fn size(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let unit = unit.trim().to_ascii_lowercase();
    let factor: u64 = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" if !unit.is_empty() => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// How a number that was written with a unit is written without.
fn without_unit(text: &str) -> Wrong {
    if text.parse::<u64>().is_ok() {
        return Wrong::Kind(format!("write {text} without quotes"));
    }
    Wrong::Kind(match (duration::parse(text).map(|duration| duration.as_secs()), size(text)) {
        // An m is a minute or a mebibyte.
        (Some(seconds), Some(bytes)) => return Wrong::Amount { seconds, bytes },
        (Some(seconds), None) => format!("write {seconds}: the unit is in the name"),
        (None, Some(_)) if text.ends_with('k') => {
            format!("write {}000: numbers have no unit", text.trim_end_matches('k').trim_end())
        }
        (None, Some(bytes)) => format!("write {bytes}: sizes are in bytes"),
        (None, None) => String::new(),
    })
}

impl Read for String {
    const EXPECTED: &'static str = "a string";

    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let hint = || in_quotes(value).map(|text| format!("write {text}")).unwrap_or_default();
        value.as_str().map(str::to_owned).ok_or_else(|| Wrong::Kind(hint()))
    }
}

impl Read for bool {
    const EXPECTED: &'static str = "true or false";

    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        match value {
            DeValue::Boolean(value) => Ok(*value),
            DeValue::String(text) if matches!(&**text, "true" | "false") => {
                Err(Wrong::Kind(format!("write {text} without quotes")))
            }
            _ => Err(Wrong::Kind("write true or false".to_owned())),
        }
    }
}

impl Read for u64 {
    const EXPECTED: &'static str = "a whole number";

    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        match value {
            DeValue::Integer(number) => {
                let text = number.as_str();
                Self::from_str_radix(text, number.radix()).map_err(|_| {
                    let message = match text.starts_with('-') {
                        true => format!("{text} is negative"),
                        false => format!("{text} is larger than 64 bits"),
                    };
                    Wrong::Value(message, "a whole number, from 0 on".to_owned())
                })
            }
            DeValue::String(text) => Err(without_unit(text)),
            _ => Err(Wrong::Kind(String::new())),
        }
    }
}

impl Read for Duration {
    const EXPECTED: &'static str = "a duration with a unit";

    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        match value {
            DeValue::String(text) => duration::parse(text).ok_or_else(|| {
                let hint = "write a whole number and ms, s, m or h, as \"2500ms\"";
                Wrong::Value(format!("{text:?} is no duration"), hint.to_owned())
            }),
            DeValue::Integer(number) => Err(Wrong::Kind(format!(
                "write \"{0}s\" for seconds or \"{0}ms\"",
                number.as_str().trim_start_matches('-')
            ))),
            _ => {
                Err(Wrong::Kind("write a whole number and ms, s, m or h, as \"2500ms\"".to_owned()))
            }
        }
    }
}

impl Read for serde_json::Value {
    const EXPECTED: &'static str = "a string, a number or a boolean";

    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        match value {
            DeValue::String(text) => Ok(text.to_string().into()),
            DeValue::Boolean(value) => Ok((*value).into()),
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).map(Self::from).map_err(|_| {
                    let message = format!("{} is larger than 64 bits", number.as_str());
                    Wrong::Value(message, String::new())
                })
            }
            DeValue::Float(number) => number
                .as_str()
                .parse()
                .ok()
                .and_then(serde_json::Number::from_f64)
                .map(Self::Number)
                .ok_or_else(|| {
                    let message = format!("{} is no number of JSON", number.as_str());
                    Wrong::Value(message, String::new())
                }),
            _ => Err(Wrong::Kind(String::new())),
        }
    }
}
