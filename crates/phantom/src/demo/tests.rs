//! The tutorial's steps against a demo on free ports.

use std::net::TcpListener;
use std::time::Duration;
use std::time::Instant;

use reqwest::Client;
use reqwest::Method;
use serde_json::Value;

use super::*;

const FREE: Ports = Ports {
    authorization_server: 0,
    api: 0,
    gateway: 0,
    apis_https: 0,
    apis_http: 0,
    control: 0,
    management: 0,
};

fn start(ports: Ports) -> (tempfile::TempDir, Result<Demo, DemoError>) {
    crate::compose::install_crypto();
    let directory = tempfile::tempdir().unwrap();
    let options =
        Options { data_dir: directory.path().to_owned(), ports, set_up: Extent::Everything };
    let demo = Demo::start(&options);
    (directory, demo)
}

/// Status, `WWW-Authenticate` and body.
fn call(demo: &Demo, url: &str, token: Option<&str>) -> (u16, String, String) {
    demo.runtime().block_on(async {
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(10)).build();
        let mut request = client.unwrap().request(Method::GET, url);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = request.send().await.unwrap();
        let challenge = answer.headers().get("www-authenticate");
        let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
        let status = answer.status().as_u16();
        (status, challenge.unwrap_or_default(), answer.text().await.unwrap())
    })
}

fn wait_until_ready(demo: &Demo) {
    let limit = Instant::now() + Duration::from_secs(20);
    while !demo.gateway().readiness().is_ready() {
        assert!(Instant::now() < limit, "never ready");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_tutorial_works_from_start_to_end() {
    let (_directory, demo) = start(FREE);
    let demo = demo.unwrap();
    wait_until_ready(&demo);
    let Ports { gateway, management, .. } = demo.ports();
    let api = format!("http://127.0.0.1:{gateway}/api");

    let (status, challenge, body) = call(&demo, &api, None);
    assert_eq!((status, &*challenge), (401, "Bearer realm=\"api\""));
    assert!(body.contains("Missing, invalid or expired access token"), "{body}");

    let token = demo.authorization_server().issue_token("test-client", "read");
    let (status, _, body) = call(&demo, &api, Some(&token));
    assert_eq!(status, 200, "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert!(body["message"].as_str().unwrap().starts_with("API Received JWT: ey"), "{body}");
    assert_eq!(body["tokenPayload"]["client_id"], "test-client");
    assert!(!body.to_string().contains(&token));

    let again = call(&demo, &api, Some(&token));
    assert_eq!(again.0, 200);
    assert_eq!(demo.authorization_server().introspection_count(), 1);
    assert_eq!(call(&demo, &api, Some("unknown")).0, 401);

    let (status, _, page) = call(&demo, &format!("http://127.0.0.1:{gateway}/"), None);
    assert_eq!(status, 200);
    assert!(page.contains(&format!("curl -i http://localhost:{gateway}/api")), "{page}");

    let of = |path: &str| call(&demo, &format!("http://127.0.0.1:{management}{path}"), None);
    assert_eq!(of("/healthz").0, 200);
    assert_eq!(of("/readyz").0, 200);
    let metrics = of("/metrics").2;
    for line in [
        "phantom_introspections_total{key_manager=\"demo\",outcome=\"active\"} 1\n",
        "phantom_introspections_total{key_manager=\"demo\",outcome=\"inactive\"} 1\n",
        "phantom_introspection_seconds_count 2\n",
        "phantom_token_cache_lookups_total{level=\"l1\",result=\"hit\"} 1\n",
        "phantom_token_cache_lookups_total{level=\"l1\",result=\"miss\"} 2\n",
        "phantom_token_cache_entries 1\n",
        "phantom_single_flight_waiters 0\n",
        "phantom_jwks_refreshes_total{outcome=\"succeeded\"} ",
        "phantom_config_version ",
        "phantom_store_up 1\n",
        "phantom_config_reloads_total{outcome=\"failed\"} 0\n",
        "phantom_token_cache_bytes ",
        "phantom_requests_total{api=\"/api\"",
        "phantom_decision_total{reason=\"token_inactive\"} 1\n",
    ] {
        assert!(metrics.contains(line), "{line:?} is not in\n{metrics}");
    }
    assert_eq!(call(&demo, &format!("http://127.0.0.1:{gateway}/healthz"), None).0, 404);
    demo.stop();
}

#[test]
fn the_banner_holds_the_tutorials_commands_with_the_ports_in_use() {
    let (_directory, demo) = start(FREE);
    let demo = demo.unwrap();
    let Ports { authorization_server, gateway, .. } = demo.ports();
    for command in [
        format!(
            "curl -k -u 'test-client:Password1' -X POST \
             https://localhost:{authorization_server}/oauth/v2/oauth-token"
        ),
        format!("curl -i http://localhost:{gateway}/api"),
        format!("phantom token -k --endpoint https://localhost:{authorization_server}/oauth"),
    ] {
        assert!(demo.banner().contains(&command), "{command}\n{}", demo.banner());
    }
    demo.stop();
}

#[test]
fn a_port_that_is_taken_is_named_with_the_flag_that_changes_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    for (ports, flag) in [
        (Ports { authorization_server: port, ..FREE }, "--as-port"),
        (Ports { api: port, ..FREE }, "--api-port"),
        (Ports { gateway: port, ..FREE }, "--gateway-port"),
        (Ports { apis_https: port, ..FREE }, "--apis-port"),
        (Ports { apis_http: port, ..FREE }, "--apis-http-port"),
        (Ports { control: port, ..FREE }, "--control-port"),
        (Ports { management: port, ..FREE }, "--management-port"),
    ] {
        let error = start(ports).1.unwrap_err().to_string();
        assert!(error.starts_with(&format!("port {port} for the ")), "{error}");
        assert!(error.ends_with(flag), "{error}");
    }
}

#[test]
fn a_data_directory_that_cannot_be_made_is_named() {
    crate::compose::install_crypto();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let data_dir = file.join("data");
    let options = Options { data_dir, ports: FREE, set_up: Extent::Everything };
    let error = Demo::start(&options).unwrap_err().to_string();
    assert!(error.contains("cannot create") && error.contains("--data-dir"), "{error}");
}

#[test]
fn the_demos_configuration_is_valid_as_it_is_printed() {
    crate::compose::install_crypto();
    let directory = tempfile::tempdir().unwrap();
    let files = files::Files::prepare(directory.path()).unwrap();
    self_signed::ensure(files.directory(), true).unwrap();
    let source = Source::read(&files.write_configuration(Ports::DEFAULT).unwrap()).unwrap();
    assert!(source.text.contains("https://localhost:8443/oauth/v2/oauth-introspect"));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (config, report) = source.compile(Purpose::Check, &clock);
    assert_eq!(report.errors(), 0, "{report}");
    // Two for literal secrets, one for the weaker of them, one for endpoints on this machine: which the
    // file explains.
    assert_eq!(report.warnings(), 4, "{report}");
    assert_eq!(config.unwrap().routes.len(), 2);
}
