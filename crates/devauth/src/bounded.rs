//! A map that forgets: expired entries first, then the oldest.

use std::collections::{BTreeMap, HashMap};

use aws_lc_rs::digest;

/// SHA-256 of a token or code. The values themselves are stored nowhere.
pub(crate) type Digest = [u8; 32];

pub(crate) fn digest_of(secret: &str) -> Digest {
    let mut digest = Digest::default();
    digest.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
    digest
}

/// Holds at most `max` entries. Times are Unix seconds; an entry is dead from `expires_at` on.
#[derive(Debug)]
pub(crate) struct BoundedMap<V> {
    max: usize,
    next: u64,
    /// Insertion order, so that the oldest is found without a scan.
    order: BTreeMap<u64, Digest>,
    entries: HashMap<Digest, Entry<V>>,
}

#[derive(Debug)]
struct Entry<V> {
    sequence: u64,
    expires_at: i64,
    value: V,
}

impl<V> BoundedMap<V> {
    /// A bound of zero counts as one.
    pub(crate) fn new(max: usize) -> Self {
        Self { max: max.max(1), next: 0, order: BTreeMap::new(), entries: HashMap::new() }
    }

    pub(crate) fn insert(&mut self, key: Digest, value: V, expires_at: i64, now: i64) {
        self.remove(&key);
        self.drop_expired(now);
        while self.entries.len() >= self.max {
            let Some((_, oldest)) = self.order.pop_first() else { break };
            self.entries.remove(&oldest);
        }
        let sequence = self.next;
        self.next += 1;
        self.order.insert(sequence, key);
        self.entries.insert(key, Entry { sequence, expires_at, value });
    }

    pub(crate) fn live(&self, key: &Digest, now: i64) -> Option<&V> {
        self.entries.get(key).filter(|entry| now < entry.expires_at).map(|entry| &entry.value)
    }

    pub(crate) fn live_mut(&mut self, key: &Digest, now: i64) -> Option<&mut V> {
        let entry = self.entries.get_mut(key).filter(|entry| now < entry.expires_at)?;
        Some(&mut entry.value)
    }

    pub(crate) fn remove(&mut self, key: &Digest) -> Option<V> {
        let entry = self.entries.remove(key)?;
        self.order.remove(&entry.sequence);
        Some(entry.value)
    }

    pub(crate) fn remove_where(&mut self, condemned: impl Fn(&V) -> bool) {
        let order = &mut self.order;
        self.entries.retain(|_, entry| {
            let stays = !condemned(&entry.value);
            if !stays {
                order.remove(&entry.sequence);
            }
            stays
        });
    }

    pub(crate) fn live_count(&self, now: i64) -> usize {
        self.entries.values().filter(|entry| now < entry.expires_at).count()
    }

    /// Lifetimes within one map are equal, so the oldest expire first.
    fn drop_expired(&mut self, now: i64) {
        while let Some(oldest) = self.order.first_entry() {
            if self.entries.get(oldest.get()).is_some_and(|entry| now < entry.expires_at) {
                break;
            }
            self.entries.remove(&oldest.remove());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> Digest {
        [n; 32]
    }

    #[test]
    fn the_oldest_entry_goes_when_the_map_is_full() {
        let mut map = BoundedMap::new(2);
        for n in 1..=3 {
            map.insert(key(n), n, 100, 0);
        }
        assert_eq!(map.live(&key(1), 0), None);
        assert_eq!(map.live(&key(2), 0), Some(&2));
        assert_eq!(map.live(&key(3), 0), Some(&3));
        assert_eq!((map.entries.len(), map.order.len()), (2, 2));
    }

    #[test]
    fn expired_entries_go_before_live_ones() {
        let mut map = BoundedMap::new(2);
        map.insert(key(1), 1, 10, 0);
        map.insert(key(2), 2, 100, 0);
        map.insert(key(3), 3, 100, 10);
        assert_eq!(map.live(&key(2), 10), Some(&2));
        assert_eq!(map.live(&key(3), 10), Some(&3));
    }

    #[test]
    fn an_entry_is_dead_at_its_expiry_to_the_second() {
        let mut map = BoundedMap::new(2);
        map.insert(key(1), 1, 10, 0);
        assert_eq!(map.live(&key(1), 9), Some(&1));
        assert_eq!(map.live(&key(1), 10), None);
        assert_eq!((map.live_count(9), map.live_count(10)), (1, 0));
    }

    #[test]
    fn removed_entries_leave_nothing_behind_in_the_order() {
        let mut map = BoundedMap::new(10);
        map.insert(key(0), 0, 100, 0);
        for _ in 0..50 {
            map.insert(key(1), 1, 100, 0);
            map.remove(&key(1));
            map.insert(key(2), 2, 100, 0);
            map.remove_where(|value| *value == 2);
        }
        assert_eq!((map.entries.len(), map.order.len()), (1, 1));
    }
}
