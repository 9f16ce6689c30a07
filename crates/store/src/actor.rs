//! Who writes, for the audit.

use std::net::IpAddr;

/// The user or client behind a write, and where the request came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// A user's name; what the program does by itself has one too, such as `system`.
    pub name: String,
    /// `None` for what the program does by itself.
    pub address: Option<IpAddr>,
}
