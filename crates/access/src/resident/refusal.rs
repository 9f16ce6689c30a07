//! Why a client does not get what it asks for (RFC 6749 §5.2).

use phantom_store::StoreError;
use phantom_terms::refusal::Refusal;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum OAuthRefusal {
    /// One text for an unknown client and a wrong secret.
    #[error("Client credentials are invalid.")]
    InvalidClient,
    #[error("{0}")]
    InvalidGrant(&'static str),
    #[error("{0}")]
    InvalidRequest(&'static str),
    #[error(
        "The parameter '{0}' is missing; parameters are those of a form (application/x-www-form-urlencoded)."
    )]
    MissingParameter(&'static str),
    #[error("The client is not registered for this grant type.")]
    UnauthorizedClient,
    #[error("The grant types served are password, client_credentials and refresh_token.")]
    UnsupportedGrantType,
    /// RFC 7662 §2.1 leaves to us who may ask.
    #[error("Only gateways, administrators and their clients may introspect tokens.")]
    MayNotIntrospect,
    /// Trouble that is no client's.
    #[error(transparent)]
    Other(#[from] Refusal),
}

impl From<StoreError> for OAuthRefusal {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}
