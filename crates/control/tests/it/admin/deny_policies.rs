//! Deny policies.

use serde_json::json;

use phantom_core::catalog::Change;
use phantom_core::catalog::DenyPolicy;
use phantom_publish::Follower;
use phantom_publish::Update;
use phantom_publish::resident;

use super::*;
use crate::devportal::fixtures;
use crate::devportal::fixtures::ApiFixture;

const POLICIES: &str = "/throttling/deny-policies";

/// With the API `/orders/v1` and the application `CurityApp` of the administrator's.
async fn plane() -> Plane {
    let plane = Plane::start().await;
    let orders = ApiFixture { name: "Orders", context: "/orders", ..ApiFixture::default() };
    fixtures::api(&plane, orders).await;
    fixtures::application(&plane, "admin", "CurityApp").await;
    plane
}

async fn follower(plane: &Plane) -> Follower {
    let resident = resident(&plane.store, "https://localhost:9443").await.unwrap();
    let mut follower = Follower::new(plane.store.clone(), resident, plane.clock.clone());
    assert!(matches!(follower.next().await.unwrap(), Update::Whole(_)));
    follower
}

/// What gateways are told: the policies that are in force.
async fn told(follower: &mut Follower) -> Vec<DenyPolicy> {
    let update = follower.next().await.unwrap();
    let Update::Changes(changes) = update else { panic!("{update:?}") };
    let policies = changes.into_iter().rev().find_map(|change| match change {
        Change::DenyPolicies(policies) => Some(policies),
        _ => None,
    });
    policies.expect("deny policies are among the changes")
}

/// The new policy's path.
async fn denied(plane: &Plane, kind: &str, value: &Value) -> String {
    let body = json!({"conditionType": kind, "conditionValue": value});
    let made = post(plane, POLICIES, &body).await.expect(201);
    format!("/throttling/deny-policy/{}", made["conditionId"].as_str().unwrap())
}

/// Rows: WSO2-8.7.6
#[tokio::test]
async fn gateways_are_told_of_every_kind_and_of_what_is_switched_and_deleted() {
    let plane = plane().await;
    let mut follower = follower(&plane).await;
    let addresses = |first: &str, last: &str, invert| {
        let (first, last) = (first.parse().unwrap(), last.parse().unwrap());
        DenyPolicy::Addresses { first, last, invert }
    };
    let range = json!({"startingIp": "10.0.0.1", "endingIp": "10.0.0.9", "invert": true});
    for (kind, value, expected) in [
        ("API", json!("/orders/v1"), DenyPolicy::Api("/orders/v1".into())),
        (
            "APPLICATION",
            json!("admin:CurityApp"),
            DenyPolicy::Application { owner: "admin".into(), name: "CurityApp".into() },
        ),
        ("IP", json!({"fixedIp": "192.0.2.1"}), addresses("192.0.2.1", "192.0.2.1", false)),
        ("IPRANGE", range, addresses("10.0.0.1", "10.0.0.9", true)),
        ("USER", json!("mallory"), DenyPolicy::User("mallory".into())),
    ] {
        let path = denied(&plane, kind, &value).await;
        assert_eq!(told(&mut follower).await, std::slice::from_ref(&expected), "{kind}");
        let switch = async |status: bool| {
            let body = json!({"conditionStatus": status});
            plane.call("PATCH", &at(&path)).json(&body).by_admin().send().await.expect(200);
        };
        switch(false).await;
        assert_eq!(told(&mut follower).await, [], "{kind}");
        switch(true).await;
        assert_eq!(told(&mut follower).await, std::slice::from_ref(&expected), "{kind}");
        follower.start_over();
        let whole = follower.next().await.unwrap();
        let Update::Whole(catalog) = whole else { panic!("{whole:?}") };
        assert_eq!(catalog.deny_policies, [expected], "{kind}");
        delete(&plane, &path).await.expect(200);
        assert_eq!(told(&mut follower).await, [], "{kind}");
    }
    // One that is made switched off denies nobody.
    let off = json!({"conditionType": "USER", "conditionValue": "bob", "conditionStatus": false});
    post(&plane, POLICIES, &off).await.expect(201);
    assert_eq!(told(&mut follower).await, []);
}

#[tokio::test]
async fn a_deny_policy_of_what_is_not_there_is_refused_as_it_would_deny_nobody() {
    let plane = plane().await;
    for (kind, value, code) in [
        ("API", "/orders", 900_977),
        ("API", "/orders/v2", 900_977),
        ("API", "/Orders/v1", 900_977),
        ("APPLICATION", "CurityApp", 900_978),
        ("APPLICATION", "admin:curityapp", 900_978),
        ("APPLICATION", "sue:CurityApp", 900_978),
    ] {
        let body = json!({"conditionType": kind, "conditionValue": value});
        post(&plane, POLICIES, &body).await.expect_error(400, code, "does not exist");
    }
}

