//! Trouble at start, at the end and in between; and that none of it tells a secret.

use std::net::TcpListener;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use phantom_e2e::certificate;
use phantom_e2e::gateway;
use phantom_e2e::gateway::Gateway;
use phantom_e2e::gateway::directory;
use phantom_e2e::http;
use phantom_e2e::http::Answer;
use phantom_e2e::peer::Peer;
use phantom_e2e::process::signal;
use phantom_e2e::resources::free_port;
use phantom_e2e::scripted_as;
use phantom_e2e::scripted_as::INTROSPECT;
use phantom_e2e::scripted_as::ScriptedAs;
use phantom_e2e::wire;
use phantom_e2e::wire::Connection;
use phantom_testkit::FakeAs;
use phantom_testkit::Reply;
use rcgen::date_time_ymd;
use serde_json::json;
use tokio::task::JoinSet;

/// A start that has to fail: exit code 1, and what was said in plain text.
#[track_caller]
fn fails(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    said.lines().filter(|line| !line.starts_with('{')).map(|line| format!("{line}\n")).collect()
}

#[test]
fn all_errors_of_a_configuration_are_said_at_once() {
    let directory = directory();
    let text = r#"
[gateway]
worker = 2
drain_timeout = "soon"

[[listener]]
bind = "nowhere"

[[key_manager]]
name = "login"
issuer = "http://login.example.com"
client_id = "gateway"
client_secret = "a-secret-in-the-file"

[[route]]
path = "api"
key_manager = "logn"
upstream = "ftp://backend"
"#;
    let said = fails(&gateway::command(directory.path(), text).output().unwrap());
    for (line, what) in [
        (3, "worker"),
        (4, "drain_timeout"),
        (7, "nowhere"),
        (9, "`well_known` is missing"),
        (16, "path"),
        (17, "logn"),
        (18, "ftp://backend"),
    ] {
        let place = format!("phantom.toml:{line}:");
        let found = said.lines().any(|said| said.contains(&place) && said.contains(what));
        assert!(found, "no line about {what} at {place}\n{said}");
    }
    assert!(said.contains("introspection_endpoint"), "{said}");
    assert!(!said.contains("a-secret-in-the-file"), "{said}");
}

#[test]
fn a_data_directory_that_cannot_be_written_is_named() {
    let directory = directory();
    std::fs::write(directory.path().join("file"), "").unwrap();
    let text = r#"
[gateway]
data_dir = "file/data"
issuer = "https://gateway.test"
[[listener]]
bind = "127.0.0.1:0"
[[key_manager]]
name = "login"
issuer = "https://login.example.com"
introspection_endpoint = "https://login.example.com/introspect"
jwks_uri = "https://login.example.com/jwks"
client_id = "gateway"
client_secret = { env = "INTROSPECTION_CLIENT_SECRET" }
response = "json"
[[route]]
path = "/api"
upstream = "http://localhost:3000"
key_manager = "login"
"#;
    let said = fails(&gateway::command(directory.path(), text).output().unwrap());
    assert!(said.contains("file/data"), "{said}");
    assert!(said.contains("Not a directory"), "{said}");
}

fn public_at(listener: &str) -> String {
    format!(
        "[management]\nbind = \"127.0.0.1:0\"\n[[listener]]\n{listener}\n\
         [[route]]\npath = \"/\"\npublic = true\nupstream = \"http://localhost:3000\"\n"
    )
}

#[test]
fn a_taken_port_is_said_in_one_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let directory = directory();
    let text = public_at(&format!("bind = \"{address}\""));
    let said = fails(&gateway::command(directory.path(), &text).output().unwrap());
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(&format!("{address} is taken")), "{said}");
}

