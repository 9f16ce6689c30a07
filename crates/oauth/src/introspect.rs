//! The introspection call (RFC 7662) and what becomes of its answer.

mod ask;
mod examine;

pub use examine::Claimed;
pub use examine::Examined;
pub use examine::Trouble;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use phantom_core::BearerToken;
use phantom_core::Clock;
use phantom_core::Peer;
use phantom_core::PhantomToken;
use phantom_core::Statement;
use phantom_core::UnixTime;
use serde_json::Map;
use serde_json::Value;

use crate::access_token;
use crate::answer::Advice;
use crate::answer::ResponseFormat;
use crate::answer::Said;
use crate::client_auth::Authenticator;
use crate::discovery::Discovery;
use crate::egress::Egress;
use crate::egress::Target;
use crate::guard::Call;
use crate::guard::Guard;
use crate::introspection::Freshness;
use crate::introspection::Introspect;
use crate::introspection::IntrospectError;
use crate::introspection::Introspection;
use crate::introspection::NotAsked;
use crate::kind;
use crate::mint;
use crate::mint::Minter;
use crate::refusal::Refusal;
use crate::token_verifier::TokenVerifier;
use crate::token_verifier::VerifyError;

/// CAC-3: what a minted token lives in the cache when the server states no end and no freshness.
const UNSTATED_LIFE: Duration = Duration::from_secs(60);

/// Asks one authorization server.
#[derive(Debug)]
pub(crate) struct IntrospectionClient {
    pub(crate) client_id: Box<str>,
    /// `None`: the metadata names it.
    pub(crate) endpoint: Option<Target>,
    pub(crate) discovery: Option<Arc<Discovery>>,
    pub(crate) egress: Egress,
    pub(crate) auth: Authenticator,
    pub(crate) guard: Guard,
    /// For calling and verifying, from when it is the question's turn.
    pub(crate) timeout: Duration,
    pub(crate) format: ResponseFormat,
    pub(crate) advice: Advice,
    pub(crate) verifier: Arc<TokenVerifier>,
    /// Present where the format needs one.
    pub(crate) minter: Option<Arc<Minter>>,
    /// `aud` of what we mint where the statement names none.
    pub(crate) minted_audience: Option<Box<str>>,
    /// Upper bound on what the cache keeps.
    pub(crate) token_cache_cap: Duration,
    /// Claims that a statement must have before we mint from it.
    pub(crate) required_to_mint: Vec<Box<str>>,
    /// The operator's override of `no-store` (CAC-2).
    pub(crate) no_store_cap: Option<Duration>,
    pub(crate) told_of_no_store: AtomicBool,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Introspect for IntrospectionClient {
    fn introspect<'a>(
        &'a self,
        token: BearerToken<'a>,
        peer: Peer,
    ) -> Pin<Box<dyn Future<Output = Result<Introspection, IntrospectError>> + Send + 'a>> {
        Box::pin(async move {
            let call = self.guard.admit(token, peer).await?;
            // The wait for the turn is not the server's.
            let answer = tokio::time::timeout(self.timeout, self.exchange(call, token))
                .await
                .unwrap_or_else(|_| Err(unavailable("no verdict in time", None)));
            match answer {
                Err(IntrospectError::Unavailable { retry_after, cause }) => {
                    let retry_after = retry_after.max(self.guard.wait(token, peer));
                    Err(IntrospectError::Unavailable { retry_after, cause })
                }
                answer => answer,
            }
        })
    }

    fn check(&self, token: BearerToken<'_>, peer: Peer) -> Result<(), NotAsked> {
        self.guard.check(token, peer)
    }

    fn forgive(&self, peer: Peer) {
        self.guard.forgive(peer);
    }
}

impl IntrospectionClient {
    async fn exchange(
        &self,
        mut call: Call<'_>,
        token: BearerToken<'_>,
    ) -> Result<Introspection, IntrospectError> {
        let (said, freshness) = self.ask(&mut call, token).await?;
        let verdict = self.verdict(said, freshness).await;
        match &verdict {
            Ok(Introspection::Active { .. }) => call.vouched(),
            Ok(Introspection::Inactive | Introspection::RefreshToken) => call.inactive(),
            // Its keys are away: that says nothing of the token.
            Err(IntrospectError::Unavailable { .. }) => call.undecided(),
            Err(_) => {}
        }
        verdict
    }

    async fn verdict(
        &self,
        said: Said,
        freshness: Freshness,
    ) -> Result<Introspection, IntrospectError> {
        let freshness = match (freshness, self.no_store_cap) {
            (Freshness::DoNotStore, Some(cap)) => Freshness::For(cap),
            (freshness, _) => freshness,
        };
        let verdict = self.meaning(said, freshness).await;
        // Of tokens that are not active no server says anything else.
        if matches!(verdict, Ok(Introspection::Active { .. })) && freshness == Freshness::DoNotStore
        {
            self.tell_of_no_store();
        }
        verdict
    }

