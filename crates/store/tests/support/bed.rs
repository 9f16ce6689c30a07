//! An empty database of either kind, and rows to put into it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use phantom_core::UnixTime;
use phantom_store::*;
use phantom_testkit::Pooler;
use phantom_testkit::Postgres;
use secrecy::SecretString;
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

pub(crate) struct Bed {
    pub(crate) store: Store,
    pub(crate) place: Place,
}

pub(crate) enum Place {
    Sqlite(TempDir),
    Postgres(Box<Postgres>),
    Pooled(Box<Pooler>),
}

/// What undoes each migration, the last one first.
const MIGRATIONS_BACK: [(u32, &str); 11] = [
    (7, "DROP INDEX subscription_listing"),
    (7, "ALTER TABLE subscriptions DROP COLUMN owner"),
    (7, "ALTER TABLE subscriptions DROP COLUMN application_key"),
    (7, "DROP INDEX api_change"),
    (7, "DROP INDEX application_listing"),
    (6, "DROP INDEX api_listing"),
    (5, "DROP TABLE api_words"),
    (4, "DROP TABLE gateway_reports"),
    (4, "DROP TABLE gateways"),
    (3, "DROP TABLE console_sessions"),
    (2, "DROP TABLE api_scopes"),
];

impl Bed {
    pub(crate) async fn sqlite() -> Self {
        Self::at(Place::Sqlite(tempfile::tempdir().unwrap())).await
    }

    pub(crate) async fn postgres() -> Self {
        let server = tokio::task::spawn_blocking(Postgres::start).await.unwrap();
        Self::at(Place::Postgres(Box::new(server))).await
    }

    pub(crate) async fn pooled() -> Self {
        let start = || Pooler::start(Postgres::start());
        let pooler = tokio::task::spawn_blocking(start).await.unwrap();
        Self::at(Place::Pooled(Box::new(pooler))).await
    }

    async fn at(place: Place) -> Self {
        Self { store: Store::open(&place.settings()).await.unwrap(), place }
    }

    /// As a version left it that had no more migrations than that.
    pub(crate) async fn goes_back_to(&self, last: u32) {
        for (migration, back) in MIGRATIONS_BACK {
            if migration > last {
                self.place.run(back).await;
            }
        }
        self.place.run(&format!("DELETE FROM migrations WHERE number > {last}")).await;
    }

    /// Another process would see it so.
    pub(crate) async fn another(&self) -> Store {
        Store::open(&self.place.settings()).await.unwrap()
    }

    pub(crate) async fn write(&self) -> Write {
        begin(&self.store).await
    }
}

pub(crate) async fn begin(store: &Store) -> Write {
    let actor = Actor { name: "admin".to_owned(), address: Some([192, 0, 2, 7].into()) };
    store.write(&actor, at(1000)).await.unwrap()
}

impl Place {
    pub(crate) fn settings(&self) -> StoreSettings {
        let database = match self {
            Self::Sqlite(directory) => Database::Sqlite { path: directory.path().join("store.db") },
            Self::Postgres(server) => Database::Postgres { url: server.url().into() },
            Self::Pooled(pooler) => Database::Postgres { url: pooler.url().into() },
        };
        StoreSettings { database, sealing: SealingKey::from_text(KEY).unwrap() }
    }

    /// Runs a statement that is no business of the store's.
    pub(crate) async fn run(&self, sql: &str) {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        let url = match self {
            Self::Sqlite(directory) => {
                let path = directory.path().join("store.db");
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
                sqlx::query(sql).execute(&pool).await.unwrap();
                return pool.close().await;
            }
            Self::Postgres(server) => server.url(),
            Self::Pooled(pooler) => pooler.server.url(),
        };
        let pool = sqlx::PgPool::connect(&url).await.unwrap();
        sqlx::query(sql).execute(&pool).await.unwrap();
        pool.close().await;
    }

    /// Whether any file of the database holds these bytes.
    pub(crate) fn holds(&self, text: &str) -> bool {
        let mut directories: Vec<PathBuf> = vec![match self {
            Self::Sqlite(directory) => directory.path().to_owned(),
            Self::Postgres(server) => server.directory().to_owned(),
            Self::Pooled(pooler) => pooler.server.directory().to_owned(),
        }];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
                match entry.file_type().unwrap() {
                    kind if kind.is_dir() => directories.push(entry.path()),
                    kind if kind.is_file() && contains(&entry.path(), text) => return true,
                    _ => {}
                }
            }
        }
        false
    }
}

