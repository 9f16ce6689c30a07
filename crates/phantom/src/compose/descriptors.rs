//! File descriptors: as many as the system lets the process have. A number of connections that nobody
//! chose keeps to them; one that was chosen stays, with a word where they do not reach.

use phantom_config::ChosenLimits;
use phantom_config::places_of_a_source;
use phantom_proxy::Limits;

/// For sockets that are no client's: listeners, the store, authorization servers, files.
const OTHERS: u64 = 256;
/// So many connections are allowed by default however few descriptors there are.
const LEAST: u64 = 64;

/// Raises the soft limit to the hard one, and fits the limits on connections to it.
pub(super) fn raise(limits: &mut Limits, chosen: ChosenLimits) {
    let set = limits.max_connections;
    let most = match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(most) => most,
        Err(error) => {
            let wanted = wanted(limits);
            tracing::warn!(%error, wanted, "cannot raise the limit of open files");
            return;
        }
    };
    fit(limits, chosen, most);
    let max_connections = limits.max_connections;
    if wanted(limits) > most {
        tracing::warn!(
            limit = most,
            wanted = wanted(limits),
            max_connections,
            "the limit of open files does not reach for max_connections and their backends: \
             raise it (ulimit -n, LimitNOFILE=), or lower gateway.limits.max_connections",
        );
    } else if max_connections < set {
        tracing::info!(
            limit = most,
            max_connections,
            "max_connections is what the limit of open files reaches for",
        );
    } else {
        tracing::debug!(limit = most, "open files");
    }
}

/// Each client connection may need one to a backend.
const fn wanted(limits: &Limits) -> u64 {
    2 * limits.max_connections as u64 + OTHERS
}

/// What nobody chose is lowered to what so many descriptors reach for.
fn fit(limits: &mut Limits, chosen: ChosenLimits, most: u64) {
    if chosen.max_connections || wanted(limits) <= most {
        return;
    }
    let reached = (most.saturating_sub(OTHERS) / 2).max(LEAST);
    limits.max_connections = usize::try_from(reached).unwrap_or(usize::MAX);
    if !chosen.max_connections_per_source {
        limits.max_connections_per_source = places_of_a_source(limits.max_connections);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `max_connections` and `max_connections_per_source`, under that limit of open files.
    fn fitted(chosen: ChosenLimits, most: u64) -> (usize, usize) {
        let mut limits = Limits::default();
        fit(&mut limits, chosen, most);
        (limits.max_connections, limits.max_connections_per_source)
    }

    #[test]
    fn a_default_is_lowered_to_what_the_limit_of_open_files_reaches_for() {
        let nothing = ChosenLimits::default();
        assert_eq!(fitted(nothing, 1 << 20), (20_000, 5_000));
        assert_eq!(fitted(nothing, 40_256), (20_000, 5_000));
        assert_eq!(fitted(nothing, 20_000), (9_872, 2_468));
        assert_eq!(fitted(nothing, 1024), (384, 96));
        assert_eq!(fitted(nothing, 10), (64, 64));
    }

    #[test]
    fn what_was_chosen_stays_whatever_the_limit_of_open_files_is() {
        let chosen = ChosenLimits { max_connections: true, ..ChosenLimits::default() };
        assert_eq!(fitted(chosen, 1024), (20_000, 5_000));
        let source = ChosenLimits { max_connections_per_source: true, ..ChosenLimits::default() };
        assert_eq!(fitted(source, 1024), (384, 5_000));
    }
}
