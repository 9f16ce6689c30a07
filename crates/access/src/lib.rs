//! Who asks, and what they may do: callers and their rights, users and their sessions, passwords checked
//! slowly, the resident authorization server, tokens that end early. And [`Control`], the plane that
//! all of it is asked of, with what use cases work with.
//!
//! What never lives here is what callers manage: an API, an application, a plan, a key manager.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

pub mod caller;
pub mod explain;
pub mod plane;
pub mod random;
pub mod resident;
pub mod revocations;
pub mod rights;
pub mod roles;
pub mod sessions;
pub mod sign_in;
pub mod users;

pub use plane::Control;
pub use plane::Settings;
