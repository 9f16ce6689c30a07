//! How late the kernel may wake a sleeping thread to save power: 50 µs unless told, which is as
//! much as the latencies measured here.

use std::fs;
use std::io::Result;
use std::path::{Path, PathBuf};

use super::thread_id;

/// The least there is, for this thread. Without the right to set it the lateness stays, and the
/// report shows it.
pub(crate) fn least() {
    let _ = file().and_then(|file| fs::write(file, "1"));
}

/// It stands in the thread's own directory under /proc, which no listing shows, and not under
/// /proc/thread-self.
fn file() -> Result<PathBuf> {
    Ok(Path::new("/proc").join(thread_id()?).join("timerslack_ns"))
}

#[cfg(test)]
mod tests {
    use super::{file, fs, least};

    #[test]
    fn a_thread_lowers_its_own_slack_and_no_other() -> anyhow::Result<()> {
        let before = fs::read_to_string(file()?)?;
        let lowered = std::thread::spawn(|| {
            least();
            file().and_then(fs::read_to_string)
        });
        assert_eq!(lowered.join().expect("thread")?.trim(), "1");
        assert_eq!(fs::read_to_string(file()?)?, before);
        Ok(())
    }
}
