//! Signs of life: each worker says every second that it turns, and whether it takes connections. What
//! answers for the process asks here, and so cannot be well while a worker is not.

use std::cell::Cell;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

/// A worker that has not turned for so long is stuck.
const STUCK: Duration = Duration::from_secs(5);
/// One that has taken no connection for so long, though some may wait, is shut.
const SHUT: Duration = Duration::from_secs(10);
const NEVER: u64 = u64::MAX;

/// The signs of life of all workers, by their index.
#[derive(Debug)]
pub struct Vitals {
    start: Instant,
    workers: Box<[Pulse]>,
}

/// In milliseconds since the start.
#[derive(Debug)]
struct Pulse {
    /// [`NEVER`] once the worker has ended in order.
    beat: AtomicU64,
    /// Since when no connection is taken; [`NEVER`] while they are.
    shut: AtomicU64,
}

impl Vitals {
    /// All have just begun.
    #[must_use]
    pub fn new(workers: usize, now: Instant) -> Self {
        let pulse = || Pulse { beat: AtomicU64::new(0), shut: AtomicU64::new(NEVER) };
        Self { start: now, workers: (0..workers).map(|_| pulse()).collect() }
    }

    /// Workers that do not turn.
    #[must_use]
    pub fn stuck(&self, now: Instant) -> Vec<usize> {
        self.older(now, STUCK, |pulse| &pulse.beat)
    }

    /// Workers that turn and take no connections: at their limit, out of descriptors, or without the
    /// task that takes them.
    #[must_use]
    pub fn shut(&self, now: Instant) -> Vec<usize> {
        self.older(now, SHUT, |pulse| &pulse.shut)
    }

    /// The worker turns, and takes connections or not.
    pub fn beat(&self, worker: usize, accepts: bool, now: Instant) {
        let Some(pulse) = self.workers.get(worker) else { return };
        let now = self.millis(now);
        pulse.beat.store(now, Ordering::Relaxed);
        let shut = if accepts { NEVER } else { pulse.shut.load(Ordering::Relaxed).min(now) };
        pulse.shut.store(shut, Ordering::Relaxed);
    }

    /// The worker has ended because it was told to.
    pub fn end(&self, worker: usize) {
        if let Some(pulse) = self.workers.get(worker) {
            pulse.beat.store(NEVER, Ordering::Relaxed);
        }
    }

    fn older(&self, now: Instant, age: Duration, of: impl Fn(&Pulse) -> &AtomicU64) -> Vec<usize> {
        let old = |at: u64| Duration::from_millis(self.millis(now).saturating_sub(at)) > age;
        let workers = self.workers.iter().enumerate();
        workers
            .filter(|(_, pulse)| old(of(pulse).load(Ordering::Relaxed)))
            .map(|(index, _)| index)
            .collect()
    }

    fn millis(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.start).as_millis();
        u64::try_from(since).unwrap_or(NEVER)
    }
}

/// One listener of one worker, as seen from what takes its connections.
#[derive(Debug, Default)]
pub struct Acceptor {
    held: Cell<bool>,
    moved: Cell<bool>,
    ended: Cell<bool>,
}

impl Acceptor {
    /// The next connection is taken when it comes.
    pub fn wait(&self) {
        self.held.set(false);
    }

    /// The next connection has to wait.
    pub fn hold(&self) {
        self.held.set(true);
    }

    /// A connection was taken.
    pub fn accepted(&self) {
        self.moved.set(true);
    }

    /// Nobody takes connections any more.
    pub fn end(&self) {
        self.ended.set(true);
    }

    /// Returns whether a connection was taken since the last question, or would be now.
    #[must_use]
    pub fn accepts(&self) -> bool {
        let moved = self.moved.take();
        !self.ended.get() && (moved || !self.held.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn a_worker_that_does_not_turn_is_named_and_one_that_ended_in_order_is_not() {
        let start = Instant::now();
        let vitals = Vitals::new(3, start);
        assert!(vitals.stuck(at(start, 5)).is_empty(), "all have just begun");
        for second in 1..=10 {
            vitals.beat(0, true, at(start, second));
        }
        vitals.end(2);
        assert_eq!(vitals.stuck(at(start, 10)), [1], "it never turned");
        vitals.beat(1, true, at(start, 11));
        assert!(vitals.stuck(at(start, 11)).is_empty(), "it turns again");
        assert_eq!(vitals.stuck(at(start, 17)), [0, 1]);
    }

    #[test]
    fn a_worker_that_takes_no_connections_is_named_only_when_it_lasts() {
        let start = Instant::now();
        let vitals = Vitals::new(2, start);
        for second in 0..=30 {
            vitals.beat(0, second % 9 == 0, at(start, second));
            vitals.beat(1, second < 10, at(start, second));
        }
        assert!(vitals.shut(at(start, 20)).is_empty());
        assert_eq!(vitals.shut(at(start, 30)), [1]);
        vitals.beat(1, true, at(start, 31));
        assert!(vitals.shut(at(start, 31)).is_empty());
    }

    #[test]
    fn an_acceptor_at_its_limit_accepts_as_long_as_places_become_free() {
        let acceptor = Acceptor::default();
        assert!(acceptor.accepts(), "it waits for the first connection");
        acceptor.accepted();
        acceptor.hold();
        assert!(acceptor.accepts());
        assert!(!acceptor.accepts(), "nothing moved since");
        acceptor.wait();
        assert!(acceptor.accepts());
        acceptor.end();
        assert!(!acceptor.accepts());
    }
}
