//! `$ref` inside of one document. Other documents are not looked for.

use std::borrow::Cow;

use serde_json::Map;
use serde_json::Value;

use super::parse::InvalidDefinition;
use super::parse::MAX_NODES;

/// Longest chain of references followed.
const MAX_STEPS: usize = 16;

/// What a value is, or the one that it refers to; `None` where that is not in the document.
pub(super) fn resolved<'d>(
    root: &'d Map<String, Value>,
    mut value: &'d Value,
) -> Option<&'d Value> {
    for _ in 0..MAX_STEPS {
        match value.get("$ref").and_then(Value::as_str) {
            None => return Some(value),
            Some(reference) => value = pointed_at(root, reference)?,
        }
    }
    None
}

/// `#/paths/~1a`: RFC 6901, in a fragment.
fn pointed_at<'d>(root: &'d Map<String, Value>, reference: &str) -> Option<&'d Value> {
    let pointer = reference.strip_prefix("#/")?;
    let mut names = pointer.split('/').map(unescaped);
    let first = root.get(&*names.next()?)?;
    names.try_fold(first, |value, name| match value {
        Value::Object(members) => members.get(&*name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    })
}

fn unescaped(name: &str) -> Cow<'_, str> {
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    match name.contains('~') {
        true => Cow::Owned(name.replace("~1", "/").replace("~0", "~")),
        false => name,
    }
}

/// Puts what path items refer to in their place, under what stands beside the reference: an operation
/// that is not seen is one that is not protected.
pub(super) fn inline_path_items(members: &mut Map<String, Value>) -> Result<(), InvalidDefinition> {
    let Some(Value::Object(paths)) = members.get("paths") else { return Ok(()) };
    let mut budget = MAX_NODES;
    let mut inlined = Vec::new();
    for (path, item) in paths {
        let Some(reference) = item.get("$ref") else { continue };
        let unknown = || InvalidDefinition::Reference {
            place: path.clone(),
            reference: reference.as_str().unwrap_or_default().to_owned(),
        };
        let target = resolved(members, item).and_then(Value::as_object).ok_or_else(unknown)?;
        budget = target
            .values()
            .try_fold(budget, |budget, value| budget.checked_sub(nodes(value)))
            .ok_or(InvalidDefinition::TooLarge)?;
        let mut target = target.clone();
        for (name, value) in item.as_object().into_iter().flatten() {
            if name != "$ref" {
                target.insert(name.clone(), value.clone());
            }
        }
        inlined.push((path.clone(), target));
    }
    if let Some(Value::Object(paths)) = members.get_mut("paths") {
        paths.extend(inlined.into_iter().map(|(path, item)| (path, Value::Object(item))));
    }
    Ok(())
}

fn nodes(value: &Value) -> usize {
    let mut nodes = 0;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        nodes += 1;
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(members) => open.extend(members.values()),
            _ => {}
        }
    }
    nodes
}
