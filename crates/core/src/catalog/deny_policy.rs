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
