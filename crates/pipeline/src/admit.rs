//! Rate limits of routes: generic cell rate per client, in bounded memory.

use std::convert::Infallible;
use std::hash::BuildHasher;
use std::hash::RandomState;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use phantom_core::Deny;
use phantom_core::DenyReason;
use phantom_core::Peer;
use phantom_core::Statement;
use phantom_core::Tick;
use phantom_core::quota::Rate;
use phantom_core::quota::Usage;
use quick_cache::sync::Cache;

/// Clients a limit remembers at once. The least used is forgotten first, which lets it start anew.
const MAX_CLIENTS: usize = 100_000;
/// Clients that a limit remembers for one decision.
const FEW_CLIENTS: usize = 16;

/// A rate, and the usage of the clients under it. Shared by all workers of the process.
///
/// Clients are kept by a hash with a random key, so that an entry has one size however long a client
/// makes its name.
#[derive(Clone, Debug)]
pub struct RateLimit {
    rate: Rate,
    by: Party,
    hasher: RandomState,
    usage: Arc<Cache<u64, Arc<Mutex<Usage>>>>,
}

/// Who is counted as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The OAuth client of the token, or the address where there is none.
    Client,
    /// The address, whatever it brings: can be told before anybody is asked about a token.
    Peer,
}

#[derive(Hash)]
enum PartyKey<'a> {
    Client(&'a str),
    Peer(Peer),
}

impl RateLimit {
    /// A limit under which nobody has been counted yet. Clones count together.
    #[must_use]
    pub fn new(rate: Rate, by: Party) -> Self {
        Self::remembering(rate, by, MAX_CLIENTS)
    }

    fn remembering(rate: Rate, by: Party, clients: usize) -> Self {
        let usage = Arc::new(Cache::new(clients));
        Self { rate, by, hasher: RandomState::new(), usage }
    }

    /// The same limit, of which nobody has used anything; it remembers few.
    #[must_use]
    pub fn unused(&self) -> Self {
        Self::remembering(self.rate, self.by, FEW_CLIENTS)
    }

    #[must_use]
    pub(crate) const fn by(&self) -> Party {
        self.by
    }

    /// Counts this request, or refuses it and says when to come back.
    ///
    /// # Errors
    ///
    /// [`DenyReason::RateLimited`], with the time after which one request fits again.
    pub fn admit(&self, statement: Option<&Statement>, peer: Peer, now: Tick) -> Result<(), Deny> {
        // Never `aud`: clients of one audience are not one client (pitfall 42).
        let client = statement
            .filter(|_| self.by == Party::Client)
            .and_then(|statement| statement.client_id.as_deref().or(statement.subject.as_deref()));
        let key = self.hasher.hash_one(client.map_or(PartyKey::Peer(peer), PartyKey::Client));
        let Ok(usage) = self.usage.get_or_insert_with(&key, || Ok::<_, Infallible>(Arc::default()));
        // A poisoned lock means a panic between two plain stores: the number is still a number.
        let mut usage = usage.lock().unwrap_or_else(PoisonError::into_inner);
        match usage.admit(self.rate, now) {
            Ok(next) => {
                *usage = next;
                Ok(())
            }
            Err(wait) => Err(Deny { reason: DenyReason::RateLimited, retry_after: Some(wait) }),
        }
    }
}

#[cfg(test)]
mod tests;
