//! How key managers answer, as gateways reported it in the last minutes.

use std::collections::BTreeMap;
use std::time::Duration;

use phantom_core::UnixTime;
use phantom_core::traffic::Introspections;

use crate::gateways;
use crate::gateways::Span;
use crate::plane::Control;
use crate::refusal::Outcome;

/// Errors are those of so long.
const RECENT: Duration = Duration::from_secs(300);
/// Reports that are read at most: of eighty gateways.
const MOST_ROWS: u32 = 5_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Of the last five minutes.
    pub calls: Introspections,
    /// When a gateway that asked last reported it.
    pub asked_at: Option<UnixTime>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Healthy,
    /// Some questions had no verdict.
    Degraded,
    /// None had one.
    Down,
    /// Nobody asked.
    Unknown,
}

impl Health {
    #[must_use]
    pub const fn state(&self) -> State {
        match (self.calls.total(), self.calls.failed()) {
            (0, _) => State::Unknown,
            (_, 0) => State::Healthy,
            (total, failed) if total == failed => State::Down,
            _ => State::Degraded,
        }
    }
}

/// By name, of those that were asked.
pub(super) async fn all(control: &Control) -> Outcome<BTreeMap<String, Health>> {
    let span = Span::FINEST;
    let since = control.now().minus(RECENT);
    let rows = control.read().reported_traffic(span.seconds, since, MOST_ROWS).await?;
    let mut found = BTreeMap::<String, Health>::new();
    for row in rows {
        for (name, calls) in gateways::report(&row.document)?.introspections {
            let health = found.entry(name).or_default();
            health.calls.add(calls);
            health.asked_at = health.asked_at.max(Some(row.at));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_what_came_of_the_questions() {
        let state = |active, unavailable| {
            let calls = Introspections { active, unavailable, ..Introspections::default() };
            Health { calls, asked_at: None }.state()
        };
        assert_eq!(state(0, 0), State::Unknown);
        assert_eq!(state(3, 0), State::Healthy);
        assert_eq!(state(3, 1), State::Degraded);
        assert_eq!(state(0, 2), State::Down);
    }
}
