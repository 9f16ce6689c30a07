//! Deadlines of connections and streams, watched by one ticker per worker.
//!
//! Setting a deadline is one store: a request sets several and meets nearly all of them, so a timer
//! wheel would be paid for nothing. The price is a coarse clock, [`TICK`] late at most.

use std::cell::Cell;
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

/// How late a deadline may be noticed.
const TICK: Duration = Duration::from_millis(100);
/// How often a watched stream looks at its permit, in ticks (STR-1: within a second of a revocation).
const WATCH_EVERY: u64 = 5;
/// The same in milliseconds, less one tick of tolerance.
const WATCH_MILLIS: u64 = (WATCH_EVERY - 1) * TICK.as_millis() as u64;
/// The time that a request which has begun to come gets before its connection's place may be taken.
const PATIENCE: Duration = Duration::from_secs(2);
/// The time that a client which is waited for gets to move [`ENOUGH`].
const TAKING: Duration = Duration::from_secs(5);
const ENOUGH: u64 = 4 * 1024;
/// The time that a connection gets in any case: one that was used a moment ago is in use, and gives way
/// to nobody sooner than those which keep it waiting.
const LEAST: Duration = Duration::from_millis(250);
const EVICT_MOST: usize = 32;

/// All deadlines of a worker.
#[derive(Clone, Debug)]
pub(crate) struct Deadlines(Rc<Shared>);

#[derive(Debug)]
struct Shared {
    start: Instant,
    now: Cell<u64>,
    entries: RefCell<Vec<Option<Rc<Entry>>>>,
    free: RefCell<Vec<usize>>,
}

#[derive(Debug, Default)]
struct Entry {
    /// Milliseconds since the start; `u64::MAX`: none.
    at: Cell<u64>,
    watched: Cell<bool>,
    standing: Cell<Standing>,
    /// Its place is needed: the owner is to end.
    evicted: Cell<bool>,
    /// When the owner last looked.
    looked_at: Cell<u64>,
    waker: RefCell<Option<Waker>>,
}

/// A connection's business with its client, as far as others could have its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Standing {
    #[default]
    Busy,
    /// It waits for a request, or for the end, since then.
    Idle(u64),
    /// A request has begun to come since then.
    Beginning(u64),
    /// The client has to take its answer, or to send its request. Since then it has moved less than
    /// [`ENOUGH`]; `moved` is what it had moved then.
    Waiting { since: u64, moved: u64 },
}

/// Connections that were told to end for the sake of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Evicted {
    pub(crate) idle: usize,
    /// Their clients did not send or take what they were to.
    pub(crate) slow: usize,
}

/// The deadline of one connection or stream. Its owner is woken when it passes.
#[derive(Debug)]
pub(crate) struct Deadline {
    all: Deadlines,
    entry: Rc<Entry>,
    slot: usize,
}

/// A moment on the worker's coarse clock, in milliseconds since its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Coarse(u64);

impl Coarse {
    pub(crate) fn plus(self, duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }
}

impl Deadlines {
    /// [`TICK`] late at most.
    pub(crate) fn now(&self) -> Coarse {
        Coarse(self.0.now.get())
    }

    pub(crate) fn new() -> Self {
        Self(Rc::new(Shared {
            start: Instant::now(),
            now: Cell::new(0),
            entries: RefCell::default(),
            free: RefCell::default(),
        }))
    }

    pub(crate) fn register(&self) -> Deadline {
        let entry = Rc::new(Entry { at: Cell::new(u64::MAX), ..Entry::default() });
        let mut entries = self.0.entries.borrow_mut();
        let slot = match self.0.free.borrow_mut().pop() {
            Some(slot) => slot,
            None => {
                entries.push(None);
                entries.len() - 1
            }
        };
        if let Some(place) = entries.get_mut(slot) {
            *place = Some(entry.clone());
        }
        Deadline { all: self.clone(), entry, slot }
    }

