//! The tutorial's steps against a demo on free ports.

use std::net::TcpListener;
use std::path::Path;
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

fn options(directory: &Path, ports: Ports) -> Options {
    crate::compose::install_crypto();
    let (data_dir, command) = (directory.to_owned(), "./phantom".to_owned());
    Options { data_dir, ports, set_up: Extent::Everything, reset: false, command }
}

fn start(ports: Ports) -> (tempfile::TempDir, Result<Demo, DemoError>) {
    let directory = tempfile::tempdir().unwrap();
    let demo = Demo::start(&options(directory.path(), ports));
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

    assert!(!page.contains("{{"), "all is filled in: {page}");
    assert!(page.contains("./phantom token -k --endpoint https://localhost:"), "{page}");
    for (path, part) in
        [("style.css", "--accent: light-dark("), ("page.js", "clipboard"), ("icon.svg", "<svg")]
    {
        assert!(page.contains(&format!("\"/{path}\"")), "{page}");
        let (status, _, text) = call(&demo, &format!("http://127.0.0.1:{gateway}/{path}"), None);
        assert!(status == 200 && text.contains(part), "{path}: {text}");
    }

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
        "phantom_decision_total{api=\"/api\",reason=\"token_inactive\"} 1\n",
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
        format!("./phantom token -k --endpoint https://localhost:{authorization_server}/oauth"),
    ] {
        assert!(demo.banner().contains(&command), "{command}\n{}", demo.banner());
    }
    demo.stop();
}

#[test]
fn all_ports_that_are_taken_are_named_with_the_options_that_change_them() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    for (ports, option) in [
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
        assert!(error.ends_with(option), "{error}");
    }
    // On the other family: half of the clients that say `localhost` would reach another server.
    let Ok(other) = TcpListener::bind("[::1]:0") else { return };
    let second = other.local_addr().unwrap().port();
    let error = start(Ports { api: second, gateway: port, ..FREE }).1.unwrap_err().to_string();
    let lines: Vec<&str> = error.lines().collect();
    assert!(lines[0].starts_with(&format!("port {second} for the sample API is taken")), "{error}");
    assert!(lines[1].starts_with(&format!("port {port} for the gateway is taken")), "{error}");
}

#[test]
fn a_data_directory_that_cannot_be_made_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Demo::start(&options(&file.join("data"), FREE)).unwrap_err().to_string();
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
    // A literal secret, a weak password and endpoints on this machine: which the file explains.
    assert_eq!(report.warnings(), 3, "{report}");
    assert_eq!(config.unwrap().routes.len(), 2);
}

/// A call of the control plane as that user.
fn manage(demo: &Demo, by: (&str, &str), method: Method, path: &str, body: &Value) -> Value {
    demo.runtime().block_on(async {
        let client = Client::builder().no_proxy().danger_accept_invalid_certs(true).build();
        let url = format!("https://localhost:{}/api/am/{path}", demo.ports().control);
        let mut request = client.unwrap().request(method, url).basic_auth(by.0, Some(by.1));
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    })
}

const ADMIN: (&str, &str) = ("admin", "admin");

/// What the managed API answers to the tutorial's client.
fn managed(demo: &Demo) -> (u16, String) {
    let token = demo.authorization_server().issue_token("client-one", "read");
    let url = format!("http://127.0.0.1:{}/httpbin/v1/get", demo.ports().apis_http);
    let (status, _, body) = call(demo, &url, Some(&token));
    (status, body)
}

fn list(demo: &Demo, path: &str) -> Vec<Value> {
    manage(demo, ADMIN, Method::GET, path, &Value::Null)["list"].as_array().unwrap().clone()
}

