//! What all gateways did, as they reported it: numbers over time, and the last decisions.

mod decisions;
mod numbers;
mod own;
mod wanted;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_core::UnixTime;
use phantom_core::traffic::Introspections;
use phantom_core::traffic::Report;
use phantom_core::traffic::Shares;
use phantom_core::traffic::Tally;
use phantom_terms::refusal::Outcome;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

pub use decisions::DecisionInfo;
pub use decisions::DecisionsWanted;
pub use decisions::decisions;
pub use numbers::Numbers;
pub use numbers::Refused;
pub use own::decisions_of_api;
pub use own::decisions_of_application;
pub use own::of_api;
pub use own::of_application;
pub use own::requests_by_api;
pub use wanted::Period;
pub use wanted::TrafficOf;
pub use wanted::TrafficWanted;

use crate::gateways;
use crate::gateways::Span;

/// Rows that are read at most.
const MOST_ROWS: u32 = 20_000;

/// Numbers of a period. Times are in milliseconds since 1970.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    pub period: Period,
    /// From one point to the next.
    pub step_seconds: u64,
    pub points: Vec<Point>,
    pub total: Numbers,
    /// The busiest first; beyond those that gateways tell apart, all others together under an empty key.
    pub apis: Vec<Party>,
    pub applications: Vec<Party>,
    pub key_managers: Vec<Party>,
    /// Calls about tokens, by key manager. They belong to gateways, not to APIs or applications.
    pub introspections: Vec<Calls>,
    /// Gateways that reported within the period.
    pub gateways: Vec<Party>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    #[schema(value_type = u64)]
    pub time: UnixTime,
    /// `null` where no gateway reported.
    pub numbers: Option<Numbers>,
}

/// An API, application, key manager or gateway, with its part.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Party {
    /// What the traffic of it alone is asked for by: its id where it has one.
    pub key: String,
    pub name: String,
    pub requests: u64,
    pub refused: u64,
    pub p95_millis: Option<f64>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Calls {
    pub key_manager: String,
    pub active: u64,
    pub inactive: u64,
    pub misbehaved: u64,
    pub unavailable: u64,
}

/// The traffic that is wanted, of the period that ends now: for those who may see all of it.
pub async fn read(control: &Control, wanted: &TrafficWanted) -> Outcome<Traffic> {
    let (mut traffic, mut sums) = sum(control, wanted).await?;
    let names = names(control, &mut sums).await?;
    traffic.apis = parties(&mut sums.report.apis, &names.none);
    traffic.applications = parties(&mut sums.report.applications, &names.applications);
    traffic.key_managers = parties(&mut sums.report.key_managers, &names.none);
    traffic.introspections = calls(sums.report.introspections);
    traffic.gateways = gateway_parties(sums.gateways, &names.gateways);
    Ok(traffic)
}

/// The numbers of what is wanted, without who had them; and what was reported of that.
async fn sum(control: &Control, wanted: &TrafficWanted) -> Outcome<(Traffic, Sums)> {
    let (span, now) = (wanted.period.span(), control.now());
    // Of the longest, what goes on is reported as well.
    let goes_on = if span == Span::COARSEST { span.length() } else { Duration::ZERO };
    let end = span.begin(now).plus(goes_on);
    let (length, step) = (wanted.period.length(), wanted.period.step());
    let begin = end.minus(length);
    let rows = control.store().reported_traffic(span.seconds, begin, MOST_ROWS).await?;
    let mut sums = Sums::default();
    for row in rows.iter().filter(|row| row.begun_at < end) {
        let index = begin.until(row.begun_at).as_secs() / step.as_secs();
        let covered = begin.plus(step * index as u32).until(row.at).min(step);
        sums.add(wanted, row.gateway, (index, covered), &gateways::report(&row.document)?);
    }
    let steps = length.as_secs() / step.as_secs();
    let points = (0..steps).map(|index| {
        let sum = sums.points.get(&index);
        let numbers = sum.map(|(tally, covered)| Numbers::of(tally, covered.as_secs()));
        Point { time: begin.plus(step * index as u32), numbers }
    });
    let points: Vec<_> = points.collect();
    let (mut total, mut covered) = (Tally::default(), Duration::ZERO);
    for (tally, of_it) in sums.points.values() {
        total.add(tally);
        covered += *of_it;
    }
    let traffic = Traffic {
        period: wanted.period,
        step_seconds: step.as_secs(),
        points,
        total: Numbers::of(&total, covered.as_secs()),
        apis: Vec::new(),
        applications: Vec::new(),
        key_managers: Vec::new(),
        introspections: Vec::new(),
        gateways: Vec::new(),
    };
    Ok((traffic, sums))
}

