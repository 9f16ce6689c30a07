//! Applications of subscribers.

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
use crate::filter::containing;
use crate::filter::fold;
use crate::read::reads;
use crate::session::Session;
use crate::value::Value;
use crate::value::values;
use crate::write::Write;

#[derive(Clone, Debug, PartialEq)]
pub struct ApplicationRow {
    pub id: Uuid,
    /// Unique for its owner, case aside.
    pub name: String,
    pub owner: String,
    /// The name of a plan.
    pub plan: String,
    pub document: Json,
    pub version: i64,
    pub created_at: UnixTime,
    pub updated_at: UnixTime,
}

/// Which applications to list; `None` takes all.
#[derive(Clone, Debug, Default)]
pub struct ApplicationFilter {
    pub owner: Option<String>,
    /// Case does not count.
    pub name_contains: Option<String>,
    pub sort_by: ApplicationSort,
    pub descending: bool,
    pub limit: u32,
    pub offset: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApplicationSort {
    #[default]
    Name,
    Plan,
    /// All are approved, so this comes down to the name.
    Status,
    Owner,
    CreatedAt,
}

macro_rules! select {
    ($rest:expr) => {
        concat!(
            "SELECT id, name, owner, plan, document, version, created_at, updated_at \
             FROM applications ",
            $rest
        )
    };
}

macro_rules! matching {
    () => {
        "WHERE ($1 IS NULL OR owner = $1) AND ($2 IS NULL OR name_key LIKE $2 ESCAPE '\\') "
    };
}

macro_rules! listing {
    ($order:literal) => {
        select!(concat!(matching!(), "ORDER BY ", $order, " LIMIT $3 OFFSET $4"))
    };
}

reads! {
    /// The application with that id.
    fn application(id: Uuid) -> Option<ApplicationRow>;
    /// The owner's application of that name, case aside.
    fn application_by_name(owner: &str, name: &str) -> Option<ApplicationRow>;
    /// One page of the applications that match.
    fn applications(filter: &ApplicationFilter) -> Page<ApplicationRow>;
    /// How many subscriptions it has.
    fn subscription_count(application: Uuid) -> u64;
}

async fn application(
    session: &mut Session,
    id: Uuid,
) -> Result<Option<ApplicationRow>, StoreError> {
    session.row(select!("WHERE id = $1"), values![id]).await
}

async fn application_by_name(
    session: &mut Session,
    owner: &str,
    name: &str,
) -> Result<Option<ApplicationRow>, StoreError> {
    session.row(select!("WHERE owner = $1 AND name_key = $2"), values![owner, fold(name)]).await
}

async fn applications(
    session: &mut Session,
    filter: &ApplicationFilter,
) -> Result<Page<ApplicationRow>, StoreError> {
    let matching: [Value<'_>; 2] = [
        filter.owner.as_deref().into(),
        filter.name_contains.as_deref().map(containing).transpose()?.into(),
    ];
    let count: Option<Count> =
        session.row(concat!("SELECT COUNT(*) FROM applications ", matching!()), &matching).await?;
    let select = match (filter.sort_by, filter.descending) {
        (ApplicationSort::Name | ApplicationSort::Status, false) => listing!("name_key, id"),
        (ApplicationSort::Name | ApplicationSort::Status, true) => {
            listing!("name_key DESC, id DESC")
        }
        (ApplicationSort::Plan, false) => listing!("plan, name_key, id"),
        (ApplicationSort::Plan, true) => listing!("plan DESC, name_key DESC, id DESC"),
        (ApplicationSort::Owner, false) => listing!("owner, name_key, id"),
        (ApplicationSort::Owner, true) => listing!("owner DESC, name_key DESC, id DESC"),
        (ApplicationSort::CreatedAt, false) => listing!("created_at, id"),
        (ApplicationSort::CreatedAt, true) => listing!("created_at DESC, id DESC"),
    };
    let mut values = matching.to_vec();
    values.extend([filter.limit.into(), filter.offset.into()]);
    let rows = session.rows(select, &values).await?;
    Ok(Page { rows, total: count.map_or(0, |count| count.0) })
}

async fn subscription_count(session: &mut Session, application: Uuid) -> Result<u64, StoreError> {
    let select = "SELECT COUNT(*) FROM subscriptions WHERE application = $1";
    let count: Option<Count> = session.row(select, values![application]).await?;
    Ok(count.map_or(0, |count| count.0))
}

impl Write {
    /// Stored with version 1.
    pub async fn insert_application(&mut self, row: &ApplicationRow) -> Result<(), StoreError> {
        let insert = "INSERT INTO applications (id, name, name_key, owner, plan, document, \
             version, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8)";
        let values = values![
            row.id,
            &row.name,
            fold(&row.name),
            &row.owner,
            &row.plan,
            &row.document,
            row.created_at,
            row.updated_at,
        ];
        self.session.execute(insert, values).await?;
        self.wrote_application(Action::Create, row.id, None, Some(row)).await
    }

    /// `row.version` is the one that was read. Gives back the row as it is now.
    pub async fn update_application(
        &mut self,
        row: ApplicationRow,
    ) -> Result<ApplicationRow, StoreError> {
        let before = self.application(row.id).await?.ok_or(StoreError::Missing)?;
        let row = ApplicationRow {
            version: next_version(before.version, row.version)?,
            created_at: before.created_at,
            updated_at: self.now,
            ..row
        };
        let update = "UPDATE applications SET name = $2, name_key = $3, owner = $4, plan = $5, \
             document = $6, version = $7, updated_at = $8 WHERE id = $1";
        let values = values![
            row.id,
            &row.name,
            fold(&row.name),
            &row.owner,
            &row.plan,
            &row.document,
            row.version,
            row.updated_at,
        ];
        self.session.execute(update, values).await?;
        self.wrote_application(Action::Update, row.id, Some(&before), Some(&row)).await?;
        Ok(row)
    }

    /// With its key mappings and subscriptions.
    pub async fn delete_application(&mut self, id: Uuid) -> Result<(), StoreError> {
        let before = self.application(id).await?.ok_or(StoreError::Missing)?;
        self.session.execute("DELETE FROM applications WHERE id = $1", values![id]).await?;
        self.wrote_application(Action::Delete, id, Some(&before), None).await
    }

    async fn wrote_application(
        &mut self,
        action: Action,
        id: Uuid,
        before: Option<&ApplicationRow>,
        after: Option<&ApplicationRow>,
    ) -> Result<(), StoreError> {
        let id = id.to_string();
        let (before, after) = (before.map(audited), after.map(audited));
        self.record(action, Entity::Application, &id, before, after).await?;
        self.publish(Entity::Application, id).await
    }
}

fn audited(row: &ApplicationRow) -> Json {
    json!({"name": row.name, "owner": row.owner, "plan": row.plan, "document": row.document})
}

impl Record for ApplicationRow {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: columns.uuid()?,
            name: columns.text()?,
            owner: columns.text()?,
            plan: columns.text()?,
            document: columns.json()?,
            version: columns.integer()?,
            created_at: columns.time()?,
            updated_at: columns.time()?,
        })
    }
}