#[test]
fn a_demo_whose_things_were_renamed_starts_again_and_makes_no_second_ones() {
    let directory = tempfile::tempdir().unwrap();
    let demo = Demo::start(&options(directory.path(), FREE)).unwrap();
    let mine = list(&demo, "devportal/v3/applications");
    let app = mine.iter().find(|app| app["name"] == "CurityApp").unwrap();
    let path = format!("devportal/v3/applications/{}", app["applicationId"].as_str().unwrap());
    let mut whole = manage(&demo, ADMIN, Method::GET, &path, &Value::Null);
    whole["name"] = "Mine now".into();
    manage(&demo, ADMIN, Method::PUT, &path, &whole);

    // Another name for the key manager is another key manager, whose mapping is made anew.
    let all = list(&demo, "admin/v4/key-managers");
    let curity = all.iter().find(|each| each["name"] == "curity").unwrap();
    let at = format!("admin/v4/key-managers/{}", curity["id"].as_str().unwrap());
    let mut document = manage(&demo, ADMIN, Method::GET, &at, &Value::Null);
    let keys = manage(&demo, ADMIN, Method::GET, &format!("{path}/oauth-keys"), &Value::Null);
    let key = format!("{path}/oauth-keys/{}", keys["list"][0]["keyMappingId"].as_str().unwrap());
    manage(&demo, ADMIN, Method::DELETE, &key, &Value::Null);
    manage(&demo, ADMIN, Method::DELETE, &at, &Value::Null);
    document["name"] = "mine".into();
    document["additionalProperties"]["client_secret"] = "Password1".into();
    document.as_object_mut().unwrap().remove("id");
    manage(&demo, ADMIN, Method::POST, "admin/v4/key-managers", &document);
    // The application is known by its key, so it has that again.
    let mapping = serde_json::json!({
        "consumerKey": "client-one", "keyManager": "mine", "keyType": "PRODUCTION",
    });
    manage(&demo, ADMIN, Method::POST, &format!("{path}/map-keys"), &mapping);
    let ports = demo.ports();
    demo.stop();

    // Also where the servers are elsewhere: what was made is led to them.
    for ports in [ports, FREE] {
        let demo = Demo::start(&options(directory.path(), ports)).unwrap();
        assert!(!demo.banner().contains("--reset"), "{}", demo.banner());
        let names = |path: &str| -> Vec<String> {
            list(&demo, path).iter().map(|each| each["name"].as_str().unwrap().to_owned()).collect()
        };
        assert!(!names("devportal/v3/applications").contains(&"CurityApp".to_owned()));
        assert!(!names("admin/v4/key-managers").contains(&"curity".to_owned()));
        let end = Instant::now() + Duration::from_secs(10);
        while managed(&demo).0 != 200 && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(50));
        }
        let (status, body) = managed(&demo);
        assert_eq!(status, 200, "{body}");
        demo.stop();
    }
}

#[test]
fn what_is_otherwise_than_the_demo_makes_it_stays_and_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(directory.path(), FREE);
    let demo = Demo::start(&options).unwrap();
    assert!(!demo.banner().contains("Otherwise"), "{}", demo.banner());
    let id = list(&demo, "admin/v4/key-managers")
        .into_iter()
        .find(|each| each["name"] == "curity")
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("admin/v4/key-managers/{id}");
    let mut document = manage(&demo, ADMIN, Method::GET, &path, &Value::Null);
    document["additionalProperties"]["clock_skew"] = "7".into();
    manage(&demo, ADMIN, Method::PUT, &path, &document);
    let ports = demo.ports();
    demo.stop();
    let demo = Demo::start(&Options { ports, ..options }).unwrap();
    let said =
        "key manager curity: there already, with another CLOCK_SKEW (7 there): it stays as it is";
    assert!(demo.banner().contains(said), "{}", demo.banner());
    demo.stop();
}

#[test]
fn a_demo_whose_password_was_changed_starts_says_so_and_starts_over_when_told() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(directory.path(), FREE);
    let demo = Demo::start(&options).unwrap();
    let (data, ports) = (directory.path().join("demo"), demo.ports());
    demo.stop();
    change_password(&data, "changed by somebody");

    let options = Options { ports, ..options };
    let demo = Demo::start(&options).unwrap();
    let banner = demo.banner().to_owned();
    assert!(banner.contains("user admin, its password was changed"), "{banner}");
    assert!(banner.contains("`./phantom demo --reset` starts over"), "{banner}");
    assert_eq!(managed(&demo).0, 200, "what was set up is still there");
    let busy = Demo::start(&options).unwrap_err().to_string();
    assert!(busy.starts_with("another demo runs from "), "{busy}");
    demo.stop();

    std::fs::write(data.join("mine.txt"), "not the demo's").unwrap();
    let demo = Demo::start(&Options { reset: true, ..options }).unwrap();
    assert!(demo.banner().contains("user admin, password admin"), "{}", demo.banner());
    manage(&demo, ADMIN, Method::GET, "devportal/v3/applications", &Value::Null);
    assert!(data.join("mine.txt").exists(), "only the demo's own files go");
    demo.stop();
}

