//! HTTP/2 from clients, by prior knowledge: decided and forwarded like HTTP/1.1.

use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::body::Frame;
use hyper::client::conn::http2;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use phantom_telemetry::access_log::AccessLog;
use phantom_telemetry::access_log::LogFormat;
use std::future::Future;
use std::io::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;

use crate::harness::*;
use crate::lines::Lines;

type Sender<B> = http2::SendRequest<B>;

async fn connect<B>(gateway: &Gateway) -> Sender<B>
where
    B: hyper::body::Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let tcp = tokio::net::TcpStream::connect(gateway.address).await.unwrap();
    let (sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(tcp)).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn get(path: &str) -> http::request::Builder {
    Request::builder().uri(format!("http://api.example{path}"))
}

fn full(body: &'static str) -> Full<Bytes> {
    Full::new(Bytes::from_static(body.as_bytes()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_request_over_http2_is_exchanged_and_forwarded() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    let mut sender = connect(&gateway).await;
    let request = get("/api/x?a=1").header("authorization", format!("Bearer {TOKEN}"));
    let request = request.header("cookie", "a=1").header("cookie", "b=2");
    let response = sender.send_request(request.body(full("")).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "ok");
    let seen = backend.only();
    assert_eq!(seen.line, "GET /api/x?a=1 HTTP/1.1");
    assert_eq!(seen.field("authorization"), Some(format!("Bearer {JWT}").as_str()));
    assert_eq!(seen.field("cookie"), Some("a=1; b=2"), "in one field");
    assert_eq!(seen.field("via"), Some("2 phantom"));
    assert_eq!(seen.field("x-forwarded-host"), Some("api.example"));
}

/// Rows: HTP-6
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn ambiguous_requests_are_refused_in_http2_too() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    let mut sender = connect(&gateway).await;
    let refused = [
        get("/x").header("host", "other.example"),
        get("/x")
            .header("x-a", http::HeaderValue::from_bytes(b"a\xff\tb").unwrap())
            .uri("http://api.example/%2e%2e/api"),
        get("/a//b"),
        get("/api").method("TRACE"),
        get("/x").header("expect", "magic"),
    ];
    for request in refused {
        let request = request.body(full("")).unwrap();
        let what = format!("{request:?}");
        let response = sender.send_request(request).await.unwrap();
        assert!(
            response.status().is_client_error() || response.status() == 501,
            "{what} {response:?}"
        );
    }
    // Fields of a connection do not exist in HTTP/2: the stream is reset, or the request refused.
    for (name, value) in [("connection", "close"), ("transfer-encoding", "chunked"), ("te", "gzip")]
    {
        let mut raw = RawHttp2::connect(&gateway);
        assert!(raw.is_refused(&[(name, value)]), "{name}: {value}");
    }
    for (name, value) in [("X-Upper", "1"), ("x-lf", "a\nb"), ("x-nul", "a\0b"), ("x-cr", "a\rb")] {
        let mut raw = RawHttp2::connect(&gateway);
        assert!(raw.is_refused(&[(name, value)]), "{name}");
    }
    assert!(backend.seen().is_empty(), "{:?}", backend.seen());
}

/// Rows: HTP-6
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn content_length_has_to_equal_the_data() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    let mut sender = connect(&gateway).await;
    let pieces = futures_stream(vec!["abc"]);
    let request = get("/x").method("POST").header("content-length", "5").body(pieces).unwrap();
    let outcome = sender.send_request(request).await;
    assert!(outcome.is_err() || !outcome.unwrap().status().is_success());
    assert!(backend.seen().iter().all(|raw| !raw.ends_with("abc\0\0")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn bodies_and_trailers_pass_in_both_directions() {
    let backend = Backend::start(|_| {
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\ngrpc-status: 0\r\nauthorization: x\r\n\r\n".to_vec()
    });
    let gateway = Setup::new(backend.address).start();
    let mut sender = connect(&gateway).await;
    let mut trailers = http::HeaderMap::new();
    trailers.insert("x-sum", "3".parse().unwrap());
    trailers.insert("authorization", "Bearer evil".parse().unwrap());
    let body =
        futures_frames(vec![Frame::data(Bytes::from_static(b"abc")), Frame::trailers(trailers)]);
    let request = get("/x").method("POST").body(body).unwrap();
    let response = sender.send_request(request).await.unwrap();
    let collected = response.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap().get("grpc-status").unwrap(), "0");
    assert!(collected.trailers().unwrap().get("authorization").is_none());
    assert_eq!(collected.to_bytes(), "ok");
    assert_eq!(backend.only().body, "abc<trailers>x-sum: 3\r\n\r\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn pseudo_fields_among_a_backends_trailers_are_no_trailers_of_ours() {
    let backend = Backend::start(|_| {
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n:status: 404\r\n\r\n"
            .to_vec()
    });
    let gateway = Setup::new(backend.address).start();
    let mut sender = connect(&gateway).await;
    let response = sender.send_request(get("/x").body(full("")).unwrap()).await;
    let whole = match response {
        Ok(response) if response.status() == 200 => response.into_body().collect().await.is_ok(),
        Ok(response) => response.status() != 502,
        Err(_) => false,
    };
    assert!(!whole, "an answer that is malformed does not look whole");
}

/// Rows: PRB-4
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn grpc_gets_its_refusal_in_a_trailers_only_answer() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    let mut sender = connect(&gateway).await;
    let request =
        get("/api/Service/Method").method("POST").header("content-type", "application/grpc");
    let response = sender.send_request(request.body(full("")).unwrap()).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["grpc-status"]),
        (200, &"16".parse().unwrap())
    );
    assert!(response.headers().contains_key("www-authenticate"));
    assert!(hyper::body::Body::is_end_stream(response.body()));
}

