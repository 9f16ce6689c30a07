//! Changes of the control plane under load: a second after each answer every request is decided by
//! the new state, and requests that no change concerns never fail.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use phantom_devauth::DevAuth;
use phantom_devauth::DevAuthHandle;
use phantom_devauth::DevAuthOptions;
use phantom_devauth::SampleApi;
use phantom_e2e::gateway::directory;
use phantom_e2e::http;
use phantom_e2e::http::Answer;
use phantom_e2e::managed::ADMIN;
use phantom_e2e::managed::DEVPORTAL;
use phantom_e2e::managed::PUBLISHER;
use phantom_e2e::managed::Ports;
use phantom_e2e::managed::Stack;
use reqwest::Client;
use reqwest::Method;
use serde_json::Value;
use serde_json::json;

/// In force for certain from then on.
const IN_FORCE: Duration = Duration::from_secs(1);

/// A stack with an authorization server and two APIs, each with a key manager and an application of
/// its own. `/bin/v1` is changed, `/other/v1` is not.
struct Managed {
    stack: Stack,
    server: DevAuthHandle,
    upstream: String,
    key_manager: String,
    api: String,
    /// Its client is `client-one`; that of the other application is `test-client`.
    subject: Application,
    _directory: tempfile::TempDir,
}

struct Application {
    id: String,
    subscription: String,
    mapping: String,
}

impl Managed {
    async fn start() -> Self {
        http::install_crypto();
        let directory = directory();
        let server = DevAuth::bind(DevAuthOptions {
            bind: "127.0.0.1:0".parse().unwrap(),
            access_token_lifetime: Duration::from_secs(3600),
            ..DevAuthOptions::default()
        });
        let server = server.await.unwrap();
        let (handle, issuer) = (server.handle(), server.issuer().to_owned());
        tokio::spawn(server.serve(std::future::pending()));
        let backend = SampleApi::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let upstream = format!("http://{}", backend.local_addr());
        tokio::spawn(backend.serve(std::future::pending()));

        let stack = Stack::start(directory.path(), Ports::free(), "");
        stack.ready().await;
        let key_managers = format!("{ADMIN}/key-managers");
        let made = stack.post(&key_managers, &key_manager("login", &issuer, "client-one")).await;
        let key_manager_id = made["id"].as_str().unwrap().to_owned();
        stack.post(&key_managers, &key_manager("other", &issuer, "test-client")).await;
        let api_id = stack.api(&api("Bin", "login", &upstream, &[])).await;
        let other = stack.api(&api("Other", "other", &upstream, &[])).await;
        let subject = Self::application(&stack, &api_id, "login", "client-one").await;
        Self::application(&stack, &other, "other", "test-client").await;
        let (server, key_manager, api) = (handle, key_manager_id, api_id);
        Self { stack, server, upstream, key_manager, api, subject, _directory: directory }
    }

    /// With a key of that client at the key manager whose name it has.
    async fn application(stack: &Stack, api: &str, name: &str, client: &str) -> Application {
        let body = json!({"name": name, "throttlingPolicy": "Unlimited"});
        let made = stack.post(&format!("{DEVPORTAL}/applications"), &body).await;
        let id = made["applicationId"].as_str().unwrap().to_owned();
        let mapping = map(stack, &id, name, client).await;
        let body = json!({"applicationId": id, "apiId": api, "throttlingPolicy": "Unlimited"});
        let made = stack.post(&format!("{DEVPORTAL}/subscriptions"), &body).await;
        let subscription = made["subscriptionId"].as_str().unwrap().to_owned();
        Application { id, subscription, mapping }
    }

    fn token(&self, client: &str) -> String {
        self.server.issue_token(client, "read")
    }
}

async fn map(stack: &Stack, application: &str, key_manager: &str, client: &str) -> String {
    let body = json!({
        "consumerKey": client, "consumerSecret": "not-used",
        "keyManager": key_manager, "keyType": "PRODUCTION",
    });
    let path = format!("{DEVPORTAL}/applications/{application}/map-keys");
    stack.post(&path, &body).await["keyMappingId"].as_str().unwrap().to_owned()
}

fn key_manager(name: &str, issuer: &str, audience: &str) -> Value {
    let base = issuer.strip_suffix("/oauth/v2/oauth-anonymous").unwrap();
    json!({
        "name": name, "type": "CurityPhantomToken", "issuer": issuer,
        "introspectionEndpoint": format!("{base}/oauth/v2/oauth-introspect"),
        "certificates": {"type": "JWKS", "value": format!("{issuer}/jwks")},
        "enableSelfValidationJWT": true, "enabled": true,
        "additionalProperties": {
            "client_id": "api-gateway-client", "client_secret": "Password1",
            "expected_audience": audience,
        },
    })
}

fn api(name: &str, key_manager: &str, upstream: &str, scopes: &[&str]) -> Value {
    let declared: Vec<Value> = scopes
        .iter()
        .map(|name| json!({"scope": {"name": name, "bindings": []}, "shared": false}))
        .collect();
    json!({
        "name": name, "version": "v1", "context": format!("/{}", name.to_lowercase()),
        "keyManagers": [key_manager],
        "policies": ["Unlimited", "Bronze"], "scopes": declared,
        "endpointConfig": {"endpoint_type": "http", "production_endpoints": {"url": upstream}},
        "operations": [{
            "target": "/get", "verb": "GET", "authType": "Any",
            "throttlingPolicy": "Unlimited", "scopes": scopes,
        }],
    })
}

