//! The question to an authorization server and the answers it may have, as the cache sees them.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use phantom_core::BearerToken;
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
    Active { statement: Arc<Statement>, freshness: Freshness },
    /// A valid `active:false` or the server's documented equivalent (CAC-8).
    Inactive,
}

/// How long the server lets its answer be kept (RFC 9111 §5.2.2), already lowered by `Age`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    DoNotStore,
    For(Duration),
    Unstated,
}

/// No verdict. Never cached, never told to the client as 401 (CAC-9). Shared by all who waited.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum IntrospectError {
    /// Our set-up or the answer is wrong: refused credentials, wrong type (RSP-10).
    #[error("authorization server misbehaved: {cause}")]
    Misbehaved { cause: Arc<str> },
    /// The words on the token do not verify, by signature or by claim (RSP-10).
    #[error("authorization server is not believed: {cause}")]
    Refused { cause: Arc<str> },
    /// Unreachable, too slow or overloaded (RSP-9).
    #[error("authorization server unavailable: {cause}")]
    Unavailable { retry_after: Option<Duration>, cause: Arc<str> },
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
}

/// A question that was not put.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not asked: {why}")]
pub struct NotAsked {
    pub why: Why,
    /// When the question will be put, if it comes again then.
    pub retry_after: Duration,
}

#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Why {
    #[error("too many questions wait")]
    Crowded,
    #[error("the server asked to wait with this token")]
    Held,
    #[error("no turn came in time")]
    Late,
    #[error("the server failed repeatedly and is given a pause")]
    Paused,
    #[error("the address has asked about too many tokens that nobody vouches for")]
    PeerBudget,
    #[error("too many questions of the address found the server in trouble")]
    PeerFailures,
}

impl Why {
    pub const ALL: [Self; 6] =
        [Self::Crowded, Self::Held, Self::Late, Self::Paused, Self::PeerBudget, Self::PeerFailures];

    /// For metrics.
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
