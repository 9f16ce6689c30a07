//! Rows 6.3 of `tests/e2e/rows/wso2.txt`.

use serde_json::Value;
use serde_json::json;

use super::at;
use crate::support::Plane;

async fn freeze(plane: &Plane, id: &str) -> Value {
    let path = at(&format!("/apis/{id}/revisions"));
    plane.post(&path, &json!({"description": "x"})).by_admin().send().await.expect(201)
}

async fn deploy(plane: &Plane, id: &str, revision: &str, places: Value) -> crate::support::Answer {
    let path = at(&format!("/apis/{id}/deploy-revision?revisionId={revision}"));
    plane.post(&path, &places).by_admin().send().await
}

fn place() -> Value {
    json!([{"name": "Default", "vhost": "localhost", "displayOnDevportal": true}])
}

/// Rows: WSO2-6.3.1
#[tokio::test]
async fn a_revision_is_made_and_numbered() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    let first = freeze(&plane, &id).await;
    assert_eq!(first["displayName"], "Revision 1");
    assert_eq!(first["description"], "x");
    assert_eq!(first["apiInfo"], json!({"id": id}));
    assert_eq!(first["deploymentInfo"], json!([]));
    let path = at(&format!("/apis/{id}/revisions/{}", first["id"].as_str().unwrap()));
    plane.delete(&path).by_admin().send().await.expect(200);
    // Numbers do not return.
    assert_eq!(freeze(&plane, &id).await["displayName"], "Revision 2");
    let long = json!({"description": "x".repeat(256)});
    let path = at(&format!("/apis/{id}/revisions"));
    plane.post(&path, &long).by_admin().send().await.expect_error(400, 400, "description");
}

/// Rows: WSO2-6.3.2
#[tokio::test]
async fn revisions_are_listed_and_filtered_by_being_deployed() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    let idle = freeze(&plane, &id).await;
    let deployed = plane.deployed(&id).await;
    let list = |query: &'static str| {
        let path = at(&format!("/apis/{id}/revisions{query}"));
        let plane = &plane;
        async move { plane.get(&path).by_admin().send().await }
    };
    assert_eq!(list("").await.expect(200)["count"], 2);
    let only = list("?query=deployed:true").await.expect(200);
    assert_eq!(only["list"][0]["id"], deployed);
    assert_eq!(only["list"][0]["deploymentInfo"][0]["name"], "Default");
    let only = list("?query=deployed:false").await.expect(200);
    assert_eq!(only["list"][0]["id"], idle["id"]);
    list("?query=x").await.expect(400);
}

/// Rows: WSO2-6.3.3, WSO2-12.1
#[tokio::test]
async fn a_deployment_answers_201_and_replaces_the_one_before() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    plane.deployed(&id).await;
    let second = freeze(&plane, &id).await;
    let second = second["id"].as_str().unwrap();
    let answer = deploy(&plane, &id, second, place()).await.expect(201);
    assert_eq!(answer[0]["revisionUuid"], second);
    assert_eq!(answer[0]["name"], "Default");
    assert_eq!(answer[0]["status"], "APPROVED");
    assert_eq!(answer[0]["vhost"], "localhost");
    assert_eq!(answer[0]["displayOnDevportal"], true);
    assert!(answer[0]["deployedTime"].is_string());
    assert!(answer[0]["successDeployedTime"].is_string());
    let path = at(&format!("/apis/{id}/deployments"));
    let deployments = plane.get(&path).by_admin().send().await.expect(200);
    assert_eq!(deployments.as_array().unwrap().len(), 1);
    assert_eq!(deployments[0]["revisionUuid"], second);
}

