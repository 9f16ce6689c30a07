//! What is wrong with others, said in the log: at once, and then no more than once a second of each, as one
//! in trouble fails every request.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use phantom_core::HeldBack;
use phantom_core::Peer;
use phantom_oauth::IntrospectError;
use phantom_oauth::Refusal;
use phantom_pipeline::route::Upstream;

use crate::cause::Cause;

const PAUSE: Duration = Duration::from_secs(1);
/// Backends in trouble that are told apart. Those of more are forgotten and may speak again.
const MOST: usize = 1024;

/// Why backends cannot be reached: all of them, of all workers.
#[derive(Debug, Default)]
pub struct BackendComplaints(Mutex<HashMap<(Box<str>, u16), HeldBack>>);

impl BackendComplaints {
    /// The error goes on from the cause, in the words of the system.
    pub fn log(&self, upstream: &Upstream, cause: Cause, error: &dyn Display, now: Instant) {
        let (host, port) = (&*upstream.host, upstream.port);
        if let Some(held_back) = self.turn(host, port, now) {
            let cause = cause.name();
            tracing::warn!(host, port, cause, held_back, %error, "no connection to a backend");
        }
    }

    fn turn(&self, host: &str, port: u16, now: Instant) -> Option<u64> {
        let mut backends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if backends.len() >= MOST && !backends.contains_key(&(host.into(), port)) {
            backends.retain(|_, complaints| complaints.is_resting(now));
            if backends.len() >= MOST {
                backends.clear();
            }
        }
        let complaints = backends.entry((host.into(), port));
        complaints.or_insert_with(|| HeldBack::new(PAUSE)).turn(now)
    }
}

/// Why one key manager gives no verdicts.
#[derive(Debug)]
pub struct KeyManagerComplaints {
    key_manager: Arc<str>,
    held_back: Mutex<HeldBack>,
}

impl KeyManagerComplaints {
    /// None yet, about the key manager of that name.
    #[must_use]
    pub fn about(key_manager: &str) -> Self {
        Self { key_manager: key_manager.into(), held_back: Mutex::new(HeldBack::new(PAUSE)) }
    }

    /// The error names endpoints and statuses; tokens and secrets are never part of one.
    pub fn log(&self, error: &IntrospectError, now: Instant) {
        if let Some(held_back) = self.turn(now) {
            let key_manager = &*self.key_manager;
            tracing::warn!(key_manager, held_back, %error, "no verdict on a token");
        }
    }

    /// A JWT of a client that the issuer did sign, and that is refused all the same: the set-up's fault,
    /// as its issuer would have to make others.
    pub fn log_of_jwt(&self, refusal: &Refusal, now: Instant) {
        if let Some(held_back) = self.turn(now) {
            let key_manager = &*self.key_manager;
            tracing::warn!(key_manager, held_back, %refusal, "a JWT of a client is not accepted");
        }
    }

    /// One address asks about more unknown tokens than it may. The address is in the access log too.
    pub fn log_of_peer(&self, peer: Peer, now: Instant) {
        if let Some(held_back) = self.turn(now) {
            let key_manager = &*self.key_manager;
            tracing::warn!(key_manager, held_back, %peer, "an address sends too many unknown tokens");
        }
    }

    fn turn(&self, now: Instant) -> Option<u64> {
        self.held_back.lock().unwrap_or_else(PoisonError::into_inner).turn(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_backend_is_complained_about_once_a_second_and_their_number_is_bounded() {
        let (complaints, now) = (BackendComplaints::default(), Instant::now());
        assert_eq!(complaints.turn("a", 80, now), Some(0));
        assert_eq!(complaints.turn("a", 80, now), None);
        assert_eq!(complaints.turn("a", 81, now), Some(0), "another backend");
        assert_eq!(complaints.turn("a", 80, now + PAUSE), Some(1));
        for number in 0..5 * MOST {
            complaints.turn(&number.to_string(), 80, now);
        }
        assert!(complaints.0.lock().unwrap().len() <= MOST);
    }
}
