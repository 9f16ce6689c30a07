//! Applications of subscribers.

use std::borrow::Cow;

use phantom_core::UnixTime;
use serde_json::Value as Json;
use serde_json::json;
use uuid::Uuid;

use super::Audited;
use super::Entity;
use super::next_version;
use crate::columns::Cells;
use crate::columns::Columns;
use crate::columns::Record;
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
use crate::value::values;
use crate::write::Write;

/// An application; its keys and subscriptions are rows of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct ApplicationRow {
    /// Made by the caller; never changes.
    pub id: Uuid,
    /// Unique for its owner, case aside.
    pub name: String,
    /// User name of the subscriber.
    pub owner: String,
    /// The name of a plan.
    pub plan: String,
    /// All else, by the names of the DevPortal API.
    pub document: Json,
    /// Rises with every update.
    pub version: i64,
    /// Given with the insert; never changes.
    pub created_at: UnixTime,
    /// The time of the last update.
    pub updated_at: UnixTime,
}

/// Which applications to list; `None` takes all.
#[derive(Clone, Debug, Default)]
pub struct ApplicationFilter {
    /// User name, compared exactly.
    pub owner: Option<String>,
    /// Case does not count.
    pub name_contains: Option<String>,
    /// Names and then ids decide between equals.
    pub sort_by: ApplicationSort,
    /// Reverses `sort_by`.
    pub descending: bool,
    /// Rows on the page at most.
    pub limit: u64,
    /// Rows before the page.
    pub offset: u64,
}

/// The order of a listing of applications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApplicationSort {
    /// Case does not count.
    #[default]
    Name,
    /// By the name of the plan.
    Plan,
    /// All are approved, so this comes down to the name.
    Status,
    /// By the user name.
    Owner,
    /// The oldest first.
    CreatedAt,
}

table! {
    ApplicationRow in "applications" by id:
    name, owner, plan, document, version, updated_at;
    fixed: created_at
}

/// An application with the number of its subscriptions.
#[derive(Clone, Debug, PartialEq)]
pub struct CountedApplication {
    /// The application itself.
    pub row: ApplicationRow,
    /// Whatever their status.
    pub subscriptions: u64,
}

impl Record for CountedApplication {
    const FROM: &'static str = ApplicationRow::FROM;

    fn columns() -> Cow<'static, str> {
        let count = "(SELECT COUNT(*) FROM subscriptions s WHERE s.application = applications.id)";
        format!("{}, {count} AS subscriptions", ApplicationRow::columns()).into()
    }

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self { row: ApplicationRow::read(row)?, subscriptions: row.get("subscriptions")? })
    }
}

