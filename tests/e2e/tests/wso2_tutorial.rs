//! The WSO2 API Manager tutorial against `phantom demo`, with the commands as they are printed there.

use std::path::Path;
use std::process::Command;

use phantom_e2e::gateway::directory;
use phantom_e2e::process::Process;
use phantom_e2e::tutorial;
use phantom_e2e::workspace;
use serde_json::Value;

/// What a script printed.
fn bash(script: &str, directory: &Path) -> String {
    let script = format!("set -u\nexport no_proxy='*'\n{script}");
    let output =
        Command::new("bash").arg("-c").arg(&script).current_dir(directory).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && error.is_empty(), "{script}\n{error}");
    String::from_utf8(output.stdout).unwrap()
}

struct Demo {
    process: Process,
    directory: tempfile::TempDir,
}

impl Demo {
    fn start(arguments: &[&str]) -> Self {
        let directory = directory();
        let mut command = Command::new(workspace::phantom());
        command.arg("demo").args(arguments).current_dir(directory.path()).env_remove("RUST_LOG");
        let mut process = Process::start("phantom demo", &mut command);
        process.wait_for("Ctrl-C stops it.");
        Self { process, directory }
    }

    fn bash(&self, script: &str) -> String {
        bash(script, self.directory.path())
    }

    /// An opaque token of the client that the tutorial maps.
    fn token(&self) -> String {
        let phantom = workspace::phantom();
        let command = format!("{} token -k --client-id client-one", phantom.display());
        bash(&command, self.directory.path()).trim().to_owned()
    }

    fn stop(mut self, secrets: &[&str]) {
        assert_eq!(self.process.stop(), Some(0), "{}", self.process.output());
        let output = self.process.output();
        for secret in secrets {
            assert!(!output.contains(secret), "a secret is in the output:\n{output}");
        }
    }
}

/// The whole of the tutorial's commands, in one shell as a reader would paste them.
fn paste(demo: &Demo, token: &str) -> Vec<String> {
    let blocks = tutorial::blocks("wso2.sh");
    let [register, look_up, map, call, expired] = &blocks[..] else {
        panic!("the tutorial has five blocks of commands: {blocks:#?}");
    };
    let call = call.replace("<opaque-token-from-step-1>", token);
    let expired =
        expired.replace("<expired-token>", "_0XBPWQQ_2fe74ce6-08dc-4a5d-8f1b-7a9c3b0e6f11");
    let steps = [
        register.clone(),
        look_up.clone(),
        "printf '%s\\n' \"$CLIENT_ID\" \"$CLIENT_SECRET\" \"$TOKEN\" \"$APP_ID\" \"$API_ID\"".to_owned(),
        map.replace("\ncurl", "\nprintf '\\n--\\n'\ncurl"),
        // In force within a second of the answer.
        "sleep 1".to_owned(),
        call,
        expired,
        "curl -sk -o /dev/null -D - https://localhost:8243/httpbin/v1/get -H 'Authorization: Bearer bad'".to_owned(),
    ];
    let printed = demo.bash(&steps.join("\nprintf '\\n--\\n'\n"));
    printed.split("\n--\n").map(str::to_owned).collect()
}

