//! Applications on the wire.

use phantom_rest::answers::millis;
use phantom_subscribe::applications::Application;
use phantom_subscribe::applications::ApplicationVisibility;
use phantom_subscribe::applications::Attributes;
use phantom_subscribe::applications::TokenType;
use phantom_terms::bounded::List;
use phantom_terms::bounded::Text;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::rest::devportal::apis::ScopeInfo;
use crate::rest::devportal::keys::ApplicationKey;

/// An application, in the order in which WSO2 writes it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = devportal::Application)]
pub struct ApplicationResponse {
    application_id: Uuid,
    name: String,
    throttling_policy: String,
    description: Option<Text<0, 512>>,
    token_type: TokenType,
    status: &'static str,
    groups: List<Text<0, 255>, 100>,
    subscription_count: u64,
    keys: Vec<ApplicationKey>,
    attributes: Attributes,
    /// Always empty: the scopes of an API are read with the API.
    subscription_scopes: Vec<ScopeInfo>,
    owner: String,
    hash_enabled: bool,
    /// Milliseconds since 1970.
    created_time: String,
    updated_time: String,
    visibility: ApplicationVisibility,
}

/// An application in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = devportal::ApplicationInfo)]
pub struct ApplicationInfo {
    application_id: Uuid,
    name: String,
    throttling_policy: String,
    description: Option<Text<0, 512>>,
    token_type: TokenType,
    status: &'static str,
    groups: List<Text<0, 255>, 100>,
    subscription_count: u64,
    attributes: Attributes,
    owner: String,
    created_time: String,
    updated_time: String,
    visibility: ApplicationVisibility,
}

/// No workflow holds applications back.
const STATUS: &str = "APPROVED";

impl ApplicationResponse {
    pub fn new(application: Application, keys: Vec<ApplicationKey>) -> Self {
        let Application { row, document, subscriptions } = application;
        Self {
            application_id: row.id,
            name: row.name,
            throttling_policy: row.plan,
            description: document.description,
            token_type: document.token_type,
            status: STATUS,
            groups: document.groups,
            subscription_count: subscriptions,
            keys,
            attributes: document.attributes,
            subscription_scopes: Vec::new(),
            owner: row.owner,
            hash_enabled: false,
            created_time: millis(row.created_at),
            updated_time: millis(row.updated_at),
            visibility: document.visibility,
        }
    }
}

impl From<Application> for ApplicationInfo {
    fn from(application: Application) -> Self {
        let Application { row, document, subscriptions } = application;
        Self {
            application_id: row.id,
            name: row.name,
            throttling_policy: row.plan,
            description: document.description,
            token_type: document.token_type,
            status: STATUS,
            groups: document.groups,
            subscription_count: subscriptions,
            attributes: document.attributes,
            owner: row.owner,
            created_time: millis(row.created_at),
            updated_time: millis(row.updated_at),
            visibility: document.visibility,
        }
    }
}
