//! Identifiers and secrets, from the system's random numbers.

use aws_lc_rs::digest;
use aws_lc_rs::rand;
use base64::Engine;
use phantom_core::jwt::BASE64URL;
use phantom_terms::refusal::Refusal;
use secrecy::SecretString;
use uuid::Uuid;

/// What access tokens begin with; see [`ACCESS_TOKEN_PATTERN`].
const ACCESS_TOKEN_PREFIX: &str = "pgt_";
/// All of our access tokens, and hardly any other.
pub const ACCESS_TOKEN_PATTERN: &str = "pgt_[A-Za-z0-9_-]{43}";

/// The id of a new entity; later ones sort after earlier ones.
#[must_use]
pub fn id() -> Uuid {
    Uuid::now_v7()
}

/// 256 bits in 43 URL-safe characters.
pub fn secret() -> Result<SecretString, Refusal> {
    Ok(SecretString::from(text::<32>()?))
}

/// An access token of the resident key manager. Its beginning tells gateways, which hold tokens of
/// several servers, whose it is, and secret scanners that it is one.
pub fn access_token() -> Result<SecretString, Refusal> {
    Ok(SecretString::from(format!("{ACCESS_TOKEN_PREFIX}{}", text::<32>()?)))
}

/// A client identifier: 168 bits in 28 characters, as long as WSO2's. It begins as no option of a
/// command does.
pub fn client_id() -> Result<String, Refusal> {
    loop {
        let id = text::<21>()?;
        if !id.starts_with('-') {
            return Ok(id);
        }
    }
}

/// What a token is kept as.
#[must_use]
pub fn token_digest(token: &str) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, token.as_bytes());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}

/// In hexadecimal digits, as traces are named.
pub fn hexadecimal<const BYTES: usize>() -> Result<String, Refusal> {
    let mut bytes = [0; BYTES];
    rand::fill(&mut bytes).map_err(|_| Refusal::internal("the system gives no random numbers"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn text<const BYTES: usize>() -> Result<String, Refusal> {
    let mut bytes = [0; BYTES];
    rand::fill(&mut bytes).map_err(|_| Refusal::internal("the system gives no random numbers"))?;
    Ok(BASE64URL.encode(bytes))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_client_identifier_is_never_taken_for_an_option() {
        let ids = (0..1000).map(|_| client_id().unwrap());
        assert!(ids.into_iter().all(|id| id.len() == 28 && !id.starts_with('-')));
    }

    #[test]
    fn an_access_token_is_known_by_its_pattern() {
        let pattern = regex::Regex::new(&format!("^{ACCESS_TOKEN_PATTERN}$")).unwrap();
        assert!(pattern.is_match(access_token().unwrap().expose_secret()));
        assert!(!pattern.is_match(secret().unwrap().expose_secret()));
    }
}
