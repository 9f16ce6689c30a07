//! Long bodies in both directions, in constant memory, and no longer than their token lives.

use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::harness::*;

fn request(method: &str, path: &str, fields: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n{fields}\r\n")
}

/// A backend that sends these pieces one by one, when told to.
fn events(more: Arc<AtomicBool>, head: &'static str) -> Backend {
    Backend::custom(move |mut stream| {
        Client::new(stream.try_clone().unwrap()).head();
        stream.write_all(head.as_bytes()).unwrap();
        while more.load(Ordering::SeqCst) {
            if stream.write_all(b"9\r\ndata: x\n\n\r\n").is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    })
}

const SSE: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const PLAIN: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";

fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
}

#[test]
fn a_gigabyte_upload_passes_in_constant_memory() {
    const TOTAL: u64 = 1 << 30;
    let received = Arc::new(AtomicU64::new(0));
    let count = received.clone();
    let backend = Backend::custom(move |mut stream| {
        let mut client = Client::new(stream.try_clone().unwrap());
        client.head();
        let mut piece = vec![0; 1 << 20];
        while count.load(Ordering::SeqCst) < TOTAL - 65536 {
            match stream.read(&mut piece).unwrap() {
                0 => return,
                got => count.fetch_add(got as u64, Ordering::SeqCst),
            };
        }
        while count.load(Ordering::SeqCst) + 16384 < TOTAL {
            count.fetch_add(stream.read(&mut piece).unwrap() as u64, Ordering::SeqCst);
        }
        stream.write_all(&ok("taken")).unwrap();
        let _ = stream.read(&mut piece);
    });
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    let before = memory();
    client.write(request("POST", "/api", &format!("Content-Length: {TOTAL}\r\n")));
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..TOTAL / piece.len() as u64 {
        client.write(&piece);
    }
    assert_eq!(client.response().status, 200);
    assert!(memory() - before < 32 * 1024, "grew by {} KiB", memory() - before);
}

#[test]
fn a_large_download_passes_in_constant_memory_to_a_slow_reader() {
    const TOTAL: usize = 256 << 20;
    let backend = Backend::custom(|mut stream| {
        Client::new(stream.try_clone().unwrap()).head();
        stream
            .write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {TOTAL}\r\n\r\n").as_bytes())
            .unwrap();
        let piece = vec![b'y'; 1 << 20];
        for _ in 0..TOTAL / piece.len() {
            if stream.write_all(&piece).is_err() {
                return;
            }
        }
    });
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    client.write(request("GET", "/api", ""));
    assert!(client.head().starts_with("HTTP/1.1 200 "));
    std::thread::sleep(Duration::from_millis(300));
    let before = memory();
    let (mut total, mut piece) = (0, vec![0; 1 << 20]);
    while let Ok(count) = client.stream.read(&mut piece) {
        total += count;
        if count == 0 || total + 16384 >= TOTAL {
            break;
        }
    }
    assert!(total + 16384 >= TOTAL, "{total}");
    assert!(memory() - before < 32 * 1024);
}

#[test]
fn server_sent_events_are_passed_on_at_once() {
    let more = Arc::new(AtomicBool::new(true));
    let backend = events(more.clone(), SSE);
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    client.write(request("GET", "/api/events", ""));
    assert!(client.head().contains("text/event-stream"));
    // The stream never ends by itself: what is read here was not held back.
    assert!(client.fill());
    more.store(false, Ordering::SeqCst);
}

/// Rows: STR-1, STR-2
#[test]
fn an_event_stream_ends_with_its_token_and_the_reconnect_is_refused() {
    let backend = events(Arc::new(AtomicBool::new(true)), SSE);
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    client.write(request("GET", "/api/events", ""));
    assert!(client.head().contains("200 OK"));
    gateway.expire_token();
    let mut body = Vec::new();
    let _ = client.stream.read_to_end(&mut body);
    assert!(body.ends_with(b"0\r\n\r\n"), "it ends properly: a reader reconnects");
    assert_eq!(gateway.send(request("GET", "/api/events", "")).status, 401);
}

/// Rows: STR-1
#[test]
fn any_other_stream_is_cut_visibly_when_its_token_ends() {
    let backend = events(Arc::new(AtomicBool::new(true)), PLAIN);
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    client.write(request("GET", "/api/log", ""));
    assert!(client.head().contains("200 OK"));
    gateway.expire_token();
    let mut body = Vec::new();
    let _ = client.stream.read_to_end(&mut body);
    assert!(!body.is_empty() && !body.ends_with(b"0\r\n\r\n"), "it must not look whole");
}

/// Rows: STR-1
#[test]
fn a_revocation_ends_an_open_stream() {
    let backend = events(Arc::new(AtomicBool::new(true)), SSE);
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    client.write(request("GET", "/api/events", ""));
    assert!(client.head().contains("200 OK"));
    let token = phantom_core::BearerToken::parse(TOKEN.as_bytes()).unwrap();
    gateway.cache.revoke(gateway.cache.digest(token));
    let mut body = Vec::new();
    let _ = client.stream.read_to_end(&mut body);
    assert!(body.ends_with(b"0\r\n\r\n"));
}

