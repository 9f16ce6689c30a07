//! Where introspections run.

use std::future::Future;

use tokio::runtime::Handle;

/// The runtime of the tasks that ask. Either way a task outlives the caller it was started for
/// (CAC-11), and ends at the latest with its runtime.
#[derive(Clone, Debug)]
pub enum Carrier {
    /// The tokio runtime of whoever asks first, with I/O and timer enabled: on a single-threaded
    /// one the question, its answer and those who wait for it share a thread, and none of them has
    /// to be woken across threads.
    Caller,
    /// This one. Callers may be on any executor.
    Runtime(Handle),
}

impl From<Handle> for Carrier {
    fn from(runtime: Handle) -> Self {
        Self::Runtime(runtime)
    }
}

impl Carrier {
    pub(super) fn carry(&self, task: impl Future<Output = ()> + Send + 'static) {
        match self {
            Self::Caller => drop(tokio::spawn(task)),
            Self::Runtime(runtime) => drop(runtime.spawn(task)),
        }
    }
}
