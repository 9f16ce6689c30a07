//! Fills a store: the measured API over the REST APIs, the crowd around it row by row.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::body::{Body, to_bytes};
use http::Request;
use phantom_access::Control;
use phantom_access::Settings;
use phantom_control::rest;
use phantom_core::{Clock, Now, Tick, UnixTime};
use phantom_manage::seed;
use phantom_oauth::egress::{Egress, EgressConfig};
use phantom_store::{
    Actor, ApiRow, ApplicationRow, Database, DeploymentRow, KeyMappingRow, MappedKeyType,
    MappingMode, RevisionRow, SealingKey, Store, StoreSettings, SubscriptionRow, SubscriptionState,
    Write,
};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::authorization_server::{ISSUER, JWKS_PATH, introspection_path};
use crate::jwt::{AUDIENCE, Signature};

/// Public knowledge, like everything else that is measured.
const SEALING_KEY: &str = "abababababababababababababababababababababababababababababababab";
const SUBSCRIPTIONS_EACH: usize = 3;
/// `admin:admin`.
const BASIC: &str = "Basic YWRtaW46YWRtaW4=";

/// What there is besides the one API and the one application that are measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) apis: usize,
    pub(crate) applications: usize,
}

pub(crate) struct Filled {
    pub(super) directory: PathBuf,
    subscription: Uuid,
    pub(super) api: Uuid,
    pub(super) application: Uuid,
}

impl Filled {
    /// Another status of the measured subscription, as the control plane would write it.
    pub(super) fn set_subscription(&self, status: SubscriptionState) -> Result<()> {
        runtime()?.block_on(async {
            let store = open(sqlite(&self.directory)).await?;
            let mut write = store.write(&actor(), now()).await?;
            let row = write.subscription(self.subscription).await?.context("no subscription")?;
            write.update_subscription(SubscriptionRow { status, ..row }).await?;
            write.commit().await?;
            store.close().await;
            Ok(())
        })
    }
}

pub(crate) fn fill(
    directory: &Path,
    database: Database,
    backend: u16,
    authorization_server: u16,
    size: Size,
) -> Result<Filled> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => fs::create_dir_all(directory)?,
    }
    fs::write(directory.join("sealing.key"), SEALING_KEY)?;
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    runtime()?.block_on(async {
        let store = open(database).await?;
        let made = seed::first_start(&store, seed::Admin::password("admin"), now()).await;
        ensure!(made.is_ok(), "the store cannot be prepared");
        let measured = measured(&store, backend, authorization_server).await?;
        crowd(&store, &measured, size).await?;
        store.close().await;
        let Measured { subscription, application, ref api, .. } = measured;
        Ok(Filled { directory: directory.to_owned(), subscription, api: api.id, application })
    })
}

/// The API, key manager and application under measurement, as users would make them.
struct Measured {
    api: ApiRow,
    key_manager: Uuid,
    subscription: Uuid,
    application: Uuid,
    plan: &'static str,
}

