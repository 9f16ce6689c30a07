//! A start while the database is away: routes of the file are served, and managed APIs by the catalog
//! that was kept; when the database is back everything goes on without a restart.

use std::cell::Cell;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use phantom_e2e::gateway::directory;
use phantom_e2e::http;
use phantom_e2e::http::Answer;
use phantom_e2e::managed::Application;
use phantom_e2e::managed::Bed;
use phantom_e2e::managed::DEVPORTAL;
use phantom_e2e::managed::Ports;
use phantom_e2e::managed::Stack;
use phantom_e2e::managed::api;
use phantom_e2e::managed::free_ports;
use phantom_e2e::managed::stack_command;
use phantom_e2e::process::Process;
use phantom_testkit::Postgres;
use reqwest::Method;
use serde_json::Value;
use serde_json::json;

const PATH: &str = "/bin/v1/get";

/// A stack with one API, whose process comes and goes.
struct Scene {
    bed: Bed,
    ports: Ports,
    control: String,
    application: Application,
    /// Of the one client, from before all of its tokens were revoked and from after.
    revoked: String,
    good: String,
}

impl Scene {
    async fn of(database: &str) -> Self {
        let [files] = free_ports();
        let control = format!(
            "{database}\n[[listener]]\nbind = \"127.0.0.1:{files}\"\nserve = \"routes\"\n\
             [[route]]\npath = \"/\"\npublic = true\nstatic_dir = \"html\"\n"
        );
        let taken = Cell::new(None);
        let launch = |directory: &Path, ports: Ports| {
            taken.set(Some((ports, files)));
            for name in ["html", "store"] {
                std::fs::create_dir(directory.join(name)).unwrap();
            }
            std::fs::write(directory.join("html/index.html"), "from the file").unwrap();
            Stack::start(directory, ports, &control)
        };
        let bed = Bed::launch(launch).await;
        let (ports, _) = taken.get().unwrap();
        bed.key_manager("login", "client-one").await;
        let id = bed.stack.api(&api("Bin", "login", &bed.upstream, &[])).await;
        let application = bed.application(&id, "login", "client-one", "Unlimited").await;
        let revoked = bed.token("client-one");
        bed.in_force(PATH, &revoked).await;
        let client = json!({"consumerKey": "client-one"});
        bed.stack.post("/api/phantom/v1/revocations", &client).await;
        // Tokens say in whole seconds when they were issued.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let good = bed.token("client-one");
        bed.in_force(PATH, &good).await;
        let scene = Self { bed, ports, control, application, revoked, good };
        scene.becomes(&scene.revoked, 401).await;
        scene
    }

    fn files_url(&self) -> String {
        let port = self.control.split("127.0.0.1:").last().unwrap().split('"').next().unwrap();
        format!("http://127.0.0.1:{port}/index.html")
    }

    fn stop(&mut self) {
        let process = &mut self.bed.stack.process;
        assert_eq!(process.stop(), Some(0), "{}", process.output());
    }

    fn start(&mut self) {
        let mut command = stack_command(self.bed.directory(), self.ports, &self.control);
        self.bed.stack = Stack::launch(self.ports, &mut command);
    }

    async fn call(&self, token: &str) -> u16 {
        let request = self.bed.stack.http.get(self.bed.stack.api_url(PATH)).bearer_auth(token);
        Answer::of(request).await.status
    }

    async fn becomes(&self, token: &str, status: u16) {
        let stack = &self.bed.stack;
        let call = || stack.http.get(stack.api_url(PATH)).bearer_auth(token);
        http::eventually("the status", call, |answer| answer.status == status).await;
    }

    async fn management(&self, path: &str) -> Answer {
        Answer::of(self.bed.stack.http.get(self.bed.stack.management_url(path))).await
    }

    async fn metric(&self, name: &str) -> u64 {
        let metrics = self.management("/metrics").await.body;
        let value = metrics.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        value.unwrap_or_else(|| panic!("no {name} in\n{metrics}")).parse().unwrap()
    }

    async fn routes_of_the_file_are_served(&self) {
        let answer = Answer::of(self.bed.stack.http.get(self.files_url())).await;
        assert_eq!((answer.status, &*answer.body), (200, "from the file"));
    }

