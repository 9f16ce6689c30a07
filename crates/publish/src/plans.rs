//! Plans as gateways enforce them.

use std::sync::Arc;

use phantom_core::catalog::Limit;
use phantom_core::catalog::Plan;
use phantom_core::catalog::Plans;
use phantom_manage::plans::Terms;
use phantom_manage::plans::UNLIMITED_NAME;
use phantom_manage::plans::limit;
use phantom_manage::plans::limit::ThrottleLimit;
use phantom_store::PlanLevel;
use phantom_store::PlanRow;

/// Of what is stored, that which gateways count: a plan that cannot be read is left out, and who
/// names it is refused.
#[must_use]
pub fn published(rows: &[PlanRow]) -> Plans {
    let mut plans = Plans::default();
    for row in rows {
        let Ok(terms) = Terms::of(row) else {
            tracing::error!(plan = row.name, "a stored plan cannot be read: not published");
            continue;
        };
        let name = row.name.as_str();
        let plan = Plan {
            name: name.into(),
            quota: terms.limit.and_then(|limit| quota(name, &limit)),
            burst: terms.burst.and_then(|burst| burst.enforced()),
            stops_on_quota: terms.stops_on_quota,
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
    if count.get() == limit::UNLIMITED {
        return None;
    }
    limit::enforced(count, units, unit)
}

#[cfg(test)]
mod tests;
