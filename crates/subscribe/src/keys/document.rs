//! What is kept of a key besides whose it is.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct KeyDocument {
    pub grant_types: Vec<String>,
    pub callback_url: Option<String>,
    pub additional_properties: Map<String, Value>,
}
