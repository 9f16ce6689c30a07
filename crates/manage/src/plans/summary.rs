//! Plans as those see them who choose among them.

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_store::PlanLevel;
use phantom_store::PlanRow;
use phantom_terms::refusal::Kind;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use serde::Serialize;

use super::SUBSCRIPTIONLESS;
use super::UNAUTHENTICATED;
use super::limit::BurstCount;
use super::policy::Terms;
use crate::permissions::Permissions;

const BY_NAME: Kind = Kind::Other("throttling policy");

/// A plan with its one limit.
#[derive(Clone, Debug)]
pub struct Summary {
    pub name: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub level: PlanLevel,
    /// The limit is one of data, in `data_unit`; else of requests, or of events.
    pub is_volume: bool,
    pub counts_events: bool,
    pub amount: i64,
    pub data_unit: Option<String>,
    pub unit_time: i64,
    pub time_unit: Option<String>,
    /// A second, shorter limit: so many requests within one such unit.
    pub burst: Option<(u64, String)>,
    pub rate_limit_count: i64,
    pub rate_limit_time_unit: Option<String>,
    pub is_commercial: bool,
    pub stops_on_quota: bool,
}

/// What APIs and operations can have.
pub async fn offered(control: &Control, level: PlanLevel) -> Outcome<Vec<Summary>> {
    let rows = control.store().plans_of(level).await?;
    // One is what calls of open operations come under.
    let is_offered =
        |row: &&PlanRow| level != PlanLevel::Subscription || row.name != UNAUTHENTICATED;
    rows.iter().filter(is_offered).map(Summary::of).collect()
}

pub async fn named(control: &Control, level: PlanLevel, name: &str) -> Outcome<Summary> {
    let rows = control.store().plans_of(level).await?;
    let row = rows.iter().find(|row| row.name == name);
    Summary::of(row.ok_or_else(|| Refusal::not_found(BY_NAME, name))?)
}

/// What the caller can have.
pub async fn open(control: &Control, caller: &Caller, level: PlanLevel) -> Outcome<Vec<Summary>> {
    let mut open = Vec::new();
    for row in control.store().plans_of(level).await? {
        if is_open(&row, caller)? {
            open.push(Summary::of(&row)?);
        }
    }
    Ok(open)
}

pub async fn open_named(
    control: &Control,
    caller: &Caller,
    level: PlanLevel,
    name: &str,
) -> Outcome<Summary> {
    let not_found = || Refusal::not_found(BY_NAME, name);
    if name.contains('\0') {
        return Err(not_found());
    }
    let row = control.store().plan_by_name(level, name).await?.ok_or_else(not_found)?;
    if is_open(&row, caller)? { Summary::of(&row) } else { Err(not_found()) }
}

/// Of these business plans those that the caller can have.
pub async fn open_of(
    control: &Control,
    caller: &Caller,
    names: &[String],
) -> Outcome<Vec<Summary>> {
    let mut open = Vec::new();
    for name in names {
        let row = control.store().plan_by_name(PlanLevel::Subscription, name).await?;
        let Some(row) = row else { continue };
        if Permissions::admit(&row.document, caller)? {
            open.push(Summary::of(&row)?);
        }
    }
    Ok(open)
}

/// Two are what calls without a subscription come under.
fn is_open(row: &PlanRow, caller: &Caller) -> Outcome<bool> {
    let is_fallback = row.level == PlanLevel::Subscription
        && [SUBSCRIPTIONLESS, UNAUTHENTICATED].contains(&row.name.as_str());
    Ok(!is_fallback && Permissions::admit(&row.document, caller)?)
}

impl Summary {
    fn of(row: &PlanRow) -> Outcome<Self> {
        let terms = Terms::of(row)?;
        let limit = terms.limit.unwrap_or_default();
        let (amount, unit_time, time_unit) = match (&limit.bandwidth, &limit.event_count) {
            (Some(of), _) => (of.data_amount.get(), of.unit_time.get(), Some(of.time_unit)),
            (_, Some(of)) => (of.event_count.get(), of.unit_time.get(), Some(of.time_unit)),
            _ => limit.request_count.as_ref().map_or((0, 0, None), |of| {
                (of.request_count.get(), of.unit_time.get(), Some(of.time_unit))
            }),
        };
        let burst = terms.burst.as_ref().and_then(|burst| {
            Some((burst.enforced()?.requests, word(burst.rate_limit_time_unit?)))
        });
        // As these members are shown, an application's has none.
        let rate = terms.burst.filter(|_| row.level == PlanLevel::Subscription);
        Ok(Self {
            name: row.name.clone(),
            display_name: terms.display_name.map(String::from),
            description: terms.description.map(String::from),
            level: row.level,
            is_volume: limit.bandwidth.is_some(),
            counts_events: limit.event_count.is_some(),
            amount,
            data_unit: limit.bandwidth.map(|of| word(of.data_unit)),
            unit_time,
            time_unit: time_unit.map(word),
            burst,
            rate_limit_count: rate
                .as_ref()
                .and_then(|rate| rate.rate_limit_count)
                .map_or(0, BurstCount::get),
            rate_limit_time_unit: rate.and_then(|rate| rate.rate_limit_time_unit).map(word),
            is_commercial: terms.is_commercial,
            stops_on_quota: terms.stops_on_quota,
        })
    }
}

/// As it stands on the wire.
fn word(unit: impl Serialize) -> String {
    serde_json::to_value(unit)
        .ok()
        .and_then(|word| word.as_str().map(str::to_owned))
        .unwrap_or_default()
}
