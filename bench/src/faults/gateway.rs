//! A real `phantom` process, its configuration, and what it tells of itself.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail, ensure};

use super::child::{Child, Output, free_port, loopback, memory_mib};
use super::client::{Client, fetch};
use super::interrupt;
use super::stage::Stage;
use crate::authorization_server::{ISSUER, JWKS_PATH, introspection_path};
use crate::jwt::Signature;
use crate::jwt::{AUDIENCE, SCOPE};

/// What it says, in its folder.
const LOG: &str = "output.log";
const START_LIMIT: Duration = Duration::from_secs(30);

/// What differs from scene to scene, in TOML.
#[derive(Debug, Clone, Default)]
pub(super) struct Config {
    /// Lines of `[gateway]`.
    pub(super) gateway: String,
    pub(super) limits: String,
    /// Lines of the listener.
    pub(super) listener: String,
    /// Tables after all others.
    pub(super) more: String,
    /// Everything it can log, instead of what is of interest.
    pub(super) log_all: bool,
}

#[derive(Debug)]
pub(super) struct Gateway {
    pub(super) child: Child,
    pub(super) addr: SocketAddr,
    management: SocketAddr,
}

impl Gateway {
    /// Two routes to the good backend, `/api` protected and `/open` public, and what the
    /// configuration adds.
    pub(super) fn start(stage: &Stage, name: &str, config: &Config) -> Result<Self> {
        Self::start_with(stage, name, config, Output::Log, Output::Log)
    }

    pub(super) fn start_with(
        stage: &Stage,
        name: &str,
        config: &Config,
        stdout: Output,
        stderr: Output,
    ) -> Result<Self> {
        // A port that was free may be a connection's by now.
        const ATTEMPTS: usize = 3;
        let directory = stage.directory.join(name);
        fs::create_dir_all(&directory)?;
        for _ in 0..ATTEMPTS {
            if let Some(gateway) = Self::attempt(stage, &directory, config, stdout, stderr)? {
                return Ok(gateway);
            }
        }
        bail!("phantom ended at its start, see {}", directory.join(LOG).display())
    }

    /// `None`: it ended at its start.
    fn attempt(
        stage: &Stage,
        directory: &Path,
        config: &Config,
        stdout: Output,
        stderr: Output,
    ) -> Result<Option<Self>> {
        let (addr, management) = (loopback(free_port()?), loopback(free_port()?));
        let file = directory.join("phantom.toml");
        fs::write(&file, text(stage, config, addr, management))?;
        fs::write(directory.join("client_secret"), "any: the server asks for none")?;
        let mut command = Command::new(&stage.phantom);
        command
            .arg("run")
            .arg("-c")
            .arg(&file)
            .env("RUST_LOG", if config.log_all { "debug" } else { "info" });
        let log = directory.join(LOG);
        let child = Child::start_with(&command, &log, stdout, stderr)?;
        let mut gateway = Self { child, addr, management };
        let ready = interrupt::until(START_LIMIT, || {
            gateway.child.ended()
                || fetch(management, "/readyz").is_ok_and(|answer| answer.status == 200)
        })?;
        if gateway.child.ended() {
            return Ok(None);
        }
        ensure!(ready, "phantom is not ready, see {}", log.display());
        Ok(Some(gateway))
    }

    pub(super) fn peak_mib(&self) -> Result<f64> {
        memory_mib(self.child.id(), "VmHWM")
    }

    pub(super) fn resident_mib(&self) -> Result<f64> {
        memory_mib(self.child.id(), "VmRSS")
    }

    /// The sum of all lines of `/metrics` that begin so. 0 without any.
    pub(super) fn metric(&self, beginning: &str) -> Result<f64> {
        let patience = Duration::from_secs(5);
        let mut stream =
            super::client::connect([127, 0, 0, 1].into(), self.management, patience, None)?;
        // Longer than what our client takes.
        let text = super::wire::all(
            &mut stream,
            "GET /metrics HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n",
        )?;
        let values = text.lines().filter(|line| line.starts_with(beginning));
        let values = values.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        Ok(values.fold(0.0, |sum, value| sum + value))
    }

    pub(super) fn health(&self, path: &str) -> String {
        match fetch(self.management, path) {
            Ok(answer) => answer.status.to_string(),
            Err(_) => "nothing".to_owned(),
        }
    }

    /// So that it is hot from now on.
    pub(super) fn warm(&self, token: &str) -> Result<()> {
        let mut client = Client::new([127, 0, 0, 1].into(), self.addr, Duration::from_secs(10));
        let answer = client.get("/api/warm", Some(token))?;
        ensure!(answer.is_right("/api/warm", true), "answered {} to a good token", answer.status);
        Ok(())
    }
}

fn text(stage: &Stage, config: &Config, addr: SocketAddr, management: SocketAddr) -> String {
    let Config { gateway, limits, listener, more, .. } = config;
    let (backend, server) = (stage.backend.port(), stage.server.port);
    let introspection = introspection_path(Signature::Es256);
    let log = if gateway.contains("access_log") { "" } else { "access_log = \"off\"" };
    format!(
        r#"[gateway]
data_dir = "data"
drain_timeout = "3s"
{log}
{gateway}

[gateway.limits]
{limits}

[management]
bind = "{management}"

[[listener]]
bind = "{addr}"
{listener}

[[key_manager]]
name = "faults"
introspection_endpoint = "http://127.0.0.1:{server}{introspection}"
issuer = "{ISSUER}"
jwks_uri = "http://127.0.0.1:{server}{JWKS_PATH}"
allow_private = true
allow_http = true
client_id = "bench"
client_secret = {{ file = "client_secret" }}
expected_audience = "{AUDIENCE}"
token_cache_seconds = 3600

[[route]]
path = "/api"
upstream = "http://127.0.0.1:{backend}/api"
key_manager = "faults"
scope = "{SCOPE}"

[[route]]
path = "/open"
upstream = "http://127.0.0.1:{backend}/open"
public = true
{more}"#
    )
}
