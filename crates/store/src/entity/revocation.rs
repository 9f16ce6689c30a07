//! Marks that kill tokens issued before them.

use phantom_core::UnixTime;
use serde_json::Value as Json;
use serde_json::json;

use super::Action;
use super::Entity;
use super::names;
use crate::columns::Columns;
use crate::columns::Record;
use crate::error::StoreError;
use crate::read::reads;
use crate::session::Session;
use crate::value::values;
use crate::write::Write;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationRow {
    pub sequence: u64,
    pub kind: RevocationKind,
    pub value: String,
    pub at: UnixTime,
    /// When the last token it could kill has expired.
    pub expires_at: UnixTime,
}

names! {
    /// What the value names.
    RevocationKind {
        ConsumerKey = "CONSUMER_KEY",
        Subject = "SUBJECT",
        TokenId = "TOKEN_ID",
        /// By its digest under a key that all gateways have.
        Token = "TOKEN",
    }
}

reads! {
    /// The revocation of that number, which is what a change names.
    fn revocation(sequence: u64) -> Option<RevocationRow>;
    /// All that have not expired at `now`, in their order.
    fn revocations(now: UnixTime) -> Vec<RevocationRow>;
}

async fn revocation(
    session: &mut Session,
    sequence: u64,
) -> Result<Option<RevocationRow>, StoreError> {
    let select =
        "SELECT sequence, kind, value, at, expires_at FROM revocations WHERE sequence = $1";
    session.row(select, values![sequence]).await
}

pub(super) async fn revocations(
    session: &mut Session,
    now: UnixTime,
) -> Result<Vec<RevocationRow>, StoreError> {
    let select = "SELECT sequence, kind, value, at, expires_at FROM revocations \
         WHERE expires_at > $1 ORDER BY sequence";
    session.rows(select, values![now]).await
}

impl Write {
    /// Gives back the row with its number.
    pub async fn insert_revocation(
        &mut self,
        kind: RevocationKind,
        value: &str,
        at: UnixTime,
        expires_at: UnixTime,
    ) -> Result<RevocationRow, StoreError> {
        let sequence = self.take("revocation").await?;
        let row = RevocationRow { sequence, kind, value: value.to_owned(), at, expires_at };
        let insert = "INSERT INTO revocations (sequence, kind, value, at, expires_at) \
             VALUES ($1, $2, $3, $4, $5)";
        self.session
            .execute(insert, values![sequence, kind.as_str(), value, at, expires_at])
            .await?;
        let id = sequence.to_string();
        self.record(Action::Create, Entity::Revocation, &id, None, Some(audited(&row))).await?;
        self.publish(Entity::Revocation, id).await?;
        Ok(row)
    }

    /// Housekeeping, not worth a line in the audit. How many had expired at `now`.
    pub async fn delete_expired_revocations(&mut self, now: UnixTime) -> Result<u64, StoreError> {
        self.session.execute("DELETE FROM revocations WHERE expires_at <= $1", values![now]).await
    }
}

fn audited(row: &RevocationRow) -> Json {
    json!({"kind": row.kind.as_str(), "value": row.value, "at": row.at.as_millis()})
}

impl Record for RevocationRow {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            sequence: columns.unsigned()?,
            kind: columns.one_of(RevocationKind::from_name)?,
            value: columns.text()?,
            at: columns.time()?,
            expires_at: columns.time()?,
        })
    }
}
