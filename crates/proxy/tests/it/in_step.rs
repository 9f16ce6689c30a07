//! RFC 9112 §9.3: whatever ends a request, what is left of its body is never read as the next one.

use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use crate::harness::*;

const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n";

/// A body that is nothing but requests.
fn requests(size: usize) -> Vec<u8> {
    HIDDEN.bytes().cycle().take(size / HIDDEN.len() * HIDDEN.len()).collect()
}

/// Answers the head at once and resets, with all of the body unread.
fn answers_and_resets(after: usize) -> Backend {
    Backend::recording(move |mut stream, head| {
        if !head.starts_with("POST ") {
            let _ = stream.write_all(&ok("hidden"));
            return;
        }
        let mut taken = vec![0; after];
        let _ = stream.read_exact(&mut taken);
        let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
        let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    })
}

/// All that comes back on a connection until it ends, or until there is a second answer.
fn answers_on(mut stream: &TcpStream) -> String {
    let (mut all, mut piece) = (String::new(), [0; 4096]);
    while count_answers(&all) < 2 {
        match stream.read(&mut piece) {
            Ok(count) if count > 0 => all += &String::from_utf8_lossy(&piece[..count]),
            _ => break,
        }
    }
    if count_answers(&all) > 1 {
        // There may be thousands. Whoever sends still is let go.
        let _ = stream.shutdown(std::net::Shutdown::Both);
    }
    all
}

fn count_answers(all: &str) -> usize {
    all.matches("HTTP/1.1 ").count() - all.matches("HTTP/1.1 100 ").count()
}

/// Sends a request whose body hides others. At most one answer may come back, and a backend may see
/// none of what was hidden.
fn has_one_answer_at_most(gateway: &Gateway, backend: &Backend, head: &str, body: &[u8]) {
    let mut client = gateway.connect();
    let mut writer = client.stream.try_clone().unwrap();
    client.write(head);
    let body = body.to_vec();
    let sending = std::thread::spawn(move || {
        let _ = writer.write_all(&body);
        let _ = writer.shutdown(std::net::Shutdown::Write);
    });
    let answers = answers_on(&client.stream);
    sending.join().unwrap();
    assert!(count_answers(&answers) <= 1, "{head:?}: {answers:?}");
    let hidden = backend.seen().iter().filter(|seen| seen.contains("/hidden")).count();
    assert_eq!(hidden, 0, "{head:?}: a hidden request reached the backend");
}

#[test]
fn an_early_answer_and_a_reset_leave_no_body_to_be_read_as_requests() {
    let body = requests(2_600_000);
    for after in [0, 1, 60_000, 1_000_000] {
        let backend = answers_and_resets(after);
        let gateway = Setup::new(backend.address).start();
        for _ in 0..6 {
            let head =
                format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", body.len());
            has_one_answer_at_most(&gateway, &backend, &head, &body);
            let chunk = format!("{:x}\r\n", body.len());
            let chunked = [chunk.as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
            let head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
            has_one_answer_at_most(&gateway, &backend, head, &chunked);
        }
    }
}

#[test]
fn an_early_answer_on_a_connection_that_stays_open_leaves_none_either() {
    let backend = Backend::recording(|mut stream, head| {
        let answer = if head.starts_with("POST ") { "early" } else { "hidden" };
        let _ = stream.write_all(&ok(answer));
        std::thread::sleep(Duration::from_millis(300));
    });
    let gateway = Setup::new(backend.address).start();
    // More than lies between the two ends: else it may have been sent whole.
    let body = requests(16 << 20);
    let head = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", body.len());
    for _ in 0..4 {
        has_one_answer_at_most(&gateway, &backend, &head, &body);
    }
}

#[test]
fn answers_of_our_own_leave_none() {
    let backend = Backend::recording(|mut stream, _| {
        let _ = stream.write_all(&ok("hidden"));
    });
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("index.html"), "a file").unwrap();
    let files =
        phantom_pipeline::Target::Directory(directory.path().canonicalize().unwrap().into());
    let gateway = Setup::with_routes(vec![
        route("api", "/api", target(backend.address, "/api"), protected()),
        route("gone", "/gone", target(gone, ""), phantom_core::Access::Public),
        route("files", "/files", files, phantom_core::Access::Public),
        route("open", "/", target(backend.address, ""), phantom_core::Access::Public),
    ])
    .start();
    // Refused, nowhere to be sent, a file, no such file; within what is drained and beyond it.
    for path in ["/api", "/gone", "/files/index.html", "/files/none", "/files/../x"] {
        for size in [60, 60_000, 2_600_000] {
            let body = requests(size);
            for expect in ["", "Expect: 100-continue\r\n"] {
                let head = format!(
                    "POST {path} HTTP/1.1\r\nHost: h\r\n{expect}Content-Length: {}\r\n\r\n",
                    body.len()
                );
                has_one_answer_at_most(&gateway, &backend, &head, &body);
            }
        }
    }
}

#[test]
fn a_body_that_was_read_to_its_end_lets_the_connection_go_on() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    for _ in 0..3 {
        client.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
        assert_eq!(client.response().status, 200);
        client.write("POST /api HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
        assert_eq!(client.response().status, 401);
        client.write(
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        );
        assert_eq!(client.response().status, 200);
    }
    assert_eq!(backend.seen().len(), 6);
}

/// The first connection answers so at once, and whatever else comes on it with what is not for it. The
/// client of the next request gets an answer of its own, over a connection of its own.
fn serves_nobody_else(first: &'static str, request: &str) {
    let backend = Backend::recording(move |mut stream, head| {
        if head.starts_with("GET /mine ") {
            let _ = stream.write_all(&ok("mine"));
            return;
        }
        let _ = stream.write_all(first.as_bytes());
        let mut more = [0; 1024];
        while stream.read(&mut more).is_ok_and(|count| count > 0) {
            let _ = stream.write_all(&ok("stolen"));
        }
    });
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    client.write(request);
    assert_eq!(client.response().text(), "a");
    let other = gateway.send("GET /mine HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(other.text(), "mine", "{request:?}");
    assert_eq!(backend.connections(), 2);
}

#[test]
fn a_backend_connection_with_a_request_unsent_serves_nobody_else() {
    let early = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
    for body in ["", "a part of it"] {
        let head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n";
        serves_nobody_else(early, &format!("{head}{body}"));
        let head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
        serves_nobody_else(early, &format!("{head}ffff\r\n{body}"));
    }
}

#[test]
fn a_backend_connection_with_an_answer_unread_serves_nobody_else() {
    let more = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen";
    serves_nobody_else(more, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
}

#[test]
fn what_is_left_of_a_body_is_thrown_away_in_constant_memory() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    // One piece of the body comes with the head, so that the rest of the buffer is in use.
    client.write("POST /api HTTP/1.1\r\nHost: h\r\nContent-Length: 900000000\r\n\r\nabc");
    let piece = vec![b'x'; 1 << 20];
    let before = resident();
    let until = std::time::Instant::now() + Duration::from_secs(1);
    let mut stream = client.stream.try_clone().unwrap();
    while std::time::Instant::now() < until {
        stream.write_all(&piece).expect("what comes is thrown away");
    }
    assert!(resident() < before + 32 * 1024, "{} -> {} KiB", before, resident());
    assert_eq!(gateway.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").status, 200);
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
