//! How many connections each source has.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use phantom_core::Peer;

/// Of one listener.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    open: Arc<Mutex<HashMap<Peer, usize>>>,
    /// Of one source at once.
    most: usize,
}

/// Given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    sources: Sources,
    peer: Peer,
}

impl Sources {
    pub(crate) fn new(most: usize) -> Self {
        Self { open: Arc::default(), most }
    }

    /// `None` where the source has all it may have.
    pub(crate) fn take(&self, address: IpAddr) -> Option<Place> {
        let peer = Peer::of(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(peer).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place { sources: self.clone(), peer })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.sources.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_so_many_places_and_gets_them_back_and_takes_none_of_others() {
        let sources = Sources::new(2);
        let (one, other): (IpAddr, IpAddr) =
            ("192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap());
        let first = sources.take(one).unwrap();
        let _second = sources.take(one).unwrap();
        assert!(sources.take(one).is_none());
        let _others = sources.take(other).unwrap();
        drop(first);
        let _third = sources.take(one).unwrap();
        assert!(sources.take(one).is_none());
    }

    #[test]
    fn nothing_is_remembered_of_who_has_left() {
        let sources = Sources::new(2);
        drop(sources.take("192.0.2.1".parse().unwrap()));
        assert!(sources.open.lock().unwrap().is_empty());
    }
}
