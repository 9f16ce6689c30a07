//! The DevPortal API, v3: applications, their keys and subscriptions, and the APIs on offer.

pub mod apis;
pub mod applications;
pub mod key_managers;
pub mod keys;
pub mod policies;
mod secret;
pub mod settings;
pub mod subscriptions;
pub mod tags;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authorization::Guarded;
use crate::authorization::Needs;
use crate::authorization::guarded;
use crate::plane::Control;

const APPLICATIONS: Needs = Needs::AnyOf(&["subscribe", "app_manage"]);
const EXPORTERS_TOO: Needs = Needs::AnyOf(&["subscribe", "app_manage", "app_import_export"]);
const SUBSCRIPTIONS: Needs = Needs::AnyOf(&["subscribe", "sub_manage"]);
const SUBSCRIBERS: Needs = Needs::AnyOf(&["subscribe"]);
const SETTINGS: Needs = Needs::AnyOf(&["store_settings"]);

macro_rules! at {
    ($method:literal, $path:literal, $needs:expr) => {
        guarded($method, concat!("/api/am/devportal/v3", $path), $needs)
    };
}

pub(crate) const OPERATIONS: &[Guarded] = &[
    at!("GET", "/apis", Needs::Anyone),
    at!("GET", "/apis/{apiId}", Needs::Anyone),
    at!("GET", "/apis/{apiId}/subscription-policies", Needs::Anyone),
    at!("GET", "/apis/{apiId}/swagger", Needs::Anyone),
    at!("GET", "/search", Needs::Anyone),
    at!("GET", "/tags", Needs::Anyone),
    at!("GET", "/tenants", Needs::Anyone),
    at!("GET", "/throttling-policies/{policyLevel}", Needs::Anyone),
    at!("GET", "/throttling-policies/{policyLevel}/{policyId}", Needs::Anyone),
    at!("GET", "/applications", EXPORTERS_TOO),
    at!("POST", "/applications", APPLICATIONS),
    at!("GET", "/applications/{applicationId}", APPLICATIONS),
    at!("PUT", "/applications/{applicationId}", APPLICATIONS),
    at!("DELETE", "/applications/{applicationId}", EXPORTERS_TOO),
    at!("POST", "/applications/{applicationId}/generate-keys", APPLICATIONS),
    at!("POST", "/applications/{applicationId}/map-keys", APPLICATIONS),
    at!("GET", "/applications/{applicationId}/keys", APPLICATIONS),
    at!("GET", "/applications/{applicationId}/keys/{keyType}", APPLICATIONS),
    at!("GET", "/applications/{applicationId}/oauth-keys", APPLICATIONS),
    at!("GET", "/applications/{applicationId}/oauth-keys/{keyMappingId}", APPLICATIONS),
    at!("PUT", "/applications/{applicationId}/oauth-keys/{keyMappingId}", APPLICATIONS),
    at!("DELETE", "/applications/{applicationId}/oauth-keys/{keyMappingId}", APPLICATIONS),
    at!(
        "POST",
        "/applications/{applicationId}/oauth-keys/{keyMappingId}/regenerate-secret",
        APPLICATIONS
    ),
    at!("POST", "/applications/{applicationId}/oauth-keys/{keyMappingId}/clean-up", APPLICATIONS),
    at!(
        "POST",
        "/applications/{applicationId}/oauth-keys/{keyMappingId}/generate-token",
        APPLICATIONS
    ),
    at!("GET", "/subscriptions", SUBSCRIPTIONS),
    at!("POST", "/subscriptions", SUBSCRIPTIONS),
    at!("POST", "/subscriptions/multiple", SUBSCRIPTIONS),
    at!("GET", "/subscriptions/{subscriptionId}", SUBSCRIPTIONS),
    at!("PUT", "/subscriptions/{subscriptionId}", SUBSCRIPTIONS),
    at!("DELETE", "/subscriptions/{subscriptionId}", SUBSCRIPTIONS),
    at!("GET", "/key-managers", SUBSCRIBERS),
    at!("GET", "/settings", SETTINGS),
    at!("GET", "/settings/application-attributes", SUBSCRIBERS),
];

pub(crate) fn router() -> OpenApiRouter<Arc<Control>> {
    OpenApiRouter::new()
        .routes(routes!(apis::list))
        .routes(routes!(apis::read))
        .routes(routes!(apis::definition))
        .routes(routes!(apis::subscription_policies))
        .routes(routes!(apis::search))
        .routes(routes!(tags::list))
        .routes(routes!(settings::tenants))
        .routes(routes!(policies::list))
        .routes(routes!(policies::read))
        .routes(routes!(applications::list, applications::create))
        .routes(routes!(applications::read, applications::update, applications::delete))
        .routes(routes!(keys::generate))
        .routes(routes!(keys::map))
        .routes(routes!(keys::older::list))
        .routes(routes!(keys::older::read))
        .routes(routes!(keys::list))
        .routes(routes!(keys::read, keys::update, keys::delete))
        .routes(routes!(keys::regenerate_secret))
        .routes(routes!(keys::clean_up))
        .routes(routes!(keys::generate_token))
        .routes(routes!(subscriptions::list, subscriptions::create))
        .routes(routes!(subscriptions::create_all))
        .routes(routes!(subscriptions::read, subscriptions::update, subscriptions::delete))
        .routes(routes!(key_managers::list))
        .routes(routes!(settings::read))
        .routes(routes!(settings::application_attributes))
}
