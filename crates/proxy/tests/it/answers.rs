//! What backends answer: early, late, in pieces, in odd versions, and more of it than is taken.

use std::io::Read;
use std::io::Write;
use std::time::Duration;

use crate::harness::*;

const GET: &str = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";

fn answering(answer: impl Into<Vec<u8>>) -> Backend {
    let answer = answer.into();
    Backend::start(move |_| answer.clone())
}

#[test]
fn a_backend_that_is_slow_to_read_has_its_own_patience_not_the_clients() {
    let backend = Backend::custom(|mut stream| {
        // Longer than the client's time-out, shorter than the backend's.
        std::thread::sleep(Duration::from_millis(1200));
        let (mut got, mut piece) = (0, vec![0; 1 << 20]);
        while got < 16 << 20 {
            match stream.read(&mut piece) {
                Ok(count) if count > 0 => got += count,
                _ => return,
            }
        }
        let _ = stream.write_all(&ok("taken"));
        let _ = stream.read(&mut piece);
    });
    let mut setup = Setup::new(backend.address);
    setup.limits.body_idle_timeout = Duration::from_millis(400);
    setup.limits.upstream_idle_timeout = Duration::from_secs(10);
    let gateway = setup.start();
    let mut client = gateway.connect();
    let length = 16 << 20;
    client.write(format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n"));
    client.write(vec![b'x'; length]);
    let response = client.response();
    assert_eq!((response.status, response.text()), (200, "taken"));
}

#[test]
fn a_client_that_is_slow_to_send_has_the_clients_patience() {
    let backend = Backend::custom(|mut stream| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let mut setup = Setup::new(backend.address);
    setup.limits.body_idle_timeout = Duration::from_millis(300);
    let gateway = setup.start();
    let response = gateway.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
    assert_eq!((response.status, response.closed), (408, true));
}

#[test]
fn chunk_sizes_of_sixteen_digits_pass() {
    let backend = answering(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0000000000000003\r\nabc\r\n0000000000000000\r\n\r\n",
    );
    let gateway = Setup::new(backend.address).start();
    assert_eq!(gateway.send(GET).text(), "abc");
    let post = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0000000000000003\r\nabc\r\n0\r\n\r\n";
    assert_eq!(gateway.send(post).status, 200);
}

#[test]
fn an_answer_of_a_later_minor_version_is_read_as_http_1_1() {
    let backend = answering("HTTP/1.2 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok");
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    for _ in 0..2 {
        client.write(GET);
        let response = client.response();
        assert_eq!((response.text(), response.field("x-a")), ("ok", Some("b")));
        assert!(response.head.starts_with("HTTP/1.1 200 "));
    }
    assert_eq!(backend.connections(), 1, "and its connection is kept");
}

#[test]
fn the_limits_of_an_answers_head_are_settings_and_say_so_where_they_are_passed() {
    let fields = |count: usize| -> String { (0..count).map(|n| format!("X-{n}: y\r\n")).collect() };
    let head = format!("HTTP/1.1 200 OK\r\n{}Content-Length: 2\r\n\r\nok", fields(199));
    let backend = answering(head);
    let refused = Setup::new(backend.address).start().send(GET);
    assert_eq!(refused.status, 502);
    assert!(refused.text().contains("more header fields than this gateway takes"), "{refused:?}");
    let mut setup = Setup::new(backend.address);
    setup.limits.max_response_fields = 200;
    let gateway = setup.start();
    let taken = gateway.send(GET);
    assert_eq!((taken.status, taken.field("x-198")), (200, Some("y")));

    let large = answering(format!(
        "HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 2\r\n\r\nok",
        "y".repeat(100_000)
    ));
    let refused = Setup::new(large.address).start().send(GET);
    assert_eq!(refused.status, 502);
    assert!(refused.text().contains("larger head than this gateway takes"), "{refused:?}");
    let mut setup = Setup::new(large.address);
    setup.limits.max_response_header_bytes = 200_000;
    assert_eq!(setup.start().send(GET).status, 200);
    // Fewer than there is room for, too.
    let mut setup = Setup::new(backend.address);
    setup.limits.max_response_fields = 20;
    assert_eq!(setup.start().send(GET).status, 502);
}

#[test]
fn a_connection_that_its_backend_keeps_for_a_while_is_used_no_longer() {
    // The backend says 1 s and means it: a request after that would be lost.
    let backend =
        answering("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok");
    let gateway = Setup::new(backend.address).start();
    for expected in [1, 1] {
        assert_eq!(gateway.send(GET).status, 200);
        assert_eq!(backend.connections(), expected);
    }
    std::thread::sleep(Duration::from_millis(800));
    assert_eq!(gateway.send(GET).status, 200);
    assert_eq!(backend.connections(), 2);
    let never =
        answering("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=0\r\nContent-Length: 2\r\n\r\nok");
    let gateway = Setup::new(never.address).start();
    assert_eq!((gateway.send(GET).status, gateway.send(GET).status), (200, 200));
    assert_eq!(never.connections(), 2);
}

#[test]
fn interim_answers_are_passed_on_and_bounded() {
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nConnection: x\r\nX: hop\r\n\r\n";
    let backend = answering(
        [b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), hints.as_bytes().to_vec(), ok("ok")].concat(),
    );
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    client.write(GET);
    let interim = client.head();
    assert!(interim.starts_with("HTTP/1.1 103 "), "{interim}");
    assert!(interim.contains("Link: </a.css>; rel=preload\r\n"));
    assert!(!interim.contains("hop"), "what is for one hop stays: {interim}");
    assert_eq!(client.response().text(), "ok");
    // HTTP/1.0 knows no interim answers.
    let old = gateway.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(old.status, 200);

    let flood = answering([hints.repeat(100).into_bytes(), ok("late")].concat());
    let gateway = Setup::new(flood.address).start();
    assert_eq!(gateway.send(GET).status, 502);
    let endless = Backend::custom(move |mut stream| {
        Client::new(stream.try_clone().unwrap()).head();
        while stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").is_ok() {}
    });
    let gateway = Setup::new(endless.address).start();
    assert_eq!(gateway.send(GET).status, 502);
}

#[test]
fn a_part_of_an_answer_to_http_1_0_ends_in_a_reset() {
    // There the connection's end is the body's: a proper one would make the part look whole.
    let backend = Backend::custom(|mut stream| {
        Client::new(stream.try_clone().unwrap()).head();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            .unwrap();
        std::thread::sleep(Duration::from_millis(200));
    });
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    client.write("GET / HTTP/1.0\r\nHost: h\r\n\r\n");
    assert!(client.head().contains("200 OK"));
    let mut body = Vec::new();
    let ended = client.stream.read_to_end(&mut body).map_err(|error| error.kind());
    assert_eq!(ended, Err(std::io::ErrorKind::ConnectionReset), "{body:?}");
}

#[test]
fn what_came_of_an_answer_that_broke_off_reaches_a_slow_client() {
    let (stuck, at) = std::sync::mpsc::channel();
    let backend = Backend::custom(move |mut stream| {
        Client::new(stream.try_clone().unwrap()).head();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 90000000\r\n\r\n").unwrap();
        // Until nothing more goes out: the last of it and the end then arrive together.
        stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
        let (mut sent, piece) = (0, vec![b'x'; 64 << 10]);
        while let Ok(count) = stream.write(&piece) {
            sent += count;
        }
        drop(stream);
        stuck.send(sent).unwrap();
    });
    let gateway = Setup::new(backend.address).start();
    // Three times: once in forty all of it had gone out just before the end.
    for _ in 0..3 {
        let mut client = gateway.connect();
        client.write(GET);
        let sent = at.recv_timeout(Duration::from_secs(20)).unwrap();
        let (mut came, mut piece) = (Vec::new(), vec![0; 16 << 10]);
        while let Ok(count @ 1..) = client.stream.read(&mut piece) {
            came.extend_from_slice(&piece[..count]);
            std::thread::sleep(Duration::from_micros(500));
        }
        let head = find(&came, b"\r\n\r\n").unwrap() + 4;
        assert!(came.starts_with(b"HTTP/1.1 200 OK"));
        assert_eq!(came.len() - head, sent);
    }
}

#[test]
fn a_body_of_unknown_length_is_collected_where_a_backend_needs_its_length() {
    let backend = Backend::ok();
    let collecting = || {
        let mut open =
            route("open", "/", target(backend.address, ""), phantom_core::Access::Public);
        open.collect_body = Some(10);
        Setup::with_routes(vec![open]).start()
    };
    let gateway = collecting();
    let chunked = |body: &str| {
        format!("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{body}")
    };
    let mut client = gateway.connect();
    for _ in 0..2 {
        client.write(chunked("3\r\nabc\r\n3\r\ndef\r\n0\r\nX-T: dropped\r\n\r\n"));
        assert_eq!(client.response().status, 200);
    }
    let request = Request::new(&backend.seen()[1]);
    assert_eq!(request.field("content-length"), Some("6"));
    assert_eq!((request.field("transfer-encoding"), &*request.body), (None, "abcdef"));
    let refused = gateway.send(chunked("b\r\n01234567890\r\n0\r\n\r\n"));
    assert_eq!((refused.status, refused.closed), (413, true));
    assert_eq!(backend.seen().len(), 2);
    // A length that is known passes as it is, however large.
    let known =
        gateway.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\n\r\n012345678901");
    assert_eq!(known.status, 200);
}

#[test]
fn a_request_that_comes_back_to_its_gateway_is_508() {
    let backend = Backend::ok();
    // Its route leads to itself: the address is known before it is bound.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap();
    drop(listener);
    let mut setup = Setup::with_routes(vec![
        route("loop", "/loop", target(own, "/loop"), phantom_core::Access::Public),
        route("open", "/", target(backend.address, ""), phantom_core::Access::Public),
    ]);
    setup.listener.bind = own;
    let gateway = setup.start();
    let looped = gateway.send("GET /loop HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(looped.status, 508);
    assert!(looped.text().contains("leads back to it"), "{looped:?}");
    for (via, status) in [
        ("1.1 phantom", 508),
        ("1.0 fred, 2 PHANTOM (a comment, too)", 508),
        ("1.1 phantom-2", 200),
        ("phantom", 200),
        ("1.1 fred (phantom)", 200),
    ] {
        let response = gateway.send(format!("GET / HTTP/1.1\r\nHost: h\r\nVia: {via}\r\n\r\n"));
        assert_eq!(response.status, status, "{via}");
    }
}

#[test]
fn an_answer_without_a_date_gets_one_and_a_date_is_left_as_it_is() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let cases = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned(), None),
        (format!("HTTP/1.1 200 OK\r\ndate: {date}\r\nContent-Length: 0\r\n\r\n"), Some(date)),
        // One for this hop alone is not passed on.
        (format!("HTTP/1.1 204 No\r\nDate: {date}\r\nConnection: date\r\n\r\n"), None),
    ];
    for (answer, theirs) in cases {
        let backend = answering(answer.clone());
        let response =
            Setup::new(backend.address).start().send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
        let dates = response.head.to_ascii_lowercase().matches("\r\ndate: ").count();
        assert_eq!(dates, 1, "{answer}");
        let told = response.field("date").unwrap();
        assert!(
            theirs.map_or(told.ends_with(" GMT") && told != date, |date| told == date),
            "{told}"
        );
    }
}

