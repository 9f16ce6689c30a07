//! The cache key: a keyed hash of the token under one key manager (CAC-5, CAC-6).

use std::fmt;
use std::hash::BuildHasherDefault;
use std::hash::Hasher;

use aws_lc_rs::hmac;
use aws_lc_rs::rand;
use phantom_core::BearerToken;
use phantom_core::TokenDigest;
use zeroize::Zeroizing;

/// Separates these digests from every other use of the same secret; changes with the encoding.
const DOMAIN: &[u8] = b"phantom-gateway token digest 1";

/// Keys all digests of a process, so that none of them means anything outside of it.
pub struct CacheSecret(Zeroizing<[u8; 32]>);

impl CacheSecret {
    /// A secret that others share: digests by one are digests by the other.
    #[must_use]
    pub fn new(secret: [u8; 32]) -> Self {
        Self(Zeroizing::new(secret))
    }

    /// A fresh secret, which is all one node needs: the cache dies with the process.
    ///
    /// # Panics
    /// Where the operating system has no randomness to give. Called at start, never on a request.
    #[must_use]
    pub fn random() -> Self {
        let mut secret = Zeroizing::new([0; 32]);
        assert!(rand::fill(secret.as_mut()).is_ok(), "the system's random number generator failed");
        Self(secret)
    }
}

impl fmt::Debug for CacheSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CacheSecret(redacted)")
    }
}

/// Makes the digests of one key manager.
///
/// Whatever a verdict belongs to is in the key, each part length-prefixed, so that no two lists of
/// parts give one key. The token is then the whole message and needs no prefix: HMAC is injective
/// in it up to collisions of the hash. Hashing the identity once leaves one short HMAC per request.
pub(crate) struct DigestKey(hmac::Key);

impl DigestKey {
    pub(crate) fn new(secret: &CacheSecret, identity: &[&[u8]]) -> Self {
        let mut context =
            hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret.0.as_slice()));
        for part in std::iter::once(&DOMAIN).chain(identity) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut key = Zeroizing::new([0; 32]);
        copy_mac(&mut key, &context.sign());
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()))
    }

    pub(crate) fn digest(&self, token: BearerToken<'_>) -> TokenDigest {
        let mut mac = [0; 32];
        copy_mac(&mut mac, &hmac::sign(&self.0, token.expose().as_bytes()));
        TokenDigest::new(mac)
    }
}

/// Copies all 32 bytes that HMAC-SHA-256 has.
fn copy_mac(to: &mut [u8; 32], tag: &hmac::Tag) {
    for (to, from) in to.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
}

/// Takes eight bytes of the digest for the hash: they are uniform already, and keyed by a secret,
/// so that nobody can choose tokens that collide.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DigestHasher(u64);

pub(crate) type DigestBuildHasher = BuildHasherDefault<DigestHasher>;

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_ne_bytes(*first);
        }
    }

    /// The length prefix of the array: the same for all digests.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests;
