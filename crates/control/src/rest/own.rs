//! `/api/phantom/v1`: operations of our own, for what WSO2's APIs have no place.

pub mod audit;
pub mod key_managers;
pub mod traffic;
pub mod users;
pub mod workbench;

use phantom_access::rights;
use phantom_rest::guard::Needs;
use phantom_rest::guard::Operations;
use utoipa_axum::routes;

const KEY_MANAGERS: Needs = Needs::AnyOf(rights::admin::KEY_MANAGERS);
const USERS: Needs = Needs::AnyOf(rights::admin::USERS);
const AUDIT: Needs = Needs::AnyOf(rights::admin::AUDIT);

const API_READERS: Needs = Needs::AnyOf(rights::publisher::READERS);
const APPLICATIONS: Needs = Needs::AnyOf(rights::devportal::APPLICATIONS);
const WORKBENCH: Needs = Needs::AnyOf(rights::WORKBENCH);

pub(crate) fn operations() -> Operations {
    Operations::default()
        .route(KEY_MANAGERS, routes!(key_managers::test))
        .route(KEY_MANAGERS, routes!(key_managers::standing))
        .route(API_READERS, routes!(traffic::of_api))
        .route(API_READERS, routes!(traffic::decisions_of_api))
        .route(APPLICATIONS, routes!(traffic::of_application))
        .route(APPLICATIONS, routes!(traffic::decisions_of_application))
        .route(WORKBENCH, routes!(workbench::explain))
        .route(WORKBENCH, routes!(workbench::introspect))
        .route(WORKBENCH, routes!(workbench::decode))
        .route(USERS, routes!(users::list, users::create))
        .route(USERS, routes!(users::read, users::delete))
        .route(USERS, routes!(users::change_roles))
        .route(USERS, routes!(users::change_password))
        .route(AUDIT, routes!(audit::list))
}
