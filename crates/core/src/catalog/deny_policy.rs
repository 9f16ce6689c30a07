//! Deny policies: who gets through to no managed API.

use std::net::IpAddr;

use serde::Deserialize;
use serde::Serialize;

/// Only those that are switched on are in a catalog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DenyPolicy {
    /// By the path it is served at, version included.
    Api(Box<str>),
    /// The application of that owner and name.
    Application {
        /// User name of its subscriber.
        owner: Box<str>,
        /// Its name among the owner's.
        name: Box<str>,
    },
    /// Both ends are in it, and both are of one family.
    Addresses {
        /// The lowest.
        first: IpAddr,
        /// The highest.
        last: IpAddr,
        /// Everybody else is denied instead.
        invert: bool,
    },
    /// By the token's subject.
    User(Box<str>),
}

impl DenyPolicy {
    /// Whether it is about addresses, and lets through nothing that comes from this one. A mapped IPv4 address
    /// (RFC 4291 section 2.5.5.2) is the IPv4 address.
    #[must_use]
    pub fn denies_address(&self, peer: IpAddr) -> bool {
        let Self::Addresses { first, last, invert } = self else { return false };
        let (peer, first, last) = (peer.to_canonical(), first.to_canonical(), last.to_canonical());
        let is_within = first.is_ipv4() == peer.is_ipv4() && first <= peer && peer <= last;
        is_within != *invert
    }
}
