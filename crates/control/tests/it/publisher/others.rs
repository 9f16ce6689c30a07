//! Subscriptions, plans, key managers and settings as publishers see them: sections 5.4 and 6.4.

use serde_json::Value;
use serde_json::json;

use super::at;
use crate::support::Plane;

async fn status(plane: &Plane, api: &str) -> String {
    let path = at(&format!("/subscriptions?apiId={api}"));
    let list = plane.get(&path).by_user("paul").send().await.expect(200);
    list["list"][0]["subscriptionStatus"].as_str().unwrap().to_owned()
}

/// Rows: WSO2-6.4.4
#[tokio::test]
async fn subscriptions_are_listed_blocked_and_let_through_again() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    let subscription = plane.subscribed(&id).await;
    let path = at(&format!("/subscriptions?apiId={id}"));
    let list = plane.get(&path).by_user("carla").send().await.expect(200);
    assert_eq!(list["list"][0]["subscriptionId"], subscription);
    assert_eq!(list["list"][0]["subscriptionStatus"], "UNBLOCKED");
    assert_eq!(list["list"][0]["throttlingPolicy"], "Unlimited");
    assert_eq!(list["list"][0]["applicationInfo"]["subscriber"], "sue");
    assert_eq!(list["list"][0]["applicationInfo"]["subscriptionCount"], 1);
    assert_eq!(list["pagination"]["total"], 1);
    let all = plane.get(&at("/subscriptions?limit=1&offset=0")).by_admin().send().await.expect(200);
    assert_eq!(all["pagination"]["total"], 1);
    assert_eq!(all["count"], 1);
    let beyond = plane.get(&at("/subscriptions?offset=1")).by_admin().send().await.expect(200);
    assert_eq!(beyond["count"], 0);
    let post = |path: String| {
        let path = at(&path);
        let plane = &plane;
        async move { plane.call("POST", &path).by_user("paul").send().await }
    };
    for state in ["BLOCKED", "PROD_ONLY_BLOCKED"] {
        let path = format!(
            "/subscriptions/block-subscription?subscriptionId={subscription}&blockState={state}"
        );
        post(path).await.expect(200);
        assert_eq!(status(&plane, &id).await, state);
    }
    let unblock = format!("/subscriptions/unblock-subscription?subscriptionId={subscription}");
    post(unblock).await.expect(200);
    assert_eq!(status(&plane, &id).await, "UNBLOCKED");
    let block = "/subscriptions/block-subscription?blockState=BLOCKED&subscriptionId=";
    post(format!("{block}nothing")).await.expect_error(404, 404, "subscription");
    let odd = "/subscriptions/block-subscription?blockState=DEAD&subscriptionId=";
    post(format!("{odd}{subscription}")).await.expect(400);
    plane.get(&at("/subscriptions?apiId=nothing")).by_admin().send().await.expect(404);
}

/// Rows: WSO2-6.4.4
#[tokio::test]
async fn a_subscription_changes_to_another_plan_of_the_api() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    let subscription = plane.subscribed(&id).await;
    let change = |plan: &'static str| {
        let path = at(&format!(
            "/subscriptions/change-business-plan?subscriptionId={subscription}&businessPlan={plan}"
        ));
        let plane = &plane;
        async move { plane.call("POST", &path).by_user("paul").send().await }
    };
    change("Unlimited").await.expect(200);
    change("Gold").await.expect_error(400, 900_305, "Gold");
}

/// Rows: WSO2-6.4.5
#[tokio::test]
async fn key_managers_are_listed_without_secrets() {
    let plane = Plane::start().await;
    let list = plane.get(&at("/key-managers")).by_user("carla").send().await.expect(200);
    assert_eq!(list["count"], 1);
    assert_eq!(list["list"][0]["name"], "Resident Key Manager");
    assert_eq!(list["list"][0]["type"], "default");
    assert_eq!(list["list"][0]["enabled"], true);
    assert!(list.get("pagination").is_none());
}

/// Rows: WSO2-6.4.5
#[tokio::test]
async fn plans_are_listed_by_level_and_read_by_name() {
    let plane = Plane::start().await;
    let names = |list: &Value| -> Vec<String> {
        let list = list["list"].as_array().unwrap();
        list.iter().map(|plan| plan["name"].as_str().unwrap().to_owned()).collect()
    };
    let list = at("/throttling-policies/subscription?limit=100");
    let list = plane.get(&list).by_user("carla").send().await.expect(200);
    for plan in ["Unlimited", "Gold", "Silver", "Bronze"] {
        assert!(names(&list).contains(&plan.to_owned()), "{plan}");
    }
    let list = plane.get(&at("/throttling-policies/subcription")).by_admin().send().await;
    list.expect(200);
    let list = plane.get(&at("/throttling-policies/api")).by_admin().send().await.expect(200);
    assert!(names(&list).contains(&"50KPerMin".to_owned()));
    let gold = at("/throttling-policies/subscription/Gold");
    let gold = plane.get(&gold).by_admin().send().await.expect(200);
    assert_eq!(gold["requestCount"], 5000);
    assert_eq!(gold["unitTime"], 1);
    assert_eq!(gold["timeUnit"], "min");
    assert_eq!(gold["tierPlan"], "FREE");
    assert_eq!(gold["stopOnQuotaReach"], true);
    let none = at("/throttling-policies/subscription/None%00such");
    plane.get(&none).by_admin().send().await.expect(404);
    plane.get(&at("/throttling-policies/other")).by_admin().send().await.expect(400);
}

#[tokio::test]
async fn settings_name_the_environment_and_the_scopes() {
    let plane = Plane::start().await;
    let settings = plane.get(&at("/settings")).by_user("paul").send().await.expect(200);
    assert_eq!(settings["environment"][0]["name"], "Default");
    assert_eq!(settings["environment"][0]["vhosts"][0]["host"], "localhost");
    assert_eq!(settings["environment"][0]["vhosts"][0]["httpsPort"], 8243);
    let scopes = settings["scopes"].as_array().unwrap();
    assert!(scopes.contains(&json!("apim:api_create")));
}

#[tokio::test]
async fn a_backend_is_asked_whether_it_answers() {
    let plane = Plane::start().await;
    let path = |url: &str| {
        let url: String = form_urlencoded::byte_serialize(url.as_bytes()).collect();
        at(&format!("/apis/validate-endpoint?endpointUrl={url}&apiId=x"))
    };
    let call = async |url: &str| plane.call("POST", &path(url)).by_admin().send().await;
    let answer = call("http://nobody.invalid/").await.expect(200);
    assert_eq!((&answer["statusCode"], &answer["statusMessage"]), (&0.into(), &"".into()));
    assert!(answer["error"].as_str().unwrap().starts_with("cannot connect"), "{answer}");
    // Nobody has the control plane call its own machine.
    call("http://127.0.0.1:1/").await.expect(400);
    for odd in
        ["", "ftp://x.example.com", "https://u:p@x.example.com", "https://x.example.com/?a=b"]
    {
        call(odd).await.expect(400);
    }
    let path = path("https://x.example.com");
    plane.call("POST", &path).by_user("paul").send().await.expect(401);
}
