//! Binding, TLS, HTTP versions, hostile connections, shutdown.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http::Version;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::*;
use crate::SigningAlgorithm;
use crate::test_server::{TOKEN, TestServer, client, encode};

fn options() -> DevAuthOptions {
    DevAuthOptions {
        bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        algorithm: SigningAlgorithm::EdDsa,
        ..DevAuthOptions::default()
    }
}

fn self_signed() -> Arc<rustls::ServerConfig> {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    Arc::new(config)
}

#[tokio::test]
async fn an_address_other_machines_reach_is_refused_unless_allowed() {
    let mut options = options();
    options.bind = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let refusal = DevAuth::bind(options.clone()).await.unwrap_err();
    assert!(matches!(refusal, DevAuthError::NotLoopback { .. }));
    assert!(refusal.to_string().contains("allow_non_loopback"), "{refusal}");
    options.allow_non_loopback = true;
    assert!(DevAuth::bind(options).await.is_ok());
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let first = DevAuth::bind(options()).await.unwrap();
    let mut again = options();
    again.bind = first.local_addr();
    let refusal = DevAuth::bind(again).await.unwrap_err();
    assert_eq!(refusal.to_string(), format!("could not listen on {}", first.local_addr()));
}

#[tokio::test]
async fn an_unusable_issuer_or_client_does_not_start() {
    let mut bad_issuer = options();
    bad_issuer.issuer = Some("http://login.example".to_owned());
    assert!(matches!(DevAuth::bind(bad_issuer).await, Err(DevAuthError::Issuer { .. })));
    let mut doubled = options();
    doubled.clients.push(crate::Client::public("test-client"));
    assert!(matches!(DevAuth::bind(doubled).await, Err(DevAuthError::DuplicateClient { .. })));
}

#[tokio::test]
async fn the_issuer_follows_from_the_bound_port_and_tls() {
    let plain = DevAuth::bind(options()).await.unwrap();
    let port = plain.local_addr().port();
    let expected = format!("http://localhost:{port}/oauth/v2/oauth-anonymous");
    assert_eq!(plain.issuer(), expected);
    let mut with_tls = options();
    with_tls.tls = Some(self_signed());
    let secure = DevAuth::bind(with_tls).await.unwrap();
    assert!(secure.issuer().starts_with("https://localhost:"));
    assert!(secure.banner().contains(&secure.server.issuer.token_endpoint()));
}

#[tokio::test]
async fn the_tutorials_curl_request_is_answered_over_tls_in_both_http_versions() {
    let mut with_tls = options();
    with_tls.tls = Some(self_signed());
    let server = DevAuth::bind(with_tls).await.unwrap();
    let url = format!("https://localhost:{}{TOKEN}", server.local_addr().port());
    let running = tokio::spawn(server.serve(std::future::pending()));
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let builder = reqwest::Client::builder().no_proxy().tls_danger_accept_invalid_certs(true);
        let builder = match version {
            Version::HTTP_2 => builder,
            _ => builder.http1_only(),
        };
        let response = builder
            .build()
            .unwrap()
            .post(&url)
            .basic_auth("test-client", Some("Password1"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(encode(&[("grant_type", "client_credentials"), ("scope", "read")]))
            .send()
            .await
            .unwrap();
        assert_eq!((response.version(), response.status().as_u16()), (version, 200));
    }
    running.abort();
}

#[tokio::test]
async fn http2_with_prior_knowledge_works_without_tls() {
    let server = TestServer::start().await;
    let h2c = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let response = h2c.get(format!("{}/dev/stats", server.origin)).send().await.unwrap();
    assert_eq!((response.version(), response.status().as_u16()), (Version::HTTP_2, 200));
}

#[tokio::test]
async fn a_header_larger_than_the_bound_is_refused_and_the_server_goes_on() {
    let server = TestServer::start().await;
    let large = "a".repeat(1024 * 1024);
    let mut stream =
        TcpStream::connect(server.origin.strip_prefix("http://").unwrap()).await.unwrap();
    let request =
        format!("GET /dev/stats HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx: {large}\r\n\r\n");
    // The server may close before it has read everything.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"));
    assert_eq!(server.get("/dev/stats").await.status, 200);
}

#[tokio::test]
async fn a_method_that_begins_like_the_http2_preface_is_still_http1() {
    let server = TestServer::start().await;
    let mut stream =
        TcpStream::connect(server.origin.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(b"P").await.unwrap();
    stream.flush().await.unwrap();
    tokio::task::yield_now().await;
    stream
        .write_all(b"ROPFIND /dev/stats HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
}

#[tokio::test]
async fn shutdown_ends_idle_connections_and_frees_the_port() {
    let server = DevAuth::bind(options()).await.unwrap();
    let address = server.local_addr();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.serve(async {
        let _ = stopped.await;
    }));
    let http = client();
    let url = format!("http://{address}/dev/stats");
    assert_eq!(http.get(&url).send().await.unwrap().status(), 200);
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    assert!(http.get(&url).send().await.is_err());
    assert!(TcpListener::bind(address).await.is_ok());
}

#[tokio::test]
async fn the_handle_issues_and_revokes() {
    let server = TestServer::start().await;
    let token = server.handle.issue_token("anyone", "any scope");
    assert!(server.is_active(&token).await);
    assert!(server.handle.revoke(&token));
    assert!(!server.handle.revoke(&token), "it is gone already");
    assert!(!server.is_active(&token).await);
}

#[tokio::test]
async fn no_secret_shows_in_debug_output() {
    let text = format!("{:?}", options());
    assert!(!text.contains("Password1"), "{text}");
    let server = DevAuth::bind(options()).await.unwrap();
    let handle = server.handle();
    let token = handle.issue_token("test-client", "read");
    assert!(!format!("{server:?} {handle:?} {:?}", handle.server.tokens).contains(&token));
}
