//! Operations of an API: what can be called, and what that asks for.

use std::collections::HashSet;

use phantom_access::random;
use phantom_core::PathTemplate;
use phantom_definition::OperationDocument;
use phantom_definition::ScopeDocument;
use phantom_definition::Verb;
use phantom_store::PlanLevel;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::text;
use phantom_terms::unenforced;
use phantom_terms::unenforced::Of;
use serde_json::Value;

use super::Known;
use super::texts;
use crate::apis::document::ApiDocument;
use crate::scopes::SharedScope;

/// The plan that limits nothing.
const UNLIMITED: &str = "Unlimited";
const MAX_OPERATIONS: usize = 1000;

/// Of an API that names none: everything, by the five common verbs.
pub(super) fn usual() -> Vec<OperationDocument> {
    let verbs = [Verb::Get, Verb::Post, Verb::Put, Verb::Delete, Verb::Patch];
    verbs.into_iter().map(|verb| OperationDocument::new("/*", verb)).collect()
}

/// The operations, valid, and the scopes with those shared ones that operations alone name.
pub(super) fn valid(
    given: Vec<OperationDocument>,
    mut scopes: Vec<ScopeDocument>,
    known: &Known,
    before: Option<&ApiDocument>,
) -> Outcome<(Vec<OperationDocument>, Vec<ScopeDocument>)> {
    text::count("operations", given.len(), MAX_OPERATIONS)?;
    let mut taken: HashSet<(PathTemplate, Verb)> = HashSet::with_capacity(given.len());
    let mut operations = Vec::with_capacity(given.len());
    for (at, mut operation) in given.into_iter().enumerate() {
        let others = Value::Object(operation.others.clone());
        unenforced::refuse_at(&format!("operations[{at}]."), Of::Operation, &others)?;
        let (target, verb) = (&operation.target, operation.verb);
        let template = PathTemplate::parse(target).map_err(|error| {
            Refusal::invalid(format!("operations[{at}].target: {target:?} {error}"))
        })?;
        // Templates that differ in the names of parameters alone take the same paths.
        if !taken.insert((template, verb)) {
            let verb = verb.as_str();
            let rule = format!(
                "operations: {verb} {target} stands twice, or takes the same paths as another"
            );
            return Err(Refusal::invalid(rule));
        }
        let is_same = |each: &&OperationDocument| each.target == *target && each.verb == verb;
        let known_id = before.and_then(|before| before.operations.iter().find(is_same));
        operation.id = known_id.map_or_else(|| random::id().to_string(), |each| each.id.clone());
        if operation.throttling_policy.is_empty() {
            UNLIMITED.clone_into(&mut operation.throttling_policy);
        }
        known.require_plan(PlanLevel::Advanced, &operation.throttling_policy)?;
        operation.scopes = texts("operations.scopes", operation.scopes)?;
        for name in &operation.scopes {
            if scopes.iter().any(|scope| scope.name == *name) {
                continue;
            }
            let Some(row) = known.shared_scope(name) else {
                let rule = format!("operations: the scope '{name}' is not among the API's scopes");
                return Err(Refusal::invalid(rule));
            };
            scopes.push(SharedScope::of(row)?.in_an_api());
        }
        operations.push(operation);
    }
    Ok((operations, scopes))
}
