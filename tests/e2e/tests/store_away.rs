//! The database goes away, hangs or is full while everything runs: the gateway goes on, writes are
//! refused and leave nothing behind, and afterwards all is well without a restart.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use phantom_e2e::http;
use phantom_e2e::http::Answer;
use phantom_e2e::managed::ADMIN;
use phantom_e2e::managed::Application;
use phantom_e2e::managed::Bed;
use phantom_e2e::managed::DEVPORTAL;
use phantom_e2e::managed::PUBLISHER;
use phantom_e2e::managed::Ports;
use phantom_e2e::managed::Stack;
use phantom_e2e::managed::api;
use phantom_e2e::managed::free_ports;
use phantom_e2e::managed::stack_command;
use phantom_e2e::paced::Call;
use phantom_e2e::paced::Callers;
use phantom_e2e::process;
use phantom_e2e::tunnel::Tunnel;
use phantom_testkit::Postgres;
use reqwest::Method;
use reqwest::RequestBuilder;
use serde_json::Value;
use serde_json::json;
use tokio::sync::Notify;

/// The control plane gives up on the store before its own time for a request is over.
const BOUND: Duration = Duration::from_secs(25);

/// One API with an application, called all the time.
struct Scene {
    bed: Bed,
    api: String,
    application: Application,
    /// Answered before, so in the gateway's cache.
    token: String,
    /// A client registered for signing in.
    client: (String, String),
    callers: Callers,
}

impl Scene {
    async fn of(bed: Bed) -> Self {
        bed.key_manager("login", "client-one").await;
        let mut body = api("Bin", "login", &bed.upstream, &[]);
        body["scopes"] = json!([{"scope": {"name": "write", "bindings": []}, "shared": false}]);
        body["operations"].as_array_mut().unwrap().push(json!({
            "target": "/secret", "verb": "GET", "authType": "Any",
            "throttlingPolicy": "Unlimited", "scopes": ["write"],
        }));
        let api = bed.stack.api(&body).await;
        let application = bed.application(&api, "login", "client-one", "Unlimited").await;
        let body = json!({
            "callbackUrl": "www.example.com", "clientName": "rest", "owner": "admin",
            "grantType": "password refresh_token", "saasApp": true,
        });
        let registered = bed.stack.post("/client-registration/v0.17/register", &body).await;
        let text = |member: &str| registered[member].as_str().unwrap().to_owned();
        let client = (text("clientId"), text("clientSecret"));
        let token = bed.token("client-one");
        bed.in_force("/bin/v1/get", &token).await;
        let callers = Callers::start(&Call {
            authority: bed.stack.apis_authority(),
            path: "/bin/v1/get".to_owned(),
            token: token.clone(),
            rate: 100,
            connections: 2,
        });
        let scene = Self { bed, api, application, token, client, callers };
        scene.store_up(1).await;
        scene
    }

    /// What the gateway has to answer whatever the store does.
    async fn gateway_decides(&self) {
        let Self { bed, token, .. } = self;
        let call = async |path: &str, token: &str| {
            let request = bed.stack.http.get(bed.stack.api_url(path)).bearer_auth(token);
            Answer::of(request).await.status
        };
        assert_eq!(call("/bin/v1/get", token).await, 200);
        assert_eq!(call("/bin/v1/get", &bed.token("client-one")).await, 200, "a new token");
        assert_eq!(call("/bin/v1/get", &bed.token("test-client")).await, 401, "another audience");
        assert_eq!(call("/bin/v1/get", "_0XBPWQQ_unknown").await, 401);
        assert_eq!(call("/bin/v1/secret", token).await, 403, "without the scope");
        let none = bed.stack.http.get(bed.stack.api_url("/bin/v1/get"));
        assert_eq!(Answer::of(none).await.status, 401, "without a token");
    }

