//! Behind load balancers and other proxies: who the client is and whether it came by TLS, as backend and
//! decision are told.

use phantom_core::Access;
use phantom_telemetry::AccessLog;
use phantom_telemetry::access_log::LogFormat;

use crate::harness::*;
use crate::lines::Lines;

/// A log that can be read.
/// The clients that requests counted for, in the order of the requests.
fn peers(lines: &Lines) -> Vec<String> {
    let peer = |line: &str| {
        let start = line.find("\"peer\":\"").unwrap() + 8;
        line[start..].split('"').next().unwrap().to_owned()
    };
    lines.text().lines().map(peer).collect()
}

fn logged(setup: Setup) -> (Lines, Gateway) {
    let lines = Lines::default();
    let log = AccessLog::start(LogFormat::Json, lines.clone()).unwrap();
    (lines, Setup { access_log: Some(log), ..setup }.start())
}

/// With all of it that makes it whole: 203.0.113.7 came, by TLS if `client` has the lowest bit.
fn proxy_v2(source: [u8; 4], client: Option<u8>) -> Vec<u8> {
    let mut told = source.to_vec();
    told.extend([192, 0, 2, 1, 0x10, 0, 0x01, 0xbb]);
    if let Some(client) = client {
        told.extend([0x20, 0, 5, client, 0, 0, 0, 0]);
    }
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0".to_vec();
    header.push(u8::try_from(told.len()).unwrap());
    header.extend(told);
    header
}

const GET: &[u8] = b"GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

#[test]
fn a_listener_behind_tls_tells_the_backend_https() {
    for (behind_tls, scheme) in [(false, "http"), (true, "https")] {
        let backend = Backend::ok();
        let mut setup = Setup::new(backend.address);
        setup.listener.behind_tls = behind_tls;
        setup.start().send(GET);
        assert_eq!(backend.only().field("x-forwarded-proto"), Some(scheme));
    }
}

#[test]
fn the_proxy_protocol_tells_whether_the_client_came_by_tls() {
    let cases = [
        (false, None, "http"),
        (true, None, "https"),
        (false, Some(0x01), "https"),
        (true, Some(0x04), "http"),
    ];
    for (behind_tls, client, scheme) in cases {
        let backend = Backend::ok();
        let mut setup = Setup::new(backend.address);
        setup.listener.proxy_protocol = true;
        setup.listener.behind_tls = behind_tls;
        setup.start().send([proxy_v2([203, 0, 113, 7], client), GET.to_vec()].concat());
        let seen = backend.only();
        assert_eq!(seen.field("x-forwarded-proto"), Some(scheme), "{behind_tls} {client:?}");
        assert_eq!(seen.field("x-forwarded-for"), Some("203.0.113.7"));
    }
}

