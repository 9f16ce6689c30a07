//! What the backend sees, and what the client gets back.

use crate::harness::*;

fn get(path: &str, fields: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: api.example:8080\r\n{fields}\r\n")
}

fn with_token(fields: &str) -> String {
    get("/api/x?a=1", &format!("Authorization: Bearer {TOKEN}\r\n{fields}"))
}

/// Rows: TOK-9
#[test]
fn the_backend_sees_exactly_one_bearer_field_with_the_jwt_byte_for_byte() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    assert_eq!(gateway.send(with_token("")).status, 200);
    let raw = &backend.seen()[0];
    assert_eq!(raw.matches(&format!("\r\nauthorization: Bearer {JWT}\r\n")).count(), 1);
    assert_eq!(raw.to_ascii_lowercase().matches("authorization").count(), 1);
    assert!(!raw.contains(TOKEN), "{raw}");
}

/// Rows: PITFALL-32
#[test]
fn the_scheme_word_goes_with_the_jwt() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    gateway.send(with_token(""));
    assert_eq!(backend.only().field("authorization"), Some(format!("Bearer {JWT}").as_str()));
}

/// Rows: TOK-9
#[test]
fn after_a_failure_nothing_is_forwarded() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    for credential in ["", "Authorization: Bearer unknown\r\n", "Authorization: Basic eDp5\r\n"] {
        let response = gateway.send(get("/api", credential));
        assert_eq!(response.status, 401);
        assert!(response.field("www-authenticate").is_some());
        assert_eq!(
            response.text(),
            "{\"code\":\"unauthorized\",\"message\":\"Missing, invalid or expired access token\"}\n"
        );
    }
    assert!(backend.seen().is_empty());
}

/// Rows: TOK-5
#[test]
fn the_query_token_is_stripped_even_where_it_is_not_taken() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    assert_eq!(gateway.send(get("/api?access_token=_0XBPWQQ_good&b=2", "")).status, 401);
    gateway.send(get("/open?a=1&access_token=secret&b=2", ""));
    assert_eq!(backend.only().line, "GET /open?a=1&b=2 HTTP/1.1");
}

