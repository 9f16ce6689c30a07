//! The in-process cache of statements. The only file that knows quick_cache.
//!
//! quick_cache knows no time: expiry lives in the entry and is checked on every read. Its
//! replacement keeps what is asked for again over what was asked for once (CAC-14).

use std::sync::Arc;

use phantom_core::Now;
use phantom_core::Statement;
use phantom_core::Tick;
use phantom_core::TokenDigest;
use quick_cache::Options;
use quick_cache::OptionsBuilder;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use quick_cache::sync::DefaultLifecycle;

use crate::digest::DigestBuildHasher;
use crate::policy::CachePolicy;

/// Bytes of an entry besides its statement: key, value, `Arc` counters, slab links, index slot.
const OVERHEAD: usize = 32 + size_of::<Held>() + 16 + 16 + 24;

/// Fewest entries and bytes worth a shard. A shard must be wide: an entry heavier than 97 % of
/// one is not admitted, and the heaviest statement has some tens of kilobytes.
const SHARD_ENTRIES: usize = 1024;
const SHARD_BYTES: usize = 2 << 20;

pub(crate) struct L1 {
    cache: Cache<TokenDigest, Held, AtLeast, DigestBuildHasher>,
}

/// A statement, and when our permission to use it ends.
#[derive(Clone)]
struct Held {
    statement: Arc<Statement>,
    fresh_until: Tick,
    bytes: u32,
}

impl Held {
    /// Both clocks have to agree: the tick when the wall clock is set back, the wall clock when the
    /// machine slept and the tick did not move (pitfall 23).
    fn is_live(&self, now: Now) -> bool {
        now.tick < self.fresh_until && self.statement.expires_at.is_none_or(|end| now.wall < end)
    }
}

/// The outcome of a read.
pub(crate) enum Found {
    Live(Arc<Statement>),
    Expired,
    Nothing,
}

impl L1 {
    pub(crate) fn new(policy: &CachePolicy) -> Self {
        let (options, weighter) = dimensions(policy);
        let hasher = DigestBuildHasher::default();
        Self { cache: Cache::with_options(options, weighter, hasher, DefaultLifecycle::default()) }
    }

    pub(crate) fn find(&self, digest: &TokenDigest, now: Now) -> Found {
        match self.cache.get(digest) {
            Some(held) if held.is_live(now) => Found::Live(held.statement),
            Some(_) => Found::Expired,
            None => Found::Nothing,
        }
    }

    pub(crate) fn insert(&self, digest: TokenDigest, statement: Arc<Statement>, fresh_until: Tick) {
        let bytes = u32::try_from(statement.weight() + OVERHEAD).unwrap_or(u32::MAX);
        self.cache.insert(digest, Held { statement, fresh_until, bytes });
    }

    pub(crate) fn remove(&self, digest: &TokenDigest) {
        self.cache.remove(digest);
    }

    pub(crate) fn clear(&self) {
        self.cache.clear();
    }

    pub(crate) fn sweep(&self, now: Now) {
        self.cache.retain(|_, held| held.is_live(now));
    }

    /// Entries and their bytes. Walks all of them: for a scrape, not for a request.
    pub(crate) fn size(&self) -> (usize, usize) {
        self.cache
            .iter()
            .fold((0, 0), |(entries, bytes), (_, held)| (entries + 1, bytes + held.bytes as usize))
    }
}

/// Weighs an entry in bytes, but at least `0`: with every entry at least `capacity / n` heavy there
/// are never more than `n`, so that the one limit quick_cache has bounds entries as well as bytes.
#[derive(Clone, Copy)]
struct AtLeast(u64);

impl Weighter<TokenDigest, Held> for AtLeast {
    fn weight(&self, _: &TokenDigest, held: &Held) -> u64 {
        u64::from(held.bytes).max(self.0)
    }
}

/// At start, so that the one way to fail, a capacity left out, may panic: none is left out.
fn dimensions(policy: &CachePolicy) -> (Options, AtLeast) {
    let entries = policy.max_entries.max(1);
    let bytes = if policy.max_entries == 0 { 0 } else { policy.max_bytes };
    let shards = shard_count(entries, bytes);
    // Digests spread over shards like balls over bins: four standard deviations of room on top of
    // its share, and a shard overflows less than once in ten thousand. So `max_entries` do fit.
    let share = entries.div_ceil(shards);
    let room = if shards == 1 { share } else { share + 4 * share.isqrt() };
    // Two at least: alone, the lightest would fill its shard and not be admitted.
    let lightest = (bytes / shards / room.max(2)).max(1) as u64;
    #[expect(clippy::expect_used, reason = "both capacities are given, which is all it asks for")]
    let options = OptionsBuilder::new()
        .shards(shards)
        .estimated_items_capacity(entries)
        .weight_capacity(bytes as u64)
        .build()
        .expect("both capacities are set");
    (options, AtLeast(lightest))
}

/// As many shards as both bounds allow, up to 64: enough for readers on as many cores.
fn shard_count(entries: usize, bytes: usize) -> usize {
    let most = (entries / SHARD_ENTRIES).min(bytes / SHARD_BYTES).clamp(1, 64);
    1 << most.ilog2()
}

#[cfg(test)]
mod tests;
