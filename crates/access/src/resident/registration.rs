//! Clients that register themselves, in their owner's name. One name is one client.

use phantom_store::ClientPurpose;
use phantom_store::ClientRow;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use serde_json::json;

use super::GATEWAY_CLIENT;
use super::new_client;
use crate::caller::Caller;
use crate::plane::Control;
use crate::plane::Means;

/// What a client says of itself.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Identifies the client in the whole organisation.
    pub name: String,
    /// The user it belongs to.
    pub owner: String,
    pub grants: Vec<String>,
    pub callback_url: Option<String>,
    pub token_type: Option<String>,
    pub saas: bool,
}

/// Users register clients; of clients those alone that administer.
pub fn require_registrar(caller: &Caller) -> Outcome<()> {
    match caller.client.is_none() || caller.holds_any(&["admin"]) {
        true => Ok(()),
        false => Err(Refusal::Unauthenticated),
    }
}

/// The client of that name, made now or before.
pub async fn register(
    control: &Control,
    caller: &Caller,
    registration: Registration,
) -> Outcome<ClientRow> {
    let name = registration.name.trim();
    if name.is_empty() || name.chars().count() > 255 {
        return Err(Refusal::invalid("clientName: size must be between 1 and 255"));
    }
    if name == GATEWAY_CLIENT {
        // Who holds its secret may ask about everybody's tokens.
        return Err(Refusal::forbidden("The client of this name belongs to the gateways"));
    }
    let owner = registration.owner.trim();
    let owner = owner.strip_suffix("@carbon.super").unwrap_or(owner);
    check_owner(control, caller, owner).await?;
    let mut write = control.write(caller).await?;
    if let Some(row) = write.registered_client(name).await? {
        return match row.owner == owner {
            true => Ok(row),
            false => Err(Refusal::forbidden("Access is forbidden to the application")),
        };
    }
    let client = new_client(name, owner, ClientPurpose::Registered, control.now())?;
    let row = described(client, registration);
    write.insert_client(&row).await.map_err(Refusal::if_duplicate(|| {
        Refusal::conflict("The client was registered by another request meanwhile.")
    }))?;
    write.commit().await?;
    Ok(row)
}

async fn check_owner(control: &Control, caller: &Caller, owner: &str) -> Outcome<()> {
    if owner.is_empty() {
        return Err(Refusal::NoOwner);
    }
    if owner == caller.name {
        return Ok(());
    }
    if !caller.is_admin() {
        return Err(Refusal::invalid(format!(
            "Logged in user '{}' and application owner '{owner}' should be same.",
            caller.name
        )));
    }
    match control.store().user(owner).await? {
        Some(_) => Ok(()),
        None => Err(Refusal::UnknownOwner(owner.to_owned())),
    }
}

fn described(client: ClientRow, registration: Registration) -> ClientRow {
    let Registration { mut grants, callback_url, token_type, saas, .. } = registration;
    let callback_url = callback_url.map(|url| url.trim().to_owned()).filter(|url| !url.is_empty());
    if callback_url.is_none() {
        // These need a place to come back to; without one WSO2 drops them without a word.
        grants.retain(|grant| !matches!(&**grant, "authorization_code" | "implicit"));
    }
    let token_type = token_type.unwrap_or(client.token_type);
    ClientRow { grants, callback_url, token_type, document: json!({"saasApp": saas}), ..client }
}
