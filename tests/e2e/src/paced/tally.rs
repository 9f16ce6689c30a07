//! What callers were answered.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use crate::wire::Response;

/// Counted by all connections of one group of callers.
#[derive(Debug, Default)]
pub(super) struct Shared(Mutex<Counts>);

/// In the order of the changes, the first for what was before any.
#[derive(Clone, Debug)]
struct Counts(Vec<Phase>);

/// From one change to the next.
#[derive(Clone, Debug, Default)]
struct Phase {
    change: String,
    statuses: BTreeMap<u16, u64>,
    judged: u64,
    wrong: u64,
    dropped: u64,
    /// Word by word, of what went wrong first.
    example: Option<String>,
}

/// What callers were answered, all in all.
#[derive(Clone, Debug)]
pub struct Tally {
    phases: Vec<Phase>,
    asked: u32,
    elapsed: Duration,
}

impl Default for Counts {
    fn default() -> Self {
        Self(vec![Phase { change: "start".to_owned(), ..Phase::default() }])
    }
}

impl Shared {
    pub(super) fn begin(&self, change: &str) {
        self.counts().0.push(Phase { change: change.to_owned(), ..Phase::default() });
    }

    pub(super) fn judged(&self) -> u64 {
        self.counts().0.iter().map(|phase| phase.judged).sum()
    }

    /// `None` is expected while a change is under way.
    pub(super) fn answered(&self, response: &Response, expected: Option<u16>) {
        let status = response.status();
        self.note(|phase| {
            *phase.statuses.entry(status).or_default() += 1;
            let Some(expected) = expected else { return };
            phase.judged += 1;
            if status != expected {
                phase.wrong += 1;
                let example = || format!("{status} and not {expected}: {}", response.body);
                phase.example.get_or_insert_with(example);
            }
        });
    }

    /// Requests whose connection ended before their answers came.
    pub(super) fn dropped(&self, requests: u64, how: &str) {
        self.note(|phase| {
            phase.dropped += requests;
            phase.example.get_or_insert_with(|| how.to_owned());
        });
    }

    pub(super) fn tally(&self, asked: u32, elapsed: Duration) -> Tally {
        Tally { phases: self.counts().0.clone(), asked, elapsed }
    }

    fn note(&self, what: impl FnOnce(&mut Phase)) {
        if let Some(phase) = self.counts().0.last_mut() {
            what(phase);
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tally {
    #[must_use]
    pub fn answers(&self) -> u64 {
        self.sum(|phase| phase.statuses.values().sum())
    }

    /// Answers a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.answers() as f64 / self.elapsed.as_secs_f64()
    }

    /// Answers whose status is in the hundred: 5 is 500 to 599.
    #[must_use]
    pub fn of_class(&self, hundred: u16) -> u64 {
        self.sum(|phase| {
            let statuses = phase.statuses.iter();
            statuses.filter(|(status, _)| **status / 100 == hundred).map(|(_, count)| count).sum()
        })
    }

    #[must_use]
    pub fn wrong(&self) -> u64 {
        self.sum(|phase| phase.wrong)
    }

    /// Requests that got no answer.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.sum(|phase| phase.dropped)
    }

    fn sum(&self, of: impl Fn(&Phase) -> u64) -> u64 {
        self.phases.iter().map(of).sum()
    }
}

/// The sum, then each change.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all: BTreeMap<u16, u64> = BTreeMap::new();
        for (status, count) in self.phases.iter().flat_map(|phase| &phase.statuses) {
            *all.entry(*status).or_default() += count;
        }
        write!(f, "{:.0}/s of {}/s;", self.rate(), self.asked)?;
        statuses(f, &all)?;
        let judged = self.sum(|phase| phase.judged);
        write!(f, "; judged {judged}, wrong {}, dropped {}", self.wrong(), self.dropped())?;
        for phase in &self.phases {
            let Phase { change, judged, wrong, dropped, example, .. } = phase;
            write!(f, "\n  {change}:")?;
            statuses(f, &phase.statuses)?;
            write!(f, "; judged {judged}, wrong {wrong}, dropped {dropped}")?;
            if let Some(example) = example {
                write!(f, "\n    {example}")?;
            }
        }
        Ok(())
    }
}

fn statuses(f: &mut fmt::Formatter<'_>, statuses: &BTreeMap<u16, u64>) -> fmt::Result {
    statuses.iter().try_for_each(|(status, count)| write!(f, " {status} {count}"))
}
