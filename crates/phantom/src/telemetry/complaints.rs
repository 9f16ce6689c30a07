//! Why an authorization server gives no verdicts, said in the log: at once, and then no more than
//! once a second, as one in trouble fails every request.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use phantom_core::HeldBack;
use phantom_core::Peer;
use phantom_oauth::IntrospectError;
use phantom_oauth::Refusal;

const PAUSE: Duration = Duration::from_secs(1);

/// Complaints about one key manager.
#[derive(Debug)]
pub(crate) struct Complaints {
    key_manager: Arc<str>,
    held_back: Mutex<HeldBack>,
}

impl Complaints {
    pub(crate) fn about(key_manager: &str) -> Self {
        Self { key_manager: key_manager.into(), held_back: Mutex::new(HeldBack::new(PAUSE)) }
    }

    /// The error names endpoints and statuses; tokens and secrets are never part of one.
    pub(super) fn log(&self, error: &IntrospectError, now: Instant) {
        if let Some(held_back) = self.turn(now) {
            let key_manager = &*self.key_manager;
            tracing::warn!(key_manager, held_back, %error, "no verdict on a token");
        }
    }

    /// A JWT of a client that the issuer did sign, and that is refused all the same: the set-up's fault,
    /// as its issuer would have to make others.
    pub(crate) fn log_of_jwt(&self, refusal: &Refusal, now: Instant) {
        if let Some(held_back) = self.turn(now) {
            let key_manager = &*self.key_manager;
            tracing::warn!(key_manager, held_back, %refusal, "a JWT of a client is not accepted");
        }
    }

    /// One address asks about more unknown tokens than it may. The address is in the access log too.
    pub(super) fn log_of_peer(&self, peer: Peer, now: Instant) {
        if let Some(held_back) = self.turn(now) {
            let key_manager = &*self.key_manager;
            tracing::warn!(key_manager, held_back, %peer, "an address sends too many unknown tokens");
        }
    }

    fn turn(&self, now: Instant) -> Option<u64> {
        self.held_back.lock().unwrap_or_else(PoisonError::into_inner).turn(now)
    }
}
