//! Traffic, counted for whoever reports it. Each worker has a book of its own, which nobody else touches,
//! and hands over what is in it every second: nothing is locked while a request is served, and whatever
//! comes, a book has a bound.

mod book;
mod last;

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use phantom_core::traffic;
use phantom_core::traffic::Decided;
use phantom_core::traffic::Report;

pub use book::Book;
pub use last::Line;

/// Decisions kept until they are taken.
const MOST_DECIDED: usize = 200;

/// What all workers have handed over, and nobody has taken yet.
#[derive(Debug, Default)]
pub struct Traffic(Mutex<Collected>);

/// What was counted, and the last decisions.
#[derive(Debug, Default)]
pub struct Collected {
    /// Numbers, by API, application and key manager.
    pub report: Report,
    /// The last, the newest first.
    pub decided: Vec<Decided>,
}

impl Traffic {
    /// All there is since the last time.
    #[must_use]
    pub fn take(&self) -> Collected {
        std::mem::take(&mut *self.collected())
    }

    fn hand_over(&self, report: &Report, decided: Vec<Decided>) {
        let mut collected = self.collected();
        collected.report.add(report);
        collected.decided.extend(decided);
        traffic::newest(&mut collected.decided, MOST_DECIDED);
    }

    fn collected(&self) -> MutexGuard<'_, Collected> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
