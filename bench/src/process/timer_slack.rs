//! How late the kernel may wake a sleeping thread to save power: 50 µs unless told, which is as
//! much as the latencies measured here.

/// The least there is, for this thread. Without the right to set it the lateness stays, and the
/// report shows it.
pub(crate) fn least() {
    let _ = std::fs::write("/proc/thread-self/timerslack_ns", "1");
}
