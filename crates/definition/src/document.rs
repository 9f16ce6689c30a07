//! What a definition says of an API, in the shape of the REST APIs: sent, kept and given back so.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use utoipa::ToSchema;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::APIOperationRequest)]
pub struct OperationDocument {
    #[serde(default)]
    #[schema(max_length = 255)]
    pub id: String,
    /// `/orders/{id}`, `/*`.
    #[schema(min_length = 1, max_length = 512)]
    pub target: String,
    pub verb: Verb,
    #[serde(default)]
    pub auth_type: AuthType,
    /// Name of an advanced plan.
    #[serde(default)]
    #[schema(max_length = 255)]
    pub throttling_policy: String,
    // By name; any one suffices.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub scopes: Vec<String>,
    /// Members that are kept and given back, and mean nothing to us.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(ignore)]
    pub others: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScopeDocument {
    pub name: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    /// Roles.
    #[serde(default)]
    pub bindings: Vec<String>,
    /// Its definition is among the shared scopes; what stands here is what it was.
    #[serde(default)]
    pub shared: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = APICorsConfiguration)]
pub struct CorsDocument {
    pub cors_configuration_enabled: bool,
    #[schema(max_items = 100)]
    pub access_control_allow_origins: Vec<String>,
    pub access_control_allow_credentials: bool,
    #[schema(max_items = 100)]
    pub access_control_allow_headers: Vec<String>,
    #[schema(max_items = 100)]
    pub access_control_allow_methods: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verb {
    Get,
    Post,
    Put,
    Delete,
    Patch,
    Head,
    Options,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum AuthType {
    /// Open: no token is asked for.
    None,
    Any,
    Application,
    #[serde(rename = "Application User")]
    ApplicationUser,
    #[default]
    #[serde(rename = "Application & Application User")]
    ApplicationAndApplicationUser,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    Http,
    Https,
}

impl Transport {
    #[must_use]
    pub fn both() -> Vec<Self> {
        vec![Self::Http, Self::Https]
    }
}

impl Verb {
    pub const ALL: [Self; 7] =
        [Self::Get, Self::Post, Self::Put, Self::Delete, Self::Patch, Self::Head, Self::Options];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Patch => "PATCH",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
        }
    }
}

impl OperationDocument {
    #[must_use]
    pub fn new(target: impl Into<String>, verb: Verb) -> Self {
        let (auth_type, throttling_policy) = Default::default();
        let (id, target, scopes) = (String::new(), target.into(), Vec::new());
        Self { id, target, verb, auth_type, throttling_policy, scopes, others: Map::new() }
    }
}

impl AuthType {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Any => "Any",
            Self::Application => "Application",
            Self::ApplicationUser => "Application User",
            Self::ApplicationAndApplicationUser => "Application & Application User",
        }
    }

    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::None)
    }
}

impl CorsDocument {
    /// Of an API that says nothing of it.
    #[must_use]
    pub fn usual() -> Self {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Self {
            cors_configuration_enabled: true,
            access_control_allow_origins: owned(&["*"]),
            access_control_allow_credentials: false,
            access_control_allow_headers: owned(&[
                "authorization",
                "Access-Control-Allow-Origin",
                "Content-Type",
                "SOAPAction",
                "apikey",
                "Internal-Key",
            ]),
            access_control_allow_methods: owned(&[
                "GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS",
            ]),
        }
    }
}
