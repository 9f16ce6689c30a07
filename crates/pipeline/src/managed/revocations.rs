//! Tokens that died by an event rather than by their time: by consumer key, subject or token id.

use std::sync::Arc;

use phantom_core::Statement;
use phantom_core::UnixTime;
use phantom_core::catalog::Revocation;
use phantom_core::catalog::Revoked;

use crate::managed::sharded_map::ShardedMap;

/// Events remembered of each kind. Beyond that the oldest is forgotten, which is said in the log.
const MAX_EVENTS: usize = 100_000;

#[derive(Clone, Debug, Default)]
pub struct Revocations {
    consumer_keys: Events,
    subjects: Events,
    token_ids: Events,
}

type Events = ShardedMap<Arc<str>, UnixTime>;

impl Revocations {
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.consumer_keys.is_empty() && self.subjects.is_empty() && self.token_ids.is_empty()
    }

    /// Whether an event killed the token. Costs nothing while there was none.
    #[must_use]
    pub fn kill(&self, statement: &Statement, consumer_key: Option<&str>) -> bool {
        let by = |events: &Events, name: Option<&str>| {
            name.filter(|_| !events.is_empty()).and_then(|name| events.find(name).copied())
        };
        // A token that does not say when it was issued may be as old as any.
        let before = |at: UnixTime| statement.issued_at.is_none_or(|issued| issued < at);
        by(&self.token_ids, statement.token_id.as_deref()).is_some()
            || by(&self.consumer_keys, consumer_key).is_some_and(before)
            || by(&self.subjects, statement.subject.as_deref()).is_some_and(before)
    }

    /// Adds an event. Of two of one party the later counts.
    pub(super) fn add(&mut self, revocation: &Revocation) {
        let (events, name) = match &revocation.of {
            Revoked::ConsumerKey(name) => (&mut self.consumer_keys, name),
            Revoked::Subject(name) => (&mut self.subjects, name),
            Revoked::TokenId(name) => (&mut self.token_ids, name),
        };
        let known = events.find(&**name).copied();
        if known.is_none() && events.len() >= MAX_EVENTS {
            let oldest = events.iter().min_by_key(|(_, at)| **at).map(|(name, _)| name.clone());
            if let Some(oldest) = oldest {
                tracing::warn!(limit = MAX_EVENTS, "too many revocations: the oldest is forgotten");
                events.remove(&*oldest);
            }
        }
        let at = known.map_or(revocation.at, |known| known.max(revocation.at));
        events.insert(name.as_ref().into(), at);
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
            revocations.add(&Revocation { of: of.clone(), at: at(*seconds) });
        }
        revocations
    }

    fn issued(issued_at: Option<u64>) -> Statement {
        let token_id = Some("id-1".into());
        Statement { issued_at: issued_at.map(at), token_id, ..statement("") }
    }

    #[test]
    fn wso2_8_11_4_tokens_issued_before_the_event_are_dead_and_later_ones_live() {
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

    #[test]
    fn wso2_8_11_3_a_token_revoked_by_its_id_is_dead_whenever_it_was_issued() {
        let revocations = after(&[(Revoked::TokenId("id-1".into()), 1)]);
        assert!(revocations.kill(&issued(Some(1_000)), None));
        let nameless = Statement { token_id: None, ..issued(Some(1_000)) };
        assert!(!revocations.kill(&nameless, None));
    }
}
