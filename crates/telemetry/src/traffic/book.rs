//! What one worker has counted since it last handed over.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Instant;

use phantom_core::UnixTime;
use phantom_core::catalog::EntityId;
use phantom_core::traffic::Ended;
use phantom_core::traffic::Pair;
use phantom_core::traffic::Pairs;
use phantom_core::traffic::Report;
use phantom_core::traffic::Shares;
use phantom_core::traffic::Tally;
use phantom_pipeline::Known;
use phantom_pipeline::Matched;
use phantom_pipeline::config_hash::ConfigMap;

use super::Traffic;
use super::last::Last;
use super::last::Line;
use crate::access_log::RequestEvent;

/// The book of one worker.
#[derive(Debug, Default)]
pub struct Book {
    apis: Tallies<ApiKey>,
    applications: Tallies<EntityId>,
    key_managers: Tallies<Arc<str>>,
    pairs: Pairing,
    last: Last,
}

/// APIs and routes, told apart without their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum ApiKey {
    None,
    Route(usize),
    Managed(EntityId),
}

impl ApiKey {
    fn of(matched: Option<&Matched>) -> Self {
        match matched {
            None => Self::None,
            Some(Matched::Route(route)) => Self::Route(route.index),
            Some(Matched::Operation(operation)) => Self::Managed(operation.api.published.id),
        }
    }

    const fn id(self) -> Option<EntityId> {
        match self {
            Self::Managed(id) => Some(id),
            Self::None | Self::Route(_) => None,
        }
    }
}

impl Book {
    /// A request has ended.
    pub fn note(&mut self, event: &RequestEvent<'_>, matched: Option<&Matched>, known: &Known) {
        let ended = Ended {
            outcome: event.outcome as usize,
            status: event.status,
            reason: event.reason,
            consulted: known.consulted,
            took: event.total,
        };
        self.apis.count(&ApiKey::of(matched), event.api, &ended);
        if let Some(application) = &known.application {
            self.applications.count(application, "", &ended);
            if let Some(Matched::Operation(operation)) = matched {
                self.pairs
                    .count((*application, operation.api.published.id), event.reason.is_some());
            }
        }
        if let Some(key_manager) = &known.key_manager {
            self.key_managers.count(key_manager, key_manager, &ended);
        }
    }

    /// Keeps it as one of the last.
    pub fn keep(&mut self, line: Line) {
        self.last.keep(line);
    }

    /// Begins anew.
    pub fn hand_over(&mut self, to: &Traffic, wall: UnixTime, now: Instant) {
        if self.apis.entries.is_empty() {
            return;
        }
        let mut report = Report::default();
        self.apis.move_to(&mut report.apis, |key| key.id());
        self.applications.move_to(&mut report.applications, |id| Some(*id));
        self.key_managers.move_to(&mut report.key_managers, |_| None);
        self.pairs.move_to(&mut report.pairs);
        to.hand_over(&report, self.last.take(wall, now));
    }
}

/// Requests by application and API.
#[derive(Debug, Default)]
struct Pairing {
    places: ConfigMap<(EntityId, EntityId), usize>,
    entries: Vec<Pair>,
    /// As in [`Tallies`].
    recent: usize,
}

impl Pairing {
    fn count(&mut self, key: (EntityId, EntityId), is_refused: bool) {
        let is_it = |pair: &Pair| (pair.application, pair.api) == key;
        if !self.entries.get(self.recent).is_some_and(is_it) {
            self.recent = self.place(key);
        }
        if let Some(pair) = self.entries.get_mut(self.recent) {
            pair.requests += 1;
            pair.refused += u64::from(is_refused);
        }
    }

    /// Beyond the last where there is none left.
    fn place(&mut self, key: (EntityId, EntityId)) -> usize {
        if let Some(place) = self.places.get(&key) {
            return *place;
        }
        let place = self.entries.len();
        if place >= Report::MOST_KNOWN {
            return usize::MAX;
        }
        self.places.insert(key, place);
        let (application, api) = key;
        self.entries.push(Pair { application, api, requests: 0, refused: 0 });
        place
    }

