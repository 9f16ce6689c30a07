//! Keys of applications: which clients, at which key manager, act for them.

mod change;
mod document;
mod generate;
mod key_manager;
mod map;
mod rules;
mod token;

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_manage::lookup;
use phantom_manage::lookup::Source;
use phantom_manage::seed::RESIDENT_KIND;
use phantom_store::ClientRow;
use phantom_store::KeyMappingRow;
use phantom_store::MappedKey;
use phantom_store::Write;
use phantom_terms::refusal::Kind;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::stored;
use secrecy::SecretString;
use uuid::Uuid;

pub use change::regenerate_secret;
pub use change::update;
pub use document::KeyDocument;
pub use generate::GenerateRequest;
pub use generate::generate;
pub use key_manager::KeyManager;
pub use key_manager::key_managers;
pub use key_manager::unmet_keys;
pub use key_manager::unmet_keys_of;
pub use key_manager::visible_key_managers;
pub use map::MapRequest;
pub use map::map;
pub use phantom_store::MappedKeyType;
pub use phantom_store::MappingMode;
pub use rules::life;
pub use rules::scopes;
pub use token::ApplicationToken;
pub use token::TokenOrder;
pub use token::generate_token;

use crate::applications;

/// A key with what belongs to it.
#[derive(Clone, Debug)]
pub struct Key {
    pub row: KeyMappingRow,
    pub document: KeyDocument,
    /// The key manager's name.
    pub key_manager: String,
    pub secret: Option<SecretString>,
    /// Where one was just made: of the others there are digests alone.
    pub token: Option<ApplicationToken>,
}

impl Key {
    fn of(MappedKey { row, key_manager, client_secret, .. }: MappedKey) -> Outcome<Self> {
        let secret = match row.mode {
            MappingMode::Created => client_secret,
            MappingMode::Mapped => row.secret.clone(),
        };
        let document = stored::read(&row.document)?;
        Ok(Self { row, document, key_manager, secret, token: None })
    }
}

/// All keys of the caller's application.
pub async fn list(control: &Control, caller: &Caller, application: &str) -> Outcome<Vec<Key>> {
    let application = applications::own(&mut control.store(), caller, application).await?;
    of_application(control, application.id).await
}

/// In the order in which they were made.
pub async fn of_application(control: &Control, application: Uuid) -> Outcome<Vec<Key>> {
    control.store().mapped_keys(application).await?.into_iter().map(Key::of).collect()
}

/// The key with that id of the caller's application.
pub async fn find(control: &Control, caller: &Caller, application: &str, id: &str) -> Outcome<Key> {
    let row = own(&mut control.store(), caller, application, id).await?;
    complete(control, row.id).await
}

/// The resident key manager's key of that type, which is what the older operations are about.
pub async fn find_resident(
    control: &Control,
    caller: &Caller,
    application: &str,
    key_type: MappedKeyType,
) -> Outcome<Key> {
    let application = applications::own(&mut control.store(), caller, application).await?;
    let keys = control.store().mapped_keys(application.id).await?;
    let is_meant = |key: &MappedKey| key.row.key_type == key_type && key.kind == RESIDENT_KIND;
    let found = keys.into_iter().find(is_meant);
    Key::of(found.ok_or_else(|| Refusal::not_found(Kind::Key, key_type.as_str()))?)
}

/// Gateways refuse the key from here on. A client that was made for the application ends with it.
pub async fn delete(
    control: &Control,
    caller: &Caller,
    application: &str,
    id: &str,
) -> Outcome<()> {
    let mut write = control.write(caller).await?;
    let row = own(&mut write, caller, application, id).await?;
    if row.mode == MappingMode::Created && write.client(&row.consumer_key).await?.is_some() {
        write.delete_client(&row.consumer_key).await?;
    }
    write.delete_key_mapping(row.id).await?;
    Ok(write.commit().await?)
}

/// Takes back what was generated.
pub async fn clean_up(
    control: &Control,
    caller: &Caller,
    application: &str,
    id: &str,
) -> Outcome<()> {
    let key = find(control, caller, application, id).await?;
    if key.row.mode != MappingMode::Created {
        return Err(Refusal::invalid("The key was not generated here; remove it instead."));
    }
    delete(control, caller, application, id).await
}

/// The key with that id of the caller's application.
async fn own(
    source: &mut impl Source,
    caller: &Caller,
    application: &str,
    id: &str,
) -> Outcome<KeyMappingRow> {
    let application = applications::own(source, caller, application).await?;
    let row: KeyMappingRow = lookup::find(source, id).await?;
    if row.application == application.id {
        return Ok(row);
    }
    Err(Refusal::not_found(Kind::Key, id))
}

/// The client of a key at the resident key manager.
async fn resident_client(write: &mut Write, row: &KeyMappingRow) -> Outcome<ClientRow> {
    let key_manager = write.key_manager(row.key_manager).await?;
    let is_resident = key_manager.is_some_and(|each| each.kind == RESIDENT_KIND);
    let client = if is_resident { write.client(&row.consumer_key).await? } else { None };
    client.ok_or_else(|| {
        Refusal::invalid("Only the resident key manager does this; ask the key's own instead.")
    })
}

async fn complete(control: &Control, id: Uuid) -> Outcome<Key> {
    let gone = || Refusal::not_found(Kind::Key, &id.to_string());
    Key::of(control.store().mapped_key(id).await?.ok_or_else(gone)?)
}
