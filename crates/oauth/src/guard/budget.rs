//! The questions that an address may have put about tokens which nobody vouches for: so many at once, and so many
//! more a second.

use std::time::Duration;

use phantom_core::Tick;

/// The places an address has, and how fast used ones come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Budget {
    pub(crate) burst: u32,
    pub(crate) per_second: u32,
}

/// Places used up, in millionths, at an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Used {
    millionths: u64,
    at: Tick,
}

const PLACE: u64 = 1_000_000;

impl Budget {
    /// Returns whether one more call may be begun beside those that are under way, if all of them turn out to
    /// have been for nothing.
    pub(super) fn allows(self, used: Used, under_way: usize, now: Tick) -> bool {
        let under_way = u64::try_from(under_way).unwrap_or(u64::MAX);
        let places = under_way.saturating_add(1).saturating_mul(PLACE);
        self.left(used, now).saturating_add(places) <= self.all()
    }

    /// How long there is no place, whatever becomes of the calls under way.
    pub(super) fn exhausted(self, used: Used, now: Tick) -> Option<Duration> {
        let beyond = (self.left(used, now) + PLACE).saturating_sub(self.all());
        // Millionths come back at this rate in a millisecond.
        let rate = u64::from(self.per_second) * PLACE / 1000;
        (beyond > 0).then(|| Duration::from_millis(beyond.div_ceil(rate.max(1))))
    }

    /// So much of this as there are places left: of what an address may have beside its budget, the
    /// more of that it has wasted, the less.
    pub(super) fn share(self, of: usize, used: Used, now: Tick) -> usize {
        let of = u64::try_from(of).unwrap_or(u64::MAX);
        let left = self.all().saturating_sub(self.left(used, now));
        let share = u128::from(of) * u128::from(left);
        usize::try_from(share.div_ceil(u128::from(self.all().max(1)))).unwrap_or(usize::MAX)
    }

    /// How long until one more place has come back.
    pub(super) fn next_place(self) -> Duration {
        Duration::from_secs(1) / self.per_second.max(1)
    }

    /// One place less.
    pub(super) fn charge(self, used: &mut Used, now: Tick) {
        *used = Used { millionths: self.left(*used, now).saturating_add(PLACE), at: now };
    }

    /// One place more.
    pub(super) fn give_back(self, used: &mut Used, now: Tick) {
        *used = Used { millionths: self.left(*used, now).saturating_sub(PLACE), at: now };
    }

    /// Whole places in use, rounded up.
    pub(super) fn places(self, used: Used, now: Tick) -> u64 {
        self.left(used, now).div_ceil(PLACE)
    }

    fn all(self) -> u64 {
        u64::from(self.burst) * PLACE
    }

    fn left(self, used: Used, now: Tick) -> u64 {
        let millis = now.as_millis().saturating_sub(used.at.as_millis());
        let back = millis.saturating_mul(u64::from(self.per_second) * PLACE / 1000);
        used.millionths.saturating_sub(back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Budget = Budget { burst: 3, per_second: 2 };

    fn at(millis: u64) -> Tick {
        Tick::from_millis(5000 + millis)
    }

    #[test]
    fn a_budget_is_used_up_and_comes_back_with_time() {
        let mut used = Used::default();
        for _ in 0..3 {
            assert_eq!(BUDGET.exhausted(used, at(0)), None);
            BUDGET.charge(&mut used, at(0));
        }
        assert_eq!(BUDGET.exhausted(used, at(0)), Some(Duration::from_millis(500)));
        assert_eq!(BUDGET.exhausted(used, at(499)), Some(Duration::from_millis(1)));
        assert_eq!(BUDGET.exhausted(used, at(500)), None);
        assert_eq!(BUDGET.places(used, at(1499)), 1);
        assert_eq!(BUDGET.places(used, at(1500)), 0);
    }

    #[test]
    fn calls_under_way_hold_their_places_and_do_not_use_them_up() {
        let mut used = Used::default();
        assert!(BUDGET.allows(used, 2, at(0)) && !BUDGET.allows(used, 3, at(0)));
        assert_eq!(BUDGET.exhausted(used, at(0)), None);
        BUDGET.charge(&mut used, at(0));
        assert!(BUDGET.allows(used, 1, at(0)) && !BUDGET.allows(used, 2, at(0)));
        BUDGET.give_back(&mut used, at(0));
        assert!(BUDGET.allows(used, 2, at(0)));
    }

    #[test]
    fn who_has_wasted_half_has_half_of_what_else_there_is() {
        let budget = Budget { burst: 100, per_second: 10 };
        let mut used = Used::default();
        assert_eq!(budget.share(512, used, at(0)), 512);
        for _ in 0..50 {
            budget.charge(&mut used, at(0));
        }
        assert_eq!(budget.share(512, used, at(0)), 256);
        assert_eq!(budget.share(512, used, at(5000)), 512);
        for _ in 0..60 {
            budget.charge(&mut used, at(0));
        }
        assert_eq!(budget.share(512, used, at(0)), 0);
    }

    #[test]
    fn what_is_given_back_is_never_more_than_was_used() {
        let mut used = Used::default();
        BUDGET.give_back(&mut used, at(0));
        assert!(!BUDGET.allows(used, 3, at(0)));
    }
}
