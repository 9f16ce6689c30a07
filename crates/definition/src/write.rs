//! An API as a definition: its owner's, with paths and protection as they are now.

use phantom_core::PathTemplate;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::METHODS;
use super::SCHEME;
use super::security::has_scopes;
use crate::document::CorsDocument;
use crate::document::OperationDocument;
use crate::document::ScopeDocument;
use crate::document::Transport;

type Object = Map<String, Value>;

/// An API as far as a definition speaks of it.
#[derive(Clone, Copy, Debug)]
pub struct Offered<'a> {
    pub name: &'a str,
    pub version: &'a str,
    /// Where it is served.
    pub path: &'a str,
    pub description: Option<&'a str>,
    /// What its owner wrote.
    pub definition: Option<&'a Value>,
    pub operations: &'a [OperationDocument],
    pub scopes: &'a [ScopeDocument],
    pub authorization_header: &'a str,
    pub cors: &'a CorsDocument,
    pub transports: &'a [Transport],
    pub production_endpoint: Option<&'a str>,
    pub sandbox_endpoint: Option<&'a str>,
}

/// The definition of an API. `authorization_url` is where tokens are asked for, which OpenAPI requires
/// to be named.
#[must_use]
pub fn write(api: &Offered<'_>, authorization_url: &str) -> Value {
    let mut members = match api.definition {
        Some(Value::Object(members)) => members.clone(),
        _ => Object::new(),
    };
    members.entry("openapi").or_insert_with(|| json!("3.0.1"));
    edit(&mut members, "info", |info| {
        info.insert("title".to_owned(), json!(api.name));
        info.insert("version".to_owned(), json!(api.version));
        if let Some(description) = api.description {
            info.entry("description").or_insert_with(|| json!(description));
        }
    });
    members.entry("servers").or_insert_with(|| json!([{"url": "/"}]));
    edit(&mut members, "paths", |written| *written = paths(written, api.operations));
    edit(&mut members, "components", |components| {
        edit(components, "securitySchemes", |schemes| {
            // Their scopes have become those of the API, which may have changed since.
            schemes.retain(|_, scheme| !has_scopes(scheme));
            schemes.insert(SCHEME.to_owned(), scheme(api.scopes, authorization_url));
        });
    });
    members.insert("security".to_owned(), json!([{SCHEME: []}]));
    extensions(api, &mut members);
    Value::Object(members)
}

/// What the owner wrote of each operation stays; operations that are gone go.
fn paths(written: &Object, operations: &[OperationDocument]) -> Object {
    let mut paths = Object::new();
    for (name, extension) in written.iter().filter(|(name, _)| name.starts_with("x-")) {
        paths.insert(name.clone(), extension.clone());
    }
    for operation in operations {
        let before = written.get(&operation.target).and_then(Value::as_object);
        let item = paths.entry(operation.target.clone()).or_insert_with(|| {
            let mut item = before.cloned().unwrap_or_default();
            for (method, _) in METHODS {
                item.remove(method);
            }
            // Gateways refuse it.
            item.remove("trace");
            Value::Object(item)
        });
        let (method, before) = METHODS
            .iter()
            .find(|(_, verb)| *verb == operation.verb)
            .map_or(("get", None), |(method, _)| (*method, before.and_then(|b| b.get(*method))));
        let has_shared_parameters = item.get("parameters").is_some();
        if let Value::Object(item) = item {
            let written = described(operation, before, has_shared_parameters);
            item.insert(method.to_owned(), written);
        }
    }
    paths
}

fn described(operation: &OperationDocument, before: Option<&Value>, has_parameters: bool) -> Value {
    let mut members = match before {
        Some(Value::Object(members)) => members.clone(),
        _ => {
            let mut members = Object::new();
            let parameters = parameters(&operation.target);
            if !parameters.is_empty() && !has_parameters {
                members.insert("parameters".to_owned(), Value::Array(parameters));
            }
            members
        }
    };
    members.entry("responses").or_insert_with(|| json!({"200": {"description": "OK"}}));
    let security =
        if operation.auth_type.is_open() { json!([]) } else { json!([{SCHEME: operation.scopes}]) };
    members.insert("security".to_owned(), security);
    members.insert("x-auth-type".to_owned(), json!(operation.auth_type.as_str()));
    members.insert("x-throttling-tier".to_owned(), json!(operation.throttling_policy));
    members.remove("x-scope");
    Value::Object(members)
}

/// OpenAPI 3.0, "Path Templating": each expression needs its parameter.
fn parameters(template: &str) -> Vec<Value> {
    let names = PathTemplate::parameters(template).into_iter();
    let parameter = |name: &str| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
    names.map(parameter).collect()
}

fn scheme(described: &[ScopeDocument], authorization_url: &str) -> Value {
    let mut scopes = Object::new();
    let mut bindings = Object::new();
    for scope in described {
        let description = scope.description.clone().unwrap_or_default();
        scopes.insert(scope.name.clone(), Value::String(description));
        bindings.insert(scope.name.clone(), Value::String(scope.bindings.join(",")));
    }
    json!({
        "type": "oauth2",
        "flows": {"implicit": {
            "authorizationUrl": authorization_url,
            "scopes": scopes,
            "x-scopes-bindings": bindings,
        }},
    })
}

fn extensions(api: &Offered<'_>, members: &mut Object) {
    members.remove("x-wso2-security");
    let mut insert = |name: &str, value: Value| members.insert(name.to_owned(), value);
    insert("x-wso2-auth-header", json!(api.authorization_header));
    insert("x-wso2-cors", json!(api.cors));
    insert("x-wso2-basePath", json!(api.path));
    insert("x-wso2-transports", json!(api.transports));
    for (name, url) in [
        ("x-wso2-production-endpoints", api.production_endpoint),
        ("x-wso2-sandbox-endpoints", api.sandbox_endpoint),
    ] {
        match url {
            Some(url) => {
                members.insert(name.to_owned(), json!({"urls": [url], "type": "http"}));
            }
            None => {
                members.remove(name);
            }
        }
    }
}

/// Changes the object of that name; what is there and is none gives way.
fn edit(members: &mut Object, name: &str, change: impl FnOnce(&mut Object)) {
    let mut object = match members.remove(name) {
        Some(Value::Object(object)) => object,
        _ => Object::new(),
    };
    change(&mut object);
    members.insert(name.to_owned(), Value::Object(object));
}
