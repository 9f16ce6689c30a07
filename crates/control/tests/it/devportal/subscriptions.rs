//! Section 7.3: subscriptions.

use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use super::fixtures::ApiFixture;
use super::fixtures::api;
use super::fixtures::application;
use super::fixtures::at;
use super::fixtures::set_status;
use super::fixtures::subscribe;
use crate::support::Answer;
use crate::support::Plane;

async fn post(plane: &Plane, body: &Value) -> Answer {
    plane.post(&at("/subscriptions"), body).by_user("sue").send().await
}

#[expect(clippy::needless_pass_by_value, reason = "callers make the value where they hand it over")]
fn request(application: &str, api: impl ToString) -> Value {
    json!({
        "applicationId": application, "apiId": api.to_string(), "throttlingPolicy": "Unlimited",
    })
}

/// Rows: WSO2-1.6, WSO2-7.3
#[tokio::test]
async fn a_subscription_is_made_read_changed_and_ended() {
    let plane = Plane::start().await;
    let api = api(&plane, ApiFixture::default()).await;
    let app = application(&plane, "sue", "App").await;
    let made = post(&plane, &request(&app, api)).await;
    let location = made.header("location").unwrap().to_owned();
    let order = [
        "subscriptionId",
        "applicationId",
        "apiId",
        "apiInfo",
        "applicationInfo",
        "requestedThrottlingPolicy",
        "redirectionParams",
    ];
    let found: Vec<_> = order.iter().map(|name| made.text.find(&format!("\"{name}\":"))).collect();
    assert!(found.is_sorted(), "{}", made.text);
    let made = made.expect(201);
    let id = made["subscriptionId"].as_str().unwrap();
    assert!(location.ends_with(&format!("/api/am/devportal/v3/subscriptions/{id}")), "{location}");
    for (member, value) in [
        ("applicationId", json!(app)),
        ("apiId", json!(api)),
        ("throttlingPolicy", json!("Unlimited")),
        ("requestedThrottlingPolicy", json!("Unlimited")),
        ("status", json!("UNBLOCKED")),
        ("redirectionParams", Value::Null),
    ] {
        assert_eq!(made[member], value, "{member}");
    }
    assert_eq!(made["apiInfo"]["context"], "/httpbin/v1");
    assert_eq!(made["applicationInfo"]["name"], "App");
    assert_eq!(made["applicationInfo"]["subscriptionCount"], 1);

    let path = at(&format!("/subscriptions/{id}"));
    let mut read = plane.get(&path).by_user("sue").send().await.expect(200);
    assert_eq!(read, made);
    read["throttlingPolicy"] = json!("Gold");
    let changed = plane.put(&path, &read).by_user("sue").send().await.expect(200);
    assert_eq!(changed["throttlingPolicy"], "Gold");
    // As WSO2's pages ask for it: the plan there is, and the one that is wanted.
    read["requestedThrottlingPolicy"] = json!("Unlimited");
    let changed = plane.put(&path, &read).by_user("sue").send().await.expect(200);
    assert_eq!(changed["throttlingPolicy"], "Unlimited");
    let ended = plane.delete(&path).by_user("sue").send().await;
    assert_eq!((ended.status.as_u16(), &*ended.text), (200, ""));
    plane.get(&path).by_user("sue").send().await.expect_error(404, 404, id);
    plane.delete(&path).by_user("sue").send().await.expect_error(404, 404, id);
}

/// Rows: WSO2-7.3.1
#[tokio::test]
async fn without_an_api_nothing_is_subscribed_to() {
    let plane = Plane::start().await;
    let app = application(&plane, "sue", "App").await;
    for body in [
        json!({"applicationId": app, "throttlingPolicy": "Unlimited"}),
        json!({"applicationId": app, "apiId": null, "throttlingPolicy": "Unlimited"}),
        json!({"applicationId": app, "apiId": "", "throttlingPolicy": "Unlimited"}),
    ] {
        post(&plane, &body).await.expect_error(400, 400, "apiId");
    }
}

/// Rows: WSO2-7.3.2, WSO2-12.5
#[tokio::test]
async fn an_unknown_application_or_api_is_not_found() {
    let plane = Plane::start().await;
    let api = api(&plane, ApiFixture::default()).await;
    let app = application(&plane, "sue", "App").await;
    let unknown = Uuid::from_u128(9);
    post(&plane, &request(&unknown.to_string(), api)).await.expect_error(404, 404, "application");
    post(&plane, &request("nonsense", api)).await.expect_error(404, 404, "application");
    post(&plane, &request(&app, unknown)).await.expect_error(404, 404, "API");
    post(&plane, &request(&app, "nonsense")).await.expect_error(404, 404, "API");
}

