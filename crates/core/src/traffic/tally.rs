//! Counters of some requests: all, or those of one API, application or key manager.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use super::decided::Consulted;
use super::latency::Latency;
use crate::deny::DenyReason;

/// Reasons that are kept apart where there are many tallies; the rarer ones are summed.
const MOST_REASONS: usize = 8;
/// Their name then.
const OTHER: &str = "other";

/// Of one request, what is counted.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// 0: answered here, 1: the backend's answer was passed on, 2: broken off.
    pub outcome: usize,
    /// That the client was told; zero where nothing could be told.
    pub status: u16,
    /// Why it was refused, if it was.
    pub reason: Option<DenyReason>,
    /// What said whether its token is good.
    pub consulted: Option<Consulted>,
    /// From the head of the request to the end of the answer.
    pub took: Duration,
}

/// Requests, by how they came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub requests: u64,
    /// Answered here, forwarded, failed.
    pub outcomes: [u64; 3],
    /// None, 1xx to 5xx.
    pub statuses: [u64; 6],
    /// How long they took.
    pub latency: Latency,
    /// Statements that were in the cache, that another request was asking for, that were asked for.
    pub consulted: [u64; 3],
    refused: [u64; DenyReason::ALL.len()],
    /// For reasons that are not told apart any more.
    refused_otherwise: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            requests: 0,
            outcomes: [0; 3],
            statuses: [0; 6],
            latency: Latency::default(),
            consulted: [0; 3],
            refused: [0; DenyReason::ALL.len()],
            refused_otherwise: 0,
        }
    }
}

impl Tally {
    /// Counts one request.
    pub fn count(&mut self, ended: &Ended) {
        self.requests += 1;
        let class = usize::from(ended.status / 100).min(self.statuses.len() - 1);
        for counter in [self.outcomes.get_mut(ended.outcome), self.statuses.get_mut(class)] {
            counter.into_iter().for_each(|counter| *counter += 1);
        }
        if let Some(counter) = ended.consulted.and_then(|c| self.consulted.get_mut(c as usize)) {
            *counter += 1;
        }
        if let Some(counter) = ended.reason.and_then(|r| self.refused.get_mut(r as usize)) {
            *counter += 1;
        }
        self.latency.observe(ended.took);
    }

    /// Counts what the other has counted, too.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        add(&mut self.outcomes, &other.outcomes);
        add(&mut self.statuses, &other.statuses);
        add(&mut self.consulted, &other.consulted);
        add(&mut self.refused, &other.refused);
        self.refused_otherwise += other.refused_otherwise;
        self.latency.add(&other.latency);
    }

    /// Whether nothing was counted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.requests == 0
    }

    /// Refusals by reason, the most frequent first.
    #[must_use]
    pub fn refusals(&self) -> Vec<(&'static str, u64)> {
        let named = DenyReason::ALL.iter().map(|reason| reason.name()).zip(self.refused);
        let mut all: Vec<_> = named.chain([(OTHER, self.refused_otherwise)]).collect();
        all.retain(|(_, count)| *count > 0);
        all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        all
    }

    /// Those that were refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.iter().sum::<u64>() + self.refused_otherwise
    }

    /// Refusals for any of these reasons.
    #[must_use]
    pub fn refused_for(&self, reasons: &[DenyReason]) -> u64 {
        reasons.iter().filter_map(|reason| self.refused.get(*reason as usize)).sum()
    }

    /// Sums the reasons that are rare.
    pub(super) fn abridge(&mut self) {
        for (name, count) in self.refusals().into_iter().skip(MOST_REASONS) {
            if let Some(counter) = self.refused_mut(name) {
                *counter = 0;
                self.refused_otherwise += count;
            }
        }
    }

    fn refused_mut(&mut self, name: &str) -> Option<&mut u64> {
        let at = DenyReason::ALL.iter().position(|reason| reason.name() == name)?;
        self.refused.get_mut(at)
    }
}

fn add<const N: usize>(mine: &mut [u64; N], theirs: &[u64; N]) {
    for (mine, theirs) in mine.iter_mut().zip(theirs) {
        *mine += theirs;
    }
}

/// As it is kept: short names, since there are many.
#[derive(Serialize, Deserialize)]
struct Kept {
    n: u64,
    o: [u64; 3],
    s: [u64; 6],
    l: Latency,
    c: [u64; 3],
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    d: BTreeMap<String, u64>,
}

impl Serialize for Tally {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let refusals = self.refusals().into_iter().map(|(name, count)| (name.to_owned(), count));
        Kept {
            n: self.requests,
            o: self.outcomes,
            s: self.statuses,
            l: self.latency,
            c: self.consulted,
            d: refusals.collect(),
        }
        .serialize(to)
    }
}

impl<'de> Deserialize<'de> for Tally {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Kept { n, o, s, l, c, d } = Kept::deserialize(from)?;
        let mut tally = Self {
            requests: n,
            outcomes: o,
            statuses: s,
            latency: l,
            consulted: c,
            ..Self::default()
        };
        for (name, count) in d {
            match tally.refused_mut(&name) {
                Some(counter) => *counter = count,
                // Of a gateway that knows more reasons, or not told apart.
                None => tally.refused_otherwise += count,
            }
        }
        Ok(tally)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(reason: DenyReason) -> Ended {
        let took = Duration::from_millis(3);
        let consulted = Some(Consulted::Shared);
        Ended { outcome: 0, status: 401, reason: Some(reason), consulted, took }
    }

    #[test]
    fn what_is_written_down_is_read_again() {
        let mut tally = Tally::default();
        DenyReason::ALL.iter().for_each(|reason| tally.count(&refused(*reason)));
        let text = serde_json::to_string(&tally).unwrap();
        assert_eq!(serde_json::from_str::<Tally>(&text).unwrap(), tally);
        let all = DenyReason::ALL.len() as u64;
        assert_eq!((tally.requests, tally.statuses[4], tally.consulted[1]), (all, all, all));
    }

    #[test]
    fn rare_reasons_are_summed_and_none_is_lost() {
        let mut tally = Tally::default();
        tally.count(&refused(DenyReason::TokenExpired));
        DenyReason::ALL.iter().for_each(|reason| tally.count(&refused(*reason)));
        let all = tally.refused();
        tally.abridge();
        assert_eq!((tally.refused(), tally.refusals().len()), (all, MOST_REASONS + 1));
        assert!(tally.refusals().contains(&("token_expired", 2)));
    }
}