    async fn meaning(
        &self,
        said: Said,
        freshness: Freshness,
    ) -> Result<Introspection, IntrospectError> {
        match said {
            Said::Inactive => Ok(Introspection::Inactive),
            Said::RefreshToken => Ok(Introspection::RefreshToken),
            Said::PhantomToken { jws, bound } => {
                let mut statement = self.verifier.phantom(jws).await.map_err(unverifiable)?;
                statement.confirmed |= bound;
                Ok(Introspection::Active { statement: Arc::new(statement), freshness })
            }
            Said::SignedStatement(jws) => {
                let verified = self.verifier.signed_statement(&jws, &self.client_id).await;
                match verified.map_err(unverifiable)? {
                    Some(members) => self.minted(&members, freshness),
                    None => Ok(Introspection::Inactive),
                }
            }
            Said::Claims(members) => self.minted(&members, freshness),
        }
    }

    /// Once: it is how the server is set up.
    fn tell_of_no_store(&self) {
        if !self.told_of_no_store.swap(true, Relaxed) {
            let key_manager = self.guard.key_manager();
            tracing::info!(key_manager, "{}", self.advice.no_store);
        }
    }

    /// Makes the phantom token from what the server said.
    fn minted(
        &self,
        members: &Map<String, Value>,
        freshness: Freshness,
    ) -> Result<Introspection, IntrospectError> {
        let minter = match &self.minter {
            Some(minter) if self.format.mints() => minter,
            _ => return Err(misbehaved(self.advice.statement)),
        };
        if kind::is_refresh_token(members) {
            return Ok(Introspection::RefreshToken);
        }
        let rules = &self.verifier.rules;
        let refused = |refusal: Refusal| refused(format!("its statement is refused: {refusal}"));
        access_token::check_required(members, &self.required_to_mint).map_err(refused)?;
        // The server speaks for its own tokens: what names no issuer is its.
        let named = access_token::text(members, "iss").map_err(refused)?;
        if named.is_some_and(|named| rules.issuer.as_deref().is_some_and(|ours| ours != named)) {
            return Err(refused(Refusal::Issuer));
        }
        let issuer = rules.issuer.clone().or_else(|| named.map(Arc::from));
        let end = access_token::date(members, "exp").map_err(refused)?;
        let now = self.clock.now().wall;
        // Whole seconds, as the token says it.
        let expires_at = end.unwrap_or_else(|| now.plus(self.unstated_life(freshness)));
        let expires_at = UnixTime::from_secs(expires_at.as_secs());
        let failed = |error: &dyn std::fmt::Display| {
            misbehaved(format!("a phantom token cannot be minted from its statement: {error}"))
        };
        let described = mint::described(members, self.minted_audience.as_deref());
        let jwt =
            minter.mint(described.clone(), expires_at, now).map_err(|error| failed(&error))?;
        let phantom_token = PhantomToken::parse(&jwt, rules.max_phantom_token_len)
            .map_err(|error| failed(&error))?;
        let statement =
            access_token::statement_of(&described, phantom_token, issuer, rules.scope_array)
                .map_err(refused)?;
        let freshness = match (freshness, end) {
            (Freshness::Unstated, None) => Freshness::For(UNSTATED_LIFE),
            (freshness, _) => freshness,
        };
        let statement = Statement {
            expires_at: Some(expires_at),
            confirmed: statement.confirmed || kind::is_bound(members),
            ..statement
        };
        Ok(Introspection::Active { statement: Arc::new(statement), freshness })
    }

    /// The life of a token whose end nobody names: as long as it may be kept here, so that a backend
    /// learns no later than we do that it was revoked. One that is not kept serves one request.
    fn unstated_life(&self, freshness: Freshness) -> Duration {
        let kept = match freshness {
            Freshness::For(stated) => stated,
            Freshness::Unstated => UNSTATED_LIFE,
            Freshness::DoNotStore => Duration::ZERO,
        };
        let kept = kept.min(self.token_cache_cap);
        if kept.is_zero() { UNSTATED_LIFE } else { kept }
    }
}

fn unverifiable(error: VerifyError) -> IntrospectError {
    match error {
        VerifyError::Refused(refusal) => refused(format!("its JWT is refused: {refusal}")),
        VerifyError::KeysUnavailable(error) => unavailable(error.to_string(), error.retry_after),
    }
}

fn refused(cause: String) -> IntrospectError {
    IntrospectError::Refused { cause: cause.into() }
}

fn misbehaved(cause: impl Into<Arc<str>>) -> IntrospectError {
    IntrospectError::Misbehaved { cause: cause.into() }
}

fn unavailable(cause: impl Into<Arc<str>>, retry_after: Option<Duration>) -> IntrospectError {
    IntrospectError::Unavailable { retry_after, cause: cause.into() }
}

#[cfg(test)]
mod tests;
