//! What signals ask of a server. SIGTERM, SIGINT and SIGQUIT: an orderly end, and the second of them an
//! immediate one. SIGHUP: read certificates and open logs anew; SIGUSR1: the logs alone. SIGUSR2: nothing.
//! None of the last three ends the process.

use std::io;

use tokio::runtime::Builder;
use tokio::runtime::Runtime;
use tokio::signal::unix::Signal;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use crate::compose::renewal::Renewal;
use crate::telemetry::log;

/// All of them, from the moment this is made.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
    hang_up: Signal,
    user_one: Signal,
    user_two: Signal,
    renewal: Renewal,
}

/// From now on, also before there are [`Signals`], none of those that ask for something else ends the
/// process, as the system would have it.
pub fn survive() -> io::Result<()> {
    // A handler stays when the runtime that asked for it is gone.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let _within = runtime.enter();
    for kind in [SignalKind::hangup(), SignalKind::user_defined1(), SignalKind::user_defined2()] {
        drop(signal(kind)?);
    }
    Ok(())
}

impl Signals {
    pub fn listen(runtime: &Runtime, renewal: Renewal) -> io::Result<Self> {
        let _within = runtime.enter();
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            hang_up: signal(SignalKind::hangup())?,
            user_one: signal(SignalKind::user_defined1())?,
            user_two: signal(SignalKind::user_defined2())?,
            renewal,
        })
    }

    /// Until the process is to end. The others are done meanwhile.
    pub async fn end(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.quit.recv() => return,
                _ = self.hang_up.recv() => self.renewal.renew(),
                _ = self.user_one.recv() => self.renewal.reopen_logs(),
                _ = self.user_two.recv() => tracing::debug!("SIGUSR2 asks for nothing"),
            }
        }
    }

    /// From now on a further signal ends the process at once. The task lives as long as the
    /// runtime, which is to say until the orderly end has come.
    pub fn exit_on_next(mut self, runtime: &Runtime) {
        runtime.spawn(async move {
            self.end().await;
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
