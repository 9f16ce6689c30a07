//! A circuit breaker: pure, its clock an argument.

use std::time::Duration;

use phantom_core::Tick;

const CONSECUTIVE: u32 = 5;
/// Of so many last calls, more than half failed.
const WINDOW: u32 = 20;
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LAST_PAUSE: Duration = Duration::from_secs(60);
/// For those who come while the one probe is under way.
const PROBE_WAIT: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Breaker {
    state: State,
    consecutive: u32,
    /// The last calls, newest in the lowest bit; a set bit is a failure.
    window: u32,
    seen: u32,
    pauses: u32,
}

#[derive(Debug)]
enum State {
    Closed,
    Open { until: Tick },
    HalfOpen,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { state: State::Closed, consecutive: 0, window: 0, seen: 0, pauses: 0 }
    }
}

impl Breaker {
    /// How long not to call, if so.
    pub(super) fn pause(&self, now: Tick) -> Option<Duration> {
        match self.state {
            State::Open { until } if now < until => Some(now.until(until)),
            State::HalfOpen => Some(PROBE_WAIT),
            State::Open { .. } | State::Closed => None,
        }
    }

    /// Whether to call: `Ok(true)` marks the probe of a half-open breaker.
    pub(super) fn admit(&mut self, now: Tick) -> Result<bool, Duration> {
        if let Some(pause) = self.pause(now) {
            return Err(pause);
        }
        let probe = matches!(self.state, State::Open { .. });
        if probe {
            self.state = State::HalfOpen;
        }
        Ok(probe)
    }

    pub(super) fn record(&mut self, success: bool, probe: bool, now: Tick) {
        match (&self.state, success) {
            (State::HalfOpen, true) if probe => *self = Self::default(),
            (State::HalfOpen, false) if probe => self.open(now),
            (State::Closed, _) => {
                self.consecutive = if success { 0 } else { self.consecutive + 1 };
                self.window = (self.window << 1 | u32::from(!success)) & ((1 << WINDOW) - 1);
                self.seen = (self.seen + 1).min(WINDOW);
                let mostly = self.seen == WINDOW && self.window.count_ones() > WINDOW / 2;
                if self.consecutive >= CONSECUTIVE || mostly {
                    self.open(now);
                }
            }
            // Calls that began before the breaker opened say nothing new.
            _ => {}
        }
    }

    fn open(&mut self, now: Tick) {
        let pause = FIRST_PAUSE.saturating_mul(1 << self.pauses.min(5)).min(LAST_PAUSE);
        *self = Self {
            state: State::Open { until: now.plus(pause) },
            pauses: self.pauses.saturating_add(1),
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Tick {
        Tick::from_millis(seconds * 1000)
    }

    fn fail(breaker: &mut Breaker, times: u32) {
        for _ in 0..times {
            assert_eq!(breaker.admit(at(0)), Ok(false));
            breaker.record(false, false, at(0));
        }
    }

    #[test]
    fn int_14_consecutive_failures_open_the_breaker() {
        let mut breaker = Breaker::default();
        fail(&mut breaker, CONSECUTIVE - 1);
        breaker.record(true, false, at(0));
        fail(&mut breaker, CONSECUTIVE);
        assert_eq!(breaker.admit(at(0)), Err(FIRST_PAUSE));
        assert_eq!(breaker.admit(at(1)), Err(Duration::from_secs(1)));
    }

    #[test]
    fn int_14_more_than_half_of_the_last_calls_open_the_breaker() {
        let mut breaker = Breaker::default();
        for call in 0..WINDOW {
            assert_eq!(breaker.admit(at(0)), Ok(false), "call {call}");
            breaker.record(call % 2 == 0, false, at(0));
        }
        assert_eq!(breaker.admit(at(0)), Ok(false), "half is not more than half");
        breaker.record(false, false, at(0));
        breaker.record(false, false, at(0));
        assert!(breaker.admit(at(0)).is_err());
    }

    #[test]
    fn int_14_one_probe_decides_and_pauses_grow() {
        let mut breaker = Breaker::default();
        fail(&mut breaker, CONSECUTIVE);
        assert_eq!(breaker.admit(at(2)), Ok(true));
        assert_eq!(breaker.admit(at(2)), Err(PROBE_WAIT), "only one");
        breaker.record(true, false, at(2));
        assert_eq!(breaker.admit(at(2)), Err(PROBE_WAIT), "an old call does not close it");
        breaker.record(false, true, at(2));
        assert_eq!(breaker.admit(at(3)), Err(Duration::from_secs(3)), "4 s this time");
        assert_eq!(breaker.admit(at(6)), Ok(true));
        breaker.record(true, true, at(6));
        assert_eq!(breaker.admit(at(6)), Ok(false));
        fail(&mut breaker, CONSECUTIVE);
        assert_eq!(breaker.admit(at(0)), Err(FIRST_PAUSE), "it starts over");
    }
}
