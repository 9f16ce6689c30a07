//! A console in memory, and a browser without script.

mod browser;
mod canned;
mod page;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use phantom_access::Control;
use phantom_access::Settings;
use phantom_access::caller::Caller;
use phantom_console::Options;
use phantom_control::rest;
use phantom_core::Clock;
use phantom_manage::apis;
use phantom_manage::lifecycle;
use phantom_manage::revisions;
use phantom_manage::seed;
use phantom_oauth::egress::Egress;
use phantom_oauth::egress::EgressConfig;
use phantom_store::Database;
use phantom_store::Role;
use phantom_store::SealingKey;
use phantom_store::Store;
use phantom_store::StoreSettings;
use phantom_terms::versioned::Expected;
use phantom_testkit::ManualClock;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub(crate) use browser::Browser;
pub(crate) use page::Page;

/// Users of every console made here; each password is the name and `-password`, `admin`'s is `admin`.
pub(crate) const USERS: [(&str, &str); 3] =
    [("carla", "Internal/creator"), ("paul", "Internal/publisher"), ("sue", "Internal/subscriber")];

pub(crate) struct Console {
    /// Ends what goes on.
    pub(crate) stop: CancellationToken,
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) control: Arc<Control>,
    pub(crate) router: Router,
    _directory: TempDir,
}

impl Console {
    /// With what a first start makes, and [`USERS`].
    pub(crate) async fn start() -> Self {
        Self::start_before("http://localhost:8280", true).await
    }

    /// With a gateway at that address, and private addresses for what users name or without.
    pub(crate) async fn start_before(gateway: &str, allow_private: bool) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let directory = tempfile::tempdir().unwrap();
        let settings = StoreSettings {
            database: Database::Sqlite { path: directory.path().join("phantom.db") },
            sealing: SealingKey::from_text(&"ab".repeat(32)).unwrap(),
        };
        let store = Store::open(&settings).await.unwrap();
        let clock = Arc::new(ManualClock::new());
        let now = clock.now().wall;
        seed::first_start(&store, seed::Admin::password("admin"), now).await.unwrap();
        for (name, role) in USERS {
            let password = format!("{name}-password").into();
            let user = seed::User { name, password, roles: &[Role::from_name(role).unwrap()] };
            seed::user(&store, user, now).await.unwrap();
        }
        let egress = Egress::build(&EgressConfig { allow_private, ..EgressConfig::default() });
        let settings = Settings {
            public_url: "https://localhost:9443".to_owned(),
            gateway_https_url: "https://localhost:8243".to_owned(),
            gateway_http_url: Some(gateway.to_owned()),
            published_keys: r#"{"keys":[]}"#.to_owned(),
            allow_local_endpoints: true,
        };
        let control = Control::new(store.clone(), egress.unwrap(), settings, clock.clone());
        let explainer = Arc::new(canned::Canned);
        let control = Arc::new(control.unwrap().with_explainer(explainer));
        let rest = rest::router(Arc::clone(&control));
        let stop = CancellationToken::new();
        let options = Options { design: true };
        let router = phantom_console::router(&control, rest, options, stop.clone());
        Self { stop, store, clock, control, router, _directory: directory }
    }

    /// A browser that is signed in.
    pub(crate) async fn browser(&self, user: &str) -> Browser<'_> {
        let mut browser = Browser::new(&self.router);
        browser.sign_in(user).await;
        browser
    }

    pub(crate) fn stranger(&self) -> Browser<'_> {
        Browser::new(&self.router)
    }

    /// Makes an API as `admin`, publishes and deploys it. Gives its id.
    pub(crate) async fn publish(&self, api: &serde_json::Value) -> String {
        let password = "admin".into();
        let admin = Caller::by_password(&self.control, "admin", &password, None).await.unwrap();
        let document = serde_json::from_value(api.clone()).unwrap();
        let made = apis::create(&self.control, &admin, document, None).await.unwrap();
        let id = made.row.id.to_string();
        let revision = revisions::create(&self.control, &admin, &id, String::new()).await.unwrap();
        let revision = revision.row.id.to_string();
        let place = revisions::Place {
            environment: revisions::ENVIRONMENT.to_owned(),
            vhost: revisions::gateway_host(&self.control),
            display_on_devportal: true,
        };
        revisions::deploy(&self.control, &admin, &id, &revision, &[place]).await.unwrap();
        let any = Expected::Any;
        lifecycle::change(&self.control, &admin, &id, "Publish", None, &any).await.unwrap();
        id
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, duration: Duration) {
        self.clock.advance(duration);
    }
}
