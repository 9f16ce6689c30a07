//! The Admin API, v4: key managers, throttling and deny policies, settings, environments.

pub mod deny_policies;
pub mod environments;
mod exchange;
pub mod key_managers;
pub mod policies;
pub mod settings;
pub mod traffic;

use phantom_access::rights::admin as rights;
use phantom_rest::guard::Needs;
use phantom_rest::guard::Operations;
use utoipa_axum::routes;

const KEY_MANAGERS: Needs = Needs::AnyOf(rights::KEY_MANAGERS);
const KEY_MANAGERS_DELETE: Needs = Needs::AnyOf(rights::KEY_MANAGERS_DELETE);
const TIERS_READ: Needs = Needs::AnyOf(rights::TIERS_READ);
const TIERS_SEARCH: Needs = Needs::AnyOf(rights::TIERS_SEARCH);
const TIERS_WRITE: Needs = Needs::AnyOf(rights::TIERS_WRITE);
const TIERS_DELETE: Needs = Needs::AnyOf(rights::TIERS_DELETE);
const DENY_READ: Needs = Needs::AnyOf(rights::DENY_READ);
const DENY_WRITE: Needs = Needs::AnyOf(rights::DENY_WRITE);
const SETTINGS: Needs = Needs::AnyOf(rights::SETTINGS);
const TRAFFIC: Needs = Needs::AnyOf(rights::TRAFFIC);
const ENVIRONMENTS: Needs = Needs::AnyOf(rights::ENVIRONMENTS);
const ENVIRONMENT: Needs = Needs::AnyOf(rights::ENVIRONMENT);

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
        .route(TRAFFIC, routes!(traffic::gateways))
        .route(TRAFFIC, routes!(traffic::read))
        .route(TRAFFIC, routes!(traffic::decisions))
        .route(ENVIRONMENTS, routes!(environments::list))
        .route(ENVIRONMENT, routes!(environments::read))
}
