//! Tokens that died by an event rather than by their time: by consumer key, subject or token id, or as
//! they are shown.

use std::borrow::Borrow;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use phantom_core::BearerToken;
use phantom_core::Statement;
use phantom_core::TokenDigest;
use phantom_core::UnixTime;
use phantom_core::catalog::Revocation;
use phantom_core::catalog::Revoked;
use phantom_core::jwt::CompactJws;

use crate::managed::sharded_map::ShardedMap;

/// Events remembered of each kind. Beyond that the oldest is forgotten, which is said in the log.
const MAX_EVENTS: usize = 100_000;
/// Fewest events worth looking for those that have had their time.
const MIN_SWEEP: usize = 1024;

/// The digest of a token by which the control plane names a revoked one.
#[derive(Clone)]
pub struct TokenNames(Arc<dyn Fn(BearerToken<'_>) -> TokenDigest + Send + Sync>);

impl TokenNames {
    /// `name` gives the digest that the control plane names that token by.
    #[must_use]
    pub fn new(name: impl Fn(BearerToken<'_>) -> TokenDigest + Send + Sync + 'static) -> Self {
        Self(Arc::new(name))
    }
}

impl fmt::Debug for TokenNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenNames")
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Revocations {
    consumer_keys: Events<Arc<str>>,
    subjects: Events<Arc<str>>,
    token_ids: Events<Arc<str>>,
    tokens: Events<TokenDigest>,
    /// `None` where no control plane names any.
    token_names: Option<TokenNames>,
}

/// Events of one kind, by the name of what they killed.
#[derive(Clone, Debug)]
struct Events<K> {
    events: ShardedMap<K, Event>,
    /// So many and it is time to look for ended ones: each look pays for itself.
    sweep_at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Event {
    at: UnixTime,
    until: UnixTime,
}

impl Revocations {
    pub(super) fn new(token_names: Option<TokenNames>) -> Self {
        Self { token_names, ..Self::default() }
    }

    #[must_use]
    pub(crate) const fn is_empty(&self) -> bool {
        self.consumer_keys.events.is_empty()
            && self.subjects.events.is_empty()
            && self.token_ids.events.is_empty()
    }

    /// Returns whether an event killed the token. Costs nothing while there was none.
    #[must_use]
    pub(crate) fn kill(&self, statement: &Statement, consumer_key: Option<&str>) -> bool {
        // A token that does not say when it was issued may be as old as any.
        let before = |event: Event| statement.issued_at.is_none_or(|issued| issued < event.at);
        self.token_ids.find(|| name_of(statement)).is_some()
            || self.consumer_keys.find(|| consumer_key).is_some_and(before)
            || self.subjects.find(|| statement.subject.as_deref()).is_some_and(before)
    }

    /// Returns whether this very token was revoked, whatever its server says of it: asked before anybody else
    /// is. Costs a digest while there is such a revocation, and nothing otherwise.
    #[must_use]
    pub(crate) fn name(&self, token: BearerToken<'_>, now: UnixTime) -> bool {
        if self.tokens.events.is_empty() {
            return false;
        }
        let digest = self.token_names.as_ref().map(|names| names.0(token));
        self.tokens.find(|| digest.as_ref()).is_some_and(|event| now < event.until)
    }

    pub(crate) fn add(&mut self, revocation: &Revocation) {
        let Revocation { of, at, until } = revocation;
        let event = Event { at: *at, until: *until };
        match of {
            Revoked::ConsumerKey(name) => self.consumer_keys.add((&**name).into(), event),
            Revoked::Subject(name) => self.subjects.add((&**name).into(), event),
            Revoked::TokenId(name) => self.token_ids.add((&**name).into(), event),
            Revoked::Token(digest) => self.tokens.add(*digest, event),
        }
    }
}

/// The name by which a token is revoked: its `jti`, or its signature where it has none.
fn name_of(statement: &Statement) -> Option<&str> {
    statement.token_id.as_deref().or_else(|| {
        let jws = CompactJws::parse(statement.phantom_token.expose()).ok()?;
        Some(jws.signature)
    })
}

impl<K> Default for Events<K> {
    fn default() -> Self {
        Self { events: ShardedMap::default(), sweep_at: 0 }
    }
}

impl<K: Clone + Eq + Hash> Events<K> {
    /// Costs nothing while there was none: the name is not even looked up.
    fn find<'n, Q>(&self, name: impl FnOnce() -> Option<&'n Q>) -> Option<Event>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized + 'n,
    {
        if self.events.is_empty() {
            return None;
        }
        self.events.find(name()?).copied()
    }

    /// The later of two events of one party counts.
    fn add(&mut self, name: K, event: Event) {
        let known = self.events.find(&name).copied();
        if known.is_none() {
            self.make_room(event.at);
        }
        let Event { at, until } = known.unwrap_or(event);
        let event = Event { at: at.max(event.at), until: until.max(event.until) };
        self.events.insert(name, event);
    }

    fn make_room(&mut self, now: UnixTime) {
        let len = self.events.len();
        if len >= self.sweep_at.max(MIN_SWEEP) {
            let ended = self.events.iter().filter(|(_, event)| event.until <= now);
            let ended: Vec<K> = ended.map(|(name, _)| name.clone()).collect();
            for name in ended {
                self.events.remove(&name);
            }
            self.sweep_at = (self.events.len() * 2).min(MAX_EVENTS);
        }
        if self.events.len() >= MAX_EVENTS {
            let oldest = self.events.iter().min_by_key(|(_, event)| event.at);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                tracing::warn!(limit = MAX_EVENTS, "too many revocations: the oldest is forgotten");
                self.events.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::statement;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_secs(seconds)
    }

    fn after(events: &[(Revoked, u64)]) -> Revocations {
        let mut revocations = Revocations::default();
        for (of, seconds) in events {
            let until = UnixTime::MAX;
            revocations.add(&Revocation { of: of.clone(), at: at(*seconds), until });
        }
        revocations
    }

    fn issued(issued_at: Option<u64>) -> Statement {
        let token_id = Some("id-1".into());
        Statement { issued_at: issued_at.map(at), token_id, ..statement("") }
    }

    /// Rows: WSO2-8.11.4
    #[test]
    fn tokens_issued_before_the_event_are_dead_and_later_ones_live() {
        for of in
            [Revoked::ConsumerKey("key-1".into()), Revoked::Subject("claim-value-subject".into())]
        {
            let revocations = after(&[(of.clone(), 100), (of, 50)]);
            let dead = |seconds| revocations.kill(&issued(seconds), Some("key-1"));
            assert_eq!([dead(Some(99)), dead(Some(100)), dead(None)], [true, false, true]);
        }
        let others = [
            (Revoked::ConsumerKey("key-2".into()), 100),
            (Revoked::Subject("key-1".into()), 100),
            (Revoked::TokenId("key-1".into()), 100),
        ];
        assert!(!after(&others).kill(&issued(Some(1)), Some("key-1")));
        assert!(!Revocations::default().kill(&issued(None), Some("key-1")));
    }

    /// Rows: WSO2-8.11.3
    #[test]
    fn a_token_revoked_by_its_id_is_dead_whenever_it_was_issued() {
        let revocations = after(&[(Revoked::TokenId("id-1".into()), 1)]);
        assert!(revocations.kill(&issued(Some(1_000)), None));
        let nameless = Statement { token_id: None, ..issued(Some(1_000)) };
        assert!(!revocations.kill(&nameless, None));
    }

    /// Rows: WSO2-8.5.9
    #[test]
    fn a_token_without_an_id_is_revoked_by_its_signature() {
        let nameless = Statement { token_id: None, ..issued(Some(1)) };
        let signature = nameless.phantom_token.expose().rsplit('.').next().unwrap();
        let revocations = after(&[(Revoked::TokenId(signature.into()), 1)]);
        assert!(revocations.kill(&nameless, None));
        assert!(!revocations.kill(&issued(Some(1)), None), "it has an id of its own");
    }

    #[test]
    fn events_that_have_had_their_time_make_room() {
        let mut revocations = Revocations::default();
        for token in 0..10_000_u64 {
            let of = Revoked::TokenId(token.to_string().into());
            revocations.add(&Revocation { of, at: at(token), until: at(token + 100) });
        }
        let kept = revocations.token_ids.events.len();
        assert!((100..=MIN_SWEEP).contains(&kept), "{kept}");
        let newest = Statement { token_id: Some("9999".into()), ..issued(None) };
        assert!(revocations.kill(&newest, None));
    }

    #[test]
    fn a_token_that_was_named_is_dead_until_its_revocation_ends_and_no_other_is() {
        let names = TokenNames::new(|token| {
            TokenDigest::new(std::array::from_fn(|at| {
                token.expose().as_bytes().get(at).copied().unwrap_or(0)
            }))
        });
        let token = |text: &'static str| BearerToken::parse(text.as_bytes()).unwrap();
        let mut revocations = Revocations::new(Some(names.clone()));
        assert!(!revocations.name(token("one"), at(10)));
        let of = Revoked::Token(names.0(token("one")));
        revocations.add(&Revocation { of, at: at(10), until: at(100) });
        let dead = |text, seconds| revocations.name(token(text), at(seconds));
        assert_eq!([dead("one", 10), dead("one", 99), dead("one", 100)], [true, true, false]);
        assert!(!dead("two", 10) && !dead("on", 10));
    }
}
