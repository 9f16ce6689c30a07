//! WSO2's contract as compact facts: see `tests/wso2/README.md`.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::schema::schema;

/// The facts as an OpenAPI document.
pub(crate) fn document(facts: &Value) -> Value {
    let mut document = json!({"paths": {}, "components": {"schemas": {}}});
    for (path, operations) in members(&facts["operations"]) {
        for (method, answers) in members(operations) {
            for (status, answer) in members(answers) {
                document["paths"][path][method]["responses"][status] = response(answer);
            }
        }
    }
    for (name, fact) in members(&facts["schemas"]) {
        document["components"]["schemas"][name] = schema(fact);
    }
    document
}

fn members(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap_or_else(|| panic!("not an object: {value}"))
}

fn response(answer: &Value) -> Value {
    if *answer == json!("none") {
        return json!({});
    }
    let of_type = |(media, fact): (&String, &Value)| {
        let content =
            if *fact == json!("none") { json!({}) } else { json!({"schema": schema(fact)}) };
        (media.clone(), content)
    };
    let content: Map<String, Value> = match answer.get("$content") {
        Some(content) => members(content).iter().map(of_type).collect(),
        None => [of_type((&"application/json".to_owned(), answer))].into_iter().collect(),
    };
    json!({ "content": content })
}
