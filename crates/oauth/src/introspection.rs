//! The question to an authorization server and the answers it may have, as the cache sees them.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use phantom_core::BearerToken;
use phantom_core::Deny;
use phantom_core::DenyReason;
use phantom_core::Peer;
use phantom_core::Statement;
use thiserror::Error;

/// One authorization server that can be asked about opaque tokens, on our client's behalf.
pub trait Introspect: Debug + Send + Sync + 'static {
    /// Ends within the deadline of its configuration, whatever the server does. `peer` is whom the
    /// question is put for: its line, and its budget.
    fn introspect<'a>(
        &'a self,
        token: BearerToken<'a>,
        peer: Peer,
    ) -> Pin<Box<dyn Future<Output = Result<Introspection, IntrospectError>> + Send + 'a>>;

    /// Returns whether the question would have a chance to be put now. Puts none, waits for nothing.
    ///
    /// # Errors
    ///
    /// [`NotAsked`], with the reason and the time after which it would have one.
    fn check(&self, _token: BearerToken<'_>, _peer: Peer) -> Result<(), NotAsked> {
        Ok(())
    }

    /// A token that the server did not know turned out to be another's, and good: the question is not
    /// to the peer's account.
    fn forgive(&self, _peer: Peer) {}
}

/// A verdict of the authorization server. Anything else is an [`IntrospectError`].
#[derive(Clone, Debug)]
pub enum Introspection {
    /// The token is active; the statement is verified (JIR-6).
    Active {
        /// Shared by all who asked at the same time.
        statement: Arc<Statement>,
        /// Another bound on how long it is kept, beside the token's end and the configuration.
        freshness: Freshness,
    },
    /// A valid `active:false` or the server's documented equivalent (CAC-8).
    Inactive,
    /// Good, and said to be no access token: to its client it is one that is not (RFC 6749 §1.5).
    RefreshToken,
}

/// How long the server lets its answer be kept (RFC 9111 §5.2.2), already lowered by `Age`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// `no-store`, `no-cache`, or a lifetime that is over or cannot be read.
    DoNotStore,
    /// From now on.
    For(Duration),
    /// Nothing was said: only the configuration and the token's end bound it.
    Unstated,
}

/// No verdict. Never cached, never told to the client as 401 (CAC-9). Shared by all who waited.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum IntrospectError {
    /// Our set-up or the answer is wrong: refused credentials, wrong type (RSP-10).
    #[error("authorization server misbehaved: {cause}")]
    Misbehaved {
        /// For the log; without the token and its claims.
        cause: Arc<str>,
    },
    /// The words on the token do not verify, by signature or by claim (RSP-10).
    #[error("authorization server is not believed: {cause}")]
    Refused {
        /// For the log; without the token and its claims.
        cause: Arc<str>,
    },
    /// Unreachable, too slow or overloaded (RSP-9).
    #[error("authorization server unavailable: {cause}")]
    Unavailable {
        /// Until another question has a chance. `None`: not known.
        retry_after: Option<Duration>,
        /// For the log; without the token and its claims.
        cause: Arc<str>,
    },
    /// No call was made.
    #[error(transparent)]
    NotAsked(#[from] NotAsked),
}

impl IntrospectError {
    /// Tells whether the set-up or the server has to be mended: to ask again would not help.
    #[must_use]
    pub const fn is_misbehaviour(&self) -> bool {
        match self {
            Self::Misbehaved { .. } | Self::Refused { .. } => true,
            Self::Unavailable { .. } | Self::NotAsked(_) => false,
        }
    }

    /// The refusal of a request whose token nobody vouched for with this error.
    #[must_use]
    pub fn deny(&self) -> Deny {
        let (reason, retry_after) = match *self {
            Self::Misbehaved { .. } => (DenyReason::AuthorizationServerMisbehaved, None),
            Self::Refused { .. } => (DenyReason::StatementRefused, None),
            Self::NotAsked(NotAsked { why: Why::PeerBudget, retry_after }) => {
                (DenyReason::PeerBudget, Some(retry_after))
            }
            Self::NotAsked(NotAsked { retry_after, .. }) => {
                (DenyReason::AuthorizationServerUnavailable, Some(retry_after))
            }
            Self::Unavailable { retry_after, .. } => {
                (DenyReason::AuthorizationServerUnavailable, retry_after)
            }
        };
        Deny { reason, retry_after }
    }
}

/// A question that was not put.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not asked: {why}")]
pub struct NotAsked {
    /// For logs and metrics; clients are told the time alone.
    pub why: Why,
    /// When the question will be put, if it comes again then.
    pub retry_after: Duration,
}

/// Reasons not to call the server. None of them says anything of the token.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Why {
    /// The line is full, or the half of it that one address may fill (`max_waiting`).
    #[error("too many questions wait")]
    Crowded,
    /// `Retry-After` of a 429 or 503 to a question about it (RFC 9110 §10.2.3).
    #[error("the server asked to wait with this token")]
    Held,
    /// Waited for half of `timeout`.
    #[error("no turn came in time")]
    Late,
    /// The breaker is open, for all or for this address.
    #[error("the server failed repeatedly and is given a pause")]
    Paused,
    /// `peer_budget_burst` and `peer_budget_per_second` are used up.
    #[error("the address has asked about too many tokens that nobody vouches for")]
    PeerBudget,
    /// The same, at a time when nobody gets a verdict: not the address's fault.
    #[error("too many questions of the address found the server in trouble")]
    PeerFailures,
}

impl Why {
    /// In the order of their names.
    pub const ALL: [Self; 6] =
        [Self::Crowded, Self::Held, Self::Late, Self::Paused, Self::PeerBudget, Self::PeerFailures];

    /// The value of the label `cause` of `phantom_introspections_not_made_total`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crowded => "crowded",
            Self::Held => "held",
            Self::Late => "late",
            Self::Paused => "paused",
            Self::PeerBudget => "peer_budget",
            Self::PeerFailures => "peer_failures",
        }
    }
}
