//! Revocation at one node, seen from another: two gateways on one database.

use std::time::Duration;

use phantom_devauth::DevAuth;
use phantom_devauth::DevAuthOptions;
use phantom_devauth::SampleApi;
use phantom_e2e::gateway::directory;
use phantom_e2e::http;
use phantom_e2e::http::Answer;
use phantom_e2e::managed::ADMIN;
use phantom_e2e::managed::Bed;
use phantom_e2e::managed::DEVPORTAL;
use phantom_e2e::managed::Ports;
use phantom_e2e::managed::SecondGateway;
use phantom_e2e::managed::Stack;
use reqwest::RequestBuilder;
use serde_json::Value;
use serde_json::json;

const REVOCATIONS: &str = "/api/phantom/v1/revocations";

struct Nodes {
    stack: Stack,
    urls: [String; 2],
    _second: SecondGateway,
    _directory: tempfile::TempDir,
}

impl Nodes {
    fn start() -> Self {
        let directory = directory();
        let stack = Stack::start(directory.path(), Ports::free(), "");
        let second = SecondGateway::start(&stack, directory.path());
        let urls = [stack.api_url(""), second.api_url("")];
        Self { stack, urls, _second: second, _directory: directory }
    }

    fn call(&self, node: usize, path: &str, token: &str) -> RequestBuilder {
        self.stack.http.get(format!("{}{path}", self.urls[node])).bearer_auth(token)
    }

    async fn becomes(&self, path: &str, token: &str, status: u16) {
        for node in 0..2 {
            let call = || self.call(node, path, token);
            http::eventually("the status", call, |answer| answer.status == status).await;
        }
    }

    /// Both have the token cached.
    async fn serve(&self, path: &str, token: &str) {
        self.becomes(path, token, 200).await;
        for node in 0..2 {
            assert_eq!(Answer::of(self.call(node, path, token)).await.status, 200);
        }
    }

    async fn are_refused_within_a_second(&self, path: &str, token: &str) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        for node in 0..2 {
            let answer = Answer::of(self.call(node, path, token)).await;
            assert_eq!(answer.status, 401, "node {node}: {}", answer.body);
        }
    }

    /// An application of that name with a subscription.
    async fn application(&self, name: &str, api: &str) -> String {
        let body = json!({"name": name, "throttlingPolicy": "Unlimited"});
        let made = self.stack.post(&format!("{DEVPORTAL}/applications"), &body).await;
        let id = made["applicationId"].as_str().unwrap().to_owned();
        let body = json!({"applicationId": id, "apiId": api, "throttlingPolicy": "Unlimited"});
        self.stack.post(&format!("{DEVPORTAL}/subscriptions"), &body).await;
        id
    }
}

/// What has to be waited for elsewhere is there at the node that was asked: no request in between passes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_control_plane_answers_is_in_force_at_its_own_gateway() {
    let bed = Bed::launch(|directory, free| Stack::start(directory, free, "")).await;
    bed.key_manager("login", "client-one").await;
    let id = bed.stack.api(&phantom_e2e::managed::api("Bin", "login", &bed.upstream, &[])).await;
    bed.application(&id, "login", "client-one", "Unlimited").await;
    let url = bed.stack.api_url("/bin/v1/get");
    for _ in 0..20 {
        let token = bed.token("client-one");
        let call = || bed.stack.http.get(&url).bearer_auth(&token);
        let answer = Answer::of(call()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        bed.stack.post(REVOCATIONS, &json!({"token": token})).await;
        assert_eq!(Answer::of(call()).await.status, 401);
    }
    for name in ["One", "Two", "Three"] {
        let body = phantom_e2e::managed::api(name, "login", &bed.upstream, &[]);
        bed.stack.api(&body).await;
        let url = bed.stack.api_url(&format!("/{}/v1/get", name.to_lowercase()));
        assert_eq!(Answer::of(bed.stack.http.get(&url)).await.status, 401, "{name}");
    }
}

