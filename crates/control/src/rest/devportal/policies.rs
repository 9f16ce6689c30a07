//! `/throttling-policies`: the plans that applications and subscriptions can have.

use std::collections::BTreeMap;

use phantom_manage::plans;
use phantom_manage::plans::PlanLevel;
use phantom_manage::plans::Summary;
use phantom_rest::prelude::*;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;

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
    Extension(caller): Extension<Caller>,
) -> Answer<Json<PagedList<ThrottlingPolicy>>> {
    let page = page.page()?;
    let open = plans::open(&control, &caller, policy_level.into()).await?;
    let open = open.into_iter().map(ThrottlingPolicy::from).collect();
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
    Extension(caller): Extension<Caller>,
) -> Answer<Json<ThrottlingPolicy>> {
    let plan = plans::open_named(&control, &caller, policy_level.into(), &name).await?;
    Ok(Json(plan.into()))
}

impl From<Summary> for ThrottlingPolicy {
    fn from(plan: Summary) -> Self {
        Self {
            name: plan.name,
            description: plan.description,
            policy_level: match plan.level {
                PlanLevel::Subscription => PolicyLevel::Subscription,
                _ => PolicyLevel::Application,
            },
            attributes: BTreeMap::new(),
            request_count: plan.amount,
            data_unit: plan.data_unit,
            unit_time: plan.unit_time,
            time_unit: plan.time_unit,
            rate_limit_count: plan.rate_limit_count,
            rate_limit_time_unit: plan.rate_limit_time_unit,
            quota_policy_type: match plan.is_volume {
                true => QuotaType::BandwidthVolume,
                false => QuotaType::RequestCount,
            },
            tier_plan: if plan.is_commercial { TierPlan::Commercial } else { TierPlan::Free },
            stop_on_quota_reach: plan.stops_on_quota,
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
