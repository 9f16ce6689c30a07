//! Processes that the faults happen to, and foreign ones beside them. Ended with their owner, and by
//! the kernel when we are killed ourselves, stopped ones too.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::interrupt;

const START_LIMIT: Duration = Duration::from_secs(20);
/// How long a process may take to end when asked.
const GRACE: Duration = Duration::from_secs(5);

/// Where standard output and standard error go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Output {
    Log,
    /// A pipe whose other end is open, and that nobody reads.
    Unread,
}

#[derive(Debug)]
pub(super) struct Child {
    name: String,
    process: std::process::Child,
}

impl Child {
    pub(super) fn start(command: &Command, log: &Path) -> Result<Self> {
        Self::start_with(command, log, Output::Log, Output::Log)
    }

    pub(super) fn start_with(
        command: &Command,
        log: &Path,
        stdout: Output,
        stderr: Output,
    ) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let file = File::options().create(true).append(true).open(log);
        let file = file.with_context(|| format!("opening {}", log.display()))?;
        let to = |output| -> Result<Stdio> {
            Ok(match output {
                Output::Log => file.try_clone()?.into(),
                Output::Unread => Stdio::piped(),
            })
        };
        // Replaces itself, so that the child's id is the program's.
        let mut wrapped = Command::new("setpriv");
        wrapped.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program());
        wrapped.args(command.get_args()).stdin(Stdio::null());
        for (name, value) in command.get_envs() {
            wrapped.env(name, value.unwrap_or_default());
        }
        if let Some(directory) = command.get_current_dir() {
            wrapped.current_dir(directory);
        }
        let process = wrapped.stdout(to(stdout)?).stderr(to(stderr)?).spawn();
        let process = process.with_context(|| format!("starting {name}"))?;
        Ok(Self { name, process })
    }

    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(super) fn ended(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }

    /// SIGTERM; how long the end took, `None` where it had to be killed.
    pub(super) fn end(&mut self, patience: Duration) -> Option<Duration> {
        let begun = Instant::now();
        if self.ended() {
            return Some(Duration::ZERO);
        }
        signal(self.id(), "TERM");
        while begun.elapsed() < patience {
            if self.ended() {
                return Some(begun.elapsed());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
        None
    }

    /// Until something accepts connections there.
    pub(super) fn listening(mut self, port: u16) -> Result<Self> {
        let addr = loopback(port);
        let connects = || TcpStream::connect_timeout(&addr, START_LIMIT).is_ok();
        let begun = Instant::now();
        while !connects() {
            ensure!(!self.ended(), "{} ended before it listened", self.name);
            ensure!(begun.elapsed() < START_LIMIT, "{} does not listen", self.name);
            interrupt::pause(Duration::from_millis(20))?;
        }
        Ok(self)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end(GRACE);
    }
}

/// The standard library can only kill.
pub(super) fn signal(id: u32, name: &str) {
    let _ =
        Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &id.to_string()]).status();
}

pub(super) fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// Below those that any connection may be given for its own end: such a one would be taken meanwhile.
pub(super) fn free_port() -> Result<u16> {
    const FIRST: u32 = 20_000;
    const COUNT: u32 = 12_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id();
    for _ in 0..COUNT {
        let step = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let port = u16::try_from(FIRST + step)?;
        if TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port from {FIRST} on is free");
}

/// Most physical memory so far, or that of now (`VmHWM`, `VmRSS`), in MiB.
pub(super) fn memory_mib(id: u32, which: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(which)?.strip_prefix(':'));
    let kib = line.with_context(|| format!("no {which}"))?.trim().trim_end_matches(" kB");
    Ok(kib.parse::<f64>()? / 1024.0)
}
