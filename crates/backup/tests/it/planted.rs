//! A store with an entity of every kind and secrets to look for.

use phantom_core::UnixTime;
use phantom_store::Actor;
use phantom_store::ApiRow;
use phantom_store::ApplicationRow;
use phantom_store::ClientPurpose;
use phantom_store::ClientRow;
use phantom_store::ConditionType;
use phantom_store::Database;
use phantom_store::DenyPolicyRow;
use phantom_store::DeploymentRow;
use phantom_store::KeyManagerRow;
use phantom_store::KeyMappingRow;
use phantom_store::LifecycleState;
use phantom_store::MappedKeyType;
use phantom_store::MappingMode;
use phantom_store::PlanLevel;
use phantom_store::PlanRow;
use phantom_store::RevisionRow;
use phantom_store::RevocationKind;
use phantom_store::Role;
use phantom_store::ScopeRow;
use phantom_store::SealingKey;
use phantom_store::Store;
use phantom_store::StoreSettings;
use phantom_store::SubscriptionRow;
use phantom_store::SubscriptionState;
use phantom_store::UserRow;
use phantom_store::Write;
use secrecy::SecretString;
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const NOW: UnixTime = UnixTime::from_millis(1_792_112_345_678);
pub(crate) const LATER: UnixTime = UnixTime::from_millis(1_792_199_999_001);

/// What must be in no file, difference or message.
pub(crate) const SECRETS: [&str; 5] = [
    "planted-client-secret",
    "planted-dcr-secret",
    "planted-introspection-secret",
    "planted-consumer-secret",
    "$argon2id$planted-hash",
];

pub(crate) const API: Uuid = id(1);
pub(crate) const APPLICATION: Uuid = id(2);
pub(crate) const KEY_MANAGER: Uuid = id(3);
pub(crate) const REVISION: Uuid = id(4);
pub(crate) const KEY_MAPPING: Uuid = id(5);
pub(crate) const SUBSCRIPTION: Uuid = id(6);
pub(crate) const PLAN: Uuid = id(7);

pub(crate) const fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number)
}

/// Ends with its directory.
pub(crate) struct TestStore {
    pub store: Store,
    _directory: TempDir,
}

impl TestStore {
    pub(crate) async fn empty() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let settings = StoreSettings {
            database: Database::Sqlite { path: directory.path().join("phantom.db") },
            sealing: SealingKey::from_text(&"ab".repeat(32)).unwrap(),
        };
        Self { store: Store::open(&settings).await.unwrap(), _directory: directory }
    }

    pub(crate) async fn planted() -> Self {
        let store = Self::empty().await;
        let mut write = store.write().await;
        access(&mut write).await;
        policies(&mut write).await;
        apis(&mut write).await;
        applications(&mut write).await;
        write.commit().await.unwrap();
        store
    }

    pub(crate) async fn write(&self) -> Write {
        let actor = Actor { name: "test".to_owned(), address: None };
        self.store.write(&actor, NOW).await.unwrap()
    }
}

fn client(client_id: &str, name: &str, secret: &str, purpose: ClientPurpose) -> ClientRow {
    ClientRow {
        client_id: client_id.to_owned(),
        name: name.to_owned(),
        owner: "admin".to_owned(),
        secret: SecretString::from(secret),
        grants: vec!["client_credentials".to_owned()],
        callback_url: (purpose == ClientPurpose::Registered).then(|| "https://a/cb".to_owned()),
        token_type: "DEFAULT".to_owned(),
        purpose,
        document: json!({}),
        created_at: NOW,
    }
}

async fn access(write: &mut Write) {
    for name in ["sue", "admin"] {
        let row = UserRow {
            name: name.to_owned(),
            password_hash: SECRETS[4].to_owned(),
            roles: vec![Role::Admin, Role::Subscriber],
            created_at: NOW,
        };
        write.insert_user(&row).await.unwrap();
    }
    let made = client("key-1", "app keys", SECRETS[0], ClientPurpose::ApplicationKey);
    write.insert_client(&made).await.unwrap();
    let registered = client("dcr-1", "a script", SECRETS[1], ClientPurpose::Registered);
    write.insert_client(&registered).await.unwrap();
    let expiries = [LATER.plus(std::time::Duration::from_secs(9)), UnixTime::MAX];
    for (kind, expires) in
        [RevocationKind::ConsumerKey, RevocationKind::TokenId].into_iter().zip(expiries)
    {
        write.insert_revocation(kind, "revoked: yes", NOW, expires).await.unwrap();
    }
}

