//! A development authorization server and the sample APIs of the tutorials, for `phantom demo` and
//! for tests.
//!
//! **Development only.** Clients, users and their passwords are public knowledge, tokens live in
//! memory, keys are made at start and lost at the end. [`DevAuth::bind`] therefore refuses an
//! address that other machines can reach unless [`DevAuthOptions::allow_non_loopback`] is set.
//!
//! What it speaks: OAuth 2.0 (RFC 6749) with `client_credentials`, `authorization_code` with PKCE
//! S256 (RFC 7636) and `refresh_token` with rotation; introspection as JSON (RFC 7662), as phantom
//! token (`application/jwt`) and as signed statement (RFC 9701); revocation (RFC 7009); metadata
//! (RFC 8414 and OpenID Connect Discovery).
//!
//! ```no_run
//! # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
//! use phantom_devauth::{DevAuth, DevAuthOptions};
//!
//! let server = DevAuth::bind(DevAuthOptions::default()).await?;
//! let handle = server.handle();
//! let token = handle.issue_token("test-client", "read");
//! # drop(token);
//! server.serve(std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod authorization_server;
mod authorize;
mod banner;
mod bounded;
mod client_auth;
mod clients;
mod error;
mod form;
mod introspect;
mod issuer;
mod jose;
mod keys;
mod metadata;
mod mint;
mod oauth_error;
mod options;
mod revoke;
mod sample_api;
mod scope;
mod server;
mod stats;
mod token_endpoint;
mod tokens;
mod users;

#[cfg(test)]
mod test_server;

/// Colours and type of the product's pages, in CSS.
pub const STYLE_TOKENS: &str = include_str!("../assets/tokens.css");

pub use clients::{Client, Credential, GrantType, RedirectUri};
pub use error::DevAuthError;
pub use jose::{JwkError, PublicKey};
pub use keys::{KeyError, SigningAlgorithm};
pub use options::{Clock, DevAuthOptions, system_clock};
pub use sample_api::SampleApi;
pub use server::{DevAuth, DevAuthHandle};
pub use users::User;