#[test]
fn forwarded_addresses_are_read_as_proxies_write_them() {
    let backend = Backend::ok();
    let setup = Setup {
        trusted_proxies: vec!["127.0.0.0/8", "10.0.0.0/8", "2001:db8:1::/48"],
        ..Setup::new(backend.address)
    };
    let (lines, mut gateway) = logged(setup);
    let cases = [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("203.0.113.7:4711, 10.0.0.1:80", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("\"[2001:db8::7]:4711\", [2001:db8:1::1]:80", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        // Who does not know the client stands for it, and so does who says nonsense.
        ("unknown", "127.0.0.1"),
        ("203.0.113.7, unknown", "127.0.0.1"),
        ("203.0.113.7, unknown, 10.0.0.1", "10.0.0.1"),
        ("203.0.113.7, _hidden, 10.0.0.1", "10.0.0.1"),
        ("203.0.113.7:x", "127.0.0.1"),
        ("[203.0.113.7", "127.0.0.1"),
        // A client that writes one itself is not believed.
        ("10.0.0.9, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
    ];
    for (forwarded, _) in cases {
        let request = format!("GET /x HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: {forwarded}\r\n\r\n");
        assert_eq!(gateway.send(request).status, 200);
    }
    gateway.stop();
    for ((forwarded, client), peer) in cases.iter().zip(peers(&lines)) {
        assert_eq!(peer, *client, "{forwarded}");
    }
}

#[test]
fn forwarded_addresses_go_on_from_who_the_proxy_protocol_names() {
    let backend = Backend::ok();
    let mut setup = Setup { trusted_proxies: vec!["10.0.0.0/8"], ..Setup::new(backend.address) };
    setup.listener.proxy_protocol = true;
    let (lines, mut gateway) = logged(setup);
    let request = "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.7:99\r\nX-Forwarded-Proto: https\r\n\r\n";
    for source in [[10, 0, 0, 1], [198, 51, 100, 1]] {
        gateway.send([proxy_v2(source, None), request.as_bytes().to_vec()].concat());
    }
    gateway.stop();
    assert_eq!(peers(&lines), ["203.0.113.7", "198.51.100.1"]);
    let seen = backend.seen().iter().map(|raw| Request::new(raw)).collect::<Vec<_>>();
    assert_eq!(seen[0].field("x-forwarded-for"), Some("203.0.113.7:99, 10.0.0.1"));
    assert_eq!(seen[0].field("x-forwarded-proto"), Some("https"));
    assert_eq!(seen[1].field("x-forwarded-for"), Some("198.51.100.1"), "nobody believes it");
    assert_eq!(seen[1].field("x-forwarded-proto"), Some("http"));
}

#[test]
fn two_cookie_lines_are_one_string() {
    let backend = Backend::ok();
    let mut api = route("api", "/api", target(backend.address, "/api"), protected());
    api.credentials.cookie = Some(phantom_pipeline::route::CookieSource {
        name: "__Host-at".into(),
        trusted_origins: Box::new(["https://app.example".into()]),
    });
    let open = route("open", "/", target(backend.address, ""), Access::Public);
    let gateway = Setup::with_routes(vec![api, open]).start();
    let two = |path: &str, second: &str, more: &str| {
        format!(
            "GET {path} HTTP/1.1\r\nHost: h\r\nCookie: a=1; c=3\r\n{more}cookie: {second}\r\n\r\n"
        )
    };
    assert_eq!(gateway.send(two("/x", "b=2", "X-A: 1\r\n")).status, 200);
    let token = format!("__Host-at={TOKEN}");
    let origin = "Origin: https://app.example\r\n";
    assert_eq!(gateway.send(two("/api", &token, origin)).status, 200);
    let again = format!("Cookie: {token}\r\n{origin}");
    assert_eq!(gateway.send(two("/api", &token, &again)).status, 400, "the token twice");
    let seen: Vec<_> = backend.seen().iter().map(|raw| Request::new(raw)).collect();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].field("cookie"), Some("a=1; c=3; b=2"));
    assert_eq!(seen[1].field("cookie"), Some("a=1; c=3"), "the token is removed");
}

#[test]
fn a_form_whose_token_is_elsewhere_may_be_of_any_size() {
    let backend = Backend::ok();
    let mut api = route("api", "/api", target(backend.address, "/api"), protected());
    api.credentials.form = true;
    api.credentials.query = true;
    let gateway = Setup::with_routes(vec![api]).start();
    let post = |path: &str, fields: &str, body: &str, chunked: bool| {
        let framing = match chunked {
            false => format!("Content-Length: {}\r\n\r\n{body}", body.len()),
            true => {
                let half = body.len() / 2;
                let (first, second) = body.split_at(half);
                format!(
                    "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
                    first.len(),
                    second.len()
                )
            }
        };
        format!(
            "POST {path} HTTP/1.1\r\nHost: h\r\n{fields}Content-Type: application/x-www-form-urlencoded\r\n{framing}"
        )
    };
    let header = format!("Authorization: Bearer {TOKEN}\r\n");
    let large = format!("a={}", "b".repeat(200_000));
    for chunked in [false, true] {
        for (path, fields) in [("/api", &*header), (&*format!("/api?access_token={TOKEN}"), "")] {
            let mut client = gateway.connect();
            for body in [&*large, "a=1"] {
                client.write(post(path, fields, body, chunked));
                assert_eq!(client.response().status, 200, "{chunked} {path}");
                let seen = Request::new(backend.seen().last().unwrap());
                assert_eq!(seen.body.len(), body.len(), "{chunked} {path}");
                assert_eq!(seen.body, body, "{chunked} {path}");
            }
            // Two tokens are two, wherever the second is looked for.
            let twice = format!("access_token=x&{large}");
            assert_eq!(gateway.send(post(path, fields, &twice, chunked)).status, 400);
        }
        assert_eq!(gateway.send(post("/api", "", &large, chunked)).status, 413, "it may hold it");
    }
}

#[test]
fn a_request_that_has_no_body_where_one_is_expected_says_so() {
    let backend = Backend::ok();
    let gateway = Setup::new(backend.address).start();
    for (method, length) in
        [("POST", Some("0")), ("PUT", Some("0")), ("GET", None), ("DELETE", None)]
    {
        gateway.send(format!("{method} /x HTTP/1.1\r\nHost: h\r\n\r\n"));
        let seen = Request::new(backend.seen().last().unwrap());
        assert_eq!(seen.field("content-length"), length, "{method}");
    }
}
