//! The question to an authorization server and the answers it may have, as the cache sees them.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use phantom_core::BearerToken;
use phantom_core::Statement;
use thiserror::Error;

/// One authorization server that can be asked about opaque tokens, on our client's behalf.
pub trait Introspect: Debug + Send + Sync + 'static {
    /// Ends within the deadline of its configuration, whatever the server does.
    fn introspect<'a>(
        &'a self,
        token: BearerToken<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Introspection, IntrospectError>> + Send + 'a>>;
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
#[derive(Clone, Debug, Error)]
pub enum IntrospectError {
    /// Our set-up or the answer is wrong: refused credentials, wrong type (RSP-10).
    #[error("authorization server misbehaved: {cause}")]
    Misbehaved { cause: Arc<str> },
    /// What it says of the token does not verify, by signature or by claim (RSP-10).
    #[error("authorization server is not believed: {cause}")]
    Refused { cause: Arc<str> },
    /// Unreachable, too slow, overloaded, or not asked because of that (RSP-9).
    #[error("authorization server unavailable: {cause}")]
    Unavailable { retry_after: Option<Duration>, cause: Arc<str> },
}
