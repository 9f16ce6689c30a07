//! The traffic of what is somebody's own: of an API for publishers, who read all of them; of an application for the
//! subscriber it belongs to. Of others' nothing is among it, and nothing of gateways or key managers.

use std::collections::BTreeMap;

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_access::rights;
use phantom_core::catalog::EntityId;
use phantom_core::traffic::ApiRequests;
use phantom_core::traffic::Pair;
use phantom_manage::apis;
use phantom_subscribe::applications;
use phantom_terms::refusal::Kind;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use uuid::Uuid;

use super::MOST_ROWS;
use super::Party;
use super::Period;
use super::Sums;
use super::Traffic;
use super::TrafficOf;
use super::TrafficWanted;
use super::decisions;
use super::decisions::DecisionInfo;
use super::decisions::DecisionsWanted;
use super::sum;
use super::wanted;
use crate::gateways::Span;

/// Parties of a list at most.
const MOST: usize = 50;

/// Of one API, with the applications that call it most: for whoever reads APIs.
pub async fn of_api(
    control: &Control,
    caller: &Caller,
    id: &str,
    period: Period,
) -> Outcome<Traffic> {
    let id = readable(control, caller, id).await?;
    let of = TrafficOf::Api(id.to_string());
    let (mut traffic, sums) = sum(control, &TrafficWanted { period, gateway: None, of }).await?;
    let pairs = paired(&sums, |pair| (is(pair.api, id)).then_some(pair.application));
    let names = decisions::applications(control, pairs.keys().copied().collect()).await?;
    traffic.applications = parties(pairs, &names);
    Ok(traffic)
}

/// Of one application, with the APIs that it calls most: for whom it belongs to.
pub async fn of_application(
    control: &Control,
    caller: &Caller,
    id: &str,
    period: Period,
) -> Outcome<Traffic> {
    let id = applications::find(control, caller, id).await?.row.id;
    let of = TrafficOf::Application(id.to_string());
    let (mut traffic, sums) = sum(control, &TrafficWanted { period, gateway: None, of }).await?;
    let pairs = paired(&sums, |pair| (is(pair.application, id)).then_some(pair.api));
    let mut names = BTreeMap::new();
    for id in pairs.keys() {
        if let Some(row) = control.store().api(*id).await? {
            names.insert(id.to_string(), format!("{} {}", row.name, row.version_name));
        }
    }
    traffic.apis = parties(pairs, &names);
    Ok(traffic)
}

/// The last decisions on requests for one API: for whoever reads APIs.
pub async fn decisions_of_api(
    control: &Control,
    caller: &Caller,
    id: &str,
    refused_only: bool,
) -> Outcome<Vec<DecisionInfo>> {
    let api = readable(control, caller, id).await?.to_string();
    let wanted = DecisionsWanted { refused_only, api, ..DecisionsWanted::default() };
    // A route can have any name, an API's id among them.
    let mut found = decisions::decisions(control, &wanted).await?;
    found.retain(|one| one.api_id.as_ref() == Some(&wanted.api));
    Ok(found)
}

/// The last decisions on requests of one application: for whom it belongs to.
pub async fn decisions_of_application(
    control: &Control,
    caller: &Caller,
    id: &str,
    refused_only: bool,
) -> Outcome<Vec<DecisionInfo>> {
    let application = Some(applications::find(control, caller, id).await?.row.id);
    let wanted = DecisionsWanted { refused_only, application, ..DecisionsWanted::default() };
    decisions::decisions(control, &wanted).await
}

/// Requests of the last day by the id of the API, of those that gateways tell apart: for whoever reads APIs.
pub async fn requests_by_api(control: &Control, caller: &Caller) -> Outcome<BTreeMap<String, u64>> {
    let mut requests = BTreeMap::new();
    if !caller.holds_any(rights::publisher::READERS) {
        return Ok(requests);
    }
    let (span, begin) = (Span::COARSEST, control.now().minus(Period::Day.length()));
    let rows = control.store().reported_traffic(span.seconds, begin, MOST_ROWS).await?;
    for row in rows {
        let known: ApiRequests = serde_json::from_str(&row.document)
            .map_err(|_| Refusal::internal("a report cannot be read"))?;
        for (id, count) in known.iter() {
            *requests.entry(wanted::key(Some(id), "")).or_default() += count;
        }
    }
    Ok(requests)
}

/// The id of an API that the caller may read.
async fn readable(control: &Control, caller: &Caller, id: &str) -> Outcome<Uuid> {
    if !caller.holds_any(rights::publisher::READERS) {
        return Err(Refusal::not_found(Kind::Api, id));
    }
    Ok(apis::read(control, id).await?.row.id)
}

fn is(known: EntityId, wanted: Uuid) -> bool {
    known.as_u128() == wanted.as_u128()
}

/// Requests and refusals by the other half of the pairs that `half` takes.
fn paired(sums: &Sums, half: impl Fn(&Pair) -> Option<EntityId>) -> BTreeMap<Uuid, (u64, u64)> {
    let mut found = BTreeMap::new();
    for pair in sums.report.pairs.iter() {
        if let Some(other) = half(pair) {
            let of_it: &mut (u64, u64) = found.entry(Uuid::from_u128(other.as_u128())).or_default();
            of_it.0 += pair.requests;
            of_it.1 += pair.refused;
        }
    }
    found
}

/// The busiest first.
fn parties(pairs: BTreeMap<Uuid, (u64, u64)>, names: &BTreeMap<String, String>) -> Vec<Party> {
    let parties = pairs.into_iter().map(|(id, (requests, refused))| {
        let key = wanted::key(Some(EntityId::new(id.as_u128())), "");
        let name = names.get(&key).cloned().unwrap_or_else(|| key.clone());
        Party { key, name, requests, refused, p95_millis: None }
    });
    let mut parties: Vec<_> = parties.collect();
    parties.sort_by_key(|party| std::cmp::Reverse(party.requests));
    parties.truncate(MOST);
    parties
}
