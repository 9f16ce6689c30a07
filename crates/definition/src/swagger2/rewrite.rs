//! What differs in schemas, wherever they stand: where they are, and a few of their words.

use serde_json::Value;
use serde_json::json;

/// Members whose values are data and no schemas.
const DATA: [&str; 4] = ["example", "examples", "default", "enum"];
const PLACES: [(&str, &str); 3] = [
    ("#/definitions/", "#/components/schemas/"),
    ("#/parameters/", "#/components/parameters/"),
    ("#/responses/", "#/components/responses/"),
];

pub(super) fn schemas(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(schemas),
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get_mut("$ref") {
                let moved = PLACES.iter().find_map(|(old, new)| {
                    reference.strip_prefix(old).map(|name| format!("{new}{name}"))
                });
                if let Some(moved) = moved {
                    *reference = moved;
                }
            }
            // A property of that name has an object for its value.
            if let Some(discriminator) = members.get_mut("discriminator")
                && discriminator.is_string()
            {
                *discriminator = json!({"propertyName": discriminator});
            }
            if members.get("type") == Some(&json!("file")) {
                members.insert("type".to_owned(), json!("string"));
                members.insert("format".to_owned(), json!("binary"));
            }
            if members.get("x-nullable") == Some(&Value::Bool(true)) {
                members.remove("x-nullable");
                members.insert("nullable".to_owned(), json!(true));
            }
            let deeper = members
                .iter_mut()
                .filter(|(name, _)| !DATA.contains(&name.as_str()) && !name.starts_with("x-"));
            deeper.for_each(|(_, value)| schemas(value));
        }
        _ => {}
    }
}
