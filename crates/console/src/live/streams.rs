//! How many streams there are, of each user and in all: each is a connection that stays, and a look at the
//! store every few seconds.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

const MOST: usize = 64;
/// A page each, in as many tabs.
const MOST_OF_ONE: usize = 6;

#[derive(Debug, Default)]
pub(super) struct Streams {
    of: Mutex<HashMap<String, usize>>,
}

/// One stream's, given back when it ends.
#[derive(Debug)]
pub(super) struct Place {
    streams: Arc<Streams>,
    user: String,
}

impl Streams {
    /// `None`: there are enough.
    pub(super) fn take(self: &Arc<Self>, user: &str) -> Option<Place> {
        let mut of = self.of();
        if of.values().sum::<usize>() >= MOST {
            return None;
        }
        let open = of.entry(user.to_owned()).or_default();
        if *open >= MOST_OF_ONE {
            return None;
        }
        *open += 1;
        Some(Place { streams: Arc::clone(self), user: user.to_owned() })
    }

    fn of(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut of = self.streams.of();
        let Some(open) = of.get_mut(&self.user) else { return };
        *open = open.saturating_sub(1);
        if *open == 0 {
            of.remove(&self.user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_few_for_each_user_and_in_all_and_their_places_come_back() {
        let streams = Arc::new(Streams::default());
        let mut of_ann: Vec<_> = (0..MOST_OF_ONE).map(|_| streams.take("ann").unwrap()).collect();
        assert!(streams.take("ann").is_none());
        of_ann.pop();
        assert!(streams.take("ann").is_some());
        let others: Vec<_> = (of_ann.len()..MOST).map(|n| streams.take(&n.to_string())).collect();
        assert!(others.iter().all(Option::is_some));
        assert!(streams.take("bob").is_none());
        drop((of_ann, others));
        assert!(streams.of().is_empty());
    }
}
