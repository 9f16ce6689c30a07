//! Deny policies.

use serde_json::json;

use super::*;

const POLICIES: &str = "/throttling/deny-policies";

#[tokio::test]
async fn deny_policies_are_made_switched_and_deleted() {
    let plane = Plane::start().await;
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
    let plane = Plane::start().await;
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
    }
    assert_eq!(get(&plane, POLICIES).await.expect(200)["count"], 0);
}