/// Rows: STR-2
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_grpc_stream_ends_with_status_16_when_its_token_does() {
    let backend = Backend::custom(|mut stream| {
        Client::new(stream.try_clone().unwrap()).head();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
        std::thread::sleep(std::time::Duration::from_secs(20));
    });
    let gateway = Setup::new(backend.address).start();
    let mut sender = connect(&gateway).await;
    let request = get("/api/Service/Watch").header("authorization", format!("Bearer {TOKEN}"));
    let request = request.method("POST").header("content-type", "application/grpc");
    let response = sender.send_request(request.body(full("")).unwrap()).await.unwrap();
    gateway.expire_token();
    let collected = response.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap().get("grpc-status").unwrap(), "16");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn many_streams_share_a_connection() {
    let backend = Backend::start(|request| ok(request.split(' ').nth(1).unwrap()));
    let gateway = Setup::new(backend.address).start();
    let sender = connect(&gateway).await;
    let requests = (0..100).map(|n| {
        let mut sender = sender.clone();
        tokio::spawn(async move {
            let response =
                sender.send_request(get(&format!("/{n}")).body(full("")).unwrap()).await.unwrap();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(body, format!("/{n}"));
        })
    });
    for request in requests.collect::<Vec<_>>() {
        request.await.unwrap();
    }
}

/// Starts a body of which no more than this ever comes.
async fn upload_that_stops(
    sender: &mut Sender<http_body_util::combinators::BoxBody<Bytes, std::convert::Infallible>>,
    path: &str,
) -> http::Response<hyper::body::Incoming> {
    struct Stops(Option<Bytes>);
    impl hyper::body::Body for Stops {
        type Data = Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            match self.0.take() {
                Some(piece) => std::task::Poll::Ready(Some(Ok(Frame::data(piece)))),
                None => std::task::Poll::Pending,
            }
        }
    }
    let body = Stops(Some(Bytes::from_static(b"some of it"))).boxed();
    let request = get(path).method("POST").header("authorization", format!("Bearer {TOKEN}"));
    sender.send_request(request.body(body).unwrap()).await.unwrap()
}

/// The rest of it comes when it is told to; `ended` is set when the client was let send all of it.
struct InPieces {
    first: Option<Bytes>,
    go_on: tokio::sync::oneshot::Receiver<()>,
    rest: Option<Bytes>,
    ended: Arc<AtomicBool>,
}