/// Its server vouches for it to the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opaque_token_that_was_revoked_here_is_refused_at_every_gateway_until_then_over_restarts()
 {
    let mut ports = None;
    let mut bed = Bed::launch(|directory, free| {
        ports = Some(free);
        Stack::start(directory, free, "")
    })
    .await;
    let ports = ports.unwrap();
    let mut second = SecondGateway::start(&bed.stack, bed.directory());
    bed.key_manager("login", "client-one").await;
    let id = bed.stack.api(&phantom_e2e::managed::api("Bin", "login", &bed.upstream, &[])).await;
    bed.application(&id, "login", "client-one", "Unlimited").await;
    let path = "/bin/v1/get";
    let (revoked, shortly, good) =
        (bed.token("client-one"), bed.token("client-one"), bed.token("client-one"));
    async fn are(bed: &Bed, second: &SecondGateway, path: &str, token: &str, status: u16) {
        for url in [bed.stack.api_url(path), second.api_url(path)] {
            let call = || bed.stack.http.get(&url).bearer_auth(token);
            http::eventually("the status", call, |answer| answer.status == status).await;
        }
    }
    for token in [&revoked, &shortly, &good] {
        are(&bed, &second, path, token, 200).await;
    }
    let order = json!({"token": shortly, "lifetime": 15});
    let begun = std::time::Instant::now();
    let answer = bed.stack.post(REVOCATIONS, &order).await;
    let times = ["revokedAt", "keptUntil"].map(|member| answer[member].as_u64().unwrap());
    assert_eq!(times[1] - times[0], 15_000);
    bed.stack.post(REVOCATIONS, &json!({"token": revoked})).await;
    are(&bed, &second, path, &revoked, 401).await;
    are(&bed, &second, path, &shortly, 401).await;

    // Nothing is cached any more, and the server says that both are active.
    assert_eq!(bed.stack.process.stop(), Some(0), "{}", bed.stack.process.output());
    bed.stack = Stack::start(bed.directory(), ports, "");
    bed.stack.ready().await;
    second.restart();
    are(&bed, &second, path, &good, 200).await;
    for url in [bed.stack.api_url(path), second.api_url(path)] {
        let answer = Answer::of(bed.stack.http.get(&url).bearer_auth(&revoked)).await;
        assert_eq!(answer.status, 401, "{url}: {}", answer.body);
    }
    tokio::time::sleep(Duration::from_secs(16).saturating_sub(begun.elapsed())).await;
    are(&bed, &second, path, &shortly, 200).await;
    are(&bed, &second, path, &revoked, 401).await;
}

fn api(name: &str, key_manager: &str, upstream: &str) -> Value {
    json!({
        "name": name, "version": "v1", "context": format!("/{name}"),
        "keyManagers": [key_manager], "policies": ["Unlimited"],
        "endpointConfig": {"endpoint_type": "http", "production_endpoints": {"url": upstream}},
        "operations": [{"target": "/get", "verb": "GET", "authType": "Any",
            "throttlingPolicy": "Unlimited", "scopes": []}],
    })
}

