//! What is unique, and how each database names it when it is not.

use sqlx::error::DatabaseError;

/// PostgreSQL names the index, SQLite lists its columns.
const UNIQUE: &[(&str, &str, &str)] = &[
    ("users_pkey", "users.name", "user.name"),
    ("clients_pkey", "clients.client_id", "client.client_id"),
    ("client_name", "clients.name", "client.name"),
    ("console_sessions_pkey", "console_sessions.digest", "console_session.digest"),
    ("tokens_pkey", "tokens.digest", "token.digest"),
    ("key_managers_pkey", "key_managers.id", "key_manager.id"),
    ("key_manager_name", "key_managers.name", "key_manager.name"),
    ("plans_pkey", "plans.id", "plan.id"),
    ("plan_name", "plans.level, plans.name", "plan.name"),
    ("deny_policies_pkey", "deny_policies.id", "deny_policy.id"),
    ("scopes_pkey", "scopes.id", "scope.id"),
    ("scope_name", "scopes.name", "scope.name"),
    ("apis_pkey", "apis.id", "api.id"),
    ("api_name", "apis.name_key, apis.api_version", "api.name"),
    ("api_context", "apis.context_key, apis.api_version", "api.context"),
    ("revisions_pkey", "revisions.id", "revision.id"),
    ("revision_number", "revisions.api, revisions.number", "revision.number"),
    ("applications_pkey", "applications.id", "application.id"),
    ("application_name", "applications.owner, applications.name_key", "application.name"),
    ("key_mappings_pkey", "key_mappings.id", "key_mapping.id"),
    (
        "key_mapping_consumer_key",
        "key_mappings.key_manager, key_mappings.consumer_key",
        "key_mapping.consumer_key",
    ),
    (
        "key_mapping_key_type",
        "key_mappings.application, key_mappings.key_manager, key_mappings.key_type",
        "key_mapping.key_type",
    ),
    ("subscriptions_pkey", "subscriptions.id", "subscription.id"),
    ("subscription_pair", "subscriptions.application, subscriptions.api", "subscription.api"),
];

/// Our name of the violated constraint.
pub(crate) fn violated(error: &dyn DatabaseError) -> Option<&'static str> {
    let columns = error.message().strip_prefix("UNIQUE constraint failed: ");
    let found = |&&(index, of, _): &&(&str, &str, &str)| {
        error.constraint() == Some(index) || columns == Some(of)
    };
    UNIQUE.iter().find(found).map(|&(.., what)| what)
}
