//! A clock that only tests turn, the wall and the tick each on their own (pitfall 23).

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use phantom_core::Clock;
use phantom_core::Now;
use phantom_core::Tick;
use phantom_core::UnixTime;

#[derive(Debug)]
pub struct ManualClock(Mutex<Now>);

impl ManualClock {
    /// Where tests begin: 2026-01-01T00:00:00Z.
    pub const START: UnixTime = UnixTime::from_secs(1_767_225_600);

    #[must_use]
    pub fn new() -> Self {
        Self::at(Self::START)
    }

    #[must_use]
    pub fn at(wall: UnixTime) -> Self {
        Self(Mutex::new(Now { wall, tick: Tick::from_millis(1_000_000) }))
    }

    /// Time passes: both clocks go on.
    pub fn advance(&self, by: Duration) {
        self.change(|now| Now { wall: now.wall.plus(by), tick: now.tick.plus(by) });
    }

    /// The wall clock is set, as by NTP; the monotonic one does not notice.
    pub fn set_wall(&self, wall: UnixTime) {
        self.change(|now| Now { wall, ..now });
    }

    pub fn set(&self, now: Now) {
        self.change(|_| now);
    }

    fn change(&self, change: impl FnOnce(Now) -> Now) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = change(*now);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Now {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
