//! Why a development authorization server does not start.

use std::io;
use std::net::SocketAddr;

use crate::keys::KeyError;

/// Every cause is the operator's to mend, except a failed key generation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DevAuthError {
    #[error(
        "{address} can be reached by other machines, but the development authorization server has \
         public passwords; bind 127.0.0.1 or [::1], or set allow_non_loopback"
    )]
    NotLoopback { address: SocketAddr },
    #[error("could not listen on {address}")]
    Listen {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error("issuer `{issuer}` {problem}")]
    Issuer { issuer: String, problem: &'static str },
    #[error("client `{client_id}` is registered twice")]
    DuplicateClient { client_id: String },
    #[error("the default scope of client `{client_id}` is malformed or not among its scopes")]
    DefaultScope { client_id: String },
    #[error("no signing key could be made")]
    Key(#[from] KeyError),
    #[error("the system's source of randomness failed")]
    Randomness,
}
