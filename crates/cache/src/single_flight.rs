//! One call per token, however many ask (CAC-10).
//!
//! Whoever asks first gets a [`Leader`] and makes the call in a task of its own; all, the first
//! included, hold a [`Waiter`]. A leader that is dropped without completing, because its task panicked
//! or its runtime stopped, leaves the lead to whichever waiter comes first; when that happens once
//! too often the flight is lost and all are told. Nobody waits for a leader that is gone.

mod waiter;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::task::Waker;

use phantom_core::TokenDigest;

use crate::digest::DigestBuildHasher;
use crate::sync::Arc;
use crate::sync::AtomicUsize;
use crate::sync::Mutex;
use crate::sync::Ordering;
use crate::sync::lock;
pub(crate) use waiter::Wait;
pub(crate) use waiter::Waiter;

/// Leaders that a flight may lose and still go on (CAC-10: one waiter may retry).
const RESTARTS: usize = 1;

/// The flights under way, at most `bound` of them. Waiters are bounded by the open connections.
pub(crate) struct SingleFlight<T> {
    under_way: Mutex<HashMap<TokenDigest, Arc<Flight<T>>, DigestBuildHasher>>,
    waiters: AtomicUsize,
    bound: usize,
}

/// Lock order: `under_way` before `progress`.
struct Flight<T> {
    digest: TokenDigest,
    progress: Mutex<Progress<T>>,
}

struct Progress<T> {
    stage: Stage<T>,
    lost_leaders: usize,
    waiters: usize,
    /// By number of waiter, so that each takes only its own away.
    wakers: BTreeMap<usize, Waker>,
    next_waiter: usize,
}

/// Running or vacant while under way; complete or lost after.
enum Stage<T> {
    Running,
    Vacant,
    Complete(T),
    Lost,
}

/// A caller's part in a flight.
pub(crate) enum Joined<T> {
    /// The caller makes the call, and waits like the others.
    Leader(Leader<T>, Waiter<T>),
    Follower(Waiter<T>),
    /// Too many flights under way.
    Full,
}

impl<T> SingleFlight<T> {
    pub(crate) fn new(bound: usize) -> Arc<Self> {
        let under_way = Mutex::new(HashMap::default());
        Arc::new(Self { under_way, waiters: AtomicUsize::new(0), bound })
    }

    /// Joins the flight for this token, or starts it.
    pub(crate) fn join(self: &Arc<Self>, digest: TokenDigest) -> Joined<T> {
        let mut under_way = lock(&self.under_way);
        if let Some(flight) = under_way.get(&digest) {
            let mut progress = lock(&flight.progress);
            let waiter = Waiter::join(self, flight, &mut progress);
            return match progress.take_lead() {
                true => Joined::Leader(Leader::of(self, flight), waiter),
                false => Joined::Follower(waiter),
            };
        }
        if under_way.len() >= self.bound {
            return Joined::Full;
        }
        let flight = Arc::new(Flight { digest, progress: Mutex::new(Progress::new()) });
        under_way.insert(digest, Arc::clone(&flight));
        drop(under_way);
        let waiter = Waiter::join(self, &flight, &mut lock(&flight.progress));
        Joined::Leader(Leader::of(self, &flight), waiter)
    }

    /// Callers that wait right now.
    pub(crate) fn waiters(&self) -> usize {
        self.waiters.load(Ordering::Relaxed)
    }

    pub(crate) fn flights(&self) -> usize {
        lock(&self.under_way).len()
    }

    /// Ends a flight: removed and told in one step, so that whoever comes after starts another.
    fn end(&self, flight: &Flight<T>, stage: Stage<T>) {
        let mut under_way = lock(&self.under_way);
        let mut progress = lock(&flight.progress);
        under_way.remove(&flight.digest);
        progress.stage = stage;
        let wakers = std::mem::take(&mut progress.wakers);
        drop((progress, under_way));
        wake(wakers);
    }

    fn lose_leader(&self, flight: &Flight<T>) {
        let mut under_way = lock(&self.under_way);
        let mut progress = lock(&flight.progress);
        progress.lost_leaders += 1;
        progress.stage = if progress.lost_leaders > RESTARTS || progress.waiters == 0 {
            under_way.remove(&flight.digest);
            Stage::Lost
        } else {
            Stage::Vacant
        };
        // All of them: the one that would take over may be dropped before it is polled.
        let wakers = std::mem::take(&mut progress.wakers);
        drop((progress, under_way));
        wake(wakers);
    }

    /// Forgets a vacant flight that its last waiter left.
    fn clear_if_deserted(&self, flight: &Flight<T>) {
        let mut under_way = lock(&self.under_way);
        let mut progress = lock(&flight.progress);
        if progress.waiters == 0 && matches!(progress.stage, Stage::Vacant) {
            under_way.remove(&flight.digest);
            progress.stage = Stage::Lost;
        }
    }
}

impl<T> Progress<T> {
    fn new() -> Self {
        Self {
            stage: Stage::Running,
            lost_leaders: 0,
            waiters: 0,
            wakers: BTreeMap::new(),
            next_waiter: 0,
        }
    }

    fn take_lead(&mut self) -> bool {
        let vacant = matches!(self.stage, Stage::Vacant);
        if vacant {
            self.stage = Stage::Running;
        }
        vacant
    }
}

fn wake(wakers: BTreeMap<usize, Waker>) {
    wakers.into_values().for_each(Waker::wake);
}

/// The duty to end a flight.
pub(crate) struct Leader<T> {
    flights: Arc<SingleFlight<T>>,
    flight: Arc<Flight<T>>,
    completed: bool,
}

impl<T> Leader<T> {
    fn of(flights: &Arc<SingleFlight<T>>, flight: &Arc<Flight<T>>) -> Self {
        Self { flights: Arc::clone(flights), flight: Arc::clone(flight), completed: false }
    }

    /// Gives the outcome to all who wait.
    pub(crate) fn complete(mut self, outcome: T) {
        self.completed = true;
        self.flights.end(&self.flight, Stage::Complete(outcome));
    }
}

impl<T> Drop for Leader<T> {
    fn drop(&mut self) {
        if !self.completed {
            tracing::warn!("an introspection ended without an outcome");
            self.flights.lose_leader(&self.flight);
        }
    }
}

#[cfg(test)]
mod tests;
