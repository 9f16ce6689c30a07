//! What a request is called: the same in the log, at the backend and at the client.

use bytes::Bytes;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use phantom_telemetry::AccessLog;
use phantom_telemetry::access_log::LogFormat;

use crate::harness::*;
use crate::lines::Lines;

fn ids(lines: &Lines) -> Vec<String> {
    let id =
        |line: &str| line.split("\"request_id\":\"").nth(1)?.split('"').next().map(str::to_owned);
    lines.text().lines().map(|line| id(line).unwrap()).collect()
}

/// With the ids that the log has when it is over.
fn gateway(backend: &Backend, change: impl FnOnce(&mut Setup)) -> (Lines, Gateway) {
    let lines = Lines::default();
    let mut setup = Setup::new(backend.address);
    setup.access_log = Some(AccessLog::start(LogFormat::Json, lines.clone()).unwrap());
    change(&mut setup);
    (lines, setup.start())
}

fn get(path: &str, fields: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: h\r\n{fields}\r\n")
}

#[test]
fn a_request_has_one_name_for_backend_client_and_log() {
    let backend = Backend::start(|_| {
        b"HTTP/1.1 200 OK\r\nX-Request-Id: theirs\r\nContent-Length: 2\r\n\r\nok".to_vec()
    });
    let (lines, mut gateway) = gateway(&backend, |setup| setup.request_id = true);
    let forged = "X-Request-Id: forged\r\nx_request_id: forged\r\n";
    let trace = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
    let answers = [
        gateway.send(get("/x", forged)),
        gateway.send(get("/x", trace)),
        gateway.send(get("/api", "")),
        gateway.send(get("/%00", "")),
        gateway.send("nonsense\r\n\r\n"),
    ];
    gateway.stop();
    let told: Vec<_> = answers.iter().map(|answer| answer.field("x-request-id").unwrap()).collect();
    assert_eq!(told, ids(&lines));
    assert_eq!(told[1], "0af7651916cd43dd8448eb211c80319c");
    let all: std::collections::HashSet<_> = told.iter().collect();
    assert_eq!(all.len(), told.len(), "each has its own: {told:?}");
    let seen = backend.seen();
    for (raw, told) in seen.iter().zip(&told) {
        assert_eq!(Request::new(raw).field("x-request-id"), Some(*told));
        assert!(!raw.contains("forged"), "{raw}");
    }
    assert!(answers.iter().all(|answer| !answer.head.contains("theirs")));
}

#[test]
fn a_trusted_proxys_name_for_a_request_is_kept() {
    let backend = Backend::ok();
    let (lines, mut gateway) = gateway(&backend, |setup| {
        setup.request_id = true;
        setup.trusted_proxies = vec!["127.0.0.1/32"];
    });
    let answer = gateway.send(get("/x", "X-Request-Id: from-the-edge.1\r\n"));
    gateway.stop();
    assert_eq!(answer.field("x-request-id"), Some("from-the-edge.1"));
    assert_eq!(backend.only().field("x-request-id"), Some("from-the-edge.1"));
    assert_eq!(ids(&lines), ["from-the-edge.1"]);
}

#[test]
fn by_default_nobody_is_told_and_what_others_say_passes() {
    let backend = Backend::start(|_| {
        b"HTTP/1.1 200 OK\r\nX-Request-Id: theirs\r\nContent-Length: 2\r\n\r\nok".to_vec()
    });
    let gateway = Setup::new(backend.address).start();
    let answer = gateway.send(get("/x", "X-Request-Id: mine\r\n"));
    assert_eq!(answer.field("x-request-id"), Some("theirs"));
    assert_eq!(backend.only().field("x-request-id"), Some("mine"));
    assert_eq!(gateway.send(get("/api", "")).field("x-request-id"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_request_over_http2_has_one_name_too() {
    let backend = Backend::ok();
    let (lines, mut gateway) = gateway(&backend, |setup| setup.request_id = true);
    let tcp = tokio::net::TcpStream::connect(gateway.address).await.unwrap();
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(tcp));
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    let mut told = Vec::new();
    for path in ["/x", "/api"] {
        let request = http::Request::get(format!("http://api.example{path}"))
            .body(http_body_util::Empty::<Bytes>::new())
            .unwrap();
        let answer = sender.send_request(request).await.unwrap();
        told.push(answer.headers()["x-request-id"].to_str().unwrap().to_owned());
    }
    drop(sender);
    tokio::task::block_in_place(|| gateway.stop());
    assert_eq!(told, ids(&lines));
    assert_eq!(backend.only().field("x-request-id"), Some(&*told[0]));
}
