//! Signals to a running gateway: what each of them asks for, and that none ends it but those that are to.

use std::fs;
use std::path::Path;
use std::time::Duration;

use phantom_e2e::certificate;
use phantom_e2e::gateway::command;
use phantom_e2e::gateway::directory;
use phantom_e2e::http;
use phantom_e2e::http::Answer;
use phantom_e2e::managed::free_ports;
use phantom_e2e::process::Process;
use phantom_e2e::process::signal;
use tempfile::TempDir;

struct Gateway {
    process: Process,
    listener: u16,
    management: u16,
    directory: TempDir,
}

impl Gateway {
    /// Serves `html/index.html`, with these settings of `[gateway]` and the listener.
    async fn start(directory: TempDir, gateway: &str, listening: &str) -> Self {
        let [listener, management] = free_ports();
        fs::create_dir(directory.path().join("html")).unwrap();
        fs::write(directory.path().join("html/index.html"), "here").unwrap();
        let text = format!(
            "[gateway]\nworkers = 2\ndrain_timeout = \"5s\"\n{gateway}\n\
             [management]\nbind = \"127.0.0.1:{management}\"\n\
             [[listener]]\nbind = \"127.0.0.1:{listener}\"\n{listening}\n\
             [[route]]\npath = \"/\"\npublic = true\nstatic_dir = \"html\"\n"
        );
        let process = Process::start("phantom", &mut command(directory.path(), &text));
        let gateway = Self { process, listener, management, directory };
        let http = http::client();
        let ready = || http.get(gateway.management_url("/readyz"));
        http::eventually("ready", ready, |answer| answer.status == 200).await;
        gateway
    }

    fn management_url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.management)
    }

    /// The status of an answer over a new connection.
    async fn get(&self, path: &str) -> u16 {
        let url = format!("http://127.0.0.1:{}{path}", self.listener);
        Answer::of(http::client().get(url)).await.status
    }

    fn signal(&self, name: &str) {
        signal(self.process.id(), name);
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }
}

/// Waits until a file holds this; lines reach it within a second or so.
async fn eventually_holds(path: &Path, text: &str) {
    for _ in 0..600 {
        if fs::read_to_string(path).is_ok_and(|content| content.contains(text)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} never holds {text:?}", path.display());
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_and_usr1_open_the_access_log_anew_and_neither_they_nor_usr2_end_the_gateway() {
    let mut gateway = Gateway::start(directory(), "access_log_file = \"access.log\"", "").await;
    let log = gateway.path("access.log");
    assert_eq!(gateway.get("/first").await, 404);
    eventually_holds(&log, "/first").await;
    for (name, request) in [("HUP", "/second"), ("USR1", "/third")] {
        let old = gateway.path(&format!("access.{name}"));
        fs::rename(&log, &old).unwrap();
        gateway.signal(name);
        eventually_holds(&log, "").await;
        assert_eq!(gateway.get(request).await, 404);
        eventually_holds(&log, request).await;
        assert!(!fs::read_to_string(&old).unwrap().contains(request), "{name}");
    }
    // A name that cannot be opened leaves the log where it is.
    fs::rename(&log, gateway.path("access.last")).unwrap();
    fs::create_dir(&log).unwrap();
    gateway.signal("HUP");
    gateway.process.wait_for("goes on to the old file");
    assert_eq!(gateway.get("/fourth").await, 404);
    eventually_holds(&gateway.path("access.last"), "/fourth").await;
    gateway.signal("USR2");
    assert_eq!(gateway.get("/").await, 200);
    gateway.signal("QUIT");
    assert_eq!(gateway.process.end(), Some(0), "as SIGTERM: {}", gateway.process.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_shows_new_connections_the_new_certificate_and_keeps_the_old_where_it_cannot() {
    http::install_crypto();
    let directory = directory();
    let files = certificate::self_signed(directory.path(), |_| {});
    let first = fs::read_to_string(&files.certificate).unwrap();
    let tls = "tls = { cert = \"cert.pem\", key = \"key.pem\" }";
    let mut gateway = Gateway::start(directory, "", tls).await;
    let url = format!("https://localhost:{}/", gateway.listener);
    let is_shown = async |ca: &str| {
        let asked = Answer::try_of(http::client_trusting(ca).get(&url)).await;
        asked.is_ok_and(|answer| answer.status == 200)
    };
    assert!(is_shown(&first).await);
    let metrics = http::client().get(gateway.management_url("/metrics"));
    let metrics = Answer::of(metrics).await.body;
    assert!(metrics.contains("phantom_certificate_expires_timestamp_seconds{"), "{metrics}");

    certificate::self_signed(gateway.directory.path(), |_| {});
    let second = fs::read_to_string(&files.certificate).unwrap();
    gateway.signal("HUP");
    gateway.process.wait_for("the certificate was read anew");
    assert!(is_shown(&second).await && !is_shown(&first).await);

    fs::write(&files.key, "junk").unwrap();
    gateway.signal("HUP");
    gateway.process.wait_for("the certificate in use stays");
    assert!(is_shown(&second).await);
    assert_eq!(gateway.process.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn during_drain_delay_connections_are_taken_while_readyz_sends_them_elsewhere() {
    let mut gateway = Gateway::start(directory(), "drain_delay = \"4s\"", "").await;
    gateway.signal("TERM");
    let http = http::client();
    let ready = || http.get(gateway.management_url("/readyz"));
    let draining = |answer: &Answer| answer.status == 503 && answer.body.contains("draining");
    http::eventually("draining", ready, draining).await;
    for _ in 0..3 {
        assert_eq!(gateway.get("/").await, 200, "over a connection that came after the signal");
    }
    assert_eq!(gateway.process.end(), Some(0));
}
