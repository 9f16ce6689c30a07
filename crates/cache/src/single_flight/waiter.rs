//! One caller's place on a flight.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use super::Flight;
use super::Leader;
use super::Progress;
use super::SingleFlight;
use super::Stage;
use crate::sync::Arc;
use crate::sync::Ordering;
use crate::sync::lock;

/// Resolves when the flight has ended or lost its leader; may be awaited again after the latter.
/// Dropping it leaves the flight to the others.
pub(crate) struct Waiter<T> {
    flights: Arc<SingleFlight<T>>,
    flight: Arc<Flight<T>>,
    number: usize,
}

/// How a wait ends.
pub(crate) enum Wait<T> {
    Complete(T),
    /// The leader is gone: this caller makes the call now, then waits again.
    Vacant(Leader<T>),
    /// Too many leaders are gone.
    Lost,
}

impl<T> Waiter<T> {
    pub(super) fn join(
        flights: &Arc<SingleFlight<T>>,
        flight: &Arc<Flight<T>>,
        progress: &mut Progress<T>,
    ) -> Self {
        flights.waiters.fetch_add(1, Ordering::Relaxed);
        progress.waiters += 1;
        progress.next_waiter += 1;
        let number = progress.next_waiter;
        Self { flights: Arc::clone(flights), flight: Arc::clone(flight), number }
    }
}

impl<T: Clone> Future for &mut Waiter<T> {
    type Output = Wait<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Wait<T>> {
        let mut progress = lock(&self.flight.progress);
        if progress.take_lead() {
            drop(progress);
            return Poll::Ready(Wait::Vacant(Leader::of(&self.flights, &self.flight)));
        }
        match &progress.stage {
            Stage::Complete(outcome) => Poll::Ready(Wait::Complete(outcome.clone())),
            Stage::Lost => Poll::Ready(Wait::Lost),
            Stage::Running | Stage::Vacant => {
                progress.wakers.insert(self.number, context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for Waiter<T> {
    fn drop(&mut self) {
        self.flights.waiters.fetch_sub(1, Ordering::Relaxed);
        let mut progress = lock(&self.flight.progress);
        progress.waiters -= 1;
        progress.wakers.remove(&self.number);
        let deserted = progress.waiters == 0 && matches!(progress.stage, Stage::Vacant);
        drop(progress);
        // The lock order asks for another look, with both locks held.
        if deserted {
            self.flights.clear_if_deserted(&self.flight);
        }
    }
}
