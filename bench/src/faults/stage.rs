//! What all scenes share: the binaries, a directory, a good backend, an authorization server, and the
//! measures of what is quiet.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use super::Options;
use super::backend::{Backend, Manner};
use super::gateway::Gateway;
use super::interrupt;
use super::load::{Load, Plan, Tally, Tokens};
use super::peer::Mode;
use super::server::Server;
use crate::held::Held;

/// How long the quiet run of a scene is.
const QUIET: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(super) struct Stage {
    pub(super) phantom: PathBuf,
    pub(super) directory: PathBuf,
    _held: Held,
    /// Sources of ours: scripts of foreign servers and clients.
    pub(super) scripts: PathBuf,
    /// Programs of Python packages.
    pub(super) venv: PathBuf,
    pub(super) backend: Backend,
    pub(super) server: Server,
    /// All times of scenes are multiplied with it.
    scale: f64,
}

impl Stage {
    pub(super) fn set(options: &Options) -> Result<Self> {
        let held = Held::of(&options.directory)?;
        let directory = held.path.clone();
        Ok(Self {
            phantom: options.phantom.canonicalize()?,
            scripts: options.scripts.canonicalize()?,
            venv: directory.join("venv"),
            directory,
            _held: held,
            backend: Backend::start(Manner::Good)?,
            server: Server::start()?,
            scale: options.scale,
        })
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.venv.join("bin").join(name)
    }

    pub(super) fn log(&self, name: &str) -> PathBuf {
        self.directory.join(format!("{name}.log"))
    }

    pub(super) fn seconds(&self, seconds: u64) -> Duration {
        Duration::from_secs(seconds).mul_f64(self.scale)
    }

    pub(super) fn pause(&self, seconds: u64) -> Result<()> {
        interrupt::pause(self.seconds(seconds))
    }

    pub(super) fn healthy(&self) -> Result<()> {
        self.server.set(Mode::Healthy)
    }

    /// Requests with a token that is in the cache.
    pub(super) fn hot(&self, gateway: &Gateway) -> Result<Load> {
        gateway.warm("good-hot")?;
        Ok(Plan::new(gateway.addr, "/api/hot", Tokens::Same("good-hot".to_owned())).start())
    }

    /// Hot requests and nothing else.
    pub(super) fn quiet(&self, gateway: &Gateway) -> Result<Tally> {
        self.quiet_for(gateway, QUIET)
    }

    /// As long as the run it is compared with, where a share of both is compared: a few hundred requests
    /// have no p99 to speak of.
    pub(super) fn quiet_for(&self, gateway: &Gateway, time: Duration) -> Result<Tally> {
        let hot = self.hot(gateway)?;
        interrupt::pause(time)?;
        hot.end()
    }

    /// Good new tokens of many addresses, on so many connections that none waits for another.
    pub(super) fn fresh(&self, gateway: &Gateway, rate: u64) -> Load {
        Plan::new(gateway.addr, "/api/new", Tokens::Fresh("good")).paced(rate, 40).start()
    }
}

/// The part of a path that a table shows.
pub(super) fn shown(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
