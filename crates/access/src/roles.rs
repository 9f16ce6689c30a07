//! Which scopes a role gives.

pub use phantom_store::Role;

/// Scopes without their prefix `apim:`, each with the roles that give it besides `admin`, which
/// gives all.
const SCOPES: &[(&str, &[Role])] = {
    use Role::Creator;
    use Role::Devops;
    use Role::IntegrationDev;
    use Role::Publisher;
    use Role::Subscriber;
    &[
        ("admin", &[]),
        ("admin_operations", &[]),
        ("admin_settings", &[]),
        ("admin_tier_manage", &[]),
        ("admin_tier_view", &[]),
        ("api_create", &[Creator]),
        ("api_definition_view", &[IntegrationDev]),
        ("api_delete", &[Creator]),
        ("api_generate_key", &[Creator, Publisher]),
        ("api_import_export", &[Devops]),
        ("api_key", &[Subscriber]),
        ("api_list_view", &[IntegrationDev]),
        ("api_manage", &[]),
        ("api_product_import_export", &[Devops]),
        ("api_publish", &[Publisher]),
        ("api_view", &[Creator, Publisher]),
        ("app_import_export", &[Devops]),
        ("app_manage", &[Subscriber]),
        ("bl_manage", &[]),
        ("bl_view", &[]),
        ("environment_manage", &[]),
        ("environment_read", &[]),
        ("keymanagers_manage", &[]),
        ("policies_import_export", &[Devops]),
        ("publisher_settings", &[Creator, Publisher]),
        ("shared_scope_manage", &[]),
        ("store_settings", &[Subscriber]),
        ("sub_manage", &[Subscriber]),
        ("subscribe", &[Subscriber]),
        ("subscription_block", &[Publisher]),
        ("subscription_manage", &[Publisher]),
        ("subscription_view", &[Creator, Publisher]),
        ("tier_manage", &[]),
        ("tier_view", &[Creator, Publisher]),
    ]
};

/// What stands before each scope on the wire.
pub const PREFIX: &str = "apim:";

/// The scopes that these roles give together, without prefix, in order of name.
pub fn scopes_of(roles: &[Role]) -> impl Iterator<Item = &'static str> + '_ {
    SCOPES
        .iter()
        .filter(|(_, givers)| {
            roles.contains(&Role::Admin) || givers.iter().any(|giver| roles.contains(giver))
        })
        .map(|(scope, _)| *scope)
}

/// All scopes there are, without prefix.
pub fn all_scopes() -> impl Iterator<Item = &'static str> {
    SCOPES.iter().map(|(scope, _)| *scope)
}

/// The known scope of that name on the wire.
#[must_use]
pub fn scope(on_the_wire: &str) -> Option<&'static str> {
    let name = on_the_wire.strip_prefix(PREFIX)?;
    all_scopes().find(|scope| *scope == name)
}
