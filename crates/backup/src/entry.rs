//! What each kind of entry has in common: an id, a name for people, its members.

mod access;
mod apis;
mod key_managers;
mod subscribers;
mod throttling;

use std::collections::HashMap;

use uuid::Uuid;

use super::kind::Kind;
use super::members::Members;
use super::record::Record;
use super::rows::Rows;

pub(super) trait Entry: Sized {
    const KIND: Kind;

    /// What tells it from all others of its kind.
    fn id(&self) -> String;

    /// Where it stands among its kind; the id decides where this is the same.
    fn order(&self) -> String;

    /// For people.
    fn label(&self, names: &Names<'_>) -> String;

    fn record(&self) -> Record<'_>;

    /// Notes what is wrong with the members.
    fn read(members: &mut Members<'_>) -> Option<Self>;
}

/// Names of what entries refer to by id.
#[derive(Default)]
pub(super) struct Names<'r> {
    apis: HashMap<Uuid, (&'r str, &'r str)>,
    applications: HashMap<Uuid, &'r str>,
    key_managers: HashMap<Uuid, &'r str>,
    revisions: HashMap<Uuid, u64>,
}

impl<'r> Names<'r> {
    /// Of the last of these that knows the id.
    pub(super) fn of(all: [&'r Rows; 2]) -> Self {
        let mut names = Self::default();
        for rows in all {
            names.apis.extend(
                rows.apis
                    .iter()
                    .map(|row| (row.id, (row.name.as_str(), row.version_name.as_str()))),
            );
            names
                .applications
                .extend(rows.applications.iter().map(|row| (row.id, row.name.as_str())));
            names
                .key_managers
                .extend(rows.key_managers.iter().map(|row| (row.id, row.name.as_str())));
            names.revisions.extend(rows.revisions.iter().map(|row| (row.id, row.number)));
        }
        names
    }

    fn api(&self, id: Uuid) -> String {
        match self.apis.get(&id) {
            Some((name, version)) => format!("{name}:{version}"),
            None => id.to_string(),
        }
    }

    fn application(&self, id: Uuid) -> String {
        self.applications.get(&id).map_or_else(|| id.to_string(), |name| (*name).to_owned())
    }

    fn key_manager(&self, id: Uuid) -> String {
        self.key_managers.get(&id).map_or_else(|| id.to_string(), |name| (*name).to_owned())
    }

    fn revision(&self, id: Uuid) -> String {
        self.revisions.get(&id).map_or_else(|| id.to_string(), u64::to_string)
    }
}
