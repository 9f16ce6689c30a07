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
/// What a request that has begun to come gets before its connection's place may be taken.
const PATIENCE: Duration = Duration::from_secs(2);
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

/// What a connection does for its client, as far as others could have its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Standing {
    #[default]
    Busy,
    /// It waits for a request, or for the end, since then.
    Idle(u64),
    /// A request has begun to come since then.
    Beginning(u64),
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

    /// Has some connections end that nobody would miss first: those whose request has been coming for
    /// longer than [`PATIENCE`], else the longest idle. How many.
    pub(crate) fn evict(&self) -> usize {
        let now = self.0.now.get();
        let entries = self.0.entries.borrow();
        let candidates = || entries.iter().flatten().filter(|entry| !entry.evicted.get());
        let since = |wanted: fn(Standing) -> Option<u64>, until: u64| {
            let mut found: Vec<(u64, &Rc<Entry>)> = candidates()
                .filter_map(|entry| Some((wanted(entry.standing.get())?, entry)))
                .filter(|(since, _)| *since <= until)
                .collect();
            found.sort_unstable_by_key(|(since, _)| *since);
            found
        };
        let beginning =
            |standing| if let Standing::Beginning(at) = standing { Some(at) } else { None };
        let patience = u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX);
        let mut found =
            now.checked_sub(patience).map_or(Vec::new(), |until| since(beginning, until));
        if found.is_empty() {
            let idle =
                |standing| if let Standing::Idle(since) = standing { Some(since) } else { None };
            found = since(idle, now);
        }
        // A few at once: looking for them costs a walk over all.
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

    pub(crate) fn busy(&self) {
        self.entry.standing.set(Standing::Busy);
    }

    /// Whether the place is needed by another.
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

    /// Whether it is time to look again.
    pub(crate) fn is_watch_due(&self) -> bool {
        let now = self.all.0.now.get();
        let due = now.saturating_sub(self.entry.looked_at.get()) >= WATCH_MILLIS;
        if due {
            self.entry.looked_at.set(now);
        }
        due
    }

    /// Whether the deadline has passed; if not, the owner is woken when it does.
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