/// Rows: WSO2-8.11.3, WSO2-8.11.4
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_at_one_node_acts_at_all() {
    http::install_crypto();
    let server = DevAuth::bind(DevAuthOptions {
        bind: "127.0.0.1:0".parse().unwrap(),
        access_token_lifetime: Duration::from_secs(3600),
        ..DevAuthOptions::default()
    });
    let server = server.await.unwrap();
    let (server_handle, issuer) = (server.handle(), server.issuer().to_owned());
    tokio::spawn(server.serve(std::future::pending()));
    let backend = SampleApi::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let upstream = format!("http://{}", backend.local_addr());
    tokio::spawn(backend.serve(std::future::pending()));

    let nodes = Nodes::start();
    let stack = &nodes.stack;
    stack.ready().await;
    let base = issuer.strip_suffix("/oauth/v2/oauth-anonymous").unwrap();
    let key_manager = json!({
        "name": "login", "type": "CurityPhantomToken", "issuer": issuer, "enabled": true,
        "introspectionEndpoint": format!("{base}/oauth/v2/oauth-introspect"),
        "certificates": {"type": "JWKS", "value": format!("{issuer}/jwks")},
        "additionalProperties": {
            "client_id": "api-gateway-client", "client_secret": "Password1",
            "expected_audience": "client-one",
        },
    });
    stack.post(&format!("{ADMIN}/key-managers"), &key_manager).await;
    let theirs = stack.api(&api("theirs", "login", &upstream)).await;
    let ours = stack.api(&api("ours", "Resident Key Manager", &upstream)).await;
    let application = nodes.application("theirs", &theirs).await;
    let mapping = json!({"consumerKey": "client-one", "consumerSecret": "not-used",
        "keyManager": "login", "keyType": "PRODUCTION"});
    let path = format!("{DEVPORTAL}/applications/{application}/map-keys");
    stack.post(&path, &mapping).await;

    // A token of another server, which ended it and says so.
    let path = "/theirs/v1/get";
    let (token, other) = (
        server_handle.issue_token("client-one", "read"),
        server_handle.issue_token("client-one", "read"),
    );
    nodes.serve(path, &token).await;
    nodes.serve(path, &other).await;
    server_handle.revoke(&token);
    stack.post(REVOCATIONS, &json!({"token": token})).await;
    nodes.are_refused_within_a_second(path, &token).await;
    nodes.becomes(path, &other, 200).await;

    // All tokens of a client, though their server vouches for them.
    stack.post(REVOCATIONS, &json!({"consumerKey": "client-one"})).await;
    nodes.are_refused_within_a_second(path, &other).await;

    // A token of our own, by its refresh token.
    let path = "/ours/v1/get";
    let application = nodes.application("ours", &ours).await;
    let keys = json!({"keyType": "PRODUCTION",
        "grantTypesToBeSupported": ["password", "refresh_token"]});
    let made = format!("{DEVPORTAL}/applications/{application}/generate-keys");
    let made = stack.post(&made, &keys).await;
    let (id, secret) =
        (made["consumerKey"].as_str().unwrap(), made["consumerSecret"].as_str().unwrap());
    let form = |endpoint: &str, form: &'static str| {
        let request = stack.http.post(stack.control_url(endpoint)).basic_auth(id, Some(secret));
        request.header("content-type", "application/x-www-form-urlencoded").body(form)
    };
    let password = "grant_type=password&username=admin&password=admin";
    let tokens = Answer::of(form("/oauth2/token", password)).await.json();
    let token = tokens["access_token"].as_str().unwrap();
    nodes.serve(path, token).await;
    // Backends verify what either node made of it with the one key set.
    let keys = Answer::of(stack.http.get(stack.control_url("/oauth2/jwks"))).await.json();
    for node in 0..2 {
        let echo = Answer::of(nodes.call(node, path, token)).await.json();
        let jwt = echo["headers"]["Authorization"].as_str().unwrap().to_owned();
        let header = jwt.strip_prefix("Bearer ").unwrap().split('.').next().unwrap();
        let header: Value =
            serde_json::from_slice(&phantom_core::jwt::decode(header).unwrap()).unwrap();
        assert_eq!(header["kid"], keys["keys"][0]["kid"], "node {node}");
    }
    // Once it is cached nobody is asked about it.
    let metrics = Answer::of(stack.http.get(stack.management_url("/metrics"))).await.body;
    let asked =
        "phantom_introspections_total{key_manager=\"Resident Key Manager\",outcome=\"active\"} 1\n";
    assert!(metrics.contains(asked), "{metrics}");
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let revoked = form("/oauth2/revoke", "").body(format!("token={refresh}"));
    assert_eq!(Answer::of(revoked).await.status, 200);
    nodes.are_refused_within_a_second(path, token).await;

    // With its client.
    let tokens = Answer::of(form("/oauth2/token", password)).await.json();
    let token = tokens["access_token"].as_str().unwrap();
    nodes.serve(path, token).await;
    let mapping = made["keyMappingId"].as_str().unwrap();
    stack.delete(&format!("{DEVPORTAL}/applications/{application}/oauth-keys/{mapping}")).await;
    nodes.are_refused_within_a_second(path, token).await;
}
