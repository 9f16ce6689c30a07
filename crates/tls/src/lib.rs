//! Reaching servers of all kinds: authorization servers, backends, our own control plane. Which of their
//! addresses, whom we believe to be one over TLS, and in words why not. What never lives here is a connection:
//! whoever opens one asks.

#![warn(missing_docs)]
#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

mod anyone;
mod authorities;
mod failure;
pub mod race;

pub use anyone::believe_anyone;
pub use authorities::Authorities;
pub use authorities::UnusableAuthority;
pub use failure::said;
pub use failure::tls_failure;
