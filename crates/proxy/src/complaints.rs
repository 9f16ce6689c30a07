//! Why a backend cannot be reached, said in the log: at once, and then no more than once a second of
//! each backend, as one in trouble fails every request.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use phantom_core::HeldBack;
use phantom_pipeline::route::Upstream;

use crate::upstream::ConnectError;

const PAUSE: Duration = Duration::from_secs(1);
/// Backends in trouble that are told apart. Those of more are forgotten and may speak again.
const MOST: usize = 1024;

/// About all backends, of all workers.
#[derive(Debug, Default)]
pub(crate) struct Complaints(Mutex<HashMap<(Box<str>, u16), HeldBack>>);

impl Complaints {
    pub(crate) fn log(&self, upstream: &Upstream, error: &ConnectError, now: Instant) {
        let (host, port) = (&*upstream.host, upstream.port);
        if let Some(held_back) = self.turn(host, port, now) {
            let cause = error.cause().name();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_backend_is_complained_about_once_a_second_and_their_number_is_bounded() {
        let (complaints, now) = (Complaints::default(), Instant::now());
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
