//! Why an authorization server gives no verdicts, said in the log: at once, and then no more than
//! once a second, as one in trouble fails every request.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use phantom_core::Peer;
use phantom_oauth::IntrospectError;

const PAUSE: Duration = Duration::from_secs(1);

/// Complaints about one key manager.
#[derive(Debug)]
pub(super) struct Complaints {
    key_manager: Arc<str>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    held_back: u64,
}

impl Complaints {
    pub(super) fn about(key_manager: &str) -> Self {
        Self { key_manager: key_manager.into(), state: Mutex::default() }
    }

    /// The error names endpoints and statuses; tokens and secrets are never part of one.
    pub(super) fn log(&self, error: &IntrospectError, now: Instant) {
        if let Some(held_back) = self.turn(now) {
            let key_manager = &*self.key_manager;
            tracing::warn!(key_manager, held_back, %error, "no verdict on a token");
        }
    }

    /// One address asks about more unknown tokens than it may. The address is in the access log too.
    pub(super) fn log_of_peer(&self, peer: Peer, now: Instant) {
        if let Some(held_back) = self.turn(now) {
            let key_manager = &*self.key_manager;
            tracing::warn!(key_manager, held_back, %peer, "an address sends too many unknown tokens");
        }
    }

    /// Whether to speak now, and how many complaints went unsaid before.
    fn turn(&self, now: Instant) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = state.last.is_some_and(|last| now.saturating_duration_since(last) < PAUSE);
        if wait {
            state.held_back += 1;
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_said_at_once_and_then_one_a_second_tells_how_many_were_not() {
        let complaints = Complaints::about("login");
        let start = Instant::now();
        let turn = |millis| complaints.turn(start + Duration::from_millis(millis));
        assert_eq!(turn(0), Some(0));
        assert_eq!(turn(10), None);
        assert_eq!(turn(999), None);
        assert_eq!(turn(1000), Some(2));
        assert_eq!(turn(1500), None);
        assert_eq!(turn(5000), Some(1));
        assert_eq!(turn(9000), Some(0));
    }
}
