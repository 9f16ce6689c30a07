//! What gateways have to look at again, numbered without gaps in the order of the commits.

use phantom_core::UnixTime;

use super::Entity;
use crate::columns::Columns;
use crate::columns::Record;
use crate::error::StoreError;
use crate::filter::Count;
use crate::read::reads;
use crate::session::Session;
use crate::value::values;
use crate::write::Write;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRow {
    pub sequence: u64,
    pub entity: Entity,
    /// A UUID; of a revocation its number.
    pub id: String,
}

reads! {
    /// The number of the last change; 0 before the first.
    fn last_change() -> u64;
    /// The number of the oldest change that is still known, or the next one when none is. Whoever
    /// has seen less than the one before it has missed some and needs a whole snapshot.
    fn first_change() -> u64;
    /// The changes after that number, in their order, at most `limit`.
    fn changes_since(sequence: u64, limit: u32) -> Vec<ChangeRow>;
}

pub(super) async fn last_change(session: &mut Session) -> Result<u64, StoreError> {
    let select = "SELECT value FROM counters WHERE name = 'change'";
    let last: Option<Count> = session.row(select, &[]).await?;
    last.map(|last| last.0).ok_or_else(|| StoreError::corrupt("a counter is absent"))
}

async fn first_change(session: &mut Session) -> Result<u64, StoreError> {
    // One statement: between two, the last change could come and the first could go.
    let select = "SELECT COALESCE((SELECT MIN(sequence) FROM changes), value + 1) FROM counters \
         WHERE name = 'change'";
    let first: Option<Count> = session.row(select, &[]).await?;
    first.map(|first| first.0).ok_or_else(|| StoreError::corrupt("a counter is absent"))
}

async fn changes_since(
    session: &mut Session,
    sequence: u64,
    limit: u32,
) -> Result<Vec<ChangeRow>, StoreError> {
    let select = "SELECT sequence, entity, entity_id FROM changes WHERE sequence > $1 \
         ORDER BY sequence LIMIT $2";
    session.rows(select, values![sequence, limit]).await
}

impl Write {
    /// How many changes were older than that.
    pub async fn forget_changes_before(&mut self, time: UnixTime) -> Result<u64, StoreError> {
        // Up to a number, not by time alone: a clock that was set back must not leave a hole.
        let delete = "DELETE FROM changes WHERE sequence < \
             COALESCE((SELECT MIN(sequence) FROM changes WHERE at >= $1), \
             (SELECT value + 1 FROM counters WHERE name = 'change'))";
        self.session.execute(delete, values![time]).await
    }
}

impl Record for ChangeRow {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            sequence: columns.unsigned()?,
            entity: columns.one_of(Entity::from_name)?,
            id: columns.text()?,
        })
    }
}
