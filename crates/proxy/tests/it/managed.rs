//! Managed APIs on the wire: what the backend gets, and what each listener serves.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::Empty;
use hyper::client::conn::http2;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use phantom_core::UnixTime;
use phantom_core::catalog::ApiState;
use phantom_core::catalog::Application;
use phantom_core::catalog::Catalog;
use phantom_core::catalog::Change;
use phantom_core::catalog::CorsPolicy;
use phantom_core::catalog::EntityId;
use phantom_core::catalog::KeyManagerChoice;
use phantom_core::catalog::KeyMapping;
use phantom_core::catalog::KeyType;
use phantom_core::catalog::ManagedApi;
use phantom_core::catalog::ManagedKeyManager;
use phantom_core::catalog::Operation;
use phantom_core::catalog::OperationSecurity;
use phantom_core::catalog::Revocation;
use phantom_core::catalog::Revoked;
use phantom_core::catalog::Subscription;
use phantom_core::catalog::SubscriptionStatus;
use phantom_core::catalog::Transports;
use phantom_pipeline::Entry;

use crate::harness::*;

const KEY_MANAGER: EntityId = EntityId::new(1);
const API: EntityId = EntityId::new(2);
const HEALTH: &str = "/server-startup-healthcheck";

fn operation(verb: &str, template: &str, security: OperationSecurity) -> Operation {
    let (verb, template, plan) = (verb.into(), template.into(), "Unlimited".into());
    Operation { verb, template, security, scopes: Vec::new(), plan }
}

/// `/httpbin/v1`: `GET /open` without a token, `GET` and `POST /*` with one.
fn api(backend: &Backend) -> ManagedApi {
    ManagedApi {
        id: API,
        name: "httpbin".into(),
        version: "v1".into(),
        path: "/httpbin/v1".into(),
        default_path: None,
        state: ApiState::Serving,
        transports: Transports { http: true, https: true },
        key_managers: KeyManagerChoice::All,
        operations: vec![
            operation("GET", "/open", OperationSecurity::Open),
            operation("GET", "/*", OperationSecurity::Protected),
            operation("POST", "/*", OperationSecurity::Protected),
        ],
        production_endpoint: Some(format!("http://{}/base", backend.address).into()),
        sandbox_endpoint: None,
        authorization_header: "authorization".into(),
        strip_open_authorization: false,
        audiences: Vec::new(),
        plan: None,
        cors: None,
    }
}

fn catalog(api: ManagedApi) -> Catalog {
    let key_manager = ManagedKeyManager {
        id: KEY_MANAGER,
        revision: 1,
        name: "curity".into(),
        issuer: None,
        keys: None,
        opaque: None,
        validates_jwt: false,
        expected_audience: None,
        clock_skew: Duration::ZERO,
        consumer_key_claim: "client_id".into(),
        scopes_claim: "scope".into(),
        claim_renames: Vec::new(),
        token_rules: Vec::new(),
    };
    let application = Application {
        id: EntityId::new(3),
        name: "app".into(),
        owner: "alice".into(),
        plan: "Unlimited".into(),
        keys: vec![KeyMapping {
            key_manager: KEY_MANAGER,
            consumer_key: "client-one".into(),
            key_type: KeyType::Production,
        }],
        subscriptions: vec![Subscription {
            api: API,
            plan: "Unlimited".into(),
            status: SubscriptionStatus::Active,
        }],
    };
    Catalog {
        sequence: 1,
        key_managers: vec![Arc::new(key_manager)],
        apis: vec![Arc::new(api)],
        applications: vec![Arc::new(application)],
        ..Catalog::default()
    }
}

fn setup(catalog: Option<Catalog>) -> Setup {
    Setup { catalog, ..Setup::with_routes(Vec::new()) }
}

fn gateway(backend: &Backend, change: impl FnOnce(&mut ManagedApi)) -> Gateway {
    let mut api = api(backend);
    change(&mut api);
    setup(Some(catalog(api))).start()
}

fn get(path: &str, fields: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: gw.example\r\n{fields}\r\n")
}

fn bearer() -> String {
    format!("Authorization: Bearer {TOKEN}\r\n")
}

/// Rows: WSO2-8.10.1, WSO2-10.7
#[test]
fn the_backend_gets_the_jwt_in_place_of_the_token() {
    let backend = Backend::ok();
    let gateway = gateway(&backend, |_| ());
    let request = get("/httpbin/v1/a%2Cb/?x=%20&y", &bearer());
    assert_eq!(gateway.send(request).status, 200);
    let seen = backend.only();
    assert_eq!(seen.line, "GET /base/a%2Cb/?x=%20&y HTTP/1.1");
    assert_eq!(seen.field("authorization"), Some(format!("Bearer {JWT}").as_str()));
    assert!(!backend.seen()[0].contains(TOKEN));
}