    fn move_to(&mut self, pairs: &mut Pairs) {
        self.places.clear();
        self.entries.drain(..).for_each(|pair| pairs.count(&pair, Report::MOST_KNOWN));
    }
}

/// Tallies of so many of a kind, and one of all others.
#[derive(Debug)]
struct Tallies<K> {
    places: ConfigMap<K, usize>,
    entries: Vec<Entry<K>>,
    rest: Tally,
    /// The place of the last, which is often that of the next.
    recent: usize,
}

#[derive(Debug)]
struct Entry<K> {
    key: K,
    name: Box<str>,
    tally: Tally,
}

impl<K> Default for Tallies<K> {
    fn default() -> Self {
        let (places, entries) = (ConfigMap::default(), Vec::new());
        Self { places, entries, rest: Tally::default(), recent: 0 }
    }
}

impl<K: Clone + Eq + Hash> Tallies<K> {
    fn count(&mut self, key: &K, name: &str, ended: &Ended) {
        if self.entries.get(self.recent).is_none_or(|entry| entry.key != *key) {
            self.recent = self.place(key, name);
        }
        match self.entries.get_mut(self.recent) {
            Some(entry) => entry.tally.count(ended),
            None => self.rest.count(ended),
        }
    }

    /// Beyond the last where there is none left.
    fn place(&mut self, key: &K, name: &str) -> usize {
        if let Some(place) = self.places.get(key) {
            return *place;
        }
        let place = self.entries.len();
        if place >= Report::MOST_KNOWN {
            return usize::MAX;
        }
        self.places.insert(key.clone(), place);
        let (key, name) = (key.clone(), name.into());
        self.entries.push(Entry { key, name, tally: Tally::default() });
        place
    }

    fn move_to(&mut self, shares: &mut Shares, id: impl Fn(&K) -> Option<EntityId>) {
        self.places.clear();
        for Entry { key, name, tally } in self.entries.drain(..) {
            shares.of(id(&key), &name, Report::MOST_KNOWN).add(&tally);
        }
        shares.add_rest(&std::mem::take(&mut self.rest));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use phantom_core::DenyReason;
    use phantom_core::traffic::Consulted;

    use super::*;

    fn ended() -> Ended {
        let (reason, took) = (Some(DenyReason::NoSubscription), Duration::from_millis(2));
        Ended { outcome: 0, status: 403, reason, consulted: Some(Consulted::Cache), took }
    }

    #[test]
    fn a_flood_of_applications_fills_no_more_than_there_is_room_for() {
        let mut tallies = Tallies::<EntityId>::default();
        for number in 0..10_000 {
            tallies.count(&EntityId::new(number), "", &ended());
            tallies.count(&EntityId::new(1), "", &ended());
        }
        assert_eq!(tallies.entries.len(), Report::MOST_KNOWN);
        let mut shares = Shares::default();
        tallies.move_to(&mut shares, |id| Some(*id));
        assert_eq!(shares.total().requests, 20_000, "none is lost");
        assert_eq!(shares.of(Some(EntityId::new(1)), "", 0).requests, 10_001);
        assert!(tallies.entries.is_empty() && tallies.places.is_empty() && tallies.rest.is_empty());
    }

    #[test]
    fn pairs_are_counted_within_their_bound() {
        let mut pairing = Pairing::default();
        let id = EntityId::new;
        for number in 0..10_000 {
            pairing.count((id(number), id(number)), false);
            pairing.count((id(1), id(2)), number % 4 == 0);
        }
        assert_eq!(pairing.entries.len(), Report::MOST_KNOWN);
        let mut pairs = Pairs::default();
        pairing.move_to(&mut pairs);
        let found = pairs.iter().find(|pair| (pair.application, pair.api) == (id(1), id(2)));
        assert_eq!(found.map(|pair| (pair.requests, pair.refused)), Some((10_000, 2_500)));
        assert!(pairing.entries.is_empty() && pairing.places.is_empty());
    }
}
