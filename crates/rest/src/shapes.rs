//! What types do not name one by one, written into the OpenAPI document; and bounds, where they are
//! referred to.

use phantom_terms::bounded::INLINE;
use phantom_terms::json::shape::SHAPES;
use phantom_terms::json::shape::Shape;
use phantom_terms::json::shape::Verbatim;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

const SCHEMAS: &str = "#/components/schemas/";

pub fn describe(document: &mut Value) {
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    let Some(schemas) = schemas else { return };
    let (bounded, mut named): (Map<String, Value>, Map<String, Value>) =
        std::mem::take(schemas).into_iter().partition(|(name, _)| name.starts_with(INLINE));
    named.values_mut().for_each(|schema| inline(schema, &bounded));
    let parts = named.clone();
    named.values_mut().for_each(|schema| flatten(schema, &parts));
    for shape in SHAPES {
        if let Some(Value::Object(schema)) = named.get_mut(shape.schema) {
            complete(schema, shape);
        }
        for (_, verbatim) in shape.kept() {
            if let Verbatim::OneOf(name, texts) = verbatim {
                named.insert(name.to_owned(), json!({"type": "string", "enum": texts}));
            }
        }
    }
    *schemas = named;
}

/// The members that the shape has beside the type's own. What can be left out can be null.
fn complete(schema: &mut Map<String, Value>, shape: &Shape) {
    schema.insert("additionalProperties".to_owned(), Value::Bool(false));
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required =
        |name: &str| required.as_array().is_some_and(|all| all.contains(&name.into()));
    let Some(Value::Object(members)) = schema.get_mut("properties") else { return };
    for (_, member) in members.iter_mut().filter(|(name, _)| !is_required(name)) {
        nullable(member);
    }
    let ours = shape.ours.split_whitespace().map(|name| (name, json!({})));
    for (name, member) in ours.chain(shape.kept().map(|(name, of)| (name, verbatim(of)))) {
        members.entry(name).or_insert(member);
    }
}

/// Puts the bounded types' schemas in the place of references to them.
fn inline(schema: &mut Value, bounded: &Map<String, Value>) {
    if let Some(mut inner) = referred(schema, bounded).cloned() {
        if let (Some(description), Value::Object(inner)) = (schema.get("description"), &mut inner) {
            inner.insert("description".to_owned(), description.clone());
        }
        *schema = inner;
    }
    let alternatives = schema.get("oneOf").and_then(Value::as_array);
    let is_optional =
        alternatives.is_some_and(|each| each.iter().any(|of| referred(of, bounded).is_some()));
    match schema {
        Value::Object(members) => members.values_mut().for_each(|inner| inline(inner, bounded)),
        Value::Array(items) => items.iter_mut().for_each(|inner| inline(inner, bounded)),
        _ => {}
    }
    if is_optional && let Some(Value::Array(of)) = schema.get_mut("oneOf") {
        let bounded = of.iter().position(|of| of.get("type").is_some_and(|of| of != "null"));
        if let Some(bounded) = bounded {
            *schema = of.swap_remove(bounded);
            nullable(schema);
        }
    }
}

/// Makes one object of one that holds the members of another as its own. Whatever such an object is read
/// into, all of its members are written; its own ones come before those of the same name.
fn flatten(schema: &mut Value, named: &Map<String, Value>) {
    match schema {
        Value::Object(members) => members.values_mut().for_each(|inner| flatten(inner, named)),
        Value::Array(items) => items.iter_mut().for_each(|inner| flatten(inner, named)),
        _ => {}
    }
    let Some(Value::Array(parts)) = schema.get_mut("allOf").map(Value::take) else { return };
    let (mut members, mut required, mut more) = (Map::new(), Vec::new(), None);
    for mut part in parts {
        if let Some(other) = referred(&part, named) {
            part = other.clone();
            flatten(&mut part, named);
            let names = part.get("properties").and_then(Value::as_object).into_iter().flatten();
            required.extend(names.map(|(name, _)| Value::from(name.as_str())));
        } else {
            more = part.get("additionalProperties").cloned().or(more);
        }
        if let Some(Value::Object(own)) = part.get_mut("properties").map(Value::take) {
            members.extend(own);
        }
        if let Some(Value::Array(own)) = part.get_mut("required").map(Value::take) {
            required.extend(own);
        }
    }
    required.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
    required.dedup();
    let description = schema.get("description").cloned();
    *schema = json!({"type": "object", "required": required, "properties": members});
    let kept = [("description", description), ("additionalProperties", more)];
    for (name, value) in kept.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        schema[name] = value;
    }
}

/// The schema that a reference is to, if it is one of these.
fn referred<'s>(schema: &Value, named: &'s Map<String, Value>) -> Option<&'s Value> {
    named.get(schema.get("$ref")?.as_str()?.strip_prefix(SCHEMAS)?)
}

fn nullable(schema: &mut Value) {
    if schema.get("$ref").is_some() {
        *schema = json!({"oneOf": [schema.take(), {"type": "null"}]});
    } else if let Some(of) = schema.get_mut("type").filter(|of| of.is_string()) {
        *of = json!([of.take(), "null"]);
    }
}

fn verbatim(verbatim: Verbatim) -> Value {
    match verbatim {
        Verbatim::Flag => json!({"type": ["boolean", "null"]}),
        Verbatim::Number => json!({"type": ["integer", "null"], "format": "int64"}),
        Verbatim::Text => json!({"type": ["string", "null"]}),
        Verbatim::Texts => json!({"type": ["array", "null"], "items": {"type": "string"}}),
        Verbatim::Object => json!({"type": ["object", "null"]}),
        Verbatim::Objects => json!({"type": ["array", "null"], "items": {"type": "object"}}),
        Verbatim::OneOf(name, _) => json!({"oneOf": [
            {"$ref": format!("{SCHEMAS}{name}")}, {"type": "null"},
        ]}),
    }
}
