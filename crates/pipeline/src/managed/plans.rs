//! Plans of a snapshot, by level and name.

use std::sync::Arc;

use phantom_core::catalog::Plan;
use phantom_core::catalog::Plans;

use crate::config_hash::ConfigMap;

/// By name, those that limit anything: looking an unlimited plan up finds none.
#[derive(Debug, Default)]
pub(crate) struct PlanTable {
    pub(crate) application: ConfigMap<Box<str>, Arc<Plan>>,
    pub(crate) subscription: ConfigMap<Box<str>, Arc<Plan>>,
    pub(crate) advanced: ConfigMap<Box<str>, Arc<Plan>>,
}

impl PlanTable {
    /// Limits callers without a token, by their address.
    pub(crate) const UNAUTHENTICATED: &'static str = "Unauthenticated";

    pub(super) fn new(plans: &Plans) -> Self {
        let limiting = |plans: &[Arc<Plan>]| {
            let limiting = plans.iter().filter(|plan| plan.quota.is_some() || plan.burst.is_some());
            limiting.map(|plan| (plan.name.clone(), plan.clone())).collect()
        };
        Self {
            application: limiting(&plans.application),
            subscription: limiting(&plans.subscription),
            advanced: limiting(&plans.advanced),
        }
    }
}
