//! `/settings`: what forms are drawn from.

use axum::Json;
use phantom_access::roles;
use phantom_access::roles::PREFIX;
use phantom_manage::connector::Connector;
use phantom_manage::connector::Endpoint;
use phantom_manage::connector::Field;
use phantom_rest::answers::ReadErrors;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminSettings)]
pub struct Settings {
    pub scopes: Vec<String>,
    pub gateway_types: Vec<&'static str>,
    #[serde(rename = "IsJWTEnabledForLoginTokens")]
    pub is_jwt_enabled_for_login_tokens: bool,
    pub org_access_control_enabled: bool,
    pub key_manager_configuration: Vec<ConnectorDescription>,
    pub gateway_configuration: Vec<GatewayDescription>,
    pub analytics_enabled: bool,
    pub transaction_counter_enable: bool,
    pub is_gateway_notification_enabled: bool,
    pub platform_gateway_versions: Vec<String>,
    pub consumption_export_enabled: bool,
}

/// A type of key manager.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectorDescription {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub display_name: &'static str,
    pub default_consumer_key_claim: &'static str,
    pub default_scopes_claim: &'static str,
    #[schema(value_type = Vec<Object>)]
    pub auth_configurations: Vec<Value>,
    pub configurations: Vec<FieldDescription>,
    pub endpoint_configurations: Vec<FieldDescription>,
    #[schema(value_type = Vec<Object>)]
    pub configuration_constraints: Vec<Value>,
}

/// A field of a form.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyManagerConfiguration)]
pub struct FieldDescription {
    pub name: &'static str,
    pub label: &'static str,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub required: bool,
    pub mask: bool,
    pub multiple: bool,
    pub tooltip: &'static str,
    pub default: Option<&'static str>,
    pub values: Vec<String>,
    pub update_disabled: bool,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayDescription {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub display_name: &'static str,
    pub supported_modes: Vec<&'static str>,
    #[schema(value_type = Vec<Object>)]
    pub configurations: Vec<Value>,
    pub default_hostname_template: &'static str,
}

/// Read the settings
#[utoipa::path(
    get,
    path = "/settings",
    operation_id = "readAdminSettings",
    tag = "Admin: settings",
    responses((status = 200, description = "As they are", body = Settings), ReadErrors)
)]
pub async fn read() -> Json<Settings> {
    Json(Settings {
        scopes: roles::all_scopes().map(|scope| format!("{PREFIX}{scope}")).collect(),
        gateway_types: vec!["Regular"],
        is_jwt_enabled_for_login_tokens: false,
        org_access_control_enabled: false,
        key_manager_configuration: Connector::ALL.map(described).to_vec(),
        gateway_configuration: vec![GatewayDescription {
            kind: "Regular",
            display_name: "Regular Gateway",
            supported_modes: vec!["WRITE_ONLY"],
            configurations: Vec::new(),
            default_hostname_template: "",
        }],
        analytics_enabled: false,
        transaction_counter_enable: false,
        is_gateway_notification_enabled: false,
        platform_gateway_versions: Vec::new(),
        consumption_export_enabled: false,
    })
}

fn described(connector: Connector) -> ConnectorDescription {
    ConnectorDescription {
        kind: connector.kind(),
        display_name: connector.display_name(),
        default_consumer_key_claim: connector.consumer_key_claim(),
        default_scopes_claim: connector.scopes_claim(),
        auth_configurations: Vec::new(),
        configurations: connector.fields().iter().map(field).collect(),
        endpoint_configurations: connector.endpoints().iter().map(endpoint).collect(),
        configuration_constraints: Vec::new(),
    }
}

fn field(field: &Field) -> FieldDescription {
    FieldDescription {
        name: field.name,
        label: field.label,
        kind: "input",
        required: field.required,
        mask: field.mask,
        multiple: false,
        tooltip: field.tooltip,
        default: field.default,
        values: Vec::new(),
        update_disabled: false,
    }
}

fn endpoint(&(endpoint, required): &(Endpoint, bool)) -> FieldDescription {
    FieldDescription {
        name: endpoint.name(),
        label: endpoint.label(),
        kind: "input",
        required,
        mask: false,
        multiple: false,
        tooltip: "",
        default: None,
        values: Vec::new(),
        update_disabled: false,
    }
}
