//! What a key manager has to say of itself, by its connector.

use phantom_core::issuer::check_issuer;
use phantom_core::server_url::is_secure;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::text;
use phantom_terms::unenforced;
use phantom_terms::unenforced::Of;
use serde_json::Value;
use serde_json::json;

use super::certificate;
use super::document::CertificateType;
use super::document::KeyManagerDocument;
use super::document::KeyManagerEndpoint;
use super::secrets;
use super::secrets::Secrets;
use super::token_rules::token_rules;
use crate::connector::Connector;
use crate::connector::Endpoint;
use crate::plans::known_roles;

/// A key manager as it is stored: without secrets, and without what its row holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settled {
    pub document: KeyManagerDocument,
    pub secrets: Secrets,
}

/// The request with defaults filled in, or what is wrong with it. `before` is what it replaces.
pub(crate) fn settle(
    connector: Connector,
    request: KeyManagerDocument,
    before: Option<&Settled>,
) -> Outcome<Settled> {
    let mut document = request;
    check_lengths(&document)?;
    refuse_unenforced(&document)?;
    settle_endpoints(&mut document, before.map(|before| &before.document))?;
    check_urls(&mut document)?;
    let kept = before.map(|before| before.secrets.clone()).unwrap_or_default();
    let secrets = secrets::take(connector, &mut document.additional_properties, &kept)?;
    settle_fields(connector, &mut document, &secrets)?;
    settle_defaults(connector, &mut document);
    require_endpoints(connector, &document)?;
    check_trust(connector, &mut document)?;
    token_rules(&document.token_validation)
        .map_err(|rule| Refusal::invalid(format!("tokenValidation: {rule}")))?;
    document.id = None;
    Ok(Settled { document, secrets })
}

pub(crate) fn refuse_unenforced(document: &KeyManagerDocument) -> Outcome<()> {
    // Of the members that hold no secrets.
    let KeyManagerDocument { enable_token_encryption, allowed_organizations, .. } = document;
    let body = json!({
        "enableTokenEncryption": enable_token_encryption,
        "allowedOrganizations": allowed_organizations,
    });
    unenforced::refuse(Of::KeyManager, &body)
}

fn check_lengths(document: &KeyManagerDocument) -> Outcome<()> {
    text::optional("displayName", document.display_name.as_deref(), 100)?;
    text::optional("description", document.description.as_deref(), 256)?;
    for (member, value) in [
        ("issuer", &document.issuer),
        ("alias", &document.alias),
        ("scopeManagementEndpoint", &document.scope_management_endpoint),
    ] {
        text::optional(member, value.as_deref(), text::MAX_URL)?;
    }
    text::optional("consumerKeyClaim", document.consumer_key_claim.as_deref(), 255)?;
    text::optional("scopesClaim", document.scopes_claim.as_deref(), 255)?;
    let lists = [
        ("availableGrantTypes", &document.available_grant_types, 64),
        ("allowedOrganizations", &document.allowed_organizations, 100),
    ];
    for (member, list, most) in lists {
        text::count(member, list.len(), most)?;
        list.iter().try_for_each(|each| text::length(member, each, 1, 255))?;
    }
    text::count("claimMapping", document.claim_mapping.len(), 100)?;
    for entry in &document.claim_mapping {
        for claim in [&entry.remote_claim, &entry.local_claim] {
            text::length("claimMapping", claim.as_deref().unwrap_or_default(), 1, 255)?;
        }
    }
    text::count("tokenValidation", document.token_validation.len(), 20)?;
    known_roles(document.permissions.as_ref().map_or(&[], |permissions| &permissions.roles))
}

/// `endpoints[]` says the same as the endpoint members. Where both are there and differ, the one
/// that is not what is stored is the one that was meant to change.
fn settle_endpoints(
    document: &mut KeyManagerDocument,
    before: Option<&KeyManagerDocument>,
) -> Outcome<()> {
    text::count("endpoints", document.endpoints.len(), 50)?;
    let mut others: Vec<KeyManagerEndpoint> = Vec::new();
    for entry in std::mem::take(&mut document.endpoints) {
        text::length("endpoints.name", &entry.name, 1, 255)?;
        text::length("endpoints.value", &entry.value, 0, text::MAX_URL)?;
        let Some(endpoint) = Endpoint::named(&entry.name) else {
            others.push(entry);
            continue;
        };
        let stored = before.and_then(|before| before.endpoint(endpoint));
        let member = document.endpoint_mut(endpoint);
        match member {
            Some(value) if *value == entry.value || stored == Some(&entry.value) => {}
            Some(value) if !value.is_empty() && stored != Some(&*value) => {
                let name = endpoint.name();
                let rule = format!("endpoints: {name} differs from the member of the same meaning");
                return Err(Refusal::invalid(rule));
            }
            member => *member = Some(entry.value),
        }
    }
    document.endpoints = others;
    Ok(())
}

fn check_urls(document: &mut KeyManagerDocument) -> Outcome<()> {
    // Forms send what was left empty as an empty text.
    let check = |name: &str, value: &mut Option<String>| match value.as_deref() {
        None => Ok(()),
        Some("") => {
            *value = None;
            Ok(())
        }
        Some(text) => text::url(name, text).map(drop),
    };
    check("wellKnownEndpoint", &mut document.well_known_endpoint)?;
    check("scopeManagementEndpoint", &mut document.scope_management_endpoint)?;
    Endpoint::ALL
        .into_iter()
        .try_for_each(|endpoint| check(endpoint.name(), document.endpoint_mut(endpoint)))?;
    // Gateways call this one.
    let introspection = document.introspection_endpoint.as_deref();
    introspection.map_or(Ok(()), |text| called("introspectionEndpoint", text))
}

