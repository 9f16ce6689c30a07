//! Connections that wait for their next call.

use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use tokio::runtime;
use url::Position;
use url::Url;

use crate::egress::http1::Connection;

/// Servers close idle connections after a minute or more; we do so first.
const IDLE: Duration = Duration::from_secs(55);

/// At most so many of them. A connection belongs to the runtime it was made on: used there alone, no
/// event of it has to cross threads.
#[derive(Debug)]
pub(super) struct Kept {
    most: usize,
    idle: Mutex<Vec<Idle>>,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    place: Place,
    runtime: runtime::Id,
    until: Instant,
}

/// Whom a connection leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Scheme, host and port, as URLs spell them.
    origin: Box<str>,
    /// It went to a public address.
    public_only: bool,
}

impl Place {
    pub(super) fn of(url: &Url, public_only: bool) -> Self {
        Self { origin: origin(url).into(), public_only }
    }

    pub(super) fn is_plain(&self) -> bool {
        self.origin.starts_with("http:")
    }

    fn is(&self, url: &Url, public_only: bool) -> bool {
        self.public_only == public_only && *self.origin == *origin(url)
    }
}

/// URLs with a user name or password are not configured and not taken from documents.
fn origin(url: &Url) -> &str {
    &url[..Position::AfterPort]
}

impl Kept {
    pub(super) const fn new(most: usize) -> Self {
        Self { most, idle: Mutex::new(Vec::new()) }
    }

    /// The one used last: others may then grow old and go.
    pub(super) fn take(&self, url: &Url, public_only: bool) -> Option<(Connection, Place)> {
        let runtime = runtime::Handle::current().id();
        let now = Instant::now();
        let mut idle = self.idle();
        loop {
            let at = idle.iter().rposition(|kept| {
                kept.runtime == runtime && now < kept.until && kept.place.is(url, public_only)
            })?;
            let Idle { mut connection, place, .. } = idle.remove(at);
            if connection.is_quiet() {
                return Some((connection, place));
            }
        }
    }

    pub(super) fn put(&self, connection: Connection, place: Place, keep_alive: Option<Duration>) {
        let until = Instant::now() + keep_alive.map_or(IDLE, |stated| stated.min(IDLE));
        let runtime = runtime::Handle::current().id();
        let mut idle = self.idle();
        if idle.len() >= self.most && !idle.is_empty() {
            idle.remove(0);
        }
        if idle.len() < self.most {
            idle.push(Idle { connection, place, runtime, until });
        }
    }

    /// Closes those that have waited too long.
    pub(super) fn sweep(&self) {
        let now = Instant::now();
        self.idle().retain(|kept| now < kept.until);
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
