//! Managed APIs: the working copy and the state of its life cycle.

use phantom_core::UnixTime;
use serde_json::Value as Json;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Audited;
use super::Entity;
use super::api_scope;
use super::api_word;
use super::names;
use super::next_version;
use crate::columns::Cells;
use crate::columns::table;
use crate::error::StoreError;
use crate::filter::NameMatch;
use crate::filter::NamePart;
use crate::filter::Page;
use crate::filter::containing;
use crate::filter::fold;
use crate::read::reads;
use crate::session::Session;
use crate::sql::Listing;
use crate::value::Value;
use crate::value::values;
use crate::write::Write;

/// The working copy of an API: what its owner edits, and [`RevisionRow`](crate::RevisionRow)s are
/// made of.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiRow {
    /// Made by the caller; never changes.
    pub id: Uuid,
    /// Unique with the version, case aside.
    pub name: String,
    /// The API's own version, `v1`.
    pub version_name: String,
    /// Unique with the version, case aside.
    pub context: String,
    /// User name of its owner.
    pub provider: String,
    /// Holds for all deployments at once, unlike the document.
    pub state: LifecycleState,
    /// All else, by the names of the Publisher API.
    pub document: Json,
    /// Rises with every update.
    pub version: i64,
    /// Given with the insert; never changes.
    pub created_at: UnixTime,
    /// The time of the last update.
    pub updated_at: UnixTime,
}

names! {
    /// Where an API is in its life cycle.
    #[derive(ToSchema)]
    #[serde(rename_all = "UPPERCASE")]
    LifecycleState {
        /// Not offered to anybody yet.
        Created = "CREATED",
        /// Offered for trying out, before it is published.
        Prototyped = "PROTOTYPED",
        /// Offered to subscribers.
        Published = "PUBLISHED",
        /// Calls are refused for a while.
        Blocked = "BLOCKED",
        /// Served to those who are subscribed, and offered to nobody else.
        Deprecated = "DEPRECATED",
        /// Not served any more.
        Retired = "RETIRED",
    }
}

/// Which APIs to list; `None` and an empty list take all.
#[derive(Clone, Debug, Default)]
pub struct ApiFilter {
    /// Case does not count.
    pub name_contains: Option<String>,
    /// Case does not count.
    pub context_contains: Option<String>,
    /// Compared exactly.
    pub version_name: Option<String>,
    /// Compared exactly.
    pub provider: Option<String>,
    /// In any of these states.
    pub states: Vec<LifecycleState>,
    /// Case does not count.
    pub tag: Option<TagWanted>,
    /// Ids decide between equals.
    pub sort_by: ApiSort,
    /// Reverses `sort_by`.
    pub descending: bool,
    /// Rows on the page at most.
    pub limit: u64,
    /// Rows before the page.
    pub offset: u64,
}

/// The tag of APIs to list, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagWanted {
    /// The tag, with case or without.
    Whole(String),
    /// A text that is in it.
    Part(String),
}

/// The order of a listing of APIs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApiSort {
    /// By name, provider and version.
    #[default]
    Name,
    /// The oldest first.
    CreatedAt,
    /// The one first that has been left alone for longest.
    UpdatedAt,
}

table! {
    ApiRow in "apis" by id:
    name, version_name as "api_version", context, provider, state, document, version, updated_at;
    fixed: created_at
}

