//! Plans as gateways enforce them.

use std::sync::Arc;

use phantom_core::catalog::Limit;
use phantom_core::catalog::Plan;
use phantom_core::catalog::Plans;
use phantom_store::PlanLevel;
use phantom_store::PlanRow;

use super::defaults::UNLIMITED_NAME;
use super::limit;
use super::limit::ThrottleLimit;
use super::policy::AdvancedThrottlePolicy;
use super::policy::ApplicationThrottlePolicy;
use super::policy::Policy;
use super::policy::SubscriptionThrottlePolicy;

/// Of what is stored, that which gateways count: a plan that cannot be read is left out, and who
/// names it is refused.
#[must_use]
pub fn published(rows: &[PlanRow]) -> Plans {
    let mut plans = Plans::default();
    for row in rows {
        let Some(plan) = plan(row) else {
            tracing::error!(plan = row.name, "a stored plan cannot be read: not published");
            continue;
        };
        match row.level {
            PlanLevel::Application => plans.application.push(Arc::new(plan)),
            PlanLevel::Subscription => plans.subscription.push(Arc::new(plan)),
            PlanLevel::Advanced => plans.advanced.push(Arc::new(plan)),
            PlanLevel::Custom => {}
        }
    }
    plans
}

fn plan(row: &PlanRow) -> Option<Plan> {
    let name = row.name.as_str();
    let (quota, burst, stops_on_quota) = match row.level {
        PlanLevel::Application => {
            let policy: ApplicationThrottlePolicy = read(row)?;
            let burst = policy.burst_limit.and_then(|burst| {
                limit::enforced_burst(burst.rate_limit_count, burst.rate_limit_time_unit)
            });
            (quota(name, &policy.default_limit), burst, true)
        }
        PlanLevel::Subscription => {
            let policy: SubscriptionThrottlePolicy = read(row)?;
            let burst = limit::enforced_burst(policy.rate_limit_count, policy.rate_limit_time_unit);
            let stops = policy.stop_on_quota_reach.unwrap_or(false);
            (quota(name, &policy.default_limit), burst, stops)
        }
        PlanLevel::Advanced => {
            let policy: AdvancedThrottlePolicy = read(row)?;
            (quota(name, &policy.default_limit), None, true)
        }
        PlanLevel::Custom => (None, None, false),
    };
    Some(Plan { name: name.into(), quota, burst, stops_on_quota })
}

fn read<P: Policy>(row: &PlanRow) -> Option<P> {
    P::deserialize(&row.document).ok()
}

/// `None`: unlimited.
fn quota(name: &str, default: &ThrottleLimit) -> Option<Limit> {
    if name == UNLIMITED_NAME {
        return None;
    }
    let (count, units, unit) = match (&default.request_count, &default.event_count) {
        (Some(limit), _) => (limit.request_count, limit.unit_time, limit.time_unit),
        // Each request is one.
        (None, Some(limit)) => (limit.event_count, limit.unit_time, limit.time_unit),
        (None, None) => {
            let kind = &default.kind;
            tracing::error!(plan = name, kind, "limits of this type are not enforced: unlimited");
            return None;
        }
    };
    if count == limit::UNLIMITED {
        return None;
    }
    limit::enforced(count, units, unit)
}
