//! `/key-managers`: from which an API's are chosen.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use phantom_store::KeyManagerRow;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::list::WholeList;
use crate::plane::Control;
use crate::problem::Outcome;
use crate::rest::answers::ListErrors;

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
pub async fn list(State(control): State<Arc<Control>>) -> Outcome<Json<WholeList<KeyManagerInfo>>> {
    let rows = control.store.key_managers().await?;
    Ok(Json(WholeList::new(rows.into_iter().map(KeyManagerInfo::from).collect())))
}

impl From<KeyManagerRow> for KeyManagerInfo {
    fn from(row: KeyManagerRow) -> Self {
        let text = |name: &str| row.document.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            display_name: text("displayName"),
            description: text("description"),
            id: row.id,
            name: row.name,
            r#type: row.kind,
            enabled: row.enabled,
            additional_properties: Vec::new(),
        }
    }
}
