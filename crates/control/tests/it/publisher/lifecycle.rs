//! Rows 6.2 of `tests/e2e/rows/wso2.txt`.

use serde_json::json;

use super::at;
use super::with;
use crate::support::Plane;

const STATES: [&str; 6] =
    ["Created", "Prototyped", "Published", "Blocked", "Deprecated", "Retired"];
const ACTIONS: [&str; 7] = [
    "Publish",
    "Deploy as a Prototype",
    "Demote to Created",
    "Block",
    "Deprecate",
    "Re-Publish",
    "Retire",
];

/// The actions that lead to a state from a new API.
fn way_to(state: &str) -> &'static [&'static str] {
    match state {
        "Created" => &[],
        "Prototyped" => &["Deploy as a Prototype"],
        "Published" => &["Publish"],
        "Blocked" => &["Publish", "Block"],
        "Deprecated" => &["Publish", "Deprecate"],
        "Retired" => &["Publish", "Deprecate", "Retire"],
        other => unreachable!("{other}"),
    }
}

fn target(state: &str, action: &str) -> Option<&'static str> {
    Some(match (state, action) {
        ("Created" | "Prototyped" | "Published", "Publish") => "Published",
        ("Created" | "Prototyped" | "Published", "Deploy as a Prototype") => "Prototyped",
        ("Prototyped" | "Published", "Demote to Created") => "Created",
        ("Published", "Block") => "Blocked",
        ("Published" | "Blocked", "Deprecate") => "Deprecated",
        ("Blocked", "Re-Publish") => "Published",
        ("Deprecated", "Retire") => "Retired",
        _ => return None,
    })
}

/// Rows: WSO2-6.2
#[tokio::test]
async fn every_action_leads_where_it_should_or_is_refused() {
    let plane = Plane::start().await;
    for state in STATES {
        for action in ACTIONS {
            let name = format!("{state} {action}").replace(' ', "-");
            let id = plane.made(&name).await;
            for step in way_to(state) {
                plane.act(&id, step).await.expect(200);
            }
            let answer = plane.act(&id, action).await;
            match target(state, action) {
                Some(target) => {
                    let body = answer.expect(200);
                    assert_eq!(body["workflowStatus"], "APPROVED");
                    assert_eq!(body["lifecycleState"]["state"], target);
                    assert!(body["jsonPayload"].is_null());
                }
                None => answer.expect_error(400, 903_234, action),
            }
        }
    }
}

/// Rows: WSO2-6.2
#[tokio::test]
async fn the_state_names_what_can_be_done() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    let path = at(&format!("/apis/{id}/lifecycle-state"));
    let state = plane.get(&path).by_admin().send().await.expect(200);
    assert_eq!(state["state"], "Created");
    assert_eq!(
        state["availableTransitions"][0],
        json!({"event": "Publish", "targetState": "Published"})
    );
    assert_eq!(state["checkItems"][0]["requiredStates"], json!(["Published"]));
    plane.act(&id, "Publish").await.expect(200);
    let state = plane.get(&path).by_admin().send().await.expect(200);
    let events: Vec<&str> = state["availableTransitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["event"].as_str().unwrap())
        .collect();
    let all = ["Block", "Deploy as a Prototype", "Demote to Created", "Deprecate", "Publish"];
    assert_eq!(events, all);
    let api = plane.get(&at(&format!("/apis/{id}"))).by_admin().send().await.expect(200);
    assert_eq!(api["lifeCycleStatus"], "PUBLISHED");
}

/// Rows: WSO2-6.2
#[tokio::test]
async fn a_bad_action_is_refused() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    plane.act(&id, "Explode").await.expect_error(400, 900_381, "Explode");
    plane.act("nothing", "Publish").await.expect_error(404, 900_308, "nothing");
    let path = at(&format!("/apis/change-lifecycle?apiId={id}"));
    plane.call("POST", &path).by_admin().send().await.expect_error(400, 400, "");
}

/// Rows: WSO2-6.2
#[tokio::test]
async fn publishing_needs_a_plan_and_an_endpoint() {
    let plane = Plane::start().await;
    let made = plane.make(&with("NoPlan", json!({"policies": []}))).await;
    let id = made["id"].as_str().unwrap();
    plane.act(id, "Publish").await.expect_error(400, 903_224, "plan");
    plane.act(id, "Deploy as a Prototype").await.expect(200);
    let made = plane.make(&with("NoEndpoint", json!({"endpointConfig": null}))).await;
    plane.act(made["id"].as_str().unwrap(), "Publish").await.expect_error(400, 903_223, "endpoint");
    let published = plane.made("Published").await;
    plane.act(&published, "Publish").await.expect(200);
    let path = at(&format!("/apis/{published}"));
    let mut without = plane.get(&path).by_admin().send().await.expect(200);
    without["policies"] = json!([]);
    plane.put(&path, &without).by_admin().send().await.expect_error(400, 903_224, "plan");
}

