//! Threads that run when nobody else wants the processor. The least priority is not that: who wakes up
//! still waits until such a thread has had its slice, some milliseconds.

use std::process::{Command, Stdio};
use std::{panic, thread};

use anyhow::{Result, ensure};

use super::thread_id;

/// What `start` gives, with each thread that it starts under the policy `SCHED_IDLE`: threads inherit
/// it. Needs no right.
///
/// # Errors
/// There is no `chrt`, or the kernel refused.
pub(crate) fn launch_idle<T: Send>(start: impl FnOnce() -> T + Send) -> Result<T> {
    let launcher = || {
        yield_to_all()?;
        Ok(start())
    };
    let ended = thread::scope(|scope| scope.spawn(launcher).join());
    ended.unwrap_or_else(|cause| panic::resume_unwind(cause))
}

/// The standard library sets no policy.
fn yield_to_all() -> Result<()> {
    let mut chrt = Command::new("chrt");
    chrt.args(["--idle", "--pid", "0"]).arg(thread_id()?).stdin(Stdio::null());
    ensure!(chrt.status()?.success(), "chrt could not set a thread's policy");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::thread::{self, JoinHandle};

    use super::{Result, launch_idle, thread_id};

    /// Field 41 of `stat`: 5 is `SCHED_IDLE`, 0 the ordinary policy.
    fn policy() -> Result<String> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", thread_id()?.to_string_lossy()))?;
        let after_name = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
        Ok(after_name.split(' ').nth(38).unwrap_or_default().to_owned())
    }

    #[test]
    fn threads_that_are_launched_run_when_nobody_else_does_and_others_as_ever() -> Result<()> {
        let launched: JoinHandle<_> = launch_idle(|| thread::spawn(policy))?;
        assert_eq!(launched.join().expect("thread")?, "5");
        assert_eq!(thread::spawn(policy).join().expect("thread")?, "0");
        assert_eq!(policy()?, "0");
        Ok(())
    }
}
