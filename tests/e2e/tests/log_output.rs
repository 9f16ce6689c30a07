//! Logs that nobody reads, that broke or that have no room: requests are answered all the same, what
//! is lost is counted and told, and the process ends when it is asked to.

use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use phantom_e2e::gateway::command;
use phantom_e2e::gateway::directory;
use phantom_e2e::http;
use phantom_e2e::http::Answer;
use phantom_e2e::managed::free_ports;
use phantom_e2e::process;
use reqwest::Client;
use tempfile::TempDir;

/// For everything that has to happen at all.
const PATIENCE: Duration = Duration::from_secs(60);
/// The end of a process with a drain time-out of one second.
const END: Duration = Duration::from_secs(20);

/// A gateway whose pipes are read when the test says so.
struct Gateway {
    child: Child,
    http: Client,
    listener: u16,
    management: u16,
    directory: TempDir,
}

impl Gateway {
    async fn start(settings: &str, filter: &str) -> Self {
        Self::launch(settings, filter, |command| command).await
    }

    async fn launch(settings: &str, filter: &str, wrap: impl FnOnce(Command) -> Command) -> Self {
        let ([listener, management], directory) = (free_ports(), directory());
        std::fs::create_dir(directory.path().join("html")).unwrap();
        std::fs::write(directory.path().join("html/index.html"), "here").unwrap();
        let text = format!(
            "[gateway]\nworkers = 2\ndrain_timeout = \"1s\"\n{settings}\n\
             [management]\nbind = \"127.0.0.1:{management}\"\n\
             [[listener]]\nbind = \"127.0.0.1:{listener}\"\n\
             [[route]]\npath = \"/\"\npublic = true\nstatic_dir = \"html\"\n"
        );
        let mut command = command(directory.path(), &text);
        command.env("RUST_LOG", filter);
        let mut command = wrap(command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let gateway = Self { child, http: http::client(), listener, management, directory };
        let ready = || gateway.http.get(gateway.management_url("/readyz"));
        http::eventually("ready", ready, |answer| answer.status == 200).await;
        gateway
    }

    fn management_url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.management)
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.listener)
    }

    /// Requests are answered, and the process says that it is well.
    async fn serves(&self) {
        let answer = Answer::of(self.http.get(self.url("/index.html"))).await;
        assert_eq!((answer.status, &*answer.body), (200, "here"));
        for path in ["/healthz", "/readyz"] {
            let answer = Answer::of(self.http.get(self.management_url(path))).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        }
    }

    async fn dropped(&self, log: &str) -> u64 {
        let metrics = Answer::of(self.http.get(self.management_url("/metrics"))).await.body;
        let name = format!("phantom_log_lines_dropped_total{{log=\"{log}\"}} ");
        let value = metrics.lines().find_map(|line| line.strip_prefix(&name));
        value.unwrap_or_else(|| panic!("no {name}in\n{metrics}")).parse().unwrap()
    }

    /// Asks for what makes many bytes of log until lines of it are dropped; every answer comes.
    async fn until_lines_are_dropped(&self, log: &str, client: &Client) {
        let (end, path) = (Instant::now() + PATIENCE, format!("/{}", "x".repeat(7000)));
        while self.dropped(log).await == 0 {
            assert!(Instant::now() < end, "nothing was ever dropped");
            let calls = (0..200).map(|_| {
                let request = client.get(self.url(&path));
                tokio::spawn(async move { Answer::of(request).await.status })
            });
            for call in calls.collect::<Vec<_>>() {
                assert_eq!(call.await.unwrap(), 404);
            }
            self.serves().await;
        }
    }

    /// The exit code, where it comes in time.
    fn end(&mut self) -> Option<i32> {
        process::signal(self.child.id(), "TERM");
        let end = Instant::now() + END;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What comes out of a pipe from now on.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<String>>);

impl Output {
    fn of(pipe: impl Into<OwnedFd>) -> Self {
        let (output, pipe) = (Self::default(), File::from(pipe.into()));
        let lines = output.0.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                let mut lines = lines.lock().unwrap();
                lines.push_str(&line);
                lines.push('\n');
            }
        });
        output
    }

    fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }

    async fn says(&self, what: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.text().contains(what) {
            assert!(Instant::now() < end, "never said {what}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_are_answered_while_nobody_reads_the_access_log_and_it_tells_of_the_gap_later() {
    let mut gateway = Gateway::start("", "info").await;
    let own = Output::of(gateway.child.stderr.take().unwrap());
    gateway.until_lines_are_dropped("access", &gateway.http).await;
    own.says("lines of the access log are lost").await;
    assert_eq!(gateway.dropped("own").await, 0);

    let access = Output::of(gateway.child.stdout.take().unwrap());
    access.says("\"lines_lost\":").await;
    assert!(gateway.dropped("access").await > 0);
    gateway.serves().await;
    access.says("\"path\":\"/index.html\"").await;
    for line in access.text().lines() {
        let parsed = serde_json::from_str::<serde_json::Value>(line);
        assert!(parsed.is_ok(), "half a line: {line}");
    }
    assert_eq!(gateway.end(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_are_answered_while_nobody_reads_the_log_and_it_tells_of_the_gap_later() {
    // What HTTP/2 does makes many lines.
    let mut gateway = Gateway::start("access_log = \"off\"", "info,h2=trace").await;
    let http2 = Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    gateway.until_lines_are_dropped("own", &http2).await;
    let own = Output::of(gateway.child.stderr.take().unwrap());
    own.says("log lines are missing here").await;
    gateway.serves().await;
    assert_eq!(gateway.end(), Some(0));
    own.says("\"stopped\"").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_whose_output_nobody_reads_ends_when_it_is_asked_to() {
    let mut gateway = Gateway::start("", "info,h2=trace").await;
    let http2 = Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    gateway.until_lines_are_dropped("access", &http2).await;
    gateway.until_lines_are_dropped("own", &http2).await;
    assert_eq!(gateway.end(), Some(0), "both pipes are stuck");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_have_gone_cost_lines_and_nothing_else() {
    let mut gateway = Gateway::start("", "info").await;
    drop(gateway.child.stdout.take());
    gateway.until_lines_are_dropped("access", &gateway.http).await;
    drop(gateway.child.stderr.take());
    gateway.serves().await;
    assert_eq!(gateway.end(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_costs_lines_of_the_access_log_and_is_told_of_in_both_logs() {
    let settings = "access_log_file = \"access.log\"";
    let wrap = |command: Command| process::limitable(&command);
    let mut gateway = Gateway::launch(settings, "info", wrap).await;
    let own = Output::of(gateway.child.stderr.take().unwrap());
    process::limit_files(gateway.child.id(), Some(1024));
    gateway.until_lines_are_dropped("access", &gateway.http).await;
    own.says("lines of the access log are lost").await;

    process::limit_files(gateway.child.id(), None);
    let log = gateway.directory.path().join("access.log");
    let end = Instant::now() + PATIENCE;
    while !read(&log).contains("\"lines_lost\":") {
        assert!(Instant::now() < end, "it never recovered");
        gateway.serves().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(gateway.end(), Some(0));
}

fn read(path: &Path) -> String {
    let mut text = String::new();
    File::open(path).unwrap().read_to_string(&mut text).unwrap();
    text
}
