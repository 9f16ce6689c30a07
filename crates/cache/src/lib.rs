//! Token to verified statement, remembered for as long as it may be.
//!
//! One [`TokenCache`] per key manager. A hit is synchronous and takes no lock of its own; a miss
//! asks the authorization server once, however many callers wait. What is kept is the server's
//! statement, never a verdict on it (CAC-4).
//!
//! What never lives here is a call: whom to ask, and how, is an `Introspect` that is given.

#![warn(missing_docs, clippy::missing_errors_doc)]
#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

mod counters;
mod digest;
mod inactive;
mod l1;
mod lifetime;
mod marks;
mod policy;
mod recent;
mod single_flight;
mod sync;
mod token_cache;

pub use counters::CacheStats;
pub use digest::CacheSecret;
pub use policy::CachePolicy;
pub use token_cache::Asked;
pub use token_cache::Carrier;
pub use token_cache::Lookup;
pub use token_cache::NoStatement;
pub use token_cache::TokenCache;
