//! An API as clients send it: every member that WSO2 describes, none of it validated.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

use super::document::Audience;
use super::document::AuthType;
use super::document::BusinessInformation;
use super::document::CorsDocument;
use super::document::Property;
use super::document::SecurityScheme;
use super::document::Transport;
use super::document::Verb;
use super::document::Visibility;
use crate::refusal::Outcome;
use crate::stored;

type Object = Map<String, Value>;

/// An API as it is to be. Members that only we set are taken, as clients send back what they have
/// read, and change nothing; those that mean nothing to us are kept and given back.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = publisher::APIRequest)]
pub struct RawApi {
    /// None of the characters ``~!@#;:%^*()+={}|\<>"',&$[]/``. Stays what it was made as.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r#"^[^~!@#;:%^*()+={}|\\<>"',&$\[\]/]*$"#
    )]
    pub name: String,
    /// Stays what it was made as. `{version}` in it stands for the version, which is appended
    /// otherwise.
    #[schema(min_length = 1, max_length = 232)]
    pub context: String,
    /// Stays what it was made as.
    #[schema(
        min_length = 1,
        max_length = 30,
        pattern = r#"^[^~!@#;:%^*()+={}|\\<>"',&/$\[\]\s]+$"#
    )]
    pub version: String,
    #[schema(max_length = 255)]
    pub display_name: Option<String>,
    #[schema(max_length = 32766)]
    pub description: Option<String>,
    pub is_default_version: Option<bool>,
    pub r#type: Option<ApiType>,
    pub audience: Option<Audience>,
    #[schema(max_items = 100)]
    pub audiences: Option<Vec<String>>,
    #[schema(max_items = 2)]
    pub transport: Option<Vec<Transport>>,
    #[schema(max_items = 100)]
    pub tags: Option<Vec<String>>,
    /// Names of business plans.
    #[schema(max_items = 100)]
    pub policies: Option<Vec<String>>,
    /// Name of an advanced plan.
    #[schema(max_length = 255)]
    pub api_throttling_policy: Option<String>,
    #[schema(max_length = 128)]
    pub authorization_header: Option<String>,
    #[schema(max_length = 128)]
    pub api_key_header: Option<String>,
    #[schema(max_items = 6)]
    pub security_scheme: Option<Vec<SecurityScheme>>,
    pub visibility: Option<Visibility>,
    #[schema(max_items = 100)]
    pub visible_roles: Option<Vec<String>>,
    #[schema(max_items = 100)]
    pub additional_properties: Option<Vec<Property>>,
    /// The same by name, where `additionalProperties` is absent.
    pub additional_properties_map: Option<BTreeMap<String, Property>>,
    pub business_information: Option<BusinessInformation>,
    pub cors_configuration: Option<CorsDocument>,
    /// `{"endpoint_type":"http","production_endpoints":{"url":…},"sandbox_endpoints":{"url":…}}`
    #[schema(value_type = Option<Object>)]
    pub endpoint_config: Option<Value>,
    #[schema(max_items = 500)]
    pub scopes: Option<Vec<RawApiScope>>,
    #[schema(max_items = 1000)]
    pub operations: Option<Vec<RawOperation>>,
    /// Names of key managers, or `all`.
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    pub key_managers: Option<Value>,

    #[schema(value_type = Option<Object>)]
    pub wsdl_info: Option<Object>,
    pub response_caching_enabled: Option<bool>,
    pub cache_timeout: Option<i64>,
    pub enable_schema_validation: Option<bool>,
    pub enable_subscriber_verification: Option<bool>,
    #[schema(value_type = Option<Vec<Object>>)]
    pub organization_policies: Option<Vec<Object>>,
    #[schema(value_type = Option<Object>)]
    pub max_tps: Option<Object>,
    pub visible_tenants: Option<Vec<String>>,
    pub visible_organizations: Option<Vec<String>>,
    #[schema(value_type = Option<Vec<Object>>)]
    pub mediation_policies: Option<Vec<Object>>,
    #[schema(value_type = Option<Object>)]
    pub api_policies: Option<Object>,
    #[schema(value_type = Option<Vec<Object>>)]
    pub api_hub_policies: Option<Vec<Object>>,
    pub subscription_availability: Option<SubscriptionAvailability>,
    pub subscription_available_tenants: Option<Vec<String>>,
    #[schema(value_type = Option<Object>)]
    pub monetization: Option<Object>,
    pub access_control: Option<AccessControl>,
    pub access_control_roles: Option<Vec<String>>,
    #[schema(value_type = Option<Object>)]
    pub websub_subscription_configuration: Option<Object>,
    pub primary_production_endpoint_id: Option<String>,
    pub primary_sandbox_endpoint_id: Option<String>,
    pub endpoint_implementation_type: Option<EndpointImplementation>,
    #[schema(value_type = Option<Object>)]
    pub subtype_configuration: Option<Object>,
    #[schema(value_type = Option<Object>)]
    pub threat_protection_policies: Option<Object>,
    pub categories: Option<Vec<String>>,
    #[schema(value_type = Option<Object>)]
    pub service_info: Option<Object>,
    #[schema(value_type = Option<Object>)]
    pub advertise_info: Option<Object>,
    pub gateway_vendor: Option<String>,
    pub gateway_type: Option<String>,
    pub async_transport_protocols: Option<Vec<String>>,
    pub egress: Option<bool>,

    #[serde(rename = "id")]
    _id: Option<Value>,
    #[serde(rename = "provider")]
    _provider: Option<Value>,
    #[serde(rename = "lifeCycleStatus")]
    _life_cycle_status: Option<Value>,
    #[serde(rename = "wsdlUrl")]
    _wsdl_url: Option<Value>,
    #[serde(rename = "hasThumbnail")]
    _has_thumbnail: Option<Value>,
    #[serde(rename = "isRevision")]
    _is_revision: Option<Value>,
    #[serde(rename = "revisionedApiId")]
    _revisioned_api_id: Option<Value>,
    #[serde(rename = "revisionId")]
    _revision_id: Option<Value>,
    #[serde(rename = "workflowStatus")]
    _workflow_status: Option<Value>,
    #[serde(rename = "createdTime")]
    _created_time: Option<Value>,
    #[serde(rename = "lastUpdatedTimestamp")]
    _last_updated_timestamp: Option<Value>,
    #[serde(rename = "lastUpdatedTime")]
    _last_updated_time: Option<Value>,
    #[serde(rename = "initiatedFromGateway")]
    _initiated_from_gateway: Option<Value>,
}

