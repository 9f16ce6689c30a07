//! The server as its owner sees it: bind, hand out handles, serve.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use phantom_serve::serve;
use tokio::net::TcpListener;

use crate::authorization_server::AuthorizationServer;
use crate::authorize::{authorize, sign_in};
use crate::banner::banner;
use crate::error::DevAuthError;
use crate::introspect::introspect;
use crate::issuer::{
    AUTHORIZATION_PATH, INTROSPECTION_PATH, Issuer, JWKS_PATH, REVOCATION_PATH, TOKEN_PATH,
};
use crate::keys::{KeyError, KeyRing};
use crate::metadata::{jwks, metadata};
use crate::options::DevAuthOptions;
use crate::revoke::revoke;
use crate::scope::Scope;
use crate::stats::stats;
use crate::token_endpoint::token;
use crate::tokens::Revocation;

const MAX_BODY: usize = 64 * 1024;
/// From the request's header to the answer, the reading of its body included.
const REQUEST_DEADLINE: Duration = Duration::from_secs(15);

/// A development authorization server that listens but does not serve yet.
pub struct DevAuth {
    listener: TcpListener,
    local_addr: SocketAddr,
    tls: Option<Arc<rustls::ServerConfig>>,
    server: Arc<AuthorizationServer>,
}

impl DevAuth {
    /// Makes the signing key and starts to listen.
    ///
    /// # Errors
    /// For an address other machines can reach (unless allowed), an address in use, an unusable
    /// issuer or client, or a failed key generation.
    pub async fn bind(options: DevAuthOptions) -> Result<Self, DevAuthError> {
        let address = options.bind;
        if !address.ip().is_loopback() && !options.allow_non_loopback {
            return Err(DevAuthError::NotLoopback { address });
        }
        let configured = options.issuer.as_deref().map(Issuer::parse).transpose()?;
        let listen_failed = |source| DevAuthError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen_failed)?;
        let local_addr = listener.local_addr().map_err(listen_failed)?;
        let tls = options.tls.clone();
        let issuer = configured.unwrap_or_else(|| Issuer::local(local_addr.port(), tls.is_some()));
        let algorithm = options.algorithm;
        // An RSA key takes long enough to hold up everything else on this thread.
        let keys = tokio::task::spawn_blocking(move || KeyRing::generate(algorithm))
            .await
            .map_err(|_| KeyError::Generate(algorithm))??;
        let server = Arc::new(AuthorizationServer::new(options, issuer, keys)?);
        Ok(Self { listener, local_addr, tls, server })
    }

    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    #[must_use]
    pub fn issuer(&self) -> &str {
        self.server.issuer.as_str()
    }

    #[must_use]
    pub fn handle(&self) -> DevAuthHandle {
        DevAuthHandle { server: Arc::clone(&self.server) }
    }

    /// A few lines for a terminal: a warning, who can sign in, and how to get a token.
    #[must_use]
    pub fn banner(&self) -> String {
        banner(self.issuer(), &self.server.issuer.token_endpoint())
    }

    /// Serves until `shutdown` is done, then finishes the requests under way.
    ///
    /// # Errors
    /// If the listener keeps failing.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        serve(self.listener, self.tls, router(self.server), usize::MAX, shutdown).await
    }
}

impl fmt::Debug for DevAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevAuth")
            .field("local_addr", &self.local_addr)
            .field("issuer", &self.issuer())
            .finish_non_exhaustive()
    }
}

/// Reaches into a running server. Cloning is cheap.
#[derive(Clone)]
pub struct DevAuthHandle {
    server: Arc<AuthorizationServer>,
}

impl DevAuthHandle {
    /// An opaque access token for the client itself, as by `client_credentials`. Neither the
    /// client nor the scope needs to be registered; a scope outside the grammar of RFC 6749 §3.3
    /// counts as empty.
    #[must_use]
    pub fn issue_token(&self, client_id: &str, scope: &str) -> String {
        let grant = self.server.tokens.grant_to_client(client_id, lenient(scope));
        self.server.tokens.issue(grant, self.server.now()).access_token
    }

    /// The same, as if `user` had signed in.
    #[must_use]
    pub fn issue_user_token(&self, client_id: &str, user: &str, scope: &str) -> String {
        let now = self.server.now();
        let grant = self.server.tokens.grant_by_user(client_id, user, lenient(scope), now);
        self.server.tokens.issue(grant, now).access_token
    }

    /// Ends an access token, or a refresh token with its whole grant. False if it was not live.
    pub fn revoke(&self, token: &str) -> bool {
        self.server.tokens.revoke(token, self.server.now(), |_| true) == Revocation::Revoked
    }

    /// Signs with a new key from now on and returns its `kid`. The old key stays published until
    /// the last JWT signed with it has expired, or, with `drop_old`, disappears at once together
    /// with all keys before it.
    ///
    /// # Errors
    /// If the crypto library fails.
    pub fn rotate_keys(&self, drop_old: bool) -> Result<String, KeyError> {
        let now = self.server.now();
        let last_expiry = now.saturating_add(self.server.tokens.access_lifetime);
        self.server.keys.rotate((!drop_old).then_some(last_expiry), now)
    }

    /// Introspection requests answered with a verdict, active or not.
    #[must_use]
    pub fn introspection_count(&self) -> u64 {
        self.server.introspections.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn issuer(&self) -> &str {
        self.server.issuer.as_str()
    }
}

impl fmt::Debug for DevAuthHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevAuthHandle").field("issuer", &self.issuer()).finish_non_exhaustive()
    }
}

fn lenient(scope: &str) -> Scope {
    Scope::parse(scope).unwrap_or_else(Scope::empty)
}

fn router(server: Arc<AuthorizationServer>) -> Router {
    Router::new()
        .route(TOKEN_PATH, post(token))
        .route(INTROSPECTION_PATH, post(introspect))
        .route(REVOCATION_PATH, post(revoke))
        .route(AUTHORIZATION_PATH, get(authorize).post(sign_in))
        .route(JWKS_PATH, get(jwks))
        .route(&server.issuer.openid_configuration_path(), get(metadata))
        .route(&server.issuer.authorization_server_metadata_path(), get(metadata))
        .route("/dev/stats", get(stats))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn(within_deadline))
        .with_state(server)
}

async fn within_deadline(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_DEADLINE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}

#[cfg(test)]
mod tests;
