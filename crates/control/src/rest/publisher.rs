//! The Publisher API, v4: APIs, their life cycle, revisions, definitions and scopes.

pub mod apis;
pub mod definitions;
pub mod extract;
pub mod key_managers;
pub mod lifecycle;
pub mod policies;
pub mod revisions;
pub mod scopes;
pub mod search;
pub mod settings;
pub mod subscriptions;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authorization::Guarded;
use crate::authorization::Needs;
use crate::authorization::guarded;
use crate::plane::Control;

/// The list, which the tutorial reads with a subscriber's token.
const LISTERS: Needs = Needs::AnyOfOrViewerWith(
    &["api_view", "api_manage", "api_import_export", "api_list_view"],
    &["subscribe", "sub_manage"],
);
const READERS: Needs =
    Needs::AnyOf(&["api_view", "api_manage", "api_import_export", "api_product_import_export"]);
const CREATORS: Needs = Needs::AnyOf(&["api_create", "api_manage"]);
const EDITORS: Needs = Needs::AnyOf(&["api_create", "api_manage", "api_publish"]);
const REVISERS: Needs =
    Needs::AnyOf(&["api_create", "api_manage", "api_publish", "api_import_export"]);
const REVISION_READERS: Needs =
    Needs::AnyOf(&["api_view", "api_create", "api_manage", "api_publish", "api_import_export"]);
const DELETERS: Needs = Needs::AnyOf(&["api_delete", "api_manage", "api_import_export"]);
const PUBLISHERS: Needs = Needs::AnyOf(&["api_publish", "api_manage", "api_import_export"]);
const LIFECYCLE_READERS: Needs =
    Needs::AnyOf(&["api_view", "api_publish", "api_create", "api_manage"]);
const DEFINITION_READERS: Needs = Needs::AnyOf(&["api_view", "api_manage", "api_definition_view"]);
const SUBSCRIPTION_READERS: Needs =
    Needs::AnyOf(&["api_view", "subscription_view", "subscription_manage"]);
const SUBSCRIPTION_BLOCKERS: Needs = Needs::AnyOf(&["subscription_block", "subscription_manage"]);
const SUBSCRIPTION_MANAGERS: Needs = Needs::AnyOf(&["subscription_manage"]);
const SCOPE_READERS: Needs = Needs::AnyOf(&["api_view", "shared_scope_manage"]);
const SCOPE_USAGE_READERS: Needs = Needs::AnyOf(&["api_view", "api_manage", "shared_scope_manage"]);
const SCOPE_CHECKERS: Needs =
    Needs::AnyOf(&["api_create", "api_publish", "api_manage", "shared_scope_manage"]);
const SCOPE_MANAGERS: Needs = Needs::AnyOf(&["shared_scope_manage"]);
const POLICY_READERS: Needs = Needs::AnyOf(&["api_view", "tier_view", "tier_manage"]);
const KEY_MANAGER_READERS: Needs = Needs::AnyOf(&["api_view", "api_create", "api_manage"]);
const SETTINGS: Needs = Needs::AnyOf(&["api_view", "publisher_settings"]);

macro_rules! at {
    ($method:literal, $path:literal, $needs:expr) => {
        guarded($method, concat!("/api/am/publisher/v4", $path), $needs)
    };
}

