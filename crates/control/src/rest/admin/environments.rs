//! `/environments`: the one there is, which cannot be changed.

use phantom_rest::prelude::*;
use phantom_terms::refusal::Kind;
use phantom_terms::refusal::Refusal;
use serde::Serialize;
use serde_json::Value;
use url::Url;
use utoipa::ToSchema;

const DEFAULT: &str = "Default";

/// Where APIs are deployed to.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminEnvironment)]
pub struct Environment {
    pub id: &'static str,
    pub name: &'static str,
    pub display_name: &'static str,
    pub provider: &'static str,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub gateway_type: &'static str,
    pub description: &'static str,
    pub is_read_only: bool,
    pub mode: &'static str,
    pub api_discovery_scheduled_window: u32,
    pub vhosts: Vec<VirtualHost>,
    #[serde(rename = "endpointURIs")]
    #[schema(value_type = Vec<Object>)]
    pub endpoint_uris: Vec<Value>,
    #[schema(value_type = Vec<Object>)]
    pub additional_properties: Vec<Value>,
    #[schema(value_type = Object)]
    pub permissions: Value,
    pub status: &'static str,
    pub vhost: Option<String>,
    pub platform_gateway_versions: Vec<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminVHost)]
pub struct VirtualHost {
    pub host: String,
    pub http_context: &'static str,
    pub http_port: Option<u16>,
    pub https_port: Option<u16>,
    pub ws_port: Option<u16>,
    pub ws_host: Option<String>,
    pub wss_port: Option<u16>,
    pub wss_host: Option<String>,
}

/// List environments
#[utoipa::path(
    get,
    path = "/environments",
    operation_id = "listEnvironments",
    tag = "Admin: environments",
    responses((status = 200, description = "All", body = WholeList<Environment>), ReadErrors)
)]
pub async fn list(State(control): State<Arc<Control>>) -> Json<WholeList<Environment>> {
    Json(WholeList::new(vec![default(&control)]))
}

/// Read an environment
#[utoipa::path(
    get,
    path = "/environments/{environmentId}",
    operation_id = "readEnvironment",
    tag = "Admin: environments",
    params(("environmentId" = String, Path)),
    responses((status = 200, description = "As it is", body = Environment), ReadErrors)
)]
pub async fn read(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
) -> Answer<Json<Environment>> {
    if id == DEFAULT {
        return Ok(Json(default(&control)));
    }
    let id: String = id.chars().take(100).collect();
    Err(Refusal::not_found(Kind::Other("Environment"), &id).into())
}

fn default(control: &Control) -> Environment {
    let settings = &control.settings;
    let https = Url::parse(&settings.gateway_https_url).ok();
    let http = settings.gateway_http_url.as_deref().and_then(|url| Url::parse(url).ok());
    let host = https.as_ref().and_then(Url::host_str).unwrap_or("localhost").to_owned();
    Environment {
        id: DEFAULT,
        name: DEFAULT,
        display_name: DEFAULT,
        provider: "phantom",
        kind: "hybrid",
        gateway_type: "Regular",
        description: "Gateways of this control plane",
        is_read_only: true,
        mode: "WRITE_ONLY",
        api_discovery_scheduled_window: 0,
        vhosts: vec![VirtualHost {
            host,
            http_context: "",
            http_port: http.as_ref().and_then(Url::port_or_known_default),
            https_port: https.as_ref().and_then(Url::port_or_known_default),
            ws_port: None,
            ws_host: None,
            wss_port: None,
            wss_host: None,
        }],
        endpoint_uris: Vec::new(),
        additional_properties: Vec::new(),
        permissions: serde_json::json!({"permissionType": "PUBLIC", "roles": []}),
        status: "Active",
        vhost: None,
        platform_gateway_versions: Vec::new(),
    }
}
