//! What is kept of an application besides its name, owner and plan.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ApplicationDocument {
    pub description: Option<String>,
    pub token_type: TokenType,
    pub groups: Vec<String>,
    pub attributes: BTreeMap<String, String>,
    pub visibility: ApplicationVisibility,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[schema(as = devportal::TokenType)]
pub enum TokenType {
    #[default]
    #[serde(rename = "JWT")]
    Jwt,
    #[serde(rename = "OAUTH")]
    OAuth,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = devportal::ApplicationVisibility)]
pub enum ApplicationVisibility {
    #[default]
    Private,
    SharedWithOrg,
}
