//! A catalog to begin with, the gateway that has it, and requests against it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::Mutex;
use std::time::Duration;

use phantom_core::Audience;
use phantom_core::Statement;
use phantom_core::Trust;
use phantom_core::catalog::ApiState;
use phantom_core::catalog::Application;
use phantom_core::catalog::Catalog;
use phantom_core::catalog::Change;
use phantom_core::catalog::EntityId;
use phantom_core::catalog::KeyManagerChoice;
use phantom_core::catalog::KeyMapping;
use phantom_core::catalog::KeyType;
use phantom_core::catalog::Limit;
use phantom_core::catalog::ManagedApi;
use phantom_core::catalog::ManagedKeyManager;
use phantom_core::catalog::OpaqueTokens;
use phantom_core::catalog::Operation;
use phantom_core::catalog::OperationSecurity;
use phantom_core::catalog::Plan;
use phantom_core::catalog::Subscription;
use phantom_core::catalog::SubscriptionStatus;
use phantom_core::catalog::Transports;
use serde_json::Value;
use serde_json::json;

use super::ISSUER;
use super::KeyManager;
use super::Request;
use super::Says;
use super::World;
use super::protected;
use super::statement;
use crate::Answer;
use crate::Decision;
use crate::Forward;
use crate::KeyManagerHandle;
use crate::Publication;
use crate::Snapshot;
use crate::Target;
use crate::managed::Api;
use crate::managed::ManagedOperation;
use crate::managed::ManagedTerms;

/// Ids of what the first catalog holds.
pub(crate) const CURITY: EntityId = EntityId::new(1);
pub(crate) const HTTPBIN: EntityId = EntityId::new(2);
pub(crate) const APP: EntityId = EntityId::new(3);

/// The client of [`APP`]: consumer key, and audience of its tokens.
pub(crate) const CLIENT: &str = "api";

pub(crate) const BEARER: (&str, &str) = ("authorization", "Bearer t0ken");

type Bound = Arc<Mutex<HashMap<EntityId, Arc<KeyManager>>>>;

/// A gateway that follows a catalog. `t0ken` is good at [`CURITY`], of [`CLIENT`], with scope `read`.
pub(crate) struct Gateway {
    pub(crate) world: World,
    pub(crate) publication: Publication,
    pub(crate) snapshot: Snapshot,
    bound: Bound,
}

impl Gateway {
    pub(crate) fn new() -> Self {
        Self::of(catalog())
    }

    pub(crate) fn with_api(change: impl FnOnce(&mut ManagedApi)) -> Self {
        let mut api = api();
        change(&mut api);
        Self::of(Catalog { apis: vec![Arc::new(api)], ..catalog() })
    }

    #[expect(clippy::needless_pass_by_value, reason = "tests make catalogs in place")]
    pub(crate) fn of(catalog: Catalog) -> Self {
        Self::beside(Snapshot::default(), &catalog)
    }

    /// `file`: what is there without a catalog.
    pub(crate) fn beside(file: Snapshot, catalog: &Catalog) -> Self {
        let (world, bound) = (World::new(), Bound::default());
        let (clock, known) = (world.clock.clone(), bound.clone());
        let bind = move |managed: &ManagedKeyManager| {
            let key_manager = Arc::new(KeyManager::managed(managed, &clock));
            key_manager.says("t0ken", Says::Active(token("read")));
            let handle = key_manager.handle.clone();
            known.lock().unwrap().insert(managed.id, key_manager);
            Some(handle)
        };
        let mut publication = Publication::new(file, Box::new(bind));
        publication.replace(catalog);
        let snapshot = publication.snapshot();
        Self { world, publication, snapshot, bound }
    }

    pub(crate) fn apply(&mut self, change: &Change) {
        self.publication.apply(change);
        self.snapshot = self.publication.snapshot();
    }

    pub(crate) fn key_manager(&self, id: EntityId) -> Arc<KeyManager> {
        self.bound.lock().unwrap()[&id].clone()
    }

    pub(crate) fn curity(&self) -> Arc<KeyManager> {
        self.key_manager(CURITY)
    }

    pub(crate) async fn decide(&self, request: Request<'_>) -> Decision {
        self.world.decide(&self.snapshot, request).await
    }

    pub(crate) async fn get(&self, path: &str, fields: &[(&str, &str)]) -> Decision {
        self.decide(Request::get(path, fields)).await
    }

    pub(crate) async fn forwarded(&self, path: &str) -> Box<Forward> {
        self.get(path, &[BEARER]).await.forwarded()
    }

    pub(crate) async fn answered(&self, path: &str) -> Answer {
        self.get(path, &[BEARER]).await.answered()
    }

    /// 200 for what is forwarded.
    pub(crate) async fn status(&self, path: &str) -> u16 {
        self.world.status(&self.snapshot, Request::get(path, &[BEARER])).await
    }
}

impl KeyManager {
    /// As composed for a managed key manager.
    pub(crate) fn managed(
        managed: &ManagedKeyManager,
        clock: &Arc<phantom_testkit::ManualClock>,
    ) -> Self {
        let trust = Trust {
            issuer: managed.issuer.as_deref().map(Arc::from),
            audience: managed.expected_audience.clone(),
            clock_skew: managed.clock_skew,
        };
        let plain = Self::of_trust(&managed.name, trust, clock);
        let handle = Arc::new(KeyManagerHandle {
            name: plain.handle.name.clone(),
            trust: plain.handle.trust.clone(),
            opaque: plain.handle.opaque.clone().filter(|_| managed.opaque.is_some()),
            jwt: plain.handle.jwt.clone().filter(|_| managed.validates_jwt),
            managed: Some(ManagedTerms::new(managed)),
        });
        Self { handle, ..plain }
    }
}

