//! How long requests took: so many within each of a fixed set of bounds, two to an octave, from 64 µs to
//! four minutes.

use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

/// Everything below 64 µs is in the first, everything beyond 4.5 min in the last.
const BUCKETS: usize = 46;
const FIRST: u32 = 6;

/// A histogram of fixed bounds, so that those of several gateways and times add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<(usize, u64)>", from = "Vec<(usize, u64)>")]
pub struct Latency([u64; BUCKETS]);

impl Default for Latency {
    fn default() -> Self {
        Self([0; BUCKETS])
    }
}

impl Latency {
    /// Counts one request that took so long.
    pub fn observe(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.0.get_mut(bucket(micros)) {
            *bucket += 1;
        }
    }

    /// Counts what the other has counted, too.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().sum()
    }

    /// So many of a thousand took no longer than that, give or take a quarter. `None`: there are none.
    #[must_use]
    pub fn quantile(&self, per_mille: u64) -> Option<Duration> {
        let count = self.count();
        let rank = (count * per_mille).div_ceil(1000).max(1);
        let mut before = 0;
        for (index, inside) in self.0.iter().enumerate() {
            if *inside > 0 && before + inside >= rank {
                let (low, high) = (lower_bound(index), lower_bound(index + 1));
                // As if those within the bounds were spread evenly.
                let micros = low + (high - low) * (rank - before) / inside;
                return Some(Duration::from_micros(micros));
            }
            before += inside;
        }
        None
    }
}

/// Two to an octave: below and above one and a half times its beginning.
fn bucket(micros: u64) -> usize {
    let octave = micros.max(1).ilog2();
    if octave < FIRST {
        return 0;
    }
    let upper = (micros >> (octave - 1)) & 1;
    let index = 1 + 2 * (octave - FIRST) as usize + upper as usize;
    index.min(BUCKETS - 1)
}

/// In microseconds.
const fn lower_bound(index: usize) -> u64 {
    if index == 0 {
        return 0;
    }
    let octave = FIRST as usize + (index - 1) / 2;
    let begin = 1_u64 << octave;
    if (index - 1) % 2 == 1 { begin + begin / 2 } else { begin }
}

/// Only those that are not empty.
impl From<Latency> for Vec<(usize, u64)> {
    fn from(latency: Latency) -> Self {
        latency.0.into_iter().enumerate().filter(|(_, count)| *count > 0).collect()
    }
}

impl From<Vec<(usize, u64)>> for Latency {
    fn from(counts: Vec<(usize, u64)>) -> Self {
        let mut latency = Self::default();
        for (index, count) in counts {
            if let Some(bucket) = latency.0.get_mut(index) {
                *bucket = bucket.saturating_add(count);
            }
        }
        latency
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nobody_has_waited_where_nobody_has_asked() {
        assert_eq!(Latency::default().quantile(500), None);
    }

    proptest! {
        #[test]
        fn a_quantile_is_right_to_a_factor_of_one_and_a_half(micros in 64_u64..100_000_000) {
            let mut latency = Latency::default();
            latency.observe(Duration::from_micros(micros));
            let told = latency.quantile(990).unwrap().as_micros() as f64;
            let ratio = told / micros as f64;
            prop_assert!((1.0..=1.51).contains(&ratio), "{micros} told as {told}");
        }

        #[test]
        fn bounds_rise_and_a_time_lies_within_its_own(micros in any::<u64>()) {
            let index = bucket(micros);
            prop_assert!(lower_bound(index) <= micros);
            prop_assert!(index + 1 == BUCKETS || micros < lower_bound(index + 1));
        }

        #[test]
        fn what_is_written_down_is_read_again(times in prop::collection::vec(0_u64..1 << 40, 0..50)) {
            let mut latency = Latency::default();
            times.iter().for_each(|micros| latency.observe(Duration::from_micros(*micros)));
            let text = serde_json::to_string(&latency).unwrap();
            prop_assert_eq!(serde_json::from_str::<Latency>(&text).unwrap(), latency);
            prop_assert_eq!(latency.count(), times.len() as u64);
        }
    }
}
