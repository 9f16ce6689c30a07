//! `/throttling-policies`: the plans that APIs and their operations can have.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use phantom_store::PlanLevel;
use phantom_store::PlanRow;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use utoipa::IntoParams;
use utoipa::ToSchema;

use crate::app::plans::UNAUTHENTICATED;
use crate::list::PageRequest;
use crate::list::PagedList;
use crate::plane::Control;
use crate::problem::Outcome;
use crate::problem::Problem;
use crate::rest::answers::ReadErrors;
use crate::rest::extract::PathOf;
use crate::rest::extract::QueryOf;

/// `subcription` is how WSO2's description spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = publisher::PolicyLevel)]
pub enum PolicyLevel {
    Api,
    #[serde(alias = "subcription")]
    Subscription,
}

/// Names the plans of one level.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[serde(rename_all = "camelCase")]
pub struct LevelPath {
    policy_level: PolicyLevel,
}

/// Names one plan.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[serde(rename_all = "camelCase")]
pub struct PolicyPath {
    policy_level: PolicyLevel,
    policy_name: String,
}

/// A plan, in the order in which WSO2 writes it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::ThrottlingPolicy)]
pub struct ThrottlingPolicy {
    name: String,
    description: Option<String>,
    policy_level: PolicyLevel,
    display_name: Option<String>,
    attributes: BTreeMap<String, String>,
    /// Requests, or an amount of data of `dataUnit`, in the time.
    request_count: i64,
    data_unit: Option<String>,
    unit_time: i64,
    time_unit: Option<String>,
    rate_limit_count: i64,
    rate_limit_time_unit: Option<String>,
    quota_policy_type: QuotaType,
    tier_plan: TierPlan,
    stop_on_quota_reach: bool,
    monetization_properties: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = publisher::QuotaType)]
pub enum QuotaType {
    RequestCount,
    BandwidthVolume,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = publisher::TierPlan)]
pub enum TierPlan {
    Free,
    Commercial,
}

/// List the plans of a level
#[utoipa::path(
    get,
    path = "/throttling-policies/{policyLevel}",
    operation_id = "publisher_list_policies",
    tag = "Publisher: throttling policies",
    params(LevelPath, PageRequest),
    responses((status = 200, body = PagedList<ThrottlingPolicy>), ReadErrors),
)]
pub async fn list(
    State(control): State<Arc<Control>>,
    PathOf(LevelPath { policy_level }): PathOf<LevelPath>,
    QueryOf(page): QueryOf<PageRequest>,
) -> Outcome<Json<PagedList<ThrottlingPolicy>>> {
    let page = page.page()?;
    let rows = control.store.plans_of(policy_level.into()).await?;
    let offered = rows.iter().filter(|row| is_offered(row));
    let (list, total) = page.of(offered.map(ThrottlingPolicy::of).collect());
    let path = format!("/throttling-policies/{}", policy_level.name());
    Ok(Json(PagedList::new(list, total, page, &path, &[])))
}

/// Read a plan by its name
#[utoipa::path(
    get,
    path = "/throttling-policies/{policyLevel}/{policyName}",
    operation_id = "publisher_read_policy",
    tag = "Publisher: throttling policies",
    params(PolicyPath),
    responses((status = 200, body = ThrottlingPolicy), ReadErrors),
)]
pub async fn read(
    State(control): State<Arc<Control>>,
    PathOf(PolicyPath { policy_level, policy_name: name }): PathOf<PolicyPath>,
) -> Outcome<Json<ThrottlingPolicy>> {
    let rows = control.store.plans_of(policy_level.into()).await?;
    let row = rows.iter().find(|row| row.name == name);
    let row = row.ok_or_else(|| Problem::not_found("throttling policy", &name))?;
    Ok(Json(ThrottlingPolicy::of(row)))
}

/// One is what calls of open operations come under.
fn is_offered(row: &PlanRow) -> bool {
    row.level != PlanLevel::Subscription || row.name != UNAUTHENTICATED
}

impl ThrottlingPolicy {
    fn of(row: &PlanRow) -> Self {
        let at = |path: &str| row.document.pointer(path);
        let text = |path: &str| at(path).and_then(Value::as_str).map(str::to_owned);
        let number = |path: &str| at(path).and_then(Value::as_i64).unwrap_or_default();
        let is_volume = at("/defaultLimit/bandwidth").is_some_and(Value::is_object);
        let (limit, count, quota_policy_type) = match is_volume {
            true => ("/defaultLimit/bandwidth", "dataAmount", QuotaType::BandwidthVolume),
            false => ("/defaultLimit/requestCount", "requestCount", QuotaType::RequestCount),
        };
        let is_commercial = text("/billingPlan").as_deref() == Some("COMMERCIAL");
        Self {
            name: row.name.clone(),
            description: text("/description"),
            policy_level: match row.level {
                PlanLevel::Subscription => PolicyLevel::Subscription,
                _ => PolicyLevel::Api,
            },
            display_name: text("/displayName"),
            attributes: BTreeMap::new(),
            request_count: number(&format!("{limit}/{count}")),
            data_unit: text(&format!("{limit}/dataUnit")),
            unit_time: number(&format!("{limit}/unitTime")),
            time_unit: text(&format!("{limit}/timeUnit")),
            rate_limit_count: number("/rateLimitCount"),
            rate_limit_time_unit: text("/rateLimitTimeUnit"),
            quota_policy_type,
            tier_plan: if is_commercial { TierPlan::Commercial } else { TierPlan::Free },
            stop_on_quota_reach: at("/stopOnQuotaReach").is_none_or(|stop| *stop != false),
            monetization_properties: BTreeMap::new(),
        }
    }
}

impl PolicyLevel {
    const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Subscription => "subscription",
        }
    }
}

impl From<PolicyLevel> for PlanLevel {
    fn from(level: PolicyLevel) -> Self {
        match level {
            PolicyLevel::Api => Self::Advanced,
            PolicyLevel::Subscription => Self::Subscription,
        }
    }
}
