//! Streams: what is larger than memory, and what comes bit by bit.

use std::net::SocketAddr;

use phantom_devauth::SampleApi;
use phantom_e2e::gateway::Gateway;
use phantom_e2e::resources;
use phantom_e2e::scripted_as::ScriptedAs;
use phantom_e2e::wire::Connection;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

const GIB: u64 = 1 << 30;
/// The gateway may need so much more memory than it held before.
const MOST_GROWTH: u64 = 64 << 20;

async fn gateway(server: &ScriptedAs, backend: SocketAddr) -> Gateway {
    server.vouch();
    let route = format!(
        "[[route]]\npath = \"/\"\nupstream = \"http://{backend}\"\nkey_manager = \"login\"\n"
    );
    let gateway = Gateway::start(&(server.key_manager("login", "") + &route));
    gateway.ready().await;
    gateway
}

/// Reads a request's head and returns what follows it.
async fn read_head(stream: &mut TcpStream) -> Vec<u8> {
    let mut buffer = Vec::new();
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            return buffer.split_off(end + 4);
        }
        assert!(stream.read_buf(&mut buffer).await.unwrap() > 0, "the head is cut");
    }
}

/// Takes one request whose body has this length, and answers with the length it has seen.
async fn count_body(listener: TcpListener, length: u64) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut seen = read_head(&mut stream).await.len() as u64;
    let mut buffer = vec![0; 256 * 1024];
    while seen < length {
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "cut after {seen} bytes");
        seen += count as u64;
    }
    let body = seen.to_string();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gibibyte_is_uploaded_in_little_memory() {
    let server = ScriptedAs::start("k1").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gateway = gateway(&server, listener.local_addr().unwrap()).await;
    let backend = tokio::spawn(count_body(listener, GIB));
    let before = resources::memory_now(gateway.process.id());

    let authority = gateway.authority();
    let mut connection = Connection::open(authority).await;
    let head = format!(
        "POST /upload HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer token\r\n\
         Content-Length: {GIB}\r\n\r\n"
    );
    connection.send(&head).await.unwrap();
    let piece = "x".repeat(256 * 1024);
    for _ in 0..GIB / piece.len() as u64 {
        connection.send(&piece).await.unwrap();
    }
    let response = connection.receive().await.unwrap().unwrap();
    assert_eq!((response.status(), response.body), (200, GIB.to_string()));
    backend.await.unwrap();

    let growth = resources::peak_memory(gateway.process.id()).saturating_sub(before);
    assert!(growth < MOST_GROWTH, "it grew by {} MiB", growth >> 20);
}

/// Sends an event of an endless stream for each word to go on.
async fn events_on_demand(listener: TcpListener, mut go_on: mpsc::Receiver<u32>) {
    let (mut stream, _) = listener.accept().await.unwrap();
    read_head(&mut stream).await;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    while let Some(id) = go_on.recv().await {
        let event = format!("data: {id}\n\n");
        let chunk = format!("{:x}\r\n{event}\r\n", event.len());
        stream.write_all(chunk.as_bytes()).await.unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_arrives_before_the_next_one_is_made() {
    let server = ScriptedAs::start("k1").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gateway = gateway(&server, listener.local_addr().unwrap()).await;
    let (go_on, orders) = mpsc::channel(1);
    let backend = tokio::spawn(events_on_demand(listener, orders));

    let request = gateway.http.get(gateway.url("/events")).bearer_auth("token");
    let mut response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    for id in 0..20 {
        go_on.send(id).await.unwrap();
        // The next event is not even made before this one is here.
        let expected = format!("data: {id}\n\n");
        let mut event = Vec::new();
        while event.len() < expected.len() {
            event.extend_from_slice(&response.chunk().await.unwrap().unwrap());
        }
        assert_eq!(String::from_utf8(event).unwrap(), expected);
    }
    drop(go_on);
    assert_eq!(response.chunk().await.unwrap(), None, "the stream ends when the backend's does");
    backend.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_apis_events_come_through_in_order() {
    let server = ScriptedAs::start("k1").await;
    let api = SampleApi::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let gateway = gateway(&server, api.local_addr()).await;
    tokio::spawn(api.serve(std::future::pending()));
    let answer = gateway.get_with("/sse?count=5&interval_ms=20", "token").await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let ids: Vec<&str> = answer.body.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    assert_eq!(ids, ["0", "1", "2", "3", "4"]);
}
