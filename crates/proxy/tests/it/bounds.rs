//! What a route bounds for itself: its uploads and its patience.

use std::io::Read;
use std::time::Duration;

use bytes::Bytes;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use phantom_core::Access;
use phantom_pipeline::Route;
use phantom_pipeline::route::Bounds;

use crate::harness::*;

/// `/small` with these bounds, `/` without.
fn bounded(backend: &Backend, bounds: Bounds) -> Gateway {
    let small = route("small", "/small", target(backend.address, "/small"), Access::Public);
    let open = route("open", "/", target(backend.address, ""), Access::Public);
    Setup::with_routes(vec![Route { bounds, ..small }, open]).start()
}

const TEN: Bounds = Bounds {
    max_body: Some(10),
    body_idle_timeout: None,
    connect_timeout: None,
    upstream_idle_timeout: None,
};

fn post(path: &str, framing: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: h\r\n{framing}\r\n\r\n{body}")
}

#[test]
fn an_upload_larger_than_its_route_takes_is_413() {
    let backend = Backend::ok();
    let gateway = bounded(&backend, TEN);
    let length = |length: usize| format!("Content-Length: {length}");
    let answer = gateway.send(post("/small", &length(11), "12345678901"));
    assert_eq!((answer.status, answer.closed), (413, true));
    // A client that asks first is not told to send.
    let asks = format!("{}\r\nExpect: 100-continue", length(11));
    let mut client = gateway.connect();
    client.write(post("/small", &asks, ""));
    assert!(client.head().starts_with("HTTP/1.1 413 "));
    assert_eq!(backend.connections(), 0, "no backend was asked");
    let chunked = "Transfer-Encoding: chunked";
    let body = |count| format!("6\r\nabcdef\r\n{count:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(count));
    assert_eq!(gateway.send(post("/small", chunked, &body(5))).status, 413);
    assert!(backend.seen().iter().all(|raw| !raw.contains("xxxxx")), "it never was whole there");
    assert_eq!(gateway.send(post("/small", chunked, &body(4))).status, 200);
    assert_eq!(gateway.send(post("/small", &length(10), "1234567890")).status, 200);
    assert_eq!(gateway.send(post("/", &length(11), "12345678901")).status, 200);
    let log = gateway.metrics();
    assert!(!log.contains("phantom_upstream_errors_total{"), "no backend's fault: {log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_upload_over_http2_that_is_too_large_is_413() {
    let backend = Backend::ok();
    let gateway = bounded(&backend, TEN);
    let tcp = tokio::net::TcpStream::connect(gateway.address).await.unwrap();
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(tcp));
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    for (size, known, expected) in
        [(11, true, 413), (11, false, 413), (10, true, 200), (10, false, 200)]
    {
        let body = http_body_util::Full::new(Bytes::from(vec![b'x'; size]));
        let mut request = http::Request::post("http://api.example/small");
        if known {
            request = request.header("content-length", size);
        }
        let body: http_body_util::combinators::BoxBody<Bytes, _> = if known {
            http_body_util::BodyExt::boxed(body)
        } else {
            http_body_util::BodyExt::boxed(Unsized(body))
        };
        let answer = sender.send_request(request.body(body).unwrap()).await.unwrap();
        assert_eq!(answer.status(), expected, "{size} {known}");
    }
}

/// A body that does not tell its length.
struct Unsized(http_body_util::Full<Bytes>);

impl hyper::body::Body for Unsized {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        std::pin::Pin::new(&mut self.0).poll_frame(cx)
    }
}

#[test]
fn a_route_has_a_patience_of_its_own() {
    let backend = Backend::custom(|mut stream| {
        // However the request is cut, nothing comes back for as long as the gateway stays.
        while stream.read(&mut [0; 1024]).is_ok_and(|count| count > 0) {}
    });
    let quick = Some(Duration::from_millis(300));
    let bounds = Bounds { upstream_idle_timeout: quick, body_idle_timeout: quick, ..TEN };
    let gateway = bounded(&backend, bounds);
    // Everywhere else it is minutes, and the harness waits for ten seconds.
    assert_eq!(gateway.send("GET /small HTTP/1.1\r\nHost: h\r\n\r\n").status, 504);
    assert_eq!(gateway.send(post("/small", "Content-Length: 9", "abc")).status, 408);
}