/// Rows: WSO2-7.3.3, WSO2-12.5
#[tokio::test]
async fn a_plan_has_to_be_the_apis_and_open_to_the_user() {
    let plane = Plane::start().await;
    let app = application(&plane, "sue", "App").await;
    let policies = json!({"policies": ["Gold", "Vanished"]});
    let api = api(&plane, ApiFixture { changes: policies, ..ApiFixture::default() }).await;
    for plan in ["Unlimited", "Silver", "gold", "Vanished", "' OR 1=1"] {
        let mut body = request(&app, api);
        body["throttlingPolicy"] = json!(plan);
        post(&plane, &body).await.expect_error(403, 902_002, plan);
    }
    let mut write = super::fixtures::write(&plane).await;
    let level = phantom_store::PlanLevel::Subscription;
    let mut gold = write.plan_by_name(level, "Gold").await.unwrap().unwrap();
    let roles = json!(["Internal/subscriber"]);
    gold.document["permissions"] = json!({"permissionType": "DENY", "roles": roles});
    let mut gold = write.update_plan(gold).await.unwrap();
    write.commit().await.unwrap();
    let mut body = request(&app, api);
    body["throttlingPolicy"] = json!("Gold");
    post(&plane, &body).await.expect_error(403, 902_002, "Gold");
    let mut write = super::fixtures::write(&plane).await;
    gold.document["permissions"] = json!({"permissionType": "ALLOW", "roles": roles});
    write.update_plan(gold).await.unwrap();
    write.commit().await.unwrap();
    post(&plane, &body).await.expect(201);
}

/// Rows: WSO2-7.3.4, WSO2-12.5
#[tokio::test]
async fn a_subscription_exists_once() {
    let plane = Plane::start().await;
    let plans = json!({"policies": ["Unlimited", "Gold"]});
    let api = api(&plane, ApiFixture { changes: plans, ..ApiFixture::default() }).await;
    let app = application(&plane, "sue", "App").await;
    let made = post(&plane, &request(&app, api)).await.expect(201);
    let mut another_plan = request(&app, api);
    another_plan["throttlingPolicy"] = json!("Gold");
    let again = post(&plane, &another_plan).await;
    again.expect_error(409, 409, "Specified subscription already exists for API HttpBin");
    // What was asked for is there: a second run of the tutorial is no failure.
    let again = post(&plane, &request(&app, api)).await;
    let id = made["subscriptionId"].as_str().unwrap();
    assert!(again.header("location").is_some_and(|location| location.ends_with(id)));
    assert_eq!(again.expect(201), made);
    let other = application(&plane, "sue", "Other").await;
    let body = request(&other, api);
    let (one, another) = tokio::join!(post(&plane, &body), post(&plane, &body));
    assert_eq!(one.expect(201), another.expect(201));
}

/// Rows: WSO2-7.3.5
#[tokio::test]
async fn a_blocked_subscription_is_not_made_again() {
    let plane = Plane::start().await;
    let api = api(&plane, ApiFixture::default()).await;
    let app = application(&plane, "sue", "App").await;
    let id = subscribe(&plane, "sue", &app, api).await;
    for status in ["BLOCKED", "PROD_ONLY_BLOCKED"] {
        set_status(&plane, &id, status).await;
        post(&plane, &request(&app, api)).await.expect_error(403, 403, "blocked");
    }
    // Nor does its owner unblock it.
    let path = at(&format!("/subscriptions/{id}"));
    let mut body = request(&app, api);
    body["status"] = json!("UNBLOCKED");
    let changed = plane.put(&path, &body).by_user("sue").send().await.expect(200);
    assert_eq!(changed["status"], "PROD_ONLY_BLOCKED");
}

/// Rows: WSO2-7.3.6
#[tokio::test]
async fn only_published_and_prototyped_apis_are_subscribed_to() {
    let plane = Plane::start().await;
    let app = application(&plane, "sue", "App").await;
    for (name, context, state) in [
        ("A", "/a", "CREATED"),
        ("B", "/b", "BLOCKED"),
        ("C", "/c", "DEPRECATED"),
        ("D", "/d", "RETIRED"),
    ] {
        let api = api(&plane, ApiFixture { name, context, state, ..ApiFixture::default() }).await;
        let why = format!("Subscriptions not allowed on APIs/API Products in the state: {state}");
        post(&plane, &request(&app, api)).await.expect_error(404, 404, &why);
    }
    let state = "PROTOTYPED";
    let api = api(&plane, ApiFixture { state, ..ApiFixture::default() }).await;
    post(&plane, &request(&app, api)).await.expect(201);
}

