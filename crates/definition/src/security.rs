//! What a definition says of scopes: those that its schemes describe, and those that it asks for.

use serde_json::Map;
use serde_json::Value;

use super::parse::InvalidDefinition;
use super::references::resolved;

/// Longest description of a scope that is kept, in characters: more stands in the definition.
const MAX_DESCRIPTION: usize = 512;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedScope {
    pub name: String,
    pub description: Option<String>,
    /// Roles, where it names them.
    pub bindings: Option<Vec<String>>,
}

/// The schemes of a definition by which a caller has scopes: oauth2 and OpenID Connect, of any name.
pub(super) struct Schemes<'d> {
    root: &'d Map<String, Value>,
    by_name: Option<&'d Map<String, Value>>,
}

impl<'d> Schemes<'d> {
    pub(super) fn of(root: &'d Map<String, Value>) -> Result<Self, InvalidDefinition> {
        let schemes =
            root.get("components").and_then(|components| components.get("securitySchemes"));
        let by_name = match schemes {
            None | Some(Value::Null) => None,
            Some(Value::Object(schemes)) => Some(schemes),
            Some(_) => return Err(InvalidDefinition::Member("components.securitySchemes")),
        };
        Ok(Self { root, by_name })
    }

    /// Scopes of all flows of all schemes, each once.
    pub(super) fn scopes(&self) -> Result<Vec<DescribedScope>, InvalidDefinition> {
        let mut scopes = Vec::new();
        let schemes = self.by_name.into_iter().flat_map(Map::values);
        let schemes = schemes.filter_map(|scheme| resolved(self.root, scheme));
        for scheme in schemes.filter(|scheme| has_scopes(scheme)) {
            match scheme.get("flows") {
                None | Some(Value::Null) => {}
                Some(Value::Object(flows)) => {
                    let flows = flows.iter().filter(|(name, _)| !name.starts_with("x-"));
                    flows
                        .map(|(_, flow)| flow)
                        .try_for_each(|flow| read_flow(flow, &mut scopes))?;
                }
                Some(_) => return Err(InvalidDefinition::Member("flows")),
            }
        }
        legacy_scopes(self.root, &mut scopes);
        Ok(scopes)
    }

    /// Scopes that `security` asks for, by whichever of its schemes. One that is described nowhere counts:
    /// it asks for something.
    pub(super) fn required(
        &self,
        security: Option<&Value>,
        place: &str,
    ) -> Result<Vec<String>, InvalidDefinition> {
        let not_understood =
            || InvalidDefinition::Extension { place: place.to_owned(), member: "security" };
        let requirements = match security {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(requirements)) => requirements,
            Some(_) => return Err(not_understood()),
        };
        let mut required = Vec::new();
        for requirement in requirements {
            for (scheme, scopes) in requirement.as_object().ok_or_else(not_understood)? {
                let scopes = match scopes {
                    Value::Array(scopes) => scopes.as_slice(),
                    Value::Null => &[],
                    _ => return Err(not_understood()),
                };
                if !self.gives_scopes(scheme) {
                    continue;
                }
                for scope in scopes {
                    let scope = scope.as_str().ok_or_else(not_understood)?;
                    if !required.iter().any(|known| known == scope) {
                        required.push(scope.to_owned());
                    }
                }
            }
        }
        Ok(required)
    }

    fn gives_scopes(&self, name: &str) -> bool {
        let scheme = self.by_name.and_then(|schemes| schemes.get(name));
        scheme.and_then(|scheme| resolved(self.root, scheme)).is_none_or(has_scopes)
    }
}

pub(super) fn has_scopes(scheme: &Value) -> bool {
    let kind = scheme.get("type").and_then(Value::as_str).unwrap_or_default();
    // What a scheme is that does not say so is not known.
    !["apiKey", "http", "mutualTLS"].contains(&kind)
}

fn read_flow(flow: &Value, scopes: &mut Vec<DescribedScope>) -> Result<(), InvalidDefinition> {
    let named = match flow.get("scopes") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Array(none)) if none.is_empty() => return Ok(()),
        Some(Value::Object(named)) => named,
        Some(_) => return Err(InvalidDefinition::Member("scopes")),
    };
    for (name, description) in named.iter().filter(|(name, _)| !name.starts_with("x-")) {
        let description = description.as_str().filter(|text| !text.is_empty());
        let description =
            description.map(|text| text.chars().take(MAX_DESCRIPTION).collect::<String>());
        let bindings = bindings(flow, name)?;
        match scopes.iter_mut().find(|scope| scope.name == *name) {
            Some(known) => {
                known.description = known.description.take().or(description);
                known.bindings = known.bindings.take().or(bindings);
            }
            None => scopes.push(DescribedScope { name: name.clone(), description, bindings }),
        }
    }
    Ok(())
}

/// As WSO2 wrote them before: `{"apim":{"x-wso2-scopes":[{"key":…,"description":…,"roles":"a,b"}]}}`.
fn legacy_scopes(root: &Map<String, Value>, scopes: &mut Vec<DescribedScope>) {
    let listed = root.get("x-wso2-security").and_then(|all| all.get("apim")?.get("x-wso2-scopes"));
    for entry in listed.and_then(Value::as_array).into_iter().flatten() {
        let text = |member: &str| entry.get(member).and_then(Value::as_str);
        let Some(name) = text("key").or_else(|| text("name")) else { continue };
        if scopes.iter().any(|scope| scope.name == name) {
            continue;
        }
        let description = text("description").filter(|text| !text.is_empty());
        scopes.push(DescribedScope {
            name: name.to_owned(),
            description: description.map(|text| text.chars().take(MAX_DESCRIPTION).collect()),
            bindings: text("roles").map(roles),
        });
    }
}

fn roles(listed: &str) -> Vec<String> {
    let roles = listed.split(',').map(str::trim).filter(|role| !role.is_empty());
    roles.map(str::to_owned).collect()
}

fn bindings(flow: &Value, scope: &str) -> Result<Option<Vec<String>>, InvalidDefinition> {
    match flow.get("x-scopes-bindings").and_then(|all| all.get(scope)) {
        None => Ok(None),
        Some(Value::String(listed)) => Ok(Some(roles(listed))),
        Some(_) => Err(InvalidDefinition::Member("x-scopes-bindings")),
    }
}
