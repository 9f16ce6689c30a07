//! Child processes that are watched, bounded and always ended, by id.

use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

/// Longest a process may take to say that it is ready.
const START: Duration = Duration::from_secs(60);

/// A child whose output is kept, and who does not outlive the test.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    output: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts a command; both its outputs are collected.
    ///
    /// # Panics
    /// If the command cannot be started.
    pub fn start(name: &str, command: &mut Command) -> Self {
        let spawned =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        let output = Arc::new(Mutex::new(String::new()));
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let readers = [collect(stdout, output.clone()), collect(stderr, output.clone())];
        let readers = readers.into_iter().flatten().collect();
        Self { name: name.to_owned(), child, output, readers }
    }

    /// Waits until the process has printed this.
    ///
    /// # Panics
    /// If it ends or takes too long.
    pub fn wait_for(&mut self, text: &str) {
        self.wait_until(text, |output| output.contains(text));
    }

    /// Waits until the condition holds on what was printed so far.
    ///
    /// # Panics
    /// If the process ends or takes too long.
    pub fn wait_until(&mut self, what: &str, holds: impl Fn(&str) -> bool) {
        let end = Instant::now() + START;
        while !holds(&self.output()) {
            let ended = self.child.try_wait().expect("the child can be asked");
            let late = Instant::now() > end;
            assert!(
                ended.is_none() && !late,
                "{} never said `{what}` ({ended:?}):\n{}",
                self.name,
                self.output()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// What was printed so far, as far as it has arrived.
    #[must_use]
    pub fn output(&self) -> String {
        self.output.lock().map(|output| output.clone()).unwrap_or_default()
    }

    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end (SIGTERM) and waits for its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        signal(self.child.id(), "TERM");
        self.end()
    }

    /// Waits for the exit code of a process that was asked to end already: asked twice, the gateway
    /// ends at once. Bounded. All that it printed is there afterwards.
    pub fn end(&mut self) -> Option<i32> {
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end {
            if let Ok(Some(status)) = self.child.try_wait() {
                for reader in self.readers.drain(..) {
                    let _ = reader.join();
                }
                return status.code();
            }
            thread::sleep(Duration::from_millis(20));
        }
        None
    }

    /// Ends it without warning.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends a signal to a process this test started.
pub fn signal(id: u32, name: &str) {
    let _ = Command::new("kill").args([&format!("-{name}"), &id.to_string()]).status();
}

/// The command, whose files cannot grow once [`limit_files`] says so: then its writes fail, as on a
/// full disk. The signal that goes with the limit would end it, and is ignored from its start on.
#[must_use]
pub fn limitable(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    shell.current_dir(command.get_current_dir().unwrap_or(Path::new(".")));
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

/// Limits the files that a process may write to so many bytes; `None`: as many as it likes.
///
/// # Panics
/// If the process is not ours.
pub fn limit_files(id: u32, bytes: Option<u64>) {
    let limit = bytes.map_or_else(|| "unlimited".to_owned(), |bytes| bytes.to_string());
    let told = Command::new("prlimit")
        .args(["--pid", &id.to_string(), &format!("--fsize={limit}:unlimited")])
        .output()
        .expect("prlimit runs");
    assert!(told.status.success(), "{told:?}");
}

fn collect(
    stream: Option<impl std::io::Read + Send + 'static>,
    output: Arc<Mutex<String>>,
) -> Option<JoinHandle<()>> {
    let stream = stream?;
    Some(thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if let Ok(mut output) = output.lock() {
                output.push_str(&line);
                output.push('\n');
            }
        }
    }))
}
