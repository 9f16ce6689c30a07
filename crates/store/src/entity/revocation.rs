//! Marks that kill tokens issued before them.

use phantom_core::UnixTime;
use serde_json::Value as Json;
use serde_json::json;

use super::Audited;
use super::Entity;
use super::names;
use crate::columns::table;
use crate::error::StoreError;
use crate::read::reads;
use crate::value::values;
use crate::write::Write;

/// An event that killed tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationRow {
    /// Its key; rises with every revocation.
    pub sequence: u64,
    /// Says what `value` is.
    pub kind: RevocationKind,
    /// Compared byte by byte.
    pub value: String,
    /// Tokens of a consumer key or subject that were issued before are dead.
    pub at: UnixTime,
    /// When the last token it could kill has expired.
    pub expires_at: UnixTime,
}

names! {
    /// What the value names.
    RevocationKind {
        /// All tokens of that client so far.
        ConsumerKey = "CONSUMER_KEY",
        /// All tokens of that subject so far.
        Subject = "SUBJECT",
        /// The token of that `jti`.
        TokenId = "TOKEN_ID",
        /// One token, by its digest under a key that all gateways have.
        Token = "TOKEN",
    }
}

table! {
    RevocationRow in "revocations" by sequence: kind, value, at, expires_at
}

reads! {
    /// The revocation of that number, which is what a change names.
    fn revocation(sequence: u64) -> Option<RevocationRow> = "WHERE sequence = $1";
    /// All that have not expired at `now`, in their order.
    fn revocations(now: UnixTime) -> Vec<RevocationRow>
        = "WHERE expires_at > $1 ORDER BY sequence";
}

impl Write {
    /// Gives back the row with its number.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as every write may answer.
    pub async fn insert_revocation(
        &mut self,
        kind: RevocationKind,
        value: &str,
        at: UnixTime,
        expires_at: UnixTime,
    ) -> Result<RevocationRow, StoreError> {
        let sequence = self.take("revocation").await?;
        let row = RevocationRow { sequence, kind, value: value.to_owned(), at, expires_at };
        self.insert(&row).await?;
        Ok(row)
    }

    /// Forgets those that had expired at `now`; gives their number. Not worth a line in the audit.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as every write may answer.
    pub async fn delete_expired_revocations(&mut self, now: UnixTime) -> Result<u64, StoreError> {
        self.session.execute("DELETE FROM revocations WHERE expires_at <= $1", values![now]).await
    }
}

impl Audited for RevocationRow {
    const ENTITY: Entity = Entity::Revocation;

    fn audited(&self) -> Json {
        json!({"kind": self.kind.as_str(), "value": self.value, "at": self.at.as_millis()})
    }
}
