use std::time::Duration;

use phantom_core::catalog::Limit;

use super::*;
use crate::testing::managed::plan;

fn burst(requests: u64, burst: u64) -> Plan {
    let limit = Limit { requests: burst, window: Duration::from_secs(1) };
    Plan { burst: Some(limit), ..plan("p", requests) }
}

fn outcome(result: Result<(), Deny>) -> Option<DenyReason> {
    result.err().map(|deny| deny.reason)
}

const fn at(millis: u64) -> Tick {
    Tick::from_millis(millis)
}

/// Rows: WSO2-8.7
#[test]
fn each_level_refuses_with_its_own_reason_quota_before_burst() {
    for (level, quota, too_fast) in [
        (Level::Api, DenyReason::ApiQuota, DenyReason::ApiQuota),
        (Level::Operation, DenyReason::OperationQuota, DenyReason::OperationQuota),
        (Level::Subscription, DenyReason::SubscriptionQuota, DenyReason::SubscriptionBurst),
        (Level::Application, DenyReason::ApplicationQuota, DenyReason::ApplicationBurst),
        (Level::Address, DenyReason::SubscriptionQuota, DenyReason::SubscriptionBurst),
    ] {
        let (throttle, plan) = (Throttle::new(), burst(3, 2));
        let ask = |now| outcome(throttle.admit([Some(throttle.charge(level, &plan, 7))], at(now)));
        assert_eq!([ask(1), ask(1), ask(1)], [None, None, Some(too_fast)], "{level:?}");
        assert_eq!([ask(1001), ask(1001)], [None, Some(quota)], "{level:?}");
        assert_eq!(ask(60_001), None, "{level:?}");
    }
}

/// Rows: WSO2-8.7
#[test]
fn a_request_refused_by_one_level_uses_nothing_up_at_any() {
    let throttle = Throttle::new();
    let (api, subscription, application) = (plan("a", 3), plan("s", 1), plan("p", 2));
    let ask = |subscriber: u8| {
        let charges = [
            Some(throttle.charge(Level::Api, &api, 0)),
            Some(throttle.charge(Level::Subscription, &subscription, subscriber)),
            Some(throttle.charge(Level::Application, &application, 0)),
        ];
        outcome(throttle.admit(charges, at(5)))
    };
    assert_eq!(ask(1), None);
    for _ in 0..5 {
        assert_eq!(ask(1), Some(DenyReason::SubscriptionQuota));
    }
    assert_eq!(ask(2), None);
    assert_eq!(ask(3), Some(DenyReason::ApplicationQuota));
    // Of the API's three only two are gone: the levels after it refused the others.
    let alone = || outcome(throttle.admit([Some(throttle.charge(Level::Api, &api, 0))], at(5)));
    assert_eq!([alone(), alone()], [None, Some(DenyReason::ApiQuota)]);
}

/// Rows: WSO2-8.7
#[test]
fn a_quota_that_does_not_stop_lets_through_but_its_burst_limit_holds() {
    let throttle = Throttle::new();
    let mut plan = Plan { stops_on_quota: false, ..plan("p", 1) };
    let ask = |plan: &Plan| {
        outcome(throttle.admit([Some(throttle.charge(Level::Subscription, plan, 7))], at(5)))
    };
    assert_eq!([ask(&plan), ask(&plan), ask(&plan)], [None; 3]);
    plan.burst = burst(1, 1).burst;
    assert_eq!([ask(&plan), ask(&plan)], [None, Some(DenyReason::SubscriptionBurst)]);
    // It was counted all the same.
    plan.stops_on_quota = true;
    assert_eq!(ask(&plan), Some(DenyReason::SubscriptionQuota));
}

/// Rows: WSO2-8.7
#[test]
fn parties_are_counted_apart() {
    let (throttle, plan) = (Throttle::new(), plan("p", 1));
    let ask = |level, party: (u8, &str)| {
        outcome(throttle.admit([Some(throttle.charge(level, &plan, party))], at(5)))
    };
    for party in [(1, "alice"), (1, "bob"), (2, "alice")] {
        assert_eq!(ask(Level::Application, party), None, "{party:?}");
        assert_eq!(ask(Level::Subscription, party), None, "{party:?}");
    }
    assert_eq!(ask(Level::Application, (1, "bob")), Some(DenyReason::ApplicationQuota));
}

/// Rows: WSO2-8.7
#[test]
fn the_counts_are_exact_over_all_workers_and_levels() {
    let throttle = Throttle::new();
    let (subscription, application) = (plan("s", 60), plan("p", 40));
    let admitted: usize = std::thread::scope(|scope| {
        let ask = || {
            let admits = |_: &usize| {
                let charges = [
                    Some(throttle.charge(Level::Subscription, &subscription, 1)),
                    Some(throttle.charge(Level::Application, &application, 1)),
                ];
                throttle.admit(charges, at(5)).is_ok()
            };
            (0..50).filter(admits).count()
        };
        let askers: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        askers.into_iter().map(|asker| asker.join().unwrap()).sum()
    });
    assert_eq!(admitted, 40);
    let rest = |_: &usize| {
        let charge = throttle.charge(Level::Subscription, &subscription, 1);
        throttle.admit([Some(charge)], at(5)).is_ok()
    };
    assert_eq!((0..50).filter(rest).count(), 20, "what the application's limit refused is left");
}

#[test]
fn parties_without_end_are_remembered_within_a_bound() {
    let (throttle, plan) = (Throttle::remembering(100), plan("p", 1));
    for party in 0..10_000_u32 {
        let _ = throttle.admit([Some(throttle.charge(Level::Address, &plan, party))], at(5));
    }
    assert!(throttle.0.address.len() <= 200, "{}", throttle.0.address.len());
}
