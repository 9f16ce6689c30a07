//! APIs on the wire, as subscribers see them.

use phantom_definition::Transport;
use phantom_manage::apis::Api;
use phantom_manage::apis::document::BusinessInformation;
use phantom_manage::apis::document::Property;
use phantom_manage::apis::document::SecurityScheme;
use phantom_rest::answers::millis;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::endpoints::EndpointUrls;

const TYPE: &str = "HTTP";
const SUBTYPE: &str = "DEFAULT";
const GATEWAY_TYPE: &str = "wso2/synapse";
const GATEWAY_VENDOR: &str = "wso2";

/// An API in a list. `id` stands first: scripts take the first they see.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = devportal::APIInfo)]
pub struct ApiInfo {
    id: Uuid,
    name: String,
    display_name: Option<String>,
    description: Option<String>,
    /// With the version.
    context: String,
    version: String,
    #[serde(rename = "type")]
    kind: &'static str,
    /// Milliseconds since 1970.
    created_time: String,
    provider: String,
    life_cycle_status: String,
    thumbnail_uri: Option<String>,
    avg_rating: String,
    /// Names of its plans.
    throttling_policies: Vec<String>,
    advertise_info: AdvertiseInfo,
    business_information: BusinessInformation,
    is_subscription_available: bool,
    monetization_label: Option<String>,
    gateway_type: &'static str,
    gateway_vendor: &'static str,
    additional_properties: Vec<Property>,
    monetized_info: bool,
    egress: bool,
    subtype: &'static str,
}

/// An API, in the order in which WSO2 writes it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = devportal::API)]
pub struct ApiResponse {
    id: Uuid,
    name: String,
    display_name: Option<String>,
    description: Option<String>,
    /// With the version.
    context: String,
    version: String,
    provider: String,
    /// Always null: the definition has a path of its own.
    api_definition: Option<String>,
    wsdl_uri: Option<String>,
    life_cycle_status: String,
    is_default_version: bool,
    #[serde(rename = "type")]
    kind: &'static str,
    transport: Vec<Transport>,
    operations: Vec<ApiOperation>,
    authorization_header: String,
    api_key_header: String,
    security_scheme: Vec<SecurityScheme>,
    tags: Vec<String>,
    tiers: Vec<Tier>,
    has_thumbnail: bool,
    additional_properties: Vec<Property>,
    monetization: Monetization,
    #[serde(rename = "endpointURLs")]
    endpoint_urls: Vec<EndpointUrls>,
    business_information: BusinessInformation,
    environment_list: Vec<String>,
    scopes: Vec<ScopeInfo>,
    avg_rating: String,
    subscriptions: i64,
    advertise_info: AdvertiseInfo,
    is_subscription_available: bool,
    initiated_from_gateway: bool,
    categories: Vec<String>,
    /// Names, or `all`.
    key_managers: Vec<String>,
    created_time: String,
    last_updated_time: String,
    gateway_type: &'static str,
    gateway_vendor: &'static str,
    async_transport_protocols: Vec<String>,
    egress: bool,
    subtype: &'static str,
}

/// An API that a search has found.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = devportal::APISearchResult)]
pub struct ApiSearchResult {
    id: Uuid,
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    transport_type: &'static str,
    display_name: Option<String>,
    description: Option<String>,
    context: String,
    version: String,
    provider: String,
    status: String,
    thumbnail_uri: Option<String>,
    business_information: BusinessInformation,
    avg_rating: String,
    monetized_info: bool,
    advertise_info: AdvertiseInfo,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = devportal::APIOperations)]
pub(super) struct ApiOperation {
    id: String,
    target: String,
    verb: &'static str,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = devportal::APITier)]
pub(super) struct Tier {
    tier_name: String,
    tier_plan: &'static str,
    monetization_attributes: Option<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = devportal::ScopeInfo)]
pub struct ScopeInfo {
    key: String,
    name: String,
    roles: Vec<String>,
    description: Option<String>,
}

/// No API is only advertised here.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = devportal::AdvertiseInfo)]
pub(super) struct AdvertiseInfo {
    advertised: bool,
    api_external_production_endpoint: Option<String>,
    api_external_sandbox_endpoint: Option<String>,
    original_dev_portal_url: Option<String>,
    api_owner: Option<String>,
    vendor: &'static str,
}

/// No API costs money here.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = devportal::APIMonetizationInfo)]
pub(super) struct Monetization {
    enabled: bool,
}

