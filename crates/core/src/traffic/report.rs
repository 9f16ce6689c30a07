//! What one gateway did in one stretch of time.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use super::pairs::Pairs;
use super::share::Shares;

/// Kept apart while a stretch of time goes on; more of them than are reported, so that the busiest are found.
const MOST_KNOWN: usize = 256;
/// Pairs that are reported for each application that is.
const PAIRS: usize = 2;

/// Calls about tokens, by how they came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Introspections {
    /// Answers that said a token is active.
    pub active: u64,
    /// Answers that said a token is not active.
    pub inactive: u64,
    /// The server's answer, or our standing with it, was wrong.
    pub misbehaved: u64,
    /// Questions that no answer came to.
    pub unavailable: u64,
}

/// What one gateway counted in one span of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Every request is in exactly one of these.
    pub apis: Shares,
    /// By application, up to a bound.
    #[serde(default, skip_serializing_if = "Shares::is_empty")]
    pub applications: Shares,
    /// By application and API, up to a bound.
    #[serde(default, skip_serializing_if = "Pairs::is_empty")]
    pub pairs: Pairs,
    /// By key manager, up to a bound.
    #[serde(default, skip_serializing_if = "Shares::is_empty")]
    pub key_managers: Shares,
    /// By key manager.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub introspections: BTreeMap<String, Introspections>,
    /// By key manager, the age of its keys in seconds when this was told.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, u64>,
}

impl Introspections {
    /// Counts what the other has counted, too.
    pub const fn add(&mut self, other: Self) {
        self.active += other.active;
        self.inactive += other.inactive;
        self.misbehaved += other.misbehaved;
        self.unavailable += other.unavailable;
    }

    /// Those that were counted since.
    #[must_use]
    pub const fn less(self, before: Self) -> Self {
        Self {
            active: self.active.saturating_sub(before.active),
            inactive: self.inactive.saturating_sub(before.inactive),
            misbehaved: self.misbehaved.saturating_sub(before.misbehaved),
            unavailable: self.unavailable.saturating_sub(before.unavailable),
        }
    }

    /// All questions.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.active + self.inactive + self.misbehaved + self.unavailable
    }

    /// Those without a usable answer.
    #[must_use]
    pub const fn failed(self) -> u64 {
        self.misbehaved + self.unavailable
    }
}

impl Report {
    /// Entries of each kind that are told apart while counting.
    pub const MOST_KNOWN: usize = MOST_KNOWN;

    /// Counts what the other has counted, too.
    pub fn add(&mut self, other: &Self) {
        self.apis.add(&other.apis, MOST_KNOWN);
        self.applications.add(&other.applications, MOST_KNOWN);
        self.pairs.add(&other.pairs, MOST_KNOWN);
        self.key_managers.add(&other.key_managers, MOST_KNOWN);
        for (name, age) in &other.keys {
            if self.keys.len() < MOST_KNOWN || self.keys.contains_key(name) {
                self.keys.insert(name.clone(), *age);
            }
        }
        for (name, calls) in &other.introspections {
            if self.introspections.len() < MOST_KNOWN || self.introspections.contains_key(name) {
                self.introspections.entry(name.clone()).or_default().add(*calls);
            }
        }
    }

    /// The same with the `most` busiest of each kind told apart, and the others summed.
    #[must_use]
    pub fn abridged(&self, most: usize) -> Self {
        let mut report = self.clone();
        for shares in [&mut report.apis, &mut report.applications, &mut report.key_managers] {
            shares.abridge(most);
        }
        report.pairs.abridge(most * PAIRS);
        report.keys = report.keys.into_iter().take(most * 2).collect();
        let mut calls: Vec<_> = std::mem::take(&mut report.introspections).into_iter().collect();
        calls.retain(|(_, calls)| calls.total() > 0);
        calls.sort_by_key(|(_, calls)| std::cmp::Reverse(calls.total()));
        report.introspections = calls.into_iter().take(most).collect();
        report
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::catalog::EntityId;
    use crate::deny::DenyReason;
    use crate::traffic::Ended;
    use crate::traffic::Pair;

    #[test]
    fn a_flood_of_apis_and_applications_does_not_grow_a_report() {
        let mut report = Report::default();
        let long = "ä".repeat(500);
        for number in 0..5_000_u128 {
            let reason = DenyReason::ALL[number as usize % DenyReason::ALL.len()];
            let took = Duration::from_micros(1 << (number % 30));
            let status = 100 * (number % 6) as u16;
            let ended = Ended { outcome: 0, status, reason: Some(reason), consulted: None, took };
            let id = Some(EntityId::new(number % 2_500));
            report.apis.of(id, &long, Report::MOST_KNOWN).count(&ended);
            report.applications.of(id, "", Report::MOST_KNOWN).count(&ended);
            report.key_managers.of(None, &number.to_string(), Report::MOST_KNOWN).count(&ended);
            let (application, api) = (EntityId::new(number), EntityId::new(u128::MAX - number));
            let pair = Pair { application, api, requests: 1 << 40, refused: 1 << 39 };
            report.pairs.count(&pair, Report::MOST_KNOWN);
            if report.keys.len() < Report::MOST_KNOWN {
                report.keys.insert(format!("{number:0100}"), u64::MAX);
            }
        }
        assert_eq!(report.apis.named().len(), Report::MOST_KNOWN);
        let mut twice = report.clone();
        twice.add(&report);
        assert_eq!(twice.apis.named().len(), Report::MOST_KNOWN);
        let abridged = twice.abridged(20);
        let total = abridged.apis.total();
        assert_eq!((total.requests, total.refused()), (10_000, 10_000), "none is lost");
        let bytes = serde_json::to_string(&abridged).unwrap().len();
        assert!(bytes < 64 * 1024, "{bytes} bytes");
    }

    #[test]
    fn a_report_of_before_is_read_as_one_without_pairs() {
        let report: Report = serde_json::from_str(r#"{"apis": {"named": []}}"#).unwrap();
        assert_eq!(report, Report::default());
    }

    #[test]
    fn the_busiest_are_told_apart() {
        let took = Duration::ZERO;
        let ended = Ended { outcome: 1, status: 200, reason: None, consulted: None, took };
        let mut report = Report::default();
        for (name, times) in [("quiet", 1), ("busy", 9), ("middling", 4)] {
            (0..times).for_each(|_| report.apis.of(None, name, 100).count(&ended));
        }
        let abridged = report.abridged(2);
        let names: Vec<_> = abridged.apis.named().iter().map(|share| &*share.name).collect();
        assert_eq!((names, abridged.apis.rest().requests), (vec!["busy", "middling"], 1));
    }
}
