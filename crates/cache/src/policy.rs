//! The settings of the cache that an operator has, with the defaults.

use std::time::Duration;

/// How long and how much one key manager's cache remembers. Every duration is an upper bound:
/// the token's `exp` and the server's freshness only ever shorten it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachePolicy {
    /// Longest life of any entry (`token_cache_seconds`).
    pub cap: Duration,
    /// Life of a statement without `exp` that came without freshness (CAC-3).
    pub without_expiry: Duration,
    /// Operator's override for servers that send `no-store` on every answer (CAC-2). `None` obeys.
    pub despite_no_store: Option<Duration>,
    /// Life of a negative entry: a token may become active later (CAC-8).
    pub inactive: Duration,
    /// Longest that one introspection may take in all, whatever [`phantom_oauth::Introspect`] does.
    pub longest_call: Duration,
    /// Tokens that fit for certain. Uneven spread over the shards may leave room for a few more.
    pub max_entries: usize,
    /// Bytes of statements and their bookkeeping; never exceeded.
    pub max_bytes: usize,
    /// Negative entries, in a store of their own.
    pub max_inactive_entries: usize,
}

impl Default for CachePolicy {
    fn default() -> Self {
        Self {
            cap: Duration::from_secs(300),
            without_expiry: Duration::from_secs(60),
            despite_no_store: None,
            inactive: Duration::from_secs(10),
            longest_call: Duration::from_secs(30),
            max_entries: 50_000,
            max_bytes: 256 << 20,
            max_inactive_entries: 10_000,
        }
    }
}
