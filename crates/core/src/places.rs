//! How many of something each party has: connections of a source, streams of a user.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

/// Places that are taken, by who has them. As many entries as there are parties with one.
#[derive(Debug)]
pub struct Places<K>(Arc<Mutex<HashMap<K, usize>>>);

/// One of them, given back when it is dropped.
#[derive(Debug)]
pub struct Place<K: Eq + Hash> {
    places: Places<K>,
    party: K,
}

impl<K: Clone + Eq + Hash> Places<K> {
    /// `None` where the party has `most` already.
    #[must_use]
    pub fn take(&self, party: K, most: usize) -> Option<Place<K>> {
        let mut taken = self.taken();
        let count = taken.get(&party).copied().unwrap_or_default();
        if count >= most {
            return None;
        }
        taken.insert(party.clone(), count + 1);
        Some(Place { places: self.clone(), party })
    }
}

impl<K> Places<K> {
    fn taken(&self) -> MutexGuard<'_, HashMap<K, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All clones count together.
impl<K> Clone for Places<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> Default for Places<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(count) = taken.get_mut(&self.party) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.party);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::Peer;

    #[test]
    fn a_source_has_as_many_places_as_it_may_and_gets_them_back() {
        let places = Places::default();
        let source = |text: &str| Peer::of(text.parse::<IpAddr>().unwrap());
        let first = places.take(source("192.0.2.1"), 2);
        let _second = places.take(source("192.0.2.1"), 2).unwrap();
        assert!(places.take(source("192.0.2.1"), 2).is_none());
        assert!(places.take(source("192.0.2.2"), 2).is_some());
        drop(first);
        assert!(places.take(source("192.0.2.1"), 2).is_some());
        let _network = places.take(source("2001:db8::1"), 1).unwrap();
        assert!(places.take(source("2001:db8::ffff:1"), 1).is_none());
        assert!(places.take(source("2001:db8:0:1::1"), 1).is_some());
        let _mapped = places.take(source("::ffff:192.0.2.3"), 1).unwrap();
        assert!(places.take(source("192.0.2.3"), 1).is_none());
        assert!(places.take(source("::ffff:192.0.2.4"), 1).is_some(), "each is one by itself");
        assert_eq!(places.taken().len(), 3, "nothing is kept of those that are gone");
    }

    #[test]
    fn whoever_is_refused_leaves_nothing() {
        let places = Places::default();
        assert!(places.take("nobody", 0).is_none());
        assert!(places.taken().is_empty());
    }
}
