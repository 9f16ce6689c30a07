//! Whether the store would hold together after an import: what must be unique is, what is referred
//! to is there, what never changes does not.

use std::collections::HashMap;
use std::collections::HashSet;

use phantom_store::ClientPurpose;
use phantom_store::PlanLevel;
use uuid::Uuid;

use super::diff::Action;
use super::diff::Diff;
use super::diff::Others;
use super::entry::Entry;
use super::entry::Names;
use super::error::BackupError;
use super::error::Mistakes;
use super::error::Place;
use super::kind::Kind;
use super::rows::Rows;
use super::rows::Visitor;
use super::sealed::Sealed;
use super::text::shown;

/// The file laid over the store.
#[derive(Clone, Copy)]
pub(crate) struct Merged<'r> {
    pub(crate) file: &'r Rows,
    pub(crate) stored: &'r Rows,
    pub(crate) others: Others,
}

/// An entry as it will be, and where it comes from.
struct Placed<'r, E> {
    row: &'r Sealed<E>,
    /// `None`: it stays in the store as it is.
    index: Option<usize>,
}

impl<'r> Merged<'r> {
    /// `problems` were found before.
    pub(crate) fn check(self, problems: Mistakes) -> Result<(), BackupError> {
        let mut checking =
            Checking { merged: self, names: Names::of([self.stored, self.file]), problems };
        self.file.visit(self.stored, &mut checking);
        checking.uniqueness();
        checking.references();
        checking.revisions();
        checking.problems.none_or_err()
    }

    fn entries<E: Entry + 'r>(&self, section: fn(&Rows) -> &Vec<Sealed<E>>) -> Vec<Placed<'r, E>> {
        let file = section(self.file);
        let mut placed: Vec<Placed<'r, E>> = file
            .iter()
            .enumerate()
            .map(|(index, row)| Placed { row, index: Some(index) })
            .collect();
        if self.others == Others::Keep {
            let given: HashSet<String> = file.iter().map(|row| row.id()).collect();
            let rest = section(self.stored).iter().filter(|row| !given.contains(&row.id()));
            placed.extend(rest.map(|row| Placed { row, index: None }));
        }
        placed
    }
}

struct Checking<'r> {
    merged: Merged<'r>,
    names: Names,
    problems: Mistakes,
}

/// No two entries of the file are the same one.
impl<'r> Visitor<'r> for Checking<'r> {
    fn section<E: Entry>(&mut self, file: &'r [Sealed<E>], _: &'r [Sealed<E>]) {
        let mut first = HashMap::new();
        for (index, row) in file.iter().enumerate() {
            if let Some(before) = first.insert(row.id(), index) {
                let message = format!("is the same entry as {}[{before}]", E::KIND.section());
                self.problems.note(Place::Entry(E::KIND, index), message);
            }
        }
    }
}

impl<'r> Checking<'r> {
    /// As the indexes of the store have it.
    fn uniqueness(&mut self) {
        self.unique(
            |rows| &rows.clients,
            "name",
            |row| (row.purpose == ClientPurpose::Registered).then(|| row.name.clone()),
        );
        self.unique(|rows| &rows.key_managers, "name", |row| Some(row.name.clone()));
        self.unique(|rows| &rows.plans, "name", |row| joined(&[row.level.as_str(), &row.name]));
        self.unique(|rows| &rows.scopes, "name", |row| Some(row.name.clone()));
        self.unique(
            |rows| &rows.apis,
            "name",
            |row| joined(&[&folded(&row.name), &row.version_name]),
        );
        self.unique(
            |rows| &rows.apis,
            "context",
            |row| joined(&[&folded(&row.context), &row.version_name]),
        );
        self.unique(
            |rows| &rows.revisions,
            "number",
            |row| joined(&[&row.api.to_string(), &row.number.to_string()]),
        );
        self.unique(
            |rows| &rows.applications,
            "name",
            |row| joined(&[&row.owner, &folded(&row.name)]),
        );
        self.unique(
            |rows| &rows.key_mappings,
            "consumer_key",
            |row| joined(&[&row.key_manager.to_string(), &row.consumer_key]),
        );
        self.unique(
            |rows| &rows.key_mappings,
            "key_type",
            |row| {
                let (application, key_manager) = (row.application, row.key_manager);
                joined(&[&application.to_string(), &key_manager.to_string(), row.key_type.as_str()])
            },
        );
        self.unique(
            |rows| &rows.subscriptions,
            "api",
            |row| joined(&[&row.application.to_string(), &row.api.to_string()]),
        );
    }

