//! One transaction that writes: its rows, its audit and its changes are kept together or not at
//! all.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use phantom_core::UnixTime;
use serde_json::Value as Json;

use crate::actor::Actor;
use crate::entity::Action;
use crate::entity::Audited;
use crate::entity::Entity;
use crate::entity::audit::AuditRow;
use crate::error::StoreError;
use crate::progress::Progress;
use crate::session::Session;
use crate::sql::Sql;
use crate::value::values;

/// Reads and writes of one transaction. Dropped without [`Write::commit`] it leaves no trace.
///
/// After a statement failed ([`StoreError::Duplicate`], say) the transaction is over: everything
/// else answers [`StoreError::Aborted`]. What is found out before writing (`Missing`,
/// `VersionMismatch`, `InUse`, `Refused`) leaves it as it was.
pub struct Write {
    pub(crate) session: Session,
    actor: Actor,
    pub(crate) now: UnixTime,
    progress: Arc<Progress>,
    audited: Option<u64>,
    changed: Option<u64>,
    /// Changes not yet written, each once. At most [`FLUSH_AT`].
    pending: Vec<(Entity, String)>,
    known: HashSet<(Entity, String)>,
}

const FLUSH_AT: usize = 1024;

impl Write {
    pub(crate) fn new(
        session: Session,
        actor: Actor,
        now: UnixTime,
        progress: Arc<Progress>,
    ) -> Self {
        Self {
            session,
            actor,
            now,
            progress,
            audited: None,
            changed: None,
            pending: Vec::new(),
            known: HashSet::new(),
        }
    }

    /// Keeps it all. What is acknowledged here survives the process, and is in force at the gateway that
    /// it has, unless that is more than a second behind.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as every write may answer. Where no answer came it may be kept all the same.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        self.flush().await?;
        for (counter, value) in [("audit", self.audited), ("change", self.changed)] {
            if let Some(value) = value {
                self.set_counter(counter, value).await?;
            }
        }
        let Self { session, progress, changed, .. } = self;
        session.commit().await?;
        if let Some(changed) = changed {
            progress.commit(changed).await;
        }
        Ok(())
    }

    /// A new row, with its line of the audit and its change.
    pub(crate) async fn insert<T: Audited>(&mut self, row: &T) -> Result<(), StoreError> {
        let mut cells = row.cells(&self.session.sealing)?;
        row.beside(&mut cells);
        let (sql, values) = Sql::insert(T::FROM, cells);
        self.session.execute(sql, &values).await?;
        self.wrote(None, Some(row)).await
    }

    /// A row that was there before: what is not fixed is written again.
    pub(crate) async fn update<T: Audited>(
        &mut self,
        before: &T,
        row: &T,
    ) -> Result<(), StoreError> {
        let mut cells = row.cells(&self.session.sealing)?;
        row.beside(&mut cells);
        let (sql, values) = Sql::update(T::FROM, cells);
        self.session.execute(sql, &values).await?;
        self.wrote(Some(before), Some(row)).await
    }

    pub(crate) async fn delete<T: Audited>(&mut self, row: &T) -> Result<(), StoreError> {
        let key = row.cells(&self.session.sealing)?.key;
        let (sql, values) = Sql::delete(T::FROM, key);
        self.session.execute(sql, &values).await?;
        self.wrote(Some(row), None).await
    }

    /// The line of the audit and the change of what was written.
    pub(crate) async fn wrote<T: Audited>(
        &mut self,
        before: Option<&T>,
        after: Option<&T>,
    ) -> Result<(), StoreError> {
        let Some(row) = after.or(before) else { return Ok(()) };
        let action = match (before, after) {
            (None, _) => Action::Create,
            (Some(_), Some(_)) => Action::Update,
            (Some(_), None) => Action::Delete,
        };
        let (before, after) = (before.map(T::audited), after.map(T::audited));
        self.record(action, T::ENTITY, row.key(), before, after).await?;
        match row.published() {
            Some((entity, id)) => self.publish(entity, id).await,
            None => Ok(()),
        }
    }

    /// A line of the audit. `before` and `after` hold no secrets.
    pub(crate) async fn record(
        &mut self,
        action: Action,
        entity: Entity,
        entity_id: String,
        before: Option<Json>,
        after: Option<Json>,
    ) -> Result<(), StoreError> {
        let last = match self.audited {
            Some(last) => last,
            None => self.counter("audit").await?,
        };
        self.audited = Some(last + 1);
        let line = AuditRow {
            sequence: last + 1,
            at: self.now,
            who: self.actor.name.clone(),
            address: self.actor.address,
            action,
            entity,
            entity_id,
            before: before.map(bounded),
            after: after.map(bounded),
        };
        self.session.insert(&line).await
    }

    /// Notes that gateways must look at this entity again, once per transaction.
    pub(crate) async fn publish(&mut self, entity: Entity, id: String) -> Result<(), StoreError> {
        if self.known.insert((entity, id.clone())) {
            self.pending.push((entity, id));
        }
        if self.pending.len() >= FLUSH_AT { self.flush().await } else { Ok(()) }
    }

    /// The next number of that counter, taken at once.
    pub(crate) async fn take(&mut self, counter: &'static str) -> Result<u64, StoreError> {
        let next = self.counter(counter).await? + 1;
        self.set_counter(counter, next).await?;
        Ok(next)
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let mut last = match self.changed {
            Some(last) => last,
            None => self.counter("change").await?,
        };
        self.known.clear();
        for (entity, id) in std::mem::take(&mut self.pending) {
            last += 1;
            let insert =
                "INSERT INTO changes (sequence, at, entity, entity_id) VALUES ($1, $2, $3, $4)";
            self.session.execute(insert, values![last, self.now, entity, id]).await?;
        }
        self.changed = Some(last);
        Ok(())
    }

    async fn counter(&mut self, name: &'static str) -> Result<u64, StoreError> {
        let select = "SELECT value AS number FROM counters WHERE name = $1";
        let count = self.session.number(select, values![name]).await?;
        count.ok_or_else(|| StoreError::corrupt("a counter is absent"))
    }

    async fn set_counter(&mut self, name: &'static str, value: u64) -> Result<(), StoreError> {
        let update = "UPDATE counters SET value = $2 WHERE name = $1";
        self.session.execute(update, values![name, value]).await.map(drop)
    }
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Write").field("actor", &self.actor).finish_non_exhaustive()
    }
}

/// Longer rows (an API carries its whole OpenAPI document) leave their hash instead, so that the
/// audit does not outgrow what it audits.
fn bounded(json: Json) -> Json {
    const LONGEST: usize = 16 * 1024;
    let text = json.to_string();
    if text.len() <= LONGEST {
        return json;
    }
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    let mut short = serde_json::Map::new();
    for name in ["name", "version"] {
        if let Some(value) = json.get(name).filter(|value| value.to_string().len() < 256) {
            short.insert(name.to_owned(), value.clone());
        }
    }
    short.insert("bytes".to_owned(), text.len().into());
    short.insert("sha256".to_owned(), hex::encode(hash).into());
    Json::Object(short)
}
