//! `/settings`: what a publisher's tools need to know of this installation.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use phantom_manage::revisions;
use phantom_rest::prelude::*;
use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

/// All that any operation asks for, once each.
static SCOPES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let rules = super::operations().rules();
    rules.into_iter().flat_map(|rule| rule.needs.wire_scopes()).collect()
});

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::Settings)]
pub struct SettingsResponse {
    devportal_url: String,
    environment: Vec<Environment>,
    gateway_types: Vec<&'static str>,
    /// Of this API, for whoever asks for a token.
    #[schema(value_type = Vec<String>)]
    scopes: &'static BTreeSet<String>,
    external_stores_enabled: bool,
    doc_visibility_enabled: bool,
    portal_configuration_only_mode_enabled: bool,
    cross_tenant_subscription_enabled: bool,
    default_advance_policy: &'static str,
    default_subscription_policy: &'static str,
    authorization_header: &'static str,
    #[serde(rename = "IsJWTEnabledForLoginTokens")]
    is_jwt_enabled_for_login_tokens: bool,
    org_access_control_enabled: bool,
    allow_subscription_validation_disabling: bool,
    design_assistant_enabled: bool,
    ai_auth_token_provided: bool,
    is_gateway_notification_enabled: bool,
    #[serde(rename = "isMCPSupportEnabled")]
    is_mcp_support_enabled: bool,
}

/// Where revisions can be deployed.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::Environment)]
pub struct Environment {
    id: &'static str,
    name: &'static str,
    display_name: &'static str,
    r#type: &'static str,
    gateway_type: &'static str,
    server_url: String,
    provider: &'static str,
    show_in_api_console: bool,
    vhosts: Vec<VHost>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::VHost)]
pub struct VHost {
    host: String,
    http_context: &'static str,
    http_port: Option<u16>,
    https_port: Option<u16>,
}

/// Read the settings
#[utoipa::path(
    get,
    path = "/settings",
    operation_id = "publisher_read_settings",
    tag = "Publisher: settings",
    responses((status = 200, body = SettingsResponse), ListErrors),
)]
pub async fn read(State(control): State<Arc<Control>>) -> Answer<Json<SettingsResponse>> {
    let public = &control.settings.public_url;
    Ok(Json(SettingsResponse {
        devportal_url: format!("{public}/devportal"),
        environment: vec![environment(&control)],
        gateway_types: vec!["Regular"],
        scopes: &SCOPES,
        external_stores_enabled: false,
        doc_visibility_enabled: false,
        portal_configuration_only_mode_enabled: false,
        cross_tenant_subscription_enabled: false,
        default_advance_policy: "Unlimited",
        default_subscription_policy: "Unlimited",
        authorization_header: "Authorization",
        is_jwt_enabled_for_login_tokens: false,
        org_access_control_enabled: false,
        allow_subscription_validation_disabling: false,
        design_assistant_enabled: false,
        ai_auth_token_provided: false,
        is_gateway_notification_enabled: false,
        is_mcp_support_enabled: false,
    }))
}

fn environment(control: &Control) -> Environment {
    let port = |url: &str| Url::parse(url).ok()?.port_or_known_default();
    let http_port = control.settings.gateway_http_url.as_deref().and_then(port);
    let https_port = port(&control.settings.gateway_https_url);
    let gateway = revisions::gateway_host(control);
    let hosts = gateway.into_iter().filter(|host| host != "localhost");
    let hosts = std::iter::once("localhost".to_owned()).chain(hosts);
    Environment {
        id: revisions::ENVIRONMENT,
        name: revisions::ENVIRONMENT,
        display_name: revisions::ENVIRONMENT,
        r#type: "hybrid",
        gateway_type: "Regular",
        server_url: control.settings.public_url.clone(),
        provider: "phantom",
        show_in_api_console: true,
        vhosts: hosts.map(|host| VHost { host, http_context: "", http_port, https_port }).collect(),
    }
}
