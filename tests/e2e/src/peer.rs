//! Third-party authorization servers, each as a process of its own.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;

use reqwest::Client;

use crate::gateway::CLIENT;
use crate::http;
use crate::http::Answer;
use crate::process::Process;
use crate::resources::free_port;
use crate::workspace;

/// npm `oidc-provider`, listening. Its settings are listed at the head of its `server.mjs`.
#[derive(Debug)]
pub struct Peer {
    process: Process,
    port: u16,
    environment: Vec<(String, String)>,
    origin: String,
    http: Client,
}

impl Peer {
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn start(environment: &[(&str, &str)]) -> Self {
        Self::start_at(free_port(), environment)
    }

    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn start_at(port: u16, environment: &[(&str, &str)]) -> Self {
        let environment: Vec<(String, String)> = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let tls = environment.iter().any(|(name, _)| name == "AS_TLS_CERT");
        let scheme = if tls { "https" } else { "http" };
        let process = start(port, &environment);
        let origin = format!("{scheme}://localhost:{port}");
        Self { process, port, environment, origin, http: http::client() }
    }

    /// Its issuer identifier.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.origin
    }

    /// A key manager for it, by discovery. Further lines may follow in the same table.
    #[must_use]
    pub fn key_manager(&self, lines: &str) -> String {
        format!(
            "[[key_manager]]\nname = \"peer\"\n\
             well_known = \"{}/.well-known/openid-configuration\"\n{CLIENT}{lines}\n",
            self.origin
        )
    }

    pub async fn token(&self, scope: &str) -> String {
        let endpoint = format!("{}/oauth/v2/oauth-token", self.origin);
        http::fetch_token(&self.http, &endpoint, "test-client", scope).await
    }

    /// # Panics
    /// If the server does not revoke it.
    pub async fn revoke(&self, token: &str) {
        let request = self
            .http
            .post(format!("{}/oauth/v2/oauth-revoke", self.origin))
            .basic_auth("test-client", Some("Password1"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("token={token}"));
        let answer = Answer::of(request).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    pub async fn introspections(&self) -> u64 {
        let answer = Answer::of(self.http.get(format!("{}/_peer/stats", self.origin))).await;
        answer.json()["introspections"].as_u64().unwrap_or_default()
    }

    /// Ends without warning; [`Self::restart`] brings it back, without its tokens and keys.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// # Panics
    /// If it does not come up.
    pub fn restart(&mut self) {
        self.kill();
        self.process = start(self.port, &self.environment);
    }

    #[must_use]
    pub fn output(&self) -> String {
        self.process.output()
    }
}

/// One made with a library of Python's: `tests/peers/python/server.py` says which there are.
#[derive(Debug)]
pub struct PythonPeer {
    process: Process,
    origin: String,
    http: Client,
}

impl PythonPeer {
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn start(kind: &str) -> Self {
        let (port, folder) = (free_port(), workspace::target().join("peers/python"));
        assert!(folder.join("lib").exists(), "run tools/peer first");
        let mut command = Command::new("python3");
        command.args(["-B", "server.py", kind]).current_dir(folder);
        command.env("PYTHONPATH", "lib").env("AS_PORT", port.to_string());
        let mut process = Process::start(kind, &mut command);
        process.wait_for("is listening on");
        let origin = format!("http://localhost:{port}");
        Self { process, origin, http: http::client() }
    }

    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The members of the token endpoint's answer that are strings.
    ///
    /// # Panics
    /// If it gives no token.
    pub async fn token(&self, client: &str, form: &str) -> HashMap<String, String> {
        let request = self.http.post(format!("{}/token", self.origin));
        let request = request.basic_auth(client, Some("Password1"));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = Answer::of(request.body(form.to_owned())).await;
        assert_eq!(answer.status, 200, "{}\n{}", answer.body, self.process.output());
        let members = answer.json().as_object().cloned().unwrap_or_default();
        let texts = members.into_iter();
        texts.filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect()
    }

    /// Ends without warning.
    pub fn kill(&mut self) {
        self.process.kill();
    }
}

fn folder() -> PathBuf {
    folder_of("oidc-provider")
}

/// Where `tools/peer` has put what it has from npm under that name.
///
/// # Panics
/// If it is not there.
#[must_use]
pub fn folder_of(name: &str) -> PathBuf {
    let folder = workspace::target().join("peers").join(name);
    assert!(folder.join("node_modules").exists(), "run tools/peer first");
    folder
}

fn start(port: u16, environment: &[(String, String)]) -> Process {
    let mut command = Command::new("node");
    command.arg("server.mjs").current_dir(folder()).env("AS_PORT", port.to_string());
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let mut process = Process::start("oidc-provider", &mut command);
    process.wait_for("is listening on");
    process
}
