//! The key of the resident authorization server.

use base64::Engine;
use phantom_core::UnixTime;
use phantom_core::jwt::BASE64URL;
use phantom_oauth::Minter;
use phantom_store::SecretName;
use phantom_store::Store;
use phantom_terms::refusal::Refusal;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::caller::system;

/// The key that JWTs for tokens of our own are signed with, as PKCS#8; made at first use. One for
/// all nodes of the store: backends verify with the key set of any.
pub async fn signing_key(store: &Store, now: UnixTime) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let mut write = store.write(&system(), now).await?;
    if let Some(kept) = write.secret(SecretName::SigningKey).await? {
        let key = BASE64URL
            .decode(kept.expose_secret())
            .map_err(Refusal::because("the signing key in the store is none"))?;
        return Ok(Zeroizing::new(key));
    }
    let key = Minter::generate_key().map_err(Refusal::because("no signing key can be made"))?;
    let text = SecretString::from(BASE64URL.encode(&key));
    write.insert_secret(SecretName::SigningKey, &text).await?;
    write.commit().await?;
    Ok(key)
}