#[test]
fn odd_but_lawful_answers_pass() {
    let cases = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", 200, "ok"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", 200, "ok"),
        ("HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok", 200, "ok"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: , Chunked,\r\n\r\n2;n=\"\u{e4}\"\r\nok\r\n0\r\n\r\n",
            200,
            "ok",
        ),
        (
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            200,
            "ok",
        ),
        ("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, "ok"),
        ("\r\nHTTP/1.1 200 OK\nContent-Length: 2\nX-Empty:\n\nok", 200, "ok"),
        ("HTTP/1.1 299 Fine with \u{e4}\r\nContent-Length: 2\r\n\r\nok", 299, "ok"),
        ("HTTP/1.1 799 Odd\r\nContent-Length: 2\r\n\r\nok", 799, "ok"),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n", 304, ""),
    ];
    for (answer, status, body) in cases {
        let backend = answering(answer);
        let gateway = Setup::new(backend.address).start();
        let mut client = gateway.connect();
        for _ in 0..2 {
            client.write("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
            let response = client.response();
            assert_eq!((response.status, response.text()), (status, body), "{answer}");
            let lengths = response.head.matches("content-length: 2\r\n").count();
            let chunked = response.field("transfer-encoding").is_some();
            assert_eq!(
                lengths,
                usize::from(status != 304 && !chunked),
                "{answer} {}",
                response.head
            );
        }
    }
    for answer in ["HTTP/1.1 099 Low\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nok"]
    {
        let backend = answering(answer);
        let response =
            Setup::new(backend.address).start().send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(response.status, 502, "{answer}");
    }
}

