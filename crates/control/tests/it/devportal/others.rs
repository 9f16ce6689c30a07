//! Plans, settings and tenants.

use serde_json::Value;
use serde_json::json;

use super::fixtures::at;
use crate::support::Plane;

fn names(list: &Value) -> Vec<&str> {
    list["list"].as_array().unwrap().iter().map(|each| each["name"].as_str().unwrap()).collect()
}

/// Rows: WSO2-5.4
#[tokio::test]
async fn the_default_plans_are_offered_without_those_of_calls_without_subscription() {
    let plane = Plane::start().await;
    let list = plane.get(&at("/throttling-policies/application")).send().await.expect(200);
    assert_eq!(names(&list), ["10PerMin", "20PerMin", "50PerMin", "Unlimited"]);
    let list =
        plane.get(&at("/throttling-policies/subscription?limit=100")).send().await.expect(200);
    for name in ["Bronze", "Gold", "Silver", "Unlimited"] {
        assert!(names(&list).contains(&name), "{name}");
    }
    for name in ["DefaultSubscriptionless", "Unauthenticated"] {
        assert!(!names(&list).contains(&name), "{name}");
        let path = at(&format!("/throttling-policies/subscription/{name}"));
        plane.get(&path).send().await.expect_error(404, 404, name);
    }
    let gold = plane.get(&at("/throttling-policies/subscription/Gold")).send().await.expect(200);
    for (member, value) in [
        ("policyLevel", json!("subscription")),
        ("requestCount", json!(5000)),
        ("unitTime", json!(1)),
        ("timeUnit", json!("min")),
        ("quotaPolicyType", json!("REQUESTCOUNT")),
        ("tierPlan", json!("FREE")),
        ("stopOnQuotaReach", json!(true)),
    ] {
        assert_eq!(gold[member], value, "{member}");
    }
    let page = plane.get(&at("/throttling-policies/application?limit=1")).send().await.expect(200);
    assert_eq!(page["pagination"]["next"], "/throttling-policies/application?limit=1&offset=1");
}

#[tokio::test]
async fn levels_and_plans_that_are_not_there_are_refused() {
    let plane = Plane::start().await;
    plane.get(&at("/throttling-policies/advanced")).send().await.expect_error(400, 400, "");
    for name in ["Diamond", "gold", "%00", "'%20OR%201=1"] {
        let path = at(&format!("/throttling-policies/subscription/{name}"));
        plane.get(&path).send().await.expect_error(404, 404, "");
    }
    let path = at("/throttling-policies/application/Gold");
    plane.get(&path).send().await.expect_error(404, 404, "Gold");
}

#[tokio::test]
async fn a_plan_barred_for_the_callers_roles_is_not_offered() {
    let plane = Plane::start().await;
    let mut write = super::fixtures::write(&plane).await;
    let level = phantom_store::PlanLevel::Subscription;
    let mut gold = write.plan_by_name(level, "Gold").await.unwrap().unwrap();
    gold.document["permissions"] =
        json!({"permissionType": "ALLOW", "roles": ["Internal/subscriber"]});
    write.update_plan(gold).await.unwrap();
    write.commit().await.unwrap();
    let path = at("/throttling-policies/subscription/Gold");
    plane.get(&path).send().await.expect_error(404, 404, "Gold");
    plane.get(&path).by_user("paul").send().await.expect_error(404, 404, "Gold");
    plane.get(&path).by_user("sue").send().await.expect(200);
}

/// Rows: WSO2-3.4.3
#[tokio::test]
async fn settings_are_for_those_with_the_scope_and_name_their_scopes() {
    let plane = Plane::start().await;
    let settings = plane.get(&at("/settings")).by_user("sue").send().await.expect(200);
    let scopes = settings["scopes"].as_array().unwrap();
    assert!(scopes.contains(&json!("apim:subscribe")));
    assert!(!scopes.contains(&json!("apim:admin")));
    assert_eq!(settings["apiGatewayEndpoint"], "http://localhost:8280,https://localhost:8243");
    plane.get(&at("/settings")).by_user("paul").send().await.expect_error(401, 401, "");
    plane.get(&at("/settings")).send().await.expect_error(401, 401, "");
    let token = plane.token("sue", "sue-password", "apim:subscribe").await;
    plane.get(&at("/settings")).bearer(&token).send().await.expect_error(401, 401, "");
    let attributes = plane.get(&at("/settings/application-attributes")).bearer(&token).send().await;
    assert_eq!(attributes.expect(200), json!({"count": 0, "list": []}));
}

#[tokio::test]
async fn there_is_one_tenant() {
    let plane = Plane::start().await;
    let tenants = plane.get(&at("/tenants")).send().await.expect(200);
    assert_eq!(tenants["list"], json!([{"domain": "carbon.super", "status": "active"}]));
    let none = plane.get(&at("/tenants?state=inactive")).send().await.expect(200);
    assert_eq!(none["count"], 0);
    plane.get(&at("/tenants?state=asleep")).send().await.expect_error(400, 400, "");
}
