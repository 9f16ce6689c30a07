//! `securityDefinitions`.

use serde_json::Value;
use serde_json::json;

use super::Object;
use crate::parse::InvalidDefinition;

/// What says of a scheme of OAuth what its flow does.
const OF_THE_FLOW: [&str; 4] = ["authorizationUrl", "tokenUrl", "scopes", "x-scopes-bindings"];

pub(super) fn scheme(old: &Value) -> Result<Value, InvalidDefinition> {
    let Value::Object(members) = old else {
        return Err(InvalidDefinition::Member("securityDefinitions"));
    };
    let mut new = members.clone();
    match members.get("type").and_then(Value::as_str) {
        Some("basic") => {
            new.insert("type".to_owned(), json!("http"));
            new.insert("scheme".to_owned(), json!("basic"));
        }
        Some("oauth2") => {
            let flow = match new.remove("flow").as_ref().and_then(Value::as_str) {
                Some("application") => "clientCredentials",
                Some("accessCode") => "authorizationCode",
                Some("password") => "password",
                _ => "implicit",
            };
            let mut described: Object = OF_THE_FLOW
                .into_iter()
                .filter_map(|name| Some((name.to_owned(), new.remove(name)?)))
                .collect();
            described.entry("scopes").or_insert_with(|| json!({}));
            new.insert("flows".to_owned(), json!({flow: described}));
        }
        _ => {}
    }
    Ok(Value::Object(new))
}
