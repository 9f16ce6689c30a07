//! What is kept of an API besides its row: the part of it that a revision freezes.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::lifecycle::Transition;

/// The settings of an API, validated. Names, context, version and life cycle stand in the row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiDocument {
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub is_default_version: bool,
    pub audience: Option<Audience>,
    /// A token's `aud` has to hold one of these; `all` among them or none: not asked for.
    pub audiences: Vec<String>,
    pub transport: Vec<Transport>,
    pub tags: Vec<String>,
    /// Business plans that can be subscribed to, by name.
    pub policies: Vec<String>,
    /// An advanced plan in place of those of the operations.
    pub api_throttling_policy: Option<String>,
    pub authorization_header: String,
    pub api_key_header: String,
    pub security_scheme: Vec<SecurityScheme>,
    pub visibility: Visibility,
    pub visible_roles: Vec<String>,
    pub additional_properties: Vec<Property>,
    pub business_information: BusinessInformation,
    pub cors_configuration: CorsDocument,
    pub endpoint_config: Option<EndpointConfig>,
    /// Local scopes, and the names of the shared ones that operations use.
    pub scopes: Vec<ScopeDocument>,
    /// Never empty.
    pub operations: Vec<OperationDocument>,
    /// Names, or `all`.
    pub key_managers: Vec<String>,
    /// Members that are kept and given back, and mean nothing to us.
    pub others: Map<String, Value>,
    /// The OpenAPI document as its owner wrote it; paths, scopes and security are those of
    /// `operations`.
    pub definition: Option<Value>,
    /// Changes of its life cycle, the oldest first. Revisions have none.
    #[serde(default)]
    pub history: Vec<Transition>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationDocument {
    pub id: String,
    /// `/orders/{id}`, `/*`.
    pub target: String,
    pub verb: Verb,
    pub auth_type: AuthType,
    /// An advanced plan.
    pub throttling_policy: String,
    /// By name; any one suffices.
    pub scopes: Vec<String>,
    /// Members that are kept and given back, and mean nothing to us.
    pub others: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScopeDocument {
    pub name: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    /// Roles.
    pub bindings: Vec<String>,
    /// Its definition is among the shared scopes; what stands here is what it was.
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

/// `{"endpoint_type":"http","production_endpoints":{"url":…},"sandbox_endpoints":{"url":…}}`, with
/// whatever else stood in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub struct EndpointConfig(pub Map<String, Value>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = APIBusinessInformation)]
pub struct BusinessInformation {
    #[schema(max_length = 120)]
    pub business_owner: Option<String>,
    #[schema(max_length = 254)]
    pub business_owner_email: Option<String>,
    #[schema(max_length = 120)]
    pub technical_owner: Option<String>,
    #[schema(max_length = 254)]
    pub technical_owner_email: Option<String>,
}

/// A property of the owner's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = APIProperty)]
pub struct Property {
    #[schema(max_length = 255)]
    pub name: String,
    #[schema(max_length = 1024)]
    pub value: String,
    /// Shown in the DevPortal.
    pub display: bool,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecurityScheme {
    #[serde(rename = "oauth2")]
    OAuth2,
    ApiKey,
    BasicAuth,
    #[serde(rename = "mutualssl")]
    MutualSsl,
    #[serde(rename = "mutualssl_mandatory")]
    MutualSslMandatory,
    OauthBasicAuthApiKeyMandatory,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Visibility {
    #[default]
    Public,
    Private,
    /// To those who have one of `visibleRoles`.
    Restricted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Audience {
    Public,
    Single,
}

impl ApiDocument {
    /// Whether every key manager's tokens are taken.
    #[must_use]
    pub fn takes_all_key_managers(&self) -> bool {
        self.key_managers.iter().any(|name| name == ALL_KEY_MANAGERS)
    }

    /// Names of the shared scopes that operations or the API itself refer to.
    #[must_use]
    pub fn shared_scopes(&self) -> BTreeSet<&str> {
        self.scopes.iter().filter(|scope| scope.shared).map(|scope| scope.name.as_str()).collect()
    }
}

/// What `keyManagers` holds when it names none.
pub const ALL_KEY_MANAGERS: &str = "all";

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

impl EndpointConfig {
    #[must_use]
    pub fn production(&self) -> Option<&str> {
        self.url("production_endpoints")
    }

    #[must_use]
    pub fn sandbox(&self) -> Option<&str> {
        self.url("sandbox_endpoints")
    }

    fn url(&self, kind: &str) -> Option<&str> {
        let url = self.0.get(kind)?.get("url")?.as_str()?;
        Some(url).filter(|url| !url.is_empty())
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
