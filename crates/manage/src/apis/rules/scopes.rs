//! Scopes of an API: its own and shared ones.

use phantom_access::roles;
use phantom_definition::ScopeDocument;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::text;

use super::Known;
use super::known_roles;
use super::texts;
use crate::scopes::SharedScope;

/// A scope token of RFC 6749 §3.3: `%x21 / %x23-5B / %x5D-7E`.
pub fn scope_name(name: &str) -> Outcome<()> {
    if name.is_empty() || name.len() > 255 {
        return Err(Refusal::invalid("scope name: size must be between 1 and 255"));
    }
    let is_sound = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
    if !name.bytes().all(is_sound) {
        return Err(Refusal::ScopeName);
    }
    // Who gets one of those is not for an API to say: bound to other roles it would do nothing.
    if roles::scope(name).is_some() {
        let rule = format!("scope name: '{name}' is a scope of the control plane itself");
        return Err(Refusal::invalid(rule));
    }
    Ok(())
}

pub fn valid(raw: ScopeDocument) -> Outcome<ScopeDocument> {
    scope_name(&raw.name)?;
    text::optional("displayName", raw.display_name.as_deref(), 255)?;
    text::optional("description", raw.description.as_deref(), 512)?;
    let bindings = texts("bindings", raw.bindings)?;
    known_roles(&bindings)?;
    Ok(ScopeDocument { bindings, ..raw })
}

pub(super) fn local_and_shared(
    given: Vec<ScopeDocument>,
    known: &Known,
) -> Outcome<Vec<ScopeDocument>> {
    text::count("scopes", given.len(), 500)?;
    let mut scopes: Vec<ScopeDocument> = Vec::with_capacity(given.len());
    for raw in given {
        let scope = match known.shared_scope(&raw.name) {
            Some(row) => SharedScope::of(row)?.in_an_api(),
            None if raw.shared => {
                let name = &raw.name;
                let rule = format!("scopes: there is no shared scope '{name}'");
                return Err(Refusal::invalid(rule));
            }
            None => valid(raw)?,
        };
        if scopes.iter().any(|other| other.name == scope.name) {
            let rule = format!("scopes: '{}' stands twice", scope.name);
            return Err(Refusal::invalid(rule));
        }
        scopes.push(scope);
    }
    Ok(scopes)
}
