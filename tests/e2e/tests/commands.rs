//! Commands around a control plane: users, and the password of a first start.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use phantom_e2e::certificate;
use phantom_e2e::gateway;
use phantom_e2e::gateway::directory;
use phantom_e2e::http;
use phantom_e2e::http::Answer;
use phantom_e2e::managed::ADMIN;
use phantom_e2e::managed::DEVPORTAL;
use phantom_e2e::managed::PUBLISHER;
use phantom_e2e::managed::Ports;
use phantom_e2e::managed::Stack;
use phantom_e2e::process::Process;
use phantom_e2e::workspace;
use reqwest::Method;
use serde_json::json;

/// `phantom user`, with a password in its environment. Gives the exit code and what it printed.
fn user(directory: &Path, arguments: &[&str], password: &str) -> (Option<i32>, String) {
    let mut command = Command::new(workspace::phantom());
    command.args(["user", "-c", "phantom.toml"]).args(arguments).current_dir(directory);
    let output = command.env("PHANTOM_USER_PASSWORD", password).output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(printed).unwrap())
}

struct Users {
    stack: Stack,
    directory: tempfile::TempDir,
}

impl Users {
    async fn status(&self, name: &str, password: &str, call: (Method, &str)) -> u16 {
        let (method, path) = call;
        let request = self.stack.http.request(method.clone(), self.stack.control_url(path));
        let request = request.basic_auth(name, Some(password));
        let request = match method {
            Method::POST => request
                .header("content-type", "application/json")
                .body(json!({"name": "Hers", "throttlingPolicy": "Unlimited"}).to_string()),
            _ => request,
        };
        Answer::of(request).await.status
    }

    fn done(&self, arguments: &[&str], password: &str) {
        let (code, printed) = user(self.directory.path(), arguments, password);
        assert_eq!((code, printed.lines().last()), (Some(0), Some("Done.")), "{printed}");
        assert!(!printed.contains(password));
    }

    fn refused(&self, arguments: &[&str], password: &str, because: &str) {
        let (code, printed) = user(self.directory.path(), arguments, password);
        assert_eq!(code, Some(1), "{printed}");
        assert!(printed.starts_with("phantom: ") && printed.contains(because), "{printed}");
        assert_eq!(printed.trim().lines().count(), 1, "{printed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_made_by_command_signs_in_and_may_do_what_its_role_gives() {
    let directory = directory();
    let stack = Stack::start(directory.path(), Ports::free(), "");
    stack.ready().await;
    let users = Users { stack, directory };
    let applications = format!("{DEVPORTAL}/applications");
    let key_managers = format!("{ADMIN}/key-managers");
    let apis = format!("{PUBLISHER}/apis");
    let listing = || (Method::GET, applications.as_str());
    assert_eq!(users.status("sue", "first-password", listing()).await, 401);

    users.done(&["add", "sue", "--role", "Internal/subscriber"], "first-password");
    assert_eq!(users.status("sue", "first-password", listing()).await, 200);
    assert_eq!(users.status("sue", "first-password", (Method::POST, &applications)).await, 201);
    for (method, path) in [(Method::GET, &key_managers), (Method::POST, &apis)] {
        let what = format!("{method} {path}");
        assert_eq!(users.status("sue", "first-password", (method, path)).await, 401, "{what}");
    }
    let (code, printed) = user(users.directory.path(), &["list"], "");
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("\nsue\tInternal/subscriber\n"), "{printed}");
    assert!(printed.contains("admin\tadmin\n"), "{printed}");

    users.done(&["password", "sue"], "second-password");
    assert_eq!(users.status("sue", "second-password", listing()).await, 200);
    assert_eq!(users.status("sue", "first-password", listing()).await, 401);

    // What a role gives and what it gave is in force from the next request on.
    users.done(&["roles", "sue", "--role", "admin"], "not-used");
    assert_eq!(users.status("sue", "second-password", (Method::GET, &key_managers)).await, 200);
    users.done(&["roles", "sue", "--role", "Internal/subscriber"], "not-used");
    assert_eq!(users.status("sue", "second-password", (Method::GET, &key_managers)).await, 401);
    users.refused(&["roles", "sue", "--role", "king"], "not-used", "\"king\" is no role");
    users.refused(&["roles", "tim", "--role", "admin"], "not-used", "no user \"tim\"");
    let demoted = ["roles", "admin", "--role", "Internal/creator"];
    users.refused(&demoted, "not-used", "\"admin\" is the last administrator");

    users.refused(
        &["add", "sue", "--role", "admin"],
        "other-password",
        "there is a user \"sue\" already",
    );
    users.refused(&["add", "tim", "--role", "Internal/king"], "other-password", "is no role");
    users.refused(
        &["add", "a:b", "--role", "admin"],
        "other-password",
        "a name has 1 to 255 characters",
    );
    users.refused(&["password", "tim"], "other-password", "no user \"tim\"");
    users.refused(&["remove", "tim"], "not-used", "no user \"tim\"");
    users.refused(&["add", "tim", "--role", "admin"], "", "");

    let tim = ["add", "tim", "--role", "admin"];
    for (password, because) in [
        ("short", "at least 8 characters"),
        ("timtimtim", "is the user's name"),
        ("Password123", "among the first that are guessed"),
    ] {
        users.refused(&tim, password, because);
    }
    users.refused(&["password", "sue"], "suesue", "is the user's name");
    users.refused(&["remove", "admin"], "not-used", "\"admin\" is the last administrator");
    users.done(&tim, "another-password");
    users.done(&["remove", "admin"], "not-used");
    users.refused(&["remove", "tim"], "not-used", "\"tim\" is the last administrator");

    users.done(&["remove", "sue"], "not-used");
    assert_eq!(users.status("sue", "second-password", listing()).await, 401);
    assert!(!users.stack.process.output().contains("-password"));
}

/// A configuration without a password for `admin`.
struct FirstStart {
    directory: tempfile::TempDir,
    ports: Ports,
}

impl FirstStart {
    fn new() -> Self {
        let first = Self { directory: directory(), ports: Ports::free() };
        first.write_authorities();
        first
    }

