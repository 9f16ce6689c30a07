//! `/key-managers`: from which an API's are chosen.

use phantom_rest::prelude::*;
use phantom_subscribe::keys;
use phantom_subscribe::keys::KeyManager;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// A key manager, without what is secret of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::KeyManagerInfo)]
pub struct KeyManagerInfo {
    id: Uuid,
    name: String,
    display_name: Option<String>,
    r#type: String,
    description: Option<String>,
    enabled: bool,
    #[schema(value_type = Vec<Object>)]
    additional_properties: Vec<Map<String, Value>>,
}

/// List the key managers
#[utoipa::path(
    get,
    path = "/key-managers",
    operation_id = "publisher_list_key_managers",
    tag = "Publisher: key managers",
    responses((status = 200, body = WholeList<KeyManagerInfo>), ListErrors),
)]
pub async fn list(State(control): State<Arc<Control>>) -> Answer<Json<WholeList<KeyManagerInfo>>> {
    let all = keys::key_managers(&control).await?;
    Ok(Json(WholeList::new(all.into_iter().map(KeyManagerInfo::from).collect())))
}

impl From<KeyManager> for KeyManagerInfo {
    fn from(KeyManager { row, settings }: KeyManager) -> Self {
        Self {
            id: row.id,
            name: row.name,
            display_name: settings.display_name,
            r#type: row.kind,
            description: settings.description,
            enabled: row.enabled,
            additional_properties: Vec::new(),
        }
    }
}