#[test]
fn an_expired_certificate_is_no_certificate() {
    let directory = directory();
    certificate::self_signed(directory.path(), |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    let listener = "bind = \"127.0.0.1:0\"\ntls = { cert = \"cert.pem\", key = \"key.pem\" }";
    let said = fails(&gateway::command(directory.path(), &public_at(listener)).output().unwrap());
    assert!(said.contains("expired") && said.contains("2021"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_starts_before_its_authorization_server_comes_alive_with_it() {
    let (backend, port) = (scripted_as::backend().await, free_port());
    let text = format!(
        "[[key_manager]]\nname = \"peer\"\n\
         well_known = \"http://localhost:{port}/.well-known/openid-configuration\"\n{}\n{}",
        gateway::CLIENT,
        scripted_as::route(&backend, "key_manager = \"peer\"")
    );
    let gateway = Gateway::start(&text);
    let management = async |path| Answer::of(gateway.http.get(gateway.management_url(path))).await;
    assert_eq!(management("/healthz").await.status, 200);
    let readiness = management("/readyz").await;
    assert_eq!(readiness.status, 503);
    assert_eq!(readiness.json()["key_managers"], json!(["peer"]));
    let answer = gateway.get_with("/api", "some-token").await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.header("retry-after").is_some());
    assert_eq!(gateway.get("/api").await.status, 401, "no credential is no credential");

    let peer = Peer::start_at(port, &[("AS_ALG", "ES256")]);
    gateway.ready().await;
    let token = peer.token("read").await;
    let request = || gateway.http.get(gateway.url("/api")).bearer_auth(&token);
    http::eventually("served", request, |answer| answer.status == 200).await;
}

struct Stack {
    server: ScriptedAs,
    gateway: Gateway,
    backend: FakeAs,
}

async fn stack(environment: &[(&str, &str)]) -> Stack {
    let (server, backend) = (ScriptedAs::start("k1").await, scripted_as::backend().await);
    server.vouch();
    let text = server.key_manager("login", "timeout = \"3s\"")
        + &scripted_as::route(&backend, "key_manager = \"login\"");
    let gateway = Gateway::start_in(directory(), &text, environment);
    gateway.ready().await;
    Stack { server, gateway, backend }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_under_way_end_well_when_the_gateway_is_asked_to_stop() {
    const CALLERS: usize = 32;
    let mut stack = stack(&[]).await;
    let slow = Reply::with_type(200, "text/plain", "backend").delay(Duration::from_millis(700));
    stack.backend.answer("/api", slow);
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let authority = stack.gateway.authority().to_owned();
        callers.spawn(async move {
            let mut connection = Connection::open(&authority).await;
            connection.send(&wire::get(&authority, "/api", "token")).await.unwrap();
            let response = connection.receive().await.unwrap().unwrap();
            (response.status(), response.body, connection.receive().await.unwrap().is_none())
        });
    }
    while stack.backend.count("/api") < CALLERS {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(stack.gateway.process.stop(), Some(0), "{}", stack.gateway.process.output());
    for (status, body, ended) in callers.join_all().await {
        assert_eq!((status, &*body, ended), (200, "backend", true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_lost_halfway_when_the_gateway_stops_under_load() {
    const CALLERS: usize = 16;
    let mut stack = stack(&[]).await;
    let stopping = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let authority = stack.gateway.authority().to_owned();
        let (stopping, answered) = (Arc::clone(&stopping), Arc::clone(&answered));
        callers.spawn(async move {
            let mut connection = Connection::open(&authority).await;
            let request = wire::get(&authority, "/api", "token");
            loop {
                let sent = connection.send(&request).await;
                let response = match sent {
                    Ok(()) => connection.receive().await,
                    Err(error) => Err(error),
                };
                // A kept connection may end between two requests (RFC 9112 §9.3.1): then nothing
                // of the request went on, which the count at the end shows.
                let Ok(Some(response)) = response else {
                    assert!(stopping.load(Ordering::SeqCst), "cut before the end: {response:?}");
                    return;
                };
                assert_eq!(response.status(), 200);
                answered.fetch_add(1, Ordering::SeqCst);
                if response.closes() {
                    return;
                }
            }
        });
    }
    while answered.load(Ordering::SeqCst) < CALLERS * 20 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stopping.store(true, Ordering::SeqCst);
    signal(stack.gateway.process.id(), "TERM");
    callers.join_all().await;
    assert_eq!(stack.gateway.process.end(), Some(0), "{}", stack.gateway.process.output());
    assert_eq!(stack.backend.count("/api"), answered.load(Ordering::SeqCst));
}

/// Section 6 of the specification of the gateway, as Prometheus sees it.
const METRICS: [&str; 19] = [
    "phantom_requests_total",
    "phantom_request_seconds",
    "phantom_decision_total",
    "phantom_introspections_total",
    "phantom_introspection_seconds",
    "phantom_token_cache_lookups_total",
    "phantom_token_cache_entries",
    "phantom_token_cache_bytes",
    "phantom_single_flight_waiters",
    "phantom_upstream_seconds",
    "phantom_jwks_refreshes_total",
    "phantom_config_version",
    "phantom_config_reloads_total",
    "phantom_build_info{version=",
    "phantom_connections_limit ",
    "process_resident_memory_bytes",
    "process_open_fds",
    "phantom_requests_total{api=\"/api\",outcome=\"forwarded\",status_class=\"2xx\"}",
    "phantom_introspections_total{key_manager=\"login\",outcome=\"active\"}",
];

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_on_the_management_listener_and_nowhere_else() {
    let stack = stack(&[]).await;
    assert_eq!(stack.gateway.get_with("/api", "token").await.status, 200);
    let scraped = http::eventually(
        "counted",
        || stack.gateway.http.get(stack.gateway.management_url("/metrics")),
        |answer| answer.body.contains("outcome=\"forwarded\""),
    );
    let metrics = scraped.await.body;
    for name in METRICS {
        assert!(metrics.lines().any(|line| line.starts_with(name)), "no {name} in\n{metrics}");
    }
    assert!(!metrics.contains("phantom_store_up"), "there is no store: {metrics}");
    for path in ["/metrics", "/healthz", "/readyz"] {
        let answer = stack.gateway.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.body.contains("phantom_"), "{}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_output_tells_a_token_a_secret_or_a_jwt() {
    const SECRET: &str = "the-gateways-own-secret";
    // All that our own code has to say.
    let filter = "info,phantom=trace,phantom_oauth=trace,phantom_cache=trace,\
                  phantom_pipeline=trace,phantom_proxy=trace";
    let environment = [("RUST_LOG", filter), ("INTROSPECTION_CLIENT_SECRET", SECRET)];
    let mut stack = stack(&environment).await;
    let good = stack.server.vouch();
    let forged = phantom_testkit::Signer::es256("k1").sign(&stack.server.claims());
    let server = &stack.server.server;
    let token = |index: usize| format!("opaque-token-{index}-of-a-client");

    // Good, inactive, and every kind of trouble that might be told with too much detail.
    let secret_page = format!("<html>{} {SECRET} {}</html>", token(3), token(4));
    let replies = [
        Reply::jwt(&good),
        Reply::status(204),
        Reply::jwt(&forged),
        Reply::with_type(200, "text/html", secret_page.clone()),
        Reply::with_type(500, "text/html", secret_page.clone()),
        Reply::with_type(401, "text/html", secret_page),
        Reply::with_type(200, "application/json", format!("{{\"active\":\"{SECRET}\"")),
        Reply::jwt(&good).header("x-token", &token(7)).framing(phantom_testkit::Framing::Cut),
        Reply::jwt(&good).framing(phantom_testkit::Framing::HangAfterHead),
    ];
    let mut bodies = String::new();
    for (index, reply) in replies.into_iter().enumerate() {
        server.answer(INTROSPECT, reply);
        let answer = stack.gateway.get_with("/api", &token(index)).await;
        bodies.push_str(&format!("{} {:?} {}\n", answer.status, answer.headers, answer.body));
    }
    let client = &stack.gateway.http;
    let in_query = client.get(stack.gateway.url("/api?access_token=token-in-the-query"));
    bodies.push_str(&Answer::of(in_query).await.body);
    let twice = client.get(stack.gateway.url("/api"));
    let twice = twice.bearer_auth(token(20)).header("authorization", format!("Bearer {good}"));
    bodies.push_str(&Answer::of(twice).await.body);
    let basic = client.get(stack.gateway.url("/api")).basic_auth("alice", Some("alices-password"));
    bodies.push_str(&Answer::of(basic).await.body);
    stack.server.server.answer(INTROSPECT, Reply::jwt(&good));
    assert_eq!(stack.gateway.get_with("/api", &token(0)).await.status, 200);

    let metrics = stack.gateway.metrics().await;
    assert_eq!(stack.gateway.process.stop(), Some(0));
    let output = stack.gateway.process.output();
    assert!(output.contains("\"path\":\"/api\""), "there is an access log:\n{output}");
    assert!(output.contains("no verdict on a token"), "and causes are told:\n{output}");

    let basic = STANDARD.encode(format!("introspection-client:{SECRET}"));
    let part = |jwt: &str, at: usize| jwt.split('.').nth(at).unwrap().to_owned();
    let mut secrets = vec![SECRET.to_owned(), basic, "opaque-token-".to_owned()];
    secrets.extend([part(&good, 1), part(&good, 2), part(&forged, 2)]);
    secrets.extend(["token-in-the-query", "alices-password", "\"alice\""].map(str::to_owned));
    for (name, text) in [("output", &output), ("metrics", &metrics), ("answers", &bodies)] {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{secret} is in the {name}:\n{text}");
        }
    }
    // They did go where they belong.
    assert!(stack.backend.last("/api").header("authorization").unwrap().contains(&good));
}
