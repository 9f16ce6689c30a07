//! A clock, an authorization server and statements, as tests want them.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use phantom_cache::Asked;
use phantom_cache::CachePolicy;
use phantom_cache::CacheSecret;
use phantom_cache::Carrier;
use phantom_cache::Lookup;
use phantom_cache::NoStatement;
use phantom_cache::TokenCache;
use phantom_core::BearerToken;
use phantom_core::Clock;
use phantom_core::Peer;
use phantom_core::Statement;
use phantom_core::UnixTime;
use phantom_oauth::Freshness;
use phantom_oauth::Introspect;
use phantom_oauth::IntrospectError;
use phantom_oauth::Introspection;
use phantom_oauth::NotAsked;
use phantom_oauth::Why;
pub(crate) use phantom_testkit::FakeIntrospect;
pub(crate) use phantom_testkit::ManualClock;
pub(crate) use phantom_testkit::introspect::Answer;
use tokio::runtime::Handle;

pub(crate) const NOON: UnixTime = UnixTime::from_secs(1_800_000_000);

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn token(text: &str) -> BearerToken<'_> {
    BearerToken::parse(text.as_bytes()).unwrap()
}

pub(crate) fn peer(last: u8) -> Peer {
    Peer::of(IpAddr::from([192, 0, 2, last]))
}

pub(crate) fn at_noon() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(NOON))
}

pub(crate) fn server(
    script: impl Fn(usize, &str) -> Answer + Send + Sync + 'static,
) -> Arc<FakeIntrospect> {
    Arc::new(FakeIntrospect::scripted(script))
}

/// A statement that expires so long after noon.
pub(crate) fn expiring(seconds: u64) -> Arc<Statement> {
    Arc::new(statement(Some(NOON.plus(secs(seconds)))))
}

pub(crate) fn statement(expires_at: Option<UnixTime>) -> Statement {
    Statement { expires_at, ..phantom_testkit::statement() }
}

pub(crate) fn active(statement: Arc<Statement>, freshness: Freshness) -> Answer {
    Ok(Introspection::Active { statement, freshness })
}

pub(crate) const OVER_BUDGET: NotAsked = NotAsked { why: Why::PeerBudget, retry_after: secs(2) };

pub(crate) fn unavailable() -> Answer {
    Err(IntrospectError::Unavailable { retry_after: Some(secs(3)), cause: "refused".into() })
}

/// A cache with all that surrounds it.
pub(crate) struct Rig {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) server: Arc<FakeIntrospect>,
    pub(crate) cache: Arc<TokenCache>,
}

impl Rig {
    /// Introspections run on the runtime of the caller.
    pub(crate) fn new(policy: CachePolicy, server: Arc<FakeIntrospect>) -> Self {
        Self::on(Handle::current(), policy, server)
    }

    pub(crate) fn on(
        carrier: impl Into<Carrier>,
        policy: CachePolicy,
        server: Arc<FakeIntrospect>,
    ) -> Self {
        Self::timed(at_noon(), carrier, policy, server)
    }

    pub(crate) fn timed(
        clock: Arc<ManualClock>,
        carrier: impl Into<Carrier>,
        policy: CachePolicy,
        server: Arc<FakeIntrospect>,
    ) -> Self {
        let introspect: Arc<dyn Introspect> = server.clone();
        let cache = Arc::new(TokenCache::new(
            &[b"issuer", b"endpoint", b"client", b"jwt"],
            &CacheSecret::new([7; 32]),
            policy,
            introspect,
            clock.clone(),
            carrier,
        ));
        Self { clock, server, cache }
    }

    /// With the usual policy.
    pub(crate) fn scripted(script: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> Self {
        Self::new(CachePolicy::default(), self::server(script))
    }

    pub(crate) fn lookup(&self, text: &str) -> Lookup {
        self.cache.lookup(&self.cache.digest(token(text)), self.clock.now())
    }

    pub(crate) fn asking(
        &self,
        text: &str,
    ) -> impl Future<Output = Result<Arc<Statement>, NoStatement>> + Send + use<> {
        let asked = self.asking_for(text, peer(1));
        async move { asked.await.outcome }
    }

    pub(crate) fn asking_for(
        &self,
        text: &str,
        peer: Peer,
    ) -> impl Future<Output = Asked> + Send + use<> {
        self.cache.ask(token(text), self.cache.digest(token(text)), peer)
    }

    /// As the pipeline does: what is known, or else the server.
    pub(crate) async fn resolve(&self, text: &str) -> Result<Arc<Statement>, NoStatement> {
        match self.lookup(text) {
            Lookup::Hit(statement) => Ok(statement),
            Lookup::Inactive => Err(NoStatement::Inactive),
            Lookup::Revoked => Err(NoStatement::Revoked),
            Lookup::Miss => self.asking(text).await,
        }
    }

    pub(crate) fn revoke(&self, text: &str) {
        self.cache.revoke(self.cache.digest(token(text)));
    }

    /// Lets other tasks run until the condition holds.
    pub(crate) async fn until(&self, condition: impl Fn(&Self) -> bool) {
        for _ in 0..100_000 {
            if condition(self) {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("the condition never held");
    }
}

macro_rules! assert_matches {
    ($value:expr, $pattern:pat $(if $guard:expr)?) => {
        let value = $value;
        assert!(matches!(&value, $pattern $(if $guard)?), "{value:?}");
    };
}
pub(crate) use assert_matches;
