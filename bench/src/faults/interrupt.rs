//! Waiting that Ctrl-C ends: every pause then fails, the failure unwinds, and whatever was started is
//! ended by its owner on the way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::signal::unix::{SignalKind, signal};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// How long an interruption may go unnoticed.
const STEP: Duration = Duration::from_millis(20);

/// Listen for SIGINT and SIGTERM from now on.
pub(super) fn listen() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    let listen = move || {
        runtime.block_on(async {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        });
        INTERRUPTED.store(true, Ordering::SeqCst);
    };
    thread::Builder::new().spawn(listen).context("a thread for signals")?;
    Ok(())
}

pub(super) fn check() -> Result<()> {
    ensure!(!INTERRUPTED.load(Ordering::SeqCst), "interrupted");
    Ok(())
}

pub(super) fn pause(time: Duration) -> Result<()> {
    let end = Instant::now() + time;
    loop {
        check()?;
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        thread::sleep(left.min(STEP));
    }
}

/// Until it is so; whether it came to be within the time.
pub(super) fn until(patience: Duration, mut is_so: impl FnMut() -> bool) -> Result<bool> {
    let end = Instant::now() + patience;
    while !is_so() {
        if Instant::now() >= end {
            return Ok(false);
        }
        pause(STEP)?;
    }
    Ok(true)
}
