//! Credentials that are being checked now, each by one request.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tokio::sync::watch;

/// As many as requests are open, each until it ends.
#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<[u8; 32], watch::Receiver<()>>>);

pub(super) enum Turn<'a> {
    /// Others wait until it is dropped.
    Mine(Landing<'a>),
    /// Somebody else's; `changed` ends when that is over.
    After(watch::Receiver<()>),
}

pub(super) struct Landing<'a> {
    flights: &'a Flights,
    digest: [u8; 32],
    /// Dropped last: whoever waits finds the place free.
    _over: watch::Sender<()>,
}

impl Flights {
    pub(super) fn turn(&self, digest: [u8; 32]) -> Turn<'_> {
        match self.all().entry(digest) {
            Entry::Occupied(other) => Turn::After(other.get().clone()),
            Entry::Vacant(place) => {
                let (over, landed) = watch::channel(());
                place.insert(landed);
                Turn::Mine(Landing { flights: self, digest, _over: over })
            }
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<[u8; 32], watch::Receiver<()>>> {
        // What a panic leaves behind is still a map.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.flights.all().remove(&self.digest);
    }
}
