//! How a fact is read as JSON Schema: see `tests/wso2/README.md`. The tool that writes facts reads them
//! back with it.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

/// Schemas of one word; every other word names a schema of the same file.
pub(crate) const TYPES: [&str; 5] = ["boolean", "integer", "number", "object", "string"];
/// Keywords whose value is a schema, and those whose value is a list of them.
pub(crate) const OF_SCHEMA: [&str; 3] = ["additionalProperties", "items", "not"];
pub(crate) const OF_SCHEMAS: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// A fact as JSON Schema.
pub(crate) fn schema(fact: &Value) -> Value {
    match fact {
        Value::String(word) if word == "any" => json!({}),
        Value::String(word) if TYPES.contains(&word.as_str()) => json!({ "type": word }),
        Value::String(name) => json!({"$ref": format!("#/components/schemas/{name}")}),
        Value::Array(items) => match &items[..] {
            [item] => json!({"type": "array", "items": schema(item)}),
            _ => panic!("a list says what its items are, once: {fact}"),
        },
        Value::Object(members) => object(members),
        _ => panic!("not a schema: {fact}"),
    }
}

fn object(members: &Map<String, Value>) -> Value {
    let (mut schema_of, mut properties) = (Map::new(), Map::new());
    let mut required: Vec<Value> = Vec::new();
    for (name, fact) in members {
        if let Some(keyword) = name.strip_prefix('$') {
            schema_of.insert(keyword.to_owned(), operand(keyword, fact));
        } else {
            let bare = name.trim_end_matches('!');
            if bare != name {
                required.push(bare.into());
            }
            properties.insert(bare.to_owned(), schema(fact));
        }
    }
    if !properties.is_empty() {
        schema_of.entry("type").or_insert_with(|| "object".into());
        schema_of.insert("properties".to_owned(), properties.into());
    }
    if let Some(Value::Array(more)) = schema_of.remove("required") {
        required.extend(more);
    }
    if !required.is_empty() {
        schema_of.insert("required".to_owned(), required.into());
    }
    // What has members and no type is said to have none.
    if schema_of.get("type") == Some(&Value::Null) {
        schema_of.remove("type");
    }
    schema_of.into()
}

fn operand(keyword: &str, fact: &Value) -> Value {
    match fact {
        Value::Array(facts) if OF_SCHEMAS.contains(&keyword) => facts.iter().map(schema).collect(),
        _ if OF_SCHEMA.contains(&keyword) && !fact.is_boolean() => schema(fact),
        _ => fact.clone(),
    }
}
