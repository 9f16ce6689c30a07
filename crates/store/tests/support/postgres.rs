//! A real PostgreSQL server of our own, on a socket in a directory of its own.

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

pub(crate) struct Server {
    programs: PathBuf,
    directory: TempDir,
    process: Option<Child>,
}

impl Server {
    /// Blocks for about a second.
    pub(crate) fn start() -> Self {
        let programs = programs();
        // Not below the checkout: the server's user may not be able to go there.
        let directory = tempfile::Builder::new().prefix("phantom-pg-").tempdir().unwrap();
        if let Some((user, group)) = other_than_root() {
            chown(directory.path(), Some(user), Some(group)).unwrap();
        }
        let made = as_its_user(&programs.join("initdb"))
            .args(["--auth=trust", "--username=phantom", "--encoding=UTF8", "--locale=C.UTF-8"])
            .args(["--no-sync", "--wal-segsize=1", "--pgdata"])
            .arg(directory.path().join("data"))
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let mut server = Self { programs, directory, process: None };
        server.resume();
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://phantom@localhost/postgres?host={}", self.directory.path().display())
    }

    /// Where it keeps everything.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn stop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        // SIGINT: ends connections and writes out what it has. SIGKILL would leave children.
        let told = Command::new("kill").args(["-INT", &process.id().to_string()]).status();
        if !told.is_ok_and(|status| status.success()) {
            process.kill().ok();
        }
        process.wait().ok();
    }

    pub(crate) fn resume(&mut self) {
        let log = self.directory.path().join("log");
        let process = as_its_user(&self.programs.join("postgres"))
            .arg("-D")
            .arg(self.directory.path().join("data"))
            .arg("-k")
            .arg(self.directory.path())
            .args(["-c", "listen_addresses=", "-c", "fsync=off"])
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        self.process = Some(process);
        for _ in 0..400 {
            if fs::read_to_string(&log).unwrap().contains("ready to accept connections") {
                return;
            }
            sleep(Duration::from_millis(25));
        }
        panic!("PostgreSQL does not start: {}", fs::read_to_string(&log).unwrap());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Installs PostgreSQL where it is missing: a test that needs it is never skipped.
fn programs() -> PathBuf {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/postgres");
    let found = Command::new(&tool).output().unwrap();
    assert!(found.status.success(), "{}: {found:?}", tool.display());
    PathBuf::from(String::from_utf8(found.stdout).unwrap().trim())
}

fn as_its_user(program: &Path) -> Command {
    let mut command = Command::new(program);
    // It reads its environment for settings, and a directory it may not enter upsets it.
    command.current_dir("/").stdin(Stdio::null()).env_clear().env("PATH", "/usr/bin:/bin");
    if let Some((user, group)) = other_than_root() {
        command.uid(user).gid(group);
    }
    command
}

/// PostgreSQL refuses to run as root; `None` for everybody else.
fn other_than_root() -> Option<(u32, u32)> {
    let id = Command::new("id").arg("-u").output().unwrap();
    if String::from_utf8_lossy(&id.stdout).trim() != "0" {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let of = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2);
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    };
    Some(of("postgres").or_else(|| of("nobody")).expect("no user to run PostgreSQL as"))
}
