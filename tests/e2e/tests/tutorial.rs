//! The OpenResty tutorial against `phantom demo`, with the commands as they are printed there.

use std::fs;
use std::path::Path;
use std::process::Command;

use phantom_e2e::gateway::directory;
use phantom_e2e::process::Process;
use phantom_e2e::process::signal;
use phantom_e2e::tutorial;
use phantom_e2e::workspace;
use serde_json::Value;

const PLACEHOLDER: &str = "<opaque_token_value>";

/// What a command printed, and the status it got: said by curl's own configuration file, so that
/// the command line stays as it is.
fn run(command: &str, home: &Path) -> (u16, String) {
    let settings = "silent\nshow-error\nnoproxy = \"*\"\nwrite-out = \"\\n%{http_code}\"\n";
    fs::write(home.join(".curlrc"), settings).unwrap();
    let output =
        Command::new("bash").arg("-c").arg(command).env("CURL_HOME", home).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {printed}{error}");
    let (body, status) = printed.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.to_owned())
}

fn demo(directory: &Path) -> Command {
    let mut command = Command::new(workspace::phantom());
    command.arg("demo").current_dir(directory).env_remove("RUST_LOG");
    command
}

#[test]
fn the_tutorial_works_with_its_own_commands() {
    let directory = directory();
    let mut demo = Process::start("phantom demo", &mut demo(directory.path()));
    demo.wait_for("Ctrl-C stops it.");
    let run = |command: &str| run(command, directory.path());
    let [without_token, get_token, with_token] = &tutorial::blocks("openresty.sh")[..] else {
        panic!("the tutorial has three curl commands");
    };

    let (status, body) = run(without_token);
    assert_eq!(status, 401);
    assert!(body.contains(r#""message":"Missing, invalid or expired access token""#), "{body}");

    let (status, body) = run(get_token);
    assert_eq!(status, 200, "{body}");
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&answer["token_type"], &answer["scope"]), (&"bearer".into(), &"read".into()));
    let token = answer["access_token"].as_str().unwrap();
    assert!(!token.contains('.'), "an opaque token, not a JWT: {token}");

    assert!(with_token.contains(PLACEHOLDER));
    // The second call is served from the cache.
    let mut tokens = vec![token.to_owned()];
    for _ in 0..2 {
        let (status, body) = run(&with_token.replace(PLACEHOLDER, token));
        assert_eq!(status, 200, "{body}");
        assert!(body.contains(r#""message": "API Received JWT: eyJraWQ"#), "{body}");
        assert!(!body.contains(token), "the API got the opaque token");
        let echo: Value = serde_json::from_str(&body).unwrap();
        assert!(echo["tokenPayload"]["jti"].is_string(), "{body}");
        assert_eq!(echo["tokenPayload"]["scope"], "read");
        let jwt = echo["message"].as_str().unwrap().trim_start_matches("API Received JWT: ");
        tokens.push(jwt.to_owned());
    }

    // The page that the tutorial's browser shows.
    let (status, page) = run("curl http://localhost:8080");
    assert_eq!(status, 200);
    assert!(page.to_ascii_lowercase().contains("<html"), "{page}");

    assert_eq!(demo.stop(), Some(0), "{}", demo.output());
    let output = demo.output();
    assert!(output.contains("\"GET /api HTTP/1.1\" 200"), "there is an access log:\n{output}");
    for token in tokens {
        assert!(!output.contains(&token), "{token} is in the output:\n{output}");
    }
}

#[test]
fn a_second_demo_says_at_once_which_ports_are_taken_and_the_first_heeds_signals() {
    let (one, two) = (directory(), directory());
    let mut first = Process::start("phantom demo", &mut demo(one.path()));
    first.wait_for("Ctrl-C stops it.");
    let second = demo(two.path()).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    let sentences: Vec<&str> = said.lines().filter(|line| !line.starts_with('{')).collect();
    let taken = [
        (8443, "development authorization server", "--as-port"),
        (3000, "sample API", "--api-port"),
        (8080, "gateway", "--gateway-port"),
        (8243, "gateway's APIs", "--apis-port"),
        (8280, "gateway's APIs", "--apis-http-port"),
        (9443, "control plane", "--control-port"),
        (9090, "management listener", "--management-port"),
    ];
    let expected = taken.map(|(port, whose, option)| {
        format!(
            "port {port} for the {whose} is taken: stop what uses it, or choose another with {option}"
        )
    });
    assert_eq!(sentences.join("\n"), format!("phantom: {}", expected.join("\n")));
    // It reads its certificate anew like any other gateway.
    signal(first.id(), "HUP");
    first.wait_for("the certificate was read anew");
    // The first one has not noticed.
    let (status, _) = run("curl http://localhost:8080/api", one.path());
    assert_eq!(status, 401);
}