    fn unique<E: Entry + 'r>(
        &mut self,
        section: fn(&Rows) -> &Vec<Sealed<E>>,
        member: &'static str,
        of: impl Fn(&E) -> Option<String>,
    ) {
        let entries = self.merged.entries(section);
        let mut taken: HashMap<String, &Placed<'r, E>> = HashMap::new();
        // The store's come first, so that what is wrong is told of the file.
        let (files, stores): (Vec<_>, Vec<_>) =
            entries.iter().partition(|entry| entry.index.is_some());
        for entry in stores.into_iter().chain(files) {
            let Some(value) = of(entry.row) else { continue };
            let Some(other) = taken.insert(value, entry) else { continue };
            let (word, label) = (E::KIND.word(), other.row.label(&self.names));
            let message = match other.index {
                Some(index) => format!("is that of {}[{index}] too", E::KIND.section()),
                None => {
                    self.problems.advise(
                        "What the store has of its own is in the way: import into an empty store, \
                         remove it first, or use --prune, which puts the backup's in its place.",
                    );
                    format!("is that of another {word} of the store, {label} ({})", other.row.id())
                }
            };
            self.note(entry, member, shown(&message));
        }
    }

    fn references(&mut self) {
        let merged = self.merged;
        let ids = Ids::of(merged);
        for entry in merged.entries(|rows| &rows.revisions) {
            self.refers(&entry, "api", Kind::Api, ids.apis.contains(&entry.row.api));
        }
        for entry in merged.entries(|rows| &rows.deployments) {
            let row = entry.row;
            self.refers(&entry, "api", Kind::Api, ids.apis.contains(&row.api));
            let of_the_api = ids.revisions.contains(&(row.api, row.revision));
            self.refers(&entry, "revision", Kind::Revision, of_the_api);
        }
        for entry in merged.entries(|rows| &rows.applications) {
            let known = ids.plans.contains(&(PlanLevel::Application, entry.row.plan.as_str()));
            self.refers(&entry, "plan", Kind::Plan, known);
        }
        for entry in merged.entries(|rows| &rows.key_mappings) {
            let row = entry.row;
            let known = ids.applications.contains(&row.application);
            self.refers(&entry, "application", Kind::Application, known);
            let known = ids.key_managers.contains(&row.key_manager);
            self.refers(&entry, "key_manager", Kind::KeyManager, known);
        }
        for entry in merged.entries(|rows| &rows.subscriptions) {
            let row = entry.row;
            let known = ids.applications.contains(&row.application);
            self.refers(&entry, "application", Kind::Application, known);
            self.refers(&entry, "api", Kind::Api, ids.apis.contains(&row.api));
            for (member, plan) in [("plan", &row.plan), ("requested_plan", &row.requested_plan)] {
                let known = ids.plans.contains(&(PlanLevel::Subscription, plan.as_str()));
                self.refers(&entry, member, Kind::Plan, known);
            }
        }
    }

    fn refers<E: Entry>(
        &mut self,
        entry: &Placed<'_, E>,
        member: &'static str,
        to: Kind,
        known: bool,
    ) {
        if !known {
            let message = match to {
                Kind::Revision => "names no revision of that API, in the file or the store".into(),
                _ => format!("names no {} of the file or the store", to.word()),
            };
            self.note(entry, member, message);
        }
    }

    /// A revision is what an API was when it was frozen.
    fn revisions(&mut self) {
        let Merged { file, stored, others } = self.merged;
        let diff = Diff::between(file, stored, others);
        let changed = diff.changes().iter().filter(|change| {
            change.kind == Kind::Revision && matches!(change.action, Action::Change(_))
        });
        let changed: HashSet<&str> = changed.map(|change| change.id.as_str()).collect();
        for (index, row) in file.revisions.iter().enumerate() {
            if changed.contains(row.id.to_string().as_str()) {
                let message = "is not what it is in the store, and revisions never change";
                self.problems.note(Place::Entry(Kind::Revision, index), message);
            }
        }
    }

    fn note<E: Entry>(&mut self, entry: &Placed<'_, E>, member: &'static str, message: String) {
        let place = match entry.index {
            Some(index) => Place::Member(E::KIND, index, member),
            None => {
                let label = entry.row.label(&self.names);
                Place::Stored(format!("{} {label}, {member}", E::KIND.word()))
            }
        };
        self.problems.note(place, message);
    }
}

/// What can be referred to.
struct Ids<'r> {
    apis: HashSet<Uuid>,
    revisions: HashSet<(Uuid, Uuid)>,
    applications: HashSet<Uuid>,
    key_managers: HashSet<Uuid>,
    plans: HashSet<(PlanLevel, &'r str)>,
}

impl<'r> Ids<'r> {
    fn of(merged: Merged<'r>) -> Self {
        let plans = merged.entries(|rows| &rows.plans);
        let revisions = merged.entries(|rows| &rows.revisions);
        Self {
            apis: merged.entries(|rows| &rows.apis).iter().map(|it| it.row.id).collect(),
            revisions: revisions.iter().map(|it| (it.row.api, it.row.id)).collect(),
            applications: merged
                .entries(|rows| &rows.applications)
                .iter()
                .map(|it| it.row.id)
                .collect(),
            key_managers: merged
                .entries(|rows| &rows.key_managers)
                .iter()
                .map(|it| it.row.id)
                .collect(),
            plans: plans.iter().map(|it| (it.row.level, it.row.name.as_str())).collect(),
        }
    }
}

/// No part holds a NUL, so no two lists give the same text.
fn joined(parts: &[&str]) -> Option<String> {
    Some(parts.join("\0"))
}

/// As the store compares names when case does not count.
fn folded(text: &str) -> String {
    text.to_lowercase()
}
