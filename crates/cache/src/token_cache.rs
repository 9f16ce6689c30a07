//! The cache of tokens under one key manager.

mod asking;
mod carrier;
mod no_statement;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use phantom_core::BearerToken;
use phantom_core::Clock;
use phantom_core::Now;
use phantom_core::Peer;
use phantom_core::Statement;
use phantom_core::TokenDigest;
use phantom_oauth::Introspect;

use crate::counters::CacheStats;
use crate::counters::Count;
use crate::digest::CacheSecret;
use crate::digest::DigestKey;
use crate::l1::Found;
use crate::policy::CachePolicy;
use asking::Asking;
use asking::HeldToken;
pub use carrier::Carrier;
pub use no_statement::NoStatement;

/// Statements of one key manager's tokens: kept ones at once, others by one introspection each.
///
/// Shared by all workers. Never more calls under way than 10,000, never more revocation marks kept
/// than 100,000; everything else is bounded by the [`CachePolicy`].
pub struct TokenCache {
    key: DigestKey,
    shared: Arc<Asking>,
}

/// The knowledge of a token without asking anyone.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// The server's statement, within its freshness and before its `exp`. Not yet a verdict: the
    /// caller authorises on every request (CAC-4).
    Hit(Arc<Statement>),
    /// The server called the token inactive a few seconds ago at most.
    Inactive,
    /// To be [asked](TokenCache::ask) about.
    Miss,
    /// A revocation mark denies the token.
    Revoked,
}

/// The outcome of asking.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The statement, or why there is none.
    pub outcome: Result<Arc<Statement>, NoStatement>,
    /// The question was put for this caller; the others share its outcome.
    pub put: bool,
}

impl TokenCache {
    /// `identity` is all that a verdict belongs to: issuer, endpoint, our client id, answer format
    /// (CAC-5, INT-10). `carrier` says where the introspections run.
    #[must_use]
    pub fn new(
        identity: &[&[u8]],
        secret: &CacheSecret,
        policy: CachePolicy,
        introspect: Arc<dyn Introspect>,
        clock: Arc<dyn Clock>,
        carrier: impl Into<Carrier>,
    ) -> Self {
        let shared = Arc::new(Asking::new(policy, introspect, clock, carrier.into()));
        Self { key: DigestKey::new(secret, identity), shared }
    }

    /// The token's cache key here; at another key manager it has another (pitfall 13).
    #[must_use]
    pub fn digest(&self, token: BearerToken<'_>) -> TokenDigest {
        self.key.digest(token)
    }

    /// Looks the token up. A hit costs one read of the cache.
    #[must_use]
    pub fn lookup(&self, digest: &TokenDigest, now: Now) -> Lookup {
        let (lookup, count) = self.shared.look_up(digest, now);
        self.shared.counters.add(count);
        lookup
    }

    /// Asks the server, together with all who ask about the same token at the time. The question is
    /// put for the first of them, in its line and to its account.
    ///
    /// The call runs in a task of its own and goes on when this future is dropped (CAC-11). It ends
    /// within [`CachePolicy::longest_call`]; only a call whose task died is made once more. The
    /// future may be awaited wherever the [`Carrier`] allows.
    pub fn ask(
        &self,
        token: BearerToken<'_>,
        digest: TokenDigest,
        peer: Peer,
    ) -> impl Future<Output = Asked> + Send + use<> {
        Arc::clone(&self.shared).ask_for(HeldToken::of(token), digest, peer)
    }

    /// Another server vouched for a token that this one did not know, where the question was
    /// [put](Asked::put) for this peer: it is not to its account.
    pub fn forgive(&self, peer: Peer) {
        self.shared.forgive(peer);
    }

    /// Denies the token from now on, as long as anything said of it before may live (CAC-16).
    pub fn revoke(&self, digest: TokenDigest) {
        let shared = &self.shared;
        shared.marks.mark(digest, shared.clock.now().tick, || shared.l1.remove(&digest));
    }

    /// Keeps nothing of what was said so far: for one who may have missed revocations. Costs one
    /// introspection a token, and no good token its answer.
    pub fn forget(&self) {
        self.shared.marks.start_over(|| self.shared.l1.clear());
    }

    /// For streams that are open already (STR-1).
    #[must_use]
    pub fn is_revoked(&self, digest: &TokenDigest) -> bool {
        self.shared.is_revoked(digest)
    }

    /// Walks the cache: for a scrape, not for a request.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        self.shared.stats()
    }

    /// Drops what has expired, which nothing else does before its room is needed.
    pub fn sweep(&self) {
        let now = self.shared.clock.now();
        self.shared.l1.sweep(now);
        self.shared.inactive.sweep(now.tick);
        self.shared.marks.sweep(now.tick);
    }

    /// For how long, and how many.
    #[must_use]
    pub fn policy(&self) -> &CachePolicy {
        &self.shared.policy
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").field("policy", &self.shared.policy).finish_non_exhaustive()
    }
}

impl Asking {
    /// The cache first: it never holds a marked token, so a hit need not look at the marks.
    fn look_up(&self, digest: &TokenDigest, now: Now) -> (Lookup, Count) {
        let count = match self.l1.find(digest, now) {
            Found::Live(statement) => return (Lookup::Hit(statement), Count::Hit),
            Found::Expired => Count::Expired,
            Found::Nothing => Count::Miss,
        };
        if self.marks.contains(digest, now.tick) {
            (Lookup::Revoked, Count::Revoked)
        } else if self.inactive.contains(digest, now.tick) {
            (Lookup::Inactive, Count::Negative)
        } else {
            (Lookup::Miss, count)
        }
    }

    fn stats(&self) -> CacheStats {
        let (entries, bytes) = self.l1.size();
        let mut stats = CacheStats {
            entries,
            bytes,
            negative_entries: self.inactive.len(),
            marks: self.marks.len(),
            single_flight_waiters: self.flights.waiters(),
            flights: self.flights.flights(),
            ..CacheStats::default()
        };
        self.counters.read_into(&mut stats);
        stats
    }
}
