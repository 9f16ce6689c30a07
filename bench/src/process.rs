//! Processes of the run: started on one core, ended with the run however it ends.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

pub(crate) mod cpu;
pub(crate) mod idle;
pub(crate) mod timer_slack;

/// How long a process may take to end when asked.
const GRACE: Duration = Duration::from_secs(5);

/// A child on one core. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// A process whose standard output is for us. Its diagnostics go to `log`.
    pub(crate) fn answering(core: usize, command: &[&OsStr], log: &Path) -> Result<Self> {
        Self::start(core, command, Stdio::piped(), open(log)?)
    }

    /// A process that nobody reads, and that must not come to wait for a reader.
    pub(crate) fn logging(core: usize, command: &[&OsStr], log: &Path) -> Result<Self> {
        let log = open(log)?;
        Self::start(core, command, log.try_clone()?.into(), log)
    }

    fn start(core: usize, command: &[&OsStr], output: Stdio, log: File) -> Result<Self> {
        let name = command.first().context("no command")?.to_string_lossy().into_owned();
        // The death signal ends the child even when we are killed and nothing of ours can run.
        // Both helpers replace themselves, so that the child's id is the program's.
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", "taskset", "--cpu-list", &core.to_string()])
            .args(command)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(log)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        Ok(Self { child })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The first line it prints.
    pub(crate) fn first_line(&mut self) -> Result<String> {
        let output = self.child.stdout.as_mut().context("output was taken")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    /// All it prints, once it has ended well.
    pub(crate) fn output(mut self) -> Result<String> {
        let mut output = String::new();
        self.child.stdout.take().context("output was taken")?.read_to_string(&mut output)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "ended with {status}");
        Ok(output)
    }

    pub(crate) fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Ask it to end (nginx's master ends its workers then), and insist after a while.
    fn end(&mut self) {
        if self.ended() {
            return;
        }
        // The standard library can only kill; asking needs a signal.
        let id = self.id().to_string();
        let _ = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status();
        let deadline = Instant::now() + GRACE;
        while Instant::now() < deadline {
            if self.ended() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn open(log: &Path) -> Result<File> {
    let file = File::options().create(true).append(true).open(log);
    file.with_context(|| format!("opening {}", log.display()))
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// The kernel's id of this thread, as it names its directory in `/proc`.
fn thread_id() -> std::io::Result<OsString> {
    let thread = fs::read_link("/proc/thread-self")?;
    thread.file_name().map(OsStr::to_owned).ok_or_else(|| ErrorKind::NotFound.into())
}
