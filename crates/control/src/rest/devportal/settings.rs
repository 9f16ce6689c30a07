//! `/settings` and `/tenants`: what the portal's pages ask before anything else.

use phantom_access::roles::PREFIX;
use phantom_rest::prelude::*;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;

/// What the portal can do.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = devportal::Settings)]
pub struct PortalSettings {
    grant_types: Vec<&'static str>,
    /// Those of the caller, as they are asked for.
    scopes: Vec<String>,
    application_sharing_enabled: bool,
    #[serde(rename = "IsLegacyApiKeysEnabled")]
    is_legacy_api_keys_enabled: bool,
    map_existing_auth_apps: bool,
    /// Where gateways serve APIs, separated by commas.
    api_gateway_endpoint: String,
    monetization_enabled: bool,
    recommendation_enabled: bool,
    #[serde(rename = "IsUnlimitedTierPaid")]
    is_unlimited_tier_paid: bool,
    identity_provider: IdentityProvider,
    #[serde(rename = "IsAnonymousModeEnabled")]
    is_anonymous_mode_enabled: bool,
    #[serde(rename = "IsPasswordChangeEnabled")]
    is_password_change_enabled: bool,
    #[serde(rename = "IsJWTEnabledForLoginTokens")]
    is_jwt_enabled_for_login_tokens: bool,
    org_access_control_enabled: bool,
    user_store_password_pattern: Option<String>,
    password_policy_pattern: Option<String>,
    password_policy_min_length: Option<i32>,
    password_policy_max_length: Option<i32>,
    api_chat_enabled: bool,
    ai_auth_token_provided: bool,
    marketplace_assistant_enabled: bool,
    org_wide_app_update_enabled: bool,
    devportal_mode: &'static str,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = devportal::IdentityProvider)]
pub struct IdentityProvider {
    external: bool,
}

/// What an application can be asked about; nothing is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = devportal::ApplicationAttribute)]
pub struct ApplicationAttribute {
    description: String,
    #[serde(rename = "type")]
    kind: String,
    tooltip: String,
    required: String,
    attribute: String,
    hidden: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = devportal::Tenant)]
pub struct Tenant {
    domain: &'static str,
    status: TenantState,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = devportal::TenantState)]
pub enum TenantState {
    #[default]
    Active,
    Inactive,
}

#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TenantQuery {
    #[param(inline)]
    state: Option<TenantState>,
}

/// What the portal can do
#[utoipa::path(
    get,
    path = "/settings",
    operation_id = "devportal_read_settings",
    tag = "DevPortal: settings",
    responses((status = 200, body = PortalSettings), ListErrors),
)]
pub async fn read(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
) -> Json<PortalSettings> {
    let https = control.settings.gateway_https_url.clone();
    Json(PortalSettings {
        grant_types: vec!["client_credentials", "password", "refresh_token"],
        scopes: caller.scopes.iter().map(|scope| format!("{PREFIX}{scope}")).collect(),
        application_sharing_enabled: false,
        is_legacy_api_keys_enabled: false,
        map_existing_auth_apps: true,
        api_gateway_endpoint: match &control.settings.gateway_http_url {
            Some(http) => format!("{http},{https}"),
            None => https,
        },
        monetization_enabled: false,
        recommendation_enabled: false,
        is_unlimited_tier_paid: false,
        identity_provider: IdentityProvider { external: false },
        is_anonymous_mode_enabled: true,
        is_password_change_enabled: false,
        is_jwt_enabled_for_login_tokens: false,
        org_access_control_enabled: false,
        user_store_password_pattern: None,
        password_policy_pattern: None,
        password_policy_min_length: None,
        password_policy_max_length: None,
        api_chat_enabled: false,
        ai_auth_token_provided: false,
        marketplace_assistant_enabled: false,
        org_wide_app_update_enabled: false,
        devportal_mode: "API_ONLY",
    })
}

/// What applications are asked about
#[utoipa::path(
    get,
    path = "/settings/application-attributes",
    operation_id = "devportal_list_application_attributes",
    tag = "DevPortal: settings",
    responses((status = 200, body = WholeList<ApplicationAttribute>), ListErrors),
)]
pub async fn application_attributes() -> Json<WholeList<ApplicationAttribute>> {
    Json(WholeList::new(Vec::new()))
}

/// List tenants
///
/// There is one.
#[utoipa::path(
    get,
    path = "/tenants",
    operation_id = "devportal_list_tenants",
    tag = "DevPortal: settings",
    params(TenantQuery, PageRequest),
    responses((status = 200, body = PagedList<Tenant>), ListErrors),
)]
pub async fn tenants(
    QueryOf(query): QueryOf<TenantQuery>,
    QueryOf(page): QueryOf<PageRequest>,
) -> Answer<Json<PagedList<Tenant>>> {
    let page = page.page()?;
    let asked = query.state.unwrap_or_default();
    let only = Tenant { domain: "carbon.super", status: TenantState::Active };
    let (list, total) = page.of(match asked {
        TenantState::Active => vec![only],
        TenantState::Inactive => Vec::new(),
    });
    let state = query.state.map(|state| match state {
        TenantState::Active => "active",
        TenantState::Inactive => "inactive",
    });
    Ok(Json(PagedList::new(list, total, page, "/tenants", &[("state", state)])))
}