#[test]
fn a_token_in_the_query_makes_the_answer_private_and_weakens_nothing_that_the_backend_says() {
    let cases = [
        (None, "private"),
        (Some("no-store"), "no-store, private"),
        (Some("no-cache, must-revalidate"), "no-cache, must-revalidate, private"),
        (Some("public, max-age=60, s-maxage=600"), "max-age=60, private"),
        (Some("PRIVATE, max-age=60"), "max-age=60, private"),
        (
            Some("private=\"a, public\", no-cache=\"b\""),
            "private=\"a, public\", no-cache=\"b\", private",
        ),
    ];
    for (theirs, expected) in cases {
        let line = theirs.map_or(String::new(), |theirs| format!("Cache-Control: {theirs}\r\n"));
        let backend = answering(format!("HTTP/1.1 200 OK\r\n{line}Content-Length: 2\r\n\r\nok"));
        let mut api = route("api", "/api", target(backend.address, "/api"), protected());
        api.credentials.query = true;
        let gateway = Setup::with_routes(vec![api]).start();
        let response =
            gateway.send(format!("GET /api?access_token={TOKEN} HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert_eq!(response.field("cache-control"), Some(expected));
        assert_eq!(response.head.to_ascii_lowercase().matches("cache-control").count(), 1);
    }
}
