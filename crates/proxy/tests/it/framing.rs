//! RFC 9112 on the wire: what is refused, and that it is refused before a backend hears of it.

use crate::harness::*;

fn refused(request: &str) -> Response {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    let response = gateway.send(request);
    assert!(backend.seen().is_empty(), "{request:?} reached the backend: {:?}", backend.seen());
    response
}

fn is_refused_and_closed(request: &str, status: u16) {
    let response = refused(request);
    assert_eq!((response.status, response.closed), (status, true), "{request:?} {response:?}");
}

/// Rows: HTP-3
#[test]
fn transfer_encoding_with_content_length_is_refused_and_closed() {
    let smuggle = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n";
    is_refused_and_closed(smuggle, 400);
    let reversed = "POST / HTTP/1.1\r\nHost: h\r\ntransfer-encoding: chunked\r\ncontent-length: 0\r\n\r\n0\r\n\r\n";
    is_refused_and_closed(reversed, 400);
}

/// Rows: HTP-3
#[test]
fn other_codings_and_odd_lengths_are_refused_and_closed() {
    let fields = [
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding:",
        "Content-Length: 1\r\nContent-Length: 2",
        "Content-Length: 1\r\nContent-Length: 1",
        "Content-Length: 1, 1",
        "Content-Length: +1",
        "Content-Length: -1",
        "Content-Length: 0x1",
        "Content-Length: 1 1",
        "Content-Length: ",
        "Content-Length: 99999999999999999999",
    ];
    for field in fields {
        is_refused_and_closed(&format!("POST / HTTP/1.1\r\nHost: h\r\n{field}\r\n\r\nx"), 400);
    }
    is_refused_and_closed(
        "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    );
}

/// Rows: HTP-4
#[test]
fn malformed_lines_are_refused_and_closed() {
    let heads = [
        "GET / HTTP/1.1\r\nHost : h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n\tA: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nA: 1\x002\r\n\r\n",
        "GET / HTTP/1.1\nHost: h\n\n",
        "GET / HTTP/1.1\r\nHost: h\nA: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n\n",
        "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /\tx HTTP/1.1\r\nHost: h\r\n\r\n",
        "G@T / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nB(d: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n: 1\r\n\r\n",
        "\u{16}\u{3}\u{1} not http at all\r\n\r\n",
    ];
    for head in heads {
        is_refused_and_closed(head, 400);
    }
    is_refused_and_closed("GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505);
}

/// Rows: HTP-5
#[test]
fn exactly_one_valid_host_and_absolute_form_replaces_it() {
    let hosts = [
        "",
        "Host: a\r\nHost: a\r\n",
        "Host: a b\r\n",
        "Host: a/b\r\n",
        "Host: u@a\r\n",
        "Host: a:b\r\n",
        "Host: [::1\r\n",
        "Host: a:123456\r\n",
        "Host: a,b\r\n",
    ];
    for host in hosts {
        is_refused_and_closed(&format!("GET / HTTP/1.1\r\n{host}\r\n"), 400);
    }
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    let response =
        gateway.send("GET http://right.example:81/p?q HTTP/1.1\r\nHost: wrong.example\r\n\r\n");
    assert_eq!(response.status, 200);
    let request = backend.only();
    assert_eq!(request.line, "GET /p?q HTTP/1.1");
    assert_eq!(request.field("x-forwarded-host"), Some("right.example:81"));
}

/// Rows: HTP-10
#[test]
fn trace_and_connect_are_refused() {
    is_refused_and_closed(
        "TRACE /api HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer _0XBPWQQ_good\r\n\r\n",
        501,
    );
    is_refused_and_closed("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", 501);
}

/// Rows: HTP-11
#[test]
fn a_path_with_a_second_spelling_is_refused() {
    let paths = [
        "/api/../x",
        "/api/./x",
        "/..",
        "/%2e%2e/api",
        "/api%2Fx",
        "/api%2fx",
        "/api%5Cx",
        "/api\\x",
        "//api",
        "/a//b",
        "/api;x",
        "/%61pi",
        "/api%00",
        "/api%",
        "/api%2",
        "/api%zz",
        "/api/%2E",
        "/a|b",
    ];
    for path in paths {
        is_refused_and_closed(&format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
    }
    is_refused_and_closed("GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400);
    is_refused_and_closed("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 400);
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    let path = "/a%20b/c%C3%A4/d+e:@!$&'()*,=~/?x=%2F../;";
    assert_eq!(gateway.send(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")).status, 200);
    assert_eq!(backend.only().line, format!("GET {path} HTTP/1.1"));
}

/// Rows: HTP-14
#[test]
fn a_refused_body_is_never_read_as_the_next_request() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    // Refused for want of a token; what follows is its body, not a request.
    let inner = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
    client.write(format!(
        "POST /api HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{inner}GET /next HTTP/1.1\r\nHost: h\r\n\r\n",
        inner.len()
    ));
    assert_eq!(client.response().status, 401);
    assert_eq!(client.response().status, 200);
    assert_eq!(backend.only().line, "GET /next HTTP/1.1");
}

/// Rows: HTP-14
#[test]
fn a_refused_large_body_closes_the_connection() {
    let response = refused("POST /api HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\nabc");
    assert_eq!((response.status, response.closed), (401, true));
    let endless = "POST /api HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
    let response = refused(endless);
    assert_eq!((response.status, response.closed), (401, true));
}

#[test]
fn chunked_bodies_are_read_strictly() {
    let bodies = [
        "z\r\nx\r\n0\r\n\r\n",
        "-1\r\nx\r\n0\r\n\r\n",
        "1\nx\r\n0\r\n\r\n",
        "1\r\nxy\r\n0\r\n\r\n",
        "0x1\r\nx\r\n0\r\n\r\n",
        "1 \r\nx\r\n0\r\n\r\n",
        "\r\n1\r\nx\r\n",
        "10000000000000000\r\nx\r\n",
        "1;a\rb\r\nx\r\n0\r\n\r\n",
        "0\r\nbad trailer\r\n\r\n",
        "0\r\nA : b\r\n\r\n",
        "0\r\n:path: /admin\r\n\r\n",
    ];
    for body in bodies {
        let backend = Backend::ok();
        let gateway = Setup::new(backend.address).start();
        let response = gateway.send(format!(
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{body}"
        ));
        assert_eq!((response.status, response.closed), (400, true), "{body:?} {response:?}");
    }
}

#[test]
fn a_head_is_bounded_in_size_count_and_target() {
    let long = "x".repeat(40_000);
    is_refused_and_closed(&format!("GET / HTTP/1.1\r\nHost: h\r\nA: {long}\r\n\r\n"), 431);
    is_refused_and_closed(&format!("GET / HTTP/1.1\r\nHost: h\r\nA: {long}"), 431);
    is_refused_and_closed(&format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(9000)), 414);
    is_refused_and_closed(&format!("GET /{long}"), 414);
    let many: String = (0..101).map(|n| format!("A{n}: 1\r\n")).collect();
    is_refused_and_closed(&format!("GET / HTTP/1.1\r\nHost: h\r\n{many}\r\n"), 431);
}