/// Rows: WSO2-7.3.7
#[tokio::test]
async fn an_api_without_oauth2_and_api_keys_takes_no_subscriptions() {
    let plane = Plane::start().await;
    let app = application(&plane, "sue", "App").await;
    let basic = json!({"securityScheme": ["basic_auth", "mutualssl"]});
    let changes = basic;
    let closed = api(&plane, ApiFixture { changes, ..ApiFixture::default() }).await;
    post(&plane, &request(&app, closed)).await.expect_error(403, 403, "");
    let changes = json!({"securityScheme": ["api_key"]});
    let (name, context) = ("Keyed", "/keyed");
    let open = api(&plane, ApiFixture { name, context, changes, ..ApiFixture::default() }).await;
    post(&plane, &request(&app, open)).await.expect(201);
}

/// Rows: WSO2-7.3.8
#[tokio::test]
async fn the_plan_of_apis_without_subscriptions_is_not_asked_for() {
    let plane = Plane::start().await;
    let app = application(&plane, "sue", "App").await;
    let changes = json!({"policies": ["DefaultSubscriptionless"]});
    let api = api(&plane, ApiFixture { changes, ..ApiFixture::default() }).await;
    let mut body = request(&app, api);
    body["throttlingPolicy"] = json!("DefaultSubscriptionless");
    post(&plane, &body).await.expect_error(400, 902_019, "");
}

#[tokio::test]
async fn an_api_hidden_from_the_callers_roles_is_not_found() {
    let plane = Plane::start().await;
    let app = application(&plane, "sue", "App").await;
    let changes = json!({"visibility": "RESTRICTED", "visibleRoles": ["Internal/publisher"]});
    let api = api(&plane, ApiFixture { changes, ..ApiFixture::default() }).await;
    post(&plane, &request(&app, api)).await.expect_error(404, 404, "API");
}

/// Rows: WSO2-7.3
#[tokio::test]
async fn a_list_is_of_an_application_or_of_an_api() {
    let plane = Plane::start().await;
    let first = api(&plane, ApiFixture::default()).await;
    let other = ApiFixture { name: "Other", context: "/other", ..ApiFixture::default() };
    let second = api(&plane, other).await;
    let app = application(&plane, "sue", "App").await;
    let app2 = application(&plane, "sue", "App2").await;
    let sams = application(&plane, "sam", "Sams").await;
    subscribe(&plane, "sue", &app, first).await;
    subscribe(&plane, "sue", &app, second).await;
    subscribe(&plane, "sue", &app2, first).await;
    subscribe(&plane, "sam", &sams, first).await;
    for query in ["", "?limit=3", "?apiId=", "?applicationId="] {
        let list = plane.get(&at(&format!("/subscriptions{query}"))).by_user("sue").send().await;
        list.expect_error(400, 400, "");
    }
    for (query, count, total) in [
        (format!("?applicationId={app}"), 2, 2),
        (format!("?applicationId={app}&limit=1&offset=1"), 1, 2),
        // Those of the caller's applications, not of others'.
        (format!("?apiId={first}"), 2, 2),
        (format!("?apiId={first}&limit=1"), 1, 2),
        (format!("?apiId={second}&applicationId={app}"), 1, 1),
        (format!("?apiId={second}&applicationId={app2}"), 0, 0),
    ] {
        let list = plane.get(&at(&format!("/subscriptions{query}"))).by_user("sue").send().await;
        let list = list.expect(200);
        assert_eq!(
            (&list["count"], &list["pagination"]["total"]),
            (&json!(count), &json!(total)),
            "{query}"
        );
    }
    let list = plane.get(&at(&format!("/subscriptions?applicationId={sams}"))).by_user("sue");
    list.send().await.expect_error(403, 403, "You don't have permission");
    let unknown = Uuid::from_u128(3);
    let list = plane.get(&at(&format!("/subscriptions?apiId={unknown}"))).by_user("sue");
    list.send().await.expect_error(404, 404, "");
}

