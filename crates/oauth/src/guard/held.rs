//! Tokens with which the server asked us to wait (RFC 9110 §10.2.3).

use std::collections::HashMap;
use std::time::Duration;

use phantom_core::Tick;

const MOST: usize = 4096;

/// By hash of the token, until when.
#[derive(Debug, Default)]
pub(super) struct HeldTokens(HashMap<u64, Tick>);

impl HeldTokens {
    pub(super) fn hold(&mut self, token: u64, until: Tick, now: Tick) {
        if self.0.len() >= MOST {
            self.0.retain(|_, until| now < *until);
        }
        // Where there is no room a token is asked about earlier than the server likes.
        if self.0.len() < MOST {
            self.0.insert(token, until);
        }
    }

    /// How long not to ask about it.
    pub(super) fn wait(&self, token: u64, now: Tick) -> Option<Duration> {
        self.0.get(&token).filter(|until| now < **until).map(|until| now.until(*until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_held_in_bounded_memory() {
        let mut held = HeldTokens::default();
        let at = |seconds: u64| Tick::from_millis(seconds * 1000);
        for token in 0..10_000 {
            held.hold(token, at(5), at(0));
        }
        assert_eq!(held.0.len(), MOST);
        assert_eq!(held.wait(7, at(1)), Some(Duration::from_secs(4)));
        assert_eq!(held.wait(7, at(5)), None);
        held.hold(20_000, at(9), at(5));
        assert_eq!((held.0.len(), held.wait(20_000, at(8))), (1, Some(Duration::from_secs(1))));
    }
}
