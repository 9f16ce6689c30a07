//! What all endpoints share.

use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use crate::bounded::{BoundedMap, Digest};
use crate::clients::Clients;
use crate::error::DevAuthError;
use crate::issuer::Issuer;
use crate::keys::KeyRing;
use crate::options::{Clock, DevAuthOptions};
use crate::tokens::Tokens;
use crate::users::User;

/// Client assertions remembered against replay; each for five minutes at most.
const MAX_ASSERTIONS: usize = 10_000;

pub(crate) struct AuthorizationServer {
    pub(crate) issuer: Issuer,
    pub(crate) clients: Clients,
    pub(crate) users: Vec<User>,
    pub(crate) require_pkce: bool,
    pub(crate) strict_client_assertions: bool,
    pub(crate) keys: KeyRing,
    pub(crate) tokens: Tokens,
    /// Introspection requests answered with a verdict.
    pub(crate) introspections: AtomicU64,
    clock: Clock,
    assertions: Mutex<BoundedMap<()>>,
}

impl AuthorizationServer {
    pub(crate) fn new(
        options: DevAuthOptions,
        issuer: Issuer,
        keys: KeyRing,
    ) -> Result<Self, DevAuthError> {
        Ok(Self {
            issuer,
            keys,
            tokens: Tokens::new(&options)?,
            clients: Clients::register(options.clients)?,
            users: options.users,
            require_pkce: options.require_pkce,
            strict_client_assertions: options.strict_client_assertions,
            introspections: AtomicU64::new(0),
            clock: options.clock,
            assertions: Mutex::new(BoundedMap::new(MAX_ASSERTIONS)),
        })
    }

    /// Unix seconds.
    pub(crate) fn now(&self) -> i64 {
        (self.clock)()
    }

    /// False if this assertion was seen before.
    pub(crate) fn remember_assertion(&self, key: Digest, expires_at: i64) -> bool {
        let now = self.now();
        let mut seen = self.assertions.lock().unwrap_or_else(PoisonError::into_inner);
        let first = seen.live(&key, now).is_none();
        if first {
            seen.insert(key, (), expires_at, now);
        }
        first
    }
}
