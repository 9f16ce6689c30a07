//! What an import changes: what is new, what differs and in which members, what goes.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::fmt;

use phantom_core::UnixTime;
use serde_json::Value as Json;

use super::Others;
use super::entry::Entry;
use super::entry::Names;
use super::kind::Kind;
use super::record::Field;
use super::record::Record;
use super::record::shown;
use super::rows::Rows;
use super::rows::Visitor;

/// Changes in the order of the file, then what goes. Shows no values, so no secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    changes: Vec<Change>,
    same: Vec<(Kind, usize)>,
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
    pub(super) fn between(file: &Rows, stored: &Rows, others: Others) -> Self {
        let names = Names::of([stored, file]);
        let mut comparing = Comparing { names, others, diff: Self::default() };
        file.visit(stored, &mut comparing);
        comparing.diff
    }

    /// Revocations that have expired meanwhile: the store would forget them at once.
    pub(super) fn forget_expired(&mut self, file: &Rows, now: UnixTime) {
        let expired = file.revocations.iter().filter(|row| row.expires_at <= now);
        let expired: BTreeSet<String> = expired.map(Entry::id).collect();
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

struct Comparing<'r> {
    names: Names<'r>,
    others: Others,
    diff: Diff,
}

impl<'r> Visitor<'r> for Comparing<'r> {
    fn section<E: Entry>(&mut self, file: &'r [E], stored: &'r [E]) {
        let mut rest: HashMap<String, &E> = stored.iter().map(|row| (row.id(), row)).collect();
        let mut same = 0;
        for row in file {
            let action = match rest.remove(&row.id()) {
                None => Action::Add,
                Some(before) => match differing(&before.record(), &row.record()) {
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

impl Comparing<'_> {
    fn note<E: Entry>(&mut self, row: &E, action: Action) {
        let (id, label) = (row.id(), row.label(&self.names));
        self.diff.changes.push(Change { kind: E::KIND, action, id, label });
    }
}

/// The names of the members that are not alike.
fn differing(before: &Record<'_>, after: &Record<'_>) -> Vec<String> {
    let (before, after) = (named(before), named(after));
    let names: BTreeSet<&'static str> = before.keys().chain(after.keys()).copied().collect();
    let mut differing = Vec::new();
    for name in names {
        match (before.get(name), after.get(name)) {
            (Some(Field::History(_)), Some(Field::History(_))) => {}
            (Some(Field::Document(before)), Some(Field::Document(after))) => {
                let inner = documents(before, after).into_iter();
                differing.extend(inner.map(|inner| format!("{name}.{inner}")));
            }
            (Some(Field::Secrets(before)), Some(Field::Secrets(after))) => {
                let all: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
                let changed = all.into_iter().filter(|each| before.get(each) != after.get(each));
                differing.extend(changed.map(|inner| format!("{name}.{inner}")));
            }
            (before, after) if before == after => {}
            _ => differing.push(name.to_owned()),
        }
    }
    differing
}

fn named<'a, 'r>(record: &'a Record<'r>) -> BTreeMap<&'static str, &'a Field<'r>> {
    record.iter().map(|(name, field)| (*name, field)).collect()
}

fn documents<'a>(before: &'a Json, after: &'a Json) -> BTreeSet<&'a str> {
    let members = |document: &'a Json| document.as_object().into_iter().flat_map(|it| it.keys());
    members(before)
        .chain(members(after))
        .filter(|name| before.get(name.as_str()) != after.get(name.as_str()))
        .map(String::as_str)
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
        self.changes.iter().try_for_each(|change| writeln!(f, "{change}"))
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
