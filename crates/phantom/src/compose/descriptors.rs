//! File descriptors: as many as the system lets the process have, and a word where they do not reach.

use phantom_proxy::Limits;

/// For sockets that are no client's: listeners, the store, authorization servers, files.
const OTHERS: u64 = 256;

/// Raises the soft limit to the hard one, and warns where the settings exceed it. Each client
/// connection may need one to a backend.
pub(super) fn raise(limits: &Limits) {
    let wanted = 2 * limits.max_connections as u64 + OTHERS;
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(most) if most < wanted => tracing::warn!(
            limit = most,
            wanted,
            max_connections = limits.max_connections,
            "the limit of open files does not reach for max_connections and their backends: \
             raise it (ulimit -n, LimitNOFILE=), or lower gateway.limits.max_connections",
        ),
        Ok(most) => tracing::debug!(limit = most, "open files"),
        Err(error) => tracing::warn!(%error, wanted, "cannot raise the limit of open files"),
    }
}
