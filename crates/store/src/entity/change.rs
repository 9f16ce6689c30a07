//! What gateways have to look at again, numbered without gaps in the order of the commits.

use phantom_core::UnixTime;

use super::Entity;
use crate::columns::table;
use crate::error::StoreError;
use crate::read::reads;
use crate::session::Session;
use crate::value::values;
use crate::write::Write;

/// An entity that gateways have to look at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRow {
    /// Rises by one with every change, in the order of the commits.
    pub sequence: u64,
    /// One of the first seven.
    pub entity: Entity,
    /// A UUID; of a revocation its number, of a token the token itself, sealed: see
    /// [`Store::announced`](crate::Store::announced).
    pub id: String,
}

table! {
    ChangeRow in "changes" by sequence: entity, id as "entity_id"
}

reads! {
    /// The number of the last change; 0 before the first.
    fn last_change() -> u64;
    /// The number of the oldest change that is still known, or the next one when none is. Whoever
    /// has seen less than the one before it has missed some and needs a whole snapshot.
    fn first_change() -> u64;
    /// When that change was made, if it is still known.
    fn change_time(sequence: u64) -> Option<UnixTime>;
    /// The changes after that number, in their order, at most `limit`.
    fn changes_since(sequence: u64, limit: u32) -> Vec<ChangeRow>
        = "WHERE sequence > $1 ORDER BY sequence LIMIT $2";
}

pub(super) async fn last_change(session: &mut Session) -> Result<u64, StoreError> {
    number(session, "SELECT value AS number FROM counters WHERE name = 'change'").await
}

async fn first_change(session: &mut Session) -> Result<u64, StoreError> {
    // One statement: between two, the last change could come and the first could go.
    let select = "SELECT COALESCE((SELECT MIN(sequence) FROM changes), value + 1) AS number \
         FROM counters WHERE name = 'change'";
    number(session, select).await
}

async fn change_time(session: &mut Session, sequence: u64) -> Result<Option<UnixTime>, StoreError> {
    let select = "SELECT at AS number FROM changes WHERE sequence = $1";
    Ok(session.number(select, values![sequence]).await?.map(UnixTime::from_millis))
}

async fn number(session: &mut Session, select: &'static str) -> Result<u64, StoreError> {
    let number = session.number(select, &[]).await?;
    number.ok_or_else(|| StoreError::corrupt("a counter is absent"))
}

impl Write {
    /// Forgets the changes before that time; gives their number.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as every write may answer.
    pub async fn forget_changes_before(&mut self, time: UnixTime) -> Result<u64, StoreError> {
        // Up to a number, not by time alone: a clock that was set back must not leave a hole.
        let delete = "DELETE FROM changes WHERE sequence < \
             COALESCE((SELECT MIN(sequence) FROM changes WHERE at >= $1), \
             (SELECT value + 1 FROM counters WHERE name = 'change'))";
        self.session.execute(delete, values![time]).await
    }
}