/// Rows: WSO2-6.2
#[tokio::test]
async fn old_versions_are_deprecated_when_that_is_ticked() {
    let plane = Plane::start().await;
    let old = plane.made("HttpBin").await;
    plane.act(&old, "Publish").await.expect(200);
    plane.wait(std::time::Duration::from_secs(1));
    let new = plane.make(&with("HttpBin", json!({"version": "v2"}))).await;
    let new = new["id"].as_str().unwrap();
    let checklist = "Deprecate%20old%20versions%20after%20publishing%20the%20API:true,\
        Requires%20re-subscription%20when%20publishing%20the%20API:false";
    let path = format!("/apis/change-lifecycle?apiId={new}&action=Publish");
    let odd = at(&format!("{path}&lifecycleChecklist=x"));
    plane.call("POST", &odd).by_admin().send().await.expect(400);
    let ticked = at(&format!("{path}&lifecycleChecklist={checklist}"));
    plane.call("POST", &ticked).by_admin().send().await.expect(200);
    let old = plane.get(&at(&format!("/apis/{old}"))).by_admin().send().await.expect(200);
    assert_eq!(old["lifeCycleStatus"], "DEPRECATED");
}

#[tokio::test]
async fn an_item_that_asks_for_what_is_not_done_is_refused_by_its_name() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    let act = async |id: &str, action: &str, items: &str| {
        let items = items.replace(' ', "%20");
        let path =
            format!("/apis/change-lifecycle?apiId={id}&action={action}&lifecycleChecklist={items}");
        plane.call("POST", &at(&path)).by_admin().send().await
    };
    for unknown in ["Foo:true", "Foo:false"] {
        act(&id, "Publish", unknown).await.expect_error(400, 400, "there is no item 'Foo'");
    }
    let anew = "Requires re-subscription when publishing the API";
    act(&id, "Publish", &format!("{anew}:false")).await.expect(200);
    let old = "Deprecate old versions after publishing the API";
    act(&id, "Block", &format!("{old}:true")).await.expect_error(400, 400, old);
    act(&id, "Block", &format!("{old}:false,{anew}:true")).await.expect(200);
    plane.act(&id, "Re-Publish").await.expect(200);

    plane.subscribed(&id).await;
    plane.wait(std::time::Duration::from_secs(1));
    let new = plane.make(&with("HttpBin", json!({"version": "v2"}))).await;
    let new = new["id"].as_str().unwrap();
    let taken_over = act(new, "Publish", &format!("{anew}:false")).await;
    taken_over.expect_error(400, 400, "cannot be false: version v1 has subscriptions");
    act(new, "Publish", &format!("{anew}:true")).await.expect(200);
}

/// Rows: WSO2-6.2
#[tokio::test]
async fn the_history_names_who_changed_what() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    plane.act(&id, "Publish").await.expect(200);
    plane.act(&id, "Block").await.expect(200);
    let path = at(&format!("/apis/{id}/lifecycle-history"));
    let history = plane.get(&path).by_admin().send().await.expect(200);
    assert_eq!(history["count"], 3);
    let list = &history["list"];
    assert!(list[0]["previousState"].is_null());
    assert_eq!(list[1]["previousState"], "CREATED");
    assert_eq!(list[1]["postState"], "PUBLISHED");
    assert_eq!(list[2]["postState"], "BLOCKED");
    assert_eq!(list[2]["user"], "admin");
}

/// Rows: WSO2-6.2
#[tokio::test]
async fn publishing_does_not_deploy_and_deploying_does_not_publish() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    plane.act(&id, "Publish").await.expect(200);
    let path = at(&format!("/apis/{id}/deployments"));
    assert_eq!(plane.get(&path).by_admin().send().await.expect(200), json!([]));
    let id = plane.made("Other").await;
    plane.deployed(&id).await;
    let api = plane.get(&at(&format!("/apis/{id}"))).by_admin().send().await.expect(200);
    assert_eq!(api["lifeCycleStatus"], "CREATED");
}
