//! Negative entries: tokens the server called inactive, for a few seconds (CAC-8).

use std::sync::PoisonError;
use std::sync::RwLock;
use std::time::Duration;

use phantom_core::Tick;
use phantom_core::TokenDigest;

use crate::recent::Recent;

/// A small store of its own, so that junk tokens can only ever evict each other.
#[derive(Debug)]
pub(crate) struct InactiveTokens {
    until: RwLock<Recent<Tick>>,
    life: Duration,
}

impl InactiveTokens {
    pub(crate) fn new(life: Duration, bound: usize) -> Self {
        Self { until: RwLock::new(Recent::new(bound)), life }
    }

    /// Keeps the verdict for a while, counted from when its question was put.
    pub(crate) fn insert(&self, digest: TokenDigest, asked: Tick) {
        let mut until = self.until.write().unwrap_or_else(PoisonError::into_inner);
        until.insert(digest, asked.plus(self.life));
    }

    pub(crate) fn contains(&self, digest: &TokenDigest, now: Tick) -> bool {
        let until = self.until.read().unwrap_or_else(PoisonError::into_inner);
        until.get(digest).is_some_and(|until| now < *until)
    }

    pub(crate) fn remove(&self, digest: &TokenDigest) {
        self.until.write().unwrap_or_else(PoisonError::into_inner).remove(digest);
    }

    pub(crate) fn len(&self) -> usize {
        self.until.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(crate) fn sweep(&self, now: Tick) {
        let mut until = self.until.write().unwrap_or_else(PoisonError::into_inner);
        until.drop_while(|until| *until <= now, drop);
    }
}
