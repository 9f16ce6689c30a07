//! A key manager as WSO2 writes it: what is sent, what is given back and, without secrets and what
//! the row holds, what is stored.

use std::collections::BTreeMap;
use std::fmt;

use phantom_terms::text::null_as_default;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::connector::Endpoint;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = KeyManager)]
pub struct KeyManagerDocument {
    /// Given by us.
    #[schema(read_only, max_length = 64)]
    pub id: Option<String>,
    /// Unique, and never changed.
    #[schema(required, min_length = 1, max_length = 100)]
    pub name: String,
    #[schema(max_length = 100)]
    pub display_name: Option<String>,
    /// A type of connector, and never changed.
    #[serde(rename = "type")]
    #[schema(required, min_length = 1, max_length = 45)]
    pub kind: String,
    #[schema(max_length = 256)]
    pub description: Option<String>,
    #[schema(max_length = 2000)]
    pub well_known_endpoint: Option<String>,
    #[schema(max_length = 2000)]
    pub introspection_endpoint: Option<String>,
    #[schema(max_length = 2000)]
    pub client_registration_endpoint: Option<String>,
    #[schema(max_length = 2000)]
    pub token_endpoint: Option<String>,
    #[schema(max_length = 2000)]
    pub display_token_endpoint: Option<String>,
    #[schema(max_length = 2000)]
    pub revoke_endpoint: Option<String>,
    #[schema(max_length = 2000)]
    pub display_revoke_endpoint: Option<String>,
    #[schema(max_length = 2000)]
    pub user_info_endpoint: Option<String>,
    #[schema(max_length = 2000)]
    pub authorize_endpoint: Option<String>,
    /// The endpoints again, by the names that connectors give them.
    #[serde(deserialize_with = "null_as_default")]
    #[schema(nullable, max_items = 50)]
    pub endpoints: Vec<KeyManagerEndpoint>,
    #[schema(inline)]
    pub certificates: Option<Certificates>,
    /// Compared exactly with `iss`.
    #[schema(max_length = 2000)]
    pub issuer: Option<String>,
    #[schema(max_length = 2000)]
    pub alias: Option<String>,
    #[schema(max_length = 2000)]
    pub scope_management_endpoint: Option<String>,
    #[serde(deserialize_with = "null_as_default")]
    #[schema(nullable, max_items = 64)]
    pub available_grant_types: Vec<String>,
    pub enable_token_generation: Option<bool>,
    pub enable_token_encryption: Option<bool>,
    pub enable_token_hashing: Option<bool>,
    #[serde(rename = "enableMapOAuthConsumerApps")]
    pub enable_map_oauth_consumer_apps: Option<bool>,
    #[serde(rename = "enableOAuthAppCreation")]
    pub enable_oauth_app_creation: Option<bool>,
    /// Verify JWTs that clients present; otherwise they are introspected.
    #[serde(rename = "enableSelfValidationJWT")]
    pub enable_self_validation_jwt: Option<bool>,
    #[serde(deserialize_with = "null_as_default")]
    #[schema(nullable, max_items = 100)]
    pub claim_mapping: Vec<ClaimMappingEntry>,
    #[schema(max_length = 255)]
    pub consumer_key_claim: Option<String>,
    #[schema(max_length = 255)]
    pub scopes_claim: Option<String>,
    /// Which tokens this key manager takes; none enabled: all.
    #[serde(deserialize_with = "null_as_default")]
    #[schema(nullable, max_items = 20)]
    pub token_validation: Vec<TokenValidation>,
    pub enabled: Option<bool>,
    pub global: Option<bool>,
    /// The connector's fields. Secrets come back as `*****`, which leaves them as they are.
    #[serde(deserialize_with = "null_as_default")]
    #[schema(nullable, value_type = std::collections::HashMap<String, Value>)]
    pub additional_properties: Properties,
    #[schema(inline)]
    pub permissions: Option<Permissions>,
    pub token_type: Option<KeyManagerTokenType>,
    #[serde(deserialize_with = "null_as_default")]
    #[schema(nullable, max_items = 100)]
    pub allowed_organizations: Vec<String>,
}

/// Properties by name. Their values may be secrets.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Properties(pub BTreeMap<String, Value>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyManagerEndpoint {
    #[schema(min_length = 1, max_length = 255)]
    pub name: String,
    #[schema(max_length = 2000)]
    pub value: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Certificates {
    #[serde(rename = "type")]
    pub kind: Option<CertificateType>,
    /// The URL of a key set; or a certificate: PEM, PEM in base64, or DER in base64.
    #[schema(max_length = 65536)]
    pub value: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = KeyManagerCertificateType)]
pub enum CertificateType {
    Jwks,
    Pem,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ClaimMappingEntry {
    #[schema(max_length = 255)]
    pub remote_claim: Option<String>,
    #[schema(max_length = 255)]
    pub local_claim: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TokenValidation {
    pub id: Option<i64>,
    pub enable: Option<bool>,
    #[serde(rename = "type")]
    pub kind: Option<TokenValidationType>,
    /// `REFERENCE`: a regular expression for the whole token. `JWT`: `{"body":{claim: expression}}`.
    pub value: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum TokenValidationType {
    Reference,
    Jwt,
    Custom,
}

/// Who sees a key manager in the DevPortal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Permissions {
    pub permission_type: Option<PermissionType>,
    #[serde(deserialize_with = "null_as_default")]
    #[schema(nullable, max_items = 100)]
    pub roles: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = KeyManagerPermissionType)]
pub enum PermissionType {
    #[default]
    Public,
    Allow,
    Deny,
}

/// `EXCHANGED` never validates tokens at the gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum KeyManagerTokenType {
    Exchanged,
    #[default]
    Direct,
    Both,
}

impl KeyManagerDocument {
    #[must_use]
    pub const fn endpoint(&self, endpoint: Endpoint) -> Option<&String> {
        match endpoint {
            Endpoint::ClientRegistration => &self.client_registration_endpoint,
            Endpoint::Introspection => &self.introspection_endpoint,
            Endpoint::Token => &self.token_endpoint,
            Endpoint::Revoke => &self.revoke_endpoint,
            Endpoint::UserInfo => &self.user_info_endpoint,
            Endpoint::Authorize => &self.authorize_endpoint,
            Endpoint::DisplayToken => &self.display_token_endpoint,
            Endpoint::DisplayRevoke => &self.display_revoke_endpoint,
        }
        .as_ref()
    }

    pub const fn endpoint_mut(&mut self, endpoint: Endpoint) -> &mut Option<String> {
        match endpoint {
            Endpoint::ClientRegistration => &mut self.client_registration_endpoint,
            Endpoint::Introspection => &mut self.introspection_endpoint,
            Endpoint::Token => &mut self.token_endpoint,
            Endpoint::Revoke => &mut self.revoke_endpoint,
            Endpoint::UserInfo => &mut self.user_info_endpoint,
            Endpoint::Authorize => &mut self.authorize_endpoint,
            Endpoint::DisplayToken => &mut self.display_token_endpoint,
            Endpoint::DisplayRevoke => &mut self.display_revoke_endpoint,
        }
    }
}

impl Properties {
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
