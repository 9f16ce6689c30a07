//! Time as a value: the wall clock for `exp` and `nbf`, a monotonic tick for everything that lasts.

use std::fmt::Debug;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

/// Milliseconds since 1970-01-01T00:00:00Z. Never negative.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(from = "u64", into = "u64")]
pub struct UnixTime(u64);

impl UnixTime {
    /// The last instant a NumericDate may name: 9999-12-31T23:59:59Z. What lies beyond is a
    /// mistake or an attack on our arithmetic, never a date.
    pub const MAX: Self = Self(253_402_300_799_000);

    /// Whole seconds; values past [`UnixTime::MAX`] become it.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self::from_millis(seconds.saturating_mul(1000))
    }

    /// Milliseconds; values past [`UnixTime::MAX`] become it.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        if millis > Self::MAX.0 { Self::MAX } else { Self(millis) }
    }

    /// A NumericDate (RFC 7519 §2), which may be fractional. `None` for negative, not-a-number and
    /// anything past [`UnixTime::MAX`].
    #[must_use]
    pub fn from_numeric_date(number: &serde_json::Number) -> Option<Self> {
        if let Some(seconds) = number.as_u64() {
            return (seconds <= Self::MAX.as_secs()).then(|| Self::from_secs(seconds));
        }
        let seconds = number.as_f64()?;
        let within = seconds >= 0.0 && seconds <= Self::MAX.as_secs() as f64;
        within.then_some(Self((seconds * 1000.0) as u64))
    }

    /// Whole seconds, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / 1000
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Time left until `later`; zero when it has passed.
    #[must_use]
    pub const fn until(self, later: Self) -> Duration {
        Duration::from_millis(later.0.saturating_sub(self.0))
    }

    /// That much later, [`UnixTime::MAX`] at most.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self::from_millis(self.0.saturating_add(saturating_millis(duration)))
    }

    /// That much earlier, 1970 at most.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(saturating_millis(duration)))
    }
}

/// Milliseconds; what lies past [`UnixTime::MAX`] becomes it.
impl From<u64> for UnixTime {
    fn from(millis: u64) -> Self {
        Self::from_millis(millis)
    }
}

impl From<UnixTime> for u64 {
    fn from(time: UnixTime) -> Self {
        time.0
    }
}

/// Milliseconds on a clock that never steps back. Only differences mean anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(u64);

impl Tick {
    /// A reading of the clock, in milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// The reading, in milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// That much later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(saturating_millis(duration)))
    }

    /// Time left until `later`; zero when it has passed.
    #[must_use]
    pub const fn until(self, later: Self) -> Duration {
        Duration::from_millis(later.0.saturating_sub(self.0))
    }
}

/// Both clocks, read together once per decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// What `exp` and `nbf` are held against.
    pub wall: UnixTime,
    /// What is measured against readings of the same process.
    pub tick: Tick,
}

/// Where time comes from. The binary has the system's, tests one that they turn by hand.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Reads both clocks.
    fn now(&self) -> Now;
}

fn saturating_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(json: &str) -> Option<UnixTime> {
        UnixTime::from_numeric_date(&serde_json::from_str(json).unwrap())
    }

    /// Rows: JWT-9
    #[test]
    fn numeric_dates_may_be_fractional_but_never_negative_or_huge() {
        assert_eq!(date("1300819380"), Some(UnixTime::from_secs(1_300_819_380)));
        assert_eq!(date("1300819380.25"), Some(UnixTime::from_millis(1_300_819_380_250)));
        assert_eq!(date("0"), Some(UnixTime::from_secs(0)));
        for refused in ["-1", "-0.5", "1e30", "253402300800", "18446744073709551616"] {
            assert_eq!(date(refused), None, "{refused}");
        }
    }

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        assert_eq!(UnixTime::from_secs(1).minus(Duration::from_secs(9)), UnixTime::default());
        assert_eq!(UnixTime::MAX.plus(Duration::MAX), UnixTime::MAX);
        assert_eq!(UnixTime::from_secs(9).until(UnixTime::from_secs(3)), Duration::ZERO);
    }
}
