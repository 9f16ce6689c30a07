//! What an API's owner could reach through the gateway of its own machine, against a real one.

use phantom_e2e::gateway::directory;
use phantom_e2e::http;
use phantom_e2e::managed::PUBLISHER;
use phantom_e2e::managed::Ports;
use phantom_e2e::managed::Stack;
use reqwest::Method;
use serde_json::Value;
use serde_json::json;

/// Open to everybody, as its owner may make it.
fn open(name: &str, endpoint: &str) -> Value {
    json!({
        "name": name, "version": "v1", "context": format!("/{name}"), "policies": ["Unlimited"],
        "endpointConfig": {"endpoint_type": "http", "production_endpoints": {"url": endpoint}},
        "operations": [{"target": "/metrics", "verb": "GET", "authType": "None",
            "throttlingPolicy": "Unlimited", "scopes": []}],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_leads_nowhere_on_the_gateways_own_machine_unless_that_is_allowed() {
    http::install_crypto();
    let (directory, ports) = (directory(), Ports::free());
    // A name, which is looked up as it is called.
    let management = format!("http://localhost:{}", ports.management);
    let allowed = Stack::start(directory.path(), ports, "allow_local_endpoints = true");
    allowed.ready().await;
    allowed.api(&open("own", &management)).await;
    let metrics = allowed.api_url("/own/v1/metrics");
    let asked = || allowed.http.get(&metrics);
    let answer = http::eventually("served", asked, |answer| answer.status == 200).await;
    assert!(answer.body.contains("phantom_"), "{}", answer.body);
    drop(allowed);

    let mut stack = Stack::start(directory.path(), ports, "allow_local_endpoints = false");
    stack.ready().await;
    let asked = || stack.http.get(&metrics);
    let answer = http::eventually("refused", asked, |answer| answer.status == 502).await;
    assert!(!answer.body.contains("phantom_"), "{}", answer.body);
    stack.process.wait_for("connect_local");
    for (name, endpoint) in [
        ("named", management.as_str()),
        ("loopback", "http://127.0.0.1:9090"),
        ("cloud", "http://169.254.169.254"),
    ] {
        let (path, body) = (format!("{PUBLISHER}/apis"), open(name, endpoint));
        let made = stack.try_rest(Method::POST, &path, &body).await.unwrap();
        assert_eq!(made.status, 400, "{}", made.body);
        assert!(made.body.contains("allow_local_endpoints"), "{}", made.body);
    }
}