fn change_password(data: &Path, password: &str) {
    let file = data.join("password");
    std::fs::write(&file, password).unwrap();
    let config = data.join("phantom.toml");
    let args = ["phantom", "user", "-c", config.to_str().unwrap(), "password", "admin"];
    let args = args.into_iter().chain(["--password-file", file.to_str().unwrap()]);
    let code = crate::cli::run(args.map(Into::into));
    assert_eq!(format!("{code:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn a_reset_leaves_nothing_of_what_a_demo_keeps_and_a_broken_store_names_it() {
    let directory = tempfile::tempdir().unwrap();
    let options = options(directory.path(), FREE);
    Demo::start(&options).unwrap().stop();
    let data = directory.path().join("demo");
    for name in ["phantom.db-wal", "phantom.db-shm"] {
        let _ = std::fs::remove_file(data.join(name));
    }
    std::fs::write(data.join("phantom.db"), "no database".repeat(100)).unwrap();
    let error = Demo::start(&options).unwrap_err().to_string();
    assert!(error.contains("`phantom demo --reset` starts over"), "{error}");
    // A start that cannot be takes nothing away.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let api = taken.local_addr().unwrap().port();
    let ports = Ports { api, ..options.ports };
    let refused = Demo::start(&Options { reset: true, ports, ..options.clone() }).err().unwrap();
    assert!(refused.to_string().contains("is taken"), "{refused}");
    assert!(data.join("phantom.db").exists());
    let files = files::Files::prepare(directory.path()).unwrap();
    files.reset().unwrap();
    let left: Vec<_> =
        std::fs::read_dir(&data).unwrap().map(|each| each.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name == "html" || name == "demo.lock"), "{left:?}");
    assert_eq!(std::fs::read_dir(data.join("html")).unwrap().count(), 0);
    drop(files);
    Demo::start(&Options { reset: true, ..options }).unwrap().stop();
}

#[test]
fn the_page_links_to_all_that_runs_and_every_block_of_code_can_be_copied_whole() {
    let ports = Ports {
        authorization_server: 1001,
        api: 1002,
        gateway: 1003,
        apis_https: 1004,
        apis_http: 1005,
        control: 1006,
        management: 1007,
    };
    let directory = tempfile::tempdir().unwrap();
    let files = files::Files::prepare(directory.path()).unwrap();
    let command = "'/a & b/phantom'";
    let path = files.write_page(ports, command, files::Managed::ByHand).unwrap();
    let page = std::fs::read_to_string(path).unwrap();
    assert!(!page.contains("CurityApp") && !page.contains("{{"), "nothing is set up: {page}");
    let path = files.write_page(ports, command, files::Managed::Changed).unwrap();
    assert!(std::fs::read_to_string(path).unwrap().contains("What was changed there stays"));
    let path = files.write_page(ports, command, files::Managed::AsMade).unwrap();
    let page = std::fs::read_to_string(path).unwrap();
    for link in [
        "href=\"https://localhost:1001/oauth/v2/oauth-anonymous/.well-known/openid-configuration\"",
        "href=\"http://localhost:1002/api\"",
        "href=\"http://localhost:1003/api\"",
        "href=\"https://localhost:1004/httpbin/v1/get\"",
        "href=\"http://localhost:1005/httpbin/v1/get\"",
        "href=\"https://localhost:1006/openapi.json\"",
        "href=\"http://127.0.0.1:1007/metrics\"",
    ] {
        assert!(page.contains(link), "{link} is not in\n{page}");
    }
    assert!(page.contains("'/a &amp; b/phantom' token -k"), "{page}");
    let blocks = |what: &str| page.matches(what).count();
    assert!(blocks("<pre>") >= 6);
    assert_eq!(blocks("<div class=\"code\"><pre><code>"), blocks("<pre>"));
    // Only what is its own is run or shown.
    assert!(page.contains("default-src 'none'") && !page.contains("unsafe-inline"), "{page}");
    assert!(!page.contains("<style") && !page.contains(" style="), "{page}");
}
