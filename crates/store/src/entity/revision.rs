//! Revisions: what an API was when it was frozen. They never change.

use phantom_core::UnixTime;
use serde_json::Value as Json;
use serde_json::json;
use uuid::Uuid;

use super::Action;
use super::Entity;
use crate::columns::Columns;
use crate::columns::Record;
use crate::error::StoreError;
use crate::filter::Count;
use crate::read::reads;
use crate::session::Session;
use crate::value::values;
use crate::write::Write;

#[derive(Clone, Debug, PartialEq)]
pub struct RevisionRow {
    pub id: Uuid,
    pub api: Uuid,
    /// From [`Write::next_revision_number`].
    pub number: u64,
    pub description: String,
    pub document: Json,
    pub created_at: UnixTime,
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, api, number, description, document, created_at FROM revisions ", $rest)
    };
}

reads! {
    /// The revision with that id.
    fn revision(id: Uuid) -> Option<RevisionRow>;
    /// All revisions of the API, by number.
    fn revisions(api: Uuid) -> Vec<RevisionRow>;
    /// One more than any revision of the API ever had: numbers of deleted ones do not return.
    fn next_revision_number(api: Uuid) -> u64;
}

pub(super) async fn revision(
    session: &mut Session,
    id: Uuid,
) -> Result<Option<RevisionRow>, StoreError> {
    session.row(select!("WHERE id = $1"), values![id]).await
}

async fn revisions(session: &mut Session, api: Uuid) -> Result<Vec<RevisionRow>, StoreError> {
    session.rows(select!("WHERE api = $1 ORDER BY number"), values![api]).await
}

async fn next_revision_number(session: &mut Session, api: Uuid) -> Result<u64, StoreError> {
    let select = "SELECT revisions_made FROM apis WHERE id = $1";
    let made: Option<Count> = session.row(select, values![api]).await?;
    made.map(|made| made.0 + 1).ok_or(StoreError::Missing)
}

impl Write {
    pub async fn insert_revision(&mut self, row: &RevisionRow) -> Result<(), StoreError> {
        let insert = "INSERT INTO revisions (id, api, number, description, document, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6)";
        let values =
            values![row.id, row.api, row.number, &row.description, &row.document, row.created_at,];
        self.session.execute(insert, values).await?;
        let update = "UPDATE apis SET revisions_made = $2 WHERE id = $1 AND revisions_made < $2";
        self.session.execute(update, values![row.api, row.number]).await?;
        let id = row.id.to_string();
        self.record(Action::Create, Entity::Revision, &id, None, Some(audited(row))).await
    }

    /// `InUse` while it is deployed.
    pub async fn delete_revision(&mut self, id: Uuid) -> Result<(), StoreError> {
        let before = self.revision(id).await?.ok_or(StoreError::Missing)?;
        let select = "SELECT COUNT(*) FROM deployments WHERE revision = $1";
        let deployed: Option<Count> = self.session.row(select, values![id]).await?;
        if deployed.is_some_and(|count| count.0 > 0) {
            return Err(StoreError::InUse { what: "revision.deployments" });
        }
        self.session.execute("DELETE FROM revisions WHERE id = $1", values![id]).await?;
        let (id, before) = (id.to_string(), audited(&before));
        self.record(Action::Delete, Entity::Revision, &id, Some(before), None).await
    }
}

/// Without the document, which can be read as long as the revision is there.
fn audited(row: &RevisionRow) -> Json {
    json!({"api": row.api.to_string(), "number": row.number, "description": row.description})
}

impl Record for RevisionRow {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: columns.uuid()?,
            api: columns.uuid()?,
            number: columns.unsigned()?,
            description: columns.text()?,
            document: columns.json()?,
            created_at: columns.time()?,
        })
    }
}
