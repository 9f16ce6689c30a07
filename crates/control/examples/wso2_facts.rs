//! Makes the contract facts of `tests/wso2` from a folder of WSO2's OpenAPI descriptions, without their
//! prose. Run by hand, by who has the descriptions.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::error::Error;
use std::fs;
use std::path::Path;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

#[path = "../tests/it/support/contract/schema.rs"]
mod schema;

type Fallible<T> = Result<T, Box<dyn Error>>;

const FILES: [(&str, &str); 3] = [
    ("admin-api.yaml", "admin.yaml"),
    ("publisher-api.yaml", "publisher.yaml"),
    ("devportal-api.yaml", "devportal.yaml"),
];

const HEAD: &str = "\
# Facts of WSO2 API Manager's {api}: see README.md beside this file. Made by a tool, not by hand.
# From wso2/carbon-apimgt, tag v9.33.122. Copyright WSO2 LLC, Apache License 2.0.
";

const METHODS: [&str; 7] = ["delete", "get", "head", "options", "patch", "post", "put"];

/// What a validator looks at.
const KEPT: [&str; 20] = [
    "additionalProperties",
    "allOf",
    "anyOf",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "type",
    "uniqueItems",
];

/// Prose, and what says nothing of an answer's shape. Anything else is refused, so that nothing is lost
/// unnoticed.
const DROPPED: [&str; 12] = [
    "default",
    "deprecated",
    "description",
    "discriminator",
    "example",
    "examples",
    "externalDocs",
    "nullable",
    "readOnly",
    "title",
    "writeOnly",
    "xml",
];

fn main() -> Fallible<()> {
    let folder = std::env::args_os().nth(1).ok_or("the folder of the descriptions is missing")?;
    let to = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wso2");
    for (description, name) in FILES {
        let text = fs::read_to_string(Path::new(&folder).join(description))?;
        let options = serde_saphyr::options! { budget: None };
        let document: Value = serde_saphyr::from_str_with_options(&indented(&text), options)?;
        let made = facts_of(&document).map_err(|error| format!("{description}: {error}"))?;
        let head = HEAD.replace("{api}", description);
        fs::write(to.join(name), head + &serde_saphyr::to_string(&made)?)?;
    }
    Ok(())
}

fn facts_of(document: &Value) -> Fallible<Value> {
    let mut wanted = Vec::new();
    let mut operations: BTreeMap<&str, BTreeMap<&str, Value>> = BTreeMap::new();
    for (path, item) in members(&document["paths"])? {
        for (method, operation) in members(item)? {
            if METHODS.contains(&method.as_str()) {
                let answers = answers(document, &operation["responses"], &mut wanted)
                    .map_err(|error| format!("{method} {path}: {error}"))?;
                operations.entry(path).or_default().insert(method, answers);
            }
        }
    }
    let mut schemas: BTreeMap<String, Value> = BTreeMap::new();
    while let Some(name) = wanted.pop() {
        if let Entry::Vacant(free) = schemas.entry(name) {
            let (name, schema) = (free.key(), &document["components"]["schemas"][free.key()]);
            let fact = fact(schema, &mut wanted).map_err(|error| format!("{name}: {error}"))?;
            free.insert(fact);
        }
    }
    Ok(json!({"operations": operations, "schemas": schemas}))
}

fn members(value: &Value) -> Fallible<&Map<String, Value>> {
    Ok(value.as_object().ok_or_else(|| format!("not an object: {value}"))?)
}

fn answers(document: &Value, responses: &Value, wanted: &mut Vec<String>) -> Fallible<Value> {
    let mut answers = Map::new();
    for (status, response) in members(responses)? {
        let response = match response["$ref"].as_str() {
            Some(reference) => document
                .pointer(reference.trim_start_matches('#'))
                .ok_or_else(|| format!("{reference} leads nowhere"))?,
            None => response,
        };
        let mut content = Map::new();
        if !response["content"].is_null() {
            for (media, body) in members(&response["content"])? {
                let schema = &body["schema"];
                let fact = if schema.is_null() { json!("none") } else { fact(schema, wanted)? };
                content.insert(media.clone(), fact);
            }
        }
        let only = (content.len() == 1).then(|| content.get("application/json").cloned()).flatten();
        let answer = match only {
            Some(fact) if fact != json!("none") => fact,
            _ if content.is_empty() => json!("none"),
            _ => json!({ "$content": content }),
        };
        answers.insert(status.clone(), answer);
    }
    Ok(answers.into())
}

/// A schema as a fact; the names it refers to are added to those wanted.
fn fact(schema: &Value, wanted: &mut Vec<String>) -> Fallible<Value> {
    let bare = without_prose(schema, wanted)?;
    let fact = compact(&bare)?;
    if schema::schema(&fact) != bare {
        return Err(format!("{fact} would not be read as {bare}").into());
    }
    Ok(fact)
}