reads! {
    /// The application with that id.
    fn application(id: Uuid) -> Option<ApplicationRow> = "WHERE id = $1";
    /// The owner's application of that name, case aside.
    fn application_by_name(owner: &str, name: &str) -> Option<ApplicationRow>;
    /// One page of the applications that match.
    fn applications(filter: &ApplicationFilter) -> Page<CountedApplication>;
    /// All of the owner's.
    fn applications_of(owner: &str) -> Vec<ApplicationRow> = "WHERE owner = $1 ORDER BY name_key";
    /// The owner's of such a name, by name.
    fn applications_of_name(owner: &str, part: &NamePart<'_>) -> Vec<ApplicationRow>;
    /// All of them, in the order of their ids.
    fn all_applications() -> Vec<ApplicationRow> = "ORDER BY id";
    /// How many subscriptions it has.
    fn subscription_count(application: Uuid) -> u64 = "subscriptions WHERE application = $1";
}

async fn application_by_name(
    session: &mut Session,
    owner: &str,
    name: &str,
) -> Result<Option<ApplicationRow>, StoreError> {
    session.ask("WHERE owner = $1 AND name_key = $2", values![owner, fold(name)]).await
}

async fn applications(
    session: &mut Session,
    filter: &ApplicationFilter,
) -> Result<Page<CountedApplication>, StoreError> {
    let name = filter.name_contains.as_deref().map(containing).transpose()?;
    // Two statements: an index is chosen before it is known what is bound.
    let (matching, values) = match filter.owner.as_deref() {
        Some(owner) => (
            "WHERE owner = $1 AND ($2 IS NULL OR name_key LIKE $2 ESCAPE '\\')",
            vec![owner.into(), name.into()],
        ),
        None => ("WHERE ($1 IS NULL OR name_key LIKE $1 ESCAPE '\\')", vec![name.into()]),
    };
    let order = match (filter.sort_by, filter.descending) {
        (ApplicationSort::Name | ApplicationSort::Status, false) => "name_key, id",
        (ApplicationSort::Name | ApplicationSort::Status, true) => "name_key DESC, id DESC",
        (ApplicationSort::Plan, false) => "plan, name_key, id",
        (ApplicationSort::Plan, true) => "plan DESC, name_key DESC, id DESC",
        (ApplicationSort::Owner, false) => "owner, name_key, id",
        (ApplicationSort::Owner, true) => "owner DESC, name_key DESC, id DESC",
        (ApplicationSort::CreatedAt, false) => "created_at, id",
        (ApplicationSort::CreatedAt, true) => "created_at DESC, id DESC",
    };
    let listing = Listing { of: ApplicationRow::FROM, id: "id", matching, order };
    session.page(&listing, &values, (filter.limit, filter.offset)).await
}

async fn applications_of_name(
    session: &mut Session,
    owner: &str,
    part: &NamePart<'_>,
) -> Result<Vec<ApplicationRow>, StoreError> {
    let NamePart { limit, offset, .. } = *part;
    match part.matching()? {
        NameMatch::Range([from, end]) => {
            let rest = "WHERE owner = $1 AND name_key >= $2 AND name_key < $3 \
                 ORDER BY name_key LIMIT $4 OFFSET $5";
            session.ask(rest, values![owner, from, end, limit, offset]).await
        }
        NameMatch::Like([like, unlike]) => {
            let rest = "WHERE owner = $1 AND name_key LIKE $2 ESCAPE '\\' \
                 AND ($3 IS NULL OR name_key NOT LIKE $3 ESCAPE '\\') \
                 ORDER BY name_key LIMIT $4 OFFSET $5";
            session.ask(rest, values![owner, like, unlike, limit, offset]).await
        }
    }
}

impl Write {
    /// Kept as given, `version` too: 1 for what is new.
    ///
    /// # Errors
    ///
    /// [`StoreError::Duplicate`] of `applications.name_key`.
    pub async fn insert_application(&mut self, row: &ApplicationRow) -> Result<(), StoreError> {
        self.insert(row).await
    }

    /// `row.version` is the one that was read. Gives back the row as it is now.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`], [`StoreError::VersionMismatch`], or [`StoreError::Duplicate`]
    /// of `applications.name_key`.
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
        self.update(&before, &row).await?;
        if (&before.name, &before.owner) != (&row.name, &row.owner) {
            self.list_anew(row.id).await?;
        }
        Ok(row)
    }

    /// With its key mappings and subscriptions.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`].
    pub async fn delete_application(&mut self, id: Uuid) -> Result<(), StoreError> {
        let before = self.application(id).await?.ok_or(StoreError::Missing)?;
        for client in self.clients_made_for(id).await? {
            // On the heap: it stands within whatever deletes applications.
            Box::pin(self.delete_client(&client.client_id)).await?;
        }
        self.delete(&before).await
    }
}

impl Audited for ApplicationRow {
    const ENTITY: Entity = Entity::Application;

    fn audited(&self) -> Json {
        json!({
            "name": self.name, "owner": self.owner, "plan": self.plan, "document": self.document,
        })
    }

    fn beside<'v>(&'v self, cells: &mut Cells<'v>) {
        cells.free.push(("name_key", fold(&self.name).into()));
    }
}
