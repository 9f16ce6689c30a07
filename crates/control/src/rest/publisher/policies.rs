//! `/throttling-policies`: the plans that APIs and their operations can have.

use std::collections::BTreeMap;

use phantom_manage::plans;
use phantom_manage::plans::PlanLevel;
use phantom_manage::plans::Summary;
use phantom_rest::prelude::*;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;

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
) -> Answer<Json<PagedList<ThrottlingPolicy>>> {
    let page = page.page()?;
    let offered = plans::offered(&control, policy_level.into()).await?;
    let (list, total) = page.of(offered.into_iter().map(ThrottlingPolicy::from).collect());
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
) -> Answer<Json<ThrottlingPolicy>> {
    Ok(Json(plans::named(&control, policy_level.into(), &name).await?.into()))
}

impl From<Summary> for ThrottlingPolicy {
    fn from(plan: Summary) -> Self {
        Self {
            name: plan.name,
            description: plan.description,
            policy_level: match plan.level {
                PlanLevel::Subscription => PolicyLevel::Subscription,
                _ => PolicyLevel::Api,
            },
            display_name: plan.display_name,
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