impl From<Api> for ApiInfo {
    fn from(api: Api) -> Self {
        let context = api.path();
        let Api { row, document } = api;
        Self {
            id: row.id,
            name: row.name,
            display_name: document.display_name,
            description: document.description,
            context,
            version: row.version_name,
            kind: TYPE,
            created_time: millis(row.created_at),
            advertise_info: AdvertiseInfo::none(&row.provider),
            provider: row.provider,
            life_cycle_status: row.state.as_str().to_owned(),
            thumbnail_uri: None,
            avg_rating: NOT_RATED.to_owned(),
            is_subscription_available: !document.policies.is_empty(),
            throttling_policies: document.policies,
            business_information: document.business_information,
            monetization_label: None,
            gateway_type: GATEWAY_TYPE,
            gateway_vendor: GATEWAY_VENDOR,
            additional_properties: shown(document.additional_properties),
            monetized_info: false,
            egress: false,
            subtype: SUBTYPE,
        }
    }
}

impl ApiResponse {
    pub fn new(api: Api, endpoint_urls: Vec<EndpointUrls>) -> Self {
        let context = api.path();
        let Api { row, document } = api;
        let categories = document.others.get("categories").and_then(Value::as_array);
        let categories = categories.into_iter().flatten().filter_map(Value::as_str);
        Self {
            id: row.id,
            name: row.name,
            display_name: document.display_name,
            description: document.description,
            context,
            version: row.version_name,
            advertise_info: AdvertiseInfo::none(&row.provider),
            provider: row.provider,
            api_definition: None,
            wsdl_uri: None,
            life_cycle_status: row.state.as_str().to_owned(),
            is_default_version: document.is_default_version,
            kind: TYPE,
            transport: document.transport,
            operations: document
                .operations
                .into_iter()
                .map(|operation| ApiOperation {
                    id: operation.id,
                    target: operation.target,
                    verb: operation.verb.as_str(),
                })
                .collect(),
            authorization_header: document.authorization_header,
            api_key_header: document.api_key_header,
            security_scheme: document.security_scheme,
            tags: document.tags,
            is_subscription_available: !document.policies.is_empty(),
            tiers: document
                .policies
                .into_iter()
                .map(|tier_name| Tier {
                    tier_name,
                    tier_plan: "FREE",
                    monetization_attributes: None,
                })
                .collect(),
            has_thumbnail: false,
            additional_properties: shown(document.additional_properties),
            monetization: Monetization { enabled: false },
            environment_list: endpoint_urls.iter().map(EndpointUrls::environment).collect(),
            endpoint_urls,
            business_information: document.business_information,
            scopes: document
                .scopes
                .into_iter()
                .map(|scope| ScopeInfo {
                    name: scope.display_name.unwrap_or_else(|| scope.name.clone()),
                    key: scope.name,
                    roles: scope.bindings,
                    description: scope.description,
                })
                .collect(),
            avg_rating: NOT_RATED.to_owned(),
            subscriptions: 0,
            initiated_from_gateway: false,
            categories: categories.map(str::to_owned).collect(),
            key_managers: document.key_managers,
            created_time: millis(row.created_at),
            last_updated_time: millis(row.updated_at),
            gateway_type: GATEWAY_TYPE,
            gateway_vendor: GATEWAY_VENDOR,
            async_transport_protocols: Vec::new(),
            egress: false,
            subtype: SUBTYPE,
        }
    }
}

impl From<Api> for ApiSearchResult {
    fn from(api: Api) -> Self {
        let context = api.path();
        let Api { row, document } = api;
        Self {
            id: row.id,
            name: row.name,
            kind: "API",
            transport_type: TYPE,
            display_name: document.display_name,
            description: document.description,
            context,
            version: row.version_name,
            advertise_info: AdvertiseInfo::none(&row.provider),
            provider: row.provider,
            status: row.state.as_str().to_owned(),
            thumbnail_uri: None,
            business_information: document.business_information,
            avg_rating: NOT_RATED.to_owned(),
            monetized_info: false,
        }
    }
}

const NOT_RATED: &str = "0.0";

impl AdvertiseInfo {
    fn none(provider: &str) -> Self {
        Self {
            advertised: false,
            api_external_production_endpoint: None,
            api_external_sandbox_endpoint: None,
            original_dev_portal_url: None,
            api_owner: Some(provider.to_owned()),
            vendor: "WSO2",
        }
    }
}

/// Those that their owner shows to subscribers.
fn shown(properties: Vec<Property>) -> Vec<Property> {
    properties.into_iter().filter(|property| property.display).collect()
}
