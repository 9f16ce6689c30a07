//! A real PostgreSQL server of our own, in a directory of its own.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;

/// Ends when dropped.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    directory: TempDir,
    /// On 127.0.0.1 beside its socket in the directory.
    port: Option<u16>,
    process: Option<Child>,
}

impl Postgres {
    /// Reached by a socket in its directory alone. Blocks for about a second.
    #[must_use]
    pub fn start() -> Self {
        Self::make(None)
    }

    /// Reached over TCP, as a server on another machine would be. Blocks for about a second.
    #[must_use]
    pub fn start_on(port: u16) -> Self {
        Self::make(Some(port))
    }

    fn make(port: Option<u16>) -> Self {
        let programs = programs();
        // Not below the checkout: the server's user may not be able to go there.
        let directory = tempfile::Builder::new().prefix("phantom-pg-").tempdir();
        let directory = directory.expect("a directory");
        if let Some((user, group)) = other_than_root() {
            chown(directory.path(), Some(user), Some(group)).expect("root may give it away");
        }
        let made = as_its_user(&programs.join("initdb"))
            .args(["--auth=trust", "--username=phantom", "--encoding=UTF8", "--locale=C.UTF-8"])
            .args(["--no-sync", "--wal-segsize=1", "--pgdata"])
            .arg(directory.path().join("data"))
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let mut server = Self { programs, directory, port, process: None };
        server.resume();
        server
    }

    #[must_use]
    pub fn url(&self) -> String {
        match self.port {
            Some(port) => format!("postgres://phantom@127.0.0.1:{port}/postgres"),
            None => {
                let socket = self.directory.path().display();
                format!("postgres://phantom@localhost/postgres?host={socket}")
            }
        }
    }

    /// Where it keeps everything.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Lets go of its connections and ends. What was committed is there when it resumes.
    pub fn stop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        // SIGINT: ends connections and writes out what it has. SIGKILL would leave children.
        if !signal(process.id(), "INT") {
            process.kill().ok();
        }
        process.wait().ok();
    }

    /// Ends at once, as with its machine: nothing is written out, no connection is told.
    pub fn kill(&mut self) {
        let all = self.all_processes();
        let Some(mut process) = self.process.take() else { return };
        for id in all {
            signal(id, "KILL");
        }
        process.wait().ok();
    }

    /// Starts again on the same data, reached as before.
    ///
    /// # Panics
    /// If it does not start.
    pub fn resume(&mut self) {
        let log = self.directory.path().join("log");
        let mut command = as_its_user(&self.programs.join("postgres"));
        command.arg("-D").arg(self.directory.path().join("data"));
        command.arg("-k").arg(self.directory.path()).args(["-c", "fsync=off"]);
        match self.port {
            Some(port) => {
                command.args(["-c", "listen_addresses=127.0.0.1", "-p"]).arg(port.to_string())
            }
            None => command.args(["-c", "listen_addresses="]),
        };
        let log_file = fs::File::create(&log).expect("a log");
        let process = command.stdout(Stdio::null()).stderr(log_file).spawn();
        self.process = Some(process.expect("postgres runs"));
        let said = || fs::read_to_string(&log).unwrap_or_default();
        for _ in 0..400 {
            if said().contains("ready to accept connections") {
                return;
            }
            sleep(Duration::from_millis(25));
        }
        panic!("PostgreSQL does not start: {}", said());
    }

    /// Keeps its connections and answers nothing any more, as a machine does that is overwhelmed.
    pub fn freeze(&self) {
        for id in self.all_processes() {
            signal(id, "STOP");
        }
    }

    /// Goes on from there.
    pub fn thaw(&self) {
        for id in self.all_processes() {
            signal(id, "CONT");
        }
    }

    /// Itself, and one per connection and task.
    fn all_processes(&self) -> Vec<u32> {
        let Some(parent) = self.process.as_ref().map(Child::id) else { return Vec::new() };
        let children = fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| {
            let id: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            // Behind the name, which may hold anything: state and parent.
            let (_, rest) = stat.rsplit_once(')')?;
            (rest.split_whitespace().nth(1)? == parent.to_string()).then_some(id)
        });
        [parent].into_iter().chain(children).collect()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.thaw();
        self.stop();
    }
}

/// To a process that we started, or that it did. True where it was delivered.
fn signal(id: u32, name: &str) -> bool {
    // One of them may have ended by itself meanwhile, which is nothing to be told of.
    let mut kill = Command::new("kill");
    let told = kill.args([&format!("-{name}"), &id.to_string()]).stderr(Stdio::null()).status();
    told.is_ok_and(|status| status.success())
}

/// Installs PostgreSQL where it is missing: a test that needs it is never skipped.
fn programs() -> PathBuf {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/postgres");
    let found = Command::new(&tool).output().expect("tools/postgres runs");
    assert!(found.status.success(), "{}: {found:?}", tool.display());
    PathBuf::from(String::from_utf8_lossy(&found.stdout).trim())
}

pub(crate) fn as_its_user(program: &Path) -> Command {
    let mut command = Command::new(program);
    // It reads its environment for settings, and a directory it may not enter upsets it.
    command.current_dir("/").stdin(Stdio::null()).env_clear().env("PATH", "/usr/bin:/bin");
    if let Some((user, group)) = other_than_root() {
        command.uid(user).gid(group);
    }
    command
}

/// PostgreSQL refuses to run as root; `None` for everybody else.
pub(crate) fn other_than_root() -> Option<(u32, u32)> {
    let id = Command::new("id").arg("-u").output().expect("id runs");
    if String::from_utf8_lossy(&id.stdout).trim() != "0" {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("a list of users");
    let of = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2);
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    };
    Some(of("postgres").or_else(|| of("nobody")).expect("no user to run PostgreSQL as"))
}