fn without_prose(schema: &Value, wanted: &mut Vec<String>) -> Fallible<Value> {
    if let Some(reference) = schema["$ref"].as_str() {
        let name =
            reference.strip_prefix("#/components/schemas/").ok_or("a reference elsewhere")?;
        wanted.push(name.to_owned());
        // Draft 4 has nothing beside a reference.
        return Ok(json!({ "$ref": reference }));
    }
    let schema = members(schema)?;
    // An object without members is how WSO2 writes what may be any value.
    if schema.get("properties") == Some(&json!({})) {
        return Ok(json!({}));
    }
    let mut bare = Map::new();
    for (keyword, value) in schema {
        let value = match (keyword.as_str(), value) {
            (dropped, _) if DROPPED.contains(&dropped) || dropped.starts_with("x-") => continue,
            ("properties", value) => {
                let properties = members(value)?.iter();
                let bare = properties
                    .map(|(name, schema)| Ok((name.clone(), without_prose(schema, wanted)?)));
                Value::Object(bare.collect::<Fallible<_>>()?)
            }
            ("required", Value::Array(names)) => {
                // In the order in which they are read back.
                let mut names: Vec<Value> = names.clone();
                let is_member = |name: &Value| {
                    name.as_str().is_some_and(|name| !schema["properties"][name].is_null())
                };
                names.sort_by_key(|name| (!is_member(name), name.to_string()));
                names.dedup();
                names.into()
            }
            (keyword, value) if !KEPT.contains(&keyword) => {
                return Err(format!("what is the keyword {keyword}: {value}?").into());
            }
            (keyword, Value::Array(schemas)) if schema::OF_SCHEMAS.contains(&keyword) => {
                let bare = schemas.iter().map(|schema| without_prose(schema, wanted));
                Value::Array(bare.collect::<Fallible<_>>()?)
            }
            (keyword, value) if schema::OF_SCHEMA.contains(&keyword) && !value.is_boolean() => {
                without_prose(value, wanted)?
            }
            (_, value) => value.clone(),
        };
        bare.insert(keyword.clone(), value);
    }
    Ok(bare.into())
}

/// The shortest way to write it: see the README beside the facts.
fn compact(bare: &Value) -> Fallible<Value> {
    let bare = members(bare)?;
    let word = |keyword: &str| bare.get(keyword).and_then(Value::as_str);
    match bare.len() {
        0 => return Ok(json!("any")),
        1 => {
            if let Some(reference) = word("$ref") {
                return Ok(reference.rsplit('/').next().into());
            }
            if let Some(name) = word("type").filter(|name| schema::TYPES.contains(name)) {
                return Ok(name.into());
            }
        }
        2 if word("type") == Some("array") => {
            if let Some(items) = bare.get("items") {
                return Ok(json!([compact(items)?]));
            }
        }
        _ => {}
    }
    let mut fact = Map::new();
    let empty = Map::new();
    let properties = bare.get("properties").map_or(Ok(&empty), members)?;
    let required = bare.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    for (name, schema) in properties {
        let mark = if required.contains(&json!(name)) { "!" } else { "" };
        fact.insert(format!("{name}{mark}"), compact(schema)?);
    }
    let absent = |name: &&Value| name.as_str().is_some_and(|name| !properties.contains_key(name));
    let others: Vec<Value> = required.iter().filter(absent).cloned().collect();
    if !others.is_empty() {
        fact.insert("$required".to_owned(), others.into());
    }
    if !properties.is_empty() && !bare.contains_key("type") {
        fact.insert("$type".to_owned(), Value::Null);
    }
    for (keyword, value) in bare {
        let value = match (keyword.as_str(), value) {
            ("properties" | "required", _) => continue,
            ("type", Value::String(name)) if name == "object" && !properties.is_empty() => continue,
            (keyword, Value::Array(schemas)) if schema::OF_SCHEMAS.contains(&keyword) => {
                Value::Array(schemas.iter().map(compact).collect::<Fallible<_>>()?)
            }
            (keyword, value) if schema::OF_SCHEMA.contains(&keyword) && !value.is_boolean() => {
                compact(value)?
            }
            (_, value) => value.clone(),
        };
        fact.insert(format!("${keyword}"), value);
    }
    Ok(fact.into())
}

/// WSO2 breaks quoted texts without indenting what follows, as YAML 1.2 §7.3.2 asks for: indented.
fn indented(text: &str) -> String {
    let mut is_open = false;
    let mut lines = String::with_capacity(text.len());
    for line in text.lines() {
        if is_open {
            lines.push_str(&" ".repeat(40));
        }
        lines.push_str(line);
        lines.push('\n');
        let quoted = match is_open {
            true => Some(line),
            false => line.find(": '").and_then(|at| line.get(at..)),
        };
        if quoted.is_some_and(|quoted| quoted.matches('\'').count() % 2 == 1) {
            is_open = !is_open;
        }
    }
    lines
}
