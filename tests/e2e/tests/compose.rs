//! The stacks that an operator starts: that of `deploy/compose.yaml`, from the very files, and control
//! plane and gateways as processes of their own on one PostgreSQL.

use std::collections::HashMap;
use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use phantom_e2e::certificate;
use phantom_e2e::gateway;
use phantom_e2e::http;
use phantom_e2e::http::Answer;
use phantom_e2e::managed::DEVPORTAL;
use phantom_e2e::managed::Ports;
use phantom_e2e::managed::free_ports;
use phantom_e2e::process::Process;
use phantom_e2e::workspace;
use phantom_testkit::Postgres;
use reqwest::Client;
use serde_json::Value;

const SEALING_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn deploy(file: &str) -> String {
    fs::read_to_string(workspace::root().join("deploy").join(file)).unwrap()
}

/// What is named in the files, and what it is on this machine: hosts, ports and directories.
struct Place {
    names: Vec<(String, String)>,
}

impl Place {
    fn of(directory: &Path) -> Self {
        let ports: [u16; 5] = free_ports();
        let published = ["8443", "3000", "9443", "8243", "8280"];
        let mut names: Vec<(String, String)> = published
            .iter()
            .zip(ports)
            .map(|(known, port)| (format!(":{known}"), format!(":{port}")))
            .collect();
        for host in ["idsvr", "0.0.0.0", "//sample-api"] {
            let local = if host.starts_with('/') { "//127.0.0.1" } else { "127.0.0.1" };
            names.push((host.to_owned(), local.to_owned()));
        }
        names.push(("//gateway".to_owned(), "//localhost".to_owned()));
        // All containers are one machine.
        let local = "\n[control]\nallow_local_endpoints = true\n";
        names.push(("\n[control]\n".to_owned(), local.to_owned()));
        for folder in ["/shared", "/data", "/etc/phantom"] {
            let local = directory.join(folder.trim_start_matches('/'));
            fs::create_dir_all(&local).unwrap();
            names.push((folder.to_owned(), local.to_str().unwrap().to_owned()));
        }
        Self { names }
    }

    fn here(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, here)| text.replace(name, here))
    }

    fn port(&self, published: &str) -> u16 {
        self.here(&format!(":{published}")).trim_start_matches(':').parse().unwrap()
    }
}

/// `NAME=value` lines.
fn variables(text: &str) -> HashMap<String, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// `${NAME:-default}`, as compose writes out a file beside it that is called `.env`.
fn interpolated(text: &str, environment: &HashMap<String, String>) -> String {
    let Some((before, rest)) = text.split_once("${") else { return text.to_owned() };
    let (variable, after) = rest.split_once('}').unwrap();
    let (name, default) = variable.split_once(":-").unwrap();
    let value = environment.get(name).map_or(default, String::as_str);
    interpolated(&format!("{before}{value}{after}"), environment)
}

/// The command of a service, on this machine.
fn service(compose: &Value, name: &str, place: &Place, directory: &Path) -> Command {
    let service = &compose["services"][name];
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned();
    for volume in service["volumes"].as_array().into_iter().flatten().map(text) {
        // Files beside the compose file are mounted; a folder that a name stands for is there.
        let Some((from, to)) = volume.strip_prefix("./").and_then(|v| v.split_once(':')) else {
            continue;
        };
        let mut mounted = place.here(&deploy(from));
        if !mounted.contains("[management]") {
            let [port] = free_ports();
            mounted.push_str(&format!("\n[management]\nbind = \"127.0.0.1:{port}\"\n"));
        }
        fs::write(place.here(to.trim_end_matches(":ro")), mounted).unwrap();
    }
    let mut command = Command::new(workspace::phantom());
    command.current_dir(directory).env("RUST_LOG", "info");
    command.args(service["command"].as_array().unwrap().iter().map(|a| place.here(&text(a))));
    let environment = variables(&deploy(".env.example"));
    for (name, value) in service["environment"].as_object().into_iter().flatten() {
        command.env(name, place.here(&interpolated(&text(value), &environment)));
    }
    command
}

/// Runs a command to its end.
fn finished(name: &str, command: &mut Command) -> (Option<i32>, String) {
    let mut process = Process::start(name, command);
    let end = Instant::now() + Duration::from_secs(90);
    let mut code = None;
    while code.is_none() && Instant::now() < end {
        code = process.end();
    }
    (code, process.output())
}

/// The tutorial's call: an opaque token goes in, a JWT comes out at the backend.
async fn the_tutorials_call(http: &Client, url: &str, token: &str) {
    let call = || http.get(url).bearer_auth(token);
    let answer = http::eventually("the API", call, |answer| answer.status == 200).await;
    let authorization = answer.json()["headers"]["Authorization"].clone();
    assert!(authorization.as_str().unwrap().starts_with("Bearer eyJ"), "{}", answer.body);
    assert!(!answer.body.contains(token), "the backend got the opaque token");
    let bad = Answer::of(http.get(url).bearer_auth("_0XBPWQQ_unknown")).await;
    assert_eq!(bad.status, 401);
}

