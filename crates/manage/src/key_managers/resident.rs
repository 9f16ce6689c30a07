//! The resident key manager: how it is shown may be changed, what it is may not.

use phantom_access::random;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::text;

use super::document::KeyManagerDocument;
use super::rules::Settled;
use super::rules::refuse_unenforced;
use crate::plans::known_roles;

/// An expression for all tokens that it issues, and hardly any other.
pub const OWN_TOKENS: &str = random::ACCESS_TOKEN_PATTERN;

/// What is stored, with the members of the request that may change.
pub(crate) fn settle(request: &KeyManagerDocument, before: &Settled) -> Outcome<Settled> {
    let mut after = before.clone();
    let document = &mut after.document;
    text::optional("displayName", request.display_name.as_deref(), 100)?;
    text::optional("description", request.description.as_deref(), 256)?;
    refuse_unenforced(request)?;
    let grants = &request.available_grant_types;
    text::count("availableGrantTypes", grants.len(), 64)?;
    grants.iter().try_for_each(|grant| text::length("availableGrantTypes", grant, 1, 255))?;
    if let Some(permissions) = &request.permissions {
        known_roles(&permissions.roles)?;
        document.permissions = Some(permissions.clone());
    }
    document.display_name.clone_from(&request.display_name);
    document.description.clone_from(&request.description);
    if !grants.is_empty() {
        document.available_grant_types.clone_from(grants);
    }
    for (member, new) in [
        (&mut document.enable_token_generation, request.enable_token_generation),
        (&mut document.enable_token_encryption, request.enable_token_encryption),
        (&mut document.enable_token_hashing, request.enable_token_hashing),
        (&mut document.enable_map_oauth_consumer_apps, request.enable_map_oauth_consumer_apps),
        (&mut document.enable_oauth_app_creation, request.enable_oauth_app_creation),
        (&mut document.enabled, request.enabled),
        (&mut document.global, request.global),
    ] {
        *member = new.or(*member);
    }
    match fixed_member_changed(request, &before.document) {
        Some(member) => Err(Refusal::ResidentKeyManager(member)),
        None => Ok(after),
    }
}

/// The first of the fixed members that the request gives another value.
fn fixed_member_changed(
    request: &KeyManagerDocument,
    before: &KeyManagerDocument,
) -> Option<&'static str> {
    fn changes<T: PartialEq>(new: Option<&T>, old: Option<&T>) -> bool {
        new.is_some() && new != old
    }
    fn texts(new: Option<&String>, old: Option<&String>) -> bool {
        changes(new.filter(|text| !text.is_empty()), old)
    }
    fn lists<T: PartialEq>(new: &[T], old: &[T]) -> bool {
        !new.is_empty() && new != old
    }
    let endpoint = crate::connector::Endpoint::ALL
        .into_iter()
        .find(|endpoint| texts(request.endpoint(*endpoint), before.endpoint(*endpoint)));
    let properties = &request.additional_properties;
    [
        (endpoint.is_some(), "endpoints"),
        (lists(&request.endpoints, &before.endpoints), "endpoints"),
        (
            texts(request.well_known_endpoint.as_ref(), before.well_known_endpoint.as_ref()),
            "wellKnownEndpoint",
        ),
        (texts(request.issuer.as_ref(), before.issuer.as_ref()), "issuer"),
        (texts(request.alias.as_ref(), before.alias.as_ref()), "alias"),
        (
            texts(
                request.scope_management_endpoint.as_ref(),
                before.scope_management_endpoint.as_ref(),
            ),
            "scopeManagementEndpoint",
        ),
        (changes(request.certificates.as_ref(), before.certificates.as_ref()), "certificates"),
        (
            texts(request.consumer_key_claim.as_ref(), before.consumer_key_claim.as_ref()),
            "consumerKeyClaim",
        ),
        (texts(request.scopes_claim.as_ref(), before.scopes_claim.as_ref()), "scopesClaim"),
        (lists(&request.claim_mapping, &before.claim_mapping), "claimMapping"),
        (lists(&request.token_validation, &before.token_validation), "tokenValidation"),
        (
            changes(
                request.enable_self_validation_jwt.as_ref(),
                before.enable_self_validation_jwt.as_ref(),
            ),
            "enableSelfValidationJWT",
        ),
        (changes(request.token_type.as_ref(), before.token_type.as_ref()), "tokenType"),
        (
            !properties.0.is_empty() && *properties != before.additional_properties,
            "additionalProperties",
        ),
        (
            lists(&request.allowed_organizations, &before.allowed_organizations),
            "allowedOrganizations",
        ),
    ]
    .into_iter()
    .find_map(|(changed, member)| changed.then_some(member))
}
