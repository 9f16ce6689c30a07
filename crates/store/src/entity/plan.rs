//! Throttling plans. Others refer to them by name.

use phantom_core::UnixTime;
use serde_json::Value as Json;
use serde_json::json;
use uuid::Uuid;

use super::Action;
use super::Entity;
use super::names;
use super::next_version;
use crate::columns::Columns;
use crate::columns::Record;
use crate::error::StoreError;
use crate::filter::Count;
use crate::read::reads;
use crate::session::Session;
use crate::value::values;
use crate::write::Write;

#[derive(Clone, Debug, PartialEq)]
pub struct PlanRow {
    pub id: Uuid,
    pub level: PlanLevel,
    /// Unique within its level.
    pub name: String,
    pub document: Json,
    pub version: i64,
    pub created_at: UnixTime,
}

names! {
    /// What a plan limits.
    PlanLevel {
        Application = "APPLICATION",
        Subscription = "SUBSCRIPTION",
        Advanced = "ADVANCED",
        Custom = "CUSTOM",
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, level, name, document, version, created_at FROM plans ", $rest)
    };
}

reads! {
    /// The plan with that id.
    fn plan(id: Uuid) -> Option<PlanRow>;
    /// The plan of that name at that level.
    fn plan_by_name(level: PlanLevel, name: &str) -> Option<PlanRow>;
    /// All plans, by level and name.
    fn plans() -> Vec<PlanRow>;
    /// All plans of that level, by name.
    fn plans_of(level: PlanLevel) -> Vec<PlanRow>;
}

async fn plan(session: &mut Session, id: Uuid) -> Result<Option<PlanRow>, StoreError> {
    session.row(select!("WHERE id = $1"), values![id]).await
}

async fn plan_by_name(
    session: &mut Session,
    level: PlanLevel,
    name: &str,
) -> Result<Option<PlanRow>, StoreError> {
    session.row(select!("WHERE level = $1 AND name = $2"), values![level.as_str(), name]).await
}

pub(super) async fn plans(session: &mut Session) -> Result<Vec<PlanRow>, StoreError> {
    session.rows(select!("ORDER BY level, name"), &[]).await
}

async fn plans_of(session: &mut Session, level: PlanLevel) -> Result<Vec<PlanRow>, StoreError> {
    session.rows(select!("WHERE level = $1 ORDER BY name"), values![level.as_str()]).await
}

/// What holds on to the plan, if anything does.
async fn user_of(session: &mut Session, row: &PlanRow) -> Result<Option<&'static str>, StoreError> {
    let (select, user) = match row.level {
        PlanLevel::Application => {
            ("SELECT COUNT(*) FROM applications WHERE plan = $1", "plan.applications")
        }
        PlanLevel::Subscription => (
            "SELECT COUNT(*) FROM subscriptions WHERE plan = $1 OR requested_plan = $1",
            "plan.subscriptions",
        ),
        PlanLevel::Advanced | PlanLevel::Custom => return Ok(None),
    };
    let count: Option<Count> = session.row(select, values![&row.name]).await?;
    Ok(count.filter(|count| count.0 > 0).map(|_| user))
}

impl Write {
    /// Stored with version 1.
    pub async fn insert_plan(&mut self, row: &PlanRow) -> Result<(), StoreError> {
        let insert = "INSERT INTO plans (id, level, name, document, version, created_at) \
             VALUES ($1, $2, $3, $4, 1, $5)";
        let values = values![row.id, row.level.as_str(), &row.name, &row.document, row.created_at];
        self.session.execute(insert, values).await?;
        self.wrote_plan(Action::Create, row.id, None, Some(row)).await
    }

    /// `row.version` is the one that was read. Gives back the row as it is now. `InUse` when a
    /// plan that others name is to be called differently.
    pub async fn update_plan(&mut self, row: PlanRow) -> Result<PlanRow, StoreError> {
        let before = self.plan(row.id).await?.ok_or(StoreError::Missing)?;
        let version = next_version(before.version, row.version)?;
        let row = PlanRow { version, created_at: before.created_at, ..row };
        if (row.level, &row.name) != (before.level, &before.name)
            && let Some(what) = user_of(&mut self.session, &before).await?
        {
            return Err(StoreError::InUse { what });
        }
        let update =
            "UPDATE plans SET level = $2, name = $3, document = $4, version = $5 WHERE id = $1";
        let values = values![row.id, row.level.as_str(), &row.name, &row.document, row.version];
        self.session.execute(update, values).await?;
        self.wrote_plan(Action::Update, row.id, Some(&before), Some(&row)).await?;
        Ok(row)
    }

    /// `InUse` while applications or subscriptions name it.
    pub async fn delete_plan(&mut self, id: Uuid) -> Result<(), StoreError> {
        let before = self.plan(id).await?.ok_or(StoreError::Missing)?;
        if let Some(what) = user_of(&mut self.session, &before).await? {
            return Err(StoreError::InUse { what });
        }
        self.session.execute("DELETE FROM plans WHERE id = $1", values![id]).await?;
        self.wrote_plan(Action::Delete, id, Some(&before), None).await
    }

    async fn wrote_plan(
        &mut self,
        action: Action,
        id: Uuid,
        before: Option<&PlanRow>,
        after: Option<&PlanRow>,
    ) -> Result<(), StoreError> {
        let id = id.to_string();
        let (before, after) = (before.map(audited), after.map(audited));
        self.record(action, Entity::Plan, &id, before, after).await?;
        self.publish(Entity::Plan, id).await
    }
}

fn audited(row: &PlanRow) -> Json {
    json!({"level": row.level.as_str(), "name": row.name, "document": row.document})
}

impl Record for PlanRow {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: columns.uuid()?,
            level: columns.one_of(PlanLevel::from_name)?,
            name: columns.text()?,
            document: columns.json()?,
            version: columns.integer()?,
            created_at: columns.time()?,
        })
    }
}
