//! One credential as it was shown, by digests that mean nothing to other processes.

use std::net::IpAddr;

use aws_lc_rs::hmac;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use super::prefix::Prefix;

pub(super) struct Attempt<'a> {
    pub(super) name: &'a str,
    pub(super) address: Option<IpAddr>,
    pub(super) prefix: Prefix,
    /// Of the name, which may be of any length.
    pub(super) who: [u8; 32],
    /// Of name, prefix, what is kept and what was given: the same credential from the same place.
    /// With a new password or without the account it is another at once.
    pub(super) digest: [u8; 32],
    /// There is such an account.
    pub(super) is_real: bool,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(
        key: &hmac::Key,
        name: &'a str,
        kept: Option<&str>,
        given: &SecretString,
        address: Option<IpAddr>,
    ) -> Self {
        let prefix = Prefix::of(address);
        let who = digest(key, &[name.as_bytes()]);
        let place = prefix.number().to_be_bytes();
        let (is_real, kept) = (kept.is_some(), kept.unwrap_or_default().as_bytes());
        let digest = digest(key, &[&who, &place, kept, given.expose_secret().as_bytes()]);
        Self { name, address, prefix, who, digest, is_real }
    }
}

/// Of the parts, each with its length before it: they cannot run into each other.
fn digest(key: &hmac::Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.sign().as_ref());
    digest
}
