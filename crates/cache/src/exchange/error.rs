//! Why a token has no statement.

use std::sync::Arc;
use std::time::Duration;

use phantom_oauth::IntrospectError;
use phantom_oauth::NotAsked;
use phantom_oauth::Why;
use thiserror::Error;

/// Shared by all who waited, hence cheap to clone.
#[derive(Clone, Debug, Error)]
pub enum ExchangeError {
    /// The server says so.
    #[error("token is not active")]
    Inactive,
    /// A revocation mark says so, whatever the server said before it.
    #[error("token is revoked")]
    Revoked,
    /// No verdict: our set-up or the server's answer is wrong. A retry will not help.
    #[error("authorization server misbehaved: {cause}")]
    Misbehaved { cause: Arc<str> },
    /// No verdict: what the server says of the token does not verify. A retry will not help.
    #[error("authorization server is not believed: {cause}")]
    Refused { cause: Arc<str> },
    /// Not asked: the address has asked about too many tokens that nobody vouches for.
    #[error("not asked about any more tokens of the address")]
    PeerBudget { retry_after: Duration },
    /// No verdict for now.
    #[error("authorization server unavailable: {cause}")]
    Unavailable { retry_after: Option<Duration>, cause: Arc<str> },
}

impl ExchangeError {
    pub(super) fn unavailable(cause: &str) -> Self {
        Self::Unavailable { retry_after: None, cause: cause.into() }
    }
}

impl From<IntrospectError> for ExchangeError {
    fn from(error: IntrospectError) -> Self {
        match error {
            IntrospectError::Misbehaved { cause } => Self::Misbehaved { cause },
            IntrospectError::Refused { cause } => Self::Refused { cause },
            IntrospectError::Unavailable { retry_after, cause } => {
                Self::Unavailable { retry_after, cause }
            }
            IntrospectError::NotAsked(not_asked) => not_asked.into(),
        }
    }
}

impl From<NotAsked> for ExchangeError {
    fn from(not_asked: NotAsked) -> Self {
        let NotAsked { why, retry_after } = not_asked;
        match why {
            Why::PeerBudget => Self::PeerBudget { retry_after },
            _ => {
                let cause = not_asked.to_string().into();
                Self::Unavailable { retry_after: Some(retry_after), cause }
            }
        }
    }
}
