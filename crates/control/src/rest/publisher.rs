//! The Publisher API, v4: APIs, their life cycle, revisions, definitions and scopes.

pub mod apis;
pub mod definitions;
pub mod endpoints;
pub mod extract;
pub mod key_managers;
pub mod lifecycle;
pub mod policies;
pub mod revisions;
pub mod scopes;
pub mod search;
pub mod settings;
pub mod subscriptions;

use phantom_access::rights::publisher as rights;
use phantom_rest::guard::Needs;
use phantom_rest::guard::Operations;
use utoipa_axum::routes;

/// The list, which the tutorial reads with a subscriber's token.
const LISTERS: Needs = Needs::AnyOfOrViewerWith(
    &["api_view", "api_manage", "api_import_export", "api_list_view"],
    &["subscribe", "sub_manage"],
);
const READERS: Needs = Needs::AnyOf(rights::READERS);
const CREATORS: Needs = Needs::AnyOf(rights::CREATORS);
const EDITORS: Needs = Needs::AnyOf(rights::EDITORS);
const REVISERS: Needs = Needs::AnyOf(rights::REVISERS);
const REVISION_READERS: Needs = Needs::AnyOf(rights::REVISION_READERS);
const DELETERS: Needs = Needs::AnyOf(rights::DELETERS);
const PUBLISHERS: Needs = Needs::AnyOf(rights::PUBLISHERS);
const LIFECYCLE_READERS: Needs = Needs::AnyOf(rights::LIFECYCLE_READERS);
const DEFINITION_READERS: Needs = Needs::AnyOf(rights::DEFINITION_READERS);
const SUBSCRIPTION_READERS: Needs = Needs::AnyOf(rights::SUBSCRIPTION_READERS);
const SUBSCRIPTION_BLOCKERS: Needs = Needs::AnyOf(rights::SUBSCRIPTION_BLOCKERS);
const SUBSCRIPTION_MANAGERS: Needs = Needs::AnyOf(rights::SUBSCRIPTION_MANAGERS);
const SCOPE_READERS: Needs = Needs::AnyOf(rights::SCOPE_READERS);
const SCOPE_USAGE_READERS: Needs = Needs::AnyOf(rights::SCOPE_USAGE_READERS);
const SCOPE_CHECKERS: Needs = Needs::AnyOf(rights::SCOPE_CHECKERS);
const SCOPE_MANAGERS: Needs = Needs::AnyOf(rights::SCOPE_MANAGERS);
const POLICY_READERS: Needs = Needs::AnyOf(rights::POLICY_READERS);
const KEY_MANAGER_READERS: Needs = Needs::AnyOf(rights::KEY_MANAGER_READERS);
const SETTINGS: Needs = Needs::AnyOf(rights::SETTINGS);

pub(crate) fn operations() -> Operations {
    Operations::default()
        .route(LISTERS, routes!(apis::list))
        .route(CREATORS, routes!(apis::create))
        .route(READERS, routes!(apis::read))
        .route(EDITORS, routes!(apis::update))
        .route(DELETERS, routes!(apis::delete))
        .route(CREATORS, routes!(apis::copy))
        .route(CREATORS, routes!(apis::validate))
        .route(CREATORS, routes!(endpoints::validate))
        .route(PUBLISHERS, routes!(lifecycle::change))
        .route(LIFECYCLE_READERS, routes!(lifecycle::state))
        .route(LIFECYCLE_READERS, routes!(lifecycle::history))
        .route(REVISION_READERS, routes!(revisions::list))
        .route(REVISERS, routes!(revisions::create))
        .route(REVISION_READERS, routes!(revisions::read))
        .route(REVISERS, routes!(revisions::delete))
        .route(REVISION_READERS, routes!(revisions::deployments))
        .route(EDITORS, routes!(revisions::deploy))
        .route(EDITORS, routes!(revisions::undeploy))
        .route(EDITORS, routes!(revisions::restore))
        .route(CREATORS, routes!(definitions::import))
        .route(CREATORS, routes!(definitions::validate))
        .route(DEFINITION_READERS, routes!(definitions::read))
        .route(CREATORS, routes!(definitions::replace))
        .route(SCOPE_READERS, routes!(scopes::list))
        .route(SCOPE_MANAGERS, routes!(scopes::create))
        .route(SCOPE_READERS, routes!(scopes::read))
        .route(SCOPE_MANAGERS, routes!(scopes::update, scopes::delete))
        .route(SCOPE_CHECKERS, routes!(scopes::exists))
        .route(SCOPE_USAGE_READERS, routes!(scopes::usage))
        .route(SUBSCRIPTION_READERS, routes!(subscriptions::list))
        .route(SUBSCRIPTION_BLOCKERS, routes!(subscriptions::block))
        .route(SUBSCRIPTION_BLOCKERS, routes!(subscriptions::unblock))
        .route(SUBSCRIPTION_MANAGERS, routes!(subscriptions::change_plan))
        .route(POLICY_READERS, routes!(policies::list))
        .route(POLICY_READERS, routes!(policies::read))
        .route(KEY_MANAGER_READERS, routes!(key_managers::list))
        .route(READERS, routes!(search::search))
        .route(SETTINGS, routes!(settings::read))
}

/// Times of revisions: RFC 3339.
fn date_time(millis: u64) -> String {
    let millis = i64::try_from(millis).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX).to_string()
}
