//! Rate limits by the generic cell rate algorithm: one number of state, exact arithmetic. And the
//! quotas of plans, in fixed windows.

mod window;

use std::time::Duration;

pub use window::Window;

use crate::time::Tick;

/// `requests` in each `window`, and no more than `requests` at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Time that one request uses up, in microseconds.
    emission: u64,
    /// How far ahead of now requests may have used time up, in microseconds.
    tolerance: u64,
}

impl Rate {
    /// `None` for zero requests, an empty window, or more than one request a microsecond.
    #[must_use]
    pub fn new(requests: u32, window: Duration) -> Option<Self> {
        let window = u64::try_from(window.as_micros()).ok()?;
        let emission = window.checked_div(u64::from(requests)).filter(|emission| *emission > 0)?;
        Some(Self { emission, tolerance: emission.saturating_mul(u64::from(requests) - 1) })
    }
}

/// The instant until which time is used up: the whole state of one limited client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    used_until: u64,
}

impl Usage {
    /// Takes one request into account, or says how long to wait before it would be.
    ///
    /// # Errors
    /// That time.
    pub fn admit(self, rate: Rate, now: Tick) -> Result<Self, Duration> {
        let now = now.as_millis().saturating_mul(1000);
        let used_until = self.used_until.max(now);
        let ahead = used_until - now;
        if ahead > rate.tolerance {
            return Err(Duration::from_micros(ahead - rate.tolerance));
        }
        Ok(Self { used_until: used_until.saturating_add(rate.emission) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_rate_lets_its_number_through_at_once_and_then_one_per_interval() {
        let rate = Rate::new(3, Duration::from_secs(3)).unwrap();
        let mut usage = Usage::default();
        for _ in 0..3 {
            usage = usage.admit(rate, Tick::from_millis(1000)).unwrap();
        }
        assert_eq!(usage.admit(rate, Tick::from_millis(1000)), Err(Duration::from_secs(1)));
        usage = usage.admit(rate, Tick::from_millis(2000)).unwrap();
        assert!(usage.admit(rate, Tick::from_millis(2000)).is_err());
    }

    #[test]
    fn a_rate_of_nothing_cannot_be_made() {
        assert_eq!(Rate::new(0, Duration::from_secs(1)), None);
        assert_eq!(Rate::new(1, Duration::ZERO), None);
        assert_eq!(Rate::new(u32::MAX, Duration::from_secs(1)), None);
    }

    proptest! {
        #[test]
        fn no_window_ever_admits_more_than_twice_its_number(
            requests in 1u32..20, arrivals in proptest::collection::vec(0u64..400, 1..200)
        ) {
            let rate = Rate::new(requests, Duration::from_secs(1)).unwrap();
            let (mut usage, mut now, mut admitted) = (Usage::default(), 0, Vec::new());
            for gap in arrivals {
                now += gap;
                if let Ok(next) = usage.admit(rate, Tick::from_millis(now)) {
                    usage = next;
                    admitted.push(now);
                }
            }
            for start in &admitted {
                let within = admitted.iter().filter(|t| (*start..start + 1000).contains(*t)).count();
                prop_assert!(within <= 2 * requests as usize);
            }
        }
    }
}