    /// The file of `ca_file`.
    fn write_authorities(&self) {
        let made = certificate::self_signed(self.directory.path(), |_| {});
        fs::rename(made.certificate, self.authorities()).unwrap();
    }

    fn authorities(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// `phantom.toml`, in the directory.
    fn write_configuration(&self) {
        let Ports { control, apis, management } = self.ports;
        let text = format!(
            "[gateway]\nworkers = 1\ndata_dir = \"data\"\n\
             [management]\nbind = \"127.0.0.1:{management}\"\n\
             [[listener]]\nbind = \"127.0.0.1:{apis}\"\nserve = \"apis\"\n\
             [control]\nbind = \"127.0.0.1:{control}\"\n\
             public_url = \"https://localhost:{control}\"\nca_file = \"ca.pem\"\n"
        );
        // Writes the file; it is what `run` begins with.
        let _ = gateway::command(self.directory.path(), &text);
    }

    fn start(&self, command: &str) -> Process {
        self.write_configuration();
        let mut process = Command::new(workspace::phantom());
        process.args([command, "-c", "phantom.toml"]).current_dir(self.directory.path());
        Process::start(command, process.env("RUST_LOG", "debug,hyper=info,h2=info"))
    }

    async fn signs_in(&self, password: &str) {
        let url = format!("https://localhost:{}{ADMIN}/key-managers", self.ports.control);
        let http = http::client();
        let call = || http.get(&url).basic_auth("admin", Some(password));
        http::eventually("the control plane", call, |answer| answer.status == 200).await;
    }
}

const SHOWN: &str = "First start: the user `admin` has the password ";

fn shown(output: &str) -> Option<&str> {
    output.lines().find_map(|line| line.strip_prefix(SHOWN))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_of_a_first_start_is_shown_once_and_kept_from_the_log() {
    for (command, up) in [("run", "\"management\""), ("control", "\"control plane\"")] {
        let first = FirstStart::new();
        let mut process = first.start(command);
        process.wait_for(up);
        process.wait_for(SHOWN);
        let password = shown(&process.output()).unwrap().to_owned();
        assert!(password.len() >= 20, "it is too short to be a secret");
        first.signs_in(&password).await;
        assert_eq!(process.stop(), Some(0), "{}", process.output());
        assert_eq!(process.output().matches(&password).count(), 1, "shown once, logged never");

        let mut again = first.start(command);
        again.wait_for(up);
        first.signs_in(&password).await;
        assert_eq!(again.stop(), Some(0), "{}", again.output());
        assert_eq!(shown(&again.output()), None);
        assert!(!again.output().contains(&password));
    }
}

#[test]
fn the_password_of_a_first_start_is_not_in_the_stream_of_the_access_log() {
    for (command, up) in [("run", "\"management\""), ("control", "\"control plane\"")] {
        let first = FirstStart::new();
        first.write_configuration();
        let mut process = Command::new("sh");
        process.args(["-c", "exec \"$0\" \"$1\" -c phantom.toml > stdout"]);
        process.arg(workspace::phantom()).arg(command).current_dir(first.directory.path());
        let mut process = Process::start(command, &mut process);
        process.wait_for(up);
        process.wait_for(SHOWN);
        assert_eq!(process.stop(), Some(0), "{}", process.output());
        let stdout = fs::read_to_string(first.directory.path().join("stdout")).unwrap();
        assert_eq!(stdout, "", "{command}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_is_taken_at_the_very_first_start_does_not_cost_the_password() {
    for (command, up, taken) in [
        ("run", "\"management\"", 0),
        ("run", "\"management\"", 1),
        ("run", "\"management\"", 2),
        ("control", "\"control plane\"", 0),
    ] {
        let first = FirstStart::new();
        let Ports { control, apis, management } = first.ports;
        let port = [control, apis, management][taken];
        let other = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
        let mut process = first.start(command);
        assert_eq!(process.end(), Some(1), "{}", process.output());
        let refusal = format!("127.0.0.1:{port} is taken by another process");
        assert!(process.output().contains(&refusal), "{}", process.output());
        assert_eq!(shown(&process.output()), None);

        drop(other);
        let mut process = first.start(command);
        process.wait_for(up);
        process.wait_for(SHOWN);
        first.signs_in(shown(&process.output()).unwrap()).await;
        assert_eq!(process.stop(), Some(0), "{}", process.output());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_missing_at_the_very_first_start_does_not_cost_the_password() {
    for (command, up) in [("run", "\"management\""), ("control", "\"control plane\"")] {
        let first = FirstStart::new();
        fs::remove_file(first.authorities()).unwrap();
        let mut process = first.start(command);
        assert_eq!(process.end(), Some(1), "{}", process.output());
        assert!(process.output().contains("ca.pem"), "{}", process.output());
        assert_eq!(shown(&process.output()), None);

        first.write_authorities();
        let mut process = first.start(command);
        process.wait_for(up);
        process.wait_for(SHOWN);
        first.signs_in(shown(&process.output()).unwrap()).await;
        assert_eq!(process.stop(), Some(0), "{}", process.output());
    }
}
