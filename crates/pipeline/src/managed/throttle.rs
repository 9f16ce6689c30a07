//! Quotas of plans: counted in this process, exactly, in bounded memory, over all snapshots.

use std::convert::Infallible;
use std::hash::BuildHasher;
use std::hash::Hash;
use std::hash::RandomState;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use phantom_core::Deny;
use phantom_core::DenyReason;
use phantom_core::Tick;
use phantom_core::catalog::Plan;
use phantom_core::quota::Window;
use quick_cache::sync::Cache;

/// Parties a level remembers at once. The least used is forgotten first, which lets it start anew.
const MAX_PARTIES: usize = 100_000;
/// More than one decision can charge.
const FEW_PARTIES: usize = 16;

/// Counters of all levels. Cheap to clone: there is one set per process.
#[derive(Clone, Debug)]
pub(crate) struct Throttle(Arc<Levels>);

/// One store each, so that many parties of one level push none of another out.
#[derive(Debug)]
struct Levels {
    hasher: RandomState,
    advanced: Counters,
    subscription: Counters,
    application: Counters,
    address: Counters,
}

/// By a hash with a random key: an entry has one size however long a party makes its name.
type Counters = Cache<u64, Arc<Mutex<Usage>>>;

/// One party under one plan.
#[derive(Clone, Copy, Debug, Default)]
struct Usage {
    quota: Window,
    burst: Window,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// An API as a whole, over all callers.
    Api,
    /// One of its operations, over all callers.
    Operation,
    /// An application at an API.
    Subscription,
    /// A user of an application.
    Application,
    /// A caller without a token at an API.
    Address,
}

/// A party that a request counts for, and its plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Charge<'p> {
    level: Level,
    plan: &'p Plan,
    party: u64,
}

impl Throttle {
    #[must_use]
    pub(crate) fn new() -> Self {
        Self::remembering(MAX_PARTIES)
    }

    /// For one decision, which finds nothing used.
    #[must_use]
    pub(crate) fn for_one() -> Self {
        Self::remembering(FEW_PARTIES)
    }

    fn remembering(parties: usize) -> Self {
        Self(Arc::new(Levels {
            hasher: RandomState::new(),
            advanced: Cache::new(parties),
            subscription: Cache::new(parties),
            application: Cache::new(parties),
            address: Cache::new(parties),
        }))
    }

    pub(crate) fn charge<'p>(&self, level: Level, plan: &'p Plan, party: impl Hash) -> Charge<'p> {
        Charge { level, plan, party: self.0.hasher.hash_one((level as u8, party)) }
    }

    /// Counts a request for all of its parties, or for none where a limit stops it: what is refused
    /// uses nothing up. Charges come in the order in which they are tested, one per level.
    pub(crate) fn admit<const N: usize>(
        &self,
        charges: [Option<Charge<'_>>; N],
        now: Tick,
    ) -> Result<(), Deny> {
        let counters = charges.map(|charge| charge.map(|charge| (charge, self.counter(&charge))));
        // Held together, so that the verdict is exact. Every request takes the levels in the same
        // order, and no two of its counters are one: each level has a store of its own.
        let mut held: [Option<(MutexGuard<'_, Usage>, Usage)>; N] = [const { None }; N];
        for (place, counter) in held.iter_mut().zip(&counters) {
            let Some((charge, counter)) = counter else { continue };
            // A poisoned lock means a panic between two plain stores: the numbers are still numbers.
            let usage = counter.lock().unwrap_or_else(PoisonError::into_inner);
            let next = charge.admit(*usage, now)?;
            *place = Some((usage, next));
        }
        for (mut usage, next) in held.into_iter().flatten() {
            *usage = next;
        }
        Ok(())
    }

    fn counter(&self, charge: &Charge<'_>) -> Arc<Mutex<Usage>> {
        let counters = match charge.level {
            Level::Api | Level::Operation => &self.0.advanced,
            Level::Subscription => &self.0.subscription,
            Level::Application => &self.0.application,
            Level::Address => &self.0.address,
        };
        let fresh = || Ok::<_, Infallible>(Arc::default());
        let Ok(counter) = counters.get_or_insert_with(&charge.party, fresh);
        counter
    }
}

impl Default for Throttle {
    fn default() -> Self {
        Self::new()
    }
}

impl Charge<'_> {
    fn admit(&self, usage: Usage, now: Tick) -> Result<Usage, Deny> {
        let mut next = usage;
        if let Some(limit) = self.plan.quota {
            next.quota = if self.plan.stops_on_quota {
                usage.quota.admit(limit, now).map_err(|wait| self.level.deny_quota(wait))?
            } else {
                usage.quota.count(limit, now)
            };
        }
        if let Some(limit) = self.plan.burst {
            next.burst =
                usage.burst.admit(limit, now).map_err(|wait| self.level.deny_burst(wait))?;
        }
        Ok(next)
    }
}

impl Level {
    const fn deny_quota(self, wait: std::time::Duration) -> Deny {
        let reason = match self {
            Self::Api => DenyReason::ApiQuota,
            Self::Operation => DenyReason::OperationQuota,
            Self::Subscription | Self::Address => DenyReason::SubscriptionQuota,
            Self::Application => DenyReason::ApplicationQuota,
        };
        Deny { reason, retry_after: Some(wait) }
    }

    const fn deny_burst(self, wait: std::time::Duration) -> Deny {
        let reason = match self {
            Self::Api => DenyReason::ApiQuota,
            Self::Operation => DenyReason::OperationQuota,
            Self::Subscription | Self::Address => DenyReason::SubscriptionBurst,
            Self::Application => DenyReason::ApplicationBurst,
        };
        Deny { reason, retry_after: Some(wait) }
    }
}

#[cfg(test)]
mod tests;
