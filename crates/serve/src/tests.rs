//! What one client can hold, and for how long.

use axum::routing::get;
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

use super::*;

const SHORT: Patience = Patience {
    stalled: Duration::from_millis(300),
    idle: Duration::from_millis(300),
    look: Duration::from_millis(20),
};
/// Many times what is waited for.
const LONG: Duration = Duration::from_secs(2);
/// For what has to happen, on a machine that has much else to do.
const ENOUGH: Duration = Duration::from_secs(30);

struct Server {
    address: SocketAddr,
    task: JoinHandle<io::Result<()>>,
}

impl Server {
    async fn start(patience: Patience, per_source: usize) -> Self {
        Self::start_with(patience, per_source, None).await
    }

    async fn start_with(
        patience: Patience,
        per_source: usize,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/large", get(|| async { Bytes::from(vec![b'x'; 300_000]) }))
            .route("/silent", get(|| async { Body::new(Silent) }));
        let never = std::future::pending();
        let task = tokio::spawn(serve_with(patience, listener, tls, router, per_source, never));
        Self { address, task }
    }

    /// A connection over HTTP/2 whose window for answers is that large, and when it has ended.
    async fn http2(&self, window: u32) -> (h2::client::SendRequest<Bytes>, JoinHandle<()>) {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let mut builder = h2::client::Builder::new();
        let (requests, connection) =
            builder.initial_window_size(window).handshake(stream).await.unwrap();
        let ended = tokio::spawn(async move {
            let _ = connection.await;
        });
        (requests, ended)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An answer of which nothing has come yet.
struct Silent;

impl http_body::Body for Silent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        std::task::Poll::Pending
    }
}

async fn ask(
    requests: &mut h2::client::SendRequest<Bytes>,
    path: &str,
) -> http::Response<h2::RecvStream> {
    let uri = format!("http://localhost{path}");
    let request = Request::get(uri).body(()).unwrap();
    let (answer, _) = requests.send_request(request, true).unwrap();
    answer.await.unwrap()
}

#[tokio::test]
async fn whoever_takes_no_answer_is_given_up() {
    let server = Server::start(SHORT, 8).await;
    let (mut requests, ended) = server.http2(0).await;
    let _answer = ask(&mut requests, "/large").await;
    timeout(ENOUGH, ended).await.expect("the connection ends").unwrap();
}

#[tokio::test]
async fn whoever_asks_for_nothing_is_given_up() {
    let server = Server::start(SHORT, 8).await;
    let (_requests, ended) = server.http2(65_535).await;
    timeout(ENOUGH, ended).await.expect("the connection ends").unwrap();
}

#[tokio::test]
async fn whoever_waits_for_us_is_not_given_up() {
    let server = Server::start(SHORT, 8).await;
    let (mut requests, ended) = server.http2(65_535).await;
    let _answer = ask(&mut requests, "/silent").await;
    assert!(timeout(LONG, ended).await.is_err(), "an answer that goes on was cut");
}

#[tokio::test]
async fn a_source_has_no_more_connections_than_it_may() {
    let server = Server::start(Patience::USUAL, 2).await;
    let (_first, _) = server.http2(65_535).await;
    let (_second, _) = server.http2(65_535).await;
    let mut third = TcpStream::connect(server.address).await.unwrap();
    let read = timeout(ENOUGH, third.read(&mut [0; 1])).await.expect("an answer");
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
}

#[tokio::test]
async fn a_request_with_two_hosts_is_answered_400() {
    let server = Server::start(Patience::USUAL, 10).await;
    for (hosts, status) in [("Host: a\r\n", "200"), ("Host: a\r\nHost: b\r\n", "400")] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let request = format!("GET /large HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{hosts}: {answer:.100}");
    }
}

#[tokio::test]
async fn a_request_without_tls_is_told_that_the_port_speaks_https() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = made.signing_key.serialize_der().try_into().unwrap();
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let server = Server::start_with(Patience::USUAL, 10, Some(Arc::new(config))).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(
        answer.ends_with("This port speaks HTTPS: the request came without TLS.\n"),
        "{answer}"
    );
}