    async fn control_plane_is_unavailable(&self) {
        let path = format!("{DEVPORTAL}/applications");
        let answer = self.bed.stack.try_rest(Method::GET, &path, &Value::Null).await.unwrap();
        assert_eq!((answer.status, answer.json()["code"].as_u64()), (503, Some(503)));
        assert!(answer.header("retry-after").is_some());
        let token = self.bed.stack.http.post(self.bed.stack.control_url("/oauth2/token"));
        let answer = Answer::of(token).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.json()["error"], "temporarily_unavailable");
    }

    async fn serves_what_was_kept(&self) {
        let ready = self.management("/readyz").await;
        assert_eq!(ready.status, 200, "{}", ready.body);
        assert!(ready.body.contains("kept on the disk"), "{}", ready.body);
        self.becomes(&self.good, 200).await;
        assert_eq!(self.call(&self.revoked).await, 401, "it was revoked before the start");
        assert_eq!(self.call(&self.bed.token("test-client")).await, 401, "another audience");
        assert_eq!(self.call("unknown").await, 401);
        self.routes_of_the_file_are_served().await;
        self.control_plane_is_unavailable().await;
        assert_eq!(self.metric("phantom_store_up").await, 0);
        assert!(self.metric("phantom_catalog_age_seconds").await < 600);
        assert!(self.bed.stack.process.output().contains("the kept catalog is served"));
    }

    /// The database is back: changes are made and in force.
    async fn goes_on(&self) {
        let stack = &self.bed.stack;
        let ready = || stack.http.get(stack.management_url("/readyz"));
        let alone = |answer: &Answer| answer.status == 200 && !answer.body.contains("note");
        http::eventually("ready without a note", ready, alone).await;
        self.becomes(&self.good, 200).await;
        assert_eq!(self.call(&self.revoked).await, 401);
        assert_eq!(self.metric("phantom_store_up").await, 1);
        let plan = json!({
            "applicationId": self.application.id, "name": "login", "throttlingPolicy": "Unlimited",
            "description": "changed",
        });
        stack.put(&format!("{DEVPORTAL}/applications/{}", self.application.id), &plan).await;
        assert!(!stack.process.output().contains("panicked"));
    }

    async fn change_is_in_force(&self) {
        let path = format!("{DEVPORTAL}/subscriptions/{}", self.application.subscription);
        self.bed.stack.delete(&path).await;
        self.becomes(&self.good, 403).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_without_postgresql_serves_what_was_kept_and_goes_on_when_it_is_back() {
    let [port] = free_ports();
    let mut postgres = tokio::task::block_in_place(|| Postgres::start_on(port));
    let mut scene = Scene::of(&format!("database = \"{}\"", postgres.url())).await;
    tokio::task::block_in_place(|| scene.stop());
    let kept = scene.bed.directory().join("catalog.sealed");
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);

    tokio::task::block_in_place(|| postgres.stop());
    scene.start();
    scene.serves_what_was_kept().await;
    tokio::task::block_in_place(|| postgres.resume());
    scene.goes_on().await;
    scene.change_is_in_force().await;

    // What was changed meanwhile is what is kept.
    tokio::task::block_in_place(|| scene.stop());
    tokio::task::block_in_place(|| postgres.stop());
    scene.start();
    scene.becomes(&scene.good, 403).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_catalog_that_was_changed_or_cut_is_refused_by_name_and_nothing_is_open() {
    let mut scene = Scene::of("database = \"store/phantom.db\"").await;
    tokio::task::block_in_place(|| scene.stop());
    let (store, away) = (scene.bed.directory().join("store"), scene.bed.directory().join("away"));
    std::fs::rename(&store, &away).unwrap();
    scene.start();
    scene.serves_what_was_kept().await;
    tokio::task::block_in_place(|| scene.stop());

    let kept = scene.bed.directory().join("catalog.sealed");
    let whole = std::fs::read(&kept).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    for bytes in [&whole[..whole.len() / 2], &changed] {
        std::fs::write(&kept, bytes).unwrap();
        scene.start();
        scene.routes_of_the_file_are_served().await;
        let ready = scene.management("/readyz").await;
        assert_eq!(ready.status, 503, "{}", ready.body);
        for token in [&scene.good, &scene.revoked] {
            let status = scene.call(token).await;
            assert!([404, 503].contains(&status), "{status}");
        }
        let output = scene.bed.stack.process.output();
        assert!(output.contains("the kept catalog is not used"), "{output}");
        assert!(output.contains("catalog.sealed"), "{output}");
        assert!(!output.contains("panicked"), "{output}");
        tokio::task::block_in_place(|| scene.stop());
    }

    scene.start();
    std::fs::rename(&away, &store).unwrap();
    scene.goes_on().await;
    scene.change_is_in_force().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_start_without_the_database_says_where_it_looked_and_serves_the_file() {
    let [port, files] = free_ports();
    let (directory, ports) = (directory(), Ports::free());
    std::fs::create_dir(directory.path().join("html")).unwrap();
    std::fs::write(directory.path().join("html/index.html"), "from the file").unwrap();
    let database = format!("postgres://phantom:the-password@127.0.0.1:{port}/phantom");
    let text = format!(
        "database = {{ env = \"PHANTOM_TEST_DATABASE\" }}\n\
         [[listener]]\nbind = \"127.0.0.1:{files}\"\nserve = \"routes\"\n\
         [[route]]\npath = \"/\"\npublic = true\nstatic_dir = \"html\"\n"
    );
    let mut command = stack_command(directory.path(), ports, &text);
    command.env("PHANTOM_TEST_DATABASE", &database);
    let mut stack = Stack::launch(ports, &mut command);
    let url = format!("http://127.0.0.1:{files}/index.html");
    assert_eq!(Answer::of(stack.http.get(url)).await.status, 200);
    let ready = Answer::of(stack.http.get(stack.management_url("/readyz"))).await;
    assert_eq!(ready.status, 503, "{}", ready.body);
    let status = Answer::of(stack.http.get(stack.api_url(PATH))).await.status;
    assert!([404, 503].contains(&status), "{status}");
    assert_eq!(tokio::task::block_in_place(|| stack.process.stop()), Some(0));
    let output = stack.process.output();
    for told in ["started without the store", "refused", &format!("127.0.0.1:{port}")] {
        assert!(output.contains(told), "{told}: {output}");
    }

    // A control plane alone has nothing to serve.
    let mut command = std::process::Command::new(phantom_e2e::workspace::phantom());
    command.arg("control").arg("-c").arg(directory.path().join("phantom.toml"));
    command.current_dir(directory.path()).env("PHANTOM_TEST_DATABASE", &database);
    let mut process = Process::start("phantom control", &mut command);
    assert_eq!(tokio::task::block_in_place(|| process.end()), Some(1), "{}", process.output());
    let last = process.output().lines().last().unwrap().to_owned();
    assert!(last.starts_with("phantom: the store cannot be opened"), "{last}");
    assert!(last.contains("refused"), "{last}");
    assert!(last.contains(&format!("127.0.0.1:{port}")), "{last}");
    for output in [output, process.output()] {
        assert!(!output.contains("the-password") && !output.contains("panicked"), "{output}");
    }
}
