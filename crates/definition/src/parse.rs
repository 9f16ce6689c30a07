//! A text that may be an OpenAPI definition: bounded, JSON or YAML, of version 3 or older.

use std::borrow::Cow;

use phantom_core::json::Fault;
use phantom_core::json::Strict;
use phantom_core::room::with_room;
use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde_json::Map;
use serde_json::Value;
use thiserror::Error;

use super::lenient;
use super::references;
use super::servers;
use super::swagger2;

/// Longest text taken, in bytes.
pub const MAX_DEFINITION: usize = 1024 * 1024;
/// Deepest nesting of arrays and objects.
const MAX_DEPTH: usize = 64;
/// Most values, aliases resolved.
pub(super) const MAX_NODES: usize = 100_000;

/// An OpenAPI 3.0 or 3.1 document with title, version and paths; what was written in Swagger 2.0 is
/// converted. No path item refers to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition(Map<String, Value>);

#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidDefinition {
    #[error("the definition is empty")]
    Empty,
    #[error("the definition is longer than {MAX_DEFINITION} bytes")]
    TooLong,
    #[error("the definition is no text in UTF-8")]
    Encoding,
    #[error(
        "the definition is no object: it begins with `openapi:` or `swagger:`, or with a brace"
    )]
    NoObject,
    #[error("the definition holds the character U+0000")]
    Nul,
    #[error("the definition {}", told(*.0))]
    Unreadable(Fault),
    #[error("the definition {}: see line {line}, column {column}", told(*.fault))]
    UnreadableAt { fault: Fault, line: u64, column: u64 },
    #[error("the definition is nested too deeply or has too many values")]
    TooLarge,
    #[error("the member openapi has to be 3.0.x or 3.1.x, or swagger 2.0")]
    Version,
    #[error("the member {0} is missing or of the wrong type")]
    Member(&'static str),
    #[error("at {place}, {member} is not understood")]
    Extension { place: String, member: &'static str },
    #[error("at {place}, {reference:?} leads to nothing in this document, or in a circle")]
    Reference { place: String, reference: String },
}

impl Definition {
    /// Reads the text on a thread with room: what is nested deeply is refused, wherever it is read.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidDefinition> {
        with_room(|| Self::read(text)).unwrap_or(Err(InvalidDefinition::TooLarge))
    }

    fn read(text: &[u8]) -> Result<Self, InvalidDefinition> {
        if text.len() > MAX_DEFINITION {
            return Err(InvalidDefinition::TooLong);
        }
        let text = std::str::from_utf8(text).map_err(|_| InvalidDefinition::Encoding)?;
        let text = text.trim_start_matches('\u{feff}').trim_ascii();
        if text.is_empty() {
            return Err(InvalidDefinition::Empty);
        }
        let (mut value, text) = match json(text) {
            Ok(value) => (value, Cow::Borrowed(text)),
            // What begins so was meant as JSON: where that ends is what helps.
            Err(error) if text.starts_with('{') => yaml(text).map_err(|_| error)?,
            Err(_) => yaml(text)?,
        };
        name_as_written(&mut value, &text);
        Self::of(value)
    }

    pub fn of(value: Value) -> Result<Self, InvalidDefinition> {
        check_size(&value)?;
        let Value::Object(members) = value else { return Err(InvalidDefinition::NoObject) };
        let mut members = match members.get("swagger") {
            Some(version) if version == "2.0" => swagger2::converted(&members)?,
            Some(_) => return Err(InvalidDefinition::Version),
            None => members,
        };
        let version = members.get("openapi").and_then(Value::as_str).unwrap_or_default();
        if !["3.0", "3.1"].iter().any(|known| is_of(version, known)) {
            return Err(InvalidDefinition::Version);
        }
        references::inline_path_items(&mut members)?;
        let definition = Self(members);
        if definition.title().is_none_or(|title| title.trim().is_empty()) {
            return Err(InvalidDefinition::Member("info.title"));
        }
        if definition.version().is_none_or(|version| version.trim().is_empty()) {
            return Err(InvalidDefinition::Member("info.version"));
        }
        let paths = definition.0.get("paths").and_then(Value::as_object);
        let paths = paths.ok_or(InvalidDefinition::Member("paths"))?;
        if !paths.iter().all(|(name, item)| name.starts_with("x-") || item.is_object()) {
            return Err(InvalidDefinition::Member("paths"));
        }
        Ok(definition)
    }

    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.0.get("info")?.get("title")?.as_str()
    }

    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.0.get("info")?.get("version")?.as_str()
    }

    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.0.get("info")?.get("description")?.as_str()
    }

    /// The version of OpenAPI.
    #[must_use]
    pub fn openapi(&self) -> &str {
        self.0.get("openapi").and_then(Value::as_str).unwrap_or_default()
    }

    /// Absolute URLs of its servers, with the usual values of their variables.
    #[must_use]
    pub fn servers(&self) -> Vec<String> {
        servers::urls(&self.0)
    }

    /// Whether a server that it names is a path alone, to be taken with the host that the document came from.
    #[must_use]
    pub fn has_relative_server(&self) -> bool {
        let servers = self.0.get("servers").and_then(Value::as_array).into_iter().flatten();
        let mut urls = servers.filter_map(|server| server.get("url").and_then(Value::as_str));
        urls.any(|url| url.starts_with('/'))
    }

    /// Whether it names a path, whatever can be called there.
    #[must_use]
    pub fn has_paths(&self) -> bool {
        let paths = self.0.get("paths").and_then(Value::as_object);
        paths.is_some_and(|paths| paths.keys().any(|path| !path.starts_with("x-")))
    }

    #[must_use]
    pub const fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    #[must_use]
    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

