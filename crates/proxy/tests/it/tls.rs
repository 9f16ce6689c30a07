//! TLS on both sides, with names and certificates checked.

use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use phantom_core::Access;
use phantom_pipeline::route::Upstream;
use phantom_proxy::tls;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::ServerName;

use crate::harness::*;

struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

fn identity(name: &str) -> Identity {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    Identity { certificate: made.cert.der().clone(), key }
}

fn roots(certificate: &CertificateDer<'static>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    roots
}

fn tls_gateway(backend: std::net::SocketAddr, http2: bool) -> (Gateway, RootCertStore) {
    let ours = identity("localhost");
    let trusted = roots(&ours.certificate);
    let mut setup = Setup::new(backend);
    setup.listener.tls =
        Some(tls::server_config(vec![ours.certificate], ours.key, None, http2).unwrap());
    (setup.start(), trusted)
}

fn get_over_tls(
    gateway: &Gateway,
    roots: RootCertStore,
    alpn: &[&[u8]],
) -> (String, Option<Vec<u8>>) {
    let mut config =
        rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let name = ServerName::try_from("localhost").unwrap();
    let mut session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut tcp = TcpStream::connect(gateway.address).unwrap();
    let mut stream = rustls::Stream::new(&mut session, &mut tcp);
    stream.write_all(b"GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    let protocol = session.alpn_protocol().map(<[u8]>::to_vec);
    (answer, protocol)
}

/// Rows: TOK-10
#[test]
fn clients_reach_us_over_tls_and_the_backend_is_told_so() {
    let backend = Backend::ok();
    let (gateway, roots) = tls_gateway(backend.address, true);
    let (answer, protocol) = get_over_tls(&gateway, roots, &[b"http/1.1"]);
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok"), "{answer}");
    assert_eq!(protocol.as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(backend.only().field("x-forwarded-proto"), Some("https"));
}

#[test]
fn a_request_without_tls_is_told_that_the_port_speaks_https_and_never_forwarded() {
    let backend = Backend::ok();
    let (gateway, _) = tls_gateway(backend.address, true);
    for request in [
        "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 70000\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut tcp = TcpStream::connect(gateway.address).unwrap();
        tcp.write_all(request.as_bytes()).unwrap();
        if request.starts_with("POST") {
            tcp.write_all(&[b'x'; 70_000]).unwrap();
        }
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        // HTTP/2 is no request that HTTP/1.1 could read.
        let is_read = !request.starts_with("PRI");
        assert_eq!(answer.contains("this port speaks HTTPS"), is_read, "{answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
        assert!(!answer.contains("strict-transport-security"), "{answer}");
    }
    assert_eq!(backend.connections(), 0);
}

#[test]
fn a_client_that_offers_http_1_0_alone_is_served() {
    let backend = Backend::ok();
    let (gateway, roots) = tls_gateway(backend.address, true);
    let (answer, protocol) = get_over_tls(&gateway, roots, &[b"http/1.0"]);
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok"), "{answer}");
    assert_eq!(protocol.as_deref(), Some(&b"http/1.0"[..]));
}

fn https_backend(name: &str) -> (Backend, CertificateDer<'static>) {
    let theirs = identity(name);
    let certificate = theirs.certificate.clone();
    let config = tls::server_config(vec![theirs.certificate], theirs.key, None, false).unwrap();
    let backend = Backend::custom(move |mut tcp| {
        let mut session = rustls::ServerConnection::new(config.clone()).unwrap();
        let mut stream = rustls::Stream::new(&mut session, &mut tcp);
        let mut head = Vec::new();
        let mut piece = [0; 1024];
        while let Ok(count) = stream.read(&mut piece) {
            head.extend_from_slice(&piece[..count]);
            if count == 0 {
                return;
            }
            if head.ends_with(b"\r\n\r\n") {
                head.clear();
                stream.write_all(&ok("over tls")).unwrap();
            }
        }
    });
    (backend, certificate)
}

fn https_route(backend: &Backend) -> Vec<phantom_pipeline::Route> {
    let upstream = Upstream {
        https: true,
        host: "localhost".into(),
        port: backend.address.port(),
        path: "".into(),
        guarded: false,
    };
    vec![route("secure", "/", upstream.into(), Access::Public)]
}

#[test]
fn backends_over_https_are_verified_by_certificate_and_name() {
    let (backend, certificate) = https_backend("localhost");
    let trusting =
        Setup { upstream_roots: roots(&certificate), ..Setup::with_routes(https_route(&backend)) };
    let gateway = trusting.start();
    let mut client = gateway.connect();
    for _ in 0..3 {
        client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(client.response().text(), "over tls");
    }
    assert_eq!(backend.connections(), 1, "kept open");

    let stranger = Setup::with_routes(https_route(&backend)).start();
    assert_eq!(stranger.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").status, 502);
    let (impostor, certificate) = https_backend("other.example");
    let fooled =
        Setup { upstream_roots: roots(&certificate), ..Setup::with_routes(https_route(&impostor)) };
    assert_eq!(fooled.start().send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").status, 502);
}

#[test]
fn a_plain_request_to_a_tls_listener_gets_no_answer_and_does_no_harm() {
    let backend = Backend::ok();
    let (gateway, roots) = tls_gateway(backend.address, false);
    let mut client = gateway.connect();
    client.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let mut answer = Vec::new();
    let _ = client.stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 2"));
    assert!(get_over_tls(&gateway, roots, &[]).0.starts_with("HTTP/1.1 200 "));
}

fn client_session(roots: RootCertStore) -> rustls::ClientConnection {
    let config =
        rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    rustls::ClientConnection::new(Arc::new(config), name).unwrap()
}

#[test]
fn an_answer_over_tls_arrives_whole_at_a_client_that_is_slow() {
    const TOTAL: usize = 12 << 20;
    let backend = Backend::start(|_| ok(&"x".repeat(TOTAL)));
    let ours = identity("localhost");
    let trusted = roots(&ours.certificate);
    let mut setup = Setup::new(backend.address);
    setup.limits.keep_alive_timeout = Duration::from_millis(500);
    setup.listener.tls =
        Some(tls::server_config(vec![ours.certificate], ours.key, None, false).unwrap());
    let gateway = setup.start();
    for _ in 0..4 {
        let mut session = client_session(trusted.clone());
        let mut tcp = TcpStream::connect(gateway.address).unwrap();
        let mut stream = rustls::Stream::new(&mut session, &mut tcp);
        stream.write_all(b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let (mut answer, mut piece) = (Vec::new(), vec![0; 64 << 10]);
        // Slower than the gateway can send, but never idle for long.
        loop {
            let count = stream.read(&mut piece).expect("the session ends as its protocol has it");
            answer.extend_from_slice(&piece[..count]);
            if count == 0 {
                break;
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        let head = find(&answer, b"\r\n\r\n").unwrap() + 4;
        assert_eq!(answer.len() - head, TOTAL, "the end is missing");
    }
}

#[test]
fn an_upload_over_tls_arrives_whole_at_a_backend_that_is_slow() {
    const TOTAL: usize = 12 << 20;
    let theirs = identity("localhost");
    let certificate = theirs.certificate.clone();
    let config = tls::server_config(vec![theirs.certificate], theirs.key, None, false).unwrap();
    let backend = Backend::custom(move |mut tcp| {
        let mut session = rustls::ServerConnection::new(config.clone()).unwrap();
        let mut stream = rustls::Stream::new(&mut session, &mut tcp);
        let (mut got, mut piece) = (0, vec![0; 64 << 10]);
        let mut head = None;
        while head.is_none_or(|head| got < head + TOTAL) {
            let count = stream.read(&mut piece).unwrap();
            head = head.or(find(&piece[..count], b"\r\n\r\n").map(|at| at + 4));
            got += count;
            std::thread::sleep(Duration::from_micros(500));
        }
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\ntaken";
        stream.write_all(answer).unwrap();
        let _ = stream.read(&mut piece);
    });
    let trusting =
        Setup { upstream_roots: roots(&certificate), ..Setup::with_routes(https_route(&backend)) };
    let gateway = trusting.start();
    for _ in 0..4 {
        let mut client = gateway.connect();
        client.write(format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {TOTAL}\r\n\r\n"));
        client.write(vec![b'x'; TOTAL]);
        assert_eq!(client.response().text(), "taken");
    }
}

/// Lengths of which some end where the sockets between two peers are just full: what is left then lies
/// in the TLS session alone. A few at a time.
fn lengths() -> impl Iterator<Item = Vec<usize>> {
    let all: Vec<usize> = (8..112).map(|pieces| pieces * (48 << 10)).collect();
    all.chunks(8).map(<[usize]>::to_vec).collect::<Vec<_>>().into_iter()
}

/// Longer than it takes to fill the sockets.
const NOT_READING: Duration = Duration::from_millis(400);

#[test]
fn the_end_of_an_answer_does_not_stay_in_the_session_of_a_connection_that_is_kept() {
    let backend = Backend::start(|request| {
        let path = request.split(' ').nth(1).unwrap();
        ok(&"x".repeat(path[1..].parse().unwrap()))
    });
    let (gateway, roots) = tls_gateway(backend.address, true);
    for lengths in lengths() {
        let asked: Vec<_> = lengths
            .into_iter()
            .map(|length| {
                let (mut session, mut tcp) =
                    (client_session(roots.clone()), TcpStream::connect(gateway.address).unwrap());
                tcp.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                let request = format!("GET /{length} HTTP/1.1\r\nHost: localhost\r\n\r\n");
                let mut stream = rustls::Stream::new(&mut session, &mut tcp);
                stream.write_all(request.as_bytes()).unwrap();
                (length, session, tcp)
            })
            .collect();
        std::thread::sleep(NOT_READING);
        for (length, mut session, mut tcp) in asked {
            let mut stream = rustls::Stream::new(&mut session, &mut tcp);
            let (mut answer, mut piece) = (Vec::new(), vec![0; 64 << 10]);
            let missing = |answer: &[u8]| {
                let head = find(answer, b"\r\n\r\n").map_or(0, |at| at + 4);
                (head + length).saturating_sub(answer.len())
            };
            while missing(&answer) > 0 {
                let count = stream.read(&mut piece).unwrap_or_default();
                assert!(count > 0, "the last {} of {length} bytes", missing(&answer));
                answer.extend_from_slice(&piece[..count]);
            }
        }
    }
}

#[test]
fn the_end_of_an_upload_does_not_stay_in_the_session_of_a_backends_connection() {
    let theirs = identity("localhost");
    let certificate = theirs.certificate.clone();
    let config = tls::server_config(vec![theirs.certificate], theirs.key, None, false).unwrap();
    let backend = Backend::custom(move |mut tcp| {
        let mut session = rustls::ServerConnection::new(config.clone()).unwrap();
        let mut stream = rustls::Stream::new(&mut session, &mut tcp);
        let (mut request, mut piece) = (Vec::new(), vec![0; 64 << 10]);
        let whole = loop {
            let count = stream.read(&mut piece).unwrap();
            request.extend_from_slice(&piece[..count]);
            if let Some(head) = find(&request, b"\r\n\r\n") {
                let text = Request::new(&String::from_utf8_lossy(&request[..head + 4]));
                let length: usize = text.field("content-length").unwrap().parse().unwrap();
                break head + 4 + length;
            }
        };
        std::thread::sleep(NOT_READING);
        let mut got = request.len();
        while got < whole {
            match stream.read(&mut piece) {
                Ok(count) if count > 0 => got += count,
                _ => return,
            }
        }
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\ntaken";
        stream.write_all(answer).unwrap();
        let _ = stream.read(&mut piece);
    });
    let trusting =
        Setup { upstream_roots: roots(&certificate), ..Setup::with_routes(https_route(&backend)) };
    let gateway = trusting.start();
    for lengths in lengths() {
        let sending: Vec<_> = lengths
            .into_iter()
            .map(|length| {
                let mut client = gateway.connect();
                std::thread::spawn(move || {
                    let head =
                        format!("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n");
                    client.write(head);
                    client.write(vec![b'x'; length]);
                    assert_eq!(client.response().text(), "taken", "{length}");
                })
            })
            .collect();
        for sent in sending {
            sent.join().unwrap();
        }
    }
}
