//! What types do not name one by one, written into the OpenAPI document; and bounds, where they are
//! referred to.

use phantom_manage::bounded::INLINE;
use phantom_manage::json::shape::SHAPES;
use phantom_manage::json::shape::Shape;
use phantom_manage::json::shape::Verbatim;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

const SCHEMAS: &str = "#/components/schemas/";

pub(super) fn describe(document: &mut Value) {
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    let Some(schemas) = schemas else { return };
    let (bounded, mut named): (Map<String, Value>, Map<String, Value>) =
        std::mem::take(schemas).into_iter().partition(|(name, _)| name.starts_with(INLINE));
    for schema in named.values_mut() {
        inline(schema, &bounded);
    }
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
    let referred = |schema: &Value| {
        let name = schema.get("$ref")?.as_str()?.strip_prefix(SCHEMAS)?;
        bounded.get(name).cloned()
    };
    if let Some(mut inner) = referred(schema) {
        if let (Some(description), Value::Object(inner)) = (schema.get("description"), &mut inner) {
            inner.insert("description".to_owned(), description.clone());
        }
        *schema = inner;
    }
    let alternatives = schema.get("oneOf").and_then(Value::as_array);
    let is_optional = alternatives.is_some_and(|each| each.iter().any(|of| referred(of).is_some()));
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
