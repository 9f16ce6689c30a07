//! Who did what, with the row before and after, without secrets.

use std::net::IpAddr;

use phantom_core::UnixTime;
use serde_json::Value as Json;

use super::Action;
use super::Entity;
use crate::columns::Columns;
use crate::columns::Record;
use crate::error::StoreError;
use crate::read::reads;
use crate::session::Session;
use crate::value::values;

#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    pub sequence: u64,
    pub at: UnixTime,
    pub who: String,
    pub address: Option<IpAddr>,
    pub action: Action,
    pub entity: Entity,
    /// Of a deployment the id of its API.
    pub entity_id: String,
    /// `None` when it was created. Rows beyond 16 KiB leave name, size and hash.
    pub before: Option<Json>,
    /// `None` when it was deleted.
    pub after: Option<Json>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT sequence, at, who, address, action, entity, entity_id, before, after \
             FROM audit ",
            $rest
        )
    };
}

reads! {
    /// The lines after that number, in their order, at most `limit`.
    fn audit_since(sequence: u64, limit: u32) -> Vec<AuditRow>;
    /// The last lines, the newest first.
    fn audit_latest(limit: u32, offset: u32) -> Vec<AuditRow>;
    /// The last lines about that entity, the newest first.
    fn audit_of(entity: Entity, id: &str, limit: u32) -> Vec<AuditRow>;
}

async fn audit_since(
    session: &mut Session,
    sequence: u64,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let select = select!("WHERE sequence > $1 ORDER BY sequence LIMIT $2");
    session.rows(select, values![sequence, limit]).await
}

async fn audit_latest(
    session: &mut Session,
    limit: u32,
    offset: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    session.rows(select!("ORDER BY sequence DESC LIMIT $1 OFFSET $2"), values![limit, offset]).await
}

async fn audit_of(
    session: &mut Session,
    entity: Entity,
    id: &str,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let select = select!("WHERE entity = $1 AND entity_id = $2 ORDER BY sequence DESC LIMIT $3");
    session.rows(select, values![entity.as_str(), id, limit]).await
}

impl Record for AuditRow {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            sequence: columns.unsigned()?,
            at: columns.time()?,
            who: columns.text()?,
            address: columns
                .optional_str()?
                .map(str::parse)
                .transpose()
                .map_err(|_| StoreError::corrupt("an address in the audit"))?,
            action: columns.one_of(Action::from_name)?,
            entity: columns.one_of(Entity::from_name)?,
            entity_id: columns.text()?,
            before: columns.optional_json()?,
            after: columns.optional_json()?,
        })
    }
}
