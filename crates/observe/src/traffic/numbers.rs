//! A tally in the numbers that people read.

use phantom_core::DenyReason;
use phantom_core::traffic::Tally;
use serde::Serialize;
use utoipa::ToSchema;

/// Refusals because somebody had asked too often.
const THROTTLED: [DenyReason; 8] = [
    DenyReason::ApiQuota,
    DenyReason::ApplicationBurst,
    DenyReason::ApplicationQuota,
    DenyReason::OperationQuota,
    DenyReason::PeerBudget,
    DenyReason::RateLimited,
    DenyReason::SubscriptionBurst,
    DenyReason::SubscriptionQuota,
];

#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Numbers {
    /// The time that these are of, as far as it was reported.
    pub seconds: u64,
    pub requests: u64,
    pub requests_per_second: f64,
    /// Answered by the gateway: refused, redirected, a file, a preflight.
    pub answered: u64,
    /// The backend's answer was passed on whole.
    pub forwarded: u64,
    /// Backend or client broke off.
    pub failed: u64,
    /// Answers by class of status, from `1xx` to `5xx`.
    pub statuses: Vec<u64>,
    /// How long requests took, from head to end of answer, in milliseconds.
    pub p50_millis: Option<f64>,
    pub p95_millis: Option<f64>,
    pub p99_millis: Option<f64>,
    /// Statements that were in the cache.
    pub cache_hits: u64,
    /// Statements that another request was asking for.
    pub cache_shared: u64,
    /// Statements that a key manager was asked for.
    pub cache_asked: u64,
    pub refused: u64,
    /// Those of the refused that had asked too often.
    pub throttled: u64,
    /// The most frequent first.
    pub refusals: Vec<Refused>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Refused {
    pub reason: String,
    pub count: u64,
}

impl Numbers {
    pub(super) fn of(tally: &Tally, seconds: u64) -> Self {
        let quantile = |per_mille| {
            tally.latency.quantile(per_mille).map(|took| took.as_micros() as f64 / 1000.0)
        };
        let [answered, forwarded, failed] = tally.outcomes;
        let [cache_hits, cache_shared, cache_asked] = tally.consulted;
        let refusals = tally.refusals().into_iter();
        let seconds = seconds.max(1);
        Self {
            seconds,
            requests: tally.requests,
            requests_per_second: tally.requests as f64 / seconds as f64,
            answered,
            forwarded,
            failed,
            statuses: tally.statuses.iter().skip(1).copied().collect(),
            p50_millis: quantile(500),
            p95_millis: quantile(950),
            p99_millis: quantile(990),
            cache_hits,
            cache_shared,
            cache_asked,
            refused: tally.refused(),
            throttled: tally.refused_for(&THROTTLED),
            refusals: refusals
                .map(|(reason, count)| Refused { reason: reason.to_owned(), count })
                .collect(),
        }
    }
}
