//! HTTP/2 streams beside each other: what one does or leaves undone is no other's loss.

use std::future::poll_fn;
use std::io::Read;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use h2::client::SendRequest;
use http::Request;

use crate::harness::*;

async fn connect(gateway: &Gateway, window: u32) -> SendRequest<Bytes> {
    let tcp = tokio::net::TcpStream::connect(gateway.address).await.unwrap();
    let (sender, connection) =
        h2::client::Builder::new().initial_window_size(window).handshake(tcp).await.unwrap();
    tokio::spawn(connection);
    sender.ready().await.unwrap()
}

fn post(path: &str) -> http::request::Builder {
    Request::builder().method("POST").uri(format!("http://api.example{path}"))
}

/// Sends so much as the windows let through; false if the stream ended before all was sent.
async fn send_all(stream: &mut h2::SendStream<Bytes>, mut left: usize, end: bool) -> bool {
    while left > 0 {
        stream.reserve_capacity(left.min(16 * 1024));
        match poll_fn(|cx| stream.poll_capacity(cx)).await {
            Some(Ok(room)) => {
                let piece = Bytes::from(vec![b'x'; room.min(left)]);
                left -= piece.len();
                if stream.send_data(piece, end && left == 0).is_err() {
                    return false;
                }
            }
            _ => return false,
        }
    }
    true
}

async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work).await.expect(what)
}

/// Rows: HTP-13
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn over_http2_a_client_that_waits_for_100_gets_it_after_the_decision() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    let mut sender = connect(&gateway, 65_535).await;
    let request = post("/x").header("expect", "100-continue").body(()).unwrap();
    let (mut response, mut stream) = sender.send_request(request, false).unwrap();
    let interim = within("100", poll_fn(|cx| response.poll_informational(cx))).await;
    assert_eq!(interim.unwrap().unwrap().status(), 100);
    stream.send_data(Bytes::from_static(b"body"), true).unwrap();
    assert_eq!(within("an answer", response).await.unwrap().status(), 200);
    assert_eq!(backend.only().body, "body");
    assert_eq!(backend.only().field("expect"), None);
    // Refused: the client is told so, and not to send.
    let mut sender = sender.ready().await.unwrap();
    let request = post("/api").header("expect", "100-continue").body(()).unwrap();
    let (response, stream) = sender.send_request(request, false).unwrap();
    assert_eq!(within("a refusal", response).await.unwrap().status(), 401);
    drop(stream);
}

/// The head is a piece of the answer like any other.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn over_http2_a_backend_has_its_patience_anew_from_the_head_of_its_answer() {
    let backend = Backend::custom(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        for piece in ["HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", "body"] {
            std::thread::sleep(Duration::from_millis(1200));
            let _ = stream.write_all(piece.as_bytes());
        }
        let _ = stream.read(&mut [0; 1]);
    });
    let mut setup = Setup::new(backend.address);
    setup.limits.upstream_idle_timeout = Duration::from_secs(2);
    let gateway = setup.start();
    let mut sender = connect(&gateway, 65_535).await;
    let request = Request::builder().uri("http://api.example/x").body(()).unwrap();
    let (response, _) = sender.send_request(request, true).unwrap();
    let mut body = within("an answer", response).await.unwrap().into_body();
    let piece = within("its body", poll_fn(|cx| body.poll_data(cx))).await;
    assert_eq!(piece.unwrap().unwrap(), "body");
}

