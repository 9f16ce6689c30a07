//! The gateway as OAuth client and JOSE verifier.
//!
//! Asks authorization servers about tokens (RFC 7662), authenticates to them, finds their metadata
//! and keys, and verifies what they sign. Every outgoing call has a deadline and a bound.
//!
//! What never lives here is a decision on a request, what is remembered of a token, or the store.

#![warn(missing_docs, clippy::missing_errors_doc)]
#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

mod access_token;
mod algorithm;
pub mod answer;
mod client_auth;
mod discovery;
pub mod egress;
mod file;
mod freshness;
mod guard;
mod introspect;
mod introspection;
mod jwk;
mod jwks;
mod key_manager;
mod kind;
mod mint;
mod refusal;
pub mod secret;
pub mod signing;
mod single_run;
#[cfg(test)]
mod test_support;
mod token_verifier;
mod typ;
pub mod verify;

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
pub use jwk::InvalidJwkSet;
pub use jwk::JwkSet;
pub use jwks::KeysUnavailable;
pub use jwks::RefreshCounts;
pub use key_manager::BuildError;
pub use key_manager::FieldError;
pub use key_manager::KeyManager;
pub use key_manager::KeyManagerConfig;
pub use key_manager::Keys;
pub use mint::Minter;
pub use refusal::Refusal;
pub use secret::SecretSource;
pub use token_verifier::VerifyError;
