//! What signals ask of a server. SIGTERM, SIGINT and SIGQUIT: an orderly end, and the second of them an
//! immediate one. SIGHUP: read certificates and open logs anew; SIGUSR1: the logs alone. SIGUSR2: nothing.
//! None of the last three ends the process.

use std::io;

use phantom_telemetry::own_log;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;
use tokio::signal::unix::Signal;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use crate::compose::renewal::Renewal;

/// All of them, from the moment this is made: before anything can be connected to. What comes while a
/// server starts is heeded when it has.
#[derive(Debug)]
pub struct Signals {
    /// Of its own: there is none yet when a server starts.
    runtime: Runtime,
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
    hang_up: Signal,
    user_one: Signal,
    user_two: Signal,
    renewal: Renewal,
}

impl Signals {
    pub fn listen() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let within = runtime.enter();
        let [terminate, interrupt, quit, hang_up, user_one, user_two] = [
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
            signal(SignalKind::quit())?,
            signal(SignalKind::hangup())?,
            signal(SignalKind::user_defined1())?,
            signal(SignalKind::user_defined2())?,
        ];
        drop(within);
        let renewal = Renewal::default();
        Ok(Self { runtime, terminate, interrupt, quit, hang_up, user_one, user_two, renewal })
    }

    /// What is read anew from now on.
    pub fn renew(&mut self, renewal: Renewal) {
        self.renewal = renewal;
    }

    /// Until the process is to end. The others are done meanwhile. Blocks.
    pub fn end(&mut self) {
        let Self { runtime, terminate, interrupt, quit, hang_up, user_one, user_two, renewal } =
            self;
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = terminate.recv() => return,
                    _ = interrupt.recv() => return,
                    _ = quit.recv() => return,
                    _ = hang_up.recv() => renewal.renew(),
                    _ = user_one.recv() => renewal.reopen_logs(),
                    _ = user_two.recv() => tracing::debug!("SIGUSR2 asks for nothing"),
                }
            }
        });
    }

    /// From now on a further signal ends the process at once. Its thread goes with the process.
    pub fn exit_on_next(mut self) {
        let waiting = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            self.end();
            tracing::warn!("stopped at once: open requests are cut");
            exit_now();
        });
        if let Err(error) = waiting {
            tracing::warn!(%error, "a second signal will not cut open requests");
        }
    }
}

#[expect(clippy::exit, clippy::disallowed_methods, reason = "the user asked twice")]
fn exit_now() -> ! {
    own_log::flush();
    std::process::exit(1)
}
