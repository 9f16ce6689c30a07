//! `/key-managers`: where applications can have keys.

use phantom_manage::key_managers::KeyManagerTokenType;
use phantom_rest::prelude::*;
use phantom_subscribe::keys;
use phantom_subscribe::keys::KeyManager;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// A key manager without its secrets, in the order in which WSO2 writes it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = devportal::KeyManagerInfo)]
pub struct KeyManagerInfo {
    id: Uuid,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    display_name: Option<String>,
    description: Option<String>,
    enabled: bool,
    available_grant_types: Vec<String>,
    token_endpoint: Option<String>,
    revoke_endpoint: Option<String>,
    user_info_endpoint: Option<String>,
    enable_token_generation: bool,
    enable_token_encryption: bool,
    enable_token_hashing: bool,
    #[serde(rename = "enableOAuthAppCreation")]
    enable_oauth_app_creation: bool,
    #[serde(rename = "enableMapOAuthConsumerApps")]
    enable_map_oauth_consumer_apps: bool,
    /// What can be said of a client when its keys are generated: nothing more.
    application_configuration: Vec<ApplicationConfiguration>,
    alias: Option<String>,
    additional_properties: Map<String, Value>,
    token_type: KeyManagerTokenType,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = devportal::KeyManagerApplicationConfiguration)]
pub struct ApplicationConfiguration {
    name: String,
    label: String,
    #[serde(rename = "type")]
    kind: String,
    required: bool,
    mask: bool,
    multiple: bool,
    tooltip: String,
}

/// List the enabled key managers that are open to the caller
#[utoipa::path(
    get,
    path = "/key-managers",
    operation_id = "devportal_list_key_managers",
    tag = "DevPortal: key managers",
    responses((status = 200, body = WholeList<KeyManagerInfo>), ListErrors),
)]
pub async fn list(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
) -> Answer<Json<WholeList<KeyManagerInfo>>> {
    let visible = keys::visible_key_managers(&control, &caller).await?;
    let infos = visible.into_iter().map(|each| info(&control, each)).collect();
    Ok(Json(WholeList::new(infos)))
}

fn info(control: &Control, key_manager: KeyManager) -> KeyManagerInfo {
    let token_endpoint = key_manager.token_endpoint(&control.settings);
    let revoke_endpoint = key_manager.revoke_endpoint(&control.settings);
    let KeyManager { row, settings } = key_manager;
    KeyManagerInfo {
        id: row.id,
        name: row.name,
        kind: row.kind,
        display_name: settings.display_name,
        description: settings.description,
        enabled: row.enabled,
        available_grant_types: settings.available_grant_types,
        token_endpoint,
        revoke_endpoint,
        user_info_endpoint: settings.user_info_endpoint,
        enable_token_generation: settings.enable_token_generation.unwrap_or(false),
        enable_token_encryption: settings.enable_token_encryption.unwrap_or(false),
        enable_token_hashing: settings.enable_token_hashing.unwrap_or(false),
        enable_oauth_app_creation: settings.enable_oauth_app_creation.unwrap_or(false),
        enable_map_oauth_consumer_apps: settings.enable_map_oauth_consumer_apps.unwrap_or(false),
        application_configuration: Vec::new(),
        alias: settings.alias,
        additional_properties: Map::new(),
        token_type: settings.token_type.unwrap_or_default(),
    }
}
