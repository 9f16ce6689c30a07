//! Writing what differs, in an order in which nothing refers to what is not there.

mod writes;

use std::collections::HashMap;

use phantom_store::StoreError;
use phantom_store::Write;

use self::writes::Writes;
use super::diff::Action;
use super::diff::Diff;
use super::entry::Entry;
use super::entry::Names;
use super::error::BackupError;
use super::kind::Kind;
use super::rows::Rows;
use phantom_manage::users;

/// Members that the store never changes: an entry in which they differ is made anew.
const FIXED: &[(Kind, &[&str])] = &[
    (Kind::Client, &["name", "owner", "purpose"]),
    (Kind::KeyMapping, &["application", "key_manager", "key_type", "consumer_key", "mode"]),
    (Kind::Subscription, &["application", "api"]),
];

pub(super) async fn apply(
    write: &mut Write,
    file: &Rows,
    stored: &Rows,
    diff: &Diff,
) -> Result<(), BackupError> {
    let names = Names::of([stored, file]);
    let mut steps = HashMap::new();
    for change in diff.changes() {
        steps.insert((change.kind, change.id.as_str()), step(change.kind, &change.action));
    }
    let mut applying = Applying { write, file, stored, steps, names };
    applying.take_away().await?;
    applying.put().await?;
    applying.plans().await?;
    let left = write.users().await?;
    match users::has_administrator(&stored.users) && !users::has_administrator(&left) {
        true => Err(BackupError::NoAdministrator),
        false => Ok(()),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Insert,
    Update,
    /// Taken away, then inserted.
    Replace,
    Remove,
}

fn step(kind: Kind, action: &Action) -> Step {
    match action {
        Action::Add => Step::Insert,
        Action::Remove => Step::Remove,
        Action::Change(members) => {
            let of_kind = FIXED.iter().find(|(each, _)| *each == kind);
            let fixed = of_kind.map_or(&[][..], |(_, fixed)| fixed);
            let replaces = members.iter().any(|member| fixed.contains(&member.as_str()));
            if replaces { Step::Replace } else { Step::Update }
        }
    }
}

struct Applying<'a> {
    write: &'a mut Write,
    file: &'a Rows,
    stored: &'a Rows,
    steps: HashMap<(Kind, &'a str), Step>,
    names: Names<'a>,
}

impl Applying<'_> {
    /// What holds on to others first.
    async fn take_away(&mut self) -> Result<(), BackupError> {
        let stored = self.stored;
        for row in &stored.deployments {
            // Also from under a revision that goes: what is deployed in its place comes later.
            let revision = row.revision.to_string();
            let revision = self.steps.get(&(Kind::Revision, revision.as_str()));
            if self.goes(row) || revision == Some(&Step::Remove) {
                let done = self.write.undeploy(row.api, &row.environment).await;
                self.told(row, done)?;
            }
        }
        self.remove_all(&stored.subscriptions).await?;
        self.remove_all(&stored.key_mappings).await?;
        self.remove_all(&stored.applications).await?;
        self.remove_all(&stored.revisions).await?;
        self.remove_all(&stored.apis).await?;
        self.remove_all(&stored.scopes).await?;
        self.remove_all(&stored.deny_policies).await?;
        self.remove_all(&stored.key_managers).await?;
        self.remove_all(&stored.clients).await?;
        self.remove_all(&stored.users).await?;
        // Of plans only those whose name another takes: the rest may still be named.
        for row in &stored.plans {
            let same = |other: &&phantom_store::PlanRow| {
                (other.level, &other.name, other.id != row.id) == (row.level, &row.name, true)
            };
            if self.goes(row) && self.file.plans.iter().any(|other| same(&other)) {
                self.remove(row).await?;
            }
        }
        Ok(())
    }

    /// What others refer to first.
    async fn put(&mut self) -> Result<(), BackupError> {
        let (file, stored) = (self.file, self.stored);
        self.put_all(&file.users, &stored.users).await?;
        self.put_all(&file.clients, &stored.clients).await?;
        self.put_all(&file.key_managers, &stored.key_managers).await?;
        self.put_all(&file.deny_policies, &stored.deny_policies).await?;
        self.put_all(&file.scopes, &stored.scopes).await?;
        self.put_all(&file.apis, &stored.apis).await?;
        self.put_all(&file.revisions, &stored.revisions).await?;
        self.put_all(&file.deployments, &stored.deployments).await?;
        self.put_all(&file.applications, &stored.applications).await?;
        self.put_all(&file.key_mappings, &stored.key_mappings).await?;
        self.put_all(&file.subscriptions, &stored.subscriptions).await?;
        self.put_all(&file.revocations, &stored.revocations).await
    }

    /// Last: a plan goes, or gets another name, only when nobody names it any more.
    async fn plans(&mut self) -> Result<(), BackupError> {
        for row in &self.stored.plans {
            if self.goes(row) && self.write.plan(row.id).await?.is_some() {
                self.remove(row).await?;
            }
        }
        self.put_all(&self.file.plans, &self.stored.plans).await
    }

    async fn remove_all<E: Writes>(&mut self, rows: &[E]) -> Result<(), BackupError> {
        for row in rows {
            if self.goes(row) {
                self.remove(row).await?;
            }
        }
        Ok(())
    }

    async fn put_all<E: Writes>(&mut self, file: &[E], stored: &[E]) -> Result<(), BackupError> {
        let before: HashMap<String, &E> = stored.iter().map(|row| (row.id(), row)).collect();
        for row in file {
            let done = match (self.step(row), before.get(&row.id())) {
                (Some(Step::Update), Some(before)) => row.update(before, self.write).await,
                (Some(Step::Insert | Step::Replace), _) => row.insert(self.write).await,
                _ => continue,
            };
            self.told(row, done)?;
        }
        Ok(())
    }

    async fn remove<E: Writes>(&mut self, row: &E) -> Result<(), BackupError> {
        let done = row.remove(self.write).await;
        self.told(row, done)
    }

    fn step<E: Entry>(&self, row: &E) -> Option<Step> {
        self.steps.get(&(E::KIND, row.id().as_str())).copied()
    }

    fn goes<E: Entry>(&self, row: &E) -> bool {
        matches!(self.step(row), Some(Step::Remove | Step::Replace))
    }

    /// A refusal with the name of what was refused.
    fn told<E: Entry>(&self, row: &E, done: Result<(), StoreError>) -> Result<(), BackupError> {
        done.map_err(|source| {
            let label = super::record::shown(&row.label(&self.names));
            BackupError::Refused { label: format!("{} {label}", E::KIND.word()), source }
        })
    }
}
