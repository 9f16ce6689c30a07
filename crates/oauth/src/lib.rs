//! The gateway as OAuth client and JOSE verifier.
//!
//! Asks authorization servers about tokens (RFC 7662), authenticates to them, finds their metadata
//! and keys, and verifies what they sign. Every outgoing call has a deadline and a bound.

pub mod introspection;

pub use introspection::Freshness;
pub use introspection::Introspect;
pub use introspection::IntrospectError;
pub use introspection::Introspection;