fn is_of(version: &str, known: &str) -> bool {
    let patch = version.strip_prefix(known);
    patch.is_some_and(|patch| patch.is_empty() || patch.starts_with('.'))
}

fn json(text: &str) -> Result<Value, InvalidDefinition> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict::new(2 * MAX_DEPTH).deserialize(&mut deserializer);
    let value = value.and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| unreadable(Fault::of(&error), error.line() as u64, error.column() as u64))
}

/// Line and column count from 1; 0 is none.
const fn unreadable(fault: Fault, line: u64, column: u64) -> InvalidDefinition {
    match line {
        0 => InvalidDefinition::Unreadable(fault),
        _ => InvalidDefinition::UnreadableAt { fault, line, column },
    }
}

const fn told(fault: Fault) -> &'static str {
    match fault {
        Fault::Syntax => "is neither JSON nor YAML",
        Fault::Duplicate => "has a member twice",
        Fault::TooDeep => "is nested too deeply or has too many values",
    }
}

fn fault_of(error: &serde_saphyr::Error) -> Fault {
    use serde_saphyr::Error as E;
    match error {
        E::WithSnippet { error, .. } | E::AliasError { error, .. } => fault_of(error),
        E::Budget { .. }
        | E::AliasReplayCounterOverflow { .. }
        | E::AliasReplayLimitExceeded { .. }
        | E::AliasExpansionLimitExceeded { .. }
        | E::AliasReplayStackDepthExceeded { .. } => Fault::TooDeep,
        E::DuplicateMappingKey { .. } => Fault::Duplicate,
        error => Fault::of(error),
    }
}

/// As YAML 1.2 means it: `yes` is a text, `012` as well. Gives the text as it was read, too: see
/// [`lenient`].
fn yaml(text: &str) -> Result<(Value, Cow<'_, str>), InvalidDefinition> {
    let read = |text: &str| {
        let read = |deserializer: serde_saphyr::Deserializer<'_, '_>| {
            Strict::new(2 * MAX_DEPTH).deserialize(deserializer)
        };
        serde_saphyr::with_deserializer_from_str_with_options(text, bounds(), read)
    };
    let error = match read(text) {
        Ok(value) => return Ok((value, Cow::Borrowed(text))),
        Err(error) => error,
    };
    let invalid = |error: serde_saphyr::Error| {
        let fault = fault_of(&error);
        let at = error.location();
        at.map_or(InvalidDefinition::Unreadable(fault), |at| {
            unreadable(fault, at.line(), at.column())
        })
    };
    let line = error.location().map(|at| at.line());
    match (line, lenient::moved(text)) {
        // Lines stay where they are.
        (Some(line), Some((moved, lines))) if lines.binary_search(&line).is_ok() => {
            let value = read(&moved).map_err(invalid)?;
            Ok((value, Cow::Owned(moved)))
        }
        // It is another fault.
        _ => Err(invalid(error)),
    }
}

fn bounds() -> serde_saphyr::Options {
    let budget = serde_saphyr::budget! {
        max_depth: MAX_DEPTH,
        max_nodes: MAX_NODES,
        max_documents: 1,
        max_aliases: 1000,
        max_anchors: 1000,
    };
    let alias_limits = serde_saphyr::alias_limits! { max_total_replayed_events: MAX_NODES };
    serde_saphyr::options! {
        budget: budget,
        alias_limits: alias_limits,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
    }
}

/// `version: 1.10` and `swagger: 2.0` without quotation marks are numbers, of which the last zero is
/// lost: what they are called is what was written.
fn name_as_written(value: &mut Value, text: &str) {
    #[derive(Deserialize)]
    struct Written {
        openapi: Option<String>,
        swagger: Option<String>,
        info: Option<Info>,
    }
    #[derive(Deserialize)]
    struct Info {
        title: Option<String>,
        version: Option<String>,
    }
    let is_other = |value: Option<&Value>| value.is_some_and(|v| v.is_number() || v.is_boolean());
    let info = value.get("info");
    let odd = [
        value.get("openapi"),
        value.get("swagger"),
        info.and_then(|info| info.get("title")),
        info.and_then(|info| info.get("version")),
    ];
    if !odd.into_iter().any(is_other) {
        return;
    }
    // JSON is YAML, as far as these go.
    let written = serde_saphyr::from_str_with_options::<Written>(text, bounds());
    let Ok(Written { openapi, swagger, info }) = written else { return };
    let (title, version) = info.map_or((None, None), |info| (info.title, info.version));
    for (pointer, written) in [
        ("/openapi", openapi),
        ("/swagger", swagger),
        ("/info/title", title),
        ("/info/version", version),
    ] {
        if let (Some(place), Some(written)) = (value.pointer_mut(pointer), written)
            && is_other(Some(place))
        {
            *place = Value::String(written);
        }
    }
}

/// No database of ours keeps NUL.
fn check_size(value: &Value) -> Result<(), InvalidDefinition> {
    let mut nodes = 0_usize;
    let mut open = vec![(value, 1_usize)];
    while let Some((value, depth)) = open.pop() {
        nodes += 1;
        if depth > MAX_DEPTH || nodes > MAX_NODES {
            return Err(InvalidDefinition::TooLarge);
        }
        match value {
            Value::String(text) if text.contains('\0') => {
                return Err(InvalidDefinition::Nul);
            }
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(members) => {
                if members.keys().any(|name| name.contains('\0')) {
                    return Err(InvalidDefinition::Nul);
                }
                open.extend(members.values().map(|member| (member, depth + 1)));
            }
            _ => {}
        }
    }
    Ok(())
}