impl hyper::body::Body for InPieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if self.rest.is_some() {
            let _ = std::task::ready!(Pin::new(&mut self.go_on).poll(cx));
        }
        match self.rest.take() {
            Some(rest) => Poll::Ready(Some(Ok(Frame::data(rest)))),
            None => {
                self.ended.store(true, Ordering::SeqCst);
                Poll::Ready(None)
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_answer_before_the_end_of_the_body_does_not_reset_the_stream_at_once() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    let mut sender = connect(&gateway).await;
    // Without a credential; a path that is refused.
    for (path, status) in [("/api", 401), ("/a//b", 400)] {
        let (go_on, told) = tokio::sync::oneshot::channel();
        let ended = Arc::new(AtomicBool::new(false));
        let body = InPieces {
            first: Some(Bytes::from_static(b"some of it")),
            go_on: told,
            rest: Some(Bytes::from_static(b" and the rest")),
            ended: ended.clone(),
        };
        let request = get(path).method("POST").body(body).unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        response.into_body().collect().await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        go_on.send(()).expect("the client still has its body");
        let whole = async {
            while !ended.load(Ordering::SeqCst) {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        let limit = std::time::Duration::from_secs(20);
        tokio::time::timeout(limit, whole).await.expect("the rest is taken");
    }
}

/// Rows: STR-1
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_upload_over_http2_does_not_outlive_its_token() {
    let backend = Backend::custom(|mut stream| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let gateway = Setup::new(backend.address).start();
    let mut sender = connect(&gateway).await;
    let upload = upload_that_stops(&mut sender, "/api");
    let ending = async {
        while backend.connections() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        gateway.expire_token();
    };
    let (response, ()) = tokio::join!(upload, ending);
    assert_eq!(response.status(), 401);
    assert!(response.headers()["www-authenticate"].to_str().unwrap().contains("invalid_token"));
}

/// The members of its log line that an upload leaves behind, and the metrics, when its token ends.
fn ended_with_its_token(upload: impl FnOnce(&Gateway, &Backend)) -> (serde_json::Value, String) {
    let backend = Backend::custom(|mut stream| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let lines = Lines::default();
    let log = AccessLog::start(LogFormat::Json, lines.clone()).unwrap();
    let mut gateway = Setup { access_log: Some(log), ..Setup::new(backend.address) }.start();
    upload(&gateway, &backend);
    gateway.stop();
    let line: serde_json::Value = serde_json::from_str(&lines.text()).unwrap();
    let told = ["status", "outcome", "deny_reason", "error", "key_manager"];
    (told.map(|member| line[member].clone()).to_vec().into(), gateway.metrics())
}

#[test]
fn an_upload_ends_with_its_token_over_http2_as_over_http1() {
    let (http1, metrics1) = ended_with_its_token(|gateway, backend| {
        let mut client = gateway.connect();
        client.write(format!(
            "POST /api HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 1000000\r\n\r\nsome"
        ));
        eventually("the backend has the request", || backend.connections() == 1);
        gateway.expire_token();
        assert_eq!(client.response().status, 401);
    });
    let (http2, metrics2) = ended_with_its_token(|gateway, backend| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut sender = connect(gateway).await;
            let upload = upload_that_stops(&mut sender, "/api");
            let ending = async {
                while backend.connections() == 0 {
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
                gateway.expire_token();
            };
            let (response, ()) = tokio::join!(upload, ending);
            assert_eq!(response.status(), 401);
        });
    });
    assert_eq!(http1, http2);
    let told = serde_json::json!([401, "failed", "token_expired", "token_expired", "curity"]);
    assert_eq!(http1, told);
    for metrics in [metrics1, metrics2] {
        let refused = "phantom_decision_total{api=\"api\",reason=\"token_expired\"} 1\n";
        assert!(metrics.contains(refused), "{metrics}");
        assert!(!metrics.contains("reason=\"permit\""), "{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_request_body_that_stalls_over_http2_is_given_up() {
    let backend = Backend::custom(|mut stream| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let mut setup = Setup::new(backend.address);
    setup.limits.body_idle_timeout = std::time::Duration::from_millis(300);
    let gateway = setup.start();
    let mut sender = connect(&gateway).await;
    assert_eq!(upload_that_stops(&mut sender, "/x").await.status(), 408);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn files_are_streamed_over_http2() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("big.txt"), "x".repeat(1 << 20)).unwrap();
    let target = phantom_pipeline::Target::Directory(dir.path().into());
    let site = route("site", "/", target, phantom_core::Access::Public);
    let gateway = Setup::with_routes(vec![site]).start();
    let mut sender = connect(&gateway).await;
    let response = sender.send_request(get("/big.txt").body(full("")).unwrap()).await.unwrap();
    assert_eq!(response.headers()["content-length"], "1048576");
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes().len(), 1 << 20);
    let head = get("/big.txt").method("HEAD").body(full("")).unwrap();
    let response = sender.send_request(head).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
    let missing = sender.send_request(get("/none").body(full("")).unwrap()).await.unwrap();
    assert_eq!(missing.status(), 404);
}

fn futures_stream(
    pieces: Vec<&'static str>,
) -> impl hyper::body::Body<Data = Bytes, Error = std::convert::Infallible> + Send + Unpin + 'static
{
    futures_frames(
        pieces.into_iter().map(|piece| Frame::data(Bytes::from_static(piece.as_bytes()))).collect(),
    )
}

fn futures_frames(
    frames: Vec<Frame<Bytes>>,
) -> impl hyper::body::Body<Data = Bytes, Error = std::convert::Infallible> + Send + Unpin + 'static
{
    struct Frames(std::collections::VecDeque<Frame<Bytes>>);
    impl hyper::body::Body for Frames {
        type Data = Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            std::task::Poll::Ready(self.0.pop_front().map(Ok))
        }
    }
    Frames(frames.into())
}

/// Writes frames that a well-behaved client library would not.
struct RawHttp2(Client);

impl RawHttp2 {
    fn connect(gateway: &Gateway) -> Self {
        let mut client = gateway.connect();
        client.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
        Self(client)
    }

    /// Sends a GET with these fields; whether anything but a 2xx comes of it.
    fn is_refused(&mut self, fields: &[(&str, &str)]) -> bool {
        // Static table: :method GET, :scheme http, :path /; then literals without indexing.
        let mut block = vec![0x82, 0x86, 0x84];
        let all = [(":authority", "h")].into_iter().chain(fields.iter().copied());
        for (name, value) in all {
            block.push(0);
            block.push(u8::try_from(name.len()).unwrap());
            block.extend_from_slice(name.as_bytes());
            block.push(u8::try_from(value.len()).unwrap());
            block.extend_from_slice(value.as_bytes());
        }
        let length = u32::try_from(block.len()).unwrap().to_be_bytes();
        let mut frame = vec![length[1], length[2], length[3], 1, 5, 0, 0, 0, 1];
        frame.extend(block);
        self.0.write(frame);
        loop {
            let Some((kind, payload)) = self.frame() else { return true };
            match kind {
                // HEADERS: a status of 200 is one byte of the static table.
                1 => return payload.first() != Some(&0x88),
                3 | 7 => return true,
                _ => {}
            }
        }
    }

    fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        use std::io::Read;
        let mut head = [0; 9];
        self.0.stream.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.0.stream.read_exact(&mut payload).ok()?;
        Some((head[3], payload))
    }
}

#[test]
fn values_with_white_space_at_their_edges_are_refused_in_http2() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    for value in [" a", "a ", "\ta", "a\t", " "] {
        let mut raw = RawHttp2::connect(&gateway);
        assert!(raw.is_refused(&[("x-a", value)]), "{value:?}");
    }
    assert!(backend.seen().is_empty());
    let mut raw = RawHttp2::connect(&gateway);
    assert!(!raw.is_refused(&[("x-a", "a b"), ("x-empty", "")]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn trailers_with_white_space_at_their_edges_are_refused_in_http2() {
    for (value, refused) in [(" 3", true), ("3\t", true), ("3 4", false)] {
        let backend = Backend::ok();
        let gateway = Setup::new(backend.address).start();
        let mut sender = connect(&gateway).await;
        let mut trailers = http::HeaderMap::new();
        trailers.insert("x-sum", value.parse().unwrap());
        let data = Bytes::from_static(b"abc");
        let body = futures_frames(vec![Frame::data(data), Frame::trailers(trailers)]);
        let request = get("/x").method("POST").body(body).unwrap();
        let answered = sender.send_request(request).await;
        let is_passed = answered.is_ok_and(|response| response.status() == 200);
        assert_eq!(is_passed, !refused, "{value:?}");
    }
}

#[test]
fn a_request_that_is_refused_for_its_form_is_logged_with_who_sent_it_and_what() {
    let lines = Lines::default();
    let log = AccessLog::start(LogFormat::Json, lines.clone()).unwrap();
    let setup = Setup::new(Backend::ok().address);
    let mut gateway = Setup { access_log: Some(log), ..setup }.start();
    let mut raw = RawHttp2::connect(&gateway);
    assert!(raw.is_refused(&[("x-a", " a")]));
    drop(raw);
    gateway.stop();
    let line: serde_json::Value = serde_json::from_str(&lines.text()).unwrap();
    assert_eq!(
        (line["method"].as_str(), line["path"].as_str()),
        (Some("GET"), Some("/")),
        "{line}"
    );
    assert_eq!(
        (line["peer"].as_str(), line["error"].as_str()),
        (Some("127.0.0.1"), Some("bad_request"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_large_form_whose_token_is_elsewhere_passes_over_http2() {
    let backend = Backend::ok();
    let mut api = route("api", "/api", target(backend.address, "/api"), protected());
    api.credentials.form = true;
    let gateway = Setup::with_routes(vec![api]).start();
    let mut sender = connect(&gateway).await;
    let large: &'static str = Box::leak("a=b&".repeat(50_000).into_boxed_str());
    for (token, expected) in [(Some(TOKEN), 200), (None, 413)] {
        let mut request = get("/api").method("POST");
        request = request.header("content-type", "application/x-www-form-urlencoded");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = sender.send_request(request.body(full(large)).unwrap()).await.unwrap();
        assert_eq!(response.status(), expected);
    }
    assert_eq!(backend.only().body, large);
}