/// Rows: WSO2-6.3.4
#[tokio::test]
async fn undeploying_ends_it_with_201() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    let revision = plane.deployed(&id).await;
    let undeploy = |parameters: String, body: Value| {
        let path = at(&format!("/apis/{id}/undeploy-revision?{parameters}"));
        let plane = &plane;
        async move { plane.post(&path, &body).by_admin().send().await }
    };
    undeploy(format!("revisionId={revision}"), json!([])).await.expect(400);
    undeploy(String::new(), place()).await.expect(400);
    let strange = json!([{"name": "Mars"}]);
    undeploy(format!("revisionId={revision}"), strange).await.expect_error(400, 900_504, "Mars");
    assert_eq!(undeploy(format!("revisionId={revision}"), place()).await.expect(201), json!([]));
    let path = at(&format!("/apis/{id}/deployments"));
    assert_eq!(plane.get(&path).by_admin().send().await.expect(200), json!([]));
    deploy(&plane, &id, &revision, place()).await.expect(201);
    let all = "revisionNumber=1&allEnvironments=true".to_owned();
    assert_eq!(undeploy(all, json!([])).await.expect(201), json!([]));
}

/// Rows: WSO2-6.3.5
#[tokio::test]
async fn restoring_gives_the_working_copy_of_then() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    let revision = freeze(&plane, &id).await;
    plane.act(&id, "Publish").await.expect(200);
    let path = at(&format!("/apis/{id}"));
    let mut api = plane.get(&path).by_admin().send().await.expect(200);
    api["description"] = json!("later");
    api["operations"] = json!([{"target": "/later", "verb": "GET"}]);
    plane.put(&path, &api).by_admin().send().await.expect(200);
    let revision = revision["id"].as_str().unwrap();
    let restore = at(&format!("/apis/{id}/restore-revision?revisionId={revision}"));
    let restored = plane.call("POST", &restore).by_admin().send().await.expect(201);
    assert!(restored["description"].is_null());
    assert_eq!(restored["operations"].as_array().unwrap().len(), 5);
    // Not of the snapshot.
    assert_eq!(restored["lifeCycleStatus"], "PUBLISHED");
    let history = at(&format!("/apis/{id}/lifecycle-history"));
    assert_eq!(plane.get(&history).by_admin().send().await.expect(200)["count"], 2);
}

/// Rows: WSO2-6.3.6
#[tokio::test]
async fn deleting_gives_those_that_remain() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    let first = freeze(&plane, &id).await;
    let second = freeze(&plane, &id).await;
    let path = at(&format!("/apis/{id}/revisions/{}", first["id"].as_str().unwrap()));
    let remaining = plane.delete(&path).by_admin().send().await.expect(200);
    assert_eq!(remaining["count"], 1);
    assert_eq!(remaining["list"][0]["id"], second["id"]);
    plane.get(&path).by_admin().send().await.expect_error(404, 900_347, "");
}

/// Rows: WSO2-12.3
#[tokio::test]
async fn a_revision_is_read_as_the_yaml_says_where_wso2_answers_501() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    let made = freeze(&plane, &id).await;
    let path = at(&format!("/apis/{id}/revisions/{}", made["id"].as_str().unwrap()));
    assert_eq!(plane.get(&path).by_admin().send().await.expect(200), made);
}

/// Rows: WSO2-6.3.7, WSO2-12.1
#[tokio::test]
async fn deployments_are_a_bare_array() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    plane.deployed(&id).await;
    let path = at(&format!("/apis/{id}/deployments"));
    let deployments = plane.get(&path).by_admin().send().await.expect(200);
    assert_eq!(deployments.as_array().unwrap().len(), 1);
}

/// Rows: WSO2-6.3
#[tokio::test]
async fn errors_at_most_five_revisions() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    for _ in 0..5 {
        freeze(&plane, &id).await;
    }
    let path = at(&format!("/apis/{id}/revisions"));
    plane.post(&path, &json!({})).by_admin().send().await.expect_error(400, 900_351, "5");
}

