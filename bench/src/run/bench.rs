//! What stays up for the whole run: the backend, the authorization server, and the way to send
//! load through a gateway.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::gateway::{AccessLog, Contender, Gateway};
use super::{Options, client, nginx, phantom};
use crate::authorization_server::COUNT_PATH;
use crate::held::Held;
use crate::jwt::Signature;
use crate::load::Tokens;
use crate::measures::Measures;
use crate::process::Process;
use crate::tls::Identity;

pub(super) struct Bench<'a> {
    pub(super) options: &'a Options,
    pub(super) directory: PathBuf,
    _held: Held,
    /// Of the consoles.
    pub(super) identity: Identity,
    own_program: PathBuf,
    backend: u16,
    authorization_server: u16,
    /// Ended with the bench.
    _peers: [Process; 2],
}

/// One call of the load generator.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) tokens: Tokens,
    pub(super) seed: u64,
    pub(super) pace: Pace,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    Closed { warmup: u64, requests: u64 },
    Open { rate: u64, warmup_seconds: u64, seconds: u64 },
}

impl<'a> Bench<'a> {
    pub(super) fn start(options: &'a Options) -> Result<Self> {
        let held = Held::of(&options.directory)?;
        let directory = held.path.clone();
        let own_program = std::env::current_exe()?;
        let peer = |name: &str| -> Result<(Process, u16)> {
            let command = [own_program.as_os_str(), name.as_ref()];
            let log = directory.join(format!("{name}.log"));
            let mut process = Process::answering(options.load_core, &command, &log)?;
            let port = process.first_line()?.parse().with_context(|| format!("port of {name}"))?;
            Ok((process, port))
        };
        let (backend_process, backend) = peer("backend")?;
        let (as_process, authorization_server) = peer("as")?;
        let _peers = [backend_process, as_process];
        let identity = Identity::make(&directory)?;
        Ok(Self {
            options,
            directory,
            _held: held,
            identity,
            own_program,
            backend,
            authorization_server,
            _peers,
        })
    }

    pub(super) fn start_phantom(&self, log: AccessLog) -> Result<Gateway> {
        self.start_phantom_for(Signature::Es256, log)
    }

    /// With an authorization server that signs so.
    pub(super) fn start_phantom_for(
        &self,
        signature: Signature,
        log: AccessLog,
    ) -> Result<Gateway> {
        let settings = phantom::Settings {
            directory: &self.directory.join("phantom"),
            port: free_port()?,
            management_port: free_port()?,
            backend: self.backend,
            authorization_server: self.authorization_server,
            signature,
            // Room for all tokens of one process, whichever measurement it serves.
            cache_entries: (self.options.tokens + 10_000).max(self.options.misses * 2),
            log,
            control: None,
        };
        phantom::start(&self.options.phantom, self.options.gateway_core, &settings)
    }

    /// With managed APIs out of the store in that directory; and where its console is.
    pub(super) fn start_managed(
        &self,
        store: &Path,
        contender: Contender,
    ) -> Result<(Gateway, SocketAddr)> {
        let console = free_port()?;
        let settings = phantom::Settings {
            directory: &self.directory.join(contender.name()),
            port: free_port()?,
            management_port: free_port()?,
            backend: self.backend,
            authorization_server: self.authorization_server,
            signature: Signature::Es256,
            cache_entries: 10_000,
            log: AccessLog::Off,
            control: Some(phantom::Control {
                directory: store,
                port: console,
                tls: self.identity.toml(),
            }),
        };
        let gateway = phantom::start(&self.options.phantom, self.options.gateway_core, &settings)?;
        Ok((gateway, SocketAddr::from((Ipv4Addr::LOCALHOST, console))))
    }

    /// Where backend and authorization server listen.
    pub(super) const fn peers(&self) -> (u16, u16) {
        (self.backend, self.authorization_server)
    }

    pub(super) fn start_nginx(&self, log: AccessLog) -> Result<Gateway> {
        let prefix = self.directory.join("nginx");
        let settings =
            nginx::Settings { prefix: &prefix, port: free_port()?, backend: self.backend, log };
        nginx::start(&self.options.nginx, self.options.gateway_core, &settings)
    }

    /// Run the load generator on its core, watching the gateway's CPU time.
    pub(super) fn load(
        &self,
        gateway: &Gateway,
        contender: Contender,
        load: Load,
    ) -> Result<Measures> {
        let mut words = vec![
            "load".to_owned(),
            format!("--addr={}", gateway.addr),
            format!("--path={}", contender.path()),
            format!("--tokens={}", load.tokens),
            format!("--seed={}", load.seed),
            format!("--connections={}", self.options.connections),
            format!("--measure-pid={}", gateway.worker),
        ];
        match load.pace {
            Pace::Closed { warmup, requests } => {
                words.extend([format!("--warmup={warmup}"), format!("--requests={requests}")]);
            }
            Pace::Open { rate, warmup_seconds, seconds } => words.extend([
                format!("--rate={rate}"),
                format!("--warmup={warmup_seconds}"),
                format!("--seconds={seconds}"),
            ]),
        }
        let mut command = vec![self.own_program.as_os_str()];
        command.extend(words.iter().map(|word| -> &OsStr { word.as_ref() }));
        let log = self.directory.join("load.log");
        let output = Process::answering(self.options.load_core, &command, &log)?
            .output()
            .with_context(|| format!("load on {}, see {}", contender.name(), log.display()))?;
        Measures::parse(&output)
    }

    /// What the bare check of a signature costs on the gateway's core.
    pub(super) fn signature_check(&self, signature: Signature) -> Result<Measures> {
        let signature = format!("--signature={signature}");
        let command = [self.own_program.as_os_str(), "check".as_ref(), signature.as_ref()];
        let log = self.directory.join("check.log");
        let output = Process::answering(self.options.gateway_core, &command, &log)?.output()?;
        Measures::parse(&output)
    }

    /// How many tokens the authorization server was asked about so far.
    pub(super) fn introspections(&self) -> Result<u64> {
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, self.authorization_server));
        let answer = client::fetch(addr, COUNT_PATH, None)?;
        std::str::from_utf8(&answer.body)?.parse().context("count of introspections")
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