/// Rows: STR-1
#[test]
fn an_upload_does_not_outlive_its_token() {
    let backend = Backend::custom(|mut stream| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    client.write(request("POST", "/api", "Content-Length: 1000000\r\n"));
    client.write("some of it");
    eventually("the backend has the request", || backend.connections() == 1);
    gateway.expire_token();
    let response = client.response();
    assert_eq!((response.status, response.closed), (401, true));
    assert!(response.head.contains("error=\"invalid_token\""), "{}", response.head);
}

/// Rows: PITFALL-40
#[test]
fn a_stream_without_traffic_ends_with_its_token_too() {
    let backend = Backend::custom(|mut stream| {
        Client::new(stream.try_clone().unwrap()).head();
        stream.write_all(SSE.as_bytes()).unwrap();
        let _ = stream.read(&mut [0]);
    });
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    client.write(request("GET", "/api/events", ""));
    assert!(client.head().contains("200 OK"));
    gateway.expire_token();
    let mut body = Vec::new();
    let _ = client.stream.read_to_end(&mut body);
    assert_eq!(body, b"0\r\n\r\n");
}

#[test]
fn an_answer_before_the_end_of_the_request_reaches_the_client() {
    let backend = Backend::custom(|mut stream| {
        Client::new(stream.try_clone().unwrap()).head();
        stream
            .write_all(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
            .unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    client.write(request("POST", "/api", "Content-Length: 1000000\r\n"));
    client.write(vec![b'x'; 1000]);
    let response = client.response();
    assert_eq!((response.status, response.text(), response.closed), (413, "big", true));
}

#[test]
fn a_body_that_a_backend_breaks_off_does_not_look_whole() {
    for head in ["Content-Length: 100", "Transfer-Encoding: chunked"] {
        let backend = Backend::custom(move |mut stream| {
            Client::new(stream.try_clone().unwrap()).head();
            stream
                .write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n5\r\nhello").as_bytes())
                .unwrap();
            // Long enough for the head to be passed on.
            std::thread::sleep(Duration::from_millis(200));
        });
        let gateway = Setup::new(backend.address).start();
        let mut client = gateway.connect();
        client.write(request("GET", "/api", ""));
        assert!(client.head().contains("200 OK"));
        let mut body = Vec::new();
        let _ = client.stream.read_to_end(&mut body);
        assert!(!body.ends_with(b"0\r\n\r\n") && body.len() < 100, "{head}");
    }
}

#[test]
fn a_backend_that_breaks_off_before_the_client_saw_anything_is_a_bad_gateway() {
    let backend = Backend::start(|_| b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nxx".to_vec());
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    client.write("GET / HTTP/1.1\r\nHost: h\r\nX-Close: 1\r\n\r\n");
    assert!(client.head().contains("200 OK"), "the connection is open: more may come");
    let cut = Backend::custom(|mut stream| {
        Client::new(stream.try_clone().unwrap()).head();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nxx").unwrap();
    });
    let gateway = Setup::new(cut.address).start();
    let statuses: Vec<u16> =
        (0..20).map(|_| gateway.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").status).collect();
    assert!(statuses.contains(&502), "cut and close come together nearly always: {statuses:?}");
}

#[test]
fn a_client_that_hangs_up_frees_its_backend() {
    let freed = Arc::new(AtomicBool::new(false));
    let seen = freed.clone();
    let backend = Backend::custom(move |mut stream| {
        Client::new(stream.try_clone().unwrap()).head();
        seen.store(matches!(stream.read(&mut [0]), Ok(0) | Err(_)), Ordering::SeqCst);
    });
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    client.write(request("GET", "/api", ""));
    eventually("the backend has the request", || backend.connections() == 1);
    drop(client);
    eventually("the backend's connection is closed", || freed.load(Ordering::SeqCst));
}

#[test]
fn requests_and_answers_stream_at_the_same_time() {
    let backend = Backend::custom(|mut stream| {
        let mut client = Client::new(stream.try_clone().unwrap());
        client.head();
        stream.write_all(PLAIN.as_bytes()).unwrap();
        // Echoes each chunk as it comes: only a proxy that streams both ways gets through this.
        let mut piece = [0; 1024];
        while let Ok(count) = stream.read(&mut piece) {
            if count == 0
                || stream.write_all(&piece[..count]).is_err()
                || piece[..count].ends_with(b"0\r\n\r\n")
            {
                return;
            }
        }
    });
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    client.write(request("POST", "/api", "Transfer-Encoding: chunked\r\n"));
    assert!(client.head().contains("200 OK"));
    for _ in 0..3 {
        client.write("3\r\nabc\r\n");
        let mut echo = [0; 8];
        read_exactly(&mut client.stream, &mut echo);
        assert_eq!(&echo, b"3\r\nabc\r\n");
    }
    client.write("0\r\n\r\n");
    assert!(client.fill());
}

fn read_exactly(stream: &mut TcpStream, into: &mut [u8]) {
    stream.read_exact(into).unwrap();
}
