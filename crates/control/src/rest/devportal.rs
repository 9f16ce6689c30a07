//! The DevPortal API, v3: applications, their keys and subscriptions, and the APIs on offer.

pub mod apis;
pub mod applications;
pub mod key_managers;
pub mod keys;
pub mod policies;
pub mod settings;
pub mod subscriptions;
pub mod tags;

use phantom_access::rights::devportal as rights;
use phantom_rest::guard::Needs;
use phantom_rest::guard::Operations;
use utoipa_axum::routes;

const APPLICATIONS: Needs = Needs::AnyOf(rights::APPLICATIONS);
const EXPORTERS_TOO: Needs = Needs::AnyOf(rights::EXPORTERS_TOO);
const SUBSCRIPTIONS: Needs = Needs::AnyOf(rights::SUBSCRIPTIONS);
const SUBSCRIBERS: Needs = Needs::AnyOf(rights::SUBSCRIBERS);
const SETTINGS: Needs = Needs::AnyOf(rights::SETTINGS);

pub(crate) fn operations() -> Operations {
    Operations::default()
        .route(Needs::Anyone, routes!(apis::list))
        .route(Needs::Anyone, routes!(apis::read))
        .route(Needs::Anyone, routes!(apis::definition))
        .route(Needs::Anyone, routes!(apis::subscription_policies))
        .route(Needs::Anyone, routes!(apis::search))
        .route(Needs::Anyone, routes!(tags::list))
        .route(Needs::Anyone, routes!(settings::tenants))
        .route(Needs::Anyone, routes!(policies::list))
        .route(Needs::Anyone, routes!(policies::read))
        .route(EXPORTERS_TOO, routes!(applications::list))
        .route(APPLICATIONS, routes!(applications::create))
        .route(APPLICATIONS, routes!(applications::read, applications::update))
        .route(EXPORTERS_TOO, routes!(applications::delete))
        .route(APPLICATIONS, routes!(keys::generate))
        .route(APPLICATIONS, routes!(keys::map))
        .route(APPLICATIONS, routes!(keys::older::list))
        .route(APPLICATIONS, routes!(keys::older::read))
        .route(APPLICATIONS, routes!(keys::list))
        .route(APPLICATIONS, routes!(keys::read, keys::update, keys::delete))
        .route(APPLICATIONS, routes!(keys::regenerate_secret))
        .route(APPLICATIONS, routes!(keys::clean_up))
        .route(APPLICATIONS, routes!(keys::generate_token))
        .route(SUBSCRIPTIONS, routes!(subscriptions::list, subscriptions::create))
        .route(SUBSCRIPTIONS, routes!(subscriptions::create_all))
        .route(
            SUBSCRIPTIONS,
            routes!(subscriptions::read, subscriptions::update, subscriptions::delete),
        )
        .route(SUBSCRIBERS, routes!(key_managers::list))
        .route(SETTINGS, routes!(settings::read))
        .route(SUBSCRIBERS, routes!(settings::application_attributes))
}
