//! What an import changes: what is new, what differs and in which members, what goes.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::fmt;

use phantom_core::UnixTime;
use serde_json::Value as Json;

use super::entry::Entry;
use super::entry::Names;
use super::kind::Kind;
use super::rows::Rows;
use super::rows::Visitor;
use super::sealed::Sealed;
use super::text::shown;

/// What happens to entries of the store that are not in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    Keep,
    /// Removes them, but for revocations: no restore brings a revoked token back to life.
    Remove,
}

/// Changes in the order of the file, then what goes. Shows no values, so no secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    changes: Vec<Change>,
    same: Vec<(Kind, usize)>,
    /// The last line of the audit of the store that was compared.
    pub(crate) as_of: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub kind: Kind,
    pub action: Action,
    /// What tells the entry from others of its kind.
    pub id: String,
    /// Its name for people.
    pub label: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Add,
    /// The members that differ, `document.policies`.
    Change(Vec<String>),
    Remove,
}

impl Diff {
    pub(crate) fn between(file: &Rows, stored: &Rows, others: Others) -> Self {
        let names = Names::of([stored, file]);
        let mut comparing = Comparing { names, others, diff: Self::default() };
        file.visit(stored, &mut comparing);
        comparing.diff
    }

    /// Revocations that have expired meanwhile: the store would forget them at once.
    pub(crate) fn forget_expired(&mut self, file: &Rows, now: UnixTime) {
        let expired = file.revocations.iter().filter(|row| row.expires_at <= now);
        let expired: BTreeSet<String> = expired.map(|row| row.id()).collect();
        self.changes.retain(|it| it.kind != Kind::Revocation || !expired.contains(&it.id));
    }

    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

struct Comparing {
    names: Names,
    others: Others,
    diff: Diff,
}

impl<'r> Visitor<'r> for Comparing {
    fn section<E: Entry>(&mut self, file: &'r [Sealed<E>], stored: &'r [Sealed<E>]) {
        let mut rest: HashMap<String, &Sealed<E>> =
            stored.iter().map(|row| (row.id(), row)).collect();
        let mut same = 0;
        for row in file {
            let action = match rest.remove(&row.id()) {
                None => Action::Add,
                Some(before) => match differing(before, row) {
                    members if members.is_empty() => {
                        same += 1;
                        continue;
                    }
                    members => Action::Change(members),
                },
            };
            self.note(row, action);
        }
        // A token that was revoked stays so.
        if self.others == Others::Remove && E::KIND != Kind::Revocation {
            for row in stored.iter().filter(|row| rest.contains_key(&row.id())) {
                self.note(row, Action::Remove);
            }
        }
        self.diff.same.push((E::KIND, same));
    }
}

impl Comparing {
    fn note<E: Entry>(&mut self, row: &Sealed<E>, action: Action) {
        let (id, label) = (row.id(), row.label(&self.names));
        self.diff.changes.push(Change { kind: E::KIND, action, id, label });
    }
}

/// When an entry was made or changed: kept from what is in the store, so no difference.
const HISTORY: [&str; 2] = ["created_at", "updated_at"];

/// The names of the members that are not alike. The same secret is sealed alike.
fn differing<E: Entry>(before: &Sealed<E>, after: &Sealed<E>) -> Vec<String> {
    // Rows are plain data, which serde_json takes.
    let json = |entry| serde_json::to_value(entry).unwrap_or_default();
    let (before, after) = (json(before), json(after));
    let names = unlike(&before, &after).into_iter().filter(|name| !HISTORY.contains(name));
    let mut differing = Vec::new();
    for name in names {
        match (before.get(name), after.get(name)) {
            (Some(before @ Json::Object(_)), Some(after @ Json::Object(_))) => {
                let inner = unlike(before, after).into_iter();
                differing.extend(inner.map(|inner| format!("{name}.{inner}")));
            }
            _ => differing.push(name.to_owned()),
        }
    }
    differing
}

fn unlike<'a>(before: &'a Json, after: &'a Json) -> BTreeSet<&'a str> {
    let members = |object: &'a Json| object.as_object().into_iter().flat_map(|it| it.keys());
    members(before)
        .chain(members(after))
        .map(String::as_str)
        .filter(|name| before.get(name) != after.get(name))
        .collect()
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, same) in &self.same {
            let count = |action: fn(&Action) -> bool| {
                let of_kind = self.changes.iter().filter(|change| change.kind == *kind);
                of_kind.filter(|change| action(&change.action)).count()
            };
            let new = count(|action| matches!(action, Action::Add));
            let changed = count(|action| matches!(action, Action::Change(_)));
            let removed = count(|action| matches!(action, Action::Remove));
            if new + changed + removed + same > 0 {
                writeln!(
                    f,
                    "{:<14} {new} new, {changed} changed, {removed} removed, {same} as they are",
                    kind.section()
                )?;
            }
        }
        // A revocation says only what nobody can read, and there may be 100,000: their number is told.
        let mut told = self.changes.iter().filter(|change| change.kind != Kind::Revocation);
        told.try_for_each(|change| writeln!(f, "{change}"))
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.action {
            Action::Add => '+',
            Action::Change(_) => '~',
            Action::Remove => '-',
        };
        write!(f, "{sign} {} {}", self.kind.word(), shown(&self.label))?;
        match &self.action {
            Action::Change(members) => write!(f, " ({})", shown(&members.join(", "))),
            Action::Add | Action::Remove => Ok(()),
        }
    }
}