/// Rows: TOK-5, TOK-6
#[test]
fn tokens_from_query_and_form_are_taken_by_option_and_removed() {
    let backend = Backend::ok();
    let mut api = route("api", "/api", target(backend.address, "/api"), protected());
    api.credentials.query = true;
    api.credentials.form = true;
    let gateway = Setup::with_routes(vec![api]).start();
    let response = gateway.send(get(&format!("/api?a=1&access_token={TOKEN}"), ""));
    assert_eq!((response.status, response.field("cache-control")), (200, Some("private")));
    let form = format!("a=1&access_token={TOKEN}&b=%20");
    let response = gateway.send(format!(
        "POST /api HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    ));
    assert_eq!(response.status, 200, "{response:?}");
    let seen = backend.seen();
    assert_eq!(Request::new(&seen[0]).line, "GET /api?a=1 HTTP/1.1");
    let posted = Request::new(&seen[1]);
    assert_eq!((posted.body.as_str(), posted.field("content-length")), ("a=1&b=%20", Some("9")));
    assert_eq!(posted.field("authorization"), Some(format!("Bearer {JWT}").as_str()));
    assert!(seen.iter().all(|raw| !raw.contains(TOKEN)));
}

/// Rows: TOK-6
#[test]
fn a_form_larger_than_the_bound_is_refused() {
    let backend = Backend::ok();
    let mut api = route("api", "/api", target(backend.address, "/api"), protected());
    api.credentials.form = true;
    let gateway = Setup::with_routes(vec![api]).start();
    let form = "a".repeat(70_000);
    let response = gateway.send(format!(
        "POST /api HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    ));
    assert_eq!(response.status, 413);
}

/// Rows: TOK-8
#[test]
fn the_token_cookie_is_removed_and_others_pass() {
    let backend = Backend::ok();
    let mut api = route("api", "/api", target(backend.address, "/api"), protected());
    api.credentials.cookie = Some(phantom_pipeline::route::CookieSource {
        name: "__Host-at".into(),
        trusted_origins: Box::new(["https://app.example".into()]),
    });
    let gateway = Setup::with_routes(vec![api]).start();
    let cookie = format!("Cookie: a=1; __Host-at={TOKEN}; b=2\r\n");
    assert_eq!(gateway.send(get("/api", &cookie)).status, 403);
    let response = gateway.send(get("/api", &format!("{cookie}Origin: https://app.example\r\n")));
    assert_eq!(response.status, 200);
    assert_eq!(backend.only().field("cookie"), Some("a=1; b=2"));
}

/// Rows: HTP-1
#[test]
fn fields_for_one_hop_are_removed() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    gateway.send(get("/x", "Connection: keep-alive, X-Hop, te\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: trailers, deflate\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\nProxy-Authorization: Basic eDp5\r\nX-Stays: 1\r\n"));
    let request = backend.only();
    for gone in [
        "x-hop",
        "keep-alive",
        "proxy-connection",
        "upgrade",
        "http2-settings",
        "proxy-authorization",
    ] {
        assert_eq!(request.field(gone), None, "{gone}");
    }
    assert_eq!(request.field("x-stays"), Some("1"));
    assert_eq!((request.field("te"), request.field("connection")), (Some("trailers"), Some("te")));
}

/// Rows: HTP-1, HTP-16
#[test]
fn a_backends_fields_for_one_hop_and_our_credential_do_not_reach_the_client() {
    let backend = Backend::start(|_| {
        b"HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nAuthorization: Bearer leaked\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nTrailer: X\r\nContent-Length: 2\r\n\r\nok".to_vec()
    });
    let gateway = Setup::new(backend.address).start();
    let response = gateway.send(get("/x", ""));
    for gone in ["x-hop", "keep-alive", "proxy-authenticate", "authorization", "connection"] {
        assert_eq!(response.field(gone), None, "{gone}");
    }
    assert!(
        response.head.contains("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"),
        "untouched, in order"
    );
}

/// Rows: HTP-2, PITFALL-28
#[test]
fn connection_must_not_name_what_we_act_on_or_set() {
    let named = [
        "authorization",
        "DPoP",
        "cookie",
        "Host",
        "content-length",
        "Forwarded",
        "X-Forwarded-For",
        "x-forwarded-anything",
        "via",
        "transfer-encoding",
        "origin",
        "x_forwarded_for",
    ];
    for name in named {
        let backend = Backend::ok();
        let gateway = Setup::new(backend.address).start();
        let response = gateway.send(with_token(&format!("Connection: close, {name}\r\n")));
        assert_eq!((response.status, response.closed), (400, true), "{name}");
        assert!(backend.seen().is_empty());
    }
}

/// Rows: HTP-7, PITFALL-29
#[test]
fn lookalikes_of_our_fields_are_deleted() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    gateway.send(get("/x", "X_Forwarded_For: 6.6.6.6\r\nx-forwarded_proto: https\r\nX_FORWARDED_HOST: evil\r\nproxy_authorization: x\r\nX-Forwarded-User: root\r\n"));
    let raw = backend.seen()[0].to_ascii_lowercase();
    for gone in ["x_forwarded", "forwarded_", "6.6.6.6", "evil", "proxy_auth", "root"] {
        assert!(!raw.contains(gone), "{gone} in {raw}");
    }
}

/// Rows: HTP-8
#[test]
fn via_is_added_behind_those_that_are_there() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    gateway.send(get("/x", "Via: 1.0 fred\r\n"));
    gateway.send("GET /x HTTP/1.0\r\n\r\n");
    let seen = backend.seen();
    assert_eq!(Request::new(&seen[0]).field("via"), Some("1.0 fred, 1.1 phantom"));
    assert_eq!(Request::new(&seen[1]).field("via"), Some("1.0 phantom"));
}

/// Rows: HTP-9
#[test]
fn forwarding_fields_are_replaced_unless_the_peer_is_trusted() {
    let fields = "X-Forwarded-For: 203.0.113.7, 10.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: public.example\r\nForwarded: for=203.0.113.7\r\nX-Forwarded-Port: 444\r\n";
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    gateway.send(get("/x", fields));
    let request = backend.only();
    assert_eq!(request.field("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(request.field("x-forwarded-proto"), Some("http"));
    assert_eq!(request.field("x-forwarded-host"), Some("api.example:8080"));
    assert_eq!((request.field("forwarded"), request.field("x-forwarded-port")), (None, None));

    let backend = Backend::ok();
    let trusting = Setup { trusted_proxies: vec!["127.0.0.0/8"], ..Setup::new(backend.address) };
    trusting.start().send(get("/x", fields));
    let request = backend.only();
    assert_eq!(request.field("x-forwarded-for"), Some("203.0.113.7, 10.0.0.1, 127.0.0.1"));
    assert_eq!(request.field("x-forwarded-proto"), Some("https"));
    assert_eq!(request.field("x-forwarded-host"), Some("public.example"));
    assert_eq!(request.field("forwarded"), Some("for=203.0.113.7"));
}

/// Rows: HTP-12
#[test]
fn trailers_pass_but_set_no_credential_and_no_framing() {
    let backend = Backend::start(|_| {
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 2\r\nAuthorization: Bearer x\r\nContent-Length: 9\r\nSet-Cookie: a=1\r\n\r\n".to_vec()
    });
    let gateway = Setup::new(backend.address).start();
    let response = gateway.send("POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n0\r\nX-Check: 1\r\nAuthorization: Bearer evil\r\nHost: evil\r\nTransfer-Encoding: gzip\r\nx_forwarded_for: 6.6.6.6\r\n\r\n");
    assert_eq!(response.text(), "ok<trailers>X-Sum: 2\r\n\r\n");
    let request = backend.only();
    assert_eq!(request.body, "abc<trailers>X-Check: 1\r\n\r\n");
    assert_eq!(request.field("authorization"), None);
}

/// Rows: HTP-13
#[test]
fn the_verdict_comes_before_100_continue() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    client.write(
        "POST /api HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
    );
    let head = client.head();
    assert!(head.starts_with("HTTP/1.1 401 ") && head.contains("connection: close"), "{head}");

    let mut client = gateway.connect();
    client.write(format!("POST /api HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
    assert_eq!(client.head(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.write("abc");
    assert_eq!(client.response().status, 200);
    let request = backend.only();
    assert_eq!((request.body.as_str(), request.field("expect")), ("abc", None));

    let response = gateway.send("GET / HTTP/1.1\r\nHost: h\r\nExpect: magic\r\n\r\n");
    assert_eq!(response.status, 417);
}

/// Rows: HTP-15
#[test]
fn a_connection_the_backend_closed_is_tried_again_for_idempotent_requests_only() {
    // Serves one request on each connection, then closes without saying so.
    let backend = Backend::custom(|mut stream| {
        let mut client = Client::new(stream.try_clone().unwrap());
        let head = client.head();
        std::io::Write::write_all(&mut stream, &ok(&head[..4])).unwrap();
        client.head();
    });
    let gateway = Setup::new(backend.address).start();
    for _ in 0..20 {
        assert_eq!(gateway.send(get("/x", "")).status, 200);
    }
    // Not one of them failed, though every kept connection was dead by the time it was used.
    let mut failed = 0;
    for _ in 0..20 {
        let response = gateway.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
        failed += u32::from(response.status == 502);
    }
    assert!(failed > 0, "a POST may have been acted on: it is not sent twice");
}

/// Rows: CHL-7
#[test]
fn a_backends_cache_control_is_left_as_it_is() {
    for cache_control in ["public, max-age=60", "no-store", "private"] {
        let backend = Backend::start(move |_| {
            format!(
                "HTTP/1.1 200 OK\r\nCache-Control: {cache_control}\r\nContent-Length: 2\r\n\r\nok"
            )
            .into_bytes()
        });
        let gateway = Setup::new(backend.address).start();
        assert_eq!(gateway.send(with_token("")).field("cache-control"), Some(cache_control));
    }
}

#[test]
fn head_gets_the_status_and_fields_without_a_body() {
    let backend = Backend::start(|_| b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".to_vec());
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    for _ in 0..2 {
        client.write("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n");
        let response = client.response_to("HEAD");
        assert_eq!((response.status, response.field("content-length")), (200, Some("1000")));
    }
    client.write("HEAD /api HTTP/1.1\r\nHost: h\r\n\r\n");
    let refused = client.response_to("HEAD");
    assert_eq!(refused.status, 401);
    client.write(get("/x", ""));
    // The body announced above never came, so this answer starts where it should.
    assert!(client.head().starts_with("HTTP/1.1 200 "));
}

/// Rows: STR-3
#[test]
fn a_websocket_handshake_is_decided_before_anything_switches() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    let handshake = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let protocol = format!("Sec-WebSocket-Protocol: bearer, {TOKEN}\r\n");
    let response = gateway.send(get("/api", &format!("{handshake}{protocol}")));
    assert_eq!((response.status, response.field("sec-websocket-protocol")), (401, None));
    assert!(backend.seen().is_empty());
    // Upgrades are not offered: with a token the request goes on as what is left of it.
    let response = gateway.send(with_token(handshake));
    assert_eq!((response.status, backend.only().field("upgrade")), (200, None));
}

#[test]
fn a_backend_that_answers_nonsense_is_a_bad_gateway() {
    let answers: [&[u8]; 8] = [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA b: c\r\n\r\n",
    ];
    for answer in answers {
        let backend = Backend::start(move |_| answer.to_vec());
        let gateway = Setup::new(backend.address).start();
        let response = gateway.send(get("/x", ""));
        assert_eq!(response.status, 502, "{}", String::from_utf8_lossy(answer));
        assert!(response.text().contains(r#""code":"bad_gateway""#));
    }
}

#[test]
fn a_backend_that_is_not_there_is_a_bad_gateway() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gateway = Setup::new(nobody).start();
    assert_eq!(gateway.send(get("/x", "")).status, 502);
}

#[test]
fn interim_responses_are_dropped_and_close_delimited_bodies_are_framed() {
    let backend = Backend::custom(|mut stream| {
        Client::new(stream.try_clone().unwrap()).head();
        let answer = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nuntil the end";
        std::io::Write::write_all(&mut stream, answer).unwrap();
    });
    let gateway = Setup::new(backend.address).start();
    let mut client = gateway.connect();
    client.write(get("/x", ""));
    let response = client.response();
    assert_eq!(response.text(), "until the end");
    assert_eq!(response.field("transfer-encoding"), Some("chunked"));
    let old = gateway.send("GET /x HTTP/1.0\r\n\r\n");
    assert_eq!((old.text(), old.field("transfer-encoding")), ("until the end", None));
}

/// Rows: COR-3
#[test]
fn refusals_and_answers_carry_the_fields_a_browser_needs() {
    let backend = Backend::start(|_| {
        b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 2\r\n\r\nok".to_vec()
    });
    let mut api = route("api", "/api", target(backend.address, "/api"), protected());
    api.cors = Some(std::sync::Arc::new(phantom_pipeline::cors::Cors {
        origins: phantom_pipeline::cors::AllowedOrigins::Listed(Box::new([
            "https://app.example".into()
        ])),
        methods: "GET".into(),
        ..Default::default()
    }));
    let gateway = Setup::with_routes(vec![api]).start();
    let origin = "Origin: https://app.example\r\n";
    for request in [get("/api", origin), with_token(origin)] {
        let response = gateway.send(request);
        assert_eq!(response.field("access-control-allow-origin"), Some("https://app.example"));
        assert_eq!(response.field("vary"), Some("Origin"));
        assert_eq!(response.head.to_ascii_lowercase().matches("allow-origin").count(), 1);
    }
    let down = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut api = route("api", "/", target(down, ""), phantom_core::Access::Public);
    api.cors = Some(std::sync::Arc::new(phantom_pipeline::cors::Cors {
        origins: phantom_pipeline::cors::AllowedOrigins::Any,
        ..Default::default()
    }));
    let response = Setup::with_routes(vec![api]).start().send(get("/", origin));
    assert_eq!((response.status, response.field("access-control-allow-origin")), (502, Some("*")));
}
