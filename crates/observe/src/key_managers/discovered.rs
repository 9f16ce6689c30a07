//! What an authorization server says of itself, to fill in a form.

use phantom_access::plane::Control;
use phantom_access::plane::Outgoing;
use phantom_core::causes::with_causes;
use phantom_core::issuer::check_issuer;
use phantom_core::json;
use phantom_manage::connector::Connector;
use phantom_manage::key_managers::CertificateType;
use phantom_terms::refusal::Refusal;
use phantom_terms::text;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use thiserror::Error;
use utoipa::ToSchema;

/// Longest metadata document read.
const MAX_DOCUMENT: usize = 1024 * 1024;
const MAX_GRANT_TYPES: usize = 64;

/// A key manager as far as metadata tells. Nothing of it is stored.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiscoveredKeyManager {
    pub issuer: Option<String>,
    pub introspection_endpoint: Option<String>,
    pub client_registration_endpoint: Option<String>,
    pub authorize_endpoint: Option<String>,
    pub token_endpoint: Option<String>,
    pub revoke_endpoint: Option<String>,
    pub user_info_endpoint: Option<String>,
    pub available_grant_types: Vec<String>,
    pub certificates: Option<Certificate>,
    pub well_known_endpoint: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub enabled: bool,
    pub enable_token_generation: bool,
    #[serde(rename = "enableMapOAuthConsumerApps")]
    pub enable_map_oauth_consumer_apps: bool,
    #[serde(rename = "enableOAuthAppCreation")]
    pub enable_oauth_app_creation: bool,
    #[serde(rename = "enableSelfValidationJWT")]
    pub enable_self_validation_jwt: bool,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DiscoveredCertificate)]
pub struct Certificate {
    #[serde(rename = "type")]
    pub kind: CertificateType,
    /// The URL of the key set.
    pub value: String,
}

/// Reads the metadata at that URL, as it is given. Whoever asks may not send us into private
/// networks.
pub async fn discover(control: &Control, url: &str, kind: &str) -> Option<DiscoveredKeyManager> {
    match discovered(control, url, kind).await {
        Ok(found) => Some(found),
        Err(reason) => {
            let at = url::Url::parse(url).ok();
            let host = at.as_ref().and_then(url::Url::host_str).unwrap_or_default();
            let reason = with_causes(&reason);
            tracing::warn!(
                host,
                reason,
                "no metadata of an authorization server was found (private addresses are asked with \
                 control.allow_private alone)"
            );
            None
        }
    }
}

/// Why there is nothing to fill in, in words for whoever asked.
#[derive(Debug, Error)]
pub enum NothingFound {
    #[error("no such type of key manager")]
    Type,
    #[error(transparent)]
    Url(#[from] Refusal),
    #[error(transparent)]
    Fetch(#[from] phantom_oauth::egress::FetchError),
    #[error("the document is not acceptable JSON")]
    Json(#[from] json::InvalidJson),
    #[error("the document names no issuer")]
    Issuer,
}

impl NothingFound {
    /// Whether a server was there and answered: another path of it may help.
    #[must_use]
    pub const fn was_answered(&self) -> bool {
        use phantom_oauth::egress::FetchError;
        !matches!(self, Self::Type | Self::Url(_) | Self::Fetch(FetchError::NoAnswer(_)))
    }
}

/// The same, with why nothing is found.
pub async fn discovered(
    control: &Control,
    url: &str,
    kind: &str,
) -> Result<DiscoveredKeyManager, NothingFound> {
    let connector = Connector::for_new(kind).ok_or(NothingFound::Type)?;
    let place = text::url("url", url)?;
    let members = fetch(control, &place).await?;
    filled_in(&members, url, connector).ok_or(NothingFound::Issuer)
}

/// The members of the document there.
pub(super) async fn fetch(
    control: &Control,
    place: &url::Url,
) -> Result<Map<String, Value>, NothingFound> {
    let document = control.egress().fetch(place, "application/json", MAX_DOCUMENT).await?;
    Ok(json::parse_object(&document)?)
}

/// OpenID Connect Discovery §3 and RFC 8414 §2 use the same names. Members of a wrong type count as
/// absent.
fn filled_in(
    members: &Map<String, Value>,
    url: &str,
    connector: Connector,
) -> Option<DiscoveredKeyManager> {
    let endpoint = |name: &str| {
        let value = members.get(name)?.as_str()?;
        text::url(name, value).is_ok().then(|| value.to_owned())
    };
    let issuer = members.get("issuer").and_then(Value::as_str);
    let issuer = issuer.filter(|issuer| check_issuer(issuer).is_ok())?;
    let grants = members.get("grant_types_supported").and_then(Value::as_array);
    let grants = grants.into_iter().flatten().filter_map(Value::as_str);
    let grants = grants.filter(|grant| text::length("grant", grant, 1, 255).is_ok());
    Some(DiscoveredKeyManager {
        issuer: Some(issuer.to_owned()),
        introspection_endpoint: endpoint("introspection_endpoint"),
        client_registration_endpoint: endpoint("registration_endpoint"),
        authorize_endpoint: endpoint("authorization_endpoint"),
        token_endpoint: endpoint("token_endpoint"),
        revoke_endpoint: endpoint("revocation_endpoint"),
        user_info_endpoint: endpoint("userinfo_endpoint"),
        available_grant_types: grants.take(MAX_GRANT_TYPES).map(str::to_owned).collect(),
        certificates: endpoint("jwks_uri")
            .map(|value| Certificate { kind: CertificateType::Jwks, value }),
        well_known_endpoint: url.to_owned(),
        kind: connector.kind(),
        enabled: true,
        enable_token_generation: true,
        enable_map_oauth_consumer_apps: true,
        enable_oauth_app_creation: true,
        enable_self_validation_jwt: true,
    })
}
