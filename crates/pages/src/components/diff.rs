//! Two documents, and where they differ.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use askama::Template;
use serde_json::Value;

use super::drawn;

#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/diff.html")]
pub struct Diff {
    /// What stands in the columns: `Deployed`, `Now`.
    pub before: String,
    pub after: String,
    pub changes: Vec<Change>,
    /// Said where there are none.
    pub none: &'static str,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// `endpointConfig.production_endpoints.url`.
    pub member: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

drawn!(Diff);

/// Changes shown; the rest is counted by the last of them.
const MOST: usize = 200;
/// Of a value, in characters.
const LONGEST: usize = 400;

impl Diff {
    pub fn between(names: (&str, &str), before: &Value, after: &Value) -> Self {
        let mut changes = Vec::new();
        compare(String::new(), Some(before), Some(after), &mut changes);
        let (before, after) = (names.0.to_owned(), names.1.to_owned());
        Self { before, after, changes, none: "There is no difference." }.bounded(MOST)
    }

    /// Shows no more than so many changes, and of each value no more than can be looked through.
    pub fn bounded(mut self, most: usize) -> Self {
        let left = self.changes.len().saturating_sub(most);
        self.changes.truncate(most);
        for value in
            self.changes.iter_mut().flat_map(|change| [&mut change.before, &mut change.after])
        {
            if let Some(text) = value
                && let Some((end, _)) = text.char_indices().nth(LONGEST)
            {
                text.truncate(end);
                text.push('…');
            }
        }
        if left > 0 {
            let member = format!("and {left} more");
            self.changes.push(Change { member, ..Change::default() });
        }
        self
    }
}

fn compare(
    member: String,
    before: Option<&Value>,
    after: Option<&Value>,
    changes: &mut Vec<Change>,
) {
    if before == after {
        return;
    }
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
            for name in names {
                let inner =
                    if member.is_empty() { name.clone() } else { format!("{member}.{name}") };
                compare(inner, old.get(name), new.get(name), changes);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new)))
            if old.iter().chain(new).any(Value::is_object) =>
        {
            if let (Some(old), Some(new)) = (by_name(old), by_name(new)) {
                let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
                for name in names {
                    let (old, new) = (old.get(name).copied(), new.get(name).copied());
                    compare(format!("{member}[{name}]"), old, new, changes);
                }
                return;
            }
            for index in 0..old.len().max(new.len()) {
                compare(format!("{member}[{index}]"), old.get(index), new.get(index), changes);
            }
        }
        _ => changes.push(Change { member, before: before.map(shown), after: after.map(shown) }),
    }
}

/// The items by what people know them by, where each has such a name of its own: an operation by what it is
/// asked with, others by theirs.
fn by_name(items: &[Value]) -> Option<BTreeMap<String, &Value>> {
    let mut found = BTreeMap::new();
    for item in items {
        let text = |member: &str| item.get(member).and_then(Value::as_str);
        let name = match (text("verb"), text("target")) {
            (Some(verb), Some(target)) => format!("{verb} {target}"),
            _ => text("name")?.to_owned(),
        };
        if found.insert(name, item).is_some() {
            return None;
        }
    }
    Some(found)
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changed_members_alone_are_shown() {
        let before = json!({"a": 1, "b": {"c": "x", "d": [1]}, "e": [{"f": 1}], "g": true});
        let after = json!({"a": 1, "b": {"c": "y", "d": [1, 2]}, "e": [{"f": 2}, {"f": 3}]});
        let diff = Diff::between(("Deployed", "Now"), &before, &after);
        let members: Vec<_> = diff.changes.iter().map(|change| change.member.as_str()).collect();
        assert_eq!(members, ["b.c", "b.d", "e[0].f", "e[1]", "g"]);
        assert_eq!(diff.changes[4].after, None);
    }

    #[test]
    fn operations_are_told_by_what_they_are_asked_with() {
        let operation = |id: &str, verb: &str, target: &str, auth: &str| json!({"id": id, "verb": verb, "target": target, "authType": auth});
        let before = json!({"operations": [
            operation("1", "GET", "/a", "Any"), operation("2", "PATCH", "/a", "Any"), operation("3", "GET", "/b", "Any"),
        ]});
        let after = json!({"operations": [operation("1", "GET", "/a", "Any"), operation("3", "GET", "/b", "None")]});
        let diff = Diff::between(("Deployed", "Now"), &before, &after);
        let members: Vec<_> = diff.changes.iter().map(|change| change.member.as_str()).collect();
        assert_eq!(members, ["operations[GET /b].authType", "operations[PATCH /a]"]);
        assert_eq!(diff.changes[1].after, None);
        // Of two that are called alike nothing but the place tells which is which.
        let before =
            json!([operation("1", "GET", "/a", "Any"), operation("2", "GET", "/a", "Any")]);
        let diff = Diff::between(
            ("Deployed", "Now"),
            &before,
            &json!([operation("1", "GET", "/a", "Any")]),
        );
        assert_eq!(diff.changes[0].member, "[1]");
    }
}
