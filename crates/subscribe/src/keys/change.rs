//! Changes of keys that are there.

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_access::random;
use phantom_store::KeyManagerRow;
use phantom_store::MappingMode;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::stored;
use secrecy::SecretString;

use super::Key;
use super::KeyDocument;
use super::complete;
use super::generate::check_grants;
use super::key_manager::KeyManager;
use super::own;
use super::resident_client;

/// Other grants, another callback, other properties. Consumer key and secret stay.
pub async fn update(
    control: &Control,
    caller: &Caller,
    application: &str,
    id: &str,
    document: KeyDocument,
) -> Outcome<Key> {
    let mut write = control.write(caller).await?;
    let mut row = own(&mut write, caller, application, id).await?;
    if row.mode == MappingMode::Created {
        let key_manager: Option<KeyManagerRow> = write.key_manager(row.key_manager).await?;
        let key_manager =
            KeyManager::of(key_manager.ok_or(Refusal::internal("a key is of no key manager"))?)?;
        check_grants(&key_manager, &document)?;
        let mut client = resident_client(&mut write, &row).await?;
        client.grants.clone_from(&document.grant_types);
        client.callback_url.clone_from(&document.callback_url);
        write.update_client(&client).await?;
    }
    row.document = stored::write(&document)?;
    write.update_key_mapping(&row).await?;
    write.commit().await?;
    complete(control, row.id).await
}

/// The consumer key with its new secret. The old one is worth nothing from here on; tokens live on.
pub async fn regenerate_secret(
    control: &Control,
    caller: &Caller,
    application: &str,
    id: &str,
) -> Outcome<(String, SecretString)> {
    let mut write = control.write(caller).await?;
    let row = own(&mut write, caller, application, id).await?;
    if row.mode != MappingMode::Created {
        let description = "The key was not generated here; its key manager keeps the secret.";
        return Err(Refusal::invalid(description));
    }
    let mut client = resident_client(&mut write, &row).await?;
    client.secret = random::secret()?;
    write.update_client(&client).await?;
    write.commit().await?;
    Ok((row.consumer_key, client.secret))
}
