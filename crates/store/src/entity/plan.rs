//! Throttling plans. Others refer to them by name.

use phantom_core::UnixTime;
use serde_json::Value as Json;
use serde_json::json;
use uuid::Uuid;

use super::Audited;
use super::Entity;
use super::names;
use super::next_version;
use crate::columns::table;
use crate::error::StoreError;
use crate::read::reads;
use crate::session::Session;
use crate::value::values;
use crate::write::Write;

/// A plan: how much may be used in which time.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanRow {
    /// Made by the caller; never changes.
    pub id: Uuid,
    /// Decides whose requests are counted together.
    pub level: PlanLevel,
    /// Unique within its level.
    pub name: String,
    /// All else, by the names of the Admin API.
    pub document: Json,
    /// Rises with every update.
    pub version: i64,
    /// Given with the insert; never changes.
    pub created_at: UnixTime,
}

names! {
    /// What a plan limits.
    PlanLevel {
        /// All calls of a user of an application.
        Application = "APPLICATION",
        /// All calls of an application to an API.
        Subscription = "SUBSCRIPTION",
        /// All calls to an API, or to an operation.
        Advanced = "ADVANCED",
        /// WSO2's custom rules: kept and shown, not enforced.
        Custom = "CUSTOM",
    }
}

table! {
    PlanRow in "plans" by id: level, name, document, version; fixed: created_at
}

reads! {
    /// The plan with that id.
    fn plan(id: Uuid) -> Option<PlanRow> = "WHERE id = $1";
    /// The plan of that name at that level.
    fn plan_by_name(level: PlanLevel, name: &str) -> Option<PlanRow>
        = "WHERE level = $1 AND name = $2";
    /// How many applications or subscriptions have the plan, counted no further than to 1000. What
    /// APIs say is in their documents, and not counted.
    fn plan_uses(level: PlanLevel, name: &str) -> u64;
    /// All plans, by level and name.
    fn plans() -> Vec<PlanRow> = "ORDER BY level, name";
    /// All plans of that level, by name.
    fn plans_of(level: PlanLevel) -> Vec<PlanRow> = "WHERE level = $1 ORDER BY name";
}

/// How many applications or subscriptions have the plan, counted no further than to 1000.
async fn plan_uses(session: &mut Session, level: PlanLevel, name: &str) -> Result<u64, StoreError> {
    let from = match level {
        PlanLevel::Application => {
            "(SELECT 1 AS used FROM applications WHERE plan = $1 LIMIT 1000) AS uses"
        }
        PlanLevel::Subscription => {
            "(SELECT 1 AS used FROM subscriptions WHERE plan = $1 LIMIT 1000) AS uses"
        }
        PlanLevel::Advanced | PlanLevel::Custom => return Ok(0),
    };
    session.ask(from, values![name]).await
}

/// What holds on to the plan, if anything does.
async fn user_of(session: &mut Session, row: &PlanRow) -> Result<Option<&'static str>, StoreError> {
    let (from, user) = match row.level {
        PlanLevel::Application => ("applications WHERE plan = $1", "plan.applications"),
        PlanLevel::Subscription => {
            ("subscriptions WHERE plan = $1 OR requested_plan = $1", "plan.subscriptions")
        }
        PlanLevel::Advanced | PlanLevel::Custom => return Ok(None),
    };
    let count: u64 = session.ask(from, values![&row.name]).await?;
    Ok((count > 0).then_some(user))
}

impl Write {
    /// Kept as given, `version` too: 1 for what is new.
    ///
    /// # Errors
    ///
    /// [`StoreError::Duplicate`] of `plans.name`.
    pub async fn insert_plan(&mut self, row: &PlanRow) -> Result<(), StoreError> {
        self.insert(row).await
    }

    /// `row.version` is the one that was read. Gives back the row as it is now.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`], [`StoreError::VersionMismatch`], [`StoreError::Duplicate`] of
    /// `plans.name`, or [`StoreError::InUse`] when a plan that others name is to be called differently.
    pub async fn update_plan(&mut self, row: PlanRow) -> Result<PlanRow, StoreError> {
        let before = self.plan(row.id).await?.ok_or(StoreError::Missing)?;
        let version = next_version(before.version, row.version)?;
        let row = PlanRow { version, created_at: before.created_at, ..row };
        if (row.level, &row.name) != (before.level, &before.name)
            && let Some(what) = user_of(&mut self.session, &before).await?
        {
            return Err(StoreError::InUse { what });
        }
        self.update(&before, &row).await?;
        Ok(row)
    }

    /// APIs that name it in their documents are not looked at.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`], or [`StoreError::InUse`] while applications or subscriptions name it.
    pub async fn delete_plan(&mut self, id: Uuid) -> Result<(), StoreError> {
        let before = self.plan(id).await?.ok_or(StoreError::Missing)?;
        if let Some(what) = user_of(&mut self.session, &before).await? {
            return Err(StoreError::InUse { what });
        }
        self.delete(&before).await
    }
}

impl Audited for PlanRow {
    const ENTITY: Entity = Entity::Plan;

    fn audited(&self) -> Json {
        json!({"level": self.level.as_str(), "name": self.name, "document": self.document})
    }
}