    /// Until the gateway has noticed, and says so wherever it is asked: that it is ready, either way.
    /// What it says may change between two questions, so the one is asked again until it fits the other.
    async fn store_up(&self, up: u8) {
        let stack = &self.bed.stack;
        let told = format!("phantom_store_up {up}\n");
        let metrics = || stack.http.get(stack.management_url("/metrics"));
        http::eventually(&told, metrics, |answer| answer.body.contains(&told)).await;
        let noted = |answer: &Answer| {
            let ready = answer.json();
            assert_eq!((answer.status, ready["ready"].as_bool()), (200, Some(true)), "{ready}");
            ready["note"].as_str().is_some_and(|note| note.contains("the store"))
        };
        let readiness = || stack.http.get(stack.management_url("/readyz"));
        http::eventually("the note of /readyz", readiness, |each| noted(each) == (up == 0)).await;
    }

    fn writes(&self) -> Vec<(Method, String, Value)> {
        let Self { api: api_id, application, bed, .. } = self;
        let Application { id, subscription, .. } = application;
        vec![
            (Method::POST, format!("{DEVPORTAL}/applications"), application_named("refused")),
            (Method::PUT, format!("{DEVPORTAL}/applications/{id}"), application_named("renamed")),
            (Method::DELETE, format!("{DEVPORTAL}/subscriptions/{subscription}"), Value::Null),
            (Method::POST, format!("{PUBLISHER}/apis"), api("New", "login", &bed.upstream, &[])),
            (Method::POST, format!("{PUBLISHER}/apis/{api_id}/revisions"), json!({})),
            (Method::POST, "/client-registration/v0.17/register".to_owned(), registration()),
        ]
    }

    fn reads(&self) -> Vec<(Method, String, Value)> {
        [
            format!("{DEVPORTAL}/applications"),
            format!("{DEVPORTAL}/applications/{}", self.application.id),
            format!("{PUBLISHER}/apis"),
            format!("{ADMIN}/key-managers"),
        ]
        .map(|path| (Method::GET, path, Value::Null))
        .into()
    }

    fn sign_in(&self) -> RequestBuilder {
        let (id, secret) = &self.client;
        let form = "grant_type=password&username=admin&password=admin&scope=apim:subscribe";
        let request = self.bed.stack.http.post(self.bed.stack.control_url("/oauth2/token"));
        let request = request.basic_auth(id, Some(secret)).body(form);
        request.header("content-type", "application/x-www-form-urlencoded")
    }

    /// All at once: a queue of them must not keep anybody waiting for long.
    async fn refused(&self, operations: Vec<(Method, String, Value)>) {
        let rest = self.bed.stack.client();
        let calls = operations.into_iter().map(|(method, path, body)| {
            let rest = rest.clone();
            tokio::spawn(async move {
                let call = rest.try_rest(method.clone(), &path, &body);
                let answer = tokio::time::timeout(BOUND, call).await;
                let answer = answer.unwrap_or_else(|_| panic!("{method} {path} hangs")).unwrap();
                assert_eq!(answer.status, 503, "{method} {path}: {}", answer.body);
                let retry: u32 = answer.header("retry-after").unwrap().parse().unwrap();
                assert!(retry > 0);
                let error = json!({
                    "code": 503, "message": "Service Unavailable",
                    "description": answer.json()["description"], "moreInfo": "", "error": [],
                });
                assert_eq!(answer.json(), error, "{method} {path}");
                assert!(error["description"].as_str().unwrap().contains("nothing was changed"));
            })
        });
        for call in calls.collect::<Vec<_>>() {
            call.await.unwrap();
        }
    }

    async fn sign_in_refused(&self) {
        let answer = tokio::time::timeout(BOUND, Answer::of(self.sign_in())).await;
        let answer = answer.expect("signing in hangs");
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert_eq!(answer.json()["error"], "temporarily_unavailable");
        assert!(answer.header("retry-after").is_some());
    }

    /// The gateway has told nothing while the store was away, and tells of itself again.
    async fn reports_again(&self) {
        let url = self.bed.stack.control_url(&format!("{ADMIN}/gateways"));
        let asked = || self.bed.stack.http.get(&url).basic_auth("admin", Some("admin"));
        let told = |answer: &Answer| {
            let gateway = &answer.json()["list"][0];
            gateway["state"] == "REPORTING" && gateway["requestsPerSecond"].as_f64() > Some(0.0)
        };
        let answer = http::eventually("a report", asked, told).await;
        assert_eq!(answer.json()["count"], 1, "it is the same gateway: {}", answer.body);
    }

