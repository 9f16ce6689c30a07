//! A control plane in memory: its router, its store in a temporary directory, its users.

mod contract;
mod explainer;
mod request;

use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use axum::Router;
use phantom_access::Control;
use phantom_access::Settings;
use phantom_control::rest;
use phantom_manage::seed;
use phantom_oauth::egress::Egress;
use phantom_oauth::egress::EgressConfig;
use phantom_store::Database;
use phantom_store::Role;
use phantom_store::SealingKey;
use phantom_store::Store;
use phantom_store::StoreSettings;
use phantom_testkit::ManualClock;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) use contract::Contract;
pub(crate) use request::Answer;
pub(crate) use request::Call;

/// Users of every plane made here; each password is the name and `-password`, `admin`'s is `admin`.
pub(crate) const USERS: [(&str, &str); 6] = [
    ("carla", "Internal/creator"),
    ("dora", "Internal/devops"),
    ("ida", "Internal/integration_dev"),
    ("paul", "Internal/publisher"),
    ("sue", "Internal/subscriber"),
    ("sam", "Internal/subscriber"),
];

pub(crate) struct Plane {
    pub store: Store,
    pub clock: Arc<ManualClock>,
    router: Router,
    directory: TempDir,
}

impl Plane {
    /// With what a first start makes: `admin`, the default plans, the resident key manager.
    pub(crate) async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&settings(&directory)).await.unwrap();
        let clock = Arc::new(ManualClock::new());
        seed::first_start(
            &store,
            seed::Admin::password("admin"),
            phantom_core::Clock::now(&*clock).wall,
        )
        .await
        .unwrap();
        for (name, role) in USERS {
            let user = seed::User {
                name,
                password: format!("{name}-password").into(),
                roles: &[Role::from_name(role).unwrap()],
            };
            seed::user(&store, user, phantom_core::Clock::now(&*clock).wall).await.unwrap();
        }
        let router = router(&store, &clock);
        Self { store, clock, router, directory }
    }

    /// Another node on the same database; or this one, after a restart.
    pub(crate) async fn another_node(&self) -> Node<'_> {
        let store = Store::open(&settings(&self.directory)).await.unwrap();
        Node { router: router(&store, &self.clock), _plane: self }
    }

    pub(crate) fn get(&self, path: &str) -> Call<'_> {
        self.call("GET", path)
    }

    pub(crate) fn delete(&self, path: &str) -> Call<'_> {
        self.call("DELETE", path)
    }

    pub(crate) fn post(&self, path: &str, json: &Value) -> Call<'_> {
        self.call("POST", path).json(json)
    }

    pub(crate) fn put(&self, path: &str, json: &Value) -> Call<'_> {
        self.call("PUT", path).json(json)
    }

    /// A request without body and credential; see [`Call`] for both.
    pub(crate) fn call(&self, method: &str, path: &str) -> Call<'_> {
        Call::new(&self.router, method, path)
    }

    /// A token of that user with these scopes, as a script would get it.
    pub(crate) async fn token(&self, user: &str, password: &str, scope: &str) -> String {
        let registration = serde_json::json!({
            "clientName": format!("{user} tests"), "owner": user, "saasApp": true,
            "grantType": "password client_credentials refresh_token",
        });
        let client = self
            .post("/client-registration/v0.17/register", &registration)
            .basic(user, password)
            .send()
            .await
            .expect(200);
        let form = [
            ("grant_type", "password"),
            ("username", user),
            ("password", password),
            ("scope", scope),
        ];
        let answer = self
            .call("POST", "/oauth2/token")
            .basic(client["clientId"].as_str().unwrap(), client["clientSecret"].as_str().unwrap())
            .form(&form)
            .send()
            .await
            .expect(200);
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// All that is kept on disk.
    pub(crate) fn files(&self) -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(self.directory.path()).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, duration: Duration) {
        self.clock.advance(duration);
    }
}

/// Serves what a [`Plane`] does.
pub(crate) struct Node<'p> {
    router: Router,
    _plane: &'p Plane,
}

impl Node<'_> {
    pub(crate) fn call(&self, method: &str, path: &str) -> Call<'_> {
        Call::new(&self.router, method, path)
    }
}

fn settings(directory: &TempDir) -> StoreSettings {
    StoreSettings {
        database: Database::Sqlite { path: directory.path().join("phantom.db") },
        sealing: SealingKey::from_text(&"ab".repeat(32)).unwrap(),
    }
}

fn router(store: &Store, clock: &Arc<ManualClock>) -> Router {
    let _ = rustls_provider();
    let egress = Egress::build(&EgressConfig { allow_private: true, ..EgressConfig::default() });
    let control = Control::new(
        store.clone(),
        egress.unwrap(),
        Settings {
            public_url: "https://localhost:9443".to_owned(),
            gateway_https_url: "https://localhost:8243".to_owned(),
            gateway_http_url: Some("http://localhost:8280".to_owned()),
            published_keys: r#"{"keys":[]}"#.to_owned(),
            allow_local_endpoints: false,
        },
        clock.clone(),
    );
    let control = control.unwrap().with_explainer(Arc::new(explainer::Echo));
    rest::router(Arc::new(control))
}

fn rustls_provider() -> &'static () {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    })
}
