//! The gateway as OAuth client and JOSE verifier.
//!
//! Asks authorization servers about tokens (RFC 7662), authenticates to them, finds their metadata
//! and keys, and verifies what they sign. Every outgoing call has a deadline and a bound.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

mod access_token;
pub mod algorithm;
pub mod introspection;
pub mod jwk;
pub mod refusal;
mod typ;
mod verify;

pub use access_token::REQUIRED_CLAIMS;
pub use algorithm::Algorithm;
pub use algorithm::Algorithms;
pub use introspection::Freshness;
pub use introspection::Introspect;
pub use introspection::IntrospectError;
pub use introspection::Introspection;
pub use jwk::JwkSet;
pub use refusal::Refusal;
