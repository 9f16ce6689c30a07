//! An authorization server that answers what a test tells it to, with a signing key of its own.

use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use phantom_core::UnixTime;
use phantom_testkit::FakeAs;
use phantom_testkit::Reply;
use phantom_testkit::Signer;
use phantom_testkit::jose::access_token_claims;
use serde_json::Value;

use crate::gateway::CLIENT;

pub const INTROSPECT: &str = "/introspect";
pub const JWKS: &str = "/jwks";

/// Plain http on loopback. Publishes its key; introspection has to be scripted.
#[derive(Debug)]
pub struct ScriptedAs {
    pub server: FakeAs,
    pub signer: Signer,
}

impl ScriptedAs {
    pub async fn start(kid: &str) -> Self {
        let (server, signer) = (FakeAs::start().await, Signer::es256(kid));
        server.answer(JWKS, Reply::with_type(200, "application/jwk-set+json", signer.jwks()));
        Self { server, signer }
    }

    #[must_use]
    pub fn issuer(&self) -> String {
        self.server.url("")
    }

    /// A key manager for it. Further lines may follow in the same table.
    #[must_use]
    pub fn key_manager(&self, name: &str, lines: &str) -> String {
        let (issuer, introspect, jwks) =
            (self.issuer(), self.server.url(INTROSPECT), self.server.url(JWKS));
        format!(
            "[[key_manager]]\nname = \"{name}\"\nissuer = \"{issuer}\"\n\
             introspection_endpoint = \"{introspect}\"\njwks_uri = \"{jwks}\"\n{CLIENT}{lines}\n"
        )
    }

    /// The claims of a good token, to be changed.
    #[must_use]
    pub fn claims(&self) -> Value {
        access_token_claims(&self.issuer(), now())
    }

    /// A good phantom token.
    #[must_use]
    pub fn phantom_token(&self) -> String {
        self.signer.sign(&self.claims())
    }

    /// Every token is active from now on. Returns the phantom token for all of them.
    pub fn vouch(&self) -> String {
        let jwt = self.phantom_token();
        self.server.answer(INTROSPECT, Reply::jwt(&jwt));
        jwt
    }

    /// Calls about tokens so far.
    #[must_use]
    pub fn introspections(&self) -> usize {
        self.server.count(INTROSPECT)
    }
}

/// A backend that answers every request for `/api`, and remembers what it got.
pub async fn backend() -> FakeAs {
    let backend = FakeAs::start().await;
    backend.answer("/api", Reply::with_type(200, "text/plain", "backend"));
    backend
}

/// A route from `/api` to the backend.
#[must_use]
pub fn route(backend: &FakeAs, lines: &str) -> String {
    format!("[[route]]\npath = \"/api\"\nupstream = \"{}\"\n{lines}\n", backend.url("/api"))
}

#[must_use]
pub fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_secs(since.as_secs())
}
