//! Which application called which API: how often, and how often it was refused.

use serde::Deserialize;
use serde::Serialize;

use crate::catalog::EntityId;

/// Requests of one application at one API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// Whose requests.
    #[serde(rename = "a")]
    pub application: EntityId,
    /// At which managed API.
    #[serde(rename = "i")]
    pub api: EntityId,
    /// All of them.
    #[serde(rename = "n")]
    pub requests: u64,
    /// Those that were refused.
    #[serde(rename = "d", default, skip_serializing_if = "is_zero")]
    pub refused: u64,
}

/// The busiest pairs that were seen. Others are missing: applications and APIs are counted in full by
/// themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pairs(Vec<Pair>);

impl Pairs {
    /// Counts what `pair` has counted, while there are fewer than `most` or it is known.
    pub fn count(&mut self, pair: &Pair, most: usize) {
        let key = (pair.application, pair.api);
        let place = self.0.iter().position(|known| (known.application, known.api) == key);
        if place.is_none() && self.0.len() < most {
            self.0.push(*pair);
        } else if let Some(known) = place.and_then(|place| self.0.get_mut(place)) {
            known.requests += pair.requests;
            known.refused += pair.refused;
        }
    }

    /// Counts what the other has counted, too.
    pub fn add(&mut self, other: &Self, most: usize) {
        other.0.iter().for_each(|pair| self.count(pair, most));
    }

    /// Keeps the `most` busiest, in that order.
    pub fn abridge(&mut self, most: usize) {
        self.0.sort_by_key(|pair| std::cmp::Reverse(pair.requests));
        self.0.truncate(most);
    }

    /// Those that are known.
    pub fn iter(&self) -> impl Iterator<Item = &Pair> {
        self.0.iter()
    }

    /// Whether nothing was counted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives references")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(application: u128, api: u128, requests: u64) -> Pair {
        let (application, api) = (EntityId::new(application), EntityId::new(api));
        Pair { application, api, requests, refused: requests / 2 }
    }

    #[test]
    fn pairs_add_up_and_the_busiest_stay() {
        let mut pairs = Pairs::default();
        for number in 0..1_000 {
            pairs.count(&pair(number, 1, 1), 256);
            pairs.count(&pair(7, 2, 10), 256);
        }
        assert_eq!(pairs.iter().count(), 256);
        let mut twice = pairs.clone();
        twice.add(&pairs, 256);
        twice.abridge(2);
        let first = twice.iter().next().copied();
        assert_eq!(first.map(|pair| (pair.requests, pair.refused)), Some((20_000, 10_000)));
        assert_eq!(twice.iter().count(), 2);
        let text = serde_json::to_string(&twice).unwrap();
        assert_eq!(serde_json::from_str::<Pairs>(&text).unwrap(), twice);
    }
}
