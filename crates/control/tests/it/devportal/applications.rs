//! Section 7.1: applications.

use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use super::fixtures::application;
use super::fixtures::at;
use crate::support::Plane;

fn named(name: &str) -> Value {
    json!({"name": name, "throttlingPolicy": "Unlimited"})
}

fn names(list: &Value) -> Vec<&str> {
    let list = list["list"].as_array().unwrap();
    list.iter().map(|each| each["name"].as_str().unwrap()).collect()
}

/// Rows: WSO2-7.1
#[tokio::test]
async fn an_application_is_made_read_changed_and_deleted() {
    let plane = Plane::start().await;
    let body = json!({
        "name": "CurityApp", "throttlingPolicy": "10PerMin", "description": "Mine",
        "tokenType": "JWT", "groups": [], "attributes": {"team": "blue"},
    });
    let made = plane.post(&at("/applications"), &body).by_user("sue").send().await;
    let location = made.header("location").unwrap().to_owned();
    let made = made.expect(201);
    let id = made["applicationId"].as_str().unwrap();
    assert!(Uuid::try_parse(id).is_ok());
    assert!(location.ends_with(&format!("/api/am/devportal/v3/applications/{id}")), "{location}");
    for (member, value) in [
        ("name", json!("CurityApp")),
        ("throttlingPolicy", json!("10PerMin")),
        ("description", json!("Mine")),
        ("tokenType", json!("JWT")),
        ("status", json!("APPROVED")),
        ("groups", json!([])),
        ("subscriptionCount", json!(0)),
        ("keys", json!([])),
        ("attributes", json!({"team": "blue"})),
        ("subscriptionScopes", json!([])),
        ("owner", json!("sue")),
        ("hashEnabled", json!(false)),
        ("visibility", json!("PRIVATE")),
    ] {
        assert_eq!(made[member], value, "{member}");
    }
    let millis = made["createdTime"].as_str().unwrap();
    assert!(millis.bytes().all(|byte| byte.is_ascii_digit()), "{millis}");

    let path = at(&format!("/applications/{id}"));
    let mut read = plane.get(&path).by_user("sue").send().await.expect(200);
    assert_eq!(read, made);
    read["name"] = json!("Renamed");
    read["description"] = Value::Null;
    let changed = plane.put(&path, &read).by_user("sue").send().await.expect(200);
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Renamed"), &Value::Null));
    assert_eq!(plane.get(&path).by_user("sue").send().await.expect(200), changed);

    let deleted = plane.delete(&path).by_user("sue").send().await;
    assert_eq!((deleted.status.as_u16(), &*deleted.text), (200, ""));
    plane.get(&path).by_user("sue").send().await.expect_error(404, 404, id);
}

/// Rows: WSO2-7.1
#[tokio::test]
async fn members_stand_in_wso2s_order_and_absent_ones_are_null() {
    let plane = Plane::start().await;
    let made = plane.post(&at("/applications"), &named("A")).by_user("sue").send().await;
    let order = [
        "applicationId",
        "name",
        "throttlingPolicy",
        "description",
        "tokenType",
        "status",
        "groups",
        "subscriptionCount",
        "keys",
        "attributes",
        "subscriptionScopes",
        "owner",
        "hashEnabled",
        "createdTime",
        "updatedTime",
        "visibility",
    ];
    let at: Vec<_> = order.iter().map(|name| made.text.find(&format!("\"{name}\":"))).collect();
    assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{}", made.text);
    assert!(made.text.contains("\"description\":null"), "{}", made.text);
    let list = plane.get(&super::fixtures::at("/applications")).by_user("sue").send().await;
    for absent in ["\"keys\"", "\"subscriptionScopes\"", "\"hashEnabled\""] {
        assert!(!list.text.contains(absent), "{}", list.text);
    }
}

/// Rows: WSO2-1.3
#[tokio::test]
async fn the_tutorials_pipeline_cuts_out_the_id_of_its_application() {
    let plane = Plane::start().await;
    let wanted = application(&plane, "admin", "CurityApp").await;
    application(&plane, "admin", "ZApp").await;
    let scope = "apim:subscribe apim:app_manage apim:sub_manage";
    let token = plane.token("admin", "admin", scope).await;
    let path = at("/applications?query=CurityApp");
    let answer = plane.get(&path).bearer(&token).send().await;
    // grep -o '"applicationId":"[^"]*"' | head -1 | cut -d'"' -f4
    let (_, rest) = answer.text.split_once("\"applicationId\":\"").unwrap();
    assert_eq!(rest.split('"').next(), Some(&*wanted));
    assert!(!answer.text.contains("\": "), "{}", answer.text);
    assert_eq!(answer.json["count"], 1);
    let pagination = json!({"offset": 0, "limit": 25, "total": 1, "next": "", "previous": ""});
    assert_eq!(answer.json["pagination"], pagination);
}

