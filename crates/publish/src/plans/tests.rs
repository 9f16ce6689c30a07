use std::time::Duration;

use phantom_core::UnixTime;
use phantom_core::catalog::Limit;
use phantom_core::catalog::Plan;
use phantom_manage::plans::default_plans;
use serde_json::json;
use uuid::Uuid;

use super::*;

fn row(level: PlanLevel, name: &str, document: serde_json::Value) -> PlanRow {
    let created_at = UnixTime::from_millis(0);
    PlanRow {
        id: Uuid::from_u128(1),
        level,
        name: name.to_owned(),
        document,
        version: 1,
        created_at,
    }
}

fn limit(requests: u64, seconds: u64) -> Option<Limit> {
    Some(Limit { requests, window: Duration::from_secs(seconds) })
}

/// Rows: WSO2-5.4
#[test]
fn default_plans_are_published_as_they_are_meant() {
    let rows: Vec<PlanRow> = default_plans()
        .into_iter()
        .map(|(level, name, document)| row(level, &name, document))
        .collect();
    let plans = published(&rows);
    let quotas = |plans: &[std::sync::Arc<Plan>]| -> Vec<(String, Option<Limit>)> {
        plans.iter().map(|plan| (plan.name.to_string(), plan.quota)).collect()
    };
    let named = |names: &[(&str, Option<Limit>)]| -> Vec<(String, Option<Limit>)> {
        names.iter().map(|(name, limit)| ((*name).to_owned(), *limit)).collect()
    };
    assert_eq!(
        quotas(&plans.application),
        named(&[
            ("Unlimited", None),
            ("50PerMin", limit(50, 60)),
            ("20PerMin", limit(20, 60)),
            ("10PerMin", limit(10, 60)),
        ])
    );
    assert_eq!(
        quotas(&plans.subscription),
        named(&[
            ("Unlimited", None),
            ("Gold", limit(5000, 60)),
            ("Silver", limit(2000, 60)),
            ("Bronze", limit(1000, 60)),
            ("Unauthenticated", limit(500, 60)),
            ("DefaultSubscriptionless", limit(100_000, 60)),
            ("AsyncGold", limit(50_000, 86_400)),
            ("AsyncSilver", limit(25_000, 86_400)),
            ("AsyncBronze", limit(5000, 86_400)),
            ("AsyncUnlimited", None),
        ])
    );
    assert_eq!(
        quotas(&plans.advanced),
        named(&[
            ("Unlimited", None),
            ("50KPerMin", limit(50_000, 60)),
            ("20KPerMin", limit(20_000, 60)),
            ("10KPerMin", limit(10_000, 60)),
        ])
    );
    assert!(plans.subscription.iter().all(|plan| plan.stops_on_quota && plan.burst.is_none()));
}

#[test]
fn bursts_and_other_windows_are_published() {
    let quota = |unit: &str, times: u64| {
        json!({"type": "REQUESTCOUNTLIMIT", "requestCount":
            {"timeUnit": unit, "unitTime": times, "requestCount": 7}})
    };
    let document = json!({
        "policyName": "a", "defaultLimit": quota("days", 1_000_000), "rateLimitCount": 3,
        "rateLimitTimeUnit": "sec", "stopOnQuotaReach": false,
    });
    let plans = published(&[row(PlanLevel::Subscription, "a", document)]);
    assert_eq!(plans.subscription[0].quota, limit(7, 86_400_000_000));
    assert_eq!(plans.subscription[0].burst, limit(3, 1));
    assert!(!plans.subscription[0].stops_on_quota);
    let document = json!({
        "policyName": "a", "defaultLimit": quota("hours", 2),
        "burstLimit": {"rateLimitCount": 0, "rateLimitTimeUnit": "NA"},
    });
    let plans = published(&[row(PlanLevel::Application, "a", document)]);
    assert_eq!(plans.application[0].quota, limit(7, 7200));
    assert_eq!(plans.application[0].burst, None);
}

#[test]
fn limits_that_are_not_of_requests_are_published_as_none() {
    let document = json!({"policyName": "a", "defaultLimit": {"type": "BANDWIDTHLIMIT", "bandwidth":
        {"timeUnit": "min", "unitTime": 1, "dataAmount": 5, "dataUnit": "MB"}}});
    let plans = published(&[row(PlanLevel::Application, "a", document)]);
    assert_eq!(plans.application[0].quota, None);
}

#[test]
fn a_plan_that_cannot_be_read_is_not_published() {
    let plans = published(&[row(PlanLevel::Application, "a", json!({"defaultLimit": 7}))]);
    assert!(plans.application.is_empty());
    let rule = json!({"policyName": "a", "siddhiQuery": "q", "keyTemplate": "k"});
    let plans = published(&[row(PlanLevel::Custom, "a", rule)]);
    assert_eq!(plans, phantom_core::catalog::Plans::default());
}
