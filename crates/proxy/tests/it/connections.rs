//! Connections: kept, pipelined, bounded, timed out, drained; never shared between clients.

use std::io::Read;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use phantom_proxy::Limits;
use phantom_telemetry::AccessLog;
use phantom_telemetry::access_log::LogFormat;

use crate::harness::*;
use crate::lines::Lines;

const GET: &str = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

#[test]
fn connections_are_kept_on_both_sides() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    for _ in 0..10 {
        client.write(GET);
        assert_eq!(client.response().text(), "ok");
    }
    assert_eq!((backend.seen().len(), backend.connections()), (10, 1));
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let backend = Backend::start(|request| ok(request.split(' ').nth(1).unwrap()));
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    let requests: String =
        (0..20).map(|n| format!("GET /{n} HTTP/1.1\r\nHost: h\r\n\r\n")).collect();
    client.write(requests);
    for n in 0..20 {
        assert_eq!(client.response().text(), format!("/{n}"));
    }
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    for byte in
        b"POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    {
        client.write([*byte]);
    }
    assert_eq!(client.response().status, 200);
    assert_eq!(backend.only().body, "abc");
}

#[test]
fn one_clients_state_never_shows_at_another() {
    // The backend answers with the token it was sent, so a mix-up would show.
    let backend = Backend::start(|request| {
        let credential =
            request.lines().find(|line| line.starts_with("authorization")).unwrap_or("none");
        ok(credential)
    });
    let gateway = Setup::new(backend.address).start();
    let signed_in =
        format!("GET /api HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
    let (mut alice, mut stranger) = (gateway.connect(), gateway.connect());
    for _ in 0..20 {
        alice.write(&signed_in);
        assert_eq!(alice.response().text(), format!("authorization: Bearer {JWT}"));
        stranger.write(GET);
        assert_eq!(stranger.response().text(), "none");
        alice.write(GET);
        assert_eq!(alice.response().text(), "none", "nor at her own next request");
    }
    assert_eq!(backend.connections(), 1, "all went over one kept connection");
}

#[test]
fn http_1_0_is_served_and_closed_unless_asked_to_keep() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    let response = gateway.send("GET /x HTTP/1.0\r\n\r\n");
    assert_eq!((response.status, response.closed), (200, true));
    let mut client = gateway.connect();
    for _ in 0..2 {
        client.write("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        assert_eq!(client.response().field("connection"), Some("keep-alive"));
    }
}

#[test]
fn a_head_that_drips_is_cut_off_at_its_deadline() {
    let backend = Backend::ok();
    let limits = limits(|limits| limits.header_timeout = Duration::from_millis(300));
    let gateway = Setup { limits, ..Setup::new(backend.address) }.start();
    let mut client = gateway.connect();
    client.write("GET / HTTP/1.1\r\n");
    let writing = client.stream.try_clone().unwrap();
    std::thread::spawn(move || {
        let mut writing = writing;
        // Every byte comes well within any per-read timeout.
        while writing.write_all(b"a").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let response = client.response();
    assert_eq!((response.status, response.closed), (408, true));
}

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    let backend = Backend::ok();
    let limits = limits(|limits| limits.keep_alive_timeout = Duration::from_millis(200));
    let gateway = Setup { limits, ..Setup::new(backend.address) }.start();
    let mut client = gateway.connect();
    client.write(GET);
    assert_eq!(client.response().status, 200);
    assert!(client.is_closed());
}

#[test]
fn a_request_body_that_stalls_is_given_up() {
    let backend = Backend::ok();
    let limits = limits(|limits| limits.body_idle_timeout = Duration::from_millis(300));
    let gateway = Setup { limits, ..Setup::new(backend.address) }.start();
    let response = gateway.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    assert_eq!((response.status, response.closed), (408, true));
}

#[test]
fn a_client_that_does_not_take_its_answer_is_given_up() {
    let freed = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = freed.clone();
    let backend = Backend::custom(move |mut stream| {
        Client::new(stream.try_clone().unwrap()).head();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
        while stream.write_all(&[0; 65536]).is_ok() {}
        seen.store(true, std::sync::atomic::Ordering::SeqCst);
    });
    let limits = limits(|limits| limits.body_idle_timeout = Duration::from_millis(300));
    let gateway = Setup { limits, ..Setup::new(backend.address) }.start();
    let mut client = gateway.connect();
    client.write(GET);
    assert!(client.head().contains("200 OK"));
    eventually("the backend's connection is closed", || {
        freed.load(std::sync::atomic::Ordering::SeqCst)
    });
}

#[test]
fn a_backend_that_never_answers_is_a_gateway_timeout() {
    let backend = Backend::custom(|mut stream| {
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.read(&mut [0; 1024]);
    });
    let limits = limits(|limits| limits.upstream_idle_timeout = Duration::from_millis(300));
    let gateway = Setup { limits, ..Setup::new(backend.address) }.start();
    assert_eq!(gateway.send(GET).status, 504);
}

#[test]
fn connections_over_the_limit_wait_while_those_that_are_open_are_busy() {
    let backend = Backend::start(|request| {
        if request.starts_with("GET /slow ") {
            std::thread::sleep(Duration::from_millis(600));
        }
        ok("ok")
    });
    let limits = limits(|limits| limits.max_connections = 2);
    let gateway = Setup { limits, ..Setup::new(backend.address) }.start();
    let (mut first, mut second) = (gateway.connect(), gateway.connect());
    for client in [&mut first, &mut second] {
        client.write("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    eventually("both are busy", || backend.seen().len() == 2);
    let mut third = gateway.connect();
    third.write(GET);
    third.stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(third.stream.read(&mut [0; 1]).is_err(), "not served while two are busy");
    third.stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert_eq!(first.response().status, 200);
    assert_eq!(third.response().status, 200, "its place is that of one that became idle");
    assert_eq!(second.response().status, 200);
}

#[test]
fn at_the_limit_the_longest_idle_connection_is_closed_for_a_new_one() {
    let backend = Backend::ok();
    let limits = limits(|limits| limits.max_connections = 3);
    let gateway = Setup { limits, ..Setup::new(backend.address) }.start();
    let mut clients: Vec<_> = (0..3).map(|_| gateway.connect()).collect();
    for client in &mut clients {
        client.write(GET);
        assert_eq!(client.response().status, 200);
        // The coarse clock tells them apart.
        std::thread::sleep(Duration::from_millis(250));
    }
    assert_eq!(gateway.send(GET).status, 200);
    assert!(clients[0].is_closed());
    for client in &mut clients[1..] {
        client.write(GET);
        assert_eq!(client.response().status, 200, "the others stay");
    }
}

#[test]
fn connections_that_say_nothing_or_never_end_a_head_do_not_keep_others_out() {
    let backend = Backend::ok();
    let limits = limits(|limits| limits.max_connections = 20);
    let gateway = Setup { limits, ..Setup::new(backend.address) }.start();
    for start in ["", "GET / HT"] {
        let holders: Vec<_> = (0..60)
            .map(|_| {
                let mut client = gateway.connect();
                client.write(start);
                client
            })
            .collect();
        for _ in 0..5 {
            assert_eq!(gateway.send(GET).status, 200, "{start:?}");
        }
        drop(holders);
    }
}

#[test]
fn clients_that_never_read_their_answers_do_not_keep_others_out() {
    let backend = Backend::start(|request| {
        ok(&"x".repeat(if request.starts_with("GET /large ") { 16 << 20 } else { 2 }))
    });
    let limits = limits(|limits| limits.max_connections = 8);
    let gateway = Setup { limits, ..Setup::new(backend.address) }.start();
    let holders: Vec<_> = (0..8)
        .map(|_| {
            let mut client = gateway.connect();
            client.write("GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
            client
        })
        .collect();
    eventually("all have asked", || backend.seen().len() == 8);
    for _ in 0..8 {
        assert_eq!(gateway.send(GET).status, 200);
    }
    let metrics = gateway.metrics();
    let slow = metrics.lines().find(|line| line.contains("slow_at_limit")).unwrap();
    assert!(!slow.ends_with(" 0"), "{metrics}");
    assert!(metrics.contains("phantom_connections_limit 8\n"), "{metrics}");
    let held = metrics.lines().find(|line| line.contains("connections_held")).is_some();
    assert!(held, "{metrics}");
    drop(holders);
}

#[test]
fn a_source_has_no_more_connections_than_it_may() {
    let backend = Backend::ok();
    let limits = limits(|limits| {
        limits.max_connections_per_source = 3;
        // One that says nothing is not closed for that.
        limits.header_timeout = Duration::from_secs(60);
    });
    let gateway = Setup { limits: limits.clone(), ..Setup::new(backend.address) }.start();
    let mut clients: Vec<_> = (0..3).map(|_| gateway.connect()).collect();
    for client in &mut clients {
        client.write(GET);
        assert_eq!(client.response().status, 200);
    }
    assert!(gateway.connect().is_closed());
    clients.pop();
    eventually("its place is free again", || {
        let mut client = gateway.connect();
        client.write(GET);
        client.fill()
    });
    // Behind a proxy that is trusted, all come from one address.
    let trusting =
        Setup { limits, trusted_proxies: vec!["127.0.0.1/32"], ..Setup::new(backend.address) };
    let gateway = trusting.start();
    let mut clients: Vec<_> = (0..6).map(|_| gateway.connect()).collect();
    for client in &mut clients {
        client.write(GET);
        assert_eq!(client.response().status, 200);
    }
}

#[test]
fn at_shutdown_open_requests_end_and_idle_connections_close() {
    let backend = Backend::start(|_| {
        std::thread::sleep(Duration::from_millis(300));
        ok("slow")
    });
    let mut gateway = Setup::new(backend.address).start();
    let (mut idle, mut busy) = (gateway.connect(), gateway.connect());
    busy.write(GET);
    eventually("the request is at the backend", || backend.seen().len() == 1);
    gateway.stop();
    let response = busy.response();
    assert_eq!((response.text(), response.closed), ("slow", true));
    assert!(idle.is_closed());
    assert!(std::net::TcpStream::connect(gateway.address).is_err(), "nothing listens any more");
}

#[test]
fn the_drain_timeout_bounds_the_shutdown() {
    let backend = Backend::custom(|mut stream| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let setup = Setup { drain: Duration::from_millis(200), ..Setup::new(backend.address) };
    let mut gateway = setup.start();
    let mut client = gateway.connect();
    client.write(GET);
    eventually("the request is at the backend", || backend.connections() == 1);
    gateway.stop();
    assert!(client.is_closed());
}

/// The line of the access log of a request that stands so when the gateway ends.
fn cut(backend: &Backend, stands: impl FnOnce(&mut Client)) -> serde_json::Value {
    let lines = Lines::default();
    let access_log = Some(AccessLog::start(LogFormat::Json, lines.clone()).unwrap());
    let drain = Duration::from_millis(200);
    let mut gateway = Setup { drain, access_log, ..Setup::new(backend.address) }.start();
    let mut client = gateway.connect();
    client.write(GET);
    stands(&mut client);
    gateway.stop();
    serde_json::from_str(&lines.text()).unwrap()
}

#[test]
fn a_request_that_the_end_of_the_gateway_cuts_is_in_the_access_log() {
    let backend = Backend::custom(|mut stream| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let line = cut(&backend, |_| {
        eventually("the request is at the backend", || backend.connections() == 1);
    });
    assert_eq!((line["status"].as_u64(), line["error"].as_str()), (Some(0), Some("stopped")));
}

#[test]
fn an_answer_that_the_end_of_the_gateway_cuts_is_counted_as_far_as_it_came() {
    let backend = Backend::custom(|mut stream| {
        let part = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome of it";
        stream.write_all(part).unwrap();
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let line = cut(&backend, |client| {
        let mut came = Vec::new();
        while !came.ends_with(b"some of it") {
            let mut piece = [0; 1024];
            let length = client.stream.read(&mut piece).unwrap();
            assert!(length > 0, "{came:?}");
            came.extend_from_slice(&piece[..length]);
        }
    });
    let said = (line["status"].as_u64(), line["bytes"].as_u64(), line["error"].as_str());
    assert_eq!(said, (Some(200), Some(10), Some("stopped")));
}

#[test]
fn a_request_refused_while_its_head_is_read_is_in_the_access_log_with_its_line_and_the_cause() {
    let long = format!("/{}", "a".repeat(9000));
    let field = format!("X-Long: {}\r\n", "a".repeat(70_000));
    for (method, target, fields, path, status, detail) in [
        ("GET", "/api/../b?q=secret", "", "/api/../b", 400, "segment"),
        ("GET", "//api", "", "//api", 400, "segment"),
        ("GET", "/api%2f", "", "/api%2f", 400, "path"),
        ("GET", &*long, "", "/aaaa", 414, "target"),
        ("PUT", "/api", &*field, "/api", 431, "header section"),
        ("TRACE", "/api", "", "/api", 501, "TRACE"),
        (
            "POST",
            "/api",
            "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            "/api",
            400,
            "both",
        ),
    ] {
        let lines = Lines::default();
        let access_log = Some(AccessLog::start(LogFormat::Json, lines.clone()).unwrap());
        let mut gateway = Setup { access_log, ..Setup::new(Backend::ok().address) }.start();
        let told = gateway.send(format!("{method} {target} HTTP/1.1\r\nHost: h\r\n{fields}\r\n"));
        assert_eq!(told.status, status, "{method} {path}");
        gateway.stop();
        let line: serde_json::Value = serde_json::from_str(&lines.text()).unwrap();
        assert_eq!(line["method"], method, "{line}");
        assert!(line["path"].as_str().unwrap().starts_with(path), "{line}");
        assert_eq!(line["status"], status, "{line}");
        assert_eq!(line["error"], "bad_request", "{line}");
        let said = line["detail"].as_str().unwrap_or_default();
        assert!(said.contains(detail), "{detail:?} is not in {line}");
        assert!(!lines.text().contains("secret"), "{line}");
    }
}

#[test]
fn the_access_log_tells_what_happened_and_no_secret() {
    for format in [LogFormat::Json, LogFormat::Text] {
        let lines = Lines::default();
        let backend = Backend::ok();
        let access_log = Some(AccessLog::start(format, lines.clone()).unwrap());
        let mut gateway = Setup { access_log, ..Setup::new(backend.address) }.start();
        let trace = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
        gateway.send(format!("GET /api/a?access_token=qsecret&q=qvalue HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n{trace}\r\n"));
        gateway
            .send("GET /api/b HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer unknown-token\r\n\r\n");
        gateway.send("GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n");
        gateway.stop();
        let text = lines.text();
        assert_eq!(text.lines().count(), 3, "{text}");
        for expected in [
            "/api/a",
            "0af7651916cd43dd8448eb211c80319c",
            "curity",
            "token_inactive",
            "127.0.0.1",
            "401",
        ] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
        for secret in [TOKEN, JWT, "unknown-token", "qsecret", "qvalue", "alice"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert_eq!(backend.only().field("traceparent").unwrap().len(), 55, "passed on");
    }
}
