//! Keys that are made for an application, at the resident key manager.

use std::time::Duration;

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_access::random;
use phantom_access::resident;
use phantom_store::ApplicationRow;
use phantom_store::ClientPurpose;
use phantom_store::ClientRow;
use phantom_store::KeyMappingRow;
use phantom_store::MappedKeyType;
use phantom_store::MappingMode;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::stored;

use super::Key;
use super::KeyDocument;
use super::key_manager;
use super::key_manager::KeyManager;
use super::token;
use crate::applications;

#[derive(Clone, Debug)]
pub struct GenerateRequest {
    pub key_type: MappedKeyType,
    /// Name or id; none is the resident one.
    pub key_manager: Option<String>,
    /// Of the first token, and how long it lives.
    pub scopes: Vec<String>,
    pub life: Duration,
    pub document: KeyDocument,
}

pub async fn generate(
    control: &Control,
    caller: &Caller,
    application: &str,
    request: GenerateRequest,
) -> Outcome<Key> {
    let mut write = control.write(caller).await?;
    let application = applications::own(&mut write, caller, application).await?;
    let key_manager = key_manager::asked_for(&mut write, request.key_manager.as_deref()).await?;
    let key_manager = key_manager.ok_or(Refusal::KeyManagerAway)?;
    if !key_manager.row.enabled {
        return Err(Refusal::KeyManagerDisabled);
    }
    key_manager.require_visible(caller)?;
    if !key_manager.creates_clients() {
        return Err(Refusal::CreatesNoClients);
    }
    check_grants(&key_manager, &request.document)?;
    let mapped = write.key_mappings(application.id).await?;
    let is_same = |row: &KeyMappingRow| {
        row.key_manager == key_manager.row.id && row.key_type == request.key_type
    };
    if mapped.iter().any(is_same) {
        return Err(Refusal::KeyTypeExists);
    }
    let client = new_client(control, &application, &request)?;
    let row = KeyMappingRow {
        id: random::id(),
        application: application.id,
        key_manager: key_manager.row.id,
        key_type: request.key_type,
        consumer_key: client.client_id.clone(),
        // The client's own; kept there alone.
        secret: None,
        mode: MappingMode::Created,
        document: stored::write(&request.document)?,
        created_at: control.now(),
    };
    write.insert_client(&client).await?;
    write
        .insert_key_mapping(&row)
        .await
        .map_err(Refusal::if_duplicate(|| Refusal::KeyTypeExists))?;
    let token = match token::is_granted_to(&client) {
        true => {
            let GenerateRequest { scopes, life, .. } = request;
            Some(token::issue(control, &mut write, &client, scopes, life).await?)
        }
        false => None,
    };
    write.commit().await?;
    let (document, key_manager) = (request.document, key_manager.row.name);
    Ok(Key { row, document, key_manager, secret: Some(client.secret), token })
}

/// Grants are those the key manager has. Those that come back by a redirect say where to, and there is
/// no endpoint that they would begin at unless the key manager names them.
pub(super) fn check_grants(key_manager: &KeyManager, document: &KeyDocument) -> Outcome<()> {
    const REDIRECTING: [&str; 2] = ["authorization_code", "implicit"];
    let grants = &document.grant_types;
    let known = &key_manager.settings.available_grant_types;
    let redirects = grants.iter().any(|grant| REDIRECTING.contains(&grant.as_str()));
    let unsupported = grants.iter().find(|grant| !known.contains(grant));
    let unsupported = unsupported
        .map(|grant| format!("The grant type '{grant}' is not supported by the key manager."));
    let callback = (redirects && document.callback_url.is_none())
        .then(|| "callbackUrl: must be given for authorization_code and implicit.".to_owned());
    let wrong: Vec<_> = callback.into_iter().chain(unsupported).collect();
    if !wrong.is_empty() {
        return Err(Refusal::invalid(wrong.join(" ")));
    }
    Ok(())
}

fn new_client(
    control: &Control,
    application: &ApplicationRow,
    request: &GenerateRequest,
) -> Outcome<ClientRow> {
    let ApplicationRow { name, owner, .. } = application;
    let name = format!("{owner}_{name}_{}", request.key_type.as_str());
    let client = resident::new_client(name, owner, ClientPurpose::ApplicationKey, control.now())?;
    let KeyDocument { grant_types, callback_url, .. } = request.document.clone();
    Ok(ClientRow { grants: grant_types, callback_url, ..client })
}
