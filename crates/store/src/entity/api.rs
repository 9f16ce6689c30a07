//! Managed APIs: the working copy and the state of its life cycle.

use phantom_core::UnixTime;
use serde_json::Value as Json;
use serde_json::json;
use uuid::Uuid;

use super::Action;
use super::Entity;
use super::api_scope;
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
pub struct ApiRow {
    pub id: Uuid,
    /// Unique with the version, case aside.
    pub name: String,
    /// The API's own version, `v1`.
    pub version_name: String,
    /// Unique with the version, case aside.
    pub context: String,
    pub provider: String,
    pub state: String,
    pub document: Json,
    pub version: i64,
    pub created_at: UnixTime,
    pub updated_at: UnixTime,
}

/// Which APIs to list; `None` and an empty list take all.
#[derive(Clone, Debug, Default)]
pub struct ApiFilter {
    /// Case does not count.
    pub name_contains: Option<String>,
    /// Case does not count.
    pub context_contains: Option<String>,
    pub version_name: Option<String>,
    pub provider: Option<String>,
    pub states: Vec<String>,
    pub sort_by: ApiSort,
    pub descending: bool,
    pub limit: u32,
    pub offset: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApiSort {
    /// By name, provider and version.
    #[default]
    Name,
    CreatedAt,
    UpdatedAt,
}

macro_rules! select {
    ($rest:expr) => {
        concat!(
            "SELECT id, name, api_version, context, provider, state, document, version, \
             created_at, updated_at FROM apis ",
            $rest
        )
    };
}

macro_rules! matching {
    () => {
        "WHERE ($1 IS NULL OR name_key LIKE $1 ESCAPE '\\') \
         AND ($2 IS NULL OR context_key LIKE $2 ESCAPE '\\') \
         AND ($3 IS NULL OR api_version = $3) AND ($4 IS NULL OR provider = $4) \
         AND ($5 IS NULL OR $5 LIKE '%,' || state || ',%') "
    };
}

macro_rules! listing {
    ($order:literal) => {
        select!(concat!(matching!(), "ORDER BY ", $order, " LIMIT $6 OFFSET $7"))
    };
}

reads! {
    /// The API with that id.
    fn api(id: Uuid) -> Option<ApiRow>;
    /// One page of the APIs that match.
    fn apis(filter: &ApiFilter) -> Page<ApiRow>;
    /// All versions of the API of that name, case aside, the oldest first.
    fn apis_named(name: &str) -> Vec<ApiRow>;
    /// All versions of the API at that context, case aside, the oldest first.
    fn apis_at(context: &str) -> Vec<ApiRow>;
    /// How many subscriptions there are to it.
    fn subscriber_count(api: Uuid) -> u64;
}

pub(super) async fn api(session: &mut Session, id: Uuid) -> Result<Option<ApiRow>, StoreError> {
    session.row(select!("WHERE id = $1"), values![id]).await
}

async fn apis(session: &mut Session, filter: &ApiFilter) -> Result<Page<ApiRow>, StoreError> {
    let matching: [Value<'_>; 5] = [
        filter.name_contains.as_deref().map(containing).transpose()?.into(),
        filter.context_contains.as_deref().map(containing).transpose()?.into(),
        filter.version_name.as_deref().into(),
        filter.provider.as_deref().into(),
        (!filter.states.is_empty()).then(|| format!(",{},", filter.states.join(","))).into(),
    ];
    let count: Option<Count> =
        session.row(concat!("SELECT COUNT(*) FROM apis ", matching!()), &matching).await?;
    let select = match (filter.sort_by, filter.descending) {
        (ApiSort::Name, false) => listing!("name_key, provider, api_version, id"),
        (ApiSort::Name, true) => {
            listing!("name_key DESC, provider DESC, api_version DESC, id DESC")
        }
        (ApiSort::CreatedAt, false) => listing!("created_at, id"),
        (ApiSort::CreatedAt, true) => listing!("created_at DESC, id DESC"),
        (ApiSort::UpdatedAt, false) => listing!("updated_at, id"),
        (ApiSort::UpdatedAt, true) => listing!("updated_at DESC, id DESC"),
    };
    let mut values = matching.to_vec();
    values.extend([filter.limit.into(), filter.offset.into()]);
    let rows = session.rows(select, &values).await?;
    Ok(Page { rows, total: count.map_or(0, |count| count.0) })
}

async fn apis_named(session: &mut Session, name: &str) -> Result<Vec<ApiRow>, StoreError> {
    session.rows(select!("WHERE name_key = $1 ORDER BY created_at, id"), values![fold(name)]).await
}

async fn apis_at(session: &mut Session, context: &str) -> Result<Vec<ApiRow>, StoreError> {
    let select = select!("WHERE context_key = $1 ORDER BY created_at, id");
    session.rows(select, values![fold(context)]).await
}

async fn subscriber_count(session: &mut Session, api: Uuid) -> Result<u64, StoreError> {
    let select = "SELECT COUNT(*) FROM subscriptions WHERE api = $1";
    let count: Option<Count> = session.row(select, values![api]).await?;
    Ok(count.map_or(0, |count| count.0))
}

impl Write {
    /// Stored with version 1.
    pub async fn insert_api(&mut self, row: &ApiRow) -> Result<(), StoreError> {
        let insert = "INSERT INTO apis (id, name, name_key, api_version, context, context_key, \
             provider, state, document, version, created_at, updated_at, revisions_made) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $11, 0)";
        let values = values![
            row.id,
            &row.name,
            fold(&row.name),
            &row.version_name,
            &row.context,
            fold(&row.context),
            &row.provider,
            &row.state,
            &row.document,
            row.created_at,
            row.updated_at,
        ];
        self.session.execute(insert, values).await?;
        api_scope::replace(&mut self.session, row.id, &row.document).await?;
        self.wrote_api(Action::Create, row.id, None, Some(row)).await
    }

