//! `/throttling-policies`: the plans that applications and subscriptions can have.

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

use crate::app::plans::SUBSCRIPTIONLESS;
use crate::app::plans::UNAUTHENTICATED;
use crate::app::subscriptions::permissions::Permissions;
use crate::caller::Caller;
use crate::list::PageRequest;
use crate::list::PagedList;
use crate::plane::Control;
use crate::problem::Outcome;
use crate::problem::Problem;
use crate::rest::answers::ListErrors;
use crate::rest::answers::ReadErrors;
use crate::rest::extract::PathOf;
use crate::rest::extract::QueryOf;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = devportal::PolicyLevel)]
pub enum PolicyLevel {
    Application,
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
    /// Its name.
    policy_id: String,
}

/// A plan, in the order in which WSO2 writes it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = devportal::ThrottlingPolicy)]
pub struct ThrottlingPolicy {
    name: String,
    description: Option<String>,
    policy_level: PolicyLevel,
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
    monetization_attributes: Option<BTreeMap<String, String>>,
    throttling_policy_permissions: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = devportal::QuotaType)]
pub enum QuotaType {
    #[serde(rename = "REQUESTCOUNT")]
    RequestCount,
    #[serde(rename = "BANDWIDTHVOLUME")]
    BandwidthVolume,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = devportal::TierPlan)]
pub enum TierPlan {
    Free,
    Commercial,
}

/// List the plans of a level
#[utoipa::path(
    get,
    path = "/throttling-policies/{policyLevel}",
    operation_id = "devportal_list_policies",
    tag = "DevPortal: throttling policies",
    params(LevelPath, PageRequest),
    responses((status = 200, body = PagedList<ThrottlingPolicy>), ListErrors),
)]
pub async fn list(
    State(control): State<Arc<Control>>,
    PathOf(LevelPath { policy_level }): PathOf<LevelPath>,
    QueryOf(page): QueryOf<PageRequest>,
    caller: Caller,
) -> Outcome<Json<PagedList<ThrottlingPolicy>>> {
    let page = page.page()?;
    let mut open = Vec::new();
    for row in control.store.plans_of(policy_level.into()).await? {
        if is_offered(&row) && Permissions::admit(&row.document, &caller)? {
            open.push(ThrottlingPolicy::of(&row));
        }
    }
    let (list, total) = page.of(open);
    let path = format!("/throttling-policies/{}", policy_level.name());
    Ok(Json(PagedList::new(list, total, page, &path, &[])))
}

/// Read a plan by its name
#[utoipa::path(
    get,
    path = "/throttling-policies/{policyLevel}/{policyId}",
    operation_id = "devportal_read_policy",
    tag = "DevPortal: throttling policies",
    params(PolicyPath),
    responses((status = 200, body = ThrottlingPolicy), ReadErrors),
)]
pub async fn read(
    State(control): State<Arc<Control>>,
    PathOf(PolicyPath { policy_level, policy_id: name }): PathOf<PolicyPath>,
    caller: Caller,
) -> Outcome<Json<ThrottlingPolicy>> {
    let not_found = || Problem::not_found("throttling policy", &name);
    let is_storable = !name.contains('\0');
    let row = match is_storable {
        true => control.store.plan_by_name(policy_level.into(), &name).await?,
        false => None,
    };
    let row = row.filter(is_offered).ok_or_else(not_found)?;
    if !Permissions::admit(&row.document, &caller)? {
        return Err(not_found());
    }
    Ok(Json(ThrottlingPolicy::of(&row)))
}

/// Two are what calls without a subscription come under.
fn is_offered(row: &PlanRow) -> bool {
    row.level != PlanLevel::Subscription
        || ![SUBSCRIPTIONLESS, UNAUTHENTICATED].contains(&row.name.as_str())
}

impl ThrottlingPolicy {
    pub fn of(row: &PlanRow) -> Self {
        let at = |path: &str| row.document.pointer(path);
        let text = |path: &str| at(path).and_then(Value::as_str).map(str::to_owned);
        let number = |path: &str| at(path).and_then(Value::as_i64).unwrap_or_default();
        let is_volume = at("/defaultLimit/bandwidth").is_some_and(Value::is_object);
        let is_events = at("/defaultLimit/eventCount").is_some_and(Value::is_object);
        let (limit, count) = match (is_volume, is_events) {
            (true, _) => ("/defaultLimit/bandwidth", "dataAmount"),
            (_, true) => ("/defaultLimit/eventCount", "eventCount"),
            _ => ("/defaultLimit/requestCount", "requestCount"),
        };
        let is_commercial = text("/billingPlan").as_deref() == Some("COMMERCIAL");
        Self {
            name: row.name.clone(),
            description: text("/description"),
            policy_level: match row.level {
                PlanLevel::Subscription => PolicyLevel::Subscription,
                _ => PolicyLevel::Application,
            },
            attributes: BTreeMap::new(),
            request_count: number(&format!("{limit}/{count}")),
            data_unit: text(&format!("{limit}/dataUnit")),
            unit_time: number(&format!("{limit}/unitTime")),
            time_unit: text(&format!("{limit}/timeUnit")),
            rate_limit_count: number("/rateLimitCount"),
            rate_limit_time_unit: text("/rateLimitTimeUnit"),
            quota_policy_type: match is_volume {
                true => QuotaType::BandwidthVolume,
                false => QuotaType::RequestCount,
            },
            tier_plan: if is_commercial { TierPlan::Commercial } else { TierPlan::Free },
            stop_on_quota_reach: at("/stopOnQuotaReach").is_none_or(|stop| stop != false),
            monetization_attributes: None,
            throttling_policy_permissions: None,
        }
    }
}

impl PolicyLevel {
    const fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Subscription => "subscription",
        }
    }
}

impl From<PolicyLevel> for PlanLevel {
    fn from(level: PolicyLevel) -> Self {
        match level {
            PolicyLevel::Application => Self::Application,
            PolicyLevel::Subscription => Self::Subscription,
        }
    }
}
