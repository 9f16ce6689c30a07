//! The Admin API, v4: key managers, throttling and deny policies, settings, environments.

pub mod deny_policies;
pub mod environments;
mod exchange;
pub mod key_managers;
pub mod policies;
pub mod settings;

use utoipa_axum::routes;

use crate::rest::guard::Needs;
use crate::rest::guard::Operations;

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

pub(crate) fn operations() -> Operations {
    use policies::advanced;
    use policies::application;
    use policies::custom;
    use policies::subscription;
    Operations::default()
        .route(KEY_MANAGERS, routes!(key_managers::list, key_managers::create))
        .route(KEY_MANAGERS, routes!(key_managers::discover))
        .route(KEY_MANAGERS, routes!(key_managers::read, key_managers::update))
        .route(KEY_MANAGERS_DELETE, routes!(key_managers::delete))
        .route(TIERS_SEARCH, routes!(policies::search))
        .route(TIERS_READ, routes!(application::list))
        .route(TIERS_WRITE, routes!(application::create))
        .route(TIERS_READ, routes!(application::read))
        .route(TIERS_WRITE, routes!(application::update))
        .route(TIERS_DELETE, routes!(application::delete))
        .route(TIERS_READ, routes!(subscription::list))
        .route(TIERS_WRITE, routes!(subscription::create))
        .route(TIERS_READ, routes!(subscription::read))
        .route(TIERS_WRITE, routes!(subscription::update))
        .route(TIERS_DELETE, routes!(subscription::delete))
        .route(TIERS_READ, routes!(advanced::list))
        .route(TIERS_WRITE, routes!(advanced::create))
        .route(TIERS_READ, routes!(advanced::read))
        .route(TIERS_WRITE, routes!(advanced::update))
        .route(TIERS_DELETE, routes!(advanced::delete))
        .route(TIERS_READ, routes!(custom::list))
        .route(TIERS_WRITE, routes!(custom::create))
        .route(TIERS_READ, routes!(custom::read))
        .route(TIERS_WRITE, routes!(custom::update))
        .route(TIERS_DELETE, routes!(custom::delete))
        .route(DENY_READ, routes!(deny_policies::list))
        .route(DENY_WRITE, routes!(deny_policies::create))
        .route(DENY_READ, routes!(deny_policies::read))
        .route(DENY_WRITE, routes!(deny_policies::switch, deny_policies::delete))
        .route(SETTINGS, routes!(settings::read))
        .route(ENVIRONMENTS, routes!(environments::list))
        .route(ENVIRONMENT, routes!(environments::read))
}
