//! Whole gateways from text, with the development authorization server and a sample API around.

use std::future::Future;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use http::HeaderMap;
use phantom_config::Purpose;
use phantom_config::Source;
use phantom_devauth::DevAuth;
use phantom_devauth::DevAuthHandle;
use phantom_devauth::DevAuthOptions;
use phantom_devauth::SampleApi;
use reqwest::Client;
use serde_json::Value;
use tokio::runtime::Builder;
use tokio_util::sync::DropGuard;

use super::*;
use crate::clock::SystemClock;

/// Servers and the test's own calls.
struct World {
    runtime: Runtime,
    directory: tempfile::TempDir,
    _stop: Vec<DropGuard>,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl World {
    fn new() -> Self {
        install_crypto();
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { runtime, directory: tempfile::tempdir().unwrap(), _stop: Vec::new() }
    }

    fn authorization_server(&mut self, port: u16) -> DevAuthHandle {
        let bind = SocketAddr::from(([127, 0, 0, 1], port));
        let options = DevAuthOptions { bind, ..DevAuthOptions::default() };
        let server = self.runtime.block_on(DevAuth::bind(options)).unwrap();
        let handle = server.handle();
        let stop = self.stop();
        self.runtime.spawn(server.serve(stop));
        handle
    }

    fn api(&mut self) -> SocketAddr {
        let bind = SocketAddr::from(([127, 0, 0, 1], 0));
        let api = self.runtime.block_on(SampleApi::bind(bind)).unwrap();
        let address = api.local_addr();
        let stop = self.stop();
        self.runtime.spawn(api.serve(stop));
        address
    }

    fn stop(&mut self) -> impl Future<Output = ()> + Send + 'static {
        let stop = CancellationToken::new();
        self._stop.push(stop.clone().drop_guard());
        stop.cancelled_owned()
    }

    /// Routes and key managers in a file whose ports are all free.
    fn gateway(&self, text: &str) -> Gateway {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        start(self.directory.path(), text, &clock).unwrap()
    }

    fn get(&self, at: SocketAddr, path: &str, token: Option<&str>) -> Answer {
        self.runtime.block_on(async {
            let client = Client::builder().no_proxy().timeout(Duration::from_secs(10));
            let mut request = client.build().unwrap().get(format!("http://{at}{path}"));
            if let Some(token) = token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let answer = request.send().await.unwrap();
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            Answer { status, headers, body: answer.text().await.unwrap() }
        })
    }
}

fn start(directory: &Path, text: &str, clock: &Arc<dyn Clock>) -> Result<Gateway, StartError> {
    start_managed_at("127.0.0.1:0", directory, text, clock)
}

fn start_managed_at(
    management: &str,
    directory: &Path,
    text: &str,
    clock: &Arc<dyn Clock>,
) -> Result<Gateway, StartError> {
    let text = format!(
        "[gateway]\naccess_log = \"off\"\nworkers = 1\nissuer = \"https://gateway.example\"\n\
         drain_timeout = \"1s\"\n[management]\nbind = \"{management}\"\n{text}"
    );
    let source = Source { path: directory.join("phantom.toml"), text };
    let (config, report) = source.compile(Purpose::Run, clock);
    let config = config.unwrap_or_else(|| panic!("{report}"));
    Gateway::start(config, Planes::DataAndControl, clock)
}