async fn policies(write: &mut Write) {
    let key_manager = KeyManagerRow {
        id: KEY_MANAGER,
        name: "Curity".to_owned(),
        kind: "curity".to_owned(),
        enabled: true,
        document: json!({"displayName": "Curity", "issuer": "https://login"}),
        secrets: [("client_secret".to_owned(), SecretString::from(SECRETS[2]))].into(),
        version: 1,
        created_at: NOW,
        updated_at: LATER,
    };
    write.insert_key_manager(&key_manager).await.unwrap();
    for (number, level, name) in
        [(7, PlanLevel::Application, "Gold"), (8, PlanLevel::Subscription, "Gold")]
    {
        let plan = PlanRow {
            id: id(number),
            level,
            name: name.to_owned(),
            document: json!({"policyName": name, "rate": 1.5, "count": u64::MAX, "on": "yes"}),
            version: 1,
            created_at: NOW,
        };
        write.insert_plan(&plan).await.unwrap();
    }
    let deny = DenyPolicyRow {
        id: id(9),
        kind: ConditionType::Ip,
        enabled: false,
        document: json!({"fixedIp": "10.0.0.1"}),
        version: 1,
    };
    write.insert_deny_policy(&deny).await.unwrap();
    let scope = ScopeRow {
        id: id(10),
        name: "read".to_owned(),
        document: json!({"bindings": ["admin"]}),
        version: 1,
    };
    write.insert_scope(&scope).await.unwrap();
}

async fn apis(write: &mut Write) {
    let document = json!({
        "description": "lines\nand\n\n  more: of them\n", "policies": ["Gold"], "empty": {}, "none": null,
    });
    let api = ApiRow {
        id: API,
        name: "HttpBin".to_owned(),
        version_name: "v1".to_owned(),
        context: "/httpbin".to_owned(),
        provider: "admin".to_owned(),
        state: LifecycleState::Published,
        document: document.clone(),
        version: 1,
        created_at: NOW,
        updated_at: LATER,
    };
    write.insert_api(&api).await.unwrap();
    let revision = RevisionRow {
        id: REVISION,
        api: API,
        number: 3,
        description: "1_000".to_owned(),
        document,
        created_at: NOW,
    };
    write.insert_revision(&revision).await.unwrap();
    let deployment = DeploymentRow {
        api: API,
        revision: REVISION,
        environment: "Default".to_owned(),
        vhost: "localhost".to_owned(),
        display_on_devportal: true,
        deployed_at: LATER,
    };
    write.deploy(&deployment).await.unwrap();
}

async fn applications(write: &mut Write) {
    let application = ApplicationRow {
        id: APPLICATION,
        name: "CurityApp".to_owned(),
        owner: "sue".to_owned(),
        plan: "Gold".to_owned(),
        document: json!({"attributes": {}}),
        version: 1,
        created_at: NOW,
        updated_at: LATER,
    };
    write.insert_application(&application).await.unwrap();
    let mapping = KeyMappingRow {
        id: KEY_MAPPING,
        application: APPLICATION,
        key_manager: KEY_MANAGER,
        key_type: MappedKeyType::Production,
        consumer_key: "test-client".to_owned(),
        secret: Some(SecretString::from(SECRETS[3])),
        mode: MappingMode::Mapped,
        document: json!({}),
        created_at: NOW,
    };
    write.insert_key_mapping(&mapping).await.unwrap();
    let subscription = SubscriptionRow {
        id: SUBSCRIPTION,
        application: APPLICATION,
        api: API,
        plan: "Gold".to_owned(),
        requested_plan: "Gold".to_owned(),
        status: SubscriptionState::Unblocked,
        version: 1,
        created_at: NOW,
        updated_at: LATER,
    };
    write.insert_subscription(&subscription).await.unwrap();
}
