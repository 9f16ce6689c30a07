//! Applications on the wire.

use std::collections::BTreeMap;

use phantom_manage::applications::Application;
use phantom_manage::applications::ApplicationDocument;
use phantom_manage::applications::ApplicationDraft;
use phantom_manage::applications::ApplicationVisibility;
use phantom_manage::applications::TokenType;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::rest::answers::millis;
use crate::rest::devportal::apis::ScopeInfo;
use crate::rest::devportal::keys::ApplicationKey;

/// What a client sends. Members that only we set are taken, as clients send back what they have
/// read, and change nothing.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = devportal::ApplicationRequest)]
pub struct ApplicationRequest {
    /// Unique among its owner's, case aside. No blank at either end, no control characters.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\u0000-\u0020\u007f]([^\u0000-\u001f\u007f]*[^\u0000-\u0020\u007f])?$"
    )]
    name: String,
    /// Name of an application policy.
    #[schema(min_length = 1, max_length = 255)]
    throttling_policy: String,
    #[schema(max_length = 512)]
    description: Option<String>,
    token_type: Option<TokenType>,
    #[schema(max_items = 100)]
    groups: Option<Vec<String>>,
    /// At most 100 of at most 1024 characters.
    attributes: Option<BTreeMap<String, String>>,
    visibility: Option<ApplicationVisibility>,
}

/// An application, in the order in which WSO2 writes it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = devportal::Application)]
pub struct ApplicationResponse {
    application_id: Uuid,
    name: String,
    throttling_policy: String,
    description: Option<String>,
    token_type: TokenType,
    status: &'static str,
    groups: Vec<String>,
    subscription_count: u64,
    keys: Vec<ApplicationKey>,
    attributes: BTreeMap<String, String>,
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
    description: Option<String>,
    token_type: TokenType,
    status: &'static str,
    groups: Vec<String>,
    subscription_count: u64,
    attributes: BTreeMap<String, String>,
    owner: String,
    created_time: String,
    updated_time: String,
    visibility: ApplicationVisibility,
}

/// No workflow holds applications back.
const STATUS: &str = "APPROVED";

impl ApplicationRequest {
    pub fn draft(self) -> ApplicationDraft {
        let document = ApplicationDocument {
            description: self.description,
            token_type: self.token_type.unwrap_or_default(),
            groups: self.groups.unwrap_or_default(),
            attributes: self.attributes.unwrap_or_default(),
            visibility: self.visibility.unwrap_or_default(),
        };
        ApplicationDraft { name: self.name, plan: self.throttling_policy, document }
    }
}

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
