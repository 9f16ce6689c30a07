//! Keys of applications on the wire.

use std::time::Duration;

use phantom_rest::secret::WireSecret;
use phantom_subscribe::keys;
use phantom_subscribe::keys::ApplicationToken;
use phantom_subscribe::keys::GenerateRequest;
use phantom_subscribe::keys::Key;
use phantom_subscribe::keys::KeyDocument;
use phantom_subscribe::keys::MapRequest;
use phantom_subscribe::keys::MappedKeyType;
use phantom_subscribe::keys::MappingMode;
use phantom_subscribe::keys::TokenOrder;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::unenforced;
use phantom_terms::unenforced::Of;
use secrecy::SecretString;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = devportal::KeyType)]
pub enum KeyType {
    Production,
    Sandbox,
}

/// Whether the client was there before, or was made for the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = devportal::KeyMode)]
pub(super) enum KeyMode {
    Mapped,
    Created,
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = devportal::ApplicationKeyMappingRequest)]
pub struct MapKeysRequest {
    /// The client's identifier at the key manager.
    #[schema(min_length = 1, max_length = 512)]
    consumer_key: String,
    #[schema(max_length = 1024, value_type = Option<String>)]
    consumer_secret: Option<WireSecret>,
    /// Name or id; `Resident Key Manager` without it.
    #[schema(max_length = 255)]
    key_manager: Option<String>,
    key_type: KeyType,
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = devportal::ApplicationKeyGenerateRequest)]
pub struct GenerateKeysRequest {
    key_type: KeyType,
    /// Name or id; `Resident Key Manager` without it.
    #[schema(max_length = 255)]
    key_manager: Option<String>,
    #[schema(max_items = 50)]
    grant_types_to_be_supported: Vec<String>,
    /// Where `authorization_code` and `implicit` come back to: an absolute URL.
    #[schema(max_length = 2048)]
    callback_url: Option<String>,
    additional_properties: Option<Map<String, Value>>,
    /// Of the token that comes with keys for `client_credentials`.
    #[schema(max_items = 100)]
    scopes: Option<Vec<String>>,
    /// How long that token lives, in seconds, as a number or a text; less than one asks for the usual
    /// hour.
    validity_time: Option<Value>,
    client_id: Option<Value>,
    client_secret: Option<Value>,
}

/// What can be changed of a key. The rest is taken, as clients send back what they have read, and
/// changes nothing.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = devportal::ApplicationKeyRequest)]
pub struct UpdateKeyRequest {
    #[schema(max_items = 50)]
    supported_grant_types: Option<Vec<String>>,
    #[schema(max_length = 2048)]
    callback_url: Option<String>,
    additional_properties: Option<Map<String, Value>>,
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = devportal::ApplicationTokenGenerateRequest)]
pub struct TokenRequest {
    #[schema(max_length = 1024, value_type = Option<String>)]
    consumer_secret: Option<WireSecret>,
    /// Seconds; less than one asks for the usual hour.
    #[schema(maximum = 86400)]
    validity_period: Option<i64>,
    #[schema(max_items = 100)]
    scopes: Option<Vec<String>>,
    /// A token of this key that ends now.
    #[schema(max_length = 8192, value_type = Option<String>)]
    revoke_token: Option<WireSecret>,
    grant_type: Option<TokenGrant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = devportal::ApplicationTokenGrant)]
pub(super) enum TokenGrant {
    ClientCredentials,
    /// Known, and answered with 400: the resident key manager exchanges no tokens.
    TokenExchange,
}

/// A key, in the order in which WSO2 writes it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = devportal::ApplicationKey)]
pub struct ApplicationKey {
    key_mapping_id: Uuid,
    /// Its name.
    key_manager: String,
    consumer_key: String,
    #[schema(value_type = Option<String>)]
    consumer_secret: Option<WireSecret>,
    consumer_secrets: Option<Vec<ConsumerSecret>>,
    supported_grant_types: Vec<String>,
    callback_url: Option<String>,
    key_state: &'static str,
    key_type: KeyType,
    mode: KeyMode,
    group_id: Option<String>,
    /// One for `client_credentials`, with the answer that made the keys: it is kept as a digest alone.
    token: Option<ApplicationTokenResponse>,
    additional_properties: Map<String, Value>,
}

/// One of several secrets of a client; none has several here.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = devportal::ConsumerSecret)]
pub struct ConsumerSecret {
    secret_id: String,
    #[schema(value_type = String)]
    secret_value: WireSecret,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = devportal::ApplicationToken)]
pub struct ApplicationTokenResponse {
    #[schema(value_type = String)]
    access_token: WireSecret,
    token_scopes: Option<Vec<String>>,
    /// Seconds.
    validity_time: u64,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = devportal::ApplicationKeyReGenerateResponse)]
