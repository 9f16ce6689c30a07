//! An API as its owner writes it: what is sent and, without what its row holds, what is kept and what a
//! revision freezes.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use phantom_definition::CorsDocument;
use phantom_definition::OperationDocument;
use phantom_definition::ScopeDocument;
use phantom_definition::Transport;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use utoipa::ToSchema;

use super::scope::RawApiScope;
use crate::lifecycle::Transition;

/// An API as it is to be. Members that only we set are taken, as clients send back what they have
/// read, and change nothing; those that mean nothing to us are kept and given back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::APIRequest)]
pub struct ApiDocument {
    /// None of the characters ``~!@#;:%^*()+={}|\<>"',&$[]/``. Stays what it was made as.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = String,
        required,
        min_length = 1,
        max_length = 200,
        pattern = r#"^[^~!@#;:%^*()+={}|\\<>"',&$\[\]/]*$"#
    )]
    pub name: Option<String>,
    /// Stays what it was made as. `{version}` in it stands for the version, which is appended
    /// otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required, min_length = 1, max_length = 232)]
    pub context: Option<String>,
    /// Stays what it was made as.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        value_type = String,
        required,
        min_length = 1,
        max_length = 30,
        pattern = r#"^[^~!@#;:%^*()+={}|\\<>"',&/$\[\]\s]+$"#
    )]
    pub version: Option<String>,
    #[schema(max_length = 255)]
    pub display_name: Option<String>,
    #[schema(max_length = 32766)]
    pub description: Option<String>,
    #[serde(default)]
    pub is_default_version: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<ApiType>,
    pub audience: Option<Audience>,
    // A token's `aud` has to hold one of these; `all` among them or none: not asked for.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub audiences: Vec<String>,
    #[serde(default = "Transport::both")]
    #[schema(max_items = 2)]
    pub transport: Vec<Transport>,
    #[serde(default)]
    #[schema(max_items = 100)]
    pub tags: Vec<String>,
    /// Names of business plans.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub policies: Vec<String>,
    /// Name of an advanced plan.
    #[schema(max_length = 255)]
    pub api_throttling_policy: Option<String>,
    #[serde(default)]
    #[schema(max_length = 128)]
    pub authorization_header: String,
    #[serde(default)]
    #[schema(max_length = 128)]
    pub api_key_header: String,
    #[serde(default)]
    #[schema(max_items = 6)]
    pub security_scheme: Vec<SecurityScheme>,
    #[serde(default)]
    pub visibility: Visibility,
    #[serde(default)]
    #[schema(max_items = 100)]
    pub visible_roles: Vec<String>,
    #[serde(default)]
    #[schema(max_items = 100)]
    pub additional_properties: Vec<Property>,
    /// The same by name, where `additionalProperties` is absent.
    #[serde(default)]
    pub additional_properties_map: BTreeMap<String, Property>,
    #[serde(default)]
    pub business_information: BusinessInformation,
    #[serde(default = "CorsDocument::usual")]
    pub cors_configuration: CorsDocument,
    /// `{"endpoint_type":"http","production_endpoints":{"url":…},"sandbox_endpoints":{"url":…}}`
    #[schema(value_type = Option<Object>)]
    pub endpoint_config: Option<EndpointConfig>,
    // Local scopes, and the names of the shared ones that operations use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<RawApiScope>, max_items = 500)]
    pub scopes: Vec<ScopeDocument>,
    // Never empty, once kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 1000)]
    pub operations: Vec<OperationDocument>,
    /// Names of key managers, or `all`.
    #[serde(default = "all_key_managers", deserialize_with = "names_or_none")]
    #[schema(max_items = 100)]
    pub key_managers: Vec<String>,
    /// Members that are kept and given back, and mean nothing to us.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(ignore)]
    pub others: Map<String, Value>,
    /// The OpenAPI document as its owner wrote it; paths, scopes and security are those of
    /// `operations`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub definition: Option<Value>,
    /// Changes of its life cycle, the oldest first. Revisions have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(ignore)]
    pub history: Vec<Transition>,
}

/// The kind of API: HTTP alone is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = publisher::APIType)]
pub enum ApiType {
    Http,
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
    /// Name, version and context, which the row holds.
    pub fn take_identity(&mut self) -> Outcome<[String; 3]> {
        let take = |value: &mut Option<String>, member: &str| {
            value.take().ok_or_else(|| Refusal::invalid(format!("{member}: must not be null")))
        };
        let name = take(&mut self.name, "name")?;
        let context = take(&mut self.context, "context")?;
        Ok([name, take(&mut self.version, "version")?, context])
    }

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

fn all_key_managers() -> Vec<String> {
    vec![ALL_KEY_MANAGERS.to_owned()]
}

/// What is no list of names is none, which has a code of its own.
fn names_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let given = Value::deserialize(deserializer)?;
    Ok(Vec::deserialize(given).unwrap_or_default())
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
