//! What is kept of a key besides whose it is.

use phantom_store::KeyMappingRow;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::problem::Outcome;
use crate::problem::Problem;

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct KeyDocument {
    pub grant_types: Vec<String>,
    pub callback_url: Option<String>,
    pub additional_properties: Map<String, Value>,
}

impl KeyDocument {
    pub fn of(row: &KeyMappingRow) -> Outcome<Self> {
        Self::deserialize(&row.document).map_err(|error| {
            tracing::error!(%error, "the stored document of a key cannot be read");
            Problem::internal()
        })
    }

    pub fn to_value(&self) -> Outcome<Value> {
        serde_json::to_value(self).map_err(|_| Problem::internal())
    }
}
