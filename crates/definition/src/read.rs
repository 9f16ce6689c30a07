//! What a definition says of an API: its operations and scopes, and WSO2's extensions.

use serde::de::DeserializeOwned;
use serde_json::Map;
use serde_json::Value;

use super::METHODS;
use super::parse::Definition;
use super::parse::InvalidDefinition;
use super::security::DescribedScope;
use super::security::Schemes;
use crate::document::AuthType;
use crate::document::CorsDocument;
use crate::document::OperationDocument;
use crate::document::Transport;
use crate::document::Verb;

/// An API as its definition describes it. What it does not speak of is `None`.
#[derive(Clone, Debug, Default)]
pub struct Described {
    pub operations: Vec<OperationDocument>,
    pub scopes: Vec<DescribedScope>,
    pub authorization_header: Option<String>,
    pub cors: Option<CorsDocument>,
    pub production_endpoint: Option<String>,
    pub sandbox_endpoint: Option<String>,
    pub transports: Option<Vec<Transport>>,
    pub base_path: Option<String>,
    /// Operations that ask for nothing, by a `security` that is empty, and are protected all the same.
    pub unprotected: u64,
    /// Operations of a method that no gateway passes on.
    pub traces: u64,
}

pub fn describe(definition: &Definition) -> Result<Described, InvalidDefinition> {
    let members = definition.members();
    let schemes = Schemes::of(members)?;
    let mut operations = Vec::new();
    let (mut unprotected, mut traces) = (0, 0);
    for (path, item) in members.get("paths").and_then(Value::as_object).into_iter().flatten() {
        if path.starts_with("x-") {
            continue;
        }
        traces += u64::from(item.get("trace").is_some());
        for (method, verb) in METHODS {
            if let Some(operation) = item.get(method) {
                let read = read_operation(path, verb, operation, members, &schemes)?;
                unprotected += u64::from(asks_for_nothing(operation) && !read.auth_type.is_open());
                operations.push(read);
            }
        }
    }
    let mut scopes = schemes.scopes()?;
    // Asked for is enough to be one.
    for name in operations.iter().flat_map(|operation| &operation.scopes) {
        if !scopes.iter().any(|scope| scope.name == *name) {
            scopes.push(DescribedScope { name: name.clone(), description: None, bindings: None });
        }
    }
    Ok(Described {
        operations,
        scopes,
        authorization_header: extension(members, "x-wso2-auth-header", "")?,
        cors: extension(members, "x-wso2-cors", "")?,
        production_endpoint: endpoint(members, "x-wso2-production-endpoints")?,
        sandbox_endpoint: endpoint(members, "x-wso2-sandbox-endpoints")?,
        transports: extension(members, "x-wso2-transports", "")?,
        base_path: extension(members, "x-wso2-basePath", "")?,
        unprotected,
        traces,
    })
}

/// `security: []`, or with `{}` among its alternatives.
fn asks_for_nothing(operation: &Value) -> bool {
    let is_empty = |one: &Value| one.as_object().is_some_and(Map::is_empty);
    let security = operation.get("security").and_then(Value::as_array);
    security.is_some_and(|all| all.is_empty() || all.iter().any(is_empty))
}

fn read_operation(
    path: &str,
    verb: Verb,
    operation: &Value,
    root: &Map<String, Value>,
    schemes: &Schemes<'_>,
) -> Result<OperationDocument, InvalidDefinition> {
    let place = || format!("{} {path}", verb.as_str());
    let Value::Object(members) = operation else {
        return Err(InvalidDefinition::Extension { place: place(), member: "operation" });
    };
    let auth_type: Option<AuthType> = extension(members, "x-auth-type", &place())?;
    let security = members.get("security").or_else(|| root.get("security"));
    let mut scopes = schemes.required(security, &place())?;
    // As WSO2 wrote it before definitions could say so.
    let legacy: Option<String> = extension(members, "x-scope", &place())?;
    for scope in legacy.iter().flat_map(|scopes| scopes.split([',', ' '])) {
        if !scope.is_empty() && !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    let plan: Option<String> = extension(members, "x-throttling-tier", &place())?;
    Ok(OperationDocument {
        auth_type: auth_type.unwrap_or_default(),
        throttling_policy: plan.unwrap_or_default(),
        scopes,
        ..OperationDocument::new(path, verb)
    })
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
