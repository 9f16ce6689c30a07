//! Of a report, how often each API was called and nothing else: to be read of many reports at once.

use serde::Deserialize;

use crate::catalog::EntityId;

/// A report as [`Report`](super::Report) writes it, of which all else is passed over.
#[derive(Clone, Debug, Deserialize)]
pub struct ApiRequests {
    apis: Shares,
}

#[derive(Clone, Debug, Deserialize)]
struct Shares {
    named: Vec<Share>,
}

#[derive(Clone, Debug, Deserialize)]
struct Share {
    #[serde(default)]
    id: Option<EntityId>,
    t: Tally,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Tally {
    n: u64,
}

impl ApiRequests {
    /// Of each managed API that is told apart.
    pub fn iter(&self) -> impl Iterator<Item = (EntityId, u64)> {
        self.apis.named.iter().filter_map(|share| Some((share.id?, share.t.n)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::traffic::Ended;
    use crate::traffic::Report;

    #[test]
    fn requests_of_apis_are_read_of_a_whole_report() {
        let took = Duration::ZERO;
        let ended = Ended { outcome: 1, status: 200, reason: None, consulted: None, took };
        let mut report = Report::default();
        for (id, times) in [(Some(EntityId::new(7)), 3), (None, 2)] {
            (0..times).for_each(|_| report.apis.of(id, "name", 10).count(&ended));
        }
        report.key_managers.of(None, "curity", 10).count(&ended);
        let text = serde_json::to_string(&report).unwrap();
        let requests: ApiRequests = serde_json::from_str(&text).unwrap();
        assert_eq!(requests.iter().collect::<Vec<_>>(), [(EntityId::new(7), 3)]);
    }
}
