//! Passwords of users: Argon2id, on few threads that keep their memory, with few waiting.

mod pool;

use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use argon2::Algorithm;
use argon2::Argon2;
use argon2::Block;
use argon2::Params;
use argon2::PasswordHash;
use argon2::RECOMMENDED_SALT_LEN;
use argon2::Version;
use argon2::password_hash::phc::Output;
use argon2::password_hash::phc::ParamsString;
use argon2::password_hash::phc::Salt;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use pool::Limits;
pub use pool::Place;
use pool::Pool;

/// Why there is no hash, or no verdict.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Nothing was hashed.
    #[error("a password has 1 to {LONGEST} bytes")]
    Length,
    /// Nothing was hashed.
    #[error("too many passwords are being checked")]
    Busy,
    /// No random bytes, or the thread broke down.
    #[error("the password could not be hashed")]
    Failed,
}

/// In bytes. More is no password but somebody's attempt to keep us busy.
const LONGEST: usize = 1024;

/// OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const HASH_BYTES: usize = Params::DEFAULT_OUTPUT_LEN;

/// For names that nobody has: costs what a kept hash costs, and no password is known to fit.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA\
                       $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static POOL: LazyLock<Arc<Pool>> = LazyLock::new(|| Arc::new(Pool::new(Limits::of_this_machine())));

static HASHED: AtomicU64 = AtomicU64::new(0);

/// The number of passwords that this process has hashed.
#[must_use]
pub fn hashed() -> u64 {
    HASHED.load(Ordering::Relaxed)
}

/// The PHC string of a new hash.
///
/// # Errors
///
/// [`PasswordError::Length`], [`PasswordError::Busy`] or [`PasswordError::Failed`].
pub async fn hash(password: &SecretString) -> Result<String, PasswordError> {
    if !fits(password) {
        return Err(PasswordError::Length);
    }
    let password = password.clone();
    // Operators and first starts set passwords; nobody from outside can.
    let work = move |memory: &mut [Block]| new_hash(memory, password.expose_secret().as_bytes());
    POOL.run(Place::Trusted, work).await?.ok_or(PasswordError::Failed)
}

/// Returns whether the password is the one of the hash. What is not a hash matches nothing; no hash at all
/// takes as long as one that does not match.
///
/// # Errors
///
/// [`PasswordError::Busy`] or [`PasswordError::Failed`]: it is not known whether it fits.
pub async fn verify(
    password: &SecretString,
    hash: Option<&str>,
    place: Place,
) -> Result<bool, PasswordError> {
    if !fits(password) {
        return Ok(false);
    }
    let (password, kept) = (password.clone(), hash.unwrap_or(NOBODYS).to_owned());
    let work = move |memory: &mut [Block]| {
        matches(memory, password.expose_secret().as_bytes(), &kept).unwrap_or(false)
    };
    Ok(POOL.run(place, work).await? && hash.is_some())
}

fn new_hash(memory: &mut [Block], password: &[u8]) -> Option<String> {
    let mut salt = [0; RECOMMENDED_SALT_LEN];
    aws_lc_rs::rand::fill(&mut salt).ok()?;
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).ok()?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).ok()?,
        salt: Some(Salt::new(&salt).ok()?),
        hash: Some({
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let mut out = [0; HASH_BYTES];
            argon2.hash_password_into_with_memory(password, &salt, &mut out, memory).ok()?;
            Output::new(&out).ok()?
        }),
    };
    HASHED.fetch_add(1, Ordering::Relaxed);
    Some(hash.to_string())
}

/// `None` where the text is no hash, or one that needs more memory than there is.
fn matches(memory: &mut [Block], password: &[u8], kept: &str) -> Option<bool> {
    let kept = PasswordHash::new(kept).ok()?;
    let (salt, expected) = (kept.salt?, kept.hash?);
    let algorithm = Algorithm::try_from(kept.algorithm.as_str()).ok()?;
    let version = kept.version.map(Version::try_from).transpose().ok()?.unwrap_or_default();
    let argon2 = Argon2::new(algorithm, version, Params::try_from(&kept).ok()?);
    let mut buffer = [0; Output::MAX_LENGTH];
    let out = buffer.get_mut(..expected.len())?;
    argon2.hash_password_into_with_memory(password, &salt, out, memory).ok()?;
    HASHED.fetch_add(1, Ordering::Relaxed);
    // Takes the same time wherever they differ.
    Some(Output::new(out).ok()? == expected)
}

fn fits(password: &SecretString) -> bool {
    (1..=LONGEST).contains(&password.expose_secret().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place::Trusted;

    #[tokio::test]
    async fn only_the_password_of_the_hash_verifies() {
        let password = SecretString::from("correct horse ☃");
        let hash = hash(&password).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify(&password, Some(&hash), PLACE).await.unwrap());
        let other = SecretString::from("correct horse");
        assert!(!verify(&other, Some(&hash), PLACE).await.unwrap());
        assert!(!verify(&password, Some("not a hash"), PLACE).await.unwrap());
        assert!(!verify(&password, None, PLACE).await.unwrap());
    }

    /// The hash is one of the reference implementation's own examples.
    #[tokio::test]
    async fn hashes_of_others_verify_and_those_that_need_more_memory_do_not() {
        let password = SecretString::from("password");
        let small = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ\
                     $nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        assert!(verify(&password, Some(small), PLACE).await.unwrap());
        let large = small.replace("m=256", "m=4194304");
        assert!(!verify(&password, Some(&large), PLACE).await.unwrap());
    }

    #[test]
    fn nobodys_hash_costs_what_a_new_one_costs() {
        let mut memory = vec![Block::new(); MEMORY_KIB as usize];
        let new = new_hash(&mut memory, b"password").unwrap();
        let cost = |text: &str| {
            let hash = PasswordHash::new(text).unwrap();
            let lengths = (hash.salt.unwrap().len(), hash.hash.unwrap().len());
            (hash.algorithm, hash.version, hash.params, lengths)
        };
        assert_eq!(cost(NOBODYS), cost(&new));
        assert_eq!(matches(&mut memory, b"password", NOBODYS), Some(false));
        assert_eq!(matches(&mut memory, b"password", &new), Some(true));
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
        // Whether there is such a name or not: the answer is the same.
        for kept in [Some("$argon2id$"), None] {
            assert!(!verify(&endless, kept, PLACE).await.unwrap());
        }
        assert!(matches!(hash(&SecretString::from("")).await, Err(PasswordError::Length)));
    }
}