    /// Has some connections end that nobody would miss first: those whose client has kept them waiting
    /// for too long, else the longest idle, else those that have been kept waiting the longest.
    pub(crate) fn evict(&self) -> Evicted {
        let late = |standing| match standing {
            Standing::Beginning(since) => Some((since, PATIENCE)),
            Standing::Waiting { since, .. } => Some((since, TAKING)),
            Standing::Busy | Standing::Idle(_) => None,
        };
        let slow = self.evict_longest(late);
        if slow > 0 {
            return Evicted { slow, idle: 0 };
        }
        let idle = self.evict_longest(|standing| match standing {
            Standing::Idle(since) => Some((since, LEAST)),
            _ => None,
        });
        if idle > 0 {
            return Evicted { idle, slow: 0 };
        }
        let slow = self.evict_longest(|standing| late(standing).map(|(since, _)| (since, LEAST)));
        Evicted { slow, idle: 0 }
    }

    /// Those that stand so for longer than they may, the longest first. A few at once: looking for them
    /// costs a walk over all.
    fn evict_longest(&self, stands: impl Fn(Standing) -> Option<(u64, Duration)>) -> usize {
        let now = self.0.now.get();
        let entries = self.0.entries.borrow();
        let candidates = entries.iter().flatten().filter(|entry| !entry.evicted.get());
        let mut found: Vec<(u64, &Rc<Entry>)> = candidates
            .filter_map(|entry| {
                let (since, patience) = stands(entry.standing.get())?;
                let patience = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
                (now.saturating_sub(since) >= patience).then_some((since, entry))
            })
            .collect();
        found.sort_unstable_by_key(|(since, _)| *since);
        let count = (found.len() / 8).clamp(1, EVICT_MOST).min(found.len());
        for (_, entry) in found.iter().take(count) {
            entry.evicted.set(true);
            if let Some(waker) = &*entry.waker.borrow() {
                waker.wake_by_ref();
            }
        }
        count
    }

    /// Has every owner look again: the worker is draining.
    pub(crate) fn wake_all(&self) {
        for entry in self.0.entries.borrow().iter().flatten() {
            if let Some(waker) = &*entry.waker.borrow() {
                waker.wake_by_ref();
            }
        }
    }

    /// Runs for as long as the worker does.
    pub(crate) async fn tick(&self) {
        let mut ticker = tokio::time::interval(TICK);
        ticker.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        for turn in 0u64.. {
            ticker.tick().await;
            let now = u64::try_from(self.0.start.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.0.now.set(now);
            let watch = turn % WATCH_EVERY == 0;
            for entry in self.0.entries.borrow().iter().flatten() {
                if (entry.at.get() <= now || (watch && entry.watched.get()))
                    && let Some(waker) = &*entry.waker.borrow()
                {
                    waker.wake_by_ref();
                }
            }
        }
    }
}

impl Deadline {
    /// From now on; replaces what was set.
    pub(crate) fn set(&self, after: Duration) {
        let after = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        self.entry.at.set(self.all.0.now.get().saturating_add(after));
    }

    pub(crate) fn clear(&self) {
        self.entry.at.set(u64::MAX);
        self.entry.watched.set(false);
    }

    /// The connection waits for a request, or for its end: its place may be taken by another.
    pub(crate) fn idle(&self) {
        self.entry.standing.set(Standing::Idle(self.all.0.now.get()));
    }

    /// A request has begun to come.
    pub(crate) fn beginning(&self) {
        self.entry.standing.set(Standing::Beginning(self.all.0.now.get()));
    }

    /// The client has to go on, and has moved so many bytes so far. One that drips stays where it is.
    pub(crate) fn wait_for_client(&self, moved: u64) {
        match self.entry.standing.get() {
            Standing::Waiting { moved: before, .. } if moved.saturating_sub(before) < ENOUGH => {}
            _ => {
                // A place that was needed before, and was not given up in time, is not any more.
                self.entry.evicted.set(false);
                let since = self.all.0.now.get();
                self.entry.standing.set(Standing::Waiting { since, moved });
            }
        }
    }

    /// Returns whether the place of a client that keeps others waiting is needed.
    pub(crate) fn is_given_up(&self) -> bool {
        self.is_evicted() && matches!(self.entry.standing.get(), Standing::Waiting { .. })
    }

    pub(crate) fn busy(&self) {
        self.entry.standing.set(Standing::Busy);
    }

    /// Returns whether the place is needed by another.
    pub(crate) fn is_evicted(&self) -> bool {
        self.entry.evicted.get()
    }

