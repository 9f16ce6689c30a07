//! How long an answer may be kept (CAC-1 to CAC-3). Pure.

use std::time::Duration;

use phantom_core::UnixTime;
use phantom_oauth::Freshness;

use crate::policy::CachePolicy;

/// Life of a statement counted from `asked`, the instant its question was put: freshness counted
/// from later would keep an answer longer than its server meant (RFC 9111 §4.2.3). `None`: don't store.
pub(crate) fn statement_life(
    policy: &CachePolicy,
    freshness: Freshness,
    expires_at: Option<UnixTime>,
    asked: UnixTime,
) -> Option<Duration> {
    let unstated = if expires_at.is_some() { policy.cap } else { policy.without_expiry };
    let bound = match freshness {
        Freshness::For(fresh) => fresh,
        Freshness::Unstated => unstated,
        // An override is no freshness: without `exp` the short default binds as well.
        Freshness::DoNotStore => policy.despite_no_store?.min(unstated),
    };
    let to_expiry = expires_at.map_or(Duration::MAX, |end| asked.until(end));
    Some(bound.min(policy.cap).min(to_expiry)).filter(|life| !life.is_zero())
}

#[cfg(test)]
mod tests;
