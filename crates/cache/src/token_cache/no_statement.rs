//! Why a token has no statement.

use phantom_oauth::IntrospectError;
use phantom_oauth::NotAsked;
use phantom_oauth::Why;
use thiserror::Error;

/// Shared by all who waited, hence cheap to clone.
#[derive(Clone, Debug, Error)]
pub enum NoStatement {
    /// The server says so.
    #[error("token is not active")]
    Inactive,
    /// It is another kind of token, the server says.
    #[error("token is a refresh token")]
    RefreshToken,
    /// A revocation mark says so, whatever the server said before it.
    #[error("token is revoked")]
    Revoked,
    /// The server was not asked, or gave no verdict.
    #[error(transparent)]
    NoVerdict(#[from] IntrospectError),
}

impl NoStatement {
    pub(super) fn unavailable(cause: &str) -> Self {
        IntrospectError::Unavailable { retry_after: None, cause: cause.into() }.into()
    }

    /// Not asked: the address has asked about too many tokens that nobody vouches for.
    pub(super) const fn is_peer_budget(&self) -> bool {
        matches!(
            self,
            Self::NoVerdict(IntrospectError::NotAsked(NotAsked { why: Why::PeerBudget, .. }))
        )
    }
}