impl Forward {
    /// `host:port/path` it goes to.
    pub(crate) fn destination(&self, path: &str, query: Option<&str>) -> String {
        let Target::Upstream(upstream) = &self.target else { panic!("{:?}", self.target) };
        let mut out = Vec::new();
        upstream.write_target(self.consumed, path, query, &mut out);
        format!("{}:{}{}", upstream.host, upstream.port, String::from_utf8(out).unwrap())
    }
}

impl Answer {
    pub(crate) fn document(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Status and code of a fault.
    pub(crate) fn code(&self) -> (u16, String) {
        (self.status, self.document()["code"].as_str().expect("`code` is a string").to_owned())
    }
}

/// What the server says of a good token: for [`CLIENT`], with these scopes.
pub(crate) fn token(scope: &str) -> Statement {
    Statement { audience: Audience::from_claim(&json!([CLIENT])).unwrap(), ..statement(scope) }
}

pub(crate) fn catalog() -> Catalog {
    Catalog {
        sequence: 1,
        key_managers: vec![Arc::new(key_manager(CURITY, "curity"))],
        apis: vec![Arc::new(api())],
        applications: vec![Arc::new(application())],
        ..Catalog::default()
    }
}

/// Of the type Curity, with the issuer of the tests' tokens.
pub(crate) fn key_manager(id: EntityId, name: &str) -> ManagedKeyManager {
    ManagedKeyManager {
        id,
        revision: 1,
        name: name.into(),
        issuer: Some(ISSUER.into()),
        keys: None,
        opaque: Some(OpaqueTokens {
            introspection_endpoint: "https://as.example/introspect".into(),
            client_id: "gateway".into(),
            client_secret: String::from("secret").into(),
            cache_max_entries: 100,
        }),
        validates_jwt: true,
        expected_audience: Some(CLIENT.into()),
        clock_skew: Duration::from_secs(60),
        consumer_key_claim: "aud".into(),
        scopes_claim: "scope".into(),
        claim_renames: Vec::new(),
        token_rules: Vec::new(),
    }
}

/// `/httpbin/v1`, with `GET /get` that needs `read` or `admin`, `GET` and `POST /*` that need nothing
/// more than a token, and `GET /open` that needs none.
pub(crate) fn api() -> ManagedApi {
    ManagedApi {
        id: HTTPBIN,
        name: "httpbin".into(),
        version: "v1".into(),
        path: "/httpbin/v1".into(),
        default_path: None,
        state: ApiState::Serving,
        transports: Transports { http: true, https: true },
        key_managers: KeyManagerChoice::All,
        operations: vec![
            Operation { scopes: vec!["read".into(), "admin".into()], ..operation("GET", "/get") },
            operation("GET", "/*"),
            operation("POST", "/*"),
            Operation { security: OperationSecurity::Open, ..operation("GET", "/open") },
        ],
        production_endpoint: Some("http://production.example/base".into()),
        sandbox_endpoint: Some("http://sandbox.example:8080".into()),
        authorization_header: "authorization".into(),
        strip_open_authorization: false,
        audiences: Vec::new(),
        plan: None,
        cors: None,
    }
}

/// As an operation of [`api`] is served.
pub(crate) fn managed_operation(verb: &str, template: &str) -> Arc<ManagedOperation> {
    static SERVED: LazyLock<Arc<Api>> =
        LazyLock::new(|| crate::managed::compile(&Arc::new(api()), &[], false).api);
    let (verb, template, plan) = (verb.into(), template.into(), "Unlimited".into());
    Arc::new(ManagedOperation { api: SERVED.clone(), verb, template, access: protected(""), plan })
}

pub(crate) fn operation(verb: &str, template: &str) -> Operation {
    Operation {
        verb: verb.into(),
        template: template.into(),
        security: OperationSecurity::Protected,
        scopes: Vec::new(),
        plan: "Unlimited".into(),
    }
}

/// With a production key of [`CLIENT`] and an active subscription to [`HTTPBIN`].
pub(crate) fn application() -> Application {
    Application {
        id: APP,
        name: "app".into(),
        owner: "alice".into(),
        plan: "AppPlan".into(),
        keys: vec![key(CURITY, CLIENT, KeyType::Production)],
        subscriptions: vec![subscription(SubscriptionStatus::Active)],
    }
}

pub(crate) fn key(key_manager: EntityId, consumer_key: &str, key_type: KeyType) -> KeyMapping {
    KeyMapping { key_manager, consumer_key: consumer_key.into(), key_type }
}

pub(crate) fn subscription(status: SubscriptionStatus) -> Subscription {
    Subscription { api: HTTPBIN, plan: "SubPlan".into(), status }
}

/// So many requests a minute.
pub(crate) fn plan(name: &str, requests: u64) -> Plan {
    let quota = Some(Limit { requests, window: Duration::from_secs(60) });
    Plan { name: name.into(), quota, burst: None, stops_on_quota: true }
}