/// Rows: WSO2-6.3
#[tokio::test]
async fn errors_of_unknown_and_deployed_revisions() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    let other = plane.made("Other").await;
    let revision = plane.deployed(&id).await;
    for (api, name) in [(&id, "nothing"), (&id, "99"), (&other, revision.as_str())] {
        deploy(&plane, api, name, place()).await.expect_error(404, 900_347, name);
        let path = at(&format!("/apis/{api}/restore-revision?revisionId={name}"));
        plane.call("POST", &path).by_admin().send().await.expect_error(404, 900_347, name);
    }
    let path = at(&format!("/apis/{id}/revisions/{revision}"));
    plane.delete(&path).by_admin().send().await.expect_error(400, 900_348, "deployed");
    let path = at("/apis/nothing/revisions");
    plane.get(&path).by_admin().send().await.expect_error(404, 900_308, "");
    plane.post(&path, &json!({})).by_admin().send().await.expect_error(404, 900_308, "");
}

/// Rows: WSO2-6.3
#[tokio::test]
async fn errors_of_environments_and_hosts() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    let revision = freeze(&plane, &id).await;
    let revision = revision["id"].as_str().unwrap();
    let strange = json!([{"name": "Mars", "vhost": "localhost"}]);
    deploy(&plane, &id, revision, strange).await.expect_error(400, 900_504, "Mars");
    for vhost in [json!(null), json!(""), json!("evil.example")] {
        let places = json!([{"name": "Default", "vhost": vhost}]);
        deploy(&plane, &id, revision, places).await.expect_error(400, 900_511, "");
    }
    deploy(&plane, &id, revision, json!([])).await.expect(400);
    deploy(&plane, &id, revision, json!({})).await.expect(400);
}

/// Rows: WSO2-6.3
#[tokio::test]
async fn errors_of_a_retired_api() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    let revision = freeze(&plane, &id).await;
    for action in ["Publish", "Deprecate", "Retire"] {
        plane.act(&id, action).await.expect(200);
    }
    let revision = revision["id"].as_str().unwrap();
    deploy(&plane, &id, revision, place()).await.expect_error(400, 903_227, "retired");
}

/// Rows: WSO2-6.3
#[tokio::test]
async fn a_revision_stays_what_it_was() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    plane.deployed(&id).await;
    let path = at(&format!("/apis/{id}"));
    let mut api = plane.get(&path).by_admin().send().await.expect(200);
    api["operations"] = json!([{"target": "/later", "verb": "GET"}]);
    plane.put(&path, &api).by_admin().send().await.expect(200);
    let id = uuid::Uuid::parse_str(&id).unwrap();
    let deployed = plane.store.deployed_api(id, "Default").await.unwrap().unwrap();
    assert_eq!(deployed.document["operations"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn the_audit_calls_by_name_what_is_known_by_ids_alone() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    plane.deployed(&id).await;
    plane.subscribed(&id).await;
    for order in [json!({"consumerKey": "key-1"}), json!({"token": "opaque-secret"})] {
        plane.post("/api/phantom/v1/revocations", &order).by_admin().send().await.expect(201);
    }
    let names = async |entity: &str| {
        let path = format!("/api/phantom/v1/audit?entity={entity}");
        let page = plane.get(&path).by_admin().send().await.expect(200);
        let lines = page["list"].as_array().unwrap().iter();
        lines.map(|line| line["name"].as_str().unwrap_or("-").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("REVISION").await, ["HttpBin v1, revision 1"]);
    assert_eq!(names("DEPLOYMENT").await, ["HttpBin v1 in Default"]);
    let [subscription] = names("SUBSCRIPTION").await.try_into().unwrap();
    assert!(subscription.ends_with(" to HttpBin v1"), "{subscription}");
    let revocations = names("REVOCATION").await;
    assert!(
        revocations.contains(&"All tokens of the consumer key key-1".to_owned()),
        "{revocations:?}"
    );
    assert!(!format!("{revocations:?}").contains("opaque-secret"), "{revocations:?}");
}