pub(crate) const OPERATIONS: &[Guarded] = &[
    at!("GET", "/apis", LISTERS),
    at!("POST", "/apis", CREATORS),
    at!("GET", "/apis/{apiId}", READERS),
    at!("PUT", "/apis/{apiId}", EDITORS),
    at!("DELETE", "/apis/{apiId}", DELETERS),
    at!("POST", "/apis/copy-api", CREATORS),
    at!("POST", "/apis/validate", CREATORS),
    at!("POST", "/apis/change-lifecycle", PUBLISHERS),
    at!("GET", "/apis/{apiId}/lifecycle-state", LIFECYCLE_READERS),
    at!("GET", "/apis/{apiId}/lifecycle-history", LIFECYCLE_READERS),
    at!("GET", "/apis/{apiId}/revisions", REVISION_READERS),
    at!("POST", "/apis/{apiId}/revisions", REVISERS),
    at!("GET", "/apis/{apiId}/revisions/{revisionId}", REVISION_READERS),
    at!("DELETE", "/apis/{apiId}/revisions/{revisionId}", REVISERS),
    at!("GET", "/apis/{apiId}/deployments", REVISION_READERS),
    at!("POST", "/apis/{apiId}/deploy-revision", EDITORS),
    at!("POST", "/apis/{apiId}/undeploy-revision", EDITORS),
    at!("POST", "/apis/{apiId}/restore-revision", EDITORS),
    at!("POST", "/apis/import-openapi", CREATORS),
    at!("POST", "/apis/validate-openapi", CREATORS),
    at!("GET", "/apis/{apiId}/swagger", DEFINITION_READERS),
    at!("PUT", "/apis/{apiId}/swagger", CREATORS),
    at!("GET", "/scopes", SCOPE_READERS),
    at!("POST", "/scopes", SCOPE_MANAGERS),
    at!("GET", "/scopes/{scopeId}", SCOPE_READERS),
    at!("PUT", "/scopes/{scopeId}", SCOPE_MANAGERS),
    at!("DELETE", "/scopes/{scopeId}", SCOPE_MANAGERS),
    at!("HEAD", "/scopes/{scopeId}", SCOPE_CHECKERS),
    at!("GET", "/scopes/{scopeId}/usage", SCOPE_USAGE_READERS),
    at!("GET", "/subscriptions", SUBSCRIPTION_READERS),
    at!("POST", "/subscriptions/block-subscription", SUBSCRIPTION_BLOCKERS),
    at!("POST", "/subscriptions/unblock-subscription", SUBSCRIPTION_BLOCKERS),
    at!("POST", "/subscriptions/change-business-plan", SUBSCRIPTION_MANAGERS),
    at!("GET", "/throttling-policies/{policyLevel}", POLICY_READERS),
    at!("GET", "/throttling-policies/{policyLevel}/{policyName}", POLICY_READERS),
    at!("GET", "/key-managers", KEY_MANAGER_READERS),
    at!("GET", "/search", READERS),
    at!("GET", "/settings", SETTINGS),
];

pub(crate) fn router() -> OpenApiRouter<Arc<Control>> {
    OpenApiRouter::new()
        .routes(routes!(apis::list, apis::create))
        .routes(routes!(apis::read, apis::update, apis::delete))
        .routes(routes!(apis::copy))
        .routes(routes!(apis::validate))
        .routes(routes!(lifecycle::change))
        .routes(routes!(lifecycle::state))
        .routes(routes!(lifecycle::history))
        .routes(routes!(revisions::list, revisions::create))
        .routes(routes!(revisions::read, revisions::delete))
        .routes(routes!(revisions::deployments))
        .routes(routes!(revisions::deploy))
        .routes(routes!(revisions::undeploy))
        .routes(routes!(revisions::restore))
        .routes(routes!(definitions::import))
        .routes(routes!(definitions::validate))
        .routes(routes!(definitions::read, definitions::replace))
        .routes(routes!(scopes::list, scopes::create))
        .routes(routes!(scopes::read, scopes::update, scopes::delete, scopes::exists))
        .routes(routes!(scopes::usage))
        .routes(routes!(subscriptions::list))
        .routes(routes!(subscriptions::block))
        .routes(routes!(subscriptions::unblock))
        .routes(routes!(subscriptions::change_plan))
        .routes(routes!(policies::list))
        .routes(routes!(policies::read))
        .routes(routes!(key_managers::list))
        .routes(routes!(search::search))
        .routes(routes!(settings::read))
}

/// Times of revisions: RFC 3339.
fn date_time(millis: u64) -> String {
    let millis = i64::try_from(millis).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX).to_string()
}