reads! {
    /// The API with that id.
    fn api(id: Uuid) -> Option<ApiRow> = "WHERE id = $1";
    /// One page of the APIs that match.
    fn apis(filter: &ApiFilter) -> Page<ApiRow>;
    /// Those of such a name in one of these states, or in any where there are none, by name and version.
    fn apis_of_name(part: &NamePart<'_>, states: &[LifecycleState]) -> Vec<ApiRow>;
    /// Of those in one of these states, so many that were changed last.
    fn apis_changed_last(states: &[LifecycleState], limit: u64) -> Vec<ApiRow>;
    /// All versions of the API of that name, case aside, the oldest first.
    fn apis_named(name: &str) -> Vec<ApiRow>;
    /// All versions of the API at that context, case aside, the oldest first.
    fn apis_at(context: &str) -> Vec<ApiRow>;
    /// All of them, in the order of their ids.
    fn all_apis() -> Vec<ApiRow> = "ORDER BY id";
    /// One where there is any.
    fn any_api() -> u64 = "(SELECT 1 AS one FROM apis LIMIT 1) AS some_api";
    /// How many subscriptions there are to it.
    fn subscriber_count(api: Uuid) -> u64 = "subscriptions WHERE api = $1";
}

async fn apis(session: &mut Session, filter: &ApiFilter) -> Result<Page<ApiRow>, StoreError> {
    let matching = "WHERE ($1 IS NULL OR name_key LIKE $1 ESCAPE '\\') \
         AND ($2 IS NULL OR context_key LIKE $2 ESCAPE '\\') \
         AND ($3 IS NULL OR api_version = $3) AND ($4 IS NULL OR provider = $4) \
         AND ($5 IS NULL OR $5 LIKE '%,' || state || ',%') \
         AND ($6 IS NULL OR id IN (SELECT api FROM api_words WHERE kind = 'tag' AND word = $6)) \
         AND ($7 IS NULL OR id IN \
         (SELECT api FROM api_words WHERE kind = 'tag' AND word LIKE $7 ESCAPE '\\'))";
    let (tag, tag_part) = match &filter.tag {
        None => (None, None),
        Some(TagWanted::Whole(tag)) => (Some(fold(tag)), None),
        Some(TagWanted::Part(part)) => (None, Some(containing(part)?)),
    };
    let order = match (filter.sort_by, filter.descending) {
        (ApiSort::Name, false) => "name_key, provider, api_version, id",
        (ApiSort::Name, true) => "name_key DESC, provider DESC, api_version DESC, id DESC",
        (ApiSort::CreatedAt, false) => "created_at, id",
        (ApiSort::CreatedAt, true) => "created_at DESC, id DESC",
        (ApiSort::UpdatedAt, false) => "updated_at, id",
        (ApiSort::UpdatedAt, true) => "updated_at DESC, id DESC",
    };
    let values: [Value<'_>; 7] = [
        filter.name_contains.as_deref().map(containing).transpose()?.into(),
        filter.context_contains.as_deref().map(containing).transpose()?.into(),
        filter.version_name.as_deref().into(),
        filter.provider.as_deref().into(),
        one_of(&filter.states).into(),
        tag.into(),
        tag_part.into(),
    ];
    let listing = Listing { of: "apis", id: "id", matching, order };
    session.page(&listing, &values, (filter.limit, filter.offset)).await
}

/// `,CREATED,PUBLISHED,`; nothing where any will do.
fn one_of(states: &[LifecycleState]) -> Option<String> {
    let names: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    (!names.is_empty()).then(|| format!(",{},", names.join(",")))
}

async fn apis_of_name(
    session: &mut Session,
    part: &NamePart<'_>,
    states: &[LifecycleState],
) -> Result<Vec<ApiRow>, StoreError> {
    let NamePart { limit, offset, .. } = *part;
    // In the order of an index that has the names: no other row is read than those given back.
    match part.matching()? {
        NameMatch::Range([from, end]) => {
            let rest = "WHERE name_key >= $1 AND name_key < $2 \
                 AND ($3 IS NULL OR $3 LIKE '%,' || state || ',%') \
                 ORDER BY name_key, api_version LIMIT $4 OFFSET $5";
            session.ask(rest, values![from, end, one_of(states), limit, offset]).await
        }
        NameMatch::Like([like, unlike]) => {
            let rest = "WHERE name_key LIKE $1 ESCAPE '\\' \
                 AND ($2 IS NULL OR name_key NOT LIKE $2 ESCAPE '\\') \
                 AND ($3 IS NULL OR $3 LIKE '%,' || state || ',%') \
                 ORDER BY name_key, api_version LIMIT $4 OFFSET $5";
            session.ask(rest, values![like, unlike, one_of(states), limit, offset]).await
        }
    }
}

async fn apis_changed_last(
    session: &mut Session,
    states: &[LifecycleState],
    limit: u64,
) -> Result<Vec<ApiRow>, StoreError> {
    let rest = "WHERE id IN (SELECT id FROM apis WHERE ($1 IS NULL OR $1 LIKE '%,' || state || ',%') \
         ORDER BY updated_at DESC, id DESC LIMIT $2) ORDER BY updated_at DESC, id DESC";
    session.ask(rest, values![one_of(states), limit]).await
}

async fn apis_named(session: &mut Session, name: &str) -> Result<Vec<ApiRow>, StoreError> {
    session.ask("WHERE name_key = $1 ORDER BY created_at, id", values![fold(name)]).await
}

async fn apis_at(session: &mut Session, context: &str) -> Result<Vec<ApiRow>, StoreError> {
    session.ask("WHERE context_key = $1 ORDER BY created_at, id", values![fold(context)]).await
}

impl Write {
    /// Kept as given, `version` too: 1 for what is new.
    ///
    /// # Errors
    ///
    /// [`StoreError::Duplicate`] of `apis.name_key` or `apis.context_key`.
    pub async fn insert_api(&mut self, row: &ApiRow) -> Result<(), StoreError> {
        self.insert(row).await?;
        api_scope::replace(&mut self.session, row.id, &row.document).await?;
        api_word::replace(&mut self.session, row.id, &row.document).await
    }

    /// `row.version` is the one that was read. Gives back the row as it is now.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`], [`StoreError::VersionMismatch`], or [`StoreError::Duplicate`]
    /// of `apis.name_key` or `apis.context_key`.
    pub async fn update_api(&mut self, row: ApiRow) -> Result<ApiRow, StoreError> {
        let before = self.api(row.id).await?.ok_or(StoreError::Missing)?;
        let row = ApiRow {
            version: next_version(before.version, row.version)?,
            created_at: before.created_at,
            updated_at: self.now,
            ..row
        };
        self.update(&before, &row).await?;
        api_scope::replace(&mut self.session, row.id, &row.document).await?;
        api_word::replace(&mut self.session, row.id, &row.document).await?;
        Ok(row)
    }

    /// With its revisions and deployments.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`], or [`StoreError::InUse`] while there are subscriptions.
    pub async fn delete_api(&mut self, id: Uuid) -> Result<(), StoreError> {
        let before = self.api(id).await?.ok_or(StoreError::Missing)?;
        if self.subscriber_count(id).await? > 0 {
            return Err(StoreError::InUse { what: "api.subscriptions" });
        }
        // Before the revisions, which they hold on to.
        self.session.execute("DELETE FROM deployments WHERE api = $1", values![id]).await?;
        self.delete(&before).await
    }
}

impl Audited for ApiRow {
    const ENTITY: Entity = Entity::Api;

    fn audited(&self) -> Json {
        json!({
            "name": self.name, "version": self.version_name, "context": self.context,
            "provider": self.provider, "state": self.state.as_str(), "document": self.document,
        })
    }

    fn beside<'v>(&'v self, cells: &mut Cells<'v>) {
        cells.free.push(("name_key", fold(&self.name).into()));
        cells.free.push(("context_key", fold(&self.context).into()));
        cells.fixed.push(("revisions_made", 0_u64.into()));
    }
}