/// By a client that adds no length of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_post_without_a_body_reaches_the_backend_with_a_length_of_zero() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    let mut sender = connect(&gateway, 65_535).await;
    let (response, _) = sender.send_request(post("/x").body(()).unwrap(), true).unwrap();
    let response = within("an answer", response).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.headers().contains_key("date"), "{response:?}");
    let seen = backend.only();
    assert_eq!((seen.field("content-length"), seen.field("transfer-encoding")), (Some("0"), None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn interim_answers_are_passed_on_over_http2() {
    let backend = Backend::start(|_| {
        [
            b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nConnection: x\r\n\r\n"
                .to_vec(),
            ok("ok"),
        ]
        .concat()
    });
    let gateway = Setup::new(backend.address).start();
    let mut sender = connect(&gateway, 65_535).await;
    let (mut response, _) = sender.send_request(post("/x").body(()).unwrap(), true).unwrap();
    let interim = within("103", poll_fn(|cx| response.poll_informational(cx))).await;
    let interim = interim.unwrap().unwrap();
    assert_eq!((interim.status().as_u16(), interim.headers().len()), (103, 1));
    assert_eq!(within("an answer", response).await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_early_answer_leaves_the_other_streams_their_window() {
    // Answers uploads to /early at once and reads no further, others when they are whole.
    let backend = Backend::recording(|mut stream, head| {
        if head.starts_with("POST /early ") {
            let head = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\n";
            stream.write_all(format!("{head}no").as_bytes()).unwrap();
            std::thread::sleep(Duration::from_secs(5));
        } else {
            let mut left = 3 << 20;
            let mut piece = vec![0; 1 << 16];
            while left > 0 {
                match std::io::Read::read(&mut stream, &mut piece) {
                    Ok(count) if count > 0 => left -= count.min(left),
                    _ => return,
                }
            }
            let _ = stream.write_all(&ok("whole"));
        }
    });
    let gateway = Setup::new(backend.address).start();
    let mut sender = connect(&gateway, 65_535).await;
    // More of them than fit into the connection's window.
    for _ in 0..10 {
        sender = sender.ready().await.unwrap();
        let request = post("/early").header("content-length", 1 << 20).body(()).unwrap();
        let (response, mut stream) = sender.send_request(request, false).unwrap();
        let sending = tokio::spawn(async move {
            send_all(&mut stream, 1 << 20, true).await;
            stream
        });
        let response = within("an early answer", response).await.unwrap();
        assert_eq!(response.status(), 403);
        drop(within("the rest is taken or refused", sending).await.unwrap());
    }
    let request = post("/late").header("content-length", 3 << 20).body(()).unwrap();
    let (response, mut stream) =
        sender.ready().await.unwrap().send_request(request, false).unwrap();
    assert!(within("the upload", send_all(&mut stream, 3 << 20, true)).await);
    assert_eq!(within("an answer", response).await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stream_whose_answer_came_early_ends_without_an_error() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    let mut sender = connect(&gateway, 65_535).await;
    let (response, mut stream) =
        sender.send_request(post("/api").body(()).unwrap(), false).unwrap();
    let response = within("a refusal", response).await.unwrap();
    assert_eq!(response.status(), 401);
    let mut body = response.into_body();
    while let Some(data) = body.data().await {
        data.unwrap();
    }
    let reason = within("a reset", poll_fn(|cx| stream.poll_reset(cx))).await.unwrap();
    assert_eq!(reason, Reason::NO_ERROR);
}

async fn reset_of(mut body: h2::RecvStream) -> Option<Reason> {
    loop {
        match within("a reset", body.data()).await {
            Some(Ok(_)) => {}
            Some(Err(error)) => return error.reason(),
            None => panic!("it looks whole"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_client_that_shuts_its_window_is_given_up() {
    let freed = Arc::new(AtomicBool::new(false));
    let seen = freed.clone();
    let backend = Backend::custom(move |mut stream| {
        Client::new(stream.try_clone().unwrap()).head();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
        while stream.write_all(&[0; 65536]).is_ok() {}
        seen.store(true, Ordering::SeqCst);
    });
    let mut setup = Setup::new(backend.address);
    setup.limits.body_idle_timeout = Duration::from_millis(400);
    let gateway = setup.start();
    // The library answers PINGs, and opens no window that is not taken from.
    let mut sender = connect(&gateway, 1000).await;
    let (response, _) = sender.send_request(post("/x").body(()).unwrap(), true).unwrap();
    let body = within("the head", response).await.unwrap().into_body();
    tokio::task::spawn_blocking(move || {
        eventually("the backend's connection is closed", || freed.load(Ordering::SeqCst));
    })
    .await
    .unwrap();
    let reset = reset_of(body).await;
    assert_eq!(reset, Some(Reason::CANCEL));
    // A file, too.
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("big.txt"), "x".repeat(1 << 20)).unwrap();
    let files = phantom_pipeline::Target::Directory(dir.path().canonicalize().unwrap().into());
    let mut setup = Setup {
        ..Setup::with_routes(vec![route("files", "/", files, phantom_core::Access::Public)])
    };
    setup.limits.body_idle_timeout = Duration::from_millis(400);
    let gateway = setup.start();
    let mut sender = connect(&gateway, 1000).await;
    let request = Request::builder().uri("http://h/big.txt").body(()).unwrap();
    let (response, _) = sender.send_request(request, true).unwrap();
    let body = within("the head", response).await.unwrap().into_body();
    let reset = reset_of(body).await;
    assert_eq!(reset, Some(Reason::CANCEL));
}

#[test]
fn floods_of_frames_that_ask_for_nothing_end_the_connection() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    let frames: [(&str, &[u8]); 5] = [
        ("SETTINGS", b"\0\0\0\x04\0\0\0\0\0"),
        ("PING", b"\0\0\x08\x06\0\0\0\0\0flooding"),
        ("WINDOW_UPDATE", b"\0\0\x04\x08\0\0\0\0\0\0\0\0\x01"),
        ("unknown", b"\0\0\x04\xbe\0\0\0\0\0what"),
        ("PRIORITY", b"\0\0\x05\x02\0\0\0\0\x01\0\0\0\0\x10"),
    ];
    for (name, frame) in frames {
        let mut client = gateway.connect();
        client.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
        let mut writer = client.stream.try_clone().unwrap();
        let flood = frame.repeat(1000);
        let writing = std::thread::spawn(move || {
            (0..1000).take_while(|_| writer.write_all(&flood).is_ok()).count()
        });
        let mut got = Vec::new();
        let _ = std::io::Read::read_to_end(&mut client.stream, &mut got);
        let written = writing.join().unwrap();
        assert!(written < 1000, "{name}: all of it was taken");
        // GOAWAY with ENHANCE_YOUR_CALM, unless the reset overtook it.
        if let Some(at) = find(&got, b"\x07\0\0\0\0\0") {
            assert!(got[at..].ends_with(b"\0\0\0\x0b"), "{name}: {:?}", &got[at..]);
        }
    }
    assert_eq!(gateway.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn clients_with_shut_windows_give_way_at_the_limit_and_those_that_wait_for_a_backend_do_not()
{
    let backend = Backend::start(|request| {
        if request.starts_with("GET /slow ") {
            std::thread::sleep(Duration::from_secs(4));
        }
        ok(&"x".repeat(100_000))
    });
    let mut setup = Setup::new(backend.address);
    setup.limits.max_connections = 8;
    let gateway = setup.start();
    let get = |path: &str| Request::get(format!("http://api.example{path}")).body(()).unwrap();
    let mut patient = connect(&gateway, 65_535).await;
    let (waiting, _) = patient.send_request(get("/slow"), true).unwrap();
    let mut holders = Vec::new();
    for _ in 0..7 {
        let mut sender = connect(&gateway, 0).await;
        let (answer, _) = sender.send_request(get("/x"), true).unwrap();
        // The head comes; of the body not a byte may.
        holders.push((within("a head", answer).await.unwrap(), sender));
    }
    tokio::task::block_in_place(|| {
        for _ in 0..12 {
            assert_eq!(gateway.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n").status, 200);
        }
    });
    let answer = within("its answer", waiting).await.unwrap();
    assert_eq!(answer.status(), 200, "who waits for a backend keeps nobody waiting");
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let ended = holders.iter_mut().any(|(answer, _)| {
        matches!(answer.body_mut().poll_data(&mut cx), std::task::Poll::Ready(Some(Err(_))))
    });
    assert!(ended, "somebody has given way");
}
