//! A contender's process, and proof that it does what it is measured for.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::client;
use crate::backend::authorization_bytes;
use crate::jwt::JWT_BYTES;
use crate::process::Process;

const START_LIMIT: Duration = Duration::from_secs(20);
const GOOD_TOKEN: &str = "good-token-of-the-first-look";

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum AccessLog {
    Off,
    On,
}

/// A directory for a server to write to, without the access log of the one before it.
pub(super) fn prepare(directory: &Path) -> Result<PathBuf> {
    fs::create_dir_all(directory)?;
    let access_log = directory.join("access.log");
    match fs::remove_file(&access_log) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(access_log),
    }
}

/// What is compared; each is a path of one of the two servers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Contender {
    Public,
    Protected,
    /// A managed API: the same checks, and application, subscription, scope and two quotas.
    Managed,
    /// The same among 1,000 APIs, 100,000 applications and 300,000 subscriptions.
    ManagedLarge,
    /// `Managed`, while somebody has the console open on Traffic.
    ManagedWatched,
    Nginx,
    /// nginx again, without the header work that a gateway does.
    NginxBare,
    /// nginx with the header work, and a fixed credential of the JWT's size in place of the token:
    /// what sending that much more costs whoever sends it.
    NginxJwt,
}

impl Contender {
    pub(super) const ALL: [Self; 5] =
        [Self::Public, Self::Protected, Self::Nginx, Self::NginxBare, Self::NginxJwt];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Protected => "protected",
            Self::Managed => "managed",
            Self::ManagedLarge => "managed_large",
            Self::ManagedWatched => "managed_watched",
            Self::Nginx => "nginx",
            Self::NginxBare => "nginx_bare",
            Self::NginxJwt => "nginx_jwt",
        }
    }

    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Public => "/public/items/42?fields=name",
            Self::Protected => "/protected/items/42?fields=name",
            Self::Managed | Self::ManagedLarge | Self::ManagedWatched => {
                "/managed/v1/items/42?fields=name"
            }
            Self::Nginx => "/nginx/items/42?fields=name",
            Self::NginxBare => "/bare/items/42?fields=name",
            Self::NginxJwt => "/jwt/items/42?fields=name",
        }
    }

    /// What clients send a token for.
    pub(super) fn is_protected(self) -> bool {
        matches!(self, Self::Protected | Self::Managed | Self::ManagedLarge | Self::ManagedWatched)
    }

    pub(super) fn is_nginx(self) -> bool {
        matches!(self, Self::Nginx | Self::NginxBare | Self::NginxJwt)
    }
}

/// A running server. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Gateway {
    pub(super) addr: SocketAddr,
    /// The process that does the work: nginx's worker, not its master.
    pub(super) worker: u32,
    /// Where its access log goes when that is on.
    access_log: PathBuf,
    process: Process,
}

impl Gateway {
    /// Wait until it answers on `path` with anything at all.
    pub(super) fn ready(
        process: Process,
        port: u16,
        path: &str,
        access_log: PathBuf,
    ) -> Result<Self> {
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut gateway = Self { addr, worker: process.id(), access_log, process };
        let deadline = Instant::now() + START_LIMIT;
        while let Err(error) = client::fetch(addr, path, None) {
            if gateway.process.ended() {
                bail!("ended before it answered");
            }
            if Instant::now() > deadline {
                return Err(error.context(format!("no answer within {START_LIMIT:?}")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(gateway)
    }

    /// End it, and count the lines of its access log: a log that is said to be on must be.
    pub(super) fn end_and_count_log_lines(self) -> Result<usize> {
        let Self { access_log, process, .. } = self;
        drop(process);
        let log = fs::read(&access_log).with_context(|| access_log.display().to_string())?;
        Ok(memchr::memchr_iter(b'\n', &log).count())
    }

    /// That the backend gets what it should, and the protected route refuses what it should.
    pub(super) fn look(&self, contender: Contender) -> Result<()> {
        let credential = |token: &str| -> Result<usize> {
            let answer = client::fetch(self.addr, contender.path(), Some(token))?;
            ensure!(answer.status == 200, "answered {} to a good token", answer.status);
            authorization_bytes(&answer.body).context("answer is not the backend's")
        };
        let seen = credential(GOOD_TOKEN)?;
        if contender.is_protected() || contender == Contender::NginxJwt {
            let expected = "Bearer ".len() + JWT_BYTES;
            ensure!(seen == expected, "backend saw {seen} bytes of credential, not {expected}");
        }
        if !contender.is_protected() {
            return Ok(());
        }
        for token in [None, Some("bad-token")] {
            let status = client::fetch(self.addr, contender.path(), token)?.status;
            ensure!(status == 401, "answered {status} to {token:?}, not 401");
        }
        Ok(())
    }
}
