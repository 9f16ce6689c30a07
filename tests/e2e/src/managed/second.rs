//! A second gateway beside the stack, on the same store, with no control plane of its own.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::gateway::directory;
use crate::managed::Stack;
use crate::managed::free_ports;
use crate::process::Process;
use crate::workspace;

#[derive(Debug)]
pub struct SecondGateway {
    pub process: Process,
    apis: u16,
    management: u16,
    directory: TempDir,
}

impl SecondGateway {
    /// On the SQLite store that the stack keeps in that directory.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn start(stack: &Stack, store: &Path) -> Self {
        let directory = directory();
        let [apis, management] = free_ports();
        let control = stack.control_url("");
        let text = format!(
            "[gateway]\nworkers = 1\naccess_log = \"off\"\n\
             [management]\nbind = \"127.0.0.1:{management}\"\n\
             [[listener]]\nbind = \"127.0.0.1:{apis}\"\nserve = \"apis\"\n\
             [control]\npublic_url = \"{control}\"\nallow_private = true\n\
             allow_local_endpoints = true\n\
             database = \"{store}/phantom.db\"\nsealing_key = {{ file = \"{store}/sealing.key\" }}\n\
             ca_file = \"{store}/localhost.pem\"\n",
            store = store.display(),
        );
        std::fs::write(directory.path().join("phantom.toml"), &text).expect("a configuration");
        let process = launch(directory.path());
        Self { process, apis, management, directory }
    }

    /// Ends it and starts it again.
    ///
    /// # Panics
    /// If it does not come up.
    pub fn restart(&mut self) {
        assert_eq!(self.process.stop(), Some(0), "{}", self.process.output());
        self.process = launch(self.directory.path());
    }

    #[must_use]
    pub fn api_url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.apis)
    }

    #[must_use]
    pub fn management_url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.management)
    }
}

fn launch(directory: &Path) -> Process {
    let mut command = Command::new(workspace::phantom());
    let file = directory.join("phantom.toml");
    command.arg("gateway").arg("-c").arg(file).current_dir(directory).env("RUST_LOG", "info");
    let mut process = Process::start("second gateway", &mut command);
    process.wait_for("\"management\"");
    process
}
