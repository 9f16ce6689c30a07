//! A key manager as gateways use it.

use std::sync::Arc;
use std::time::Duration;

use phantom_core::catalog::ClaimRename;
use phantom_core::catalog::EntityId;
use phantom_core::catalog::KeySet;
use phantom_core::catalog::ManagedKeyManager;
use phantom_core::catalog::OpaqueTokens;
use phantom_core::catalog::TokenRule;
use phantom_manage::connector;
use phantom_manage::connector::Connector;
use phantom_manage::connector::field::number;
use phantom_manage::key_managers::CertificateType;
use phantom_manage::key_managers::ClaimMappingEntry;
use phantom_manage::key_managers::InvalidCertificate;
use phantom_manage::key_managers::KeyManagerDocument;
use phantom_manage::key_managers::KeyManagerTokenType;
use phantom_manage::key_managers::OWN_TOKENS;
use phantom_manage::key_managers::key_set;
use phantom_manage::key_managers::token_rules;
use phantom_store::KeyManagerRow;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::Deserialize;
use thiserror::Error;
use zeroize::Zeroizing;

/// Of remembered introspections, where the connector does not ask how many.
const DEFAULT_CACHE: usize = 50_000;

/// How gateways ask this control plane about tokens of its own.
#[derive(Clone, Debug)]
pub struct ResidentEndpoint {
    pub introspection_endpoint: String,
    pub issuer: String,
    pub client_id: String,
    pub client_secret: SecretString,
}

/// A stored key manager is not what was checked when it was written.
#[derive(Debug, Error)]
pub enum NotPublishable {
    #[error("its document cannot be read")]
    Document(#[source] serde_json::Error),
    #[error("its type {0:?} is not known")]
    Type(String),
    #[error("{0} is absent or cannot be")]
    Member(&'static str),
    #[error("its certificate {0}")]
    Certificate(InvalidCertificate),
    #[error("tokenValidation: {0}")]
    TokenRule(&'static str),
}

/// `None` where it is disabled, or never validates at a gateway.
pub fn managed(
    row: &KeyManagerRow,
    resident: &ResidentEndpoint,
) -> Result<Option<ManagedKeyManager>, NotPublishable> {
    let document =
        KeyManagerDocument::deserialize(&row.document).map_err(NotPublishable::Document)?;
    if !row.enabled || document.token_type == Some(KeyManagerTokenType::Exchanged) {
        return Ok(None);
    }
    terms(row, &document, Some(resident)).map(Some)
}

/// One that is not the resident, whether or not gateways use it.
pub fn external(row: &KeyManagerRow) -> Result<ManagedKeyManager, NotPublishable> {
    let document =
        KeyManagerDocument::deserialize(&row.document).map_err(NotPublishable::Document)?;
    terms(row, &document, None)
}

fn terms(
    row: &KeyManagerRow,
    document: &KeyManagerDocument,
    resident: Option<&ResidentEndpoint>,
) -> Result<ManagedKeyManager, NotPublishable> {
    let connector =
        Connector::of_kind(&row.kind).ok_or_else(|| NotPublishable::Type(row.kind.clone()))?;
    let claim = |member: &Option<String>, default: &str| {
        member.as_deref().filter(|claim| !claim.is_empty()).unwrap_or(default).into()
    };
    let common = ManagedKeyManager {
        id: EntityId::new(row.id.as_u128()),
        revision: u64::try_from(row.version).unwrap_or(0),
        name: Arc::from(row.name.as_str()),
        issuer: document.issuer.as_deref().map(Box::from),
        keys: keys(document)?,
        opaque: None,
        validates_jwt: document.enable_self_validation_jwt.unwrap_or(true),
        expected_audience: None,
        clock_skew: Duration::ZERO,
        consumer_key_claim: claim(&document.consumer_key_claim, connector.consumer_key_claim()),
        scopes_claim: claim(&document.scopes_claim, connector.scopes_claim()),
        claim_renames: document.claim_mapping.iter().filter_map(rename).collect(),
        token_rules: token_rules(&document.token_validation).map_err(NotPublishable::TokenRule)?,
    };
    Ok(match connector {
        Connector::CurityPhantomToken => phantom_token(row, document, common)?,
        Connector::Custom => common,
        Connector::Resident => ours(resident.ok_or(NotPublishable::Member("resident"))?, common),
    })
}

fn ours(resident: &ResidentEndpoint, common: ManagedKeyManager) -> ManagedKeyManager {
    ManagedKeyManager {
        issuer: Some(resident.issuer.as_str().into()),
        keys: None,
        validates_jwt: false,
        // Beside others that take any token it gets its own, and they do not.
        token_rules: vec![TokenRule::Reference(OWN_TOKENS.into())],
        opaque: Some(OpaqueTokens {
            introspection_endpoint: resident.introspection_endpoint.as_str().into(),
            client_id: resident.client_id.as_str().into(),
            client_secret: exposed(&resident.client_secret),
            cache_max_entries: DEFAULT_CACHE,
        }),
        ..common
    }
}

fn phantom_token(
    row: &KeyManagerRow,
    document: &KeyManagerDocument,
    common: ManagedKeyManager,
) -> Result<ManagedKeyManager, NotPublishable> {
    let properties = &document.additional_properties;
    let text = |name: &'static str| {
        let value = properties.get(name).and_then(serde_json::Value::as_str);
        value.ok_or(NotPublishable::Member(name))
    };
    let amount = |name: &'static str| {
        let value = properties.get(name).and_then(number);
        value.ok_or(NotPublishable::Member(name))
    };
    let absent = NotPublishable::Member;
    let endpoint = document.introspection_endpoint.as_deref();
    let secret = row.secrets.get(connector::CLIENT_SECRET);
    let entries = amount(connector::CACHE_MAX_ENTRIES)?;
    Ok(ManagedKeyManager {
        opaque: Some(OpaqueTokens {
            introspection_endpoint: endpoint.ok_or(absent("introspectionEndpoint"))?.into(),
            client_id: text(connector::CLIENT_ID)?.into(),
            client_secret: exposed(secret.ok_or(absent(connector::CLIENT_SECRET))?),
            cache_max_entries: usize::try_from(entries).unwrap_or(usize::MAX),
        }),
        expected_audience: Some(text(connector::EXPECTED_AUDIENCE)?.into()),
        clock_skew: Duration::from_secs(amount(connector::CLOCK_SKEW)?),
        ..common
    })
}

fn keys(document: &KeyManagerDocument) -> Result<Option<KeySet>, NotPublishable> {
    let Some(certificates) = &document.certificates else { return Ok(None) };
    let value = certificates.value.as_deref().unwrap_or_default();
    match certificates.kind {
        Some(CertificateType::Jwks) => Ok(Some(KeySet::Uri(value.into()))),
        Some(CertificateType::Pem) => match key_set(value) {
            Ok(set) => Ok(Some(KeySet::Inline(set.into()))),
            Err(error) => Err(NotPublishable::Certificate(error)),
        },
        None => Ok(None),
    }
}

fn rename(entry: &ClaimMappingEntry) -> Option<ClaimRename> {
    let (remote, local) = (entry.remote_claim.as_deref()?, entry.local_claim.as_deref()?);
    Some(ClaimRename { remote: remote.into(), local: local.into() })
}

fn exposed(secret: &SecretString) -> Zeroizing<String> {
    Zeroizing::new(secret.expose_secret().to_owned())
}

#[cfg(test)]
mod tests;
