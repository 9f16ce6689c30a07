//! TLS towards servers of all kinds: authorization servers, backends, our own control plane. Whom we
//! believe to be one, and in words why not.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

mod authorities;
mod failure;

pub use authorities::Authorities;
pub use authorities::UnusableAuthority;
pub use failure::said;
pub use failure::tls_failure;