#[derive(Default)]
struct Sums {
    /// By the step that they fall into, with how much of that is covered.
    points: BTreeMap<u64, (Tally, Duration)>,
    report: Report,
    gateways: BTreeMap<Uuid, Tally>,
}

impl Sums {
    fn add(
        &mut self,
        wanted: &TrafficWanted,
        gateway: Uuid,
        (step, covered): (u64, Duration),
        report: &Report,
    ) {
        self.gateways.entry(gateway).or_default().add(&report.apis.total());
        if wanted.gateway.is_some_and(|wanted| wanted != gateway) {
            return;
        }
        let point = self.points.entry(step).or_default();
        point.0.add(&wanted.of.tally(report));
        point.1 = point.1.max(covered);
        self.report.add(report);
    }
}

struct Names {
    applications: BTreeMap<String, String>,
    gateways: BTreeMap<Uuid, String>,
    /// Reports have them.
    none: BTreeMap<String, String>,
}

/// Of applications and gateways, which reports name by their ids.
async fn names(control: &Control, sums: &mut Sums) -> Outcome<Names> {
    sums.report.applications.abridge(Span::FINEST.shares);
    let ids = sums.report.applications.named().iter().filter_map(|share| share.id);
    let ids: BTreeSet<Uuid> = ids.map(|id| Uuid::from_u128(id.as_u128())).collect();
    let applications = decisions::applications(control, ids).await?;
    let seen = control.store().gateways(500).await?;
    let gateways = seen.into_iter().map(|seen| (seen.gateway.id, seen.gateway.name)).collect();
    Ok(Names { applications, gateways, none: BTreeMap::new() })
}

fn parties(shares: &mut Shares, names: &BTreeMap<String, String>) -> Vec<Party> {
    shares.abridge(Span::FINEST.shares);
    let named = shares.named().iter().map(|share| {
        let key = wanted::key(share.id, &share.name);
        let name = names.get(&key).cloned().unwrap_or_else(|| match share.name.as_str() {
            "" => key.clone(),
            name => name.to_owned(),
        });
        party(key, name, &share.tally)
    });
    let rest = (!shares.rest().is_empty())
        .then(|| party(String::new(), "All others".to_owned(), shares.rest()));
    named.chain(rest).collect()
}

fn gateway_parties(sums: BTreeMap<Uuid, Tally>, names: &BTreeMap<Uuid, String>) -> Vec<Party> {
    let parties = sums.into_iter().map(|(id, tally)| {
        let name = names.get(&id).cloned().unwrap_or_else(|| id.to_string());
        party(id.to_string(), name, &tally)
    });
    let mut parties: Vec<_> = parties.collect();
    parties.sort_by(|one, other| one.name.cmp(&other.name));
    parties
}

fn party(key: String, name: String, tally: &Tally) -> Party {
    let Numbers { requests, refused, p95_millis, .. } = Numbers::of(tally, 1);
    Party { key, name, requests, refused, p95_millis }
}

fn calls(introspections: BTreeMap<String, Introspections>) -> Vec<Calls> {
    let calls = introspections.into_iter().map(|(key_manager, calls)| {
        let Introspections { active, inactive, misbehaved, unavailable } = calls;
        Calls { key_manager, active, inactive, misbehaved, unavailable }
    });
    calls.collect()
}
