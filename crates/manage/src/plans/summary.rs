//! Plans as those see them who choose among them.

use phantom_store::PlanLevel;
use phantom_store::PlanRow;
use serde_json::Value;

use super::SUBSCRIPTIONLESS;
use super::UNAUTHENTICATED;
use crate::caller::Caller;
use crate::plane::Control;
use crate::refusal::Kind;
use crate::refusal::Outcome;
use crate::refusal::Refusal;
use crate::subscriptions::permissions::Permissions;

/// A plan with its one limit.
#[derive(Clone, Debug)]
pub struct Summary {
    pub name: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub level: PlanLevel,
    /// The limit is one of data, in `data_unit`; else of requests.
    pub is_volume: bool,
    pub amount: i64,
    pub data_unit: Option<String>,
    pub unit_time: i64,
    pub time_unit: Option<String>,
    pub rate_limit_count: i64,
    pub rate_limit_time_unit: Option<String>,
    pub is_commercial: bool,
    pub stops_on_quota: bool,
}

/// What APIs and operations can have.
pub async fn offered(control: &Control, level: PlanLevel) -> Outcome<Vec<Summary>> {
    let rows = control.store.plans_of(level).await?;
    // One is what calls of open operations come under.
    let is_offered =
        |row: &&PlanRow| level != PlanLevel::Subscription || row.name != UNAUTHENTICATED;
    Ok(rows.iter().filter(is_offered).map(Summary::of).collect())
}

pub async fn named(control: &Control, level: PlanLevel, name: &str) -> Outcome<Summary> {
    let rows = control.store.plans_of(level).await?;
    let row = rows.iter().find(|row| row.name == name);
    row.map(Summary::of).ok_or_else(|| Refusal::not_found(Kind::Plan, name))
}

/// What the caller can have.
pub async fn open(control: &Control, caller: &Caller, level: PlanLevel) -> Outcome<Vec<Summary>> {
    let mut open = Vec::new();
    for row in control.store.plans_of(level).await? {
        if is_open(&row, caller)? {
            open.push(Summary::of(&row));
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
    let not_found = || Refusal::not_found(Kind::Plan, name);
    if name.contains('\0') {
        return Err(not_found());
    }
    let row = control.store.plan_by_name(level, name).await?.ok_or_else(not_found)?;
    if is_open(&row, caller)? { Ok(Summary::of(&row)) } else { Err(not_found()) }
}

/// Of these business plans those that the caller can have.
pub async fn open_of(
    control: &Control,
    caller: &Caller,
    names: &[String],
) -> Outcome<Vec<Summary>> {
    let mut open = Vec::new();
    for name in names {
        let row = control.store.plan_by_name(PlanLevel::Subscription, name).await?;
        let Some(row) = row else { continue };
        if Permissions::admit(&row.document, caller)? {
            open.push(Summary::of(&row));
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
    fn of(row: &PlanRow) -> Self {
        let at = |path: &str| row.document.pointer(path);
        let text = |path: &str| at(path).and_then(Value::as_str).map(str::to_owned);
        let number = |path: &str| at(path).and_then(Value::as_i64).unwrap_or_default();
        let is_there = |path: &str| at(path).is_some_and(Value::is_object);
        let is_volume = is_there("/defaultLimit/bandwidth");
        let (limit, amount) = match (is_volume, is_there("/defaultLimit/eventCount")) {
            (true, _) => ("/defaultLimit/bandwidth", "dataAmount"),
            (_, true) => ("/defaultLimit/eventCount", "eventCount"),
            _ => ("/defaultLimit/requestCount", "requestCount"),
        };
        Self {
            name: row.name.clone(),
            display_name: text("/displayName"),
            description: text("/description"),
            level: row.level,
            is_volume,
            amount: number(&format!("{limit}/{amount}")),
            data_unit: text(&format!("{limit}/dataUnit")),
            unit_time: number(&format!("{limit}/unitTime")),
            time_unit: text(&format!("{limit}/timeUnit")),
            rate_limit_count: number("/rateLimitCount"),
            rate_limit_time_unit: text("/rateLimitTimeUnit"),
            is_commercial: at("/billingPlan").is_some_and(|plan| plan == "COMMERCIAL"),
            stops_on_quota: at("/stopOnQuotaReach").is_none_or(|stop| *stop != false),
        }
    }
}