    /// The refused writes have left nothing, and all of them are made now.
    async fn writes_work(&self) {
        let stack = &self.bed.stack;
        // Those that were under way before may come first.
        let asked = || self.sign_in();
        let answer = http::eventually("sign-in", asked, |answer| answer.status != 503).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let path = format!("{DEVPORTAL}/applications/{}", self.application.id);
        assert_eq!(stack.get(&path).await["name"], "login", "a refused write was made");
        assert_eq!(self.count(&format!("{DEVPORTAL}/applications?query=refused")).await, 0);
        assert_eq!(self.count(&format!("{PUBLISHER}/apis?query=name:New")).await, 0);
        assert_eq!(self.count(&format!("{PUBLISHER}/apis/{}/revisions", self.api)).await, 1);
        for (method, path, body) in self.writes().into_iter().filter(|w| w.0 != Method::DELETE) {
            stack.rest(method, &path, &body).await;
        }
    }

    async fn count(&self, path: &str) -> u64 {
        self.bed.stack.get(path).await["count"].as_u64().unwrap()
    }

    /// A change is in force at the gateway, which was never restarted; no caller has noticed anything
    /// until then.
    async fn end(self) {
        let Self { bed, application, callers, token, .. } = self;
        let tally = callers.end().await;
        assert!(tally.answers() > 0);
        assert_eq!((tally.wrong(), tally.dropped()), (0, 0), "{tally}");
        let asked = || bed.stack.http.get(bed.stack.api_url("/bin/v1/get")).bearer_auth(&token);
        assert_eq!(Answer::of(asked()).await.status, 200);
        let path = format!("{DEVPORTAL}/subscriptions/{}", application.subscription);
        bed.stack.delete(&path).await;
        http::eventually("the change", asked, |answer| answer.status == 403).await;
        assert!(!bed.stack.process.output().contains("panicked"));
    }
}

fn application_named(name: &str) -> Value {
    json!({"name": name, "throttlingPolicy": "Unlimited"})
}

fn registration() -> Value {
    json!({
        "callbackUrl": "www.example.com", "clientName": "another", "owner": "admin",
        "grantType": "password refresh_token", "saasApp": true,
    })
}

/// Writers that write until they are refused, and for a second at most after the database has gone: it
/// may be replaced between two writes of theirs. Gives the names of their applications and the answers.
async fn writers_until_refused(stack: &Stack, meanwhile: impl FnOnce()) -> Vec<(String, Answer)> {
    let (rest, enough) = (stack.client(), Arc::new(AtomicBool::new(false)));
    let written = Arc::new(Notify::new());
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (rest, enough) = (rest.clone(), Arc::clone(&enough));
            let written = Arc::clone(&written);
            tokio::spawn(async move {
                let mut answers = Vec::new();
                for number in 0_u32.. {
                    let name = format!("writer-{writer}-{number}");
                    let path = format!("{DEVPORTAL}/applications");
                    let body = application_named(&name);
                    let answer = rest.try_rest(Method::POST, &path, &body).await.unwrap();
                    let refused = answer.status != 201;
                    if !refused {
                        written.notify_one();
                    }
                    answers.push((name, answer));
                    if refused || enough.load(Ordering::SeqCst) {
                        break;
                    }
                }
                answers
            })
        })
        .collect();
    tokio::time::timeout(BOUND, written.notified()).await.expect("nothing is written");
    tokio::time::sleep(Duration::from_millis(300)).await;
    tokio::task::block_in_place(meanwhile);
    tokio::time::sleep(Duration::from_secs(1)).await;
    enough.store(true, Ordering::SeqCst);
    let mut answers = Vec::new();
    for writer in writers {
        answers.extend(writer.await.unwrap());
    }
    answers
}