#[tokio::test]
async fn an_application_gets_out_of_no_deny_policy_by_another_name() {
    let plane = plane().await;
    let application = fixtures::application(&plane, "sue", "Bad").await;
    let path = denied(&plane, "APPLICATION", &json!("sue:Bad")).await;
    let mut follower = follower(&plane).await;
    let body = json!({"name": "Good: as new", "throttlingPolicy": "Unlimited"});
    let renamed = plane.put(&fixtures::at(&format!("/applications/{application}")), &body);
    renamed.by_user("sue").send().await.expect(200);
    let name = "Good: as new".into();
    assert_eq!(told(&mut follower).await, [DenyPolicy::Application { owner: "sue".into(), name }]);
    assert_eq!(get(&plane, &path).await.expect(200)["conditionValue"], "sue:Good: as new");
}

#[tokio::test]
async fn deny_policies_are_made_switched_and_deleted() {
    let plane = plane().await;
    let range = json!({"startingIp": "10.0.0.1", "endingIp": "10.0.0.9", "invert": true});
    for (kind, value) in [
        ("API", json!("/orders/v1")),
        ("APPLICATION", json!("admin:CurityApp")),
        ("USER", json!("mallory")),
        ("IP", json!({"fixedIp": "192.168.1.1", "invert": false})),
        ("IPRANGE", range),
    ] {
        let body = json!({"conditionType": kind, "conditionValue": value});
        let answer = post(&plane, POLICIES, &body).await;
        let location = answer.header("location").unwrap().to_owned();
        let made = answer.expect(201);
        let one = format!("/throttling/deny-policy/{}", made["conditionId"].as_str().unwrap());
        assert_eq!(location, at(&one));
        assert_eq!(made["conditionValue"], value, "{kind}");
        assert_eq!(made["conditionStatus"], true, "{kind}");
        assert_eq!(get(&plane, &one).await.expect(200), made);
        post(&plane, POLICIES, &body).await.expect_error(409, 409, "already");

        let off = json!({"conditionStatus": false});
        let switched =
            plane.call("PATCH", &at(&one)).json(&off).by_admin().send().await.expect(200);
        assert_eq!(switched["conditionStatus"], false);
        assert_eq!(switched["conditionValue"], value);

        delete(&plane, &one).await.expect(200);
        get(&plane, &one).await.expect_error(404, 404, "Deny Policy");
        delete(&plane, &one).await.expect_error(404, 404, "Deny Policy");
        let gone = plane.call("PATCH", &at(&one)).json(&off).by_admin().send().await;
        gone.expect_error(404, 404, "Deny Policy");
    }
}

#[tokio::test]
async fn deny_policies_are_found_by_type_and_value() {
    let plane = plane().await;
    for (kind, value) in [
        ("API", json!("/orders/v1")),
        ("USER", json!("mallory")),
        ("IP", json!({"fixedIp": "192.168.1.1"})),
    ] {
        let body = json!({"conditionType": kind, "conditionValue": value});
        post(&plane, POLICIES, &body).await.expect(201);
    }
    for (query, count) in [
        ("", 3),
        ("?query=conditionType:API", 1),
        ("?query=conditionType:API%26conditionValue:/orders/v1", 1),
        ("?query=conditionType:USER%20%26%20conditionValue:/orders/v1", 0),
        ("?query=conditionValue:192.168.1.1", 1),
        ("?query=conditionType:%27--", 0),
    ] {
        let list = get(&plane, &format!("{POLICIES}{query}")).await.expect(200);
        assert_eq!(list["count"], count, "{query}");
    }
    get(&plane, &format!("{POLICIES}?query=other")).await.expect_error(400, 400, "query");
}

#[tokio::test]
async fn what_can_deny_nobody_is_refused() {
    let plane = Plane::start().await;
    for (kind, value) in [
        ("API", json!("")),
        ("API", json!({"context": "/a"})),
        ("USER", json!(7)),
        ("USER", json!("x".repeat(513))),
        ("IP", json!("192.168.1.1")),
        ("IP", json!({"fixedIp": "192.168.1.256"})),
        ("IP", json!({"fixedIp": "192.168.1.1", "more": 1})),
        ("IPRANGE", json!({"startingIp": "10.0.0.9", "endingIp": "10.0.0.1"})),
        ("IPRANGE", json!({"startingIp": "10.0.0.9", "endingIp": "::1"})),
        ("COUNTRY", json!("x")),
    ] {
        let body = json!({"conditionType": kind, "conditionValue": value});
        let answer = post(&plane, POLICIES, &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        let is_mixed = value["endingIp"] == "::1";
        assert_eq!(answer.text.contains("both IPv6"), is_mixed, "{}", answer.text);
    }
    assert_eq!(get(&plane, POLICIES).await.expect(200)["count"], 0);
}
