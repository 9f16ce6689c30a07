//! A backend that cannot be reached: the access log names the cause, one name for each.

use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

use phantom_core::Access;
use phantom_pipeline::route::Upstream;
use phantom_telemetry::AccessLog;
use phantom_telemetry::access_log::LogFormat;

use crate::harness::Backend;
use crate::harness::Setup;
use crate::harness::route;
use crate::lines::Lines;

/// The status for a request that goes there, and the `error` of its line.
fn outcome(https: bool, host: &str, port: u16) -> (u16, String) {
    let lines = Lines::default();
    let upstream = Upstream { https, host: host.into(), port, path: "".into(), guarded: false };
    let routes = vec![route("there", "/", upstream.into(), Access::Public)];
    let access_log = Some(AccessLog::start(LogFormat::Json, lines.clone()).unwrap());
    let mut setup = Setup { access_log, ..Setup::with_routes(routes) };
    setup.limits.connect_timeout = Duration::from_secs(2);
    let mut gateway = setup.start();
    let answer = gateway.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    gateway.stop();
    let line: serde_json::Value = serde_json::from_str(&lines.text()).unwrap();
    (answer.status, line["error"].as_str().unwrap().to_owned())
}

fn error(status: u16, name: &str) -> (u16, String) {
    (status, name.to_owned())
}

#[test]
fn a_backend_that_refuses_connections_is_told_from_one_without_a_name() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(outcome(false, "127.0.0.1", port), error(502, "connect_refused"));
    assert_eq!(outcome(true, "127.0.0.1", port), error(502, "connect_refused"));
    // RFC 6761 §6.4: such a name is never resolved. Where nobody can be asked it is a time-out.
    let (status, name) = outcome(false, "no-such-host.invalid", 80);
    assert!(
        [error(502, "connect_dns"), error(504, "connect_timeout")]
            .contains(&(status, name.clone())),
        "{status} {name}"
    );
}

#[test]
fn a_backend_that_speaks_no_tls_is_told_from_one_that_breaks_off() {
    let plain = Backend::custom(|mut tcp| {
        let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        std::thread::sleep(Duration::from_millis(100));
    });
    assert_eq!(outcome(true, "localhost", plain.address.port()), error(502, "connect_tls"));
    let closing = Backend::custom(drop);
    assert_eq!(outcome(true, "localhost", closing.address.port()), error(502, "connect_reset"));
}

#[test]
fn a_backend_that_says_nothing_in_the_handshake_is_a_timeout() {
    // Connections come to be in the listen queue; nobody takes them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    assert_eq!(outcome(true, "127.0.0.1", port), error(504, "connect_timeout"));
}
