//! What a process used, by the kernel's own accounting.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// `USER_HZ`: the unit of /proc/PID/stat on every Linux this runs on.
const TICK: Duration = Duration::from_millis(10);
/// By how much the sum of threads may stay behind the whole before a thread must have gone.
const COARSENESS: Duration = Duration::from_millis(30);

/// A process from one moment on.
#[derive(Debug)]
pub(crate) struct Watch {
    pid: u32,
    begin: Reading,
}

impl Watch {
    pub(crate) fn start(pid: u32) -> Result<Self> {
        Ok(Self { pid, begin: Reading::of(pid)? })
    }

    /// User and system time of all threads since the start.
    pub(crate) fn used(&self) -> Result<Duration> {
        Ok(Reading::of(self.pid)?.since(&self.begin))
    }
}

#[derive(Debug)]
struct Reading {
    /// Exact to the nanosecond, but a thread takes its time with it when it ends.
    threads: BTreeMap<u32, Duration>,
    /// In ticks, of all threads there ever were.
    whole: Duration,
}

impl Reading {
    fn of(pid: u32) -> Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))
            .with_context(|| format!("process {pid} is gone"))?;
        let whole = ticks(&stat).context("unreadable stat")? * TICK;
        let mut threads = BTreeMap::new();
        for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
            let entry = entry?;
            let thread = entry.file_name().to_string_lossy().parse().context("thread id")?;
            // A thread that ended in between is accounted for in the whole.
            let Ok(text) = fs::read_to_string(entry.path().join("schedstat")) else { continue };
            let nanoseconds = text.split(' ').next().context("schedstat")?.parse()?;
            threads.insert(thread, Duration::from_nanos(nanoseconds));
        }
        Ok(Self { threads, whole })
    }

    fn since(&self, begin: &Self) -> Duration {
        let fine = self
            .threads
            .iter()
            .map(|(thread, now)| {
                now.saturating_sub(begin.threads.get(thread).copied().unwrap_or_default())
            })
            .sum();
        let coarse = self.whole.saturating_sub(begin.whole);
        if coarse > fine + COARSENESS { coarse } else { fine }
    }
}

/// utime + stime: fields 14 and 15 of proc(5). The name before them may hold spaces.
fn ticks(stat: &str) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    user.checked_add(system)
}

/// Physical memory of a process (VmRSS).
pub(crate) fn resident_mib(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().context("VmRSS")?;
    Ok(kib / 1024.0)
}

/// A child of the process: nginx's worker under its master.
pub(crate) fn child_of(parent: u32) -> Option<u32> {
    let entries = fs::read_dir("/proc").ok()?;
    entries.flatten().find_map(|entry| {
        let pid = entry.file_name().to_string_lossy().parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let (_, fields) = stat.rsplit_once(") ")?;
        (fields.split(' ').nth(1)?.parse() == Ok(parent)).then_some(pid)
    })
}

#[cfg(test)]
mod tests {
    use super::{BTreeMap, Duration, Reading, child_of, resident_mib, ticks};

    fn reading(threads: &[(u32, u64)], whole: u64) -> Reading {
        let threads = threads.iter().map(|(id, ms)| (*id, Duration::from_millis(*ms)));
        Reading { threads: threads.collect(), whole: Duration::from_millis(whole) }
    }

    #[test]
    fn ticks_are_found_behind_a_name_with_spaces_and_brackets() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194560 100 0 0 0 17 5 0 0 20 0 1 0 99";
        assert_eq!(ticks(stat), Some(22));
        assert_eq!(ticks("42 (a) S 1"), None);
    }

    #[test]
    fn time_of_threads_old_and_new_adds_up() {
        let begin = reading(&[(1, 100), (2, 50)], 150);
        let end = reading(&[(1, 400), (2, 55), (3, 7)], 460);
        assert_eq!(end.since(&begin), Duration::from_millis(312));
    }

    #[test]
    fn time_of_a_thread_that_ended_is_not_lost() {
        let begin = reading(&[(1, 100), (2, 50)], 150);
        let end = reading(&[(1, 400)], 600);
        assert_eq!(end.since(&begin), Duration::from_millis(450));
    }

    #[test]
    fn the_accounting_of_a_living_process_can_be_read() -> anyhow::Result<()> {
        let own = std::process::id();
        assert!(Reading::of(own)?.threads.contains_key(&own));
        assert!(resident_mib(own)? > 0.5);
        Ok(())
    }

    #[test]
    fn a_child_is_found_by_its_parent() -> anyhow::Result<()> {
        let mut child = std::process::Command::new("sleep").arg("20").spawn()?;
        let found = child_of(std::process::id());
        child.kill()?;
        child.wait()?;
        assert_eq!(found, Some(child.id()));
        assert_eq!(child_of(u32::MAX), None);
        Ok(())
    }

    #[test]
    fn a_map_of_no_threads_is_a_process_that_used_its_ticks() {
        let begin = Reading { threads: BTreeMap::new(), whole: Duration::ZERO };
        let end = Reading { threads: BTreeMap::new(), whole: Duration::from_secs(1) };
        assert_eq!(end.since(&begin), Duration::from_secs(1));
    }
}
