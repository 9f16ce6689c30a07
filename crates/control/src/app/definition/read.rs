//! What a definition says of an API: its operations and scopes, and WSO2's extensions.

use serde::de::DeserializeOwned;
use serde_json::Map;
use serde_json::Value;

use super::METHODS;
use super::SCHEME;
use super::parse::Definition;
use super::parse::InvalidDefinition;
use crate::app::apis::document::AuthType;
use crate::app::apis::document::CorsDocument;
use crate::app::apis::document::Transport;
use crate::app::apis::document::Verb;
use crate::app::apis::raw::RawOperation;

/// An API as its definition describes it. What it does not speak of is `None`.
#[derive(Clone, Debug, Default)]
pub struct Described {
    pub operations: Vec<RawOperation>,
    pub scopes: Vec<DescribedScope>,
    pub authorization_header: Option<String>,
    pub cors: Option<CorsDocument>,
    pub production_endpoint: Option<String>,
    pub sandbox_endpoint: Option<String>,
    pub transports: Option<Vec<Transport>>,
    pub base_path: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedScope {
    pub name: String,
    pub description: Option<String>,
    /// Roles, where it names them.
    pub bindings: Option<Vec<String>>,
}

pub fn describe(definition: &Definition) -> Result<Described, InvalidDefinition> {
    let members = definition.members();
    let mut operations = Vec::new();
    for (path, item) in members.get("paths").and_then(Value::as_object).into_iter().flatten() {
        if path.starts_with("x-") {
            continue;
        }
        for (method, verb) in METHODS {
            if let Some(operation) = item.get(method) {
                operations.push(read_operation(path, verb, operation, members)?);
            }
        }
    }
    Ok(Described {
        operations,
        scopes: scopes(members)?,
        authorization_header: extension(members, "x-wso2-auth-header", "")?,
        cors: extension(members, "x-wso2-cors", "")?,
        production_endpoint: endpoint(members, "x-wso2-production-endpoints")?,
        sandbox_endpoint: endpoint(members, "x-wso2-sandbox-endpoints")?,
        transports: extension(members, "x-wso2-transports", "")?,
        base_path: extension(members, "x-wso2-basePath", "")?,
    })
}

fn read_operation(
    path: &str,
    verb: Verb,
    operation: &Value,
    root: &Map<String, Value>,
) -> Result<RawOperation, InvalidDefinition> {
    let place = || format!("{} {path}", verb.as_str());
    let Value::Object(members) = operation else {
        return Err(InvalidDefinition::Extension { place: place(), member: "operation" });
    };
    let auth_type: Option<AuthType> = extension(members, "x-auth-type", &place())?;
    Ok(RawOperation {
        target: Some(path.to_owned()),
        verb: Some(verb),
        auth_type,
        throttling_policy: extension(members, "x-throttling-tier", &place())?,
        scopes: Some(required_scopes(members.get("security").or_else(|| root.get("security")))),
        ..RawOperation::default()
    })
}

/// `[{"default":["a","b"]}]`. Other schemes are the backend's affair.
fn required_scopes(security: Option<&Value>) -> Vec<String> {
    let requirements = security.and_then(Value::as_array).into_iter().flatten();
    let ours = requirements.filter_map(|requirement| requirement.get(SCHEME)?.as_array());
    let mut scopes = Vec::new();
    for scope in ours.flatten().filter_map(Value::as_str) {
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    scopes
}

/// Of every flow of the scheme `default`.
fn scopes(members: &Map<String, Value>) -> Result<Vec<DescribedScope>, InvalidDefinition> {
    let scheme = members.get("components").and_then(|components| {
        components.get("securitySchemes")?.get(SCHEME)?.get("flows")?.as_object()
    });
    let mut scopes: Vec<DescribedScope> = Vec::new();
    for flow in scheme.into_iter().flat_map(Map::values) {
        let Some(Value::Object(named)) = flow.get("scopes") else { continue };
        for (name, description) in named {
            if scopes.iter().any(|scope| scope.name == *name) {
                continue;
            }
            let bindings = match flow.get("x-scopes-bindings").and_then(|all| all.get(name)) {
                None => None,
                Some(Value::String(roles)) => {
                    let roles = roles.split(',').map(str::trim).filter(|role| !role.is_empty());
                    Some(roles.map(str::to_owned).collect())
                }
                Some(_) => return Err(InvalidDefinition::Member("x-scopes-bindings")),
            };
            let description = description.as_str().filter(|text| !text.is_empty());
            let (name, description) = (name.clone(), description.map(str::to_owned));
            scopes.push(DescribedScope { name, description, bindings });
        }
    }
    Ok(scopes)
}

/// `{"urls":["https://…"],"type":"http"}`.
fn endpoint(
    members: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<String>, InvalidDefinition> {
    let Some(endpoint) = members.get(name).filter(|endpoint| !endpoint.is_null()) else {
        return Ok(None);
    };
    let url = endpoint.get("urls").and_then(|urls| urls.get(0)?.as_str());
    url.map(|url| Some(url.to_owned())).ok_or(InvalidDefinition::Member(name))
}

fn extension<T: DeserializeOwned>(
    members: &Map<String, Value>,
    member: &'static str,
    place: &str,
) -> Result<Option<T>, InvalidDefinition> {
    let Some(value) = members.get(member).filter(|value| !value.is_null()) else { return Ok(None) };
    T::deserialize(value).map(Some).map_err(|_| InvalidDefinition::Extension {
        place: if place.is_empty() { "definition".to_owned() } else { place.to_owned() },
        member,
    })
}
