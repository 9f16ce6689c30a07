//! A real pgbouncer before a PostgreSQL server: one server connection serves a client for a transaction,
//! and somebody else after that.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;

use crate::postgres::Postgres;
use crate::postgres::as_its_user;
use crate::postgres::other_than_root;

/// It listens on a socket in its directory, which the number names.
const PORT: u16 = 6432;

/// Ends when dropped.
#[derive(Debug)]
pub struct Pooler {
    pub server: Postgres,
    directory: TempDir,
    process: Child,
}

impl Pooler {
    /// Settings as they are out of the box but for the mode: parameters at the start of a connection
    /// that it does not know are refused. Two servers, so that clients do take turns. Blocks.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start(server: Postgres) -> Self {
        let program = program();
        let directory = tempfile::Builder::new().prefix("phantom-pool-").tempdir();
        let directory = directory.expect("a directory");
        let at = directory.path();
        let servers = server.directory().display();
        let settings = format!(
            "[databases]\npostgres = host={servers} port=5432 user=phantom\n\
             [pgbouncer]\nlisten_addr =\nlisten_port = {PORT}\nunix_socket_dir = {at}\n\
             auth_type = trust\nauth_file = {at}/users\nlogfile = {at}/log\npidfile = {at}/pid\n\
             pool_mode = transaction\ndefault_pool_size = 2\nmax_client_conn = 100\n",
            at = at.display(),
        );
        fs::write(at.join("settings"), settings).expect("its settings");
        fs::write(at.join("users"), "\"phantom\" \"\"\n").expect("its users");
        if let Some((user, group)) = other_than_root() {
            for path in [at.to_owned(), at.join("settings"), at.join("users")] {
                chown(path, Some(user), Some(group)).expect("root may give it away");
            }
        }
        let mut command = as_its_user(&program);
        command.arg(at.join("settings")).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("pgbouncer runs");
        let pooler = Self { server, directory, process };
        let socket = pooler.directory.path().join(format!(".s.PGSQL.{PORT}"));
        for _ in 0..400 {
            if UnixStream::connect(&socket).is_ok() {
                return pooler;
            }
            sleep(Duration::from_millis(25));
        }
        let log = fs::read_to_string(pooler.directory.path().join("log")).unwrap_or_default();
        panic!("pgbouncer does not start: {log}");
    }

    #[must_use]
    pub fn url(&self) -> String {
        let socket = self.directory.path().display();
        format!("postgres://phantom@localhost:{PORT}/postgres?host={socket}")
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Installs pgbouncer where it is missing: a test that needs it is never skipped.
fn program() -> PathBuf {
    let known = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];
    let find = || known.iter().map(Path::new).find(|path| path.exists()).map(Path::to_owned);
    if let Some(program) = find() {
        return program;
    }
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/need");
    let installed = Command::new(&tool).arg("pgbouncer").output().expect("tools/need runs");
    assert!(installed.status.success(), "{}: {installed:?}", tool.display());
    find().expect("pgbouncer is installed")
}
