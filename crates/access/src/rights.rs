//! Which scopes, without prefix, let a caller do what: any one of each list. REST and the pages ask the same.

/// What the workbench does, which has its page for whoever is signed in: a scope that each role gives.
pub const WORKBENCH: &[&str] =
    &["admin", "admin_operations", "api_view", "api_import_export", "api_list_view", "subscribe"];

/// What the admin does.
pub mod admin {
    pub const KEY_MANAGERS: &[&str] = &["admin", "admin_operations", "keymanagers_manage"];
    pub const KEY_MANAGERS_DELETE: &[&str] = &["admin", "admin_operations"];
    pub const TIERS_READ: &[&str] = &["admin", "tier_view", "admin_tier_view"];
    pub const TIERS_SEARCH: &[&str] =
        &["admin", "tier_view", "admin_tier_view", "policies_import_export"];
    pub const TIERS_WRITE: &[&str] = &["admin", "tier_manage", "admin_tier_manage"];
    pub const TIERS_DELETE: &[&str] =
        &["admin", "tier_manage", "admin_tier_manage", "policies_import_export"];
    pub const DENY_READ: &[&str] = &["admin", "bl_view"];
    pub const DENY_WRITE: &[&str] = &["admin", "bl_manage"];
    /// Gateways, and the traffic of all APIs and applications.
    pub const TRAFFIC: &[&str] = &["admin", "admin_operations"];
    pub const USERS: &[&str] = &["admin"];
    pub const AUDIT: &[&str] = &["admin"];
    pub const SETTINGS: &[&str] = &["admin", "admin_settings"];
    pub const ENVIRONMENTS: &[&str] = &["admin", "environment_read"];
    pub const ENVIRONMENT: &[&str] = &["admin", "environment_manage"];
}

/// What the publisher does.
pub mod publisher {
    pub const READERS: &[&str] =
        &["api_view", "api_manage", "api_import_export", "api_product_import_export"];
    pub const CREATORS: &[&str] = &["api_create", "api_manage"];
    pub const EDITORS: &[&str] = &["api_create", "api_manage", "api_publish"];
    pub const REVISERS: &[&str] = &["api_create", "api_manage", "api_publish", "api_import_export"];
    pub const REVISION_READERS: &[&str] =
        &["api_view", "api_create", "api_manage", "api_publish", "api_import_export"];
    pub const DELETERS: &[&str] = &["api_delete", "api_manage", "api_import_export"];
    pub const PUBLISHERS: &[&str] = &["api_publish", "api_manage", "api_import_export"];
    pub const LIFECYCLE_READERS: &[&str] = &["api_view", "api_publish", "api_create", "api_manage"];
    pub const DEFINITION_READERS: &[&str] = &["api_view", "api_manage", "api_definition_view"];
    pub const SUBSCRIPTION_READERS: &[&str] =
        &["api_view", "subscription_view", "subscription_manage"];
    pub const SUBSCRIPTION_BLOCKERS: &[&str] = &["subscription_block", "subscription_manage"];
    pub const SUBSCRIPTION_MANAGERS: &[&str] = &["subscription_manage"];
    pub const SCOPE_READERS: &[&str] = &["api_view", "shared_scope_manage"];
    pub const SCOPE_USAGE_READERS: &[&str] = &["api_view", "api_manage", "shared_scope_manage"];
    pub const SCOPE_CHECKERS: &[&str] =
        &["api_create", "api_publish", "api_manage", "shared_scope_manage"];
    pub const SCOPE_MANAGERS: &[&str] = &["shared_scope_manage"];
    pub const POLICY_READERS: &[&str] = &["api_view", "tier_view", "tier_manage"];
    pub const KEY_MANAGER_READERS: &[&str] = &["api_view", "api_create", "api_manage"];
    pub const SETTINGS: &[&str] = &["api_view", "publisher_settings"];
}

/// What the devportal does.
pub mod devportal {
    pub const APPLICATIONS: &[&str] = &["subscribe", "app_manage"];
    pub const EXPORTERS_TOO: &[&str] = &["subscribe", "app_manage", "app_import_export"];
    pub const SUBSCRIPTIONS: &[&str] = &["subscribe", "sub_manage"];
    pub const SUBSCRIBERS: &[&str] = &["subscribe"];
    pub const SETTINGS: &[&str] = &["store_settings"];
}
