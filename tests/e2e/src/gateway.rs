//! The gateway as a process of its own.

use std::fs;
use std::path::Path;
use std::process::Command;

use reqwest::Client;
use serde_json::Value;
use tempfile::TempDir;

use crate::http;
use crate::http::Answer;
use crate::process::Process;
use crate::workspace;

/// In front of every configuration: free ports, all on this machine.
const HEAD: &str = "\
[gateway]
workers = 2
drain_timeout = \"20s\"
issuer = \"https://gateway.test\"

[management]
bind = \"127.0.0.1:0\"

[[listener]]
bind = \"127.0.0.1:0\"
";

/// What the gateway's client is called and proves itself with, at every server of these tests.
pub const CLIENT: &str = "\
client_id = \"introspection-client\"
client_secret = { env = \"INTROSPECTION_CLIENT_SECRET\" }
";

/// `phantom run`, started and listening.
#[derive(Debug)]
pub struct Gateway {
    pub process: Process,
    pub http: Client,
    origin: String,
    management: String,
    directory: TempDir,
}

impl Gateway {
    /// Starts with these key managers and routes; the rest of the file is [`HEAD`].
    #[must_use]
    pub fn start(text: &str) -> Self {
        Self::start_in(directory(), text, &[])
    }

    /// The same in a directory where files lie that the configuration names, with these variables
    /// in its environment.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn start_in(directory: TempDir, text: &str, environment: &[(&str, &str)]) -> Self {
        Self::start_whole(directory, &format!("{HEAD}{text}"), environment)
    }

    /// As [`Self::start`], with these lines more in `[gateway]`.
    #[must_use]
    pub fn start_with_gateway_lines(lines: &str, text: &str) -> Self {
        let head = HEAD.replacen("[gateway]", &format!("[gateway]\n{lines}"), 1);
        Self::start_whole(directory(), &format!("{head}{text}"), &[])
    }

    fn start_whole(directory: TempDir, text: &str, environment: &[(&str, &str)]) -> Self {
        let mut command = command(directory.path(), text);
        command.envs(environment.iter().copied());
        let mut process = Process::start("phantom", &mut command);
        process.wait_until("where management is", |output| {
            addresses(output, "management").next().is_some()
        });
        let output = process.output();
        let first = |message| addresses(&output, message).next().expect("an address");
        let (origin, management) =
            (format!("http://{}", first("listening")), format!("http://{}", first("management")));
        Self { process, http: http::client(), origin, management, directory }
    }

    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// `host:port` of the listener.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.origin.trim_start_matches("http://")
    }

    #[must_use]
    pub fn management_url(&self, path: &str) -> String {
        format!("{}{path}", self.management)
    }

    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Waits until it says that it is ready.
    pub async fn ready(&self) {
        let request = || self.http.get(self.management_url("/readyz"));
        http::eventually("ready", request, |answer| answer.status == 200).await;
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.http.get(self.url(path))).await
    }

    pub async fn get_with(&self, path: &str, token: &str) -> Answer {
        Answer::of(self.http.get(self.url(path)).bearer_auth(token)).await
    }

    pub async fn metrics(&self) -> String {
        Answer::of(self.http.get(self.management_url("/metrics"))).await.body
    }
}

/// `phantom run` on a file with exactly this text. Not started.
///
/// # Panics
/// If the file cannot be written.
#[must_use]
pub fn command(directory: &Path, text: &str) -> Command {
    let file = directory.join("phantom.toml");
    fs::write(&file, text).expect("the configuration is written");
    let mut command = Command::new(workspace::phantom());
    command.arg("run").arg("-c").arg(file).current_dir(directory);
    command.env("RUST_LOG", "info").env("INTROSPECTION_CLIENT_SECRET", "Password1");
    command
}

/// # Panics
/// If there is no room for one.
#[must_use]
pub fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

/// The addresses in log lines with this message.
fn addresses<'o>(output: &'o str, message: &'static str) -> impl Iterator<Item = String> + 'o {
    let lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter(move |line| line["message"] == message)
        .filter_map(|line| line["address"].as_str().map(str::to_owned))
}
