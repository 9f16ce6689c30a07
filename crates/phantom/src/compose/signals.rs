//! SIGTERM and SIGINT: the first asks for an orderly end, the second gets an immediate one.

use std::io;

use tokio::runtime::Runtime;
use tokio::signal::unix::Signal;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use crate::telemetry::log;

/// Both signals, from the moment this is made.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub fn listen(runtime: &Runtime) -> io::Result<Self> {
        let _within = runtime.enter();
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// From now on a further signal ends the process at once. The task lives as long as the
    /// runtime, which is to say until the orderly end has come.
    pub fn exit_on_next(mut self, runtime: &Runtime) {
        runtime.spawn(async move {
            self.next().await;
            tracing::warn!("stopped at once: open requests are cut");
            exit_now();
        });
    }
}

#[expect(clippy::exit, clippy::disallowed_methods, reason = "the user asked twice")]
fn exit_now() -> ! {
    log::flush();
    std::process::exit(1)
}
