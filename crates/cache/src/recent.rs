//! A bounded map that forgets in the order in which it learned.

use std::collections::HashMap;
use std::collections::VecDeque;

use phantom_core::TokenDigest;

use crate::digest::DigestBuildHasher;

/// Values by digest, at most `bound` of them. All are meant to live equally long, so that the
/// oldest is also the first to end.
#[derive(Debug)]
pub(crate) struct Recent<V> {
    values: HashMap<TokenDigest, (u64, V), DigestBuildHasher>,
    /// Each insertion with its number. One whose number is not the value's was replaced later.
    order: VecDeque<(u64, TokenDigest)>,
    insertions: u64,
    bound: usize,
}

impl<V> Recent<V> {
    pub(crate) fn new(bound: usize) -> Self {
        Self { values: HashMap::default(), order: VecDeque::new(), insertions: 0, bound }
    }

    pub(crate) fn get(&self, digest: &TokenDigest) -> Option<&V> {
        self.values.get(digest).map(|(_, value)| value)
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Inserts or renews, and gives back the value that had to make room for it, if one had to.
    pub(crate) fn insert(&mut self, digest: TokenDigest, value: V) -> Option<V> {
        // Replaced insertions count too, so that renewing one digest for ever stays bounded.
        let displaced = if self.order.len() >= self.bound { self.pop_oldest() } else { None };
        if self.bound == 0 {
            return Some(value);
        }
        self.insertions += 1;
        self.order.push_back((self.insertions, digest));
        self.values.insert(digest, (self.insertions, value));
        displaced
    }

    pub(crate) fn remove(&mut self, digest: &TokenDigest) {
        self.values.remove(digest);
    }

    /// Drops from the oldest on while they have ended, calling `gone` with each.
    pub(crate) fn drop_while(&mut self, ended: impl Fn(&V) -> bool, mut gone: impl FnMut(V)) {
        while let Some((number, digest)) = self.order.front() {
            let current = self.values.get(digest).filter(|(current, _)| current == number);
            if current.is_some_and(|(_, value)| !ended(value)) {
                break;
            }
            if let Some(value) = self.pop_oldest() {
                gone(value);
            }
        }
    }

    fn pop_oldest(&mut self) -> Option<V> {
        let (number, digest) = self.order.pop_front()?;
        let current = self.values.get(&digest).is_some_and(|(current, _)| *current == number);
        let (_, value) = if current { self.values.remove(&digest) } else { None }?;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(n: u8) -> TokenDigest {
        TokenDigest::new([n; 32])
    }

    #[test]
    fn the_oldest_makes_room() {
        let mut recent = Recent::new(2);
        assert_eq!(recent.insert(digest(1), 'a'), None);
        assert_eq!(recent.insert(digest(2), 'b'), None);
        assert_eq!(recent.insert(digest(3), 'c'), Some('a'));
        assert_eq!((recent.get(&digest(1)), recent.get(&digest(3))), (None, Some(&'c')));
        assert_eq!(recent.len(), 2);
    }

    #[test]
    fn a_renewed_digest_is_young_again_and_takes_no_more_room() {
        let mut recent = Recent::new(3);
        recent.insert(digest(1), 'a');
        recent.insert(digest(2), 'b');
        recent.insert(digest(1), 'c');
        assert_eq!(recent.insert(digest(3), 'd'), None, "only the replaced insertion went");
        assert_eq!(recent.get(&digest(1)), Some(&'c'));
        for _ in 0..1000 {
            recent.insert(digest(1), 'e');
        }
        assert!(recent.order.len() <= 3 && recent.values.len() <= 3);
    }

    #[test]
    fn what_has_ended_is_dropped_from_the_oldest_on() {
        let mut recent = Recent::new(9);
        for (n, end) in [(1, 10), (2, 20), (3, 30)] {
            recent.insert(digest(n), end);
        }
        recent.remove(&digest(1));
        let mut gone = Vec::new();
        recent.drop_while(|end| *end <= 20, |end| gone.push(end));
        assert_eq!((gone, recent.len(), recent.order.len()), (vec![20], 1, 1));
    }

    #[test]
    fn a_store_without_room_keeps_nothing() {
        let mut recent = Recent::new(0);
        assert_eq!(recent.insert(digest(1), 'a'), Some('a'));
        assert_eq!(recent.len(), 0);
    }
}
