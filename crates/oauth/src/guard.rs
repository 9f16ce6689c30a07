//! Care for an authorization server in trouble, and for ourselves (INT-14): how many calls at once,
//! which calls again, and when to stop calling.

mod breaker;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use phantom_core::Clock;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::sync::SemaphorePermit;

use crate::guard::breaker::Breaker;

/// For each call in progress, so many may wait for their turn.
const WAITERS_PER_CALL: usize = 16;

/// Retries are paid for by answers: one for ten, and no more than ten saved up.
const RETRY_COST: u32 = 10;
const RETRY_SAVINGS: u32 = 100;

#[derive(Debug)]
pub(crate) struct Guard {
    clock: Arc<dyn Clock>,
    calls: Semaphore,
    /// Calls in progress and waiting together.
    admitted: Semaphore,
    queue_wait: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    breaker: Breaker,
    retry_savings: u32,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum NotAdmitted {
    #[error("not asked: it failed repeatedly and is given a pause")]
    Open { retry_after: Duration },
    #[error("not asked: too many calls are waiting")]
    Crowded,
}

/// A call in progress. Has to be told how it ended; dropped untold, it failed.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    guard: &'a Guard,
    probe: bool,
    told: bool,
    _turn: SemaphorePermit<'a>,
    _place: SemaphorePermit<'a>,
}

impl Guard {
    pub(crate) fn new(clock: Arc<dyn Clock>, max_concurrent: usize, queue_wait: Duration) -> Self {
        let admitted = max_concurrent.saturating_mul(WAITERS_PER_CALL + 1);
        Self {
            clock,
            calls: Semaphore::new(max_concurrent.min(Semaphore::MAX_PERMITS)),
            admitted: Semaphore::new(admitted.min(Semaphore::MAX_PERMITS)),
            queue_wait,
            state: Mutex::new(State { breaker: Breaker::default(), retry_savings: RETRY_SAVINGS }),
        }
    }

    /// A turn, after a bounded wait. The breaker is asked first, so that nobody queues for a dead
    /// server, and last, so that who waited while it died does not call it.
    pub(crate) async fn admit(&self) -> Result<Call<'_>, NotAdmitted> {
        if let Some(retry_after) = self.state().breaker.pause(self.clock.now().tick) {
            return Err(NotAdmitted::Open { retry_after });
        }
        let place = self.admitted.try_acquire().map_err(|_| NotAdmitted::Crowded)?;
        let turn = match tokio::time::timeout(self.queue_wait, self.calls.acquire()).await {
            Ok(Ok(turn)) => turn,
            Ok(Err(_)) | Err(_) => return Err(NotAdmitted::Crowded),
        };
        let now = self.clock.now().tick;
        let probe = self
            .state()
            .breaker
            .admit(now)
            .map_err(|retry_after| NotAdmitted::Open { retry_after })?;
        Ok(Call { guard: self, probe, told: false, _turn: turn, _place: place })
    }

    /// Whether one more attempt is affordable; if so it is paid for.
    pub(crate) fn afford_retry(&self) -> bool {
        let mut state = self.state();
        match state.retry_savings.checked_sub(RETRY_COST) {
            Some(left) => {
                state.retry_savings = left;
                true
            }
            None => false,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, success: bool, probe: bool) {
        let now = self.clock.now().tick;
        let mut state = self.state();
        if success {
            state.retry_savings = (state.retry_savings + 1).min(RETRY_SAVINGS);
        }
        state.breaker.record(success, probe, now);
    }
}

impl Call<'_> {
    /// The server answered, whatever it said.
    pub(crate) fn succeeded(mut self) {
        self.told = true;
        self.guard.record(true, self.probe);
    }

    /// It did not answer, or said that it cannot.
    pub(crate) fn failed(mut self) {
        self.told = true;
        self.guard.record(false, self.probe);
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.guard.record(false, self.probe);
        }
    }
}

#[cfg(test)]
mod tests;
