//! Counts kept on the hot path without one cache line that all workers write.

use std::cell::Cell;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

/// A cache in numbers, for `/metrics`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Statements held, live or not yet swept, and their bytes.
    pub entries: usize,
    /// Bytes of the statements that are held.
    pub bytes: usize,
    /// Tokens that are known to be inactive.
    pub negative_entries: usize,
    /// Revocation marks in force.
    pub marks: usize,
    /// Callers that wait for an introspection right now.
    pub single_flight_waiters: usize,
    /// Introspections under way right now.
    pub flights: usize,
    /// Lookups by result, since start.
    pub hits: u64,
    /// Lookups that found nothing.
    pub misses: u64,
    /// Lookups that found a token known to be inactive.
    pub negatives: u64,
    /// Lookups that found a statement past its end.
    pub expired: u64,
    /// Lookups of tokens that a revocation mark denies.
    pub revoked: u64,
    /// Calls to the authorization server, since start.
    pub introspections: u64,
}

/// The things that are counted: lookups by result, and calls.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Count {
    Hit,
    Miss,
    Negative,
    Expired,
    Revoked,
    Introspection,
}

const STRIPES: usize = 16;

/// One set of counts per group of threads, added up when read.
#[derive(Debug, Default)]
pub(crate) struct Counters([Stripe; STRIPES]);

/// A cache line and the one that is fetched with it.
#[repr(align(128))]
#[derive(Debug, Default)]
struct Stripe {
    hits: AtomicU64,
    misses: AtomicU64,
    negatives: AtomicU64,
    expired: AtomicU64,
    revoked: AtomicU64,
    introspections: AtomicU64,
}

impl Counters {
    pub(crate) fn add(&self, count: Count) {
        let Some(stripe) = self.0.get(stripe_of_this_thread()) else { return };
        let counter = match count {
            Count::Hit => &stripe.hits,
            Count::Miss => &stripe.misses,
            Count::Negative => &stripe.negatives,
            Count::Expired => &stripe.expired,
            Count::Revoked => &stripe.revoked,
            Count::Introspection => &stripe.introspections,
        };
        counter.fetch_add(1, Relaxed);
    }

    /// Fills in what has been counted.
    pub(crate) fn read_into(&self, stats: &mut CacheStats) {
        for stripe in &self.0 {
            stats.hits += stripe.hits.load(Relaxed);
            stats.misses += stripe.misses.load(Relaxed);
            stats.negatives += stripe.negatives.load(Relaxed);
            stats.expired += stripe.expired.load(Relaxed);
            stats.revoked += stripe.revoked.load(Relaxed);
            stats.introspections += stripe.introspections.load(Relaxed);
        }
    }
}

fn stripe_of_this_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static STRIPE: Cell<Option<usize>> = const { Cell::new(None) };
    }
    STRIPE.get().unwrap_or_else(|| {
        let stripe = NEXT.fetch_add(1, Relaxed) % STRIPES;
        STRIPE.set(Some(stripe));
        stripe
    })
}
