//! Swagger 2.0, as an OpenAPI 3.0 document: what it says of paths, parameters, bodies, answers and
//! protection. What has no counterpart there (`schemes` of an operation, `ws`) is left out.

mod bodies;
mod parameters;
mod rewrite;
mod security;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::METHODS;
use super::parse::InvalidDefinition;
use super::references::resolved;
use parameters::Parameters;

pub(super) type Object = Map<String, Value>;

const JSON: &str = "application/json";
/// What stays as it is.
const SAME: [&str; 5] = ["info", "tags", "externalDocs", "security", "paths"];

pub(super) fn converted(old: &Object) -> Result<Object, InvalidDefinition> {
    let mut new = Object::new();
    new.insert("openapi".to_owned(), json!("3.0.3"));
    for (name, value) in old {
        if SAME.contains(&name.as_str()) || name.starts_with("x-") {
            new.insert(name.clone(), value.clone());
        }
    }
    let base_path = base_path(old);
    new.insert("servers".to_owned(), servers(old, &base_path));
    if !base_path.is_empty() {
        new.entry("x-wso2-basePath").or_insert_with(|| json!(base_path));
    }
    if let Some(Value::Object(paths)) = new.get_mut("paths") {
        for (path, item) in paths.iter_mut().filter(|(path, _)| !path.starts_with("x-")) {
            // A path item that refers to another means it as it is converted.
            if let Value::Object(item) = item {
                convert_path_item(path, item, old)?;
            }
        }
    }
    new.insert("components".to_owned(), components(old)?);
    let mut new = Value::Object(new);
    rewrite::schemas(&mut new);
    match new {
        Value::Object(new) => Ok(new),
        _ => Err(InvalidDefinition::NoObject),
    }
}

/// Empty for the root.
fn base_path(old: &Object) -> String {
    let path = old.get("basePath").and_then(Value::as_str).unwrap_or_default();
    match path.trim_matches('/') {
        "" => String::new(),
        path => format!("/{path}"),
    }
}

/// The safer scheme first: the first server is the endpoint that is called.
fn servers(old: &Object, base_path: &str) -> Value {
    let path = if base_path.is_empty() { "/" } else { base_path };
    let Some(host) = old.get("host").and_then(Value::as_str).filter(|host| !host.is_empty()) else {
        return json!([{"url": path}]);
    };
    let named = old.get("schemes").and_then(Value::as_array);
    let named: Vec<&str> = named.into_iter().flatten().filter_map(Value::as_str).collect();
    let schemes = ["https", "http"].into_iter();
    // Where none is named it is that of the document, which is not known.
    let schemes =
        schemes.filter(|scheme| named.contains(scheme) || (named.is_empty() && *scheme == "https"));
    schemes.map(|scheme| json!({"url": format!("{scheme}://{host}{base_path}")})).collect()
}

fn convert_path_item(path: &str, item: &mut Object, old: &Object) -> Result<(), InvalidDefinition> {
    let shared = item.remove("parameters");
    let shared = Parameters::read(shared.as_ref(), path, old)?;
    for (method, _) in METHODS {
        let Some(operation) = item.get_mut(method) else { continue };
        let Value::Object(operation) = operation else {
            return Err(InvalidDefinition::Extension { place: path.to_owned(), member: method });
        };
        convert_operation(path, operation, &shared, old)?;
    }
    if !shared.plain.is_empty() {
        item.insert("parameters".to_owned(), Value::Array(shared.plain));
    }
    Ok(())
}

fn convert_operation(
    path: &str,
    operation: &mut Object,
    shared: &Parameters,
    old: &Object,
) -> Result<(), InvalidDefinition> {
    let consumes = media_types(operation.remove("consumes").as_ref().or(old.get("consumes")));
    let produces = media_types(operation.remove("produces").as_ref().or(old.get("produces")));
    operation.remove("schemes");
    let own = operation.remove("parameters");
    let mut own = Parameters::read(own.as_ref(), path, old)?;
    own.inherit_body(shared);
    if let Some(body) = own.request_body(&consumes) {
        operation.insert("requestBody".to_owned(), body);
    }
    if !own.plain.is_empty() {
        operation.insert("parameters".to_owned(), Value::Array(own.plain));
    }
    if let Some(Value::Object(responses)) = operation.get_mut("responses") {
        for (_, response) in responses.iter_mut().filter(|(status, _)| !status.starts_with("x-")) {
            bodies::convert_response(response, &produces);
        }
    }
    Ok(())
}

fn media_types(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    let list: Vec<String> = list.filter_map(Value::as_str).map(str::to_owned).collect();
    if list.is_empty() { vec![JSON.to_owned()] } else { list }
}

fn components(old: &Object) -> Result<Value, InvalidDefinition> {
    let mut components = Object::new();
    if let Some(schemas) = old.get("definitions") {
        components.insert("schemas".to_owned(), schemas.clone());
    }
    if let Some(Value::Object(named)) = old.get("parameters") {
        // Bodies and fields of forms stand where they are used.
        let plain = named.iter().filter(|(_, parameter)| !parameters::is_of_body(parameter));
        let plain: Object =
            plain.map(|(name, each)| (name.clone(), parameters::converted(each))).collect();
        components.insert("parameters".to_owned(), Value::Object(plain));
    }
    if let Some(Value::Object(named)) = old.get("responses") {
        let produces = media_types(old.get("produces"));
        let mut responses = named.clone();
        responses.values_mut().for_each(|each| bodies::convert_response(each, &produces));
        components.insert("responses".to_owned(), Value::Object(responses));
    }
    match old.get("securityDefinitions") {
        None | Some(Value::Null) => {}
        Some(Value::Object(schemes)) => {
            let schemes: Result<Object, _> = schemes
                .iter()
                .map(|(name, scheme)| Ok((name.clone(), security::scheme(scheme)?)))
                .collect();
            components.insert("securitySchemes".to_owned(), Value::Object(schemes?));
        }
        Some(_) => return Err(InvalidDefinition::Member("securityDefinitions")),
    }
    Ok(Value::Object(components))
}

/// What a parameter is, or the one that it refers to.
fn parameter<'d>(
    old: &'d Object,
    value: &'d Value,
    path: &str,
) -> Result<&'d Value, InvalidDefinition> {
    resolved(old, value).ok_or_else(|| InvalidDefinition::Reference {
        place: path.to_owned(),
        reference: value.get("$ref").and_then(Value::as_str).unwrap_or_default().to_owned(),
    })
}

#[cfg(test)]
mod tests;
