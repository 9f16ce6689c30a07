//! The Admin API, v4: key managers, throttling and deny policies, settings, environments.

pub mod deny_policies;
pub mod environments;
mod exchange;
pub mod key_managers;
pub mod policies;
pub mod settings;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authorization::Guarded;
use crate::authorization::Needs;
use crate::authorization::guarded;
use crate::plane::Control;

const KEY_MANAGERS: Needs = Needs::AnyOf(&["admin", "admin_operations", "keymanagers_manage"]);
const KEY_MANAGERS_DELETE: Needs = Needs::AnyOf(&["admin", "admin_operations"]);
const TIERS_READ: Needs = Needs::AnyOf(&["admin", "tier_view", "admin_tier_view"]);
const TIERS_SEARCH: Needs =
    Needs::AnyOf(&["admin", "tier_view", "admin_tier_view", "policies_import_export"]);
const TIERS_WRITE: Needs = Needs::AnyOf(&["admin", "tier_manage", "admin_tier_manage"]);
const TIERS_DELETE: Needs =
    Needs::AnyOf(&["admin", "tier_manage", "admin_tier_manage", "policies_import_export"]);
const DENY_READ: Needs = Needs::AnyOf(&["admin", "bl_view"]);
const DENY_WRITE: Needs = Needs::AnyOf(&["admin", "bl_manage"]);
const SETTINGS: Needs = Needs::AnyOf(&["admin", "admin_settings"]);
const ENVIRONMENTS: Needs = Needs::AnyOf(&["admin", "environment_read"]);
const ENVIRONMENT: Needs = Needs::AnyOf(&["admin", "environment_manage"]);

macro_rules! at {
    ($method:literal, $path:literal, $needs:expr) => {
        guarded($method, concat!("/api/am/admin/v4", $path), $needs)
    };
}

pub(crate) const OPERATIONS: &[Guarded] = &[
    at!("GET", "/key-managers", KEY_MANAGERS),
    at!("POST", "/key-managers", KEY_MANAGERS),
    at!("POST", "/key-managers/discover", KEY_MANAGERS),
    at!("GET", "/key-managers/{keyManagerId}", KEY_MANAGERS),
    at!("PUT", "/key-managers/{keyManagerId}", KEY_MANAGERS),
    at!("DELETE", "/key-managers/{keyManagerId}", KEY_MANAGERS_DELETE),
    at!("GET", "/throttling/policies/search", TIERS_SEARCH),
    at!("GET", "/throttling/policies/application", TIERS_READ),
    at!("POST", "/throttling/policies/application", TIERS_WRITE),
    at!("GET", "/throttling/policies/application/{policyId}", TIERS_READ),
    at!("PUT", "/throttling/policies/application/{policyId}", TIERS_WRITE),
    at!("DELETE", "/throttling/policies/application/{policyId}", TIERS_DELETE),
    at!("GET", "/throttling/policies/subscription", TIERS_READ),
    at!("POST", "/throttling/policies/subscription", TIERS_WRITE),
    at!("GET", "/throttling/policies/subscription/{policyId}", TIERS_READ),
    at!("PUT", "/throttling/policies/subscription/{policyId}", TIERS_WRITE),
    at!("DELETE", "/throttling/policies/subscription/{policyId}", TIERS_DELETE),
    at!("GET", "/throttling/policies/advanced", TIERS_READ),
    at!("POST", "/throttling/policies/advanced", TIERS_WRITE),
    at!("GET", "/throttling/policies/advanced/{policyId}", TIERS_READ),
    at!("PUT", "/throttling/policies/advanced/{policyId}", TIERS_WRITE),
    at!("DELETE", "/throttling/policies/advanced/{policyId}", TIERS_DELETE),
    at!("GET", "/throttling/policies/custom", TIERS_READ),
    at!("POST", "/throttling/policies/custom", TIERS_WRITE),
    at!("GET", "/throttling/policies/custom/{ruleId}", TIERS_READ),
    at!("PUT", "/throttling/policies/custom/{ruleId}", TIERS_WRITE),
    at!("DELETE", "/throttling/policies/custom/{ruleId}", TIERS_DELETE),
    at!("GET", "/throttling/deny-policies", DENY_READ),
    at!("POST", "/throttling/deny-policies", DENY_WRITE),
    at!("GET", "/throttling/deny-policy/{conditionId}", DENY_READ),
    at!("PATCH", "/throttling/deny-policy/{conditionId}", DENY_WRITE),
    at!("DELETE", "/throttling/deny-policy/{conditionId}", DENY_WRITE),
    at!("GET", "/settings", SETTINGS),
    at!("GET", "/environments", ENVIRONMENTS),
    at!("GET", "/environments/{environmentId}", ENVIRONMENT),
];

pub(crate) fn router() -> OpenApiRouter<Arc<Control>> {
    use policies::advanced;
    use policies::application;
    use policies::custom;
    use policies::subscription;
    OpenApiRouter::new()
        .routes(routes!(key_managers::list, key_managers::create))
        .routes(routes!(key_managers::discover))
        .routes(routes!(key_managers::read, key_managers::update, key_managers::delete))
        .routes(routes!(policies::search))
        .routes(routes!(application::list, application::create))
        .routes(routes!(application::read, application::update, application::delete))
        .routes(routes!(subscription::list, subscription::create))
        .routes(routes!(subscription::read, subscription::update, subscription::delete))
        .routes(routes!(advanced::list, advanced::create))
        .routes(routes!(advanced::read, advanced::update, advanced::delete))
        .routes(routes!(custom::list, custom::create))
        .routes(routes!(custom::read, custom::update, custom::delete))
        .routes(routes!(deny_policies::list, deny_policies::create))
        .routes(routes!(deny_policies::read, deny_policies::switch, deny_policies::delete))
        .routes(routes!(settings::read))
        .routes(routes!(environments::list))
        .routes(routes!(environments::read))
}