/// Rows: WSO2-7.1
#[tokio::test]
async fn a_name_is_taken_for_its_owner_alone_in_any_case() {
    let plane = Plane::start().await;
    let id = application(&plane, "sue", "Mine").await;
    application(&plane, "sam", "Mine").await;
    for name in ["Mine", "mINE"] {
        let again = plane.post(&at("/applications"), &named(name)).by_user("sue").send().await;
        let why = format!("An application already exists with name {name}");
        again.expect_error(409, 409, &why);
    }
    let other = application(&plane, "sue", "Other").await;
    let path = at(&format!("/applications/{other}"));
    let renamed = plane.put(&path, &named("mine")).by_user("sue").send().await;
    renamed.expect_error(409, 409, "An application already exists with name mine");
    // Its own name in another case is no other's.
    let path = at(&format!("/applications/{id}"));
    plane.put(&path, &named("MINE")).by_user("sue").send().await.expect(200);
}

/// Rows: WSO2-4.5
#[tokio::test]
async fn what_cannot_be_an_application_is_refused_with_its_member() {
    let plane = Plane::start().await;
    let long = "x".repeat(101);
    let with = |member: &str, value: Value| {
        let mut body = named("Fine");
        body[member] = value;
        body
    };
    for (body, why) in [
        (named(" leading"), "name"),
        (named("trailing "), "name"),
        (named(""), "name"),
        (named(" "), "name"),
        (named(&long), "name"),
        (named("two\nlines"), "name"),
        (with("throttlingPolicy", json!("NoSuchPlan")), "NoSuchPlan"),
        (with("throttlingPolicy", json!("Gold")), "Gold"),
        (with("throttlingPolicy", json!("")), "throttlingPolicy"),
        (with("description", json!("x".repeat(513))), "description"),
        (with("tokenType", json!("OPAQUE")), "disallowed"),
        (with("visibility", json!("EVERYONE")), "disallowed"),
        (with("attributes", json!({"a": {}})), "disallowed"),
        (with("groups", json!(vec!["g"; 101])), "groups"),
        (with("surprise", json!(1)), "Unrecognized property 'surprise'"),
        (json!({"name": "Fine"}), "throttlingPolicy: must not be null"),
        (json!({"throttlingPolicy": "Unlimited"}), "name: must not be null"),
        (json!([]), "disallowed"),
    ] {
        let answer = plane.post(&at("/applications"), &body).by_user("sue").send().await;
        answer.expect_error(400, 400, why);
    }
    assert_eq!(plane.get(&at("/applications")).by_user("sue").send().await.expect(200)["count"], 0,);
    // At the bounds.
    plane
        .post(&at("/applications"), &named(&"x".repeat(100)))
        .by_user("sue")
        .send()
        .await
        .expect(201);
    let body = with("description", json!("x".repeat(512)));
    plane.post(&at("/applications"), &body).by_user("sue").send().await.expect(201);
}

/// Rows: WSO2-4.7, WSO2-4.8
#[tokio::test]
async fn anothers_application_is_forbidden_and_an_unknown_one_not_found() {
    let plane = Plane::start().await;
    let sues = application(&plane, "sue", "Secret plans").await;
    let unknown = Uuid::from_u128(5).to_string();
    for (id, status) in [(&*sues, 403), (&*unknown, 404), ("not-an-id", 404), ("%27--", 404)] {
        let path = at(&format!("/applications/{id}"));
        for below in ["", "/keys", "/keys/PRODUCTION", "/oauth-keys"] {
            let path = format!("{path}{below}");
            let answer = plane.get(&path).by_user("sam").send().await;
            assert!(!answer.text.contains("Secret plans"), "{}", answer.text);
            answer.expect_error(status, status.into(), "");
        }
        let put = plane.put(&path, &named("Taken over")).by_user("sam").send().await;
        put.expect_error(status, status.into(), "");
        let delete = plane.delete(&path).by_user("sam").send().await;
        delete.expect_error(status, status.into(), "");
    }
    let path = at(&format!("/applications/{sues}"));
    let refused = plane.get(&path).by_user("sam").send().await;
    let why =
        format!("Forbidden You don't have permission to access the application with Id {sues}");
    refused.expect_error(403, 403, &why);
    let missing = plane.get(&at(&format!("/applications/{unknown}"))).by_user("sam").send().await;
    let why = format!("Not Found Requested application with Id '{unknown}' not found");
    missing.expect_error(404, 404, &why);
    // What was refused has changed nothing.
    let kept = plane.get(&path).by_user("sue").send().await.expect(200);
    assert_eq!(kept["name"], "Secret plans");
}

