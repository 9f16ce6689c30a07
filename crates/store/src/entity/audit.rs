//! Who did what, with the row before and after, without secrets.

use std::net::IpAddr;

use phantom_core::UnixTime;
use serde_json::Value as Json;

use super::Action;
use super::Entity;
use crate::columns::table;
use crate::error::StoreError;
use crate::read::reads;
use crate::session::Session;
use crate::value::Value;

/// A line of the audit.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    /// Rises by one with every line, in the order of the commits.
    pub sequence: u64,
    /// The time of the transaction.
    pub at: UnixTime,
    /// See [`Actor::name`](crate::Actor::name).
    pub who: String,
    /// See [`Actor::address`](crate::Actor::address).
    pub address: Option<IpAddr>,
    /// As the rows before and after tell.
    pub action: Action,
    /// The kind of row.
    pub entity: Entity,
    /// The key of its row; a deployment goes by its API, a token by a part of its hash.
    pub entity_id: String,
    /// `None` when it was created. Rows beyond 16 KiB leave name, size and hash.
    pub before: Option<Json>,
    /// `None` when it was deleted.
    pub after: Option<Json>,
}

/// Which lines to look for; `None` takes all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Compared exactly.
    pub who: Option<String>,
    /// The kind of row.
    pub entity: Option<Entity>,
    /// Compared exactly; tells little without `entity`.
    pub entity_id: Option<String>,
    /// Creation, change or deletion.
    pub action: Option<Action>,
    /// Not before.
    pub from: Option<UnixTime>,
    /// Before.
    pub until: Option<UnixTime>,
    /// Lines with a lower number: where the page before ended.
    pub below: Option<u64>,
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
    /// The last lines that match, the newest first.
    fn audit_matching(filter: &AuditFilter, limit: u32) -> Vec<AuditRow>;
    /// The last lines about that entity, the newest first.
    fn audit_of(entity: Entity, id: &str, limit: u32) -> Vec<AuditRow>
        = "WHERE entity = $1 AND entity_id = $2 ORDER BY sequence DESC LIMIT $3";
}

async fn audit_matching(
    session: &mut Session,
    filter: &AuditFilter,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let matching = "WHERE ($1 IS NULL OR sequence < $1) AND ($2 IS NULL OR who = $2) \
         AND ($3 IS NULL OR entity = $3) AND ($4 IS NULL OR entity_id = $4) \
         AND ($5 IS NULL OR action = $5) AND ($6 IS NULL OR at >= $6) AND ($7 IS NULL OR at < $7) \
         ORDER BY sequence DESC LIMIT $8";
    let number = |number: Option<u64>| {
        Value::Integer(number.map(|number| i64::try_from(number).unwrap_or(i64::MAX)))
    };
    let values = [
        number(filter.below),
        filter.who.as_deref().into(),
        filter.entity.map(Entity::as_str).into(),
        filter.entity_id.as_deref().into(),
        filter.action.map(Action::as_str).into(),
        number(filter.from.map(UnixTime::as_millis)),
        number(filter.until.map(UnixTime::as_millis)),
        limit.into(),
    ];
    session.ask(matching, &values).await
}