async fn measured(store: &Store, backend: u16, server: u16) -> Result<Measured> {
    let router = control(store)?;
    let post = async |path: &str, body: Value| post(&router, path, &body).await;
    let (admin, publisher, devportal) =
        ("/api/am/admin/v4", "/api/am/publisher/v4", "/api/am/devportal/v3");
    // Quotas that are counted and never used up.
    let limit = json!({"type": "REQUESTCOUNTLIMIT", "requestCount":
        {"timeUnit": "min", "unitTime": 1, "requestCount": 1_000_000_000}});
    for level in ["application", "subscription"] {
        let policy = json!({"policyName": "Measured", "defaultLimit": limit});
        post(&format!("{admin}/throttling/policies/{level}"), policy).await?;
    }
    let key_manager = json!({
        "name": "bench", "type": "CurityPhantomToken", "issuer": ISSUER, "enabled": true,
        "introspectionEndpoint": format!(
            "http://127.0.0.1:{server}{}",
            introspection_path(Signature::Es256)
        ),
        "certificates": {"type": "JWKS", "value": format!("http://127.0.0.1:{server}{JWKS_PATH}")},
        "enableSelfValidationJWT": true,
        "additionalProperties": {
            "client_id": "bench", "client_secret": "any", "expected_audience": AUDIENCE,
        },
    });
    let key_manager = uuid(&post(&format!("{admin}/key-managers"), key_manager).await?, "id")?;
    let api = json!({
        "name": "Managed", "version": "v1", "context": "/managed", "policies": ["Measured"],
        "keyManagers": ["bench"],
        "endpointConfig": {"endpoint_type": "http", "production_endpoints":
            {"url": format!("http://127.0.0.1:{backend}/managed/v1")}},
        "scopes": [{"scope": {"name": "read", "bindings": []}, "shared": false}],
        "corsConfiguration": {"corsConfigurationEnabled": false},
        "operations": [{"target": "/items/{id}", "verb": "GET", "authType": "Any",
            "throttlingPolicy": "Unlimited", "scopes": ["read"]}],
    });
    let api = uuid(&post(&format!("{publisher}/apis"), api).await?, "id")?;
    let publish = format!("{publisher}/apis/change-lifecycle?action=Publish&apiId={api}");
    post(&publish, Value::Null).await?;
    let revisions = format!("{publisher}/apis/{api}/revisions");
    let revision = uuid(&post(&revisions, json!({"description": ""})).await?, "id")?;
    let deploy = format!("{publisher}/apis/{api}/deploy-revision?revisionId={revision}");
    post(&deploy, json!([{"name": "Default", "vhost": "localhost"}])).await?;
    let application = json!({"name": "measured", "throttlingPolicy": "Measured"});
    let made = post(&format!("{devportal}/applications"), application).await?;
    let application = uuid(&made, "applicationId")?;
    let mapping = json!({"consumerKey": AUDIENCE, "keyManager": "bench", "keyType": "PRODUCTION"});
    post(&format!("{devportal}/applications/{application}/map-keys"), mapping).await?;
    let body = json!({"applicationId": application, "apiId": api, "throttlingPolicy": "Measured"});
    let made = post(&format!("{devportal}/subscriptions"), body).await?;
    let subscription = uuid(&made, "subscriptionId")?;
    let api = store.api(api).await?.context("the API is not stored")?;
    Ok(Measured { api, key_manager, subscription, application, plan: "Measured" })
}

/// APIs like the measured one, and applications with a key and three subscriptions each.
async fn crowd(store: &Store, measured: &Measured, size: Size) -> Result<()> {
    let mut write = store.write(&actor(), now()).await?;
    let mut apis = vec![measured.api.id];
    for at in 0..size.apis {
        apis.push(api(&mut write, &measured.api, at).await?);
    }
    for at in 0..size.applications {
        application(&mut write, measured, &apis, at).await?;
    }
    Ok(write.commit().await?)
}

async fn api(write: &mut Write, like: &ApiRow, at: usize) -> Result<Uuid> {
    let (id, revision) = (Uuid::now_v7(), Uuid::now_v7());
    let (name, context) = (format!("Crowd{at}"), format!("/crowd/{at}"));
    let mut document = like.document.clone();
    if let Some(members) = document.as_object_mut() {
        for (member, value) in [("name", &name), ("context", &context)] {
            if members.contains_key(member) {
                members.insert(member.to_owned(), value.as_str().into());
            }
        }
    }
    let row = ApiRow { id, name, context, document: document.clone(), ..like.clone() };
    write.insert_api(&row).await?;
    let (number, description, created_at) = (1, String::new(), now());
    let row = RevisionRow { id: revision, api: id, number, description, document, created_at };
    write.insert_revision(&row).await?;
    let deployment = DeploymentRow {
        api: id,
        revision,
        environment: "Default".to_owned(),
        vhost: "localhost".to_owned(),
        display_on_devportal: true,
        deployed_at: created_at,
    };
    write.deploy(&deployment).await?;
    Ok(id)
}

