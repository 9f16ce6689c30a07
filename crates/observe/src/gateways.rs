//! Gateways, as they report of themselves: who is there, and how far behind what is published.

mod reporting;
mod spans;

use std::collections::BTreeMap;

use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_core::UnixTime;
use phantom_core::traffic::Report;
use phantom_store::SeenGateway;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

pub use reporting::Announced;
pub use reporting::Reporting;
pub use spans::Due;
pub use spans::KEPT;
pub use spans::Span;
pub use spans::Spans;

use std::time::Duration;

/// One that has reported nothing for so long is not known to be there.
const SILENT: Duration = Duration::from_secs(20);
/// What a gateway takes to follow: a change that was made so shortly before a report may not be in it.
const FOLLOWS_WITHIN: Duration = Duration::from_secs(2);
/// Requests a second are those of so long.
const RECENT: Duration = Duration::from_secs(60);
/// The bound keeps the list, which has no pages, within reason.
const MOST: u32 = 500;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum GatewayState {
    Reporting,
    /// It was, and has not said that it stops.
    Silent,
    Stopped,
}

/// A process that serves APIs. Times are in milliseconds since 1970.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayInfo {
    /// Another one with each start.
    pub gateway_id: String,
    /// Of its machine.
    pub name: String,
    pub version: String,
    pub state: GatewayState,
    #[schema(value_type = u64)]
    pub started_at: UnixTime,
    #[schema(value_type = u64)]
    pub reported_at: UnixTime,
    /// Number of the last change that is in force there.
    pub catalog: u64,
    /// Changes published since.
    pub behind: u64,
    /// When the first of those was published that it ought to have had in its last report.
    #[schema(value_type = Option<u64>)]
    pub behind_since: Option<UnixTime>,
    /// Of the last minute.
    pub requests_per_second: f64,
}

impl GatewayInfo {
    /// Returns whether all that was published when it last reported is in force there, as far as can be told.
    #[must_use]
    pub fn is_up_to_date(&self) -> bool {
        self.state == GatewayState::Reporting && self.behind_since.is_none()
    }
}

/// Gateways that were seen within a day, those that were seen last first. One that was started again stands
/// there once.
pub async fn list(control: &Control) -> Outcome<Vec<GatewayInfo>> {
    let (store, now) = (control.store(), control.now());
    let seen = store.gateways(MOST).await?;
    let published = store.last_change().await?;
    let mut requests = requests(control, now).await?;
    let mut all = Vec::new();
    for one in seen.iter().filter(|one| !is_succeeded(one, &seen, now)) {
        let behind = published.saturating_sub(one.change);
        let missing = match behind {
            0 => None,
            _ => store.change_time(one.change + 1).await?,
        };
        let behind_since = missing.filter(|at| at.plus(FOLLOWS_WITHIN) < one.at);
        let (seconds, count) = requests.remove(&one.gateway.id).unwrap_or_default();
        all.push(GatewayInfo {
            gateway_id: one.gateway.id.to_string(),
            name: one.gateway.name.clone(),
            version: one.gateway.version.clone(),
            state: state(one, now),
            started_at: one.gateway.started_at,
            reported_at: one.at,
            catalog: one.change,
            behind,
            behind_since,
            requests_per_second: count as f64 / seconds.max(1.0),
        });
    }
    Ok(all)
}

fn state(one: &SeenGateway, now: UnixTime) -> GatewayState {
    if one.gateway.stopped_at > UnixTime::default() {
        GatewayState::Stopped
    } else if one.at.plus(SILENT) < now {
        GatewayState::Silent
    } else {
        GatewayState::Reporting
    }
}

/// Another of that name began when this one had ended.
fn is_succeeded(one: &SeenGateway, all: &[SeenGateway], now: UnixTime) -> bool {
    state(one, now) != GatewayState::Reporting
        && all.iter().any(|other| {
            other.gateway.id != one.gateway.id
                && other.gateway.name == one.gateway.name
                && other.gateway.started_at >= one.at
        })
}

/// By gateway: seconds, and requests in them.
async fn requests(control: &Control, now: UnixTime) -> Outcome<BTreeMap<Uuid, (f64, u64)>> {
    let span = Span::FINEST;
    let limit = MOST.saturating_mul(RECENT.as_secs() as u32 / span.seconds as u32 + 1);
    let since = now.minus(RECENT);
    let rows = control.store().reported_traffic(span.seconds, since, limit).await?;
    let mut requests = BTreeMap::<_, (f64, u64)>::new();
    for row in rows {
        let of_gateway = requests.entry(row.gateway).or_default();
        of_gateway.0 += row.begun_at.until(row.at).as_secs_f64();
        of_gateway.1 += report(&row.document)?.apis.total().requests;
    }
    Ok(requests)
}

/// As it was kept.
pub(crate) fn report(document: &str) -> Outcome<Report> {
    serde_json::from_str(document).map_err(|_| Refusal::internal("a report cannot be read"))
}
