//! What a scrape tells of requests.

use phantom_core::Access;

use crate::harness::*;

#[test]
fn latency_refusals_and_failures_of_backends_are_told_by_route() {
    let backend = Backend::ok();
    let down = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let api = route("api", "/api", target(backend.address, "/api"), protected());
    let dead = route("dead", "/dead", target(down, ""), Access::Public);
    let mut gateway = Setup::with_routes(vec![api, dead]).start();
    let get = |path: &str, fields: &str| format!("GET {path} HTTP/1.1\r\nHost: h\r\n{fields}\r\n");
    gateway.send(get("/api", &format!("Authorization: Bearer {TOKEN}\r\n")));
    gateway.send(get("/api", ""));
    for _ in 0..2 {
        gateway.send(get("/dead", ""));
    }
    gateway.send(get("/nowhere", ""));
    gateway.stop();
    let metrics = gateway.metrics();
    for line in [
        "phantom_request_seconds_count{api=\"api\"} 2\n",
        "phantom_request_seconds_count{api=\"dead\"} 2\n",
        "phantom_request_seconds_count{api=\"none\"} 1\n",
        "phantom_upstream_seconds_count{api=\"api\"} 1\n",
        "phantom_decision_total{api=\"api\",reason=\"permit\"} 1\n",
        "phantom_decision_total{api=\"api\",reason=\"credential_missing\"} 1\n",
        "phantom_decision_total{api=\"none\",reason=\"no_route\"} 1\n",
        "phantom_upstream_errors_total{api=\"dead\",cause=\"connect_refused\"} 2\n",
    ] {
        assert!(metrics.contains(line), "{line:?} is not in\n{metrics}");
    }
    assert!(!metrics.contains("phantom_upstream_errors_total{api=\"api\""), "{metrics}");
}