/// Members that are kept and given back, and mean nothing to us.
pub const KEPT: &[&str] = &[
    "wsdlInfo",
    "responseCachingEnabled",
    "cacheTimeout",
    "enableSchemaValidation",
    "enableSubscriberVerification",
    "organizationPolicies",
    "maxTps",
    "visibleTenants",
    "visibleOrganizations",
    "mediationPolicies",
    "apiPolicies",
    "apiHubPolicies",
    "subscriptionAvailability",
    "subscriptionAvailableTenants",
    "monetization",
    "accessControl",
    "accessControlRoles",
    "websubSubscriptionConfiguration",
    "primaryProductionEndpointId",
    "primarySandboxEndpointId",
    "endpointImplementationType",
    "subtypeConfiguration",
    "threatProtectionPolicies",
    "categories",
    "serviceInfo",
    "advertiseInfo",
    "gatewayVendor",
    "gatewayType",
    "asyncTransportProtocols",
    "egress",
];

/// The kind of API: HTTP alone is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = publisher::APIType)]
pub enum ApiType {
    Http,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = publisher::SubscriptionAvailability)]
pub enum SubscriptionAvailability {
    CurrentTenant,
    AllTenants,
    SpecificTenants,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = publisher::AccessControl)]
pub enum AccessControl {
    None,
    Restricted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = publisher::EndpointImplementation)]
pub enum EndpointImplementation {
    #[serde(rename = "INLINE")]
    Inline,
    #[serde(rename = "ENDPOINT")]
    Endpoint,
    #[serde(rename = "MOCKED_OAS")]
    MockedOas,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = publisher::APIOperationRequest)]
pub struct RawOperation {
    #[schema(max_length = 255)]
    pub id: Option<String>,
    /// `/orders/{id}`, `/*`.
    #[schema(min_length = 1, max_length = 512)]
    pub target: Option<String>,
    pub verb: Option<Verb>,
    pub auth_type: Option<AuthType>,
    /// Name of an advanced plan.
    #[schema(max_length = 255)]
    pub throttling_policy: Option<String>,
    #[schema(max_items = 100)]
    pub scopes: Option<Vec<String>>,
    pub used_product_ids: Option<Vec<String>>,
    pub amzn_resource_name: Option<String>,
    pub amzn_resource_timeout: Option<i64>,
    pub amzn_resource_content_encode: Option<bool>,
    pub payload_schema: Option<String>,
    pub uri_mapping: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub operation_policies: Option<Object>,
    #[schema(value_type = Option<Vec<Object>>)]
    pub operation_hub_policies: Option<Vec<Object>>,
}

/// The same of operations.
pub const KEPT_OF_OPERATIONS: &[&str] = &[
    "usedProductIds",
    "amznResourceName",
    "amznResourceTimeout",
    "amznResourceContentEncode",
    "payloadSchema",
    "uriMapping",
    "operationPolicies",
    "operationHubPolicies",
];

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = publisher::APIScopeRequest)]
pub struct RawApiScope {
    pub scope: RawScope,
    pub shared: Option<bool>,
}

/// A scope, of an API's own or shared.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = publisher::ScopeRequest)]
pub struct RawScope {
    /// A scope token of RFC 6749 §3.3.
    #[schema(min_length = 1, max_length = 255)]
    pub name: String,
    #[schema(max_length = 255)]
    pub display_name: Option<String>,
    #[schema(max_length = 512)]
    pub description: Option<String>,
    /// Roles.
    #[schema(max_items = 100)]
    pub bindings: Option<Vec<String>>,
    #[serde(rename = "id")]
    _id: Option<Value>,
    #[serde(rename = "usageCount")]
    _usage_count: Option<Value>,
}

impl RawScope {
    #[must_use]
    pub fn named(name: String, description: Option<String>, bindings: Vec<String>) -> Self {
        let (display_name, bindings) = (Some(name.clone()), Some(bindings));
        Self { name, display_name, description, bindings, _id: None, _usage_count: None }
    }
}

/// What of these members has a value.
pub fn kept<T: Serialize>(raw: &T, members: &[&str]) -> Outcome<Object> {
    let Value::Object(mut all) = stored::write(raw)? else { return Ok(Object::new()) };
    all.retain(|name, value| members.contains(&name.as_str()) && !value.is_null());
    Ok(all)
}
