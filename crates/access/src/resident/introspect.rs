//! Introspection (RFC 7662), for gateways, and for administrators and their clients: anybody else could
//! try strings until one is a token (§4).

use std::net::IpAddr;

use phantom_store::ClientPurpose;
use phantom_store::ClientRow;
use phantom_store::TokenKind;
use phantom_store::TokenRow;
use phantom_terms::refusal::Refusal;
use secrecy::SecretString;

use super::GATEWAY_CLIENT;
use super::OAuthRefusal;
use crate::plane::Control;
use crate::plane::Means;
use crate::random;
use crate::roles::Role;

/// What is known of an access token, if it is active.
pub async fn introspect(control: &Control, token: &str) -> Result<Option<TokenRow>, OAuthRefusal> {
    let row = control.store().token(&random::token_digest(token)).await?;
    let now = control.now();
    Ok(row.filter(|row| row.kind == TokenKind::Access && now < row.expires_at))
}

/// The name is a client's, or else a user's, as WSO2 has it. What is wrong takes the same time whether
/// it is a client's name, a user's or nobody's.
pub async fn require_introspector_named(
    control: &Control,
    name: &str,
    password: &SecretString,
    address: Option<IpAddr>,
) -> Result<(), OAuthRefusal> {
    let sign_in = control.sign_in();
    let Some(row) = control.store().client(name).await? else {
        let user = sign_in.user(control.store(), name, password, address).await;
        let user = user.map_err(|refusal| match refusal {
            Refusal::Unauthenticated => OAuthRefusal::InvalidClient,
            refusal => refusal.into(),
        })?;
        // As everywhere, WSO2 tells no difference to users without the role.
        let is_admin = user.roles.contains(&Role::Admin);
        return if is_admin { Ok(()) } else { Err(OAuthRefusal::InvalidClient) };
    };
    match sign_in.client(name, Some(row), password, address)? {
        Some(client) => require_introspector(control, &client).await,
        None => {
            sign_in.spend(password, address).await?;
            Err(OAuthRefusal::InvalidClient)
        }
    }
}

/// The gateways' client, or one that an administrator registered and that acts for it.
pub async fn require_introspector(
    control: &Control,
    client: &ClientRow,
) -> Result<(), OAuthRefusal> {
    let is_registered = client.purpose == ClientPurpose::Registered;
    if is_registered && client.name == GATEWAY_CLIENT {
        return Ok(());
    }
    let owner = control.store().user(&client.owner).await?.filter(|_| is_registered);
    let is_admins = owner.is_some_and(|owner| owner.is_administrator());
    if is_admins { Ok(()) } else { Err(OAuthRefusal::MayNotIntrospect) }
}