/// A URL that gateways call: as they take it.
fn called(member: &str, text: &str) -> Outcome<()> {
    match is_secure(&text::url(member, text)?) {
        true => Ok(()),
        false => {
            let rule = "is plain http, over which tokens and secrets leak: https, or this machine";
            Err(Refusal::invalid(format!("{member}: {rule}")))
        }
    }
}

fn settle_fields(
    connector: Connector,
    document: &mut KeyManagerDocument,
    secrets: &Secrets,
) -> Outcome<()> {
    let properties = &mut document.additional_properties.0;
    properties.retain(|_, value| !matches!(value, Value::Null));
    for field in connector.fields() {
        let name = field.name;
        if field.mask {
            if field.required && !secrets.contains_key(name) {
                return Err(Refusal::KeyManagerField(format!(
                    "Required configuration {name} is missing."
                )));
            }
            continue;
        }
        let is_empty = |value: &Value| value.as_str().is_some_and(|text| text.trim().is_empty());
        match (properties.get(name).filter(|value| !is_empty(value)), field.default) {
            (Some(value), _) if field.takes(value) => {}
            (Some(_), _) => {
                let rule = match field.range {
                    Some((least, most)) => format!("{name} must be between {least} and {most}."),
                    None => format!("{name} must be a text."),
                };
                return Err(Refusal::KeyManagerField(rule));
            }
            (None, Some(default)) => {
                properties.insert(name.to_owned(), default.into());
            }
            (None, None) if field.required => {
                return Err(Refusal::KeyManagerField(format!(
                    "Required configuration {name} is missing."
                )));
            }
            (None, None) => {
                properties.remove(name);
            }
        }
    }
    text::count("additionalProperties", properties.len(), 100)?;
    for (name, value) in properties {
        text::length("additionalProperties", name, 1, 255)?;
        if value.to_string().len() > 8192 {
            return Err(Refusal::invalid(format!("additionalProperties.{name}: is too long")));
        }
    }
    Ok(())
}

fn settle_defaults(connector: Connector, document: &mut KeyManagerDocument) {
    let claim = |member: &mut Option<String>, default: &str| {
        if member.as_deref().is_none_or(str::is_empty) {
            *member = Some(default.to_owned());
        }
    };
    claim(&mut document.consumer_key_claim, connector.consumer_key_claim());
    claim(&mut document.scopes_claim, connector.scopes_claim());
    if document.display_name.as_deref().is_none_or(str::is_empty) {
        document.display_name = Some(document.name.clone());
    }
    for (member, default) in [
        (&mut document.enabled, true),
        (&mut document.enable_self_validation_jwt, true),
        (&mut document.enable_token_generation, false),
        (&mut document.enable_token_encryption, false),
        (&mut document.enable_token_hashing, false),
        (&mut document.enable_map_oauth_consumer_apps, false),
        (&mut document.enable_oauth_app_creation, false),
        (&mut document.global, false),
    ] {
        member.get_or_insert(default);
    }
    document.token_type.get_or_insert_default();
    document.permissions.get_or_insert_default().permission_type.get_or_insert_default();
}

fn require_endpoints(connector: Connector, document: &KeyManagerDocument) -> Outcome<()> {
    let required = connector.endpoints().iter().filter(|(_, required)| *required);
    let missing = required.filter(|(endpoint, _)| document.endpoint(*endpoint).is_none());
    let missing: Vec<&str> = missing.map(|(endpoint, _)| endpoint.name()).collect();
    let words = match missing.as_slice() {
        [] => return Ok(()),
        [one] => format!("Required endpoint {one} is missing."),
        several => format!("Required endpoints {} are missing.", several.join(", ")),
    };
    Err(Refusal::KeyManagerField(words))
}

/// The issuer and its keys: what JWTs are verified with.
fn check_trust(connector: Connector, document: &mut KeyManagerDocument) -> Outcome<()> {
    document.issuer = document.issuer.take().filter(|issuer| !issuer.is_empty());
    if let Some(issuer) = &document.issuer {
        check_issuer(issuer).map_err(|error| Refusal::invalid(format!("issuer: {error}")))?;
    }
    document.certificates = document.certificates.take().filter(|certificates| {
        certificates.value.as_ref().is_some_and(|value| !value.trim().is_empty())
    });
    if let Some(certificates) = &document.certificates {
        let value = certificates.value.as_deref().unwrap_or_default();
        match certificates.kind {
            Some(CertificateType::Jwks) => called("certificates.value", value)?,
            Some(CertificateType::Pem) => certificate::key_set(value)
                .map(drop)
                .map_err(|error| Refusal::invalid(format!("certificates.value: {error}")))?,
            None => return Err(Refusal::invalid("certificates.type: must not be null")),
        }
    }
    if connector == Connector::Resident {
        return Ok(());
    }
    // Also where JWTs of clients are introspected: what comes of that is a JWT, which is verified.
    let issuer = document.issuer.is_none().then_some("issuer is required to validate JWTs.");
    let keys = document.certificates.is_none();
    let keys = keys.then_some("certificates are required to validate JWTs.");
    let missing: Vec<&str> = issuer.into_iter().chain(keys).collect();
    if !missing.is_empty() {
        return Err(Refusal::KeyManagerField(missing.join(" ")));
    }
    if connector == Connector::Custom && document.enable_self_validation_jwt == Some(false) {
        let rule = "enableSelfValidationJWT: a key manager of this type has nobody to ask about a JWT: it has \
                    to be true";
        return Err(Refusal::invalid(rule));
    }
    Ok(())
}
