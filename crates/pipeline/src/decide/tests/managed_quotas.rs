//! Managed APIs: plans, and what somebody is told who has used one up.

use std::sync::Arc;

use phantom_core::DenyReason;
use phantom_core::Statement;
use phantom_core::UnixTime;
use phantom_core::catalog::Catalog;
use phantom_core::catalog::Change;
use phantom_core::catalog::EntityId;
use phantom_core::catalog::ManagedApi;
use phantom_core::catalog::Operation;
use phantom_core::catalog::OperationSecurity;
use phantom_core::catalog::Plan;
use phantom_core::catalog::Plans;
use phantom_core::catalog::Subscription;
use phantom_core::catalog::SubscriptionStatus;

use crate::testing::Request;
use crate::testing::Says;
use crate::testing::managed::BEARER;
use crate::testing::managed::Gateway;
use crate::testing::managed::api;
use crate::testing::managed::application;
use crate::testing::managed::catalog;
use crate::testing::managed::operation;
use crate::testing::managed::plan;
use crate::testing::managed::subscription;
use crate::testing::managed::token;
use crate::testing::secs;

const GET: &str = "/httpbin/v1/get";
const OTHER: EntityId = EntityId::new(50);

/// Two APIs of one owner, both subscribed to by the application.
fn two_apis(plans: Plans, change: impl Fn(&mut ManagedApi)) -> Gateway {
    let (mut first, mut second) =
        (api(), ManagedApi { id: OTHER, path: "/other/v1".into(), ..api() });
    change(&mut first);
    change(&mut second);
    let active = subscription(SubscriptionStatus::Active);
    let mut subscriber = application();
    subscriber.subscriptions = vec![active.clone(), Subscription { api: OTHER, ..active }];
    Gateway::of(Catalog {
        apis: vec![Arc::new(first), Arc::new(second)],
        applications: vec![Arc::new(subscriber)],
        plans,
        ..catalog()
    })
}

fn plans(application: Option<Plan>, subscription: Option<Plan>, advanced: Option<Plan>) -> Plans {
    let list = |plan: Option<Plan>| plan.map(Arc::new).into_iter().collect();
    Plans {
        application: list(application),
        subscription: list(subscription),
        advanced: list(advanced),
    }
}

async fn reason(gateway: &Gateway, path: &str) -> Option<DenyReason> {
    gateway.get(path, &[BEARER]).await.reason()
}

/// Rows: WSO2-8.7.1
#[tokio::test]
async fn an_api_plan_counts_all_operations_in_place_of_theirs() {
    let gateway = two_apis(plans(None, None, Some(plan("Adv", 2))), |api| {
        api.plan = Some("Adv".into());
    });
    assert_eq!(reason(&gateway, GET).await, None);
    assert_eq!(reason(&gateway, "/httpbin/v1/x").await, None);
    let answer = gateway.answered(GET).await;
    assert_eq!(answer.code(), (429, "900800".to_owned()));
    assert_eq!(reason(&gateway, "/other/v1/get").await, None, "another API counts for itself");
}

/// Rows: WSO2-8.7.3
#[tokio::test]
async fn an_operation_plan_counts_its_operation_over_all_callers() {
    let gateway = two_apis(plans(None, None, Some(plan("Adv", 1))), |api| {
        api.operations[0].plan = "Adv".into();
        api.operations[1].plan = "Adv".into();
    });
    assert_eq!(reason(&gateway, GET).await, None);
    assert_eq!(gateway.answered(GET).await.code(), (429, "900802".to_owned()));
    assert_eq!(reason(&gateway, "/httpbin/v1/x").await, None, "another template");
    assert_eq!(reason(&gateway, "/httpbin/v1/y").await, Some(DenyReason::OperationQuota));
    let post = Request { method: "POST", ..Request::get("/httpbin/v1/x", &[BEARER]) };
    gateway.decide(post).await.forwarded();
    assert_eq!(reason(&gateway, "/other/v1/get").await, None, "another API");
}

/// Rows: WSO2-8.7.4
#[tokio::test]
async fn an_application_plan_counts_each_user_of_the_application() {
    let gateway = two_apis(plans(Some(plan("AppPlan", 2)), None, None), |_| ());
    let bob = Statement { subject: Some("bob".into()), ..token("read") };
    gateway.curity().says("bobs", Says::Active(bob));
    assert_eq!(reason(&gateway, GET).await, None);
    assert_eq!(reason(&gateway, "/other/v1/get").await, None);
    assert_eq!(gateway.answered(GET).await.code(), (429, "900803".to_owned()), "over both APIs");
    let bobs = [("authorization", "Bearer bobs")];
    assert_eq!(gateway.get(GET, &bobs).await.reason(), None);
    assert_eq!(gateway.get(GET, &bobs).await.reason(), None);
    assert_eq!(gateway.get(GET, &bobs).await.reason(), Some(DenyReason::ApplicationQuota));
}

/// Rows: WSO2-8.7.5
#[tokio::test]
async fn a_subscription_plan_counts_the_application_at_one_api() {
    let gateway = two_apis(plans(None, Some(plan("SubPlan", 1)), None), |_| ());
    let bob = Statement { subject: Some("bob".into()), ..token("read") };
    gateway.curity().says("bobs", Says::Active(bob));
    assert_eq!(reason(&gateway, GET).await, None);
    assert_eq!(gateway.answered(GET).await.code(), (429, "900804".to_owned()));
    let bobs = [("authorization", "Bearer bobs")];
    let decision = gateway.get(GET, &bobs).await;
    assert_eq!(decision.reason(), Some(DenyReason::SubscriptionQuota), "whoever the user is");
    assert_eq!(reason(&gateway, "/other/v1/get").await, None);
}

