//! Gateway and control plane as one process, with a database that outlives it.

mod bed;
mod second;

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use reqwest::Client;
use reqwest::Method;
use serde_json::Value;

pub use bed::Application;
pub use bed::Bed;
pub use bed::api;
pub use second::SecondGateway;

use crate::gateway::command;
use crate::http;
use crate::http::Answer;
use crate::process::Process;

pub const ADMIN: &str = "/api/am/admin/v4";
pub const DEVPORTAL: &str = "/api/am/devportal/v3";
pub const PUBLISHER: &str = "/api/am/publisher/v4";

/// Where each part of a stack listens, the same after a restart.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    pub control: u16,
    pub apis: u16,
    pub management: u16,
}

impl Ports {
    #[must_use]
    pub fn free() -> Self {
        let [control, apis, management] = free_ports();
        Self { control, apis, management }
    }
}

/// So many free ports, each another.
///
/// # Panics
/// If the machine has none left.
#[must_use]
pub fn free_ports<const N: usize>() -> [u16; N] {
    let sockets = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    sockets.map(|socket| socket.local_addr().expect("an address").port())
}

/// `phantom run` on a configuration for these ports; the text is more of `[control]`. Backends are on
/// this machine, which is allowed unless the text says something of it. Not started.
#[must_use]
pub fn stack_command(directory: &Path, ports: Ports, control: &str) -> Command {
    let Ports { control: control_port, apis, management } = ports;
    let local = match control.contains("allow_local_endpoints") {
        true => "",
        false => "allow_local_endpoints = true\n",
    };
    let text = format!(
        "[gateway]\nworkers = 1\ndata_dir = \".\"\naccess_log = \"off\"\n\
         [management]\nbind = \"127.0.0.1:{management}\"\n\
         [[listener]]\nbind = \"127.0.0.1:{apis}\"\nserve = \"apis\"\n\
         [control]\nbind = \"127.0.0.1:{control_port}\"\n\
         public_url = \"https://localhost:{control_port}\"\n\
         admin_password = \"admin\"\nallow_private = true\n{local}{control}\n"
    );
    command(directory, &text)
}

/// `phantom run` with a control plane whose `admin` has the password `admin`.
#[derive(Debug)]
pub struct Stack {
    pub process: Process,
    pub http: Client,
    ports: Ports,
}

impl Stack {
    /// Starts on what is in the directory, and waits until the catalog is in force.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn start(directory: &Path, ports: Ports, control: &str) -> Self {
        Self::launch(ports, &mut stack_command(directory, ports, control))
    }

    /// Starts what listens on these ports, and waits until it does.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn launch(ports: Ports, command: &mut Command) -> Self {
        let mut process = Process::start("phantom", command);
        process.wait_for("\"management\"");
        Self::of(process, ports)
    }

    /// Of a gateway and a control plane that run already; the process is one of them.
    #[must_use]
    pub fn of(process: Process, ports: Ports) -> Self {
        Self { process, http: http::client(), ports }
    }

    /// Until what is published is in force.
    pub async fn ready(&self) {
        let url = self.management_url("/readyz");
        http::eventually("ready", || self.http.get(&url), |answer| answer.status == 200).await;
    }

    #[must_use]
    pub fn management_url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.ports.management)
    }

    /// `host:port` of what serves the APIs.
    #[must_use]
    pub fn apis_authority(&self) -> String {
        format!("127.0.0.1:{}", self.ports.apis)
    }

    #[must_use]
    pub fn api_url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.ports.apis)
    }

    #[must_use]
    pub fn control_url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.ports.control)
    }

    /// For callers beside the test.
    #[must_use]
    pub fn client(&self) -> Rest {
        Rest { http: self.http.clone(), origin: self.control_url("") }
    }

    /// A call as `admin`; `Null` is no body.
    ///
    /// # Errors
    /// If it gets no whole answer.
    pub async fn try_rest(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> reqwest::Result<Answer> {
        self.client().try_rest(method, path, body).await
    }

    /// The body of an answer that is a success.
    ///
    /// # Panics
    /// If it is none.
    pub async fn rest(&self, method: Method, path: &str, body: &Value) -> Value {
        let answer = self.try_rest(method.clone(), path, body).await.expect("an answer");
        assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.body);
        serde_json::from_str(&answer.body).unwrap_or_default()
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        self.rest(Method::POST, path, body).await
    }

    pub async fn get(&self, path: &str) -> Value {
        self.rest(Method::GET, path, &Value::Null).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Value {
        self.rest(Method::PUT, path, body).await
    }

    pub async fn delete(&self, path: &str) {
        self.rest(Method::DELETE, path, &Value::Null).await;
    }

    /// Deploys the working copy of an API.
    pub async fn deploy(&self, api: &str) {
        let revisions = format!("{PUBLISHER}/apis/{api}/revisions");
        let revision = self.post(&revisions, &serde_json::json!({"description": "test"})).await;
        let id = revision["id"].as_str().expect("an id");
        let to = serde_json::json!([{"name": "Default", "vhost": "localhost"}]);
        let path = format!("{PUBLISHER}/apis/{api}/deploy-revision?revisionId={id}");
        self.post(&path, &to).await;
    }

    /// Makes, publishes and deploys an API; gives its id.
    pub async fn api(&self, body: &Value) -> String {
        let api = self.post(&format!("{PUBLISHER}/apis"), body).await;
        let id = api["id"].as_str().expect("an id").to_owned();
        let publish = format!("{PUBLISHER}/apis/change-lifecycle?action=Publish&apiId={id}");
        self.post(&publish, &Value::Null).await;
        self.deploy(&id).await;
        id
    }
}

/// The control plane, called as `admin`.
#[derive(Clone, Debug)]
pub struct Rest {
    http: Client,
    origin: String,
}

impl Rest {
    /// `Null` is no body.
    ///
    /// # Errors
    /// If it gets no whole answer.
    pub async fn try_rest(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> reqwest::Result<Answer> {
        let url = format!("{}{path}", self.origin);
        let mut request = self.http.request(method, url).basic_auth("admin", Some("admin"));
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        Answer::try_of(request).await
    }
}
