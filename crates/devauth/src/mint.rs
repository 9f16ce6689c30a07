//! Unguessable values: tokens, codes, identifiers.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::{hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::DevAuthError;

/// Seeded once from the system's randomness; each value is HMAC-SHA-256 of a counter under that
/// seed. Nobody without the seed can tell it from 256 random bits, and minting cannot fail.
pub(crate) struct Mint {
    seed: hmac::Key,
    next: AtomicU64,
}

impl Mint {
    pub(crate) fn seeded() -> Result<Self, DevAuthError> {
        let mut seed = [0; 32];
        rand::fill(&mut seed).map_err(|_| DevAuthError::Randomness)?;
        Ok(Self { seed: hmac::Key::new(hmac::HMAC_SHA256, &seed), next: AtomicU64::new(0) })
    }

    /// An opaque access token. The prefix makes it recognisable in a log scanner; it says nothing.
    pub(crate) fn access_token(&self) -> String {
        format!("_0XBPWQQ_{}", self.value())
    }

    pub(crate) fn refresh_token(&self) -> String {
        format!("_1XBPWQQ_{}", self.value())
    }

    pub(crate) fn code(&self) -> String {
        self.value()
    }

    /// A `jti`.
    pub(crate) fn identifier(&self) -> String {
        self.value()
    }

    /// A number never given before by this mint.
    pub(crate) fn serial(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn value(&self) -> String {
        let tag = hmac::sign(&self.seed, &self.serial().to_be_bytes());
        URL_SAFE_NO_PAD.encode(tag)
    }
}

impl fmt::Debug for Mint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mint").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_256_bits_and_never_repeat() {
        let mint = Mint::seeded().unwrap();
        let values: std::collections::HashSet<String> = (0..1000).map(|_| mint.code()).collect();
        assert_eq!(values.len(), 1000);
        assert!(values.iter().all(|value| URL_SAFE_NO_PAD.decode(value).unwrap().len() == 32));
    }

    #[test]
    fn two_mints_share_no_value() {
        let (one, other) = (Mint::seeded().unwrap(), Mint::seeded().unwrap());
        assert_ne!(one.access_token(), other.access_token());
    }
}
