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
pub mod answer;
pub mod client_auth;
pub mod discovery;
pub mod egress;
mod file;
mod freshness;
mod guard;
mod introspect;
pub mod introspection;
pub mod jwk;
pub mod jwks;
pub mod key_manager;
mod kind;
pub mod mint;
pub mod refusal;
pub mod secret;
pub mod signing;
mod single_run;
#[cfg(test)]
mod test_support;
pub mod token_verifier;
mod typ;
pub mod verify;

pub use access_token::REQUIRED_CLAIMS;
pub use algorithm::Algorithm;
pub use algorithm::Algorithms;
pub use answer::ResponseFormat;
pub use client_auth::AssertionAudience;
pub use client_auth::AssertionOptions;
pub use client_auth::ClientAuth;
pub use discovery::WellKnown;
pub use guard::Load;
pub use introspect::Claimed;
pub use introspect::Examined;
pub use introspect::Trouble;
pub use introspection::Freshness;
pub use introspection::Introspect;
pub use introspection::IntrospectError;
pub use introspection::Introspection;
pub use introspection::NotAsked;
pub use introspection::Why;
pub use jwk::JwkSet;
pub use key_manager::BuildError;
pub use key_manager::KeyManager;
pub use key_manager::KeyManagerConfig;
pub use key_manager::Keys;
pub use mint::Minter;
pub use refusal::Refusal;
pub use secret::SecretSource;
pub use token_verifier::VerifyError;
