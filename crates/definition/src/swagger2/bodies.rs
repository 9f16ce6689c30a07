//! Bodies and fields of answers.

use serde_json::Value;
use serde_json::json;

use super::Object;
use super::parameters;

pub(super) fn convert_response(response: &mut Value, produces: &[String]) {
    let Value::Object(members) = response else { return };
    if members.contains_key("$ref") {
        return;
    }
    members.entry("description").or_insert_with(|| json!(""));
    let schema = members.remove("schema");
    let examples = members.remove("examples");
    let mut content = Object::new();
    if let Some(schema) = &schema {
        for media_type in produces {
            content.insert(media_type.clone(), json!({"schema": schema}));
        }
    }
    for (media_type, example) in examples.as_ref().and_then(Value::as_object).into_iter().flatten()
    {
        let entry = content.entry(media_type.clone()).or_insert_with(|| json!({}));
        if let Value::Object(entry) = entry {
            entry.insert("example".to_owned(), example.clone());
        }
    }
    if !content.is_empty() {
        members.insert("content".to_owned(), Value::Object(content));
    }
    if let Some(Value::Object(fields)) = members.get_mut("headers") {
        for field in fields.values_mut() {
            let mut new = Object::new();
            if let Some(description) = field.get("description") {
                new.insert("description".to_owned(), description.clone());
            }
            new.insert("schema".to_owned(), Value::Object(parameters::schema(field, false)));
            *field = Value::Object(new);
        }
    }
}
