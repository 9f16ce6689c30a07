//! How many connections each source has open, in the whole process.

use std::collections::HashMap;
use std::net::IpAddr;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

/// Open connections by source. As many entries as there are sources with one open.
#[derive(Clone, Debug, Default)]
pub struct Sources(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One open connection of a source.
#[derive(Debug)]
pub(crate) struct Place {
    sources: Sources,
    source: IpAddr,
}

impl Sources {
    /// A place for one more connection; `None` where the source has `most` already.
    pub(crate) fn place(&self, peer: IpAddr, most: usize) -> Option<Place> {
        let source = source_of(peer);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(source).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Place { sources: self.clone(), source })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.sources.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.source);
            }
        }
    }
}

/// Who has one address of IPv6 has the 64 bits behind its network too.
fn source_of(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_as_many_places_as_it_may_and_gets_them_back() {
        let sources = Sources::default();
        let peer = |text: &str| text.parse::<IpAddr>().unwrap();
        let first = sources.place(peer("192.0.2.1"), 2);
        let _second = sources.place(peer("192.0.2.1"), 2).unwrap();
        assert!(sources.place(peer("192.0.2.1"), 2).is_none());
        assert!(sources.place(peer("192.0.2.2"), 2).is_some());
        drop(first);
        assert!(sources.place(peer("192.0.2.1"), 2).is_some());
        let _network = sources.place(peer("2001:db8::1"), 1).unwrap();
        assert!(sources.place(peer("2001:db8::ffff:1"), 1).is_none());
        assert!(sources.place(peer("2001:db8:0:1::1"), 1).is_some());
        assert_eq!(sources.0.lock().unwrap().len(), 2, "nothing is kept of those that are gone");
    }
}