/// Rows: WSO2-8.7.8
#[tokio::test]
async fn bursts_have_codes_of_their_own() {
    let bursting = |name| Plan { quota: None, burst: plan(name, 1).quota, ..plan(name, 1) };
    for (plans, code) in [
        (plans(None, Some(bursting("SubPlan")), None), "900807"),
        (plans(Some(bursting("AppPlan")), None, None), "900809"),
    ] {
        let gateway = two_apis(plans, |_| ());
        assert_eq!(reason(&gateway, GET).await, None);
        assert_eq!(gateway.answered(GET).await.code(), (429, code.to_owned()));
    }
}

/// Rows: WSO2-8.1.5, WSO2-8.7
#[tokio::test]
async fn levels_are_tested_api_then_subscription_then_application() {
    let all = plans(Some(plan("AppPlan", 1)), Some(plan("SubPlan", 1)), Some(plan("Adv", 1)));
    let mut gateway = two_apis(all, |api| api.plan = Some("Adv".into()));
    assert_eq!(reason(&gateway, GET).await, None);
    assert_eq!(reason(&gateway, GET).await, Some(DenyReason::ApiQuota));
    let fewer = plans(Some(plan("AppPlan", 1)), Some(plan("SubPlan", 1)), None);
    gateway.apply(&Change::Plans(fewer));
    assert_eq!(reason(&gateway, GET).await, Some(DenyReason::SubscriptionQuota));
    gateway.apply(&Change::Plans(plans(Some(plan("AppPlan", 1)), None, None)));
    assert_eq!(reason(&gateway, GET).await, Some(DenyReason::ApplicationQuota));
    gateway.apply(&Change::Plans(Plans::default()));
    assert_eq!(reason(&gateway, GET).await, None);
}

/// Rows: WSO2-8.7
#[tokio::test]
async fn counts_outlive_a_publication() {
    let limited = || plans(None, Some(plan("SubPlan", 1)), None);
    let mut gateway = two_apis(limited(), |_| ());
    assert_eq!(reason(&gateway, GET).await, None);
    gateway.apply(&Change::Plans(limited()));
    gateway.apply(&Change::Api(Arc::new(api())));
    gateway.apply(&Change::Application(Arc::new(application())));
    assert_eq!(reason(&gateway, GET).await, Some(DenyReason::SubscriptionQuota));
}

/// Rows: WSO2-8.7
#[tokio::test]
async fn a_request_refused_before_is_counted_nowhere() {
    let gateway = two_apis(plans(None, Some(plan("SubPlan", 1)), None), |api| {
        api.operations[0].scopes = vec!["more".into()];
    });
    for _ in 0..3 {
        assert_eq!(reason(&gateway, GET).await, Some(DenyReason::InsufficientScope));
    }
    assert_eq!(reason(&gateway, "/httpbin/v1/x").await, None);
}

/// Rows: WSO2-8.7, WSO2-8.3.1
#[tokio::test]
async fn open_operations_count_for_the_clients_address() {
    let unauthenticated = plans(None, Some(plan("Unauthenticated", 1)), None);
    let gateway = two_apis(unauthenticated, |_| ());
    let from = async |peer, path| {
        let request = Request { peer, ..Request::get(path, &[]) };
        gateway.decide(request).await.reason()
    };
    assert_eq!(from(1, "/httpbin/v1/open").await, None);
    assert_eq!(from(1, "/httpbin/v1/open").await, Some(DenyReason::SubscriptionQuota));
    assert_eq!(from(2, "/httpbin/v1/open").await, None);
    assert_eq!(from(1, "/other/v1/open").await, None);
    assert_eq!(reason(&gateway, GET).await, None, "who has a token has a plan of their own");
}

/// Rows: WSO2-8.7
#[tokio::test]
async fn open_operations_count_for_the_plan_of_the_api_too() {
    let open = Operation { security: OperationSecurity::Open, ..operation("GET", "/open") };
    let gateway = two_apis(plans(None, None, Some(plan("Adv", 2))), |api| {
        (api.plan, api.operations[3]) = (Some("Adv".into()), open.clone());
    });
    assert_eq!(reason(&gateway, GET).await, None);
    assert_eq!(reason(&gateway, "/httpbin/v1/open").await, None);
    assert_eq!(reason(&gateway, "/httpbin/v1/open").await, Some(DenyReason::ApiQuota));
}

/// Rows: WSO2-8.7
#[tokio::test]
async fn the_body_and_retry_after_name_the_time_of_the_next_access() {
    let gateway = two_apis(plans(None, Some(plan("SubPlan", 1)), None), |_| ());
    // 2026-08-22T15:44:00Z; the window of a minute begins with the first request.
    let life = secs(10_000);
    let now = UnixTime::from_secs(1_787_413_440);
    gateway.world.clock.set_wall(now);
    let live = Statement { expires_at: Some(now.plus(life)), ..token("read") };
    gateway.curity().says("live", Says::Active(live));
    let fields = [("authorization", "Bearer live")];
    gateway.get(GET, &fields).await.forwarded();
    let answer = gateway.get(GET, &fields).await.answered();
    assert_eq!(answer.status, 429);
    assert_eq!(
        &*answer.body,
        r#"{"code":"900804","message":"Message throttled out","description":"You have exceeded your quota .You can access API after 2026-Aug-22 15:45:00+0000 UTC","nextAccessTime":"2026-Aug-22 15:45:00+0000 UTC"}"#
    );
    assert_eq!(answer.values("retry-after"), ["Sat, 22 Aug 2026 15:45:00 GMT"]);
}