#[tokio::test]
async fn two_users_see_their_own_applications_only() {
    let plane = Plane::start().await;
    application(&plane, "sue", "Sues").await;
    application(&plane, "sam", "Sams").await;
    for (user, own) in [("sue", "Sues"), ("sam", "Sams")] {
        let list = plane.get(&at("/applications?query=s")).by_user(user).send().await.expect(200);
        assert_eq!(names(&list), [own]);
    }
}

/// Rows: WSO2-4.11
#[tokio::test]
async fn applications_are_found_by_a_part_of_their_name_and_sorted() {
    let plane = Plane::start().await;
    for (name, plan) in [("beta", "Unlimited"), ("Alpha", "10PerMin"), ("100%_gamma", "50PerMin")] {
        let body = json!({"name": name, "throttlingPolicy": plan});
        plane.post(&at("/applications"), &body).by_user("sue").send().await.expect(201);
    }
    for (query, found) in [
        ("", &["100%_gamma", "Alpha", "beta"] as &[_]),
        ("?query=LPH", &["Alpha"]),
        ("?query=%25", &["100%_gamma"]),
        ("?query=_", &["100%_gamma"]),
        ("?query=%27%20OR%201=1--", &[]),
        ("?sortOrder=desc", &["beta", "Alpha", "100%_gamma"]),
        ("?sortBy=throttlingPolicy", &["Alpha", "100%_gamma", "beta"]),
        ("?sortBy=status&sortOrder=asc", &["100%_gamma", "Alpha", "beta"]),
        ("?limit=1&offset=1", &["Alpha"]),
        ("?limit=0", &[]),
        ("?offset=9999999999", &[]),
    ] {
        let path = at(&format!("/applications{query}"));
        let list = plane.get(&path).by_user("sue").send().await.expect(200);
        assert_eq!(names(&list), found, "{query}");
    }
    for query in ["?sortBy=owner", "?sortOrder=up", "?limit=-1", "?limit=1001", "?offset=x"] {
        let path = at(&format!("/applications{query}"));
        plane.get(&path).by_user("sue").send().await.expect_error(400, 400, "");
    }
}

#[tokio::test]
async fn pages_of_applications_link_to_each_other() {
    let plane = Plane::start().await;
    for name in ["a", "b", "c"] {
        application(&plane, "sue", name).await;
    }
    let mut seen = Vec::new();
    let mut next = "/applications?limit=2&sortOrder=desc".to_owned();
    while !next.is_empty() {
        let list = plane.get(&at(&next)).by_user("sue").send().await.expect(200);
        assert_eq!(list["pagination"]["total"], 3);
        seen.extend(names(&list).into_iter().map(str::to_owned));
        next = list["pagination"]["next"].as_str().unwrap().to_owned();
    }
    assert_eq!(seen, ["c", "b", "a"]);
}

#[tokio::test]
async fn a_change_that_names_another_version_is_refused() {
    let plane = Plane::start().await;
    let id = application(&plane, "sue", "Versioned").await;
    let path = at(&format!("/applications/{id}"));
    let read = plane.get(&path).by_user("sue").send().await;
    let tag = read.header("etag").unwrap().to_owned();
    let put =
        |tag: &str| plane.put(&path, &named("Versioned")).by_user("sue").header("if-match", tag);
    let changed = put(&tag).send().await;
    let newer = changed.header("etag").unwrap().to_owned();
    changed.expect(200);
    assert_ne!(tag, newer);
    put(&tag).send().await.expect_error(412, 412, "If-Match");
    let delete = plane.delete(&path).by_user("sue").header("if-match", &tag).send().await;
    delete.expect_error(412, 412, "If-Match");
    put("*").send().await.expect(200);
    plane.delete(&path).by_user("sue").header("if-match", "*").send().await.expect(200);
}

#[tokio::test]
async fn of_two_that_make_the_same_application_at_once_one_does() {
    let plane = Plane::start().await;
    let body = named("Race");
    let path = at("/applications");
    let (one, other) = tokio::join!(
        plane.post(&path, &body).by_user("sue").send(),
        plane.post(&path, &body).by_user("sue").send(),
    );
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}
