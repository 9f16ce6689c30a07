//! A key manager in front of a fake authorization server.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use phantom_core::BearerToken;
use phantom_core::Peer;
use phantom_testkit::FakeAs;
use phantom_testkit::ManualClock;
use phantom_testkit::Reply;
use phantom_testkit::Signer;
use phantom_testkit::jose::access_token_claims;
use serde_json::Value;

use crate::ClientAuth;
use crate::Introspect;
use crate::IntrospectError;
use crate::Introspection;
use crate::KeyManager;
use crate::KeyManagerConfig;
use crate::Keys;
use crate::Minter;
use crate::SecretSource;

pub(crate) const ISSUER: &str = "https://as.example.com/oauth";
pub(crate) const GATEWAY: &str = "https://gateway.example.com";
pub(crate) const PATH: &str = "/introspect";

pub(crate) struct Stage {
    pub(crate) server: FakeAs,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) signer: Signer,
    pub(crate) minter: Arc<Minter>,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(FakeAs::start().await)
    }

    pub(crate) fn with(server: FakeAs) -> Self {
        let signer = Signer::es256("k1");
        server.answer("/jwks", Reply::with_type(200, "application/json", signer.jwks()));
        let key = Minter::generate_key().unwrap();
        let minter = Arc::new(Minter::new(&key, GATEWAY).unwrap());
        Self { server, clock: Arc::new(ManualClock::new()), signer, minter }
    }

    pub(crate) fn config(&self) -> KeyManagerConfig {
        let secret = SecretSource::Literal("s3cret".into());
        let auth = ClientAuth::Basic { secret, raw: false };
        let mut config = KeyManagerConfig::new("test", "gateway", auth);
        config.issuer = Some(ISSUER.to_owned());
        config.introspection_endpoint = Some(self.server.url(PATH));
        config.keys = Some(Keys::Uri(self.server.url("/jwks")));
        config
    }

    pub(crate) fn build(&self, config: &KeyManagerConfig) -> KeyManager {
        KeyManager::build(config, self.clock.clone(), Some(self.minter.clone())).unwrap()
    }

    pub(crate) fn key_manager(&self, change: impl FnOnce(&mut KeyManagerConfig)) -> KeyManager {
        let mut config = self.config();
        change(&mut config);
        self.build(&config)
    }

    pub(crate) fn claims(&self) -> Value {
        access_token_claims(ISSUER, ManualClock::START)
    }

    pub(crate) fn token(&self) -> String {
        self.signer.sign(&self.claims())
    }

    pub(crate) fn answer(&self, reply: Reply) {
        self.server.answer(PATH, reply);
    }
}

pub(crate) async fn ask(key_manager: &KeyManager) -> Result<Introspection, IntrospectError> {
    ask_for(key_manager, "_0XBPWQQ_opaque").await
}

pub(crate) async fn ask_for(
    key_manager: &KeyManager,
    token: &str,
) -> Result<Introspection, IntrospectError> {
    ask_of(key_manager, token, 1).await
}

pub(crate) fn peer(last: u8) -> Peer {
    Peer::of(IpAddr::from([192, 0, 2, last]))
}

/// For the client at 192.0.2.`last`.
pub(crate) async fn ask_of(
    key_manager: &KeyManager,
    token: &str,
    last: u8,
) -> Result<Introspection, IntrospectError> {
    let token = BearerToken::parse(token.as_bytes()).unwrap();
    let asked = key_manager.introspect(token, peer(last));
    // A guard against hanging, far from any time a test depends on.
    tokio::time::timeout(Duration::from_secs(60), asked).await.expect("it ends")
}

pub(crate) fn is_active(asked: &Result<Introspection, IntrospectError>) -> bool {
    matches!(asked, Ok(Introspection::Active { .. }))
}

pub(crate) fn is_inactive(asked: &Result<Introspection, IntrospectError>) -> bool {
    matches!(asked, Ok(Introspection::Inactive))
}

pub(crate) fn is_misbehaved(asked: &Result<Introspection, IntrospectError>) -> bool {
    use IntrospectError::{Misbehaved, Refused};
    matches!(asked, Err(Misbehaved { .. } | Refused { .. }))
}

pub(crate) fn is_unavailable(asked: &Result<Introspection, IntrospectError>) -> bool {
    matches!(asked, Err(IntrospectError::Unavailable { .. }))
}
