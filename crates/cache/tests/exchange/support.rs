//! A clock, an authorization server and statements, as tests want them.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use phantom_cache::Asked;
use phantom_cache::CachePolicy;
use phantom_cache::CacheSecret;
use phantom_cache::Carrier;
use phantom_cache::ExchangeError;
use phantom_cache::Lookup;
use phantom_cache::TokenExchange;
use phantom_core::Audience;
use phantom_core::BearerToken;
use phantom_core::Clock;
use phantom_core::Now;
use phantom_core::Peer;
use phantom_core::PhantomToken;
use phantom_core::Scope;
use phantom_core::Statement;
use phantom_core::Tick;
use phantom_core::UnixTime;
use phantom_oauth::Freshness;
use phantom_oauth::Introspect;
use phantom_oauth::IntrospectError;
use phantom_oauth::Introspection;
use phantom_oauth::NotAsked;
use phantom_oauth::Why;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

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

/// Both clocks, each set by hand.
#[derive(Debug)]
pub(crate) struct ManualClock(Mutex<Now>);

impl ManualClock {
    pub(crate) fn at_noon() -> Arc<Self> {
        let now = Now { wall: NOON, tick: Tick::from_millis(1_000_000) };
        Arc::new(Self(Mutex::new(now)))
    }

    /// Time passes: both clocks move.
    pub(crate) fn pass(&self, time: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = Now { wall: now.wall.plus(time), tick: now.tick.plus(time) };
    }

    pub(crate) fn set_wall(&self, wall: UnixTime) {
        self.0.lock().unwrap().wall = wall;
    }

    pub(crate) fn set(&self, now: Now) {
        *self.0.lock().unwrap() = now;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Now {
        *self.0.lock().unwrap()
    }
}

pub(crate) type Answer = Result<Introspection, IntrospectError>;

/// What the server does with its n-th call, from 1.
pub(crate) type Script =
    Box<dyn Fn(usize, &str) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

pub(crate) struct ScriptedServer {
    script: Script,
    pub(crate) calls: AtomicUsize,
    /// For whom it was asked.
    pub(crate) peers: Mutex<Vec<Peer>>,
    /// Says beforehand that it would not be.
    pub(crate) refuses: Mutex<Option<NotAsked>>,
    /// One permit lets one call go on.
    pub(crate) gate: Semaphore,
}

impl ScriptedServer {
    pub(crate) fn new(script: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> Arc<Self> {
        Self::with(Box::new(move |call, token| Box::pin(std::future::ready(script(call, token)))))
    }

    pub(crate) fn with(script: Script) -> Arc<Self> {
        Arc::new(Self {
            script,
            calls: AtomicUsize::new(0),
            peers: Mutex::default(),
            refuses: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        })
    }

    /// Calls wait until [`open`](Self::open).
    pub(crate) fn close(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(crate) fn open(&self) {
        self.gate.add_permits(1_000_000);
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(SeqCst)
    }
}

impl Introspect for ScriptedServer {
    fn introspect<'a>(
        &'a self,
        token: BearerToken<'a>,
        peer: Peer,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        self.peers.lock().unwrap().push(peer);
        let call = self.calls.fetch_add(1, SeqCst) + 1;
        Box::pin(async move {
            self.gate.acquire().await.unwrap().forget();
            (self.script)(call, token.expose()).await
        })
    }

    fn check(&self, _: BearerToken<'_>, _: Peer) -> Result<(), NotAsked> {
        self.refuses.lock().unwrap().map_or(Ok(()), Err)
    }
}

impl fmt::Debug for ScriptedServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScriptedServer")
    }
}

/// A statement that expires so long after noon.
pub(crate) fn expiring(seconds: u64) -> Arc<Statement> {
    Arc::new(statement(Some(NOON.plus(secs(seconds)))))
}

pub(crate) fn statement(expires_at: Option<UnixTime>) -> Statement {
    Statement {
        phantom_token: PhantomToken::parse("e30.e30.c2ln", 99).unwrap(),
        issuer: None,
        subject: None,
        client_id: None,
        authorized_party: None,
        token_id: None,
        audience: Audience::default(),
        scope: Scope::default(),
        expires_at,
        not_before: None,
        issued_at: None,
        confirmed: false,
    }
}

pub(crate) fn active(statement: Arc<Statement>, freshness: Freshness) -> Answer {
    Ok(Introspection::Active { statement, freshness })
}

pub(crate) const OVER_BUDGET: NotAsked = NotAsked { why: Why::PeerBudget, retry_after: secs(2) };

pub(crate) fn unavailable() -> Answer {
    Err(IntrospectError::Unavailable { retry_after: Some(secs(3)), cause: "refused".into() })
}

/// An exchange with all that surrounds it.
pub(crate) struct Rig {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) server: Arc<ScriptedServer>,
    pub(crate) exchange: Arc<TokenExchange>,
}

impl Rig {
    /// Introspections run on the runtime of the caller.
    pub(crate) fn new(policy: CachePolicy, server: Arc<ScriptedServer>) -> Self {
        Self::on(Handle::current(), policy, server)
    }

    pub(crate) fn on(
        carrier: impl Into<Carrier>,
        policy: CachePolicy,
        server: Arc<ScriptedServer>,
    ) -> Self {
        Self::timed(ManualClock::at_noon(), carrier, policy, server)
    }

    pub(crate) fn timed(
        clock: Arc<ManualClock>,
        carrier: impl Into<Carrier>,
        policy: CachePolicy,
        server: Arc<ScriptedServer>,
    ) -> Self {
        let introspect: Arc<dyn Introspect> = server.clone();
        let exchange = Arc::new(TokenExchange::new(
            &[b"issuer", b"endpoint", b"client", b"jwt"],
            &CacheSecret::new([7; 32]),
            policy,
            introspect,
            clock.clone(),
            carrier,
        ));
        Self { clock, server, exchange }
    }

    /// With the usual policy.
    pub(crate) fn scripted(script: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> Self {
        Self::new(CachePolicy::default(), ScriptedServer::new(script))
    }

    pub(crate) fn lookup(&self, text: &str) -> Lookup {
        self.exchange.lookup(&self.exchange.digest(token(text)), self.clock.now())
    }

    pub(crate) fn asking(
        &self,
        text: &str,
    ) -> impl Future<Output = Result<Arc<Statement>, ExchangeError>> + Send + use<> {
        let asked = self.asking_for(text, peer(1));
        async move { asked.await.outcome }
    }

    pub(crate) fn asking_for(
        &self,
        text: &str,
        peer: Peer,
    ) -> impl Future<Output = Asked> + Send + use<> {
        self.exchange.exchange(token(text), self.exchange.digest(token(text)), peer)
    }

    /// As the pipeline does: what is known, or else the server.
    pub(crate) async fn resolve(&self, text: &str) -> Result<Arc<Statement>, ExchangeError> {
        match self.lookup(text) {
            Lookup::Hit(statement) => Ok(statement),
            Lookup::Inactive => Err(ExchangeError::Inactive),
            Lookup::Revoked => Err(ExchangeError::Revoked),
            Lookup::Miss => self.asking(text).await,
        }
    }

    pub(crate) fn revoke(&self, text: &str) {
        self.exchange.revoke(self.exchange.digest(token(text)));
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
