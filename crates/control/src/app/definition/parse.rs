//! A text that may be an OpenAPI definition: bounded, JSON or YAML.

use serde_json::Map;
use serde_json::Value;
use thiserror::Error;

/// Longest text taken, in bytes.
pub const MAX_DEFINITION: usize = 1024 * 1024;
/// Deepest nesting of arrays and objects.
const MAX_DEPTH: usize = 64;
/// Most values, aliases resolved.
const MAX_NODES: usize = 100_000;

/// An OpenAPI 3.0 or 3.1 document with title, version and paths.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition(Map<String, Value>);

#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidDefinition {
    #[error("the definition is empty")]
    Empty,
    #[error("the definition is longer than {MAX_DEFINITION} bytes")]
    TooLong,
    #[error("the definition is neither JSON nor YAML")]
    Unreadable,
    #[error("the definition is nested too deeply or has too many values")]
    TooLarge,
    #[error("Swagger 2.0 is not supported: convert the definition to OpenAPI 3.0")]
    Swagger2,
    #[error("openapi: has to be 3.0.x or 3.1.x")]
    Version,
    #[error("{0}: missing or of the wrong type")]
    Member(&'static str),
    #[error("{place}: {member} is not understood")]
    Extension { place: String, member: &'static str },
}

impl Definition {
    pub fn parse(text: &[u8]) -> Result<Self, InvalidDefinition> {
        if text.len() > MAX_DEFINITION {
            return Err(InvalidDefinition::TooLong);
        }
        let text = std::str::from_utf8(text).map_err(|_| InvalidDefinition::Unreadable)?;
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Err(InvalidDefinition::Empty);
        }
        let value = if text.starts_with('{') { json(text)? } else { yaml(text)? };
        Self::of(value)
    }

    pub fn of(value: Value) -> Result<Self, InvalidDefinition> {
        check_size(&value)?;
        let Value::Object(members) = value else { return Err(InvalidDefinition::Unreadable) };
        if members.contains_key("swagger") {
            return Err(InvalidDefinition::Swagger2);
        }
        let version = members.get("openapi").and_then(Value::as_str).unwrap_or_default();
        if !version.starts_with("3.0.") && !version.starts_with("3.1.") {
            return Err(InvalidDefinition::Version);
        }
        let definition = Self(members);
        if definition.title().is_none_or(|title| title.trim().is_empty()) {
            return Err(InvalidDefinition::Member("info.title"));
        }
        if definition.version().is_none_or(|version| version.trim().is_empty()) {
            return Err(InvalidDefinition::Member("info.version"));
        }
        let paths = definition.0.get("paths").and_then(Value::as_object);
        let paths = paths.ok_or(InvalidDefinition::Member("paths"))?;
        if !paths.values().all(Value::is_object) {
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

    /// URLs of its servers, as they stand there.
    #[must_use]
    pub fn servers(&self) -> Vec<&str> {
        let servers = self.0.get("servers").and_then(Value::as_array);
        servers.into_iter().flatten().filter_map(|server| server.get("url")?.as_str()).collect()
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

fn json(text: &str) -> Result<Value, InvalidDefinition> {
    serde_json::from_str(text).map_err(|_| InvalidDefinition::Unreadable)
}

fn yaml(text: &str) -> Result<Value, InvalidDefinition> {
    let budget = serde_saphyr::budget! {
        max_depth: MAX_DEPTH,
        max_nodes: MAX_NODES,
        max_documents: 1,
        max_aliases: 1000,
        max_anchors: 1000,
    };
    let alias_limits = serde_saphyr::alias_limits! { max_total_replayed_events: MAX_NODES };
    let options = serde_saphyr::options! { budget: budget, alias_limits: alias_limits };
    serde_saphyr::from_str_with_options(text, options).map_err(|_| InvalidDefinition::Unreadable)
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
                return Err(InvalidDefinition::Unreadable);
            }
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(members) => {
                if members.keys().any(|name| name.contains('\0')) {
                    return Err(InvalidDefinition::Unreadable);
                }
                open.extend(members.values().map(|member| (member, depth + 1)));
            }
            _ => {}
        }
    }
    Ok(())
}
