//! Revisions: what an API was when it was frozen. They never change.

use phantom_core::UnixTime;
use serde_json::Value as Json;
use serde_json::json;
use uuid::Uuid;

use super::Audited;
use super::Entity;
use crate::columns::table;
use crate::error::StoreError;
use crate::read::reads;
use crate::session::Session;
use crate::value::values;
use crate::write::Write;

/// An API as it was when it was frozen.
#[derive(Clone, Debug, PartialEq)]
pub struct RevisionRow {
    /// Made by the caller; never changes.
    pub id: Uuid,
    /// The API that it was made of.
    pub api: Uuid,
    /// From [`Write::next_revision_number`].
    pub number: u64,
    /// By whoever made it; may be empty.
    pub description: String,
    /// The working copy's at that time.
    pub document: Json,
    /// Given with the insert; never changes.
    pub created_at: UnixTime,
}

table! {
    RevisionRow in "revisions" by id: api, number, description, document, created_at
}

reads! {
    /// The revision with that id.
    fn revision(id: Uuid) -> Option<RevisionRow> = "WHERE id = $1";
    /// All revisions of the API, by number.
    fn revisions(api: Uuid) -> Vec<RevisionRow> = "WHERE api = $1 ORDER BY number";
    /// All of them, by API and number.
    fn all_revisions() -> Vec<RevisionRow> = "ORDER BY api, number";
    /// One more than any revision of the API ever had: numbers of deleted ones do not return.
    /// [`StoreError::Missing`] when the API is gone.
    fn next_revision_number(api: Uuid) -> u64;
}

async fn next_revision_number(session: &mut Session, api: Uuid) -> Result<u64, StoreError> {
    let select = "SELECT revisions_made + 1 AS number FROM apis WHERE id = $1";
    session.number(select, values![api]).await?.ok_or(StoreError::Missing)
}

impl Write {
    /// Its number is not given out again.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] when the API is gone, [`StoreError::Duplicate`] of
    /// `revisions.number`.
    pub async fn insert_revision(&mut self, row: &RevisionRow) -> Result<(), StoreError> {
        self.insert(row).await?;
        let update = "UPDATE apis SET revisions_made = $2 WHERE id = $1 AND revisions_made < $2";
        self.session.execute(update, values![row.api, row.number]).await.map(drop)
    }

    /// Its number does not return.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`], or [`StoreError::InUse`] while it is deployed.
    pub async fn delete_revision(&mut self, id: Uuid) -> Result<(), StoreError> {
        let before = self.revision(id).await?.ok_or(StoreError::Missing)?;
        let deployed: u64 =
            self.session.ask("deployments WHERE revision = $1", values![id]).await?;
        if deployed > 0 {
            return Err(StoreError::InUse { what: "revision.deployments" });
        }
        self.delete(&before).await
    }
}

impl Audited for RevisionRow {
    const ENTITY: Entity = Entity::Revision;

    /// Without the document, which can be read as long as the revision is there.
    fn audited(&self) -> Json {
        json!({"api": self.api, "number": self.number, "description": self.description})
    }

    fn published(&self) -> Option<(Entity, String)> {
        None
    }
}
