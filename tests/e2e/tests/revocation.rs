//! Revocation at one node, seen from another: two gateways on one database.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use phantom_devauth::DevAuth;
use phantom_devauth::DevAuthOptions;
use phantom_devauth::SampleApi;
use phantom_e2e::gateway::directory;
use phantom_e2e::http;
use phantom_e2e::http::Answer;
use phantom_e2e::managed::ADMIN;
use phantom_e2e::managed::DEVPORTAL;
use phantom_e2e::managed::Ports;
use phantom_e2e::managed::Stack;
use phantom_e2e::managed::free_ports;
use phantom_e2e::process::Process;
use phantom_e2e::workspace;
use reqwest::RequestBuilder;
use serde_json::Value;
use serde_json::json;

const REVOCATIONS: &str = "/api/phantom/v1/revocations";

/// A second gateway beside the stack, with no control plane of its own.
fn second_gateway(stack: &Stack, directory: &Path, store: &Path, apis: u16) -> Process {
    let [management] = free_ports();
    let control = stack.control_url("");
    let text = format!(
        "[gateway]\nworkers = 1\naccess_log = \"off\"\n\
         [management]\nbind = \"127.0.0.1:{management}\"\n\
         [[listener]]\nbind = \"127.0.0.1:{apis}\"\nserve = \"apis\"\n\
         [control]\npublic_url = \"{control}\"\nallow_private = true\n\
         allow_local_endpoints = true\n\
         database = \"{store}/phantom.db\"\nsealing_key = {{ file = \"{store}/sealing.key\" }}\n\
         ca_file = \"{store}/localhost.pem\"\n",
        store = store.display(),
    );
    let file = directory.join("phantom.toml");
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(workspace::phantom());
    command.arg("gateway").arg("-c").arg(file).current_dir(directory).env("RUST_LOG", "info");
    let mut process = Process::start("second gateway", &mut command);
    process.wait_for("\"management\"");
    process
}

struct Nodes {
    stack: Stack,
    urls: [String; 2],
    _second: Process,
    _directories: [tempfile::TempDir; 2],
}

impl Nodes {
    fn start() -> Self {
        let directories = [directory(), directory()];
        let stack = Stack::start(directories[0].path(), Ports::free(), "");
        let [apis] = free_ports();
        let second = second_gateway(&stack, directories[1].path(), directories[0].path(), apis);
        let urls = [stack.api_url(""), format!("http://127.0.0.1:{apis}")];
        Self { stack, urls, _second: second, _directories: directories }
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

fn api(name: &str, key_manager: &str, upstream: &str) -> Value {
    json!({
        "name": name, "version": "v1", "context": format!("/{name}"),
        "keyManagers": [key_manager], "policies": ["Unlimited"],
        "endpointConfig": {"endpoint_type": "http", "production_endpoints": {"url": upstream}},
        "operations": [{"target": "/get", "verb": "GET", "authType": "Any",
            "throttlingPolicy": "Unlimited", "scopes": []}],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wso2_8_11_3_and_wso2_8_11_4_a_revocation_at_one_node_acts_at_all() {
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
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let revoked = form("/oauth2/revoke", "").body(format!("token={refresh}"));
    assert_eq!(Answer::of(revoked).await.status, 200);
    nodes.are_refused_within_a_second(path, token).await;
}
