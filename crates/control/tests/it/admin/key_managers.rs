//! Key managers from their making to their end.

use serde_json::json;

use super::*;

/// Rows: WSO2-5.1
#[tokio::test]
async fn the_tutorials_key_manager_is_made_read_changed_and_deleted() {
    let plane = Plane::start().await;
    let answer = post(&plane, "/key-managers", &curity()).await;
    let location = answer.header("location").unwrap().to_owned();
    assert_eq!(answer.header("etag"), Some("\"1\""));
    let made = answer.expect(201);
    let id = made["id"].as_str().unwrap();
    assert_eq!(location, at(&format!("/key-managers/{id}")));
    assert_eq!(plane.get(&location).by_admin().send().await.expect(200), made);

    let changed = curity_with(&json!({"description": "changed"}));
    let answer = put(&plane, &format!("/key-managers/{id}"), &changed).await;
    assert_eq!(answer.header("etag"), Some("\"2\""));
    assert_eq!(answer.expect(200)["description"], "changed");

    let gone = delete(&plane, &format!("/key-managers/{id}")).await;
    assert_eq!(gone.text, "");
    gone.expect(200);
    get(&plane, &format!("/key-managers/{id}")).await.expect_error(404, 901411, "not Found");
}

/// Rows: WSO2-5.1
#[tokio::test]
async fn the_list_has_no_pages_and_always_the_resident_key_manager() {
    let plane = Plane::start().await;
    made(&plane, &curity_with(&json!({"description": "phantom", "tokenType": "BOTH"}))).await;
    let list = get(&plane, "/key-managers").await.expect(200);
    assert_eq!(list["count"], 2);
    assert!(list.get("pagination").is_none());
    let [resident, curity] = list["list"].as_array().unwrap().as_slice() else { panic!("{list}") };
    assert_eq!(resident["name"], "Resident Key Manager");
    assert_eq!(resident["type"], "default");
    assert_eq!(resident["enabled"], true);
    let members: Vec<&String> = curity.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        ["description", "enabled", "id", "isGlobal", "isUsed", "name", "tokenType", "type"]
    );
    assert_eq!(curity["description"], "phantom");
    assert_eq!(curity["isUsed"], false);
    assert_eq!(curity["isGlobal"], false);
    assert_eq!(curity["tokenType"], "BOTH");
}

/// Rows: WSO2-5.1
#[tokio::test]
async fn masked_fields_come_back_as_stars_and_stars_keep_them() {
    let plane = Plane::start().await;
    let (made, path) = made(&plane, &curity()).await;
    assert_eq!(made["additionalProperties"]["client_secret"], "*****");
    assert_eq!(made["additionalProperties"]["client_id"], "api-gateway-client");
    let secret = async || {
        use secrecy::ExposeSecret;
        let row = plane.store.key_manager_by_name("curity").await.unwrap().unwrap();
        assert!(!row.document.to_string().contains("assword"), "{}", row.document);
        row.secrets["client_secret"].expose_secret().to_owned()
    };
    assert_eq!(secret().await, "Password1");

    let kept = put(&plane, &path, &made).await.expect(200);
    assert_eq!(kept["additionalProperties"]["client_secret"], "*****");
    assert_eq!(secret().await, "Password1");

    let new = curity_with(&json!({"additionalProperties": {"client_secret": "Password2"}}));
    let text = put(&plane, &path, &new).await.text;
    assert!(!text.contains("Password2"), "{text}");
    assert_eq!(secret().await, "Password2");
}

#[tokio::test]
async fn a_mask_is_no_secret_of_a_new_key_manager() {
    let plane = Plane::start().await;
    let masked = curity_with(&json!({"additionalProperties": {"client_secret": "*****"}}));
    post(&plane, "/key-managers", &masked).await.expect_error(400, 901401, "client_secret");
}

#[tokio::test]
async fn secrets_stand_in_no_answer_whatever_they_are_called() {
    let plane = Plane::start().await;
    let properties =
        json!({"Password": "hush-one", "api_token": "hush-two", "self_validate_jwt": true});
    let (body, path) =
        made(&plane, &curity_with(&json!({"additionalProperties": properties}))).await;
    assert_eq!(body["additionalProperties"]["Password"], "*****");
    assert_eq!(body["additionalProperties"]["api_token"], "*****");
    assert_eq!(body["additionalProperties"]["self_validate_jwt"], true);
    for answer in [
        get(&plane, &path).await,
        get(&plane, "/key-managers").await,
        post(&plane, "/key-managers", &curity_with(&json!({"additionalProperties": properties})))
            .await,
        put(&plane, &path, &curity_with(&json!({"name": "other"}))).await,
    ] {
        for secret in ["hush-one", "hush-two", "Password1"] {
            assert!(!answer.text.contains(secret), "{}", answer.text);
        }
    }
    let row = plane.store.key_manager_by_name("curity").await.unwrap().unwrap();
    assert!(!row.document.to_string().contains("hush"), "{}", row.document);
    assert!(!format!("{row:?}").contains("hush"));
}

#[tokio::test]
async fn a_change_that_names_another_version_is_refused() {
    let plane = Plane::start().await;
    let (document, path) = made(&plane, &curity()).await;
    let put = |tag: &'static str| {
        plane.put(&at(&path), &document).by_admin().header("if-match", tag).send()
    };
    put("\"7\"").await.expect_error(412, 412, "another version");
    put("\"1\"").await.expect(200);
    put("\"1\"").await.expect_error(412, 412, "another version");
    put("*").await.expect(200);
    let gone = plane.delete(&at(&path)).by_admin().header("if-match", "\"1\"").send().await;
    gone.expect_error(412, 412, "another version");
    let gone = plane.delete(&at(&path)).by_admin().header("if-match", "W/\"3\"").send().await;
    gone.expect(200);
}

#[tokio::test]
async fn the_resident_key_manager_is_shown_differently_and_stays_what_it_is() {
    let plane = Plane::start().await;
    let list = get(&plane, "/key-managers").await.expect(200);
    let path = format!("/key-managers/{}", id_of(&list, "type", "default", "id"));
    let mut document = get(&plane, &path).await.expect(200);
    document["displayName"] = json!("Ours");
    document["enableTokenGeneration"] = json!(false);
    document["permissions"] = json!({"permissionType": "ALLOW", "roles": ["Internal/subscriber"]});
    let changed = put(&plane, &path, &document).await.expect(200);
    assert_eq!(changed["displayName"], "Ours");
    assert_eq!(changed["enableTokenGeneration"], false);
    assert_eq!(changed["permissions"]["roles"], json!(["Internal/subscriber"]));
    assert_eq!(changed["consumerKeyClaim"], "azp");
}

#[tokio::test]
async fn what_was_left_out_of_a_change_is_gone() {
    let plane = Plane::start().await;
    let (_, path) = made(&plane, &curity_with(&json!({"description": "a", "alias": "b"}))).await;
    let changed = put(&plane, &path, &curity()).await.expect(200);
    assert_eq!(changed["description"], json!(null));
    assert_eq!(changed["alias"], json!(null));
}

#[tokio::test]
async fn the_key_manager_of_the_docs_is_made_as_it_is_written_there() {
    let docs = include_str!("../../../../../docs/managed-apis.md");
    let example = docs.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let body: serde_json::Value = serde_json::from_str(example).unwrap();
    let plane = Plane::start().await;
    let made = post(&plane, "/key-managers", &body).await.expect(201);
    assert_eq!(made["name"], "login");
}
