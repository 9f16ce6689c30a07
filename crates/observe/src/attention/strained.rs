//! Applications that come near to what their plans let through, as gateways reported the last hour.

use std::collections::BTreeMap;
use std::time::Duration;

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_access::rights;
use phantom_core::DenyReason;
use phantom_core::catalog::EntityId;
use phantom_core::catalog::Limit;
use phantom_core::traffic::Share;
use phantom_publish::plans;
use phantom_terms::refusal::Outcome;
use uuid::Uuid;

use super::Named;
use crate::gateways;
use crate::gateways::Span;

/// What is looked at. Plans whose window is longer are not told of.
const LOOKED_AT: Duration = Duration::from_secs(3_600);
/// Reports that are read at most: of eighty gateways.
const MOST_ROWS: u32 = 5_000;
/// Applications that are looked up at most.
const MOST: usize = 50;
/// From so many of a hundred on.
const NEARLY: u64 = 80;
const QUOTAS: [DenyReason; 4] = [
    DenyReason::ApplicationBurst,
    DenyReason::ApplicationQuota,
    DenyReason::SubscriptionBurst,
    DenyReason::SubscriptionQuota,
];

/// An application that nearly used up its plan, or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strained {
    pub application: Named,
    pub plan: String,
    /// The most that one gateway let through in a window of the plan.
    pub used: u64,
    /// That each gateway lets through, for each user.
    pub limit: Limit,
    /// Requests that were refused for a plan.
    pub refused: u64,
}

/// One application at one gateway, minute by minute.
#[derive(Default)]
struct Minutes {
    passed: Vec<u64>,
    refused: u64,
}

/// The caller's own; all for those who see all traffic.
pub(super) async fn strained(control: &Control, caller: &Caller) -> Outcome<Vec<Strained>> {
    let sees_all = caller.holds_any(rights::admin::TRAFFIC);
    if !sees_all && !caller.holds_any(rights::devportal::APPLICATIONS) {
        return Ok(Vec::new());
    }
    let used = used(control).await?;
    if used.is_empty() {
        return Ok(Vec::new());
    }
    let plans = plans::published(&control.store().plans().await?);
    let mut found = Vec::new();
    for (id, minutes) in used.into_iter().take(MOST) {
        let Some(row) = control.store().application(id).await? else { continue };
        if !sees_all && row.owner != caller.name {
            continue;
        }
        let plan = plans.application.iter().find(|plan| *plan.name == *row.plan);
        let Some(limit) = plan.and_then(|plan| plan.quota) else { continue };
        if limit.window > LOOKED_AT {
            continue;
        }
        let most = minutes.iter().map(|each| each.most_within(limit.window)).max();
        let used = most.unwrap_or_default();
        let refused = minutes.iter().map(|each| each.refused).sum();
        if refused > 0 || used.saturating_mul(100) >= limit.requests.saturating_mul(NEARLY) {
            let application = Named { id: id.to_string(), name: row.name };
            found.push(Strained { application, plan: row.plan, used, limit, refused });
        }
    }
    Ok(found)
}

/// By application, at each gateway.
async fn used(control: &Control) -> Outcome<BTreeMap<Uuid, Vec<Minutes>>> {
    let span = Span::MINUTE;
    let since = control.now().minus(LOOKED_AT);
    let rows = control.store().reported_traffic(span.seconds, since, MOST_ROWS).await?;
    let mut found = BTreeMap::<(EntityId, Uuid), BTreeMap<u64, u64>>::new();
    let mut refused = BTreeMap::<(EntityId, Uuid), u64>::new();
    for row in &rows {
        for Share { id, tally, .. } in gateways::report(&row.document)?.applications.named() {
            let Some(id) = id else { continue };
            let passed = tally.requests.saturating_sub(tally.refused());
            let minute = row.begun_at.as_secs() / span.seconds;
            *found.entry((*id, row.gateway)).or_default().entry(minute).or_default() += passed;
            *refused.entry((*id, row.gateway)).or_default() += tally.refused_for(&QUOTAS);
        }
    }
    let mut by_application = BTreeMap::<Uuid, Vec<Minutes>>::new();
    for (key, minutes) in found {
        let refused = refused.get(&key).copied().unwrap_or_default();
        let minutes = Minutes { passed: gapless(&minutes), refused };
        by_application.entry(Uuid::from_u128(key.0.as_u128())).or_default().push(minutes);
    }
    Ok(by_application)
}

/// Minute by minute, with those in which nothing came.
fn gapless(minutes: &BTreeMap<u64, u64>) -> Vec<u64> {
    let (first, last) = (minutes.keys().next(), minutes.keys().next_back());
    let all = first.copied().unwrap_or(1)..=last.copied().unwrap_or(0);
    all.map(|minute| minutes.get(&minute).copied().unwrap_or_default()).collect()
}

impl Minutes {
    /// Within a window of that length. Within less than a minute, as if a minute's requests were spread evenly.
    fn most_within(&self, window: Duration) -> u64 {
        let minute = Span::MINUTE.seconds;
        let minutes = usize::try_from(window.as_secs() / minute).unwrap_or(usize::MAX);
        match minutes {
            0 => {
                let most = self.passed.iter().max().copied().unwrap_or_default();
                most.saturating_mul(window.as_secs().max(1)) / minute
            }
            minutes if minutes >= self.passed.len() => self.passed.iter().sum(),
            minutes => self.passed.windows(minutes).map(|w| w.iter().sum()).max().unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_window_counts() {
        let passed = gapless(&BTreeMap::from([(7, 10), (8, 50), (9, 20), (11, 5)]));
        assert_eq!(passed, [10, 50, 20, 0, 5]);
        let minutes = Minutes { passed, refused: 0 };
        let within = |seconds| minutes.most_within(Duration::from_secs(seconds));
        assert_eq!((within(60), within(120), within(3_600)), (50, 70, 85));
        assert_eq!(within(6), 5, "a tenth of a minute");
        assert_eq!(Minutes::default().most_within(Duration::from_secs(60)), 0);
        assert!(gapless(&BTreeMap::new()).is_empty());
    }
}
