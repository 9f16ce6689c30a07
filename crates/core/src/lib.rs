//! The vocabulary of the gateway and its pure decisions.
//!
//! No I/O, no clock, no async, no randomness: time is an argument, and what cannot be proven by a
//! value of a type here is not decided here.

#![warn(missing_docs, clippy::missing_errors_doc)]
#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

pub mod address;
pub mod api;
pub mod audience;
pub mod authorize;
pub mod catalog;
pub mod causes;
pub mod claims;
pub mod credential_field;
pub mod deny;
pub mod endpoint;
mod held_back;
pub mod issuer;
pub mod json;
pub mod jwt;
pub mod peer;
pub mod places;
pub mod quota;
pub mod room;
pub mod scope;
pub mod server_url;
pub mod statement;
mod subscription;
pub mod template;
pub mod time;
pub mod token;
pub mod traffic;

pub use api::Access;
pub use api::Protection;
pub use api::Trust;
pub use audience::Audience;
pub use authorize::Permit;
pub use authorize::authorize;
pub use authorize::authorize_call;
pub use claims::ClaimPath;
pub use claims::ClaimRule;
pub use claims::Claims;
pub use deny::Deny;
pub use deny::DenyReason;
pub use endpoint::Endpoint;
pub use held_back::HeldBack;
pub use peer::Peer;
pub use scope::RequiredScope;
pub use scope::Scope;
pub use statement::Statement;
pub use template::PathTemplate;
pub use time::Clock;
pub use time::Now;
pub use time::Tick;
pub use time::UnixTime;
pub use token::BearerToken;
pub use token::InvalidDigest;
pub use token::PhantomToken;
pub use token::TokenDigest;
