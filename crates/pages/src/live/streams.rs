//! How many streams there are, of each user and in all: each is a connection that stays, and a look at the
//! store every few seconds.

use std::sync::Arc;

use phantom_core::places;
use phantom_core::places::Places;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;

const MOST: usize = 64;
/// A page each, in as many tabs.
const MOST_OF_ONE: usize = 6;

#[derive(Clone, Debug)]
pub(super) struct Streams {
    /// By the user's name.
    of: Places<String>,
    all: Arc<Semaphore>,
}

/// One stream's, given back when it ends.
pub(super) type Place = (places::Place<String>, OwnedSemaphorePermit);

impl Streams {
    pub(super) fn new() -> Self {
        Self { of: Places::default(), all: Arc::new(Semaphore::new(MOST)) }
    }

    /// `None`: there are enough.
    pub(super) fn take(&self, user: &str) -> Option<Place> {
        let place = self.of.take(user.to_owned(), MOST_OF_ONE)?;
        Some((place, Arc::clone(&self.all).try_acquire_owned().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_few_for_each_user_and_in_all_and_their_places_come_back() {
        let streams = Streams::new();
        let mut of_ann: Vec<_> = (0..MOST_OF_ONE).map(|_| streams.take("ann").unwrap()).collect();
        assert!(streams.take("ann").is_none());
        of_ann.pop();
        assert!(streams.take("ann").is_some());
        let others: Vec<_> = (of_ann.len()..MOST).map(|n| streams.take(&n.to_string())).collect();
        assert!(others.iter().all(Option::is_some));
        assert!(streams.take("bob").is_none());
        drop((of_ann, others));
        let again: Vec<_> = (0..MOST).map(|n| streams.take(&n.to_string())).collect();
        assert!(again.iter().all(Option::is_some));
    }
}