async fn application(
    write: &mut Write,
    measured: &Measured,
    apis: &[Uuid],
    at: usize,
) -> Result<()> {
    let (id, time, plan) = (Uuid::now_v7(), now(), measured.plan.to_owned());
    let row = ApplicationRow {
        id,
        name: format!("crowd {at}"),
        owner: "admin".to_owned(),
        plan: plan.clone(),
        document: json!({}),
        version: 1,
        created_at: time,
        updated_at: time,
    };
    write.insert_application(&row).await?;
    let key = KeyMappingRow {
        id: Uuid::now_v7(),
        application: id,
        key_manager: measured.key_manager,
        key_type: MappedKeyType::Production,
        consumer_key: format!("client-{at}"),
        secret: None,
        mode: MappingMode::Mapped,
        document: json!({}),
        created_at: time,
    };
    write.insert_key_mapping(&key).await?;
    for which in 0..SUBSCRIPTIONS_EACH {
        let api = apis.get((at + which * 331) % apis.len()).copied().unwrap_or_default();
        let row = SubscriptionRow {
            id: Uuid::now_v7(),
            application: id,
            api,
            plan: plan.clone(),
            requested_plan: plan.clone(),
            status: SubscriptionState::Unblocked,
            version: 1,
            created_at: time,
            updated_at: time,
        };
        write.insert_subscription(&row).await?;
    }
    Ok(())
}

fn control(store: &Store) -> Result<Router> {
    Ok(rest::router(plane(store)?))
}

/// The pages over the store.
pub(super) fn console(store: &Store) -> Result<Router> {
    let options = phantom_console::Options { design: true };
    let stop = tokio_util::sync::CancellationToken::new();
    Ok(phantom_console::router(&plane(store)?, Router::new(), options, stop))
}

fn plane(store: &Store) -> Result<Arc<Control>> {
    let settings = Settings {
        allow_local_endpoints: true,
        public_url: "https://localhost:9443".to_owned(),
        gateway_https_url: "https://localhost:8243".to_owned(),
        gateway_http_url: None,
        published_keys: "{}".to_owned(),
    };
    // As the gateways that read the store: backend and authorization server are on this machine.
    let egress = Egress::build(&EgressConfig { allow_private: true, ..EgressConfig::default() })?;
    let control = Control::new(store.clone(), egress, settings, Arc::new(SystemClock::new()));
    Ok(Arc::new(control.ok().context("no control plane")?))
}

async fn post(router: &Router, path: &str, body: &Value) -> Result<Value> {
    let request = Request::post(path).header("authorization", BASIC);
    let request = match body {
        Value::Null => request.body(Body::empty())?,
        body => request.header("content-type", "application/json").body(body.to_string().into())?,
    };
    let answer = router.clone().oneshot(request).await?;
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 1 << 20).await?;
    ensure!(status.is_success(), "{path}: {status} {}", String::from_utf8_lossy(&body));
    Ok(serde_json::from_slice(&body)?)
}

fn uuid(entity: &Value, member: &str) -> Result<Uuid> {
    let text = entity.get(member).and_then(Value::as_str).context("an id is missing")?;
    Ok(Uuid::try_parse(text)?)
}

/// Where a file in the directory is the database.
pub(crate) fn sqlite(directory: &Path) -> Database {
    Database::Sqlite { path: directory.join("store.db") }
}

pub(super) async fn open(database: Database) -> Result<Store> {
    let settings = StoreSettings { database, sealing: SealingKey::from_text(SEALING_KEY)? };
    Ok(Store::open(&settings).await?)
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

fn actor() -> Actor {
    Actor { name: "bench".to_owned(), address: None }
}

fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_millis(since.as_millis() as u64)
}

#[derive(Debug)]
struct SystemClock(Instant);

impl SystemClock {
    fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        Now { wall: now(), tick: Tick::from_millis(self.0.elapsed().as_millis() as u64) }
    }
}
