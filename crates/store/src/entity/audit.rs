//! Who did what, with the row before and after, without secrets.

use std::net::IpAddr;

use phantom_core::UnixTime;
use serde_json::Value as Json;

use super::Action;
use super::Entity;
use crate::columns::table;
use crate::error::StoreError;
use crate::read::reads;

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

table! {
    AuditRow in "audit" by sequence: at, who, address, action, entity, entity_id, before, after
}

reads! {
    /// The lines after that number, in their order, at most `limit`.
    fn audit_since(sequence: u64, limit: u32) -> Vec<AuditRow>
        = "WHERE sequence > $1 ORDER BY sequence LIMIT $2";
    /// The last lines, the newest first.
    fn audit_latest(limit: u32, offset: u32) -> Vec<AuditRow>
        = "ORDER BY sequence DESC LIMIT $1 OFFSET $2";
    /// The last lines about that entity, the newest first.
    fn audit_of(entity: Entity, id: &str, limit: u32) -> Vec<AuditRow>
        = "WHERE entity = $1 AND entity_id = $2 ORDER BY sequence DESC LIMIT $3";
}
