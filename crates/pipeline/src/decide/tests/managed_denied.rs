//! Managed APIs: deny policies.

use phantom_core::DenyReason;
use phantom_core::catalog::Catalog;
use phantom_core::catalog::Change;
use phantom_core::catalog::DenyPolicy;

use crate::testing::Request;
use crate::testing::managed::BEARER;
use crate::testing::managed::Gateway;
use crate::testing::managed::catalog;

const GET: &str = "/httpbin/v1/get";

fn gateway(policy: DenyPolicy) -> Gateway {
    Gateway::of(Catalog { deny_policies: vec![policy], ..catalog() })
}

/// Of the client with an address that ends so.
async fn reason(gateway: &Gateway, path: &str, peer: u8) -> Option<DenyReason> {
    let request = Request { peer, ..Request::get(path, &[BEARER]) };
    gateway.decide(request).await.reason()
}

fn policies() -> [DenyPolicy; 4] {
    let (first, last) = ("192.0.2.1".parse().unwrap(), "192.0.2.9".parse().unwrap());
    [
        DenyPolicy::Api("/httpbin/v1".into()),
        DenyPolicy::Application { owner: "alice".into(), name: "app".into() },
        DenyPolicy::Addresses { first, last, invert: false },
        DenyPolicy::User("claim-value-subject".into()),
    ]
}

/// Rows: WSO2-8.7.6
#[tokio::test]
async fn who_is_denied_gets_403_900805_until_the_policy_is_gone() {
    for policy in policies() {
        let mut gateway = gateway(policy.clone());
        let answer = gateway.answered(GET).await;
        assert_eq!(
            (answer.status, &*answer.body, answer.value("www-authenticate")),
            (
                403,
                r#"{"code":"900805","message":"Message blocked","description":"You have been blocked from accessing the resource"}"#,
                None
            ),
            "{policy:?}"
        );
        gateway.apply(&Change::DenyPolicies(Vec::new()));
        gateway.forwarded(GET).await;
        gateway.apply(&Change::DenyPolicies(vec![policy.clone()]));
        assert_eq!(reason(&gateway, GET, 1).await, Some(DenyReason::Blocked), "{policy:?}");
    }
}

/// Rows: WSO2-8.7.6
#[tokio::test]
async fn a_policy_on_others_denies_nobody() {
    let (first, last) = ("192.0.2.10".parse().unwrap(), "192.0.2.20".parse().unwrap());
    for policy in [
        DenyPolicy::Api("/httpbin/v2".into()),
        DenyPolicy::Api("/httpbin".into()),
        DenyPolicy::Application { owner: "bob".into(), name: "app".into() },
        DenyPolicy::Addresses { first, last, invert: false },
        DenyPolicy::User("claim-value".into()),
    ] {
        gateway(policy).forwarded(GET).await;
    }
}

/// Rows: WSO2-8.7.6
#[tokio::test]
async fn an_inverted_policy_lets_its_addresses_through_alone() {
    let (first, last) = ("192.0.2.2".parse().unwrap(), "192.0.2.3".parse().unwrap());
    let gateway = gateway(DenyPolicy::Addresses { first, last, invert: true });
    for (peer, denied) in [(1, true), (2, false), (3, false), (4, true)] {
        let reason = reason(&gateway, GET, peer).await;
        assert_eq!(reason, denied.then_some(DenyReason::Blocked), "{peer}");
    }
}

/// Rows: WSO2-8.7.6
#[tokio::test]
async fn open_operations_are_denied_by_api_and_address() {
    let [api, application, addresses, user] = policies();
    for (policy, denied) in [(api, true), (application, false), (addresses, true), (user, false)] {
        let gateway = gateway(policy);
        let reason = reason(&gateway, "/httpbin/v1/open", 1).await;
        assert_eq!(reason, denied.then_some(DenyReason::Blocked));
    }
}

#[tokio::test]
async fn nobody_is_asked_about_the_token_of_a_denied_address() {
    let [api, _, addresses, _] = policies();
    for policy in [api, addresses] {
        let gateway = gateway(policy);
        for fields in [&[BEARER][..], &[]] {
            assert_eq!(gateway.get(GET, fields).await.answered().status, 403);
        }
        assert!(gateway.curity().server.asked().is_empty());
    }
}

#[tokio::test]
async fn a_denied_caller_uses_nothing_up() {
    use crate::testing::managed::plan;
    let mut gateway = gateway(policies()[3].clone());
    let plan = std::sync::Arc::new(plan("SubPlan", 1));
    let plans = phantom_core::catalog::Plans { subscription: vec![plan], ..Default::default() };
    gateway.apply(&Change::Plans(plans));
    assert_eq!(reason(&gateway, GET, 1).await, Some(DenyReason::Blocked));
    gateway.apply(&Change::DenyPolicies(Vec::new()));
    assert_eq!(reason(&gateway, GET, 1).await, None);
}

#[tokio::test]
async fn a_policy_that_comes_while_a_call_is_answered_is_seen_by_its_stream() {
    let mut gateway = Gateway::new();
    let (called, open) =
        (gateway.forwarded(GET).await, gateway.forwarded("/httpbin/v1/open").await);
    for policy in policies() {
        gateway.apply(&Change::DenyPolicies(vec![policy.clone()]));
        assert!(gateway.snapshot.managed.denies(&called), "{policy:?}");
        assert!(!gateway.snapshot.managed.denies(&open), "it has no token to end with");
    }
    gateway.apply(&Change::DenyPolicies(vec![DenyPolicy::User("bob".into())]));
    assert!(!gateway.snapshot.managed.denies(&called));
    gateway.apply(&Change::DenyPolicies(Vec::new()));
    assert!(!gateway.snapshot.managed.denies(&called));
}