pub struct RegeneratedSecret {
    consumer_key: String,
    #[schema(value_type = String)]
    consumer_secret: WireSecret,
}

impl MapKeysRequest {
    pub fn request(self) -> Outcome<MapRequest> {
        let secret = secret(self.consumer_secret);
        MapRequest::new(self.consumer_key, secret, self.key_manager, self.key_type.into())
    }
}

impl GenerateKeysRequest {
    pub fn request(self) -> Outcome<GenerateRequest> {
        let own = json!({"clientId": self.client_id, "clientSecret": self.client_secret});
        unenforced::refuse(Of::ApplicationKey, &own)?;
        Ok(GenerateRequest {
            key_type: self.key_type.into(),
            key_manager: self.key_manager,
            scopes: keys::scopes(self.scopes.unwrap_or_default())?,
            life: life("validityTime", self.validity_time.as_ref().map(seconds).transpose()?)?,
            document: KeyDocument::new(
                self.grant_types_to_be_supported,
                self.callback_url,
                self.additional_properties.unwrap_or_default(),
            )?,
        })
    }
}

impl UpdateKeyRequest {
    pub fn document(self) -> Outcome<KeyDocument> {
        let grants = self.supported_grant_types.unwrap_or_default();
        let properties = self.additional_properties.unwrap_or_default();
        KeyDocument::new(grants, self.callback_url, properties)
    }
}

impl TokenRequest {
    pub fn order(self) -> Outcome<TokenOrder> {
        if self.grant_type == Some(TokenGrant::TokenExchange) {
            let description = "The resident key manager does not exchange tokens.";
            return Err(Refusal::invalid(description));
        }
        TokenOrder::new(
            secret(self.consumer_secret),
            keys::scopes(self.scopes.unwrap_or_default())?,
            life("validityPeriod", self.validity_period)?,
            secret(self.revoke_token),
        )
    }
}

/// WSO2's clients send -1 for a token that never ends. None of ours does: it lives as long as any.
fn life(member: &str, seconds: Option<i64>) -> Outcome<Duration> {
    keys::life(member, seconds.filter(|seconds| *seconds != -1))
}

impl From<Key> for ApplicationKey {
    fn from(key: Key) -> Self {
        let Key { row, document, key_manager, secret, token } = key;
        Self {
            key_mapping_id: row.id,
            key_manager,
            consumer_key: row.consumer_key,
            consumer_secret: secret.map(WireSecret),
            consumer_secrets: None,
            supported_grant_types: document.grant_types,
            callback_url: document.callback_url,
            key_state: "APPROVED",
            key_type: row.key_type.into(),
            mode: match row.mode {
                MappingMode::Mapped => KeyMode::Mapped,
                MappingMode::Created => KeyMode::Created,
            },
            group_id: None,
            token: match row.mode {
                // As WSO2 writes it: the key manager has the tokens, and none came with the key.
                MappingMode::Mapped => Some(ApplicationTokenResponse::none()),
                MappingMode::Created => token.map(ApplicationTokenResponse::from),
            },
            additional_properties: document.additional_properties,
        }
    }
}

impl ApplicationTokenResponse {
    fn none() -> Self {
        let access_token = WireSecret(SecretString::default());
        Self { access_token, token_scopes: None, validity_time: 0 }
    }
}

impl From<ApplicationToken> for ApplicationTokenResponse {
    fn from(token: ApplicationToken) -> Self {
        Self {
            access_token: WireSecret(token.token),
            token_scopes: Some(token.scopes),
            validity_time: token.life.as_secs(),
        }
    }
}

impl RegeneratedSecret {
    pub const fn new(consumer_key: String, secret: SecretString) -> Self {
        Self { consumer_key, consumer_secret: WireSecret(secret) }
    }
}

impl From<KeyType> for MappedKeyType {
    fn from(key_type: KeyType) -> Self {
        match key_type {
            KeyType::Production => Self::Production,
            KeyType::Sandbox => Self::Sandbox,
        }
    }
}

impl From<MappedKeyType> for KeyType {
    fn from(key_type: MappedKeyType) -> Self {
        match key_type {
            MappedKeyType::Production => Self::Production,
            MappedKeyType::Sandbox => Self::Sandbox,
        }
    }
}

/// Older clients send the number as a text.
fn seconds(value: &Value) -> Outcome<i64> {
    let number = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| Refusal::invalid("validityTime: must be a number of seconds"))
}

fn secret(secret: Option<WireSecret>) -> Option<SecretString> {
    secret.map(|WireSecret(secret)| secret)
}