#[tokio::test]
async fn anothers_subscription_is_out_of_reach() {
    let plane = Plane::start().await;
    let api = api(&plane, ApiFixture::default()).await;
    let app = application(&plane, "sue", "App").await;
    let id = subscribe(&plane, "sue", &app, api).await;
    let path = at(&format!("/subscriptions/{id}"));
    let mut body = request(&app, api);
    body["status"] = json!("UNBLOCKED");
    for call in [
        plane.post(&at("/subscriptions"), &request(&app, api)),
        plane.get(&path),
        plane.put(&path, &body),
        plane.delete(&path),
    ] {
        call.by_user("sam").send().await.expect_error(403, 403, "You don't have permission");
    }
    plane.get(&path).by_user("sue").send().await.expect(200);
}

/// Rows: WSO2-7.3
#[tokio::test]
async fn a_change_holds_the_status_and_stays_with_its_ends() {
    let plane = Plane::start().await;
    let api = api(&plane, ApiFixture::default()).await;
    let app = application(&plane, "sue", "App").await;
    let other = application(&plane, "sue", "Other").await;
    let id = subscribe(&plane, "sue", &app, api).await;
    let path = at(&format!("/subscriptions/{id}"));
    let put = async |body: &Value| plane.put(&path, body).by_user("sue").send().await;
    put(&request(&app, api)).await.expect_error(400, 400, "status");
    let with = |member: &str, value: Value| {
        let mut body = request(&app, api);
        body["status"] = json!("UNBLOCKED");
        body[member] = value;
        body
    };
    put(&with("throttlingPolicy", json!("Silver"))).await.expect_error(403, 902_002, "Silver");
    put(&with("applicationId", json!(other))).await.expect_error(400, 400, "keeps");
    put(&with("apiId", json!(Uuid::from_u128(1)))).await.expect_error(400, 400, "keeps");
    put(&with("status", json!("FREE"))).await.expect_error(400, 400, "disallowed");
    put(&with("throttlingPolicy", json!("Gold"))).await.expect(200);
    let stale = plane.put(&path, &with("apiId", json!(api))).by_user("sue");
    stale.header("if-match", "\"1\"").send().await.expect_error(412, 412, "");
}

#[tokio::test]
async fn several_subscriptions_are_made_together_or_not_at_all() {
    let plane = Plane::start().await;
    let first = api(&plane, ApiFixture::default()).await;
    let other = ApiFixture { name: "Other", context: "/other", ..ApiFixture::default() };
    let second = api(&plane, other).await;
    let app = application(&plane, "sue", "App").await;
    let post = async |body: Value| {
        plane.post(&at("/subscriptions/multiple"), &body).by_user("sue").send().await
    };
    let unknown = Uuid::from_u128(1);
    post(json!([request(&app, first), request(&app, unknown)])).await.expect_error(404, 404, "");
    let list = at(&format!("/subscriptions?applicationId={app}"));
    assert_eq!(plane.get(&list).by_user("sue").send().await.expect(200)["count"], 0);
    let made = post(json!([request(&app, first), request(&app, second)])).await.expect(200);
    assert_eq!(made.as_array().unwrap().len(), 2);
    assert_eq!(made[1]["apiId"], json!(second));
    post(json!(vec![request(&app, first); 101])).await.expect_error(400, 400, "at most 100");
    assert_eq!(post(json!([])).await.expect(200), json!([]));
}

#[tokio::test]
async fn an_application_takes_its_subscriptions_with_it() {
    let plane = Plane::start().await;
    let api = api(&plane, ApiFixture::default()).await;
    let app = application(&plane, "sue", "App").await;
    let id = subscribe(&plane, "sue", &app, api).await;
    plane.delete(&at(&format!("/applications/{app}"))).by_user("sue").send().await.expect(200);
    let path = at(&format!("/subscriptions/{id}"));
    plane.get(&path).by_user("sue").send().await.expect_error(404, 404, "");
}

#[tokio::test]
async fn gateways_learn_of_each_change_as_one_of_its_application() {
    let plane = Plane::start().await;
    let api = api(&plane, ApiFixture::default()).await;
    let app = application(&plane, "sue", "App").await;
    let id = subscribe(&plane, "sue", &app, api).await;
    let unit = plane.store.application_unit(app.parse().unwrap()).await.unwrap().unwrap();
    let mut names = phantom_publish::applications::Names::default();
    let managed = phantom_publish::applications::managed(unit, &mut names);
    assert_eq!(managed.subscriptions.len(), 1);
    assert_eq!(&*managed.subscriptions[0].plan, "Unlimited");
    let before = plane.store.last_change().await.unwrap();
    plane.delete(&at(&format!("/subscriptions/{id}"))).by_user("sue").send().await.expect(200);
    assert!(plane.store.last_change().await.unwrap() > before);
}
