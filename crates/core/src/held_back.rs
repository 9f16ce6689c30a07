//! Complaints that would come by the thousand: the first is made at once, and then one a pause, which
//! tells how many were not made.

use std::time::Duration;
use std::time::Instant;

/// Whose turn it is to be said about one thing that is in trouble.
#[derive(Debug)]
pub struct HeldBack {
    pause: Duration,
    last: Option<Instant>,
    unsaid: u64,
}

impl HeldBack {
    /// At most one complaint in `pause`.
    #[must_use]
    pub const fn new(pause: Duration) -> Self {
        Self { pause, last: None, unsaid: 0 }
    }

    /// Returns whether to speak now, and how many complaints went unsaid before.
    pub fn turn(&mut self, now: Instant) -> Option<u64> {
        if self.is_resting(now) {
            self.unsaid += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.unsaid))
    }

    /// Returns whether the next complaint would be held back.
    #[must_use]
    pub fn is_resting(&self, now: Instant) -> bool {
        self.last.is_some_and(|last| now.saturating_duration_since(last) < self.pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_said_at_once_and_then_one_a_pause_tells_how_many_were_not() {
        let mut complaints = HeldBack::new(Duration::from_secs(1));
        let start = Instant::now();
        let mut turn = |millis| complaints.turn(start + Duration::from_millis(millis));
        assert_eq!(turn(0), Some(0));
        assert_eq!(turn(10), None);
        assert_eq!(turn(999), None);
        assert_eq!(turn(1000), Some(2));
        assert_eq!(turn(1500), None);
        assert_eq!(turn(5000), Some(1));
        assert_eq!(turn(9000), Some(0));
    }
}
