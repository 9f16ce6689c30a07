//! The system's clocks.

use std::time::Instant;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use phantom_core::Clock;
use phantom_core::Now;
use phantom_core::Tick;
use phantom_core::UnixTime;

/// Wall time from the system, ticks from the instant of its making.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    #[must_use]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        // A wall clock before 1970 counts as 1970: every token is then not valid yet, or unknown.
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis =
            |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Now {
            wall: UnixTime::from_millis(millis(wall)),
            tick: Tick::from_millis(millis(self.start.elapsed())),
        }
    }
}