    /// Runs until the deadline, or until the place is needed.
    pub(crate) async fn bound<T>(
        &self,
        work: impl Future<Output = io::Result<T>>,
    ) -> io::Result<T> {
        let mut work = std::pin::pin!(work);
        poll_fn(|cx| {
            if self.has_passed(cx) || self.is_evicted() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            work.as_mut().poll(cx)
        })
        .await
    }

    /// Has the owner woken about twice a second, to look at what no deadline can tell.
    pub(crate) fn watch(&self) {
        self.entry.watched.set(true);
    }

    /// Returns whether it is time to look again.
    pub(crate) fn is_watch_due(&self) -> bool {
        let now = self.all.0.now.get();
        let due = now.saturating_sub(self.entry.looked_at.get()) >= WATCH_MILLIS;
        if due {
            self.entry.looked_at.set(now);
        }
        due
    }

    /// Returns whether the deadline has passed; if not, the owner is woken when it does.
    pub(crate) fn has_passed(&self, cx: &mut Context<'_>) -> bool {
        let mut waker = self.entry.waker.borrow_mut();
        match &*waker {
            Some(known) if known.will_wake(cx.waker()) => {}
            _ => *waker = Some(cx.waker().clone()),
        }
        self.entry.at.get() <= self.all.0.now.get()
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        if let Some(place) = self.all.0.entries.borrow_mut().get_mut(self.slot) {
            *place = None;
            self.all.0.free.borrow_mut().push(self.slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As after so many milliseconds.
    fn at(deadlines: &Deadlines, millis: u64) {
        deadlines.0.now.set(millis);
    }

    fn evicted(idle: usize, slow: usize) -> Evicted {
        Evicted { idle, slow }
    }

    #[test]
    fn a_client_that_takes_too_little_gives_way_before_an_idle_one_and_a_busy_one_never() {
        let deadlines = Deadlines::new();
        let [taking, idle, busy] = [(); 3].map(|()| deadlines.register());
        taking.wait_for_client(0);
        idle.idle();
        busy.busy();
        at(&deadlines, 4_900);
        assert_eq!(deadlines.evict(), evicted(1, 0), "it may still take it");
        assert!(idle.is_evicted() && !taking.is_given_up());
        at(&deadlines, 5_000);
        assert_eq!(deadlines.evict(), evicted(0, 1));
        assert!(taking.is_given_up() && !busy.is_evicted());
        assert_eq!(deadlines.evict(), evicted(0, 0));
    }

    #[test]
    fn a_client_that_drips_is_no_better_than_one_that_does_nothing() {
        let deadlines = Deadlines::new();
        let [dripping, taking] = [(); 2].map(|()| deadlines.register());
        for second in 0..5 {
            at(&deadlines, second * 1000);
            dripping.wait_for_client(second * 100);
            taking.wait_for_client(second * ENOUGH);
        }
        at(&deadlines, 5_000);
        assert_eq!(deadlines.evict(), evicted(0, 1));
        assert!(dripping.is_given_up() && !taking.is_given_up());
        // Whoever goes on after all is let.
        dripping.wait_for_client(500 + ENOUGH);
        assert!(!dripping.is_given_up());
    }

    #[test]
    fn a_connection_in_use_does_not_give_way_to_a_crowd_that_keeps_us_waiting() {
        let deadlines = Deadlines::new();
        let [taking, kept] = [(); 2].map(|()| deadlines.register());
        taking.wait_for_client(0);
        for turn in 0..10 {
            at(&deadlines, turn * 200);
            kept.busy();
            kept.idle();
            at(&deadlines, turn * 200 + 199);
            deadlines.evict();
            assert!(!kept.is_evicted(), "{turn}");
        }
        assert!(taking.is_given_up());
        at(&deadlines, 10_000);
        assert_eq!(deadlines.evict(), evicted(1, 0), "until it is idle");
    }

    #[test]
    fn where_nothing_else_is_to_be_had_the_one_waited_for_the_longest_gives_way() {
        let deadlines = Deadlines::new();
        let [first, second] = [(); 2].map(|()| deadlines.register());
        first.wait_for_client(0);
        at(&deadlines, 200);
        second.beginning();
        assert_eq!(deadlines.evict(), evicted(0, 0), "both have just begun");
        at(&deadlines, 460);
        assert_eq!(deadlines.evict(), evicted(0, 1));
        assert!(first.is_given_up() && !second.is_evicted());
        assert_eq!(deadlines.evict(), evicted(0, 1));
    }
}