fn check(demo: Demo) {
    let token = demo.token();
    let printed = paste(&demo, &token);
    let [_, _, ids, mapping, subscription, _, call, expired, head] = &printed[..] else {
        panic!("{printed:#?}");
    };
    let ids: Vec<&str> = ids.trim().lines().collect();
    assert_eq!(ids.len(), 5, "nothing is empty: {ids:?}");
    assert!(ids.iter().all(|id| id.len() >= 20), "{ids:?}");

    let mapping: Value = serde_json::from_str(mapping).unwrap();
    let subscription: Value = serde_json::from_str(subscription).unwrap();
    // As printed in the tutorial, whether the demo made them before or not.
    assert_eq!(
        (&mapping["mode"], &mapping["consumerKey"]),
        (&"MAPPED".into(), &"client-one".into())
    );
    assert_eq!(subscription["status"], "UNBLOCKED");

    let echo: Value = serde_json::from_str(call).unwrap_or_else(|_| panic!("{call}"));
    let authorization = echo["headers"]["Authorization"].as_str().unwrap();
    assert!(authorization.starts_with("Bearer eyJ"), "{call}");
    assert!(!call.contains(&token), "the backend got the opaque token");

    assert!(expired.ends_with("HTTP 401\n"), "{expired}");
    let challenge = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("www-authenticate").then(|| value.trim().to_owned())
    });
    let challenge = challenge.unwrap_or_else(|| panic!("{head}"));
    assert!(challenge.starts_with(r#"Bearer error="invalid_token""#), "{challenge}");
    demo.stop(&[&token, ids[1], ids[2]]);
}

/// Rows: WSO2-1.7, WSO2-1.8
#[test]
fn the_tutorial_works_where_everything_is_set_up() {
    check(Demo::start(&[]));
}

/// Rows: WSO2-1.5, WSO2-1.6, WSO2-1.7, WSO2-1.8
#[test]
fn the_tutorial_works_where_mapping_and_subscription_are_left_to_it() {
    check(Demo::start(&["--without-subscription"]));
}

/// Rows: WSO2-0.1, WSO2-0.2, WSO2-0.3, WSO2-0.7, WSO2-0.8, WSO2-0.9
#[test]
fn each_listener_has_its_paths() {
    let demo = Demo::start(&[]);
    let token = demo.token();
    let bearer = format!("-H 'Authorization: Bearer {token}'");
    let (control, https, http) =
        ("https://localhost:9443", "https://localhost:8243", "http://localhost:8280");
    for (status, arguments, url) in [
        // Without a credential, and with one that does nothing more.
        ("401", "-d '{}'", format!("{control}/client-registration/v0.17/register")),
        ("401", "-d grant_type=password", format!("{control}/oauth2/token")),
        ("401", "-d token=x", format!("{control}/oauth2/revoke")),
        ("401", "-d token=x", format!("{control}/oauth2/introspect")),
        ("200", "-u admin:admin -d token=x", format!("{control}/oauth2/introspect")),
        ("200", "", format!("{control}/oauth2/jwks")),
        ("200", &bearer, format!("{https}/httpbin/v1/get")),
        ("200", &bearer, format!("{http}/httpbin/v1/get")),
        ("404", &bearer, format!("{control}/httpbin/v1/get")),
        ("200", "", format!("{https}/server-startup-healthcheck")),
    ] {
        let command = format!("curl -sk -o /dev/null -w '%{{http_code}}' {arguments} {url}");
        assert_eq!(demo.bash(&command), status, "{url} {arguments}");
    }
    demo.stop(&[&token]);
}

/// curl as many have it takes the reset of a stream, though it comes after the answer, for the loss of
/// the answer.
#[test]
fn curl_sees_the_refusal_of_an_upload_over_http2() {
    let demo = Demo::start(&[]);
    std::fs::write(demo.directory.path().join("large"), vec![b'x'; 300_000]).unwrap();
    for (status, url) in [
        ("405", "https://localhost:8243/httpbin/v1/get"),
        ("401", "https://localhost:9443/api/am/devportal/v3/applications"),
        ("404", "https://localhost:8443/none"),
    ] {
        for upload in ["{}", "@large"] {
            let command = format!(
                "for i in 1 2 3 4 5; do curl -sk --http2 -o /dev/null -w '%{{http_code}} ' \
                 --data-binary '{upload}' {url}; done"
            );
            assert_eq!(demo.bash(&command), format!("{status} ").repeat(5), "{url} {upload}");
        }
    }
    demo.stop(&[]);
}

#[test]
fn set_up_twice_changes_nothing() {
    let demo = Demo::start(&["--without-subscription"]);
    let phantom = workspace::phantom();
    let env_file = workspace::root().join("deploy/.env.example");
    let command = format!("{} setup --env-file {} -k", phantom.display(), env_file.display());
    let first = demo.bash(&command);
    assert!(first.contains("consumer key client-one: mapped\n"), "{first}");
    let second = demo.bash(&command);
    let changed = second.lines().filter(|line| !line.contains("already")).collect::<Vec<_>>();
    assert!(changed.is_empty(), "{second}");
    demo.stop(&[]);
}
