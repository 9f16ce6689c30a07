//! What a development authorization server is started with.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::clients::Client;
use crate::keys::SigningAlgorithm;
use crate::users::User;

/// Gives the seconds since the Unix epoch. Tests hand in a clock they can move.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Options of [`DevAuth::bind`](crate::DevAuth::bind); the default is the tutorials' set-up.
#[derive(Clone)]
pub struct DevAuthOptions {
    /// Default `127.0.0.1:8443`. Port 0 takes a free one.
    pub bind: SocketAddr,
    /// Lets other machines reach a server whose passwords everybody knows. Default false.
    pub allow_non_loopback: bool,
    /// Default: `https://localhost:<bound port>/oauth/v2/oauth-anonymous`, `http` without `tls`.
    pub issuer: Option<String>,
    /// `None` serves plain HTTP. Without protocols of its own it offers h2 and HTTP/1.1 by ALPN.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    pub algorithm: SigningAlgorithm,
    /// Default 300 s.
    pub access_token_lifetime: Duration,
    /// Counted anew at each rotation. Default 24 h.
    pub refresh_token_lifetime: Duration,
    /// Default 60 s. RFC 6749 §4.1.2 recommends at most ten minutes.
    pub code_lifetime: Duration,
    /// Whether confidential clients need PKCE as well; public clients always do. Default true.
    pub require_pkce: bool,
    /// Client assertions as RFC 10070 wants them: `typ` is `client-authentication+jwt` and the
    /// issuer is the only audience. Off, the endpoint URL and other `typ` are taken as well.
    pub strict_client_assertions: bool,
    /// Default: see [`Client::defaults`].
    pub clients: Vec<Client>,
    /// Default: `demouser` and `alice`, both with the password `Password1`.
    pub users: Vec<User>,
    /// Access tokens kept, and refresh tokens kept; beyond it the oldest are forgotten.
    pub max_tokens: usize,
    /// Authorization codes kept; beyond it the oldest are forgotten.
    pub max_codes: usize,
    pub clock: Clock,
}

impl Default for DevAuthOptions {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 8443)),
            allow_non_loopback: false,
            issuer: None,
            tls: None,
            algorithm: SigningAlgorithm::Rs256,
            access_token_lifetime: Duration::from_secs(300),
            refresh_token_lifetime: Duration::from_secs(24 * 60 * 60),
            code_lifetime: Duration::from_secs(60),
            require_pkce: true,
            strict_client_assertions: false,
            clients: Client::defaults(),
            users: User::defaults(),
            max_tokens: 100_000,
            max_codes: 1_000,
            clock: system_clock(),
        }
    }
}

impl fmt::Debug for DevAuthOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevAuthOptions")
            .field("bind", &self.bind)
            .field("allow_non_loopback", &self.allow_non_loopback)
            .field("issuer", &self.issuer)
            .field("tls", &self.tls.is_some())
            .field("algorithm", &self.algorithm)
            .field("access_token_lifetime", &self.access_token_lifetime)
            .field("clients", &self.clients)
            .field("users", &self.users)
            .finish_non_exhaustive()
    }
}

/// The wall clock. A time before 1970 counts as 1970.
#[must_use]
pub fn system_clock() -> Clock {
    Arc::new(|| seconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()))
}

/// Whole seconds, capped where `i64` ends.
pub(crate) fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
