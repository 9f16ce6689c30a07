//! APIs on the wire.

use std::collections::BTreeMap;
use std::mem::take;

use phantom_definition::OperationDocument;
use phantom_definition::ScopeDocument;
use phantom_manage::apis::Api;
use phantom_manage::apis::document::ApiDocument;
use phantom_manage::apis::document::ApiType;
use phantom_manage::apis::document::Audience;
use phantom_manage::apis::document::Property;
use phantom_manage::apis::document::SecurityScheme;
use phantom_manage::lifecycle::LifecycleState;
use phantom_rest::answers::millis;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

/// What gateways are, in WSO2's words.
const GATEWAY_TYPE: &str = "wso2/synapse";

/// An API, with whatever else its owner had kept of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::API)]
pub struct ApiResponse {
    id: Uuid,
    name: String,
    /// Without the version: `/httpbin`.
    context: String,
    version: String,
    provider: String,
    life_cycle_status: LifecycleState,
    r#type: ApiType,
    /// What is written here in another form is taken out of it.
    #[serde(flatten)]
    document: ApiDocument,
    scopes: Vec<ApiScope>,
    operations: Vec<OperationResponse>,
    wsdl_url: Option<String>,
    has_thumbnail: bool,
    is_revision: bool,
    revisioned_api_id: Option<Uuid>,
    revision_id: u64,
    workflow_status: Option<String>,
    /// Milliseconds since 1970.
    created_time: String,
    last_updated_timestamp: String,
    last_updated_time: String,
    initiated_from_gateway: bool,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// An API in a list. Scripts take the first member called `id`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::APIInfo)]
pub struct ApiInfo {
    id: Uuid,
    name: String,
    display_name: Option<String>,
    description: Option<String>,
    context: String,
    additional_properties: Vec<Property>,
    additional_properties_map: BTreeMap<String, Property>,
    version: String,
    provider: String,
    r#type: ApiType,
    subtype: &'static str,
    audience: Option<Audience>,
    audiences: Vec<String>,
    life_cycle_status: LifecycleState,
    workflow_status: Option<String>,
    has_thumbnail: bool,
    security_scheme: Vec<SecurityScheme>,
    /// Milliseconds since 1970.
    created_time: String,
    updated_time: String,
    updated_by: Option<String>,
    gateway_vendor: String,
    gateway_type: String,
    advertise_only: bool,
    monetized_info: bool,
    business_owner: Option<String>,
    business_owner_email: Option<String>,
    #[serde(rename = "TechnicalOwner")]
    technical_owner: Option<String>,
    #[serde(rename = "TechnicalOwnerEmail")]
    technical_owner_email: Option<String>,
    egress: bool,
    initiated_from_gateway: bool,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = publisher::APIScope)]
pub struct ApiScope {
    scope: ScopeResponse,
    shared: bool,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::Scope)]
pub struct ScopeResponse {
    /// Of shared scopes.
    pub id: Option<Uuid>,
    pub name: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    /// Roles.
    pub bindings: Vec<String>,
    /// APIs that use it, in lists of shared scopes.
    pub usage_count: Option<u64>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::APIOperation)]
pub struct OperationResponse {
    #[serde(flatten)]
    document: OperationDocument,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl ApiResponse {
    pub fn of(api: Api) -> Self {
        let Api { row, mut document } = api;
        let mut others = take(&mut document.others);
        for (name, usual) in [
            ("gatewayType", GATEWAY_TYPE),
            ("accessControl", "NONE"),
            ("endpointImplementationType", "ENDPOINT"),
            ("subscriptionAvailability", "CURRENT_TENANT"),
        ] {
            others.entry(name).or_insert_with(|| json!(usual));
        }
        let scopes = take(&mut document.scopes).into_iter().map(ApiScope::from).collect();
        let operations = take(&mut document.operations);
        document.additional_properties_map = by_name(&document.additional_properties);
        (document.definition, document.history) = (None, Vec::new());
        Self {
            id: row.id,
            name: row.name,
            context: row.context,
            version: row.version_name,
            provider: row.provider,
            life_cycle_status: row.state,
            r#type: ApiType::Http,
            document,
            scopes,
            operations: operations.into_iter().map(OperationResponse::from).collect(),
            wsdl_url: None,
            has_thumbnail: false,
            is_revision: false,
            revisioned_api_id: None,
            revision_id: 0,
            workflow_status: None,
            created_time: millis(row.created_at),
            last_updated_timestamp: millis(row.updated_at),
            last_updated_time: millis(row.updated_at),
            initiated_from_gateway: false,
            others,
        }
    }
}

impl ApiInfo {
    pub fn of(api: Api) -> Self {
        let Api { row, document } = api;
        let other = |name: &str, usual: &str| {
            let text = document.others.get(name).and_then(Value::as_str);
            text.unwrap_or(usual).to_owned()
        };
        let flag = |name: &str, member: &str| {
            let object = document.others.get(name);
            object.and_then(|object| object.get(member)).is_some_and(|flag| *flag == true)
        };
        let gateway_vendor = other("gatewayVendor", "wso2");
        let gateway_type = other("gatewayType", GATEWAY_TYPE);
        let advertise_only = flag("advertiseInfo", "advertised");
        let monetized_info = flag("monetization", "enabled");
        let egress = document.others.get("egress").is_some_and(|egress| *egress == true);
        let business = document.business_information;
        Self {
            id: row.id,
            name: row.name,
            display_name: document.display_name,
            description: document.description,
            context: row.context,
            additional_properties_map: by_name(&document.additional_properties),
            additional_properties: document.additional_properties,
            version: row.version_name,
            provider: row.provider,
            r#type: ApiType::Http,
            subtype: "DEFAULT",
            audience: document.audience,
            audiences: document.audiences,
            life_cycle_status: row.state,
            workflow_status: None,
            has_thumbnail: false,
            security_scheme: document.security_scheme,
            created_time: millis(row.created_at),
            updated_time: millis(row.updated_at),
            updated_by: None,
            gateway_vendor,
            gateway_type,
            advertise_only,
            monetized_info,
            business_owner: business.business_owner,
            business_owner_email: business.business_owner_email,
            technical_owner: business.technical_owner,
            technical_owner_email: business.technical_owner_email,
            egress,
            initiated_from_gateway: false,
        }
    }
}

impl From<ScopeDocument> for ApiScope {
    fn from(document: ScopeDocument) -> Self {
        let ScopeDocument { name, display_name, description, bindings, shared } = document;
        let (id, usage_count) = (None, None);
        let scope = ScopeResponse { id, name, display_name, description, bindings, usage_count };
        Self { scope, shared }
    }
}

impl From<OperationDocument> for OperationResponse {
    fn from(mut document: OperationDocument) -> Self {
        let others = take(&mut document.others);
        Self { document, others }
    }
}

fn by_name(properties: &[Property]) -> BTreeMap<String, Property> {
    properties.iter().map(|property| (property.name.clone(), property.clone())).collect()
}
