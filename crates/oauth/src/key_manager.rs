//! One configured authorization server: its rules, its keys, our identity there.

mod build;
mod config;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use phantom_core::BearerToken;
use phantom_core::Peer;
use phantom_core::Statement;
use phantom_core::Trust;

pub use build::BuildError;
pub use build::FieldError;
pub use config::KeyManagerConfig;
pub use config::Keys;

use crate::answer::ResponseFormat;
use crate::discovery::Discovery;
use crate::guard::Load;
use crate::introspect::Examined;
use crate::introspect::IntrospectionClient;
use crate::introspection::Introspect;
use crate::introspection::IntrospectError;
use crate::introspection::Introspection;
use crate::introspection::NotAsked;
use crate::jwks::KeySource;
use crate::jwks::RefreshCounts;
use crate::token_verifier::TokenVerifier;
use crate::token_verifier::VerifyError;

/// Built once from a valid configuration; owns its connections, keys and breaker.
#[derive(Debug)]
pub struct KeyManager {
    name: Arc<str>,
    trust: Trust,
    token_cache_cap: Duration,
    cache_scope: Vec<Vec<u8>>,
    client: IntrospectionClient,
    verifier: Arc<TokenVerifier>,
    keys: Option<KeySource>,
    /// The answers on tokens are signed.
    verifies_answers: bool,
    discovery: Option<Arc<Discovery>>,
}

impl KeyManager {
    /// As configured: for routes, logs and metrics.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// On what terms `core::authorize` believes its statements.
    #[must_use]
    pub const fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The configured upper bound on a cached statement's life.
    #[must_use]
    pub const fn token_cache_cap(&self) -> Duration {
        self.token_cache_cap
    }

    /// To whom a verdict belongs (INT-10, CAC-5): issuer, endpoint, our client id, answer format.
    #[must_use]
    pub fn cache_scope(&self) -> &[Vec<u8>] {
        &self.cache_scope
    }

    /// Verifies a JWT that a client presents instead of an opaque token. Its audience is for
    /// `core::authorize`.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Refused`] says that the JWT is bad, [`VerifyError::KeysUnavailable`] nothing
    /// of it.
    pub async fn verify_access_token(&self, jwt: &str) -> Result<Arc<Statement>, VerifyError> {
        self.verifier.presented(jwt).await.map(Arc::new)
    }

    /// Fetches metadata and keys before the first request needs them, and no more than one will need;
    /// `jwts`: clients' JWTs are taken. An error is not fatal: each request tries again, with a back-off,
    /// and is told 503 meanwhile (DSC-10).
    ///
    /// # Errors
    ///
    /// [`IntrospectError::Unavailable`], with the cause of the fetch that failed.
    pub async fn warm_up(&self, jwts: bool) -> Result<(), IntrospectError> {
        if let (Some(discovery), None) = (&self.discovery, &self.client.endpoint) {
            discovery.metadata().await.map_err(|error| IntrospectError::Unavailable {
                retry_after: error.retry_after,
                cause: error.cause,
            })?;
        }
        if let Some(keys) = self.needed_keys(jwts) {
            keys.keys().await.map_err(|error| IntrospectError::Unavailable {
                retry_after: error.retry_after,
                cause: error.cause,
            })?;
        }
        Ok(())
    }

    /// Fetches keys ahead of their time, and closes connections that nobody used for long. For a
    /// background task, every few seconds.
    pub async fn refresh_if_due(&self, jwts: bool) {
        self.client.egress.sweep();
        if let Some(keys) = self.needed_keys(jwts) {
            keys.refresh_if_due().await;
        }
    }

    /// Many a server that answers in plain JSON has none.
    fn needed_keys(&self, jwts: bool) -> Option<&KeySource> {
        self.keys.as_ref().filter(|_| jwts || self.verifies_answers)
    }

    /// What it asks for.
    #[must_use]
    pub const fn response(&self) -> &ResponseFormat {
        &self.client.format
    }

    /// Puts one question, outside of all budgets, and tells what came: for whoever sets the server up.
    pub async fn examine(&self, token: BearerToken<'_>) -> Examined {
        self.client.examine(token).await
    }

    /// The load of its introspections now.
    #[must_use]
    pub fn load(&self) -> Load {
        self.client.guard.load()
    }

    /// For how long the issuer's keys are known here, if there are any that are fetched.
    #[must_use]
    pub fn keys_age(&self) -> Option<Duration> {
        self.keys.as_ref().and_then(KeySource::age)
    }

    /// Fetches of the issuer's keys so far.
    #[must_use]
    pub fn key_refreshes(&self) -> RefreshCounts {
        self.keys.as_ref().map(KeySource::counts).unwrap_or_default()
    }
}

impl Introspect for KeyManager {
    fn introspect<'a>(
        &'a self,
        token: BearerToken<'a>,
        peer: Peer,
    ) -> Pin<Box<dyn Future<Output = Result<Introspection, IntrospectError>> + Send + 'a>> {
        self.client.introspect(token, peer)
    }

    fn check(&self, token: BearerToken<'_>, peer: Peer) -> Result<(), NotAsked> {
        self.client.check(token, peer)
    }

    fn forgive(&self, peer: Peer) {
        self.client.forgive(peer);
    }
}

#[cfg(test)]
mod tests;
