//! Room for work that goes deep.

use std::io;
use std::thread;

/// Bytes. A level of a document takes some hundred of them in a release build and up to 40,000 in a
/// development one.
const STACK: usize = 64 << 20;

/// Does the work on a thread whose stack has room for the deepest document that is taken, whoever calls.
///
/// # Errors
///
/// The system gives no thread, or the work panicked.
pub fn with_room<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let worker = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work)?;
        worker.join().map_err(|_| io::Error::other("the work panicked"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(left: usize) -> usize {
        let taken = std::hint::black_box([0_u8; 40_000]);
        if left == 0 { usize::from(taken[0]) } else { 1 + depth(left - 1) }
    }

    #[test]
    fn what_goes_deeper_than_a_thread_of_a_runtime_has_room_for_ends_well() {
        assert_eq!(with_room(|| depth(128)).unwrap(), 128);
    }

    #[test]
    fn a_panic_is_an_error_of_whoever_asked() {
        assert!(with_room(|| assert!(std::hint::black_box(false))).is_err());
    }
}