/// Rows: WSO2-8.10.3
#[test]
fn the_backend_is_told_of_the_client_and_hop_by_hop_fields_are_dropped() {
    let backend = Backend::ok();
    let gateway = gateway(&backend, |_| ());
    let fields = format!("{}Keep-Alive: timeout=5\r\nX-Forwarded-For: 6.6.6.6\r\n", bearer());
    gateway.send(get("/httpbin/v1/x", &fields));
    let seen = backend.only();
    assert_eq!(seen.field("host"), Some(backend.address.to_string().as_str()));
    assert_eq!(seen.field("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(seen.field("x-forwarded-proto"), Some("http"));
    assert_eq!(seen.field("x-forwarded-host"), Some("gw.example"));
    assert_eq!(seen.field("keep-alive"), None);
}

/// Rows: WSO2-8.10.2, WSO2-11.12
#[test]
fn an_asserted_identity_from_a_client_never_passes() {
    let backend = Backend::ok();
    let gateway = gateway(&backend, |_| ());
    let fields = "X-JWT-Assertion: e30.e30.e30\r\nx_jwt_assertion: e30\r\nX-Jwt_Assertion: e30\r\nX-JWT-Assertions: stays\r\n";
    gateway.send(get("/httpbin/v1/open", fields));
    gateway.send(get("/httpbin/v1/x", &format!("{fields}{}", bearer())));
    for seen in backend.seen() {
        assert!(!seen.contains("e30"), "{seen}");
        assert!(seen.contains("stays"), "{seen}");
    }
    assert_eq!(backend.seen().len(), 2);
}

/// Rows: WSO2-8.3.1
#[test]
fn an_open_operation_passes_the_credential_on_unless_it_is_told_not_to() {
    let backend = Backend::ok();
    let passing = gateway(&backend, |_| ());
    passing.send(get("/httpbin/v1/open", "Authorization: Basic eDp5\r\n"));
    assert_eq!(backend.only().field("authorization"), Some("Basic eDp5"));
    let stripping = gateway(&backend, |api| api.strip_open_authorization = true);
    stripping.send(get("/httpbin/v1/open", "Authorization: Basic eDp5\r\n"));
    assert_eq!(Request::new(&backend.seen()[1]).field("authorization"), None);
}

/// Rows: WSO2-8.10.1
#[test]
fn another_credential_field_is_removed_and_authorization_is_replaced() {
    let backend = Backend::ok();
    let gateway = gateway(&backend, |api| api.authorization_header = "x-token".into());
    let fields =
        format!("X-Token: Bearer {TOKEN}\r\nX_Token: other\r\nAuthorization: Basic eDp5\r\n");
    assert_eq!(gateway.send(get("/httpbin/v1/x", &fields)).status, 200);
    let seen = backend.only();
    assert_eq!((seen.field("x-token"), seen.field("x_token")), (None, None));
    assert_eq!(seen.field("authorization"), Some(format!("Bearer {JWT}").as_str()));
    assert_eq!(gateway.send(get("/httpbin/v1/x", &bearer())).status, 401);
}

/// Rows: WSO2-8.11.6
#[test]
fn the_health_check_is_503_until_a_catalog_is_there_and_asks_for_no_token() {
    let backend = Backend::ok();
    let mut gateway = setup(None).start();
    assert_eq!(gateway.send(get(HEALTH, "")).status, 503);
    gateway.publication.replace(&catalog(api(&backend)));
    gateway.apply(&Change::ApiGone(EntityId::new(99)));
    assert_eq!(gateway.send(get(HEALTH, "")).status, 200);
    let mut client = gateway.connect();
    client.write(format!("HEAD {HEALTH} HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_eq!(client.response_to("HEAD").status, 200);
}

#[test]
fn a_listener_for_apis_alone_has_no_routes_and_speaks_wso2s_format() {
    let backend = Backend::ok();
    let mut setup = Setup::new(backend.address);
    setup.catalog = Some(catalog(api(&backend)));
    setup.listener.serves = Entry::Apis;
    let gateway = setup.start();
    let response = gateway.send(get("/open", ""));
    assert_eq!(
        (response.status, response.text()),
        (
            404,
            r#"{"code":"404","type":"Status report","message":"Not Found","description":"The requested resource is not available."}"#
        )
    );
    assert_eq!(gateway.send(get("/httpbin/v1/x", &bearer())).status, 200);
    let broken = gateway.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    assert_eq!(broken.status, 400);
    assert!(broken.text().contains(r#""type":"Status report""#), "{}", broken.text());
}

#[test]
fn a_listener_for_routes_alone_has_no_apis() {
    let backend = Backend::ok();
    let mut setup = setup(Some(catalog(api(&backend))));
    setup.listener.serves = Entry::Routes;
    let gateway = setup.start();
    assert_eq!(gateway.send(get("/httpbin/v1/open", "")).status, 404);
    assert_eq!(gateway.send(get(HEALTH, "")).status, 404);
}

/// Rows: WSO2-8.8.16
#[test]
fn the_transport_is_the_clients_own_as_far_as_trusted_proxies_tell() {
    let backend = Backend::ok();
    let https_only = Transports { http: false, https: true };
    let forwarded = "X-Forwarded-Proto: https\r\n";
    let gateway = |trusted: Vec<&'static str>| {
        let api = ManagedApi { transports: https_only, ..api(&backend) };
        Setup { trusted_proxies: trusted, ..setup(Some(catalog(api))) }.start()
    };
    let response = gateway(Vec::new()).send(get("/httpbin/v1/open", forwarded));
    assert_eq!(response.status, 403);
    assert!(response.text().contains("Unsupported Transport [ http ]"), "{}", response.text());
    let behind = gateway(vec!["127.0.0.0/8"]);
    assert_eq!(behind.send(get("/httpbin/v1/open", forwarded)).status, 200);
    assert_eq!(behind.send(get("/httpbin/v1/open", "")).status, 403);
}

/// Rows: WSO2-8.1.7, WSO2-8.8.17, WSO2-11.8
#[test]
fn a_backend_that_is_away_is_502_and_101503() {
    let backend = Backend::ok();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gateway = gateway(&backend, |api| {
        api.production_endpoint = Some(format!("http://{closed}").into());
        api.cors = Some(CorsPolicy {
            origins: vec!["*".into()],
            headers: Vec::new(),
            methods: vec!["*".into()],
            credentials: false,
        });
    });
    let response = gateway.send(get("/httpbin/v1/open", ""));
    assert_eq!(response.status, 502);
    assert!(response.text().starts_with(
        r#"{"code":"101503","type":"Status report","message":"Runtime Error","description":""#
    ));
    assert_eq!(response.field("access-control-allow-origin"), Some("*"));
}

/// Rows: WSO2-8.8.17, WSO2-11.8
#[test]
fn a_backend_that_does_not_answer_in_time_is_504_and_101504() {
    let silent = Backend::custom(|mut stream| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let mut setup = setup(Some(catalog(api(&silent))));
    setup.limits.upstream_idle_timeout = Duration::from_millis(200);
    let response = setup.start().send(get("/httpbin/v1/open", ""));
    assert_eq!(response.status, 504);
    assert!(response.text().starts_with(r#"{"code":"101504","type":"Status report""#));
}

/// Rows: WSO2-8.11.4
#[test]
fn a_stream_ends_when_its_consumer_key_is_revoked() {
    let backend = Backend::custom(|mut stream| {
        use std::io::Write;
        let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n";
        let _ = stream.write_all(head);
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let mut gateway = gateway(&backend, |_| ());
    let mut client = gateway.connect();
    client.write(get("/httpbin/v1/x", &bearer()));
    assert!(client.head().starts_with("HTTP/1.1 200"));
    let of = Revoked::ConsumerKey("client-one".into());
    let (at, until) = (UnixTime::from_secs(EXPIRES), UnixTime::MAX);
    gateway.apply(&Change::Revoked(Revocation { of, at, until }));
    while client.fill() {}
    assert_eq!(gateway.send(get("/httpbin/v1/x", &bearer())).status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn over_http2_managed_apis_are_the_same() {
    let backend = Backend::ok();
    let mut setup = setup(Some(catalog(ManagedApi {
        authorization_header: "x-token".into(),
        ..api(&backend)
    })));
    setup.listener.serves = Entry::Apis;
    let gateway = setup.start();
    let tcp = tokio::net::TcpStream::connect(gateway.address).await.unwrap();
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(tcp)).await.unwrap();
    tokio::spawn(connection);
    let mut ask = async |path: &str, fields: &[(&str, &str)]| {
        let mut request = http::Request::builder().uri(format!("http://gw.example{path}"));
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let response = sender.send_request(request).await.unwrap();
        let status = response.status().as_u16();
        (status, response.into_body().collect().await.unwrap().to_bytes())
    };
    let token = format!("Bearer {TOKEN}");
    let fields = [
        ("x-token", token.as_str()),
        ("authorization", "Basic eDp5"),
        ("x-jwt-assertion", "e30.e30.e30"),
    ];
    assert_eq!(ask("/httpbin/v1/x?a=1", &fields).await, (200, "ok".into()));
    let seen = backend.only();
    assert_eq!(seen.line, "GET /base/x?a=1 HTTP/1.1");
    assert_eq!(seen.field("authorization"), Some(format!("Bearer {JWT}").as_str()));
    assert_eq!((seen.field("x-token"), seen.field("x-jwt-assertion")), (None, None));
    assert_eq!(ask(HEALTH, &[]).await.0, 200);
    let (status, body) = ask("/nowhere", &[]).await;
    assert_eq!(status, 404);
    assert!(body.starts_with(br#"{"code":"404","type":"Status report""#), "{body:?}");
    let twice = [("x-token", token.as_str()), ("x-token", token.as_str())];
    assert_eq!(ask("/httpbin/v1/x", &twice).await.0, 401);
}