fn contains(path: &Path, text: &str) -> bool {
    // A file of the running server may go between listing and reading.
    let bytes = fs::read(path).unwrap_or_default();
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

pub(crate) const fn at(seconds: u64) -> UnixTime {
    UnixTime::from_secs(seconds)
}

pub(crate) fn user(name: &str) -> UserRow {
    UserRow {
        name: name.to_owned(),
        password_hash: "$argon2id$hash-of-the-password".to_owned(),
        roles: vec![Role::Admin, Role::Creator],
        created_at: at(1),
    }
}

pub(crate) fn client(id: &str, name: &str, purpose: ClientPurpose) -> ClientRow {
    ClientRow {
        client_id: id.to_owned(),
        name: name.to_owned(),
        owner: "admin".to_owned(),
        secret: SecretString::from("the-client-secret"),
        grants: vec!["password".to_owned()],
        callback_url: None,
        token_type: "DEFAULT".to_owned(),
        purpose,
        document: json!({"saas": true}),
        created_at: at(2),
    }
}

pub(crate) fn token(digest: u8, client_id: &str, family: Uuid, expires_at: u64) -> TokenRow {
    TokenRow {
        digest: [digest; 32],
        kind: TokenKind::Refresh,
        family,
        client_id: client_id.to_owned(),
        username: Some("admin".to_owned()),
        scope: "apim:subscribe".to_owned(),
        issued_at: at(3),
        expires_at: at(expires_at),
    }
}

pub(crate) fn key_manager(name: &str) -> KeyManagerRow {
    KeyManagerRow {
        id: Uuid::now_v7(),
        name: name.to_owned(),
        kind: "CurityPhantomToken".to_owned(),
        enabled: true,
        document: json!({"issuer": "https://idsvr"}),
        secrets: BTreeMap::from([(
            "client_secret".to_owned(),
            SecretString::from("the-introspection-secret"),
        )]),
        version: 1,
        created_at: at(4),
        updated_at: at(4),
    }
}

pub(crate) fn plan(level: PlanLevel, name: &str) -> PlanRow {
    PlanRow {
        id: Uuid::now_v7(),
        level,
        name: name.to_owned(),
        document: json!({"per_minute": 10}),
        version: 1,
        created_at: at(5),
    }
}

pub(crate) fn deny_policy() -> DenyPolicyRow {
    DenyPolicyRow {
        id: Uuid::now_v7(),
        kind: ConditionType::Ip,
        enabled: false,
        document: json!({"fixedIp": "192.0.2.1"}),
        version: 1,
    }
}

pub(crate) fn scope(name: &str) -> ScopeRow {
    ScopeRow { id: Uuid::now_v7(), name: name.to_owned(), document: json!([]), version: 1 }
}

pub(crate) fn api(name: &str, version_name: &str, context: &str) -> ApiRow {
    ApiRow {
        id: Uuid::now_v7(),
        name: name.to_owned(),
        version_name: version_name.to_owned(),
        context: context.to_owned(),
        provider: "admin".to_owned(),
        state: LifecycleState::Created,
        document: json!({"endpoint": "http://httpbin"}),
        version: 1,
        created_at: at(6),
        updated_at: at(6),
    }
}

pub(crate) fn revision(api: Uuid, number: u64) -> RevisionRow {
    RevisionRow {
        id: Uuid::now_v7(),
        api,
        number,
        description: "frozen".to_owned(),
        document: json!({"revision": number}),
        created_at: at(7),
    }
}

pub(crate) fn deployment(revision: &RevisionRow) -> DeploymentRow {
    DeploymentRow {
        api: revision.api,
        revision: revision.id,
        environment: "Default".to_owned(),
        vhost: "localhost".to_owned(),
        display_on_devportal: true,
        deployed_at: at(8),
    }
}

pub(crate) fn application(owner: &str, name: &str) -> ApplicationRow {
    ApplicationRow {
        id: Uuid::now_v7(),
        name: name.to_owned(),
        owner: owner.to_owned(),
        plan: "10PerMin".to_owned(),
        document: json!({"description": "calls"}),
        version: 1,
        created_at: at(9),
        updated_at: at(9),
    }
}

pub(crate) fn key_mapping(
    application: Uuid,
    key_manager: Uuid,
    consumer_key: &str,
) -> KeyMappingRow {
    KeyMappingRow {
        id: Uuid::now_v7(),
        application,
        key_manager,
        key_type: MappedKeyType::Production,
        consumer_key: consumer_key.to_owned(),
        secret: Some(SecretString::from("the-consumer-secret")),
        mode: MappingMode::Mapped,
        document: json!({}),
        created_at: at(10),
    }
}

pub(crate) fn subscription(application: Uuid, api: Uuid) -> SubscriptionRow {
    SubscriptionRow {
        id: Uuid::now_v7(),
        application,
        api,
        plan: "Unlimited".to_owned(),
        requested_plan: "Unlimited".to_owned(),
        status: SubscriptionState::Unblocked,
        version: 1,
        created_at: at(11),
        updated_at: at(11),
    }
}
