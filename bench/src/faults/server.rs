//! Our end of the authorization server: starts it, tells it how to behave, asks what it counted.

use std::io::{BufRead as _, BufReader};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::child::{self, loopback};
use super::client::fetch;
use super::peer::Mode;

/// Dropping it ends it, frozen or not.
#[derive(Debug)]
pub(super) struct Server {
    process: std::process::Child,
    pub(super) port: u16,
    told_at: u16,
}

impl Server {
    pub(super) fn start() -> Result<Self> {
        let own = std::env::current_exe()?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(own).arg("faulty-as");
        let mut process = command.stdout(std::process::Stdio::piped()).spawn()?;
        let output = process.stdout.take().context("output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let (port, told_at) = line.trim().split_once(' ').context("ports")?;
        Ok(Self { process, port: port.parse()?, told_at: told_at.parse()? })
    }

    pub(super) fn set(&self, mode: Mode) -> Result<()> {
        fetch(loopback(self.told_at), &format!("/mode/{mode}")).map(drop)
    }

    pub(super) fn introspections(&self) -> Result<u64> {
        let answer = fetch(loopback(self.told_at), crate::authorization_server::COUNT_PATH)?;
        Ok(std::str::from_utf8(&answer.body)?.parse()?)
    }

    /// SIGSTOP: connections stay, and are accepted by the kernel; nobody answers.
    pub(super) fn freeze(&self) {
        child::signal(self.process.id(), "STOP");
    }

    pub(super) fn thaw(&self) {
        child::signal(self.process.id(), "CONT");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