/// Callers of one token, and what they are to be answered now; 0 while a change is under way.
struct Callers {
    expected: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Callers {
    fn start(client: &Client, url: &str, token: &str, count: usize) -> Self {
        let expected = Arc::new(AtomicU64::new(200));
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let tasks = (0..count).map(|_| {
            let (client, url, token) = (client.clone(), url.to_owned(), token.to_owned());
            let (expected, stop, sent) = (expected.clone(), stop.clone(), sent.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let before = expected.load(Ordering::SeqCst);
                    let answer = Answer::of(client.get(&url).bearer_auth(&token)).await;
                    // What was expected all the while has to be what came.
                    let after = expected.load(Ordering::SeqCst);
                    if before != 0 && before == after {
                        assert_eq!(u64::from(answer.status), before, "{}", answer.body);
                    }
                    sent.fetch_add(1, Ordering::SeqCst);
                }
            })
        });
        let tasks = tasks.collect();
        Self { expected, stop, sent, tasks }
    }

    /// Makes a change; a second after its answer, callers are answered this.
    async fn change(&self, status: u64, change: impl Future<Output = ()>) {
        self.expected.store(0, Ordering::SeqCst);
        change.await;
        tokio::time::sleep(IN_FORCE).await;
        self.expected.store(status, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    async fn end(self) -> u64 {
        self.stop.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.unwrap();
        }
        self.sent.load(Ordering::SeqCst)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wso2_1_a_change_is_in_force_a_second_after_its_answer_and_fails_no_other_request() {
    let managed = Managed::start().await;
    let Managed { stack, api: api_id, subject, upstream, .. } = &managed;
    let url = stack.api_url("/bin/v1/get");
    let (token, others_token) = (managed.token("client-one"), managed.token("test-client"));
    let asked = || stack.http.get(&url).bearer_auth(&token);
    http::eventually("the subscription", asked, |answer| answer.status == 200).await;
    let callers = Callers::start(&stack.http, &url, &token, 4);
    // Whatever is changed, these are answered 200 all the time.
    let bystanders = Callers::start(&stack.http, &stack.api_url("/other/v1/get"), &others_token, 4);

    // The subscription.
    for (operation, state, status) in
        [("block-subscription", "&blockState=BLOCKED", 401), ("unblock-subscription", "", 200)]
    {
        let path = format!(
            "{PUBLISHER}/subscriptions/{operation}?subscriptionId={}{state}",
            subject.subscription
        );
        callers.change(status, async { drop(stack.post(&path, &Value::Null).await) }).await;
    }
    let path = format!("{DEVPORTAL}/subscriptions/{}", subject.subscription);
    let delete = async { drop(stack.rest(Method::DELETE, &path, &Value::Null).await) };
    callers.change(403, delete).await;
    let body =
        json!({"applicationId": subject.id, "apiId": api_id, "throttlingPolicy": "Unlimited"});
    let path = format!("{DEVPORTAL}/subscriptions");
    callers.change(200, async { drop(stack.post(&path, &body).await) }).await;

    // The key mapping.
    let path = format!("{DEVPORTAL}/applications/{}/oauth-keys/{}", subject.id, subject.mapping);
    let delete = async { drop(stack.rest(Method::DELETE, &path, &Value::Null).await) };
    callers.change(403, delete).await;
    let again = async { drop(map(stack, &subject.id, "login", "client-one").await) };
    callers.change(200, again).await;

    // The plan of the application: ten a minute, which its callers use up at once.
    let path = format!("{DEVPORTAL}/applications/{}", subject.id);
    let put = async |plan: &str| {
        let body = json!({"name": "login", "throttlingPolicy": plan});
        stack.rest(Method::PUT, &path, &body).await;
    };
    callers.change(429, put("10PerMin")).await;
    callers.change(200, put("Unlimited")).await;

    // The key manager.
    let path = format!("{ADMIN}/key-managers/{}", managed.key_manager);
    let enabled = stack.get(&path).await;
    let mut disabled = enabled.clone();
    disabled["enabled"] = json!(false);
    let put = async |body: &Value| drop(stack.rest(Method::PUT, &path, body).await);
    callers.change(401, put(&disabled)).await;
    callers.change(200, put(&enabled)).await;

    // A scope that the token does not have.
    let path = format!("{PUBLISHER}/apis/{api_id}");
    let deploy = async |scopes: &[&str]| {
        stack.rest(Method::PUT, &path, &api("Bin", "login", upstream, scopes)).await;
        stack.deploy(api_id).await;
    };
    callers.change(403, deploy(&["write"])).await;
    callers.change(200, deploy(&[])).await;

    let (sent, others) = (callers.end().await, bystanders.end().await);
    println!("{sent} requests of the subject, {others} of others");
    assert!(sent > 100 && others > 100, "{sent} and {others} requests");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wso2_6_3_the_working_copy_is_not_served_until_it_is_deployed() {
    let managed = Managed::start().await;
    let Managed { stack, api: api_id, upstream, .. } = &managed;
    let (url, token) = (stack.api_url("/bin/v1/get"), managed.token("client-one"));
    let asked = || stack.http.get(&url).bearer_auth(&token);
    http::eventually("the API", asked, |answer| answer.status == 200).await;
    let path = format!("{PUBLISHER}/apis/{api_id}");
    stack.rest(Method::PUT, &path, &api("Bin", "login", upstream, &["write"])).await;
    tokio::time::sleep(IN_FORCE).await;
    assert_eq!(Answer::of(asked()).await.status, 200);
    stack.deploy(api_id).await;
    http::eventually("the revision", asked, |answer| answer.status == 403).await;
}
