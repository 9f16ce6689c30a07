//! Revocation marks: which tokens are dead whatever an answer on its way still says (CAC-16).

use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::RwLockReadGuard;
use std::sync::RwLockWriteGuard;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Acquire;
use std::sync::atomic::Ordering::Release;
use std::time::Duration;

use phantom_core::Tick;
use phantom_core::TokenDigest;

use crate::recent::Recent;

/// The marks of one cache.
///
/// A mark denies its token for `life`, which covers the longest call and the longest cache entry.
/// Order is kept by numbers, not by time: an answer carries the [`Moment`] its question was put, and
/// a later mark on its token kills it. Marks that are gone leave the number of the newest of them:
/// an answer asked for before that may have been marked, and has to be asked for again. So neither
/// a full store nor a long call lets an answer slip past its mark, and a flood of marks can cost
/// questions but no good token and no cached entry.
#[derive(Debug)]
pub(crate) struct Marks {
    ledger: RwLock<Ledger>,
    /// Number of marks, so that the usual case, none, takes no lock.
    count: AtomicUsize,
    life: Duration,
}

#[derive(Debug)]
struct Ledger {
    marked: Recent<Mark>,
    newest: Moment,
    /// The newest mark that is no longer kept.
    forgotten: Moment,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    made: Moment,
    until: Tick,
}

/// A place in the order of marks: after so many of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

/// The fate of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Admitted,
    Revoked,
    /// Too old for what is remembered of the marks.
    AskAgain,
}

impl Marks {
    pub(crate) fn new(life: Duration, bound: usize) -> Self {
        let ledger = Ledger {
            marked: Recent::new(bound),
            newest: Moment::default(),
            forgotten: Moment::default(),
        };
        Self { ledger: RwLock::new(ledger), count: AtomicUsize::new(0), life }
    }

    /// To be taken before a question is put.
    pub(crate) fn moment(&self) -> Moment {
        self.read().newest
    }

    /// Marks a token and calls `kill`. No answer is admitted between the two.
    pub(crate) fn mark(&self, digest: TokenDigest, now: Tick, kill: impl FnOnce()) {
        let mut ledger = self.write();
        ledger.newest = Moment(ledger.newest.0 + 1);
        let mark = Mark { made: ledger.newest, until: now.plus(self.life) };
        if let Some(displaced) = ledger.marked.insert(digest, mark) {
            ledger.forgotten = ledger.forgotten.max(displaced.made);
        }
        self.count.store(ledger.marked.len(), Release);
        kill();
    }

    /// Calls `kill`; answers to questions put before have to be asked for again.
    pub(crate) fn start_over(&self, kill: impl FnOnce()) {
        let mut ledger = self.write();
        ledger.newest = Moment(ledger.newest.0 + 1);
        ledger.forgotten = ledger.newest;
        kill();
    }

    pub(crate) fn contains(&self, digest: &TokenDigest, now: Tick) -> bool {
        self.count.load(Acquire) > 0
            && self.read().marked.get(digest).is_some_and(|mark| now < mark.until)
    }

    /// Calls `store` if the answer asked for at `asked` stands. No mark is made meanwhile, so that
    /// what is stored is never marked.
    pub(crate) fn admit(
        &self,
        digest: &TokenDigest,
        asked: Moment,
        now: Tick,
        store: impl FnOnce(),
    ) -> Admission {
        let ledger = self.read();
        match ledger.marked.get(digest) {
            Some(mark) if now < mark.until || asked < mark.made => Admission::Revoked,
            _ if asked < ledger.forgotten => Admission::AskAgain,
            _ => {
                store();
                Admission::Admitted
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.count.load(Acquire)
    }

    /// Drops the marks that have had their time.
    pub(crate) fn sweep(&self, now: Tick) {
        let mut ledger = self.write();
        let mut forgotten = ledger.forgotten;
        ledger
            .marked
            .drop_while(|mark| mark.until <= now, |mark| forgotten = forgotten.max(mark.made));
        ledger.forgotten = forgotten;
        self.count.store(ledger.marked.len(), Release);
    }

    fn read(&self) -> RwLockReadGuard<'_, Ledger> {
        self.ledger.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Ledger> {
        self.ledger.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
