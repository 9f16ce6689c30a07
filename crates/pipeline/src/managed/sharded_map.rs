//! A map for the snapshot: read without locks, and cheap to change while older snapshots live.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::hash::Hash;
use std::sync::Arc;

/// A change copies one shard in this many; 300,000 entries make shards of 300.
const SHARDS: usize = 1024;

/// Keys of strangers: the hash is keyed. A clone shares every shard until one of the two changes it.
#[derive(Clone, Debug)]
pub(crate) struct ShardedMap<K, V> {
    shards: Vec<Arc<HashMap<K, V, RandomState>>>,
    hasher: RandomState,
    len: usize,
}

impl<K, V> Default for ShardedMap<K, V> {
    fn default() -> Self {
        let hasher = RandomState::new();
        let empty = Arc::new(HashMap::with_hasher(hasher.clone()));
        Self { shards: vec![empty; SHARDS], hasher, len: 0 }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> ShardedMap<K, V> {
    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn find<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.shards.get(self.shard_of(key))?.get(key)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        let at = self.shard_of(&key);
        if let Some(shard) = self.shards.get_mut(at)
            && Arc::make_mut(shard).insert(key, value).is_none()
        {
            self.len += 1;
        }
    }

    pub(crate) fn remove<Q>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let at = self.shard_of(key);
        // What is not there is not copied for.
        if let Some(shard) = self.shards.get_mut(at)
            && shard.contains_key(key)
            && Arc::make_mut(shard).remove(key).is_some()
        {
            self.len -= 1;
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.shards.iter().flat_map(|shard| shard.iter())
    }

    fn shard_of<Q: Hash + ?Sized>(&self, key: &Q) -> usize {
        // Other bits than those by which the shard's own table goes.
        (self.hasher.hash_one(key) >> 32) as usize % SHARDS
    }

    /// Shards that both share.
    #[cfg(test)]
    pub(crate) fn shared_with(&self, other: &Self) -> usize {
        self.shards.iter().zip(&other.shards).filter(|(a, b)| Arc::ptr_eq(a, b)).count()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_change_copies_one_shard_and_the_older_map_stays_as_it_was() {
        let mut map = ShardedMap::default();
        for key in 0..10_000_u32 {
            map.insert(key, key);
        }
        let older = map.clone();
        map.insert(77, 1);
        map.remove(&20_000);
        assert_eq!(map.shared_with(&older), SHARDS - 1);
        assert_eq!((map.find(&77), older.find(&77)), (Some(&1), Some(&77)));
        assert_eq!((map.len(), older.len()), (10_000, 10_000));
    }

    proptest! {
        #[test]
        fn it_holds_what_a_plain_map_holds(
            steps in proptest::collection::vec((0u8..20, proptest::option::of(0u8..9)), 0..80)
        ) {
            let (mut map, mut plain) = (ShardedMap::default(), BTreeMap::new());
            for (key, value) in steps {
                match value {
                    Some(value) => {
                        map.insert(key, value);
                        plain.insert(key, value);
                    }
                    None => {
                        map.remove(&key);
                        plain.remove(&key);
                    }
                }
                prop_assert_eq!((map.len(), map.is_empty()), (plain.len(), plain.is_empty()));
                prop_assert_eq!(map.find(&key), plain.get(&key));
            }
            let all: BTreeMap<u8, u8> = map.iter().map(|(key, value)| (*key, *value)).collect();
            prop_assert_eq!(all, plain);
        }
    }
}
