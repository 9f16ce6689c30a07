//! Passwords of users: Argon2id, on a bounded number of threads.

use std::time::Duration;

use argon2::Algorithm;
use argon2::Argon2;
use argon2::Params;
use argon2::PasswordHash;
use argon2::PasswordHasher;
use argon2::PasswordVerifier;
use argon2::Version;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use tokio::sync::Semaphore;
use tokio::time::timeout;

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("a password has 1 to 1024 bytes")]
    Length,
    #[error("too many passwords are being checked")]
    Busy,
    #[error("the password could not be hashed")]
    Failed,
}

/// The PHC string of a new hash.
pub async fn hash(password: &SecretString) -> Result<String, PasswordError> {
    if !fits(password) {
        return Err(PasswordError::Length);
    }
    let password = password.clone();
    on_a_worker(move || {
        let hash: PasswordHash = argon2()?
            .hash_password(password.expose_secret().as_bytes())
            .map_err(|_| PasswordError::Failed)?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether the password is the one of the hash. What is not a hash matches nothing.
pub async fn verify(password: &SecretString, hash: &str) -> Result<bool, PasswordError> {
    if !fits(password) {
        return Ok(false);
    }
    let (password, hash) = (password.clone(), hash.to_owned());
    on_a_worker(move || {
        let verified =
            argon2()?.verify_password(password.expose_secret().as_bytes(), hash.as_str());
        Ok(verified.is_ok())
    })
    .await
}

/// Each worker needs 19 MiB: this bounds what a flood of sign-ins can take.
static WORKERS: Semaphore = Semaphore::const_new(4);

/// How long a sign-in waits for a worker.
const PATIENCE: Duration = Duration::from_secs(5);

async fn on_a_worker<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
) -> Result<T, PasswordError> {
    let Ok(Ok(permit)) = timeout(PATIENCE, WORKERS.acquire()).await else {
        return Err(PasswordError::Busy);
    };
    let done = tokio::task::spawn_blocking(move || {
        // Held by the work itself: a caller that went away must not make room for another.
        let _permit = permit;
        work()
    });
    done.await.map_err(|_| PasswordError::Failed)?
}

/// OWASP's first choice: 19 MiB, two passes, one lane.
fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let parameters = Params::new(19 * 1024, 2, 1, None).map_err(|_| PasswordError::Failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters))
}

fn fits(password: &SecretString) -> bool {
    (1..=1024).contains(&password.expose_secret().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_of_the_hash_verifies() {
        let password = SecretString::from("correct horse ☃");
        let hash = hash(&password).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify(&password, &hash).await.unwrap());
        assert!(!verify(&SecretString::from("correct horse"), &hash).await.unwrap());
        assert!(!verify(&password, "not a hash").await.unwrap());
    }

    #[tokio::test]
    async fn the_same_password_is_never_hashed_the_same_way() {
        let password = SecretString::from("admin");
        assert_ne!(hash(&password).await.unwrap(), hash(&password).await.unwrap());
    }

    #[tokio::test]
    async fn a_password_without_end_is_refused_before_it_costs_anything() {
        let endless = SecretString::from("x".repeat(1025));
        assert!(matches!(hash(&endless).await, Err(PasswordError::Length)));
        assert!(!verify(&endless, "$argon2id$").await.unwrap());
        assert!(matches!(hash(&SecretString::from("")).await, Err(PasswordError::Length)));
    }
}
