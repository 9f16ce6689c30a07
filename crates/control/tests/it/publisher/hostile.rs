//! Inputs that mean harm, or nothing.

use serde_json::Value;
use serde_json::json;

use super::api;
use super::at;
use super::with;
use crate::support::Plane;

#[tokio::test]
async fn bodies_that_are_no_api_are_refused_in_the_words_of_the_conventions() {
    let plane = Plane::start().await;
    let deep = format!("{}1{}", "[".repeat(1000), "]".repeat(1000));
    for (body, said) in [
        ("", "empty"),
        (" ", "empty"),
        ("{", "Malformed"),
        ("{\"a\":1,\"a\":2}", "Malformed"),
        (deep.as_str(), "Malformed"),
        ("[]", "disallowed"),
        ("null", "disallowed"),
        ("{\"name\":1}", "disallowed"),
        ("{\"nmae\":\"x\"}", "Unrecognized property 'nmae'"),
    ] {
        let call = plane.call("POST", &at("/apis")).raw("application/json", body);
        call.by_admin().send().await.expect_error(400, 400, said);
    }
    let huge = vec![b' '; 1024 * 1024 + 1];
    let call = plane.call("POST", &at("/apis")).raw("application/json", huge);
    call.by_admin().send().await.expect(413);
    let call = plane.call("POST", &at("/apis")).raw("text/plain", "{}");
    call.by_admin().send().await.expect(415);
}

#[tokio::test]
async fn every_member_of_a_wrong_type_is_refused() {
    let plane = Plane::start().await;
    let made = plane.make(&api("HttpBin")).await;
    // What only we set may be anything.
    let ours = [
        "id",
        "provider",
        "lifeCycleStatus",
        "wsdlUrl",
        "hasThumbnail",
        "isRevision",
        "revisionedApiId",
        "revisionId",
        "workflowStatus",
        "createdTime",
        "lastUpdatedTimestamp",
        "lastUpdatedTime",
        "initiatedFromGateway",
    ];
    for (member, value) in made.as_object().unwrap() {
        if ours.contains(&member.as_str()) {
            continue;
        }
        let wrong = if value.is_array() { json!(7) } else { json!([[7]]) };
        let body = with("Other", json!({member: wrong}));
        let answer = plane.post(&at("/apis"), &body).by_admin().send().await;
        assert_eq!(answer.status.as_u16(), 400, "{member}: {}", answer.text);
        assert!(answer.text.contains(member), "{member}: {}", answer.text);
    }
}

#[tokio::test]
async fn texts_that_are_code_elsewhere_are_only_texts() {
    let plane = Plane::start().await;
    for (at_, text) in [
        "<script>alert(1)</script>",
        "'; DROP TABLE apis; --",
        "${jndi:ldap://x}",
        "\u{202e}abc",
        "{{7*7}}",
        "%00%0d%0a",
        "😀".repeat(100).as_str(),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("Api{at_}");
        let made = plane.make(&with(&name, json!({"description": text, "tags": [text]}))).await;
        assert_eq!(made["description"], text);
        let path = at(&format!("/apis/{}", made["id"].as_str().unwrap()));
        let answer = plane.get(&path).by_admin().send().await;
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.expect(200)["tags"], json!([text]));
    }
}

#[tokio::test]
async fn lists_are_bounded() {
    let plane = Plane::start().await;
    let many =
        |count: usize| -> Vec<Value> { (0..count).map(|at| json!(format!("t{at}"))).collect() };
    let operations: Vec<Value> =
        (0..1001).map(|at| json!({"target": format!("/{at}"), "verb": "GET"})).collect();
    let properties: Vec<Value> =
        (0..101).map(|at| json!({"name": format!("p{at}"), "value": "v"})).collect();
    for members in [
        json!({"tags": many(101)}),
        json!({"audiences": many(101)}),
        json!({"operations": operations}),
        json!({"additionalProperties": properties}),
        json!({"corsConfiguration": {"accessControlAllowHeaders": many(101)}}),
        json!({"description": "x".repeat(32_767)}),
        json!({"displayName": "x".repeat(256)}),
        json!({"tags": ["x".repeat(256)]}),
        json!({"endpointConfig": {"production_endpoints": {"url": "http://x"}, "y": "x".repeat(20_000)}}),
    ] {
        let answer = plane.post(&at("/apis"), &with("X", members)).by_admin().send().await;
        assert_eq!(answer.status.as_u16(), 400, "{}", answer.text);
    }
    plane.make(&with("Most", json!({"operations": operations[..1000], "tags": many(100)}))).await;
}

#[tokio::test]
async fn of_two_equal_apis_made_at_once_one_is_made() {
    let plane = Plane::start().await;
    let (body, path) = (api("HttpBin"), at("/apis"));
    let make = || plane.post(&path, &body).by_admin().send();
    let (one, two, three) = tokio::join!(make(), make(), make());
    let mut statuses = [one, two, three].map(|answer| answer.status.as_u16());
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409]);
}

#[tokio::test]
async fn changes_at_once_are_made_one_after_the_other() {
    let plane = Plane::start().await;
    let made = plane.make(&api("HttpBin")).await;
    let path = at(&format!("/apis/{}", made["id"].as_str().unwrap()));
    let put = || plane.put(&path, &made).by_admin().header("if-match", "\"1\"").send();
    let (one, two) = tokio::join!(put(), put());
    let mut statuses = [one, two].map(|answer| answer.status.as_u16());
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}