/// A listener, a key manager at that port, and a route to that API.
fn file(as_port: u16, api: SocketAddr, key_manager: &str, route: &str) -> String {
    format!(
        "[[listener]]\nbind = \"127.0.0.1:0\"\n\
         [[key_manager]]\nname = \"dev\"\n\
         issuer = \"http://localhost:{as_port}/oauth/v2/oauth-anonymous\"\n\
         introspection_endpoint = \"http://127.0.0.1:{as_port}/oauth/v2/oauth-introspect\"\n\
         jwks_uri = \"http://127.0.0.1:{as_port}/oauth/v2/oauth-anonymous/jwks\"\n\
         client_id = \"introspection-client\"\nclient_secret = \"Password1\"\n{key_manager}\n\
         [[route]]\npath = \"/api\"\nupstream = \"http://{api}/api\"\nkey_manager = \"dev\"\n{route}\n"
    )
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn port_of(server: &DevAuthHandle) -> u16 {
    url::Url::parse(server.issuer()).unwrap().port().unwrap()
}

fn wait_until_ready(gateway: &Gateway) {
    let limit = Instant::now() + Duration::from_secs(30);
    while !gateway.readiness().is_ready() {
        assert!(Instant::now() < limit, "never ready");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Rows: DSC-10
#[test]
fn without_the_authorization_server_the_gateway_is_not_ready_and_never_open() {
    let mut world = World::new();
    let (port, api) = (free_port(), world.api());
    let gateway = world.gateway(&file(port, api, "timeout = \"1s\"", ""));
    let at = gateway.addresses()[0];

    let ready = world.get(gateway.management_address(), "/readyz", None);
    assert_eq!(ready.status, 503);
    let reason: Value = serde_json::from_str(&ready.body).unwrap();
    assert_eq!(reason["key_managers"][0], "dev", "{reason}");
    let refused = world.get(at, "/api", Some("some-token"));
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(world.get(at, "/api", None).status, 401);

    let server = world.authorization_server(port);
    wait_until_ready(&gateway);
    assert_eq!(world.get(gateway.management_address(), "/readyz", None).status, 200);
    let token = server.issue_token("test-client", "read");
    // The breaker may want its pause before it asks again.
    let limit = Instant::now() + Duration::from_secs(30);
    while world.get(at, "/api", Some(&token)).status != 200 {
        assert!(Instant::now() < limit, "never served");
        std::thread::sleep(Duration::from_millis(100));
    }
    gateway.stop();
}

#[test]
fn while_draining_the_gateway_is_not_ready() {
    let world = World::new();
    std::fs::create_dir(world.directory.path().join("html")).unwrap();
    let gateway = world.gateway(
        "[[listener]]\nbind = \"127.0.0.1:0\"\n[[route]]\npath = \"/\"\npublic = true\n\
         static_dir = \"html\"\n",
    );
    let management = gateway.management_address();
    assert_eq!(world.get(management, "/readyz", None).status, 200);
    gateway.readiness().drain();
    let ready = world.get(management, "/readyz", None);
    assert_eq!((ready.status, &*ready.body), (503, "{\"ready\":false,\"reason\":\"draining\"}\n"));
    assert_eq!(world.get(management, "/healthz", None).status, 200);
    assert_eq!(world.get(management, "/other", None).status, 404);
    gateway.stop();
}

#[test]
fn a_minted_phantom_token_is_ours_and_verifies_by_our_published_keys() {
    let mut world = World::new();
    let (server, api) = (world.authorization_server(0), world.api());
    let gateway = world.gateway(&file(port_of(&server), api, "response = \"json\"", ""));
    let at = gateway.addresses()[0];
    wait_until_ready(&gateway);
    let token = server.issue_token("test-client", "read");
    let answer = world.get(at, "/api", Some(&token));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let seen: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(seen["tokenPayload"]["iss"], "https://gateway.example");
    assert_eq!(seen["tokenPayload"]["client_id"], "test-client");

    let keys = world.get(at, "/.well-known/jwks.json", None);
    assert_eq!(keys.status, 200);
    let keys: Value = serde_json::from_str(&keys.body).unwrap();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
    assert!(keys["keys"][0].get("d").is_none());
    assert!(world.directory.path().join("phantom-data/signing-key.der").is_file());
    gateway.stop();
}

/// Rows: JWT-15
#[test]
fn a_route_that_accepts_jwts_verifies_them_and_asks_nobody() {
    let mut world = World::new();
    let (server, api) = (world.authorization_server(0), world.api());
    let key_manager = "expected_audience = \"test-client\"";
    let text = file(port_of(&server), api, key_manager, "jwt = \"accept_jwt\"");
    let gateway = world.gateway(&text);
    let at = gateway.addresses()[0];
    wait_until_ready(&gateway);

    let opaque = server.issue_token("test-client", "read");
    let answer = world.get(at, "/api", Some(&opaque));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let seen: Value = serde_json::from_str(&answer.body).unwrap();
    let jwt = seen["message"].as_str().unwrap().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(server.introspection_count(), 1);

    assert_eq!(world.get(at, "/api", Some(&jwt)).status, 200);
    let (head, signature) = jwt.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{head}.{first}{}", &signature[1..]);
    let refused = world.get(at, "/api", Some(&forged));
    assert_eq!(refused.status, 401, "{}", refused.body);
    assert_eq!(server.introspection_count(), 1);
    gateway.stop();
}

#[test]
fn a_port_that_is_taken_is_said_in_one_sentence_and_nothing_is_served() {
    let world = World::new();
    std::fs::create_dir(world.directory.path().join("html")).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let text = format!(
        "[[listener]]\nbind = \"{address}\"\n[[route]]\npath = \"/\"\npublic = true\n\
         static_dir = \"html\"\n"
    );
    let error = start(world.directory.path(), &text, &clock).unwrap_err();
    assert!(matches!(error, StartError::PortTaken { address: at, .. } if at == address), "{error}");
    assert!(error.to_string().starts_with(&format!("{address} is taken")), "{error}");
    assert!(error.to_string().ends_with("another port with [[listener]] bind"), "{error}");
}

#[test]
fn a_management_port_that_is_taken_is_said_with_the_setting_that_chooses_it() {
    let world = World::new();
    std::fs::create_dir(world.directory.path().join("html")).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let text = "[[listener]]\nbind = \"127.0.0.1:0\"\n[[route]]\npath = \"/\"\npublic = true\n\
                static_dir = \"html\"\n";
    let directory = world.directory.path();
    let error = start_managed_at(&address.to_string(), directory, text, &clock).unwrap_err();
    let error = error.to_string();
    assert!(error.ends_with("or choose another port with [management] bind"), "{error}");
}

#[test]
fn an_access_log_that_cannot_be_opened_is_named() {
    let settings = phantom_config::AccessLogSettings {
        format: phantom_telemetry::access_log::LogFormat::Json,
        file: Some("/nonexistent/access.log".into()),
    };
    let error = open_log(&settings).unwrap_err().to_string();
    assert!(error.starts_with("cannot open the access log /nonexistent/access.log"), "{error}");
}
