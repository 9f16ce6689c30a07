//! Clients: who they are, and new ones.

use std::net::IpAddr;

use phantom_core::UnixTime;
use phantom_store::ClientPurpose;
use phantom_store::ClientRow;
use phantom_terms::refusal::Outcome;
use secrecy::SecretString;
use serde_json::json;

use super::OAuthRefusal;
use crate::plane::Control;
use crate::plane::Means;
use crate::random;

/// The client of that id, if the secret is its own.
pub async fn authenticate(
    control: &Control,
    id: &str,
    secret: &SecretString,
    address: Option<IpAddr>,
) -> Result<ClientRow, OAuthRefusal> {
    let row = control.store().client(id).await?;
    let row = control.sign_in().client(id, row, secret, address)?;
    row.ok_or(OAuthRefusal::InvalidClient)
}

/// A client with an id and a secret of its own, and no grant yet.
pub fn new_client(
    name: impl Into<String>,
    owner: impl Into<String>,
    purpose: ClientPurpose,
    now: UnixTime,
) -> Outcome<ClientRow> {
    Ok(ClientRow {
        client_id: random::client_id()?,
        name: name.into(),
        owner: owner.into(),
        secret: random::secret()?,
        grants: Vec::new(),
        callback_url: None,
        token_type: "DEFAULT".to_owned(),
        purpose,
        document: json!({}),
        created_at: now,
    })
}
