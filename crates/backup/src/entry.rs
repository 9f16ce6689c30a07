//! What each kind of entry has in common: an id, a name for people, its members in the file.

mod access;
mod apis;
mod form;
mod policies;
mod subscribers;

use std::collections::HashMap;

use serde::Deserializer;
use serde::Serializer;
use uuid::Uuid;

use super::kind::Kind;
use super::rows::Rows;

pub(crate) trait Entry: Clone {
    const KIND: Kind;

    /// What tells it from all others of its kind.
    fn id(&self) -> String;

    /// Where it stands among its kind; the id decides where this is the same.
    fn order(&self) -> String;

    /// For people.
    fn label(&self, _: &Names) -> String {
        self.order()
    }

    /// Puts in the place of each secret what `change` makes of it. The member of which it makes
    /// nothing, if there is one.
    fn change_secrets(&mut self, _: Change<'_>) -> Result<(), &'static str> {
        Ok(())
    }

    /// As the file has it.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// Given a secret's field and the secret.
pub(crate) type Change<'a> = &'a mut dyn FnMut(&str, &str) -> Option<String>;

/// An entry of that kind: its members are those of the named struct, which derives how they are written
/// and read. What tells it apart and where it stands are said of the row; its name for people is where
/// it stands, unless it says another.
macro_rules! entry {
    (
        $row:ident as $members:ident, $kind:ident; |$it:ident|
        id: $id:expr, order: $order:expr
        $(, label: |$names:ident| $label:expr)?
        $(, secrets: $secrets:ident)? $(,)?
    ) => {
        impl $crate::entry::Entry for $row {
            const KIND: $crate::kind::Kind = $crate::kind::Kind::$kind;

            fn id(&self) -> String {
                let $it = self;
                $id.to_string()
            }

            fn order(&self) -> String {
                let $it = self;
                $order
            }

            $(fn label(&self, $names: &$crate::entry::Names) -> String {
                let $it = self;
                $label
            })?

            $(fn change_secrets(
                &mut self,
                change: $crate::entry::Change<'_>,
            ) -> Result<(), &'static str> {
                $secrets(self, change)
            })?

            fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $members::serialize(self, serializer)
            }

            fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $members::deserialize(deserializer)
            }
        }
    };
}
use entry;

/// Names of what entries refer to by id.
#[derive(Default)]
pub(crate) struct Names(HashMap<(Kind, Uuid), String>);

impl Names {
    /// Of the last of these that knows the id.
    pub(crate) fn of(all: [&Rows; 2]) -> Self {
        let mut names = HashMap::new();
        for rows in all {
            let apis = rows
                .apis
                .iter()
                .map(|row| ((Kind::Api, row.id), format!("{}:{}", row.name, row.version_name)));
            let applications =
                rows.applications.iter().map(|row| ((Kind::Application, row.id), row.name.clone()));
            let key_managers =
                rows.key_managers.iter().map(|row| ((Kind::KeyManager, row.id), row.name.clone()));
            let revisions =
                rows.revisions.iter().map(|row| ((Kind::Revision, row.id), row.number.to_string()));
            names.extend(apis.chain(applications).chain(key_managers).chain(revisions));
        }
        Self(names)
    }

    fn get(&self, kind: Kind, id: Uuid) -> String {
        self.0.get(&(kind, id)).cloned().unwrap_or_else(|| id.to_string())
    }
}
