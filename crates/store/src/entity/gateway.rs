//! What gateways report of themselves. Neither audited nor published, and not in the turn of writers:
//! each report is one statement of its own.

use std::borrow::Cow;

use phantom_core::UnixTime;
use uuid::Uuid;

use crate::columns::Columns;
use crate::columns::Record;
use crate::columns::table;
use crate::error::StoreError;
use crate::read::reads;
use crate::store::Store;
use crate::value::values;

/// One process that serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayRow {
    /// Another one with each start.
    pub id: Uuid,
    /// The name of its machine.
    pub name: String,
    /// The program's version.
    pub version: String,
    /// By its own clock.
    pub started_at: UnixTime,
    /// Zero while it runs, as far as is known.
    pub stopped_at: UnixTime,
}

table! {
    GatewayRow in "gateways" by id: name, version, started_at, stopped_at
}

/// A gateway, and what its last report says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenGateway {
    /// As announced.
    pub gateway: GatewayRow,
    /// When it last reported; its start, where it has not yet.
    pub at: UnixTime,
    /// Number of the change in force.
    pub change: u64,
}

/// What a gateway did in one span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRow {
    /// Has to be announced.
    pub gateway: Uuid,
    /// In seconds.
    pub span: u64,
    /// Takes the place of the one that has it.
    pub slot: u64,
    /// The beginning of the span.
    pub begun_at: UnixTime,
    /// The time of the report; a span that goes on is counted up to then.
    pub at: UnixTime,
    /// Number of the change in force.
    pub change: u64,
    /// Counters, in JSON.
    pub document: String,
    /// A list in JSON; `[]` where there are none.
    pub decisions: String,
}

/// The counters of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedTraffic {
    /// The gateway that reported them.
    pub gateway: Uuid,
    /// The beginning of the span.
    pub begun_at: UnixTime,
    /// The time of the report; a span that went on is counted up to then.
    pub at: UnixTime,
    /// Counters, in JSON.
    pub document: String,
}

/// The decisions of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedDecisions {
    /// The gateway that reported them.
    pub gateway: Uuid,
    /// A list in JSON, never empty.
    pub decisions: String,
}

impl Record for SeenGateway {
    const FROM: &'static str = "gateways LEFT JOIN (SELECT gateway, MAX(at) AS seen_at, \
         MAX(change) AS seen_change FROM gateway_reports GROUP BY gateway) AS seen \
         ON seen.gateway = gateways.id";

    fn columns() -> Cow<'static, str> {
        "id, name, version, started_at, stopped_at, COALESCE(seen_at, started_at) AS at, \
         COALESCE(seen_change, 0) AS change"
            .into()
    }

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self { gateway: GatewayRow::read(row)?, at: row.get("at")?, change: row.get("change")? })
    }
}

impl Record for ReportedTraffic {
    const FROM: &'static str = "gateway_reports";

    fn columns() -> Cow<'static, str> {
        "gateway, begun_at, at, document".into()
    }

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            gateway: row.get("gateway")?,
            begun_at: row.get("begun_at")?,
            at: row.get("at")?,
            document: row.get("document")?,
        })
    }
}

impl Record for ReportedDecisions {
    const FROM: &'static str = "gateway_reports";

    fn columns() -> Cow<'static, str> {
        "gateway, decisions".into()
    }

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self { gateway: row.get("gateway")?, decisions: row.get("decisions")? })
    }
}

reads! {
    /// At most so many, those that were seen last first.
    fn gateways(limit: u32) -> Vec<SeenGateway> = "ORDER BY at DESC, id LIMIT $1";
    /// Reports of that span that began since then, in their order, at most `limit` of the last.
    fn reported_traffic(span: u64, since: UnixTime, limit: u32) -> Vec<ReportedTraffic>
        = "WHERE span = $1 AND begun_at >= $2 ORDER BY begun_at DESC, gateway LIMIT $3";
    /// The same for decisions, of those that began before `until`, the last first, where there are any.
    fn reported_decisions(
        span: u64,
        since: UnixTime,
        until: UnixTime,
        limit: u32,
    ) -> Vec<ReportedDecisions>
        = "WHERE span = $1 AND begun_at >= $2 AND begun_at < $3 AND decisions <> '[]' \
           ORDER BY begun_at DESC, gateway LIMIT $4";
}

impl Store {
    /// A gateway has started, or goes on after the store was away.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as every write may answer.
    pub async fn announce_gateway(&self, row: &GatewayRow) -> Result<(), StoreError> {
        let GatewayRow { id, name, version, started_at, stopped_at } = row;
        let upsert = "INSERT INTO gateways (id, name, version, started_at, stopped_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET \
             stopped_at = excluded.stopped_at";
        self.note(upsert, values![id, name, version, *started_at, *stopped_at]).await.map(drop)
    }

    /// Keeps a report, in the place of the one in its slot.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] where the gateway is not announced, or not any more.
    pub async fn report(&self, row: &ReportRow) -> Result<(), StoreError> {
        let ReportRow { gateway, span, slot, begun_at, at, change, document, decisions } = row;
        let upsert = "INSERT INTO gateway_reports \
             (gateway, span, slot, begun_at, at, change, document, decisions) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (gateway, span, slot) DO UPDATE SET \
             begun_at = excluded.begun_at, at = excluded.at, change = excluded.change, \
             document = excluded.document, decisions = excluded.decisions";
        let values = values![gateway, span, slot, *begun_at, *at, change, document, decisions];
        self.note(upsert, values).await.map(drop)
    }

    /// Forgets gateways that have told nothing since then, with what they told; gives their number.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as every write may answer.
    pub async fn forget_gateways_before(&self, time: UnixTime) -> Result<u64, StoreError> {
        let delete = "DELETE FROM gateways WHERE started_at < $1 AND NOT EXISTS \
             (SELECT 1 FROM gateway_reports WHERE gateway = gateways.id AND at >= $1)";
        self.note(delete, values![time]).await
    }
}