    /// `row.version` is the one that was read. Gives back the row as it is now.
    pub async fn update_api(&mut self, row: ApiRow) -> Result<ApiRow, StoreError> {
        let before = self.api(row.id).await?.ok_or(StoreError::Missing)?;
        let row = ApiRow {
            version: next_version(before.version, row.version)?,
            created_at: before.created_at,
            updated_at: self.now,
            ..row
        };
        let update = "UPDATE apis SET name = $2, name_key = $3, api_version = $4, context = $5, \
             context_key = $6, provider = $7, state = $8, document = $9, version = $10, \
             updated_at = $11 WHERE id = $1";
        let values = values![
            row.id,
            &row.name,
            fold(&row.name),
            &row.version_name,
            &row.context,
            fold(&row.context),
            &row.provider,
            &row.state,
            &row.document,
            row.version,
            row.updated_at,
        ];
        self.session.execute(update, values).await?;
        api_scope::replace(&mut self.session, row.id, &row.document).await?;
        self.wrote_api(Action::Update, row.id, Some(&before), Some(&row)).await?;
        Ok(row)
    }

    /// With its revisions and deployments. `InUse` while there are subscriptions.
    pub async fn delete_api(&mut self, id: Uuid) -> Result<(), StoreError> {
        let before = self.api(id).await?.ok_or(StoreError::Missing)?;
        if self.subscriber_count(id).await? > 0 {
            return Err(StoreError::InUse { what: "api.subscriptions" });
        }
        // Before the revisions, which they hold on to.
        self.session.execute("DELETE FROM deployments WHERE api = $1", values![id]).await?;
        self.session.execute("DELETE FROM apis WHERE id = $1", values![id]).await?;
        self.wrote_api(Action::Delete, id, Some(&before), None).await
    }

    async fn wrote_api(
        &mut self,
        action: Action,
        id: Uuid,
        before: Option<&ApiRow>,
        after: Option<&ApiRow>,
    ) -> Result<(), StoreError> {
        let id = id.to_string();
        let (before, after) = (before.map(audited), after.map(audited));
        self.record(action, Entity::Api, &id, before, after).await?;
        self.publish(Entity::Api, id).await
    }
}

fn audited(row: &ApiRow) -> Json {
    json!({
        "name": row.name, "version": row.version_name, "context": row.context,
        "provider": row.provider, "state": row.state, "document": row.document,
    })
}

impl Record for ApiRow {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: columns.uuid()?,
            name: columns.text()?,
            version_name: columns.text()?,
            context: columns.text()?,
            provider: columns.text()?,
            state: columns.text()?,
            document: columns.json()?,
            version: columns.integer()?,
            created_at: columns.time()?,
            updated_at: columns.time()?,
        })
    }
}
