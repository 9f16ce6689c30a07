//! Keys that are there already, at whatever key manager, become an application's.

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_access::random;
use phantom_manage::seed::RESIDENT_KIND;
use phantom_store::KeyManagerRow;
use phantom_store::KeyMappingRow;
use phantom_store::MappedKeyType;
use phantom_store::MappingMode;
use phantom_store::Write;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::stored;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use subtle::ConstantTimeEq;

use super::Key;
use super::KeyDocument;
use super::key_manager;
use crate::applications;

#[derive(Debug)]
pub struct MapRequest {
    pub consumer_key: String,
    pub consumer_secret: Option<SecretString>,
    /// Name or id; none is the resident one.
    pub key_manager: Option<String>,
    pub key_type: MappedKeyType,
}

/// Whether the key manager is meant for out-of-band provisioning does not matter: WSO2 looks at
/// that switch in its pages alone, and the tutorial has it off.
pub async fn map(
    control: &Control,
    caller: &Caller,
    application: &str,
    request: MapRequest,
) -> Outcome<Key> {
    let mut write = control.write(caller).await?;
    let application = applications::own(&mut write, caller, application).await?;
    let key_manager = key_manager::asked_for(&mut write, request.key_manager.as_deref()).await?;
    let key_manager = key_manager.filter(|each| each.row.enabled).ok_or(Refusal::KeyManagerAway)?;
    key_manager.require_visible(caller)?;
    if key_manager.only_exchanges() {
        return Err(Refusal::CreatesNoClients);
    }
    let mapped = write.key_mappings(application.id).await?;
    let is_of_its_type = |row: &KeyMappingRow| {
        row.key_manager == key_manager.row.id && row.key_type == request.key_type
    };
    if let Some(row) = mapped.into_iter().find(is_of_its_type) {
        return match is_same(&row, &request) {
            true => super::complete(control, row.id).await,
            false => Err(Refusal::OtherKeyExists),
        };
    }
    if write.key_mapping_of(key_manager.row.id, &request.consumer_key).await?.is_some() {
        return Err(Refusal::KeyTaken);
    }
    check_client(control, caller, &mut write, &key_manager.row, &request).await?;
    let document = KeyDocument::default();
    let row = KeyMappingRow {
        id: random::id(),
        application: application.id,
        key_manager: key_manager.row.id,
        key_type: request.key_type,
        consumer_key: request.consumer_key,
        secret: request.consumer_secret,
        mode: MappingMode::Mapped,
        document: stored::write(&document)?,
        created_at: control.now(),
    };
    write.insert_key_mapping(&row).await.map_err(Refusal::if_duplicate(|| Refusal::KeyTaken))?;
    write.commit().await?;
    let secret = row.secret.clone();
    Ok(Key { row, document, key_manager: key_manager.row.name, secret, token: None })
}

/// Whether what is asked for is what there is: a script that runs twice has done its work once. Another
/// secret would be lost in silence, so it is another mapping.
fn is_same(row: &KeyMappingRow, request: &MapRequest) -> bool {
    let secrets = [&row.secret, &request.consumer_secret];
    let [there, asked] = secrets.map(|secret| secret.as_ref().map(SecretString::expose_secret));
    let is_same_secret = match (there, asked) {
        (_, None) => true,
        (Some(there), Some(asked)) => there.as_bytes().ct_eq(asked.as_bytes()).into(),
        (None, Some(_)) => false,
    };
    row.mode == MappingMode::Mapped && row.consumer_key == request.consumer_key && is_same_secret
}

/// The resident key manager knows its clients: only who holds the secret may take one for an
/// application. What other key managers know is theirs.
async fn check_client(
    control: &Control,
    caller: &Caller,
    write: &mut Write,
    key_manager: &KeyManagerRow,
    request: &MapRequest,
) -> Outcome<()> {
    if key_manager.kind != RESIDENT_KIND {
        return Ok(());
    }
    if let Some(secret) = &request.consumer_secret {
        let key = &request.consumer_key;
        let client = write.client(key).await?;
        if control.sign_in().client(key, client, secret, caller.address)?.is_some() {
            return Ok(());
        }
    }
    Err(Refusal::invalid("The consumer key or its secret is wrong for this key manager."))
}
