//! The binary as a user runs it: exit codes, outputs, signals.

use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

fn phantom(directory: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phantom"));
    command.current_dir(directory).args(args).env_remove("RUST_LOG");
    command
}

fn output(directory: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = phantom(directory, args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Ends with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn signal(&self, name: &str) {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    fn code(&mut self) -> Option<i32> {
        let limit = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < limit, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn wait_for(port: u16) {
    let limit = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < limit, "nobody listens on {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn public_gateway(directory: &Path, port: u16, management: u16) {
    std::fs::create_dir_all(directory.join("html")).unwrap();
    let text = format!(
        "[management]\nbind = \"127.0.0.1:{management}\"\n[[listener]]\n\
         bind = \"127.0.0.1:{port}\"\n[[route]]\npath = \"/\"\npublic = true\n\
         static_dir = \"html\"\n"
    );
    std::fs::write(directory.join("phantom.toml"), text).unwrap();
}

#[test]
fn check_exits_with_0_for_a_valid_file_and_1_for_a_wrong_or_missing_one() {
    let directory = tempfile::tempdir().unwrap();
    public_gateway(directory.path(), 0, 0);
    let (code, out, err) = output(directory.path(), &["check", "-c", "phantom.toml"]);
    assert_eq!((code, &*out, &*err), (Some(0), "phantom.toml: no errors, no warnings\n", ""));

    std::fs::write(directory.path().join("wrong.toml"), "[[rout]]\npath = 1\n").unwrap();
    let (code, out, _) = output(directory.path(), &["check", "-c", "wrong.toml"]);
    assert_eq!(code, Some(1));
    assert!(out.contains("wrong.toml:1:3: error: rout: unknown key"), "{out}");
    let (code, out, _) = output(directory.path(), &["check", "-c", "wrong.toml", "--json"]);
    assert_eq!(code, Some(1));
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(json["errors"].as_u64().unwrap() >= 1, "{json}");

    let good = std::fs::read_to_string(directory.path().join("phantom.toml")).unwrap();
    let short = format!("{good}\n[control]\nsealing_key = {{ file = \"wrong.toml\" }}\n");
    std::fs::write(directory.path().join("short.toml"), short).unwrap();
    let (code, out, _) = output(directory.path(), &["check", "-c", "short.toml"]);
    assert_eq!(code, Some(1));
    assert!(out.contains("error: control.sealing_key: the sealing key: "), "{out}");

    let (code, _, err) = output(directory.path(), &["check", "-c", "nowhere.toml"]);
    let expected = "phantom: cannot read nowhere.toml: No such file or directory (os error 2)\n";
    assert_eq!((code, &*err), (Some(1), expected));
}

#[test]
fn the_configuration_is_phantom_toml_unless_another_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let (code, _, err) = output(directory.path(), &["check"]);
    assert_eq!(code, Some(1));
    assert!(err.starts_with("phantom: cannot read phantom.toml: "), "{err}");
    public_gateway(directory.path(), 0, 0);
    let (code, out, _) = output(directory.path(), &["check"]);
    assert_eq!((code, &*out), (Some(0), "phantom.toml: no errors, no warnings\n"));
}

#[test]
fn the_version_names_the_commit_where_it_was_built_from_a_checkout() {
    let (code, out, _) = output(Path::new("."), &["--version"]);
    assert_eq!(code, Some(0));
    let version = concat!("phantom ", env!("CARGO_PKG_VERSION"));
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let commit = out.trim_end().strip_prefix(version).unwrap();
    let git = |of: &str| {
        let mut git = Command::new("git");
        let git = git.args(["rev-parse", "--verify", of]).current_dir(&checkout);
        git.output().is_ok_and(|output| output.status.success())
    };
    let hash = commit.strip_prefix(" (").and_then(|rest| rest.strip_suffix(')'));
    match hash {
        // Whoever has a checkout has a commit.
        None => assert!(commit.is_empty() && !git("HEAD"), "{out}"),
        Some(hash) => {
            assert!(hash.len() == 12 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{out}");
            assert!(!git("HEAD") || git(&format!("{hash}^{{commit}}")), "{out}");
        }
    }
}

#[test]
fn completions_know_the_commands_and_their_options() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (code, out, err) = output(Path::new("."), &["completions", shell]);
        assert_eq!((code, &*err), (Some(0), ""), "{shell}");
        assert!(out.contains("explain") && out.contains("without-subscription"), "{shell}");
    }
    assert_eq!(output(Path::new("."), &["completions", "dos"]).0, Some(2));
}

/// Runs where nothing can be written to standard output.
fn to_a_full_disk(directory: &Path, args: &[&str]) -> (Option<i32>, String) {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = phantom(directory, args);
    let command = command.env("PHANTOM_USER_PASSWORD", "planted-password").stdin(Stdio::null());
    let output = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap().wait_with_output();
    let Output { status, stderr, .. } = output.unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

const UNWRITTEN: &str = "phantom: cannot write the output: No space left on device (os error 28)\n";

#[test]
fn a_command_whose_output_cannot_be_written_fails() {
    let directory = tempfile::tempdir().unwrap();
    let text = "[gateway]\ndata_dir = \"data\"\n[management]\nbind = \"127.0.0.1:0\"\n[[listener]]\nbind = \"127.0.0.1:0\"\n\
                [control]\nbind = \"127.0.0.1:0\"\n";
    std::fs::write(directory.path().join("phantom.toml"), text).unwrap();
    std::fs::write(directory.path().join("wrong.toml"), "[rout]").unwrap();
    for args in [
        &["--version"][..],
        &["--help"],
        &["run", "--help"],
        &["check"],
        &["check", "--json"],
        &["check", "-c", "wrong.toml"],
        &["completions", "bash"],
        &["explain", "/"],
        &["explain", "--json", "/"],
        &["user", "add", "sue", "--role", "admin"],
        &["user", "list"],
        &["export"],
        &["export", "--output", "backup.yaml"],
        &["import", "backup.yaml"],
    ] {
        let (code, err) = to_a_full_disk(directory.path(), args);
        assert_eq!((code, &*err), (Some(1), UNWRITTEN), "{args:?}");
    }
}

#[test]
fn a_missing_password_is_asked_for_by_the_name_of_its_option() {
    let directory = tempfile::tempdir().unwrap();
    let text = "[[listener]]\nbind = \"127.0.0.1:0\"\n[control]\nbind = \"127.0.0.1:0\"\n";
    std::fs::write(directory.path().join("phantom.toml"), text).unwrap();
    let args = ["user", "add", "sue", "--role", "admin"];
    let command = &mut phantom(directory.path(), &args);
    let output = command.env_remove("PHANTOM_USER_PASSWORD").output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = "no password was given: set PHANTOM_USER_PASSWORD or give --password-file";
    assert!(err.contains(said) && !err.contains("--secret-file"), "{err}");
    let args = ["token", "--endpoint", "https://login.example.com/token"];
    let command = &mut phantom(directory.path(), &args);
    let output = command.env_remove("PHANTOM_CLIENT_SECRET").output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.contains("no client secret was given: set PHANTOM_CLIENT_SECRET"), "{err}");
}

/// An installation whose store holds a user.
fn with_a_store(directory: &Path) {
    let text = "[gateway]\ndata_dir = \"data\"\n[[listener]]\nbind = \"127.0.0.1:0\"\n\
                [control]\nbind = \"127.0.0.1:0\"\n";
    std::fs::write(directory.join("phantom.toml"), text).unwrap();
    std::fs::write(directory.join("password"), "Correct-Horse-7-Battery").unwrap();
    let add = ["user", "add", "sue", "--role", "admin", "--password-file", "password"];
    let (code, out, err) = output(directory, &add);
    assert_eq!(code, Some(0), "{out}{err}");
}

#[test]
fn a_sealing_key_that_is_missing_beside_a_store_is_asked_for_by_its_path_and_never_replaced() {
    let directory = tempfile::tempdir().unwrap();
    with_a_store(directory.path());
    let (key, kept) = (directory.path().join("data/sealing.key"), directory.path().join("kept"));
    std::fs::rename(&key, &kept).unwrap();
    for args in [&["user", "list"][..], &["run"], &["user", "list"]] {
        let (code, _, err) = output(directory.path(), args);
        assert_eq!(code, Some(1), "{args:?}: {err}");
        assert!(err.contains("data/sealing.key is missing") && err.contains("restore it"), "{err}");
        assert!(!key.exists(), "{args:?} has left a key that opens nothing");
    }
    std::fs::write(&key, "00".repeat(32)).unwrap();
    let (_, _, err) = output(directory.path(), &["user", "list"]);
    assert!(err.contains("data/sealing.key holds another key"), "{err}");
    std::fs::rename(&kept, &key).unwrap();
    let (code, out, err) = output(directory.path(), &["user", "list"]);
    assert!(code == Some(0) && out.contains("sue"), "{out}{err}");
}

#[test]
fn a_damaged_database_is_named() {
    let directory = tempfile::tempdir().unwrap();
    with_a_store(directory.path());
    for name in ["phantom.db-wal", "phantom.db-shm"] {
        let _ = std::fs::remove_file(directory.path().join("data").join(name));
    }
    std::fs::write(directory.path().join("data/phantom.db"), "not a database ".repeat(999))
        .unwrap();
    let (code, _, err) = output(directory.path(), &["run"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("data/phantom.db is damaged") && err.contains("restore it"), "{err}");
}

#[test]
fn a_configuration_that_is_not_there_is_not_asked_for_by_the_option_that_named_it() {
    let directory = tempfile::tempdir().unwrap();
    let (code, _, err) = output(directory.path(), &["check", "-c", "nope.toml"]);
    assert!(code == Some(1) && err.contains("cannot read nope.toml"), "{err}");
    assert!(!err.contains("-c"), "{err}");
    let (_, _, err) = output(directory.path(), &["check"]);
    assert!(err.contains("phantom.toml") && err.contains("name the file with -c"), "{err}");
}

#[test]
fn check_says_in_words_what_a_route_asks_for() {
    let directory = tempfile::tempdir().unwrap();
    let text = "[[listener]]\nbind = \"127.0.0.1:0\"\n\
        [[key_manager]]\nname = \"login\"\nissuer = \"https://login.example.com\"\n\
        introspection_endpoint = \"https://login.example.com/introspect\"\n\
        jwks_uri = \"https://login.example.com/jwks\"\n\
        client_id = \"gateway\"\nclient_secret = { file = \"secret\" }\n\
        [[route]]\npath = \"/api\"\nupstream = \"http://127.0.0.1:1\"\nkey_manager = \"login\"\n\
        scope_any = \"read write\"\n\
        claims = [{ claim = \"/realm_access/roles\", contains = \"admin\" }]\n";
    std::fs::write(directory.path().join("secret"), "x").unwrap();
    std::fs::write(directory.path().join("phantom.toml"), text).unwrap();
    let (code, out, _) = output(directory.path(), &["check", "-c", "phantom.toml"]);
    assert_eq!(code, Some(0), "{out}");
    let said = "/api: a token with\n  - scope: any of `read write`\n  - claim `roles` in `realm_access` \
                is a list with \"admin\", or words of which one is \"admin\"\n";
    assert!(out.starts_with(said), "{out}");
    let (_, out, _) = output(directory.path(), &["check", "-c", "phantom.toml", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["routes"][0]["asks"][0], "scope: any of `read write`");
}

/// Rows: PITFALL-26
#[test]
fn run_refuses_a_wrong_configuration_and_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let text = "[[listener]]\nbind = \"127.0.0.1:0\"\n[[route]]\npath = \"/\"\n\
                upstream = \"http://127.0.0.1:1\"\n";
    std::fs::write(directory.path().join("phantom.toml"), text).unwrap();
    let (code, _, err) = output(directory.path(), &["run", "-c", "phantom.toml"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("the route is neither protected nor public"), "{err}");
}

#[test]
fn run_serves_until_it_is_told_to_stop() {
    for (signal, command) in [("TERM", "run"), ("INT", "gateway")] {
        let directory = tempfile::tempdir().unwrap();
        let (port, management) = (free_port(), free_port());
        public_gateway(directory.path(), port, management);
        let child = phantom(directory.path(), &[command, "-c", "phantom.toml"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut running = Running(child);
        wait_for(port);
        wait_for(management);

        // A second gateway would share the port with the first, and must not.
        let (code, _, err) = output(directory.path(), &["run", "-c", "phantom.toml"]);
        assert_eq!(code, Some(1));
        assert!(err.contains("is taken by another process"), "{err}");

        running.signal(signal);
        assert_eq!(running.code(), Some(0), "{signal}");
    }
}

/// Rows: CAC-2, INT-3
#[test]
fn what_was_overridden_is_logged_at_start() {
    let directory = tempfile::tempdir().unwrap();
    let (port, nobody) = (free_port(), free_port());
    let text = format!(
        "[management]\nbind = \"127.0.0.1:0\"\n[[listener]]\nbind = \"127.0.0.1:{port}\"\n\
         [[key_manager]]\nname = \"login\"\nissuer = \"https://127.0.0.1:{nobody}\"\n\
         introspection_endpoint = \"https://127.0.0.1:{nobody}/introspect\"\n\
         jwks_uri = \"https://127.0.0.1:{nobody}/jwks\"\nclient_id = \"gateway\"\n\
         client_secret = \"hunter2\"\nverify_ssl = false\n\
         cache_despite_no_store_seconds = 30\n\
         [[route]]\npath = \"/\"\nkey_manager = \"login\"\nupstream = \"http://127.0.0.1:1\"\n"
    );
    std::fs::write(directory.path().join("phantom.toml"), text).unwrap();
    let log = std::fs::File::create(directory.path().join("log")).unwrap();
    let child = phantom(directory.path(), &["run", "-c", "phantom.toml"])
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut running = Running(child);
    wait_for(port);
    running.signal("TERM");
    assert_eq!(running.code(), Some(0));
    let log = std::fs::read_to_string(directory.path().join("log")).unwrap();
    for key in ["verify_ssl", "cache_despite_no_store_seconds", "client_secret"] {
        let line = log.lines().find(|line| line.contains(&format!("key_manager[0].{key}")));
        assert!(line.is_some_and(|line| line.contains("WARN")), "{key} is not in\n{log}");
    }
    assert!(!log.contains("hunter2"), "{log}");
}

#[test]
fn a_second_signal_stops_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let backend = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, upstream) = (free_port(), backend.local_addr().unwrap());
    let text = format!(
        "[gateway]\ndrain_timeout = \"10m\"\n[management]\nbind = \"127.0.0.1:0\"\n\
         [[listener]]\nbind = \"127.0.0.1:{port}\"\n[[route]]\npath = \"/\"\npublic = true\n\
         upstream = \"http://{upstream}\"\n"
    );
    std::fs::write(directory.path().join("phantom.toml"), text).unwrap();
    let child = phantom(directory.path(), &["run", "-c", "phantom.toml"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut running = Running(child);
    wait_for(port);
    // A request that is under way keeps the gateway until the drain timeout.
    let mut open = TcpStream::connect(("127.0.0.1", port)).unwrap();
    open.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let _unanswered = backend.accept().unwrap();
    running.signal("TERM");
    let limit = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(("127.0.0.1", port)).is_ok() {
        assert!(Instant::now() < limit, "it still accepts");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(running.0.try_wait().unwrap(), None);
    running.signal("TERM");
    assert_eq!(running.code(), Some(1));
}

#[test]
fn the_commands_work_together_on_a_demo() {
    let directory = tempfile::tempdir().unwrap();
    let ports: Vec<String> = (0..7).map(|_| free_port().to_string()).collect();
    let args = [
        "demo",
        "--data-dir",
        "data",
        "--as-port",
        &ports[0],
        "--api-port",
        &ports[1],
        "--gateway-port",
        &ports[2],
        "--management-port",
        &ports[3],
        "--apis-port",
        &ports[4],
        "--apis-http-port",
        &ports[5],
        "--control-port",
        &ports[6],
    ];
    let child = phantom(directory.path(), &args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut demo = Running(child);
    wait_for(ports[2].parse().unwrap());
    let server = format!("https://localhost:{}/oauth/v2", ports[0]);
    std::fs::write(directory.path().join("secret"), "Password1\n").unwrap();

    // The certificate is verified unless -k is given.
    let token_endpoint = format!("{server}/oauth-token");
    let args = ["token", "--endpoint", &token_endpoint, "--secret-file", "secret"];
    let (code, out, err) = output(directory.path(), &args);
    assert_eq!((code, &*out), (Some(1), ""), "{err}");
    let (code, token, err) = output(directory.path(), &[&args[..], &["-k"]].concat());
    assert_eq!((code, &*err), (Some(0), ""));
    let (code, token_by_ca, _) =
        output(directory.path(), &[&args[..], &["--ca-file", "data/demo/localhost.pem"]].concat());
    assert_eq!(code, Some(0));
    assert!(token.len() > 20 && token_by_ca.len() > 20 && token != token_by_ca);
    let token = token.trim();

    let introspection_endpoint = format!("{server}/oauth-introspect");
    for accept in ["jwt", "json", "signed"] {
        let args = [
            "introspect",
            "-k",
            "--endpoint",
            &introspection_endpoint,
            "--secret-file",
            "secret",
            "--accept",
            accept,
            token,
        ];
        let (code, out, err) = output(directory.path(), &args);
        assert_eq!(code, Some(0), "{err}");
        assert!(out.contains("verdict: active") && out.contains("test-client"), "{out}");
        let (code, out, _) = output(directory.path(), &[&args[..8], &["unknown"]].concat());
        assert_eq!(code, Some(1));
        assert!(out.contains("verdict: not active"), "{out}");
    }

    let mut explain = phantom(
        directory.path(),
        &["explain", "-c", "data/demo/phantom.toml", "--token", "-", "/api"],
    );
    let mut explain = explain
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    explain.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
    let explained = explain.wait_with_output().unwrap();
    let text = String::from_utf8(explained.stdout).unwrap();
    assert!(text.contains("forward to http://localhost:"), "{text}");
    assert!(!text.contains(token), "{text}");

    let introspect = [
        "introspect",
        "-k",
        "--endpoint",
        &introspection_endpoint,
        "--secret-file",
        "secret",
        token,
    ];
    for args in [&[&args[..], &["-k"]].concat()[..], &introspect] {
        let (code, err) = to_a_full_disk(directory.path(), args);
        assert_eq!((code, &*err), (Some(1), UNWRITTEN), "{args:?}");
    }

    demo.signal("INT");
    assert_eq!(demo.code(), Some(0));
}
