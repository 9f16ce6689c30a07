//! How key managers answer, as gateways reported it in the last minutes.

use std::collections::BTreeMap;
use std::time::Duration;

use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_core::UnixTime;
use phantom_core::traffic::Introspections;
use phantom_terms::refusal::Outcome;
use serde::Serialize;
use utoipa::ToSchema;

use crate::gateways;
use crate::gateways::Span;

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
    /// Since when its keys are known, at the gateway whose keys are the oldest.
    pub keys_from: Option<UnixTime>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = KeyManagerHealth)]
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
    let rows = control.store().reported_traffic(span.seconds, since, MOST_ROWS).await?;
    let mut found = BTreeMap::<String, Health>::new();
    // By name and gateway, as its last report says.
    let mut keys = BTreeMap::new();
    for row in rows {
        let report = gateways::report(&row.document)?;
        for (name, age) in report.keys {
            let known = keys.entry((name, row.gateway)).or_insert((row.at, age));
            *known = (*known).max((row.at, age));
        }
        for (name, calls) in report.introspections {
            let health = found.entry(name).or_default();
            health.calls.add(calls);
            health.asked_at = health.asked_at.max(Some(row.at));
        }
    }
    for ((name, _), (at, age)) in keys {
        let from = at.minus(Duration::from_secs(age));
        let health = found.entry(name).or_default();
        health.keys_from = Some(health.keys_from.map_or(from, |known| known.min(from)));
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
            Health { calls, ..Health::default() }.state()
        };
        assert_eq!(state(0, 0), State::Unknown);
        assert_eq!(state(3, 0), State::Healthy);
        assert_eq!(state(3, 1), State::Degraded);
        assert_eq!(state(0, 2), State::Down);
    }
}
