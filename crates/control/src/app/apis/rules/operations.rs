//! Operations of an API: what can be called, and what that asks for.

use std::collections::HashSet;

use phantom_store::PlanLevel;
use serde_json::Value;

use super::Known;
use super::texts;
use crate::app::apis::document::ApiDocument;
use crate::app::apis::document::OperationDocument;
use crate::app::apis::document::ScopeDocument;
use crate::app::apis::document::Verb;
use crate::app::apis::raw;
use crate::app::apis::raw::RawOperation;
use crate::app::scopes::SharedScope;
use crate::app::text;
use crate::app::unenforced;
use crate::app::unenforced::Of;
use crate::problem::Outcome;
use crate::problem::Problem;
use crate::random;

/// The plan that limits nothing.
const UNLIMITED: &str = "Unlimited";
const MAX_OPERATIONS: usize = 1000;

/// Of an API that names none: everything, by the five common verbs.
pub(super) fn usual() -> Vec<RawOperation> {
    let verbs = [Verb::Get, Verb::Post, Verb::Put, Verb::Delete, Verb::Patch];
    let target = Some("/*".to_owned());
    let operation =
        |verb| RawOperation { target: target.clone(), verb: Some(verb), ..RawOperation::default() };
    verbs.into_iter().map(operation).collect()
}

/// The operations, valid, and the scopes with those shared ones that operations alone name.
pub(super) fn valid(
    given: Vec<RawOperation>,
    mut scopes: Vec<ScopeDocument>,
    known: &Known,
    before: Option<&ApiDocument>,
) -> Outcome<(Vec<OperationDocument>, Vec<ScopeDocument>)> {
    text::count("operations", given.len(), MAX_OPERATIONS)?;
    let mut taken: HashSet<(String, Verb)> = HashSet::with_capacity(given.len());
    let mut operations = Vec::with_capacity(given.len());
    for raw in given {
        let others = raw::kept(&raw, raw::KEPT_OF_OPERATIONS)?;
        unenforced::refuse(Of::Operation, &Value::Object(others.clone()))?;
        let target = raw.target.ok_or_else(|| Problem::bad_request("target: must not be null"))?;
        let verb = raw.verb.ok_or_else(|| Problem::bad_request("verb: must not be null"))?;
        check_template(&target)?;
        if !taken.insert((shape(&target), verb)) {
            let rule = format!("operations: {} {target} stands twice", verb.as_str());
            return Err(Problem::bad_request(rule));
        }
        let plan = raw.throttling_policy.filter(|plan| !plan.is_empty());
        let throttling_policy = plan.unwrap_or_else(|| UNLIMITED.to_owned());
        known.require_plan(PlanLevel::Advanced, &throttling_policy)?;
        let names = texts("operations.scopes", raw.scopes)?;
        for name in &names {
            if scopes.iter().any(|scope| scope.name == *name) {
                continue;
            }
            let Some(row) = known.shared_scope(name) else {
                let rule = format!("operations: the scope '{name}' is not among the API's scopes");
                return Err(Problem::bad_request(rule));
            };
            scopes.push(SharedScope::of(row)?.in_an_api());
        }
        let is_same = |each: &&OperationDocument| each.target == target && each.verb == verb;
        let known_id = before.and_then(|before| before.operations.iter().find(is_same));
        let id = known_id.map_or_else(|| random::id().to_string(), |each| each.id.clone());
        operations.push(OperationDocument {
            id,
            target,
            verb,
            auth_type: raw.auth_type.unwrap_or_default(),
            throttling_policy,
            scopes: names,
            others,
        });
    }
    Ok((operations, scopes))
}

/// `/`, then whole segments: literal, `{name}`, or a `*` at the end.
fn check_template(template: &str) -> Outcome<()> {
    let refused = |why: &str| Problem::bad_request(format!("target: {why}"));
    text::length("target", template, 0, 512)?;
    let Some(rest) = template.strip_prefix('/') else {
        return Err(refused("has to start with '/'"));
    };
    let mut names = HashSet::new();
    let mut segments = rest.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        if segment == "*" {
            if !is_last {
                return Err(refused("'*' stands at the end only"));
            }
        } else if let Some(name) = segment.strip_prefix('{') {
            let name = name.strip_suffix('}').unwrap_or_default();
            let is_sound = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
            if name.is_empty() || !name.chars().all(is_sound) {
                return Err(refused("a parameter is a whole segment: {name}"));
            }
            if !names.insert(name) {
                return Err(refused("a parameter stands twice"));
            }
        } else if segment.is_empty() && !is_last {
            return Err(refused("a segment is empty"));
        } else if matches!(segment, "." | "..") || !segment.bytes().all(is_path_byte) {
            return Err(refused("a segment holds what no path can"));
        }
    }
    Ok(())
}

/// RFC 3986 §3.3: `pchar`, without `*`, which means the rest.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()+,;=:@%".contains(&byte)
}

/// Templates that differ in the names of parameters alone take the same paths.
fn shape(template: &str) -> String {
    let segments = template.split('/');
    let shape = segments.map(|segment| if segment.starts_with('{') { "{}" } else { segment });
    shape.collect::<Vec<_>>().join("/")
}
