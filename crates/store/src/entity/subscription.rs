//! Which applications may call which APIs, under which plan.

use phantom_core::UnixTime;
use serde_json::Value as Json;
use serde_json::json;
use uuid::Uuid;

use super::Action;
use super::Entity;
use super::next_version;
use crate::columns::Columns;
use crate::columns::Record;
use crate::error::StoreError;
use crate::filter::Count;
use crate::filter::Page;
use crate::read::reads;
use crate::session::Session;
use crate::value::values;
use crate::write::Write;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionRow {
    pub id: Uuid,
    pub application: Uuid,
    /// One subscription of an application to each.
    pub api: Uuid,
    pub plan: String,
    pub requested_plan: String,
    pub status: String,
    pub version: i64,
    pub created_at: UnixTime,
    pub updated_at: UnixTime,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, application, api, plan, requested_plan, status, version, created_at, \
             updated_at FROM subscriptions ",
            $rest
        )
    };
}

reads! {
    /// The subscription with that id.
    fn subscription(id: Uuid) -> Option<SubscriptionRow>;
    /// The application's subscription to the API.
    fn subscription_of(application: Uuid, api: Uuid) -> Option<SubscriptionRow>;
    /// One page of the application's subscriptions, in the order of their ids.
    fn subscriptions_of_application(application: Uuid, limit: u32, offset: u32)
        -> Page<SubscriptionRow>;
    /// One page of the subscriptions of an owner's applications to the API, in the order of the
    /// applications' names.
    fn subscriptions_of_owner(owner: &str, api: Uuid, limit: u32, offset: u32)
        -> Page<SubscriptionRow>;
    /// One page of the subscriptions to the API, in the order of their ids.
    fn subscriptions_of_api(api: Uuid, limit: u32, offset: u32) -> Page<SubscriptionRow>;
}

async fn subscription(
    session: &mut Session,
    id: Uuid,
) -> Result<Option<SubscriptionRow>, StoreError> {
    session.row(select!("WHERE id = $1"), values![id]).await
}

async fn subscription_of(
    session: &mut Session,
    application: Uuid,
    api: Uuid,
) -> Result<Option<SubscriptionRow>, StoreError> {
    session.row(select!("WHERE application = $1 AND api = $2"), values![application, api]).await
}

async fn subscriptions_of_application(
    session: &mut Session,
    application: Uuid,
    limit: u32,
    offset: u32,
) -> Result<Page<SubscriptionRow>, StoreError> {
    let select = "SELECT COUNT(*) FROM subscriptions WHERE application = $1";
    let count: Option<Count> = session.row(select, values![application]).await?;
    let select = select!("WHERE application = $1 ORDER BY id LIMIT $2 OFFSET $3");
    let rows = session.rows(select, values![application, limit, offset]).await?;
    Ok(Page { rows, total: count.map_or(0, |count| count.0) })
}

async fn subscriptions_of_owner(
    session: &mut Session,
    owner: &str,
    api: Uuid,
    limit: u32,
    offset: u32,
) -> Result<Page<SubscriptionRow>, StoreError> {
    let select = "SELECT COUNT(*) FROM subscriptions WHERE api = $1 \
         AND application IN (SELECT id FROM applications WHERE owner = $2)";
    let count: Option<Count> = session.row(select, values![api, owner]).await?;
    let select = select!(
        "WHERE api = $1 AND application IN (SELECT id FROM applications WHERE owner = $2) \
         ORDER BY (SELECT name FROM applications WHERE applications.id = application), id \
         LIMIT $3 OFFSET $4"
    );
    let rows = session.rows(select, values![api, owner, limit, offset]).await?;
    Ok(Page { rows, total: count.map_or(0, |count| count.0) })
}

async fn subscriptions_of_api(
    session: &mut Session,
    api: Uuid,
    limit: u32,
    offset: u32,
) -> Result<Page<SubscriptionRow>, StoreError> {
    let select = "SELECT COUNT(*) FROM subscriptions WHERE api = $1";
    let count: Option<Count> = session.row(select, values![api]).await?;
    let select = select!("WHERE api = $1 ORDER BY id LIMIT $2 OFFSET $3");
    let rows = session.rows(select, values![api, limit, offset]).await?;
    Ok(Page { rows, total: count.map_or(0, |count| count.0) })
}

impl Write {
    /// Stored with version 1. `Missing` when the application or the API is gone.
    pub async fn insert_subscription(&mut self, row: &SubscriptionRow) -> Result<(), StoreError> {
        let insert = "INSERT INTO subscriptions (id, application, api, plan, requested_plan, \
             status, version, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8)";
        let values = values![
            row.id,
            row.application,
            row.api,
            &row.plan,
            &row.requested_plan,
            &row.status,
            row.created_at,
            row.updated_at,
        ];
        self.session.execute(insert, values).await?;
        self.wrote_subscription(Action::Create, None, Some(row)).await
    }

    /// Plans and status; whose it is and to what stays. `row.version` is the one that was read.
    /// Gives back the row as it is now.
    pub async fn update_subscription(
        &mut self,
        row: SubscriptionRow,
    ) -> Result<SubscriptionRow, StoreError> {
        let before = self.subscription(row.id).await?.ok_or(StoreError::Missing)?;
        let row = SubscriptionRow {
            application: before.application,
            api: before.api,
            version: next_version(before.version, row.version)?,
            created_at: before.created_at,
            updated_at: self.now,
            ..row
        };
        let update = "UPDATE subscriptions SET plan = $2, requested_plan = $3, status = $4, \
             version = $5, updated_at = $6 WHERE id = $1";
        let values = values![
            row.id,
            &row.plan,
            &row.requested_plan,
            &row.status,
            row.version,
            row.updated_at,
        ];
        self.session.execute(update, values).await?;
        self.wrote_subscription(Action::Update, Some(&before), Some(&row)).await?;
        Ok(row)
    }

    pub async fn delete_subscription(&mut self, id: Uuid) -> Result<(), StoreError> {
        let before = self.subscription(id).await?.ok_or(StoreError::Missing)?;
        self.session.execute("DELETE FROM subscriptions WHERE id = $1", values![id]).await?;
        self.wrote_subscription(Action::Delete, Some(&before), None).await
    }

    /// Gateways see it as a part of its application.
    async fn wrote_subscription(
        &mut self,
        action: Action,
        before: Option<&SubscriptionRow>,
        after: Option<&SubscriptionRow>,
    ) -> Result<(), StoreError> {
        let Some(row) = after.or(before) else { return Ok(()) };
        let (application, id) = (row.application.to_string(), row.id.to_string());
        let (before, after) = (before.map(audited), after.map(audited));
        self.record(action, Entity::Subscription, &id, before, after).await?;
        self.publish(Entity::Application, application).await
    }
}

fn audited(row: &SubscriptionRow) -> Json {
    json!({
        "application": row.application.to_string(), "api": row.api.to_string(),
        "plan": row.plan, "requested_plan": row.requested_plan, "status": row.status,
    })
}

impl Record for SubscriptionRow {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: columns.uuid()?,
            application: columns.uuid()?,
            api: columns.uuid()?,
            plan: columns.text()?,
            requested_plan: columns.text()?,
            status: columns.text()?,
            version: columns.integer()?,
            created_at: columns.time()?,
            updated_at: columns.time()?,
        })
    }
}