/// What was acknowledged is there and works; what was refused is there as a whole or not at all.
async fn nothing_half_written(scene: &Scene, answers: &[(String, Answer)]) {
    let Scene { bed, api, .. } = scene;
    assert!(answers.iter().any(|(_, answer)| answer.status == 201), "nothing was written before");
    for (name, answer) in answers {
        let path = format!("{DEVPORTAL}/applications");
        let again = bed.stack.try_rest(Method::POST, &path, &application_named(name)).await;
        let again = again.unwrap();
        match answer.status {
            201 => assert_eq!(again.status, 409, "{name} was acknowledged and is gone"),
            // Where the answer to the commit was lost, it may have been made.
            503 => assert!([201, 409].contains(&again.status), "{name}: {}", again.body),
            status => panic!("{name}: {status} {}", answer.body),
        }
        let found = bed.stack.get(&format!("{path}?query={name}&limit=100")).await;
        let found = found["list"].as_array().unwrap().clone();
        let exact: Vec<_> = found.iter().filter(|entry| entry["name"] == **name).collect();
        let [one] = &exact[..] else { panic!("{name} is there {} times", exact.len()) };
        if answer.status == 503 {
            let id = one["applicationId"].as_str().unwrap();
            bed.subscribe(id, api, "Unlimited").await;
        }
    }
}

/// How a database can be away, and come back.
type Move = fn(&mut Postgres);

async fn away_and_back(go: Move, come_back: Move) {
    let [port] = free_ports();
    let mut postgres = tokio::task::block_in_place(|| Postgres::start_on(port));
    let database = format!("database = \"{}\"", postgres.url());
    let scene = Scene::of(Bed::start(&database).await).await;
    scene.gateway_decides().await;
    let answers = writers_until_refused(&scene.bed.stack, || go(&mut postgres)).await;

    scene.store_up(0).await;
    scene.gateway_decides().await;
    scene.refused(scene.writes()).await;
    // There is nothing to read from either.
    scene.refused(scene.reads()).await;
    scene.sign_in_refused().await;
    scene.gateway_decides().await;

    tokio::task::block_in_place(|| come_back(&mut postgres));
    scene.store_up(1).await;
    nothing_half_written(&scene, &answers).await;
    scene.reports_again().await;
    scene.writes_work().await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gateway_goes_on_while_postgresql_is_stopped_and_writes_are_refused() {
    away_and_back(Postgres::stop, Postgres::resume).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gateway_goes_on_while_postgresql_hangs_and_writes_are_refused() {
    away_and_back(|postgres| postgres.freeze(), |postgres| postgres.thaw()).await;
}

/// As after a fail-over: the new server answers, and nobody has closed the connections to the old one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_fall_silent_in_the_middle_of_writes_are_given_up() {
    let [port] = free_ports();
    let postgres = tokio::task::block_in_place(|| Postgres::start_on(port));
    let tunnel = Tunnel::to(port).await;
    let url = postgres.url().replace(&port.to_string(), &tunnel.port().to_string());
    let scene = Scene::of(Bed::start(&format!("database = \"{url}\"")).await).await;
    let answers = writers_until_refused(&scene.bed.stack, || tunnel.silence()).await;
    scene.gateway_decides().await;
    scene.store_up(1).await;
    let rest = scene.bed.stack.client();
    let mut written = false;
    for _ in 0..10 {
        let path = format!("{DEVPORTAL}/applications");
        let body = application_named("afterwards");
        let call = rest.try_rest(Method::POST, &path, &body);
        let answer = tokio::time::timeout(BOUND, call).await.expect("a write hangs").unwrap();
        assert!([201, 503].contains(&answer.status), "{}", answer.body);
        written = answer.status == 201;
        if written {
            break;
        }
    }
    assert!(written, "a connection that is gone keeps others from writing");
    nothing_half_written(&scene, &answers).await;
    scene.writes_work().await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_writes_are_refused_and_reading_goes_on() {
    let launch = |directory: &Path, ports: Ports| {
        let command = stack_command(directory, ports, "");
        Stack::launch(ports, &mut process::limitable(&command))
    };
    let scene = Scene::of(Bed::launch(launch).await).await;
    let id = scene.bed.stack.process.id();
    let full = || process::limit_files(id, Some(1024));
    let answers = writers_until_refused(&scene.bed.stack, full).await;

    scene.refused(scene.writes()).await;
    scene.sign_in_refused().await;
    for (method, path, body) in scene.reads() {
        scene.bed.stack.rest(method, &path, &body).await;
    }
    scene.gateway_decides().await;
    scene.store_up(1).await;

    process::limit_files(id, None);
    nothing_half_written(&scene, &answers).await;
    scene.writes_work().await;
    scene.end().await;
}