async fn token(http: &Client, authorization_server: u16) -> String {
    let endpoint = format!("https://localhost:{authorization_server}/oauth/v2/oauth-token");
    http::fetch_token(http, &endpoint, "client-one", "read").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stack_of_the_compose_file_serves_the_tutorials_call() {
    let directory = gateway::directory();
    let place = Place::of(directory.path());
    let compose: Value = serde_saphyr::from_str(&deploy("compose.yaml")).unwrap();
    let of = |name: &str| service(&compose, name, &place, directory.path());
    let names: Vec<&String> = compose["services"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["gateway", "idsvr", "sample-api", "setup"], "another service is to be run");

    // It may well be started before the certificate is there that it is to believe.
    assert_eq!(compose["services"]["gateway"]["restart"], "on-failure");
    let (code, output) = finished("gateway", &mut of("gateway"));
    assert_eq!(code, Some(1), "{output}");
    assert!(output.contains("control.ca_file: cannot read "), "{output}");

    let setting_up = {
        let mut setup = of("setup");
        tokio::task::spawn_blocking(move || finished("setup", &mut setup))
    };
    let mut servers: Vec<Process> =
        ["idsvr", "sample-api"].map(|name| Process::start(name, &mut of(name))).into();
    servers[0].wait_for("Issuer: https://127.0.0.1:");
    servers[1].wait_for("Sample API: http://");
    let mut gateway = Process::start("gateway", &mut of("gateway"));
    gateway.wait_for("\"management\"");
    servers.push(gateway);
    let (code, output) = setting_up.await.unwrap();
    assert_eq!(code, Some(0), "{output}");
    assert!(output.contains("consumer key client-one: mapped\n"), "{output}");

    let http = http::client();
    let token = token(&http, place.port("8443")).await;
    for (scheme, port) in [("https", "8243"), ("http", "8280")] {
        let url = format!("{scheme}://localhost:{}/httpbin/v1/get", place.port(port));
        the_tutorials_call(&http, &url, &token).await;
    }
    for service in compose["services"].as_object().unwrap().values() {
        for port in service["ports"].as_array().into_iter().flatten() {
            let (_, port) = port.as_str().unwrap().split_once(':').unwrap();
            let address = format!("127.0.0.1:{}", place.port(port));
            assert!(TcpStream::connect(&address).is_ok(), "nothing listens on {port}");
        }
    }
    let (code, output) = finished("setup", &mut of("setup"));
    assert_eq!(code, Some(0), "{output}");
    assert!(output.lines().all(|line| line.contains("already")), "{output}");
    for server in servers.iter_mut().rev() {
        assert_eq!(server.stop(), Some(0), "{}", server.output());
        assert!(!server.output().contains(&token), "a token is in the log");
    }
}

/// One node of a control plane and gateways on one database, with a directory of its own.
struct Node {
    directory: tempfile::TempDir,
    ports: Ports,
}

impl Node {
    fn new(control: u16) -> Self {
        let ports = Ports { control, ..Ports::free() };
        Self { directory: gateway::directory(), ports }
    }

    fn start(&self, command: &str, database: &str, certificate: &certificate::PemFiles) -> Process {
        let Ports { control, apis, management } = self.ports;
        let [cert, key] = [&certificate.certificate, &certificate.key].map(|path| path.display());
        let text = format!(
            "[gateway]\nworkers = 1\ndata_dir = \"data\"\naccess_log = \"off\"\n\
             [management]\nbind = \"127.0.0.1:{management}\"\n\
             [[listener]]\nbind = \"127.0.0.1:{apis}\"\nserve = \"apis\"\n\
             [control]\nbind = \"127.0.0.1:{control}\"\n\
             public_url = \"https://localhost:{control}\"\n\
             tls = {{ cert = \"{cert}\", key = \"{key}\" }}\nca_file = \"{cert}\"\n\
             database = {{ env = \"DATABASE_URL\" }}\nsealing_key = {{ env = \"SEALING_KEY\" }}\n\
             allow_private = true\nallow_local_endpoints = true\n"
        );
        let file = self.directory.path().join("phantom.toml");
        fs::write(&file, text).unwrap();
        let mut process = Command::new(workspace::phantom());
        process.arg(command).arg("-c").arg(file).current_dir(self.directory.path());
        process.env("RUST_LOG", "info").env("DATABASE_URL", database);
        Process::start(command, process.env("SEALING_KEY", SEALING_KEY))
    }
}

/// The password in the output of a first start; nothing in that of others.
fn shown_password(output: &str) -> Option<String> {
    let (_, after) = output.split_once("the user `admin` has the password ")?;
    Some(after.lines().next()?.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_plane_and_gateways_apart_make_one_stack_on_one_postgresql() {
    let folder = gateway::directory();
    let certificate = certificate::self_signed(folder.path(), |_| {});
    let [control, authorization_server, sample, database] = free_ports();
    let postgres = tokio::task::block_in_place(|| Postgres::start_on(database));
    let nodes = [Node::new(control), Node::new(control), Node::new(control)];

    // All at once on an empty database: one of them makes the first start, and shows the password.
    let start =
        |node: usize, command: &str| nodes[node].start(command, &postgres.url(), &certificate);
    let mut plane = start(0, "control");
    let mut gateways = [start(1, "gateway"), start(2, "gateway")];
    plane.wait_for("\"control plane\"");
    gateways.iter_mut().for_each(|gateway| gateway.wait_for("\"management\""));
    let mut password = None;
    for _ in 0..600 {
        let outputs = [&plane, &gateways[0], &gateways[1]].map(Process::output);
        password = outputs.iter().find_map(|output| shown_password(output));
        if password.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let password = &password.expect("nobody shows the password");

    let mut devauth = Command::new(workspace::phantom());
    devauth.args(["devauth", "--data-dir"]).arg(folder.path());
    // It keeps its certificate where those who are to believe it look for it.
    devauth.arg("--bind").arg(format!("127.0.0.1:{authorization_server}"));
    for (from, to) in
        [(&certificate.certificate, "localhost.pem"), (&certificate.key, "localhost-key.pem")]
    {
        fs::copy(from, folder.path().join(to)).unwrap();
    }
    let mut devauth = Process::start("devauth", &mut devauth);
    devauth.wait_for("Issuer: https://localhost:");
    let mut sample_api = Command::new(workspace::phantom());
    sample_api.args(["sample-api", "--bind"]).arg(format!("127.0.0.1:{sample}"));
    let mut sample_api = Process::start("sample-api", &mut sample_api);
    sample_api.wait_for("Sample API: ");

    let mut environment = deploy(".env.example");
    for (known, port) in [(9443, control), (8443, authorization_server), (3000, sample)] {
        environment = environment.replace(&format!(":{known}"), &format!(":{port}"));
    }
    let environment_file = folder.path().join(".env");
    fs::write(&environment_file, environment).unwrap();
    let mut setup = Command::new(workspace::phantom());
    setup.args(["setup", "--wait", "30s", "--env-file"]).arg(&environment_file);
    setup.arg("--ca-file").arg(&certificate.certificate).env("PHANTOM_ADMIN_PASSWORD", password);
    let (code, output) = finished("setup", &mut setup);
    assert_eq!(code, Some(0), "{output}");

    let http = http::client();
    let token = token(&http, authorization_server).await;
    let urls = [1, 2]
        .map(|node: usize| format!("http://127.0.0.1:{}/httpbin/v1/get", nodes[node].ports.apis));
    for url in &urls {
        the_tutorials_call(&http, url, &token).await;
    }

    // Gateways do without the control plane, and follow the one that is started again.
    assert_eq!(plane.stop(), Some(0), "{}", plane.output());
    let mut shown = usize::from(shown_password(&plane.output()).is_some());
    for url in &urls {
        the_tutorials_call(&http, url, &token).await;
    }
    let mut again = start(0, "control");
    again.wait_for("\"control plane\"");
    let rest = |method: reqwest::Method, path: &str| {
        let url = format!("https://localhost:{control}{path}");
        http.request(method, url).basic_auth("admin", Some(password))
    };
    let listed = async |path: &str| {
        let answer = Answer::of(rest(reqwest::Method::GET, path)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["list"][0].clone()
    };
    let application = listed(&format!("{DEVPORTAL}/applications?query=CurityApp")).await;
    let id = application["applicationId"].as_str().unwrap();
    let subscription = listed(&format!("{DEVPORTAL}/subscriptions?applicationId={id}")).await;
    let id = subscription["subscriptionId"].as_str().unwrap();
    let path = format!("{DEVPORTAL}/subscriptions/{id}");
    let deleted = Answer::of(rest(reqwest::Method::DELETE, &path)).await;
    assert_eq!(deleted.status, 200, "{}", deleted.body);
    for url in &urls {
        let call = || http.get(url).bearer_auth(&token);
        http::eventually("the change", call, |answer| answer.status == 403).await;
    }

    let [one, two] = &mut gateways;
    for process in [&mut again, one, two, &mut devauth, &mut sample_api] {
        assert_eq!(process.stop(), Some(0), "{}", process.output());
        assert!(!process.output().contains(&token), "a token is in the log");
        shown += usize::from(shown_password(&process.output()).is_some());
    }
    assert_eq!(shown, 1, "one of the three has made the first start");
    assert!(!again.output().contains(password.as_str()));
}
