//! Section 7.2: keys that are mapped.

use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use super::fixtures::application;
use super::fixtures::at;
use super::fixtures::key_manager;
use crate::support::Answer;
use crate::support::Plane;

async fn map(plane: &Plane, user: &str, application: &str, body: &Value) -> Answer {
    let path = at(&format!("/applications/{application}/map-keys"));
    plane.post(&path, body).by_user(user).send().await
}

fn request(key: &str, key_manager: &str, key_type: &str) -> Value {
    json!({
        "consumerKey": key, "consumerSecret": "not-used",
        "keyManager": key_manager, "keyType": key_type,
    })
}

/// Rows: WSO2-7.2
#[tokio::test]
async fn map_keys_answers_as_wso2_does_to_the_letter() {
    let plane = Plane::start().await;
    key_manager(&plane, "curity", true, json!({})).await;
    let app = application(&plane, "admin", "CurityApp").await;
    let scope = "apim:subscribe apim:app_manage apim:sub_manage";
    let token = plane.token("admin", "admin", scope).await;
    let path = at(&format!("/applications/{app}/map-keys?keyType=PRODUCTION"));
    let body = request("client-one", "curity", "PRODUCTION");
    let answer = plane.post(&path, &body).bearer(&token).send().await;
    let id = answer.json["keyMappingId"].as_str().unwrap().to_owned();
    // As WSO2 writes it; the line is ended after it.
    assert_eq!(
        answer.text.strip_suffix('\n').unwrap(),
        format!(
            r#"{{"keyMappingId":"{id}","keyManager":"curity","consumerKey":"client-one","consumerSecret":"not-used","consumerSecrets":null,"supportedGrantTypes":[],"callbackUrl":null,"keyState":"APPROVED","keyType":"PRODUCTION","mode":"MAPPED","groupId":null,"token":{{"accessToken":"","tokenScopes":null,"validityTime":0}},"additionalProperties":{{}}}}"#
        ),
    );
    answer.expect(200);
}

/// Rows: WSO2-1.5
#[tokio::test]
async fn the_key_type_of_the_body_counts_and_the_querys_is_passed_over() {
    let plane = Plane::start().await;
    key_manager(&plane, "curity", true, json!({})).await;
    let app = application(&plane, "sue", "App").await;
    let path = at(&format!("/applications/{app}/map-keys?keyType=PRODUCTION"));
    let body = request("client-one", "curity", "SANDBOX");
    let mapped = plane.post(&path, &body).by_user("sue").send().await.expect(200);
    assert_eq!(mapped["keyType"], "SANDBOX");
    let path = at(&format!("/applications/{app}/map-keys?keyType=nonsense"));
    let body = request("client-two", "curity", "PRODUCTION");
    let mapped = plane.post(&path, &body).by_user("sue").send().await.expect(200);
    assert_eq!(mapped["keyType"], "PRODUCTION");
}

/// Rows: WSO2-7.2
#[tokio::test]
async fn a_key_manager_is_named_by_name_or_by_id() {
    let plane = Plane::start().await;
    let id = key_manager(&plane, "curity", true, json!({})).await.to_string();
    let app = application(&plane, "sue", "App").await;
    let by_id = map(&plane, "sue", &app, &request("one", &id, "PRODUCTION")).await.expect(200);
    assert_eq!(by_id["keyManager"], "curity");
    map(&plane, "sue", &app, &request("two", "curity", "SANDBOX")).await.expect(200);
}

/// Rows: WSO2-7.2.1
#[tokio::test]
async fn a_key_manager_that_is_not_there_or_disabled_is_not_registered() {
    let plane = Plane::start().await;
    let disabled = key_manager(&plane, "off", false, json!({})).await.to_string();
    let app = application(&plane, "sue", "App").await;
    let unknown = Uuid::from_u128(7).to_string();
    for key_manager in ["nobody", &unknown, "off", &disabled, "", "Curity", "' OR 1=1 --"] {
        let body = request("one", key_manager, "PRODUCTION");
        let answer = map(&plane, "sue", &app, &body).await;
        answer.expect_error(400, 901_403, "Key Manager not Registered");
    }
}

/// Rows: WSO2-7.2.2
#[tokio::test]
async fn a_key_manager_that_only_exchanges_maps_nothing() {
    let plane = Plane::start().await;
    key_manager(&plane, "exchanger", true, json!({"tokenType": "EXCHANGED"})).await;
    key_manager(&plane, "both", true, json!({"tokenType": "BOTH"})).await;
    let app = application(&plane, "sue", "App").await;
    let body = request("one", "exchanger", "PRODUCTION");
    map(&plane, "sue", &app, &body).await.expect_error(400, 901_405, "");
    map(&plane, "sue", &app, &request("one", "both", "PRODUCTION")).await.expect(200);
}

/// Rows: WSO2-7.2.3, WSO2-12.4
#[tokio::test]
async fn a_consumer_key_belongs_to_one_application_and_one_type_per_key_manager() {
    let plane = Plane::start().await;
    key_manager(&plane, "curity", true, json!({})).await;
    key_manager(&plane, "other", true, json!({})).await;
    let app = application(&plane, "sue", "App").await;
    let second = application(&plane, "sue", "Second").await;
    let sams = application(&plane, "sam", "Sams").await;
    map(&plane, "sue", &app, &request("one", "curity", "PRODUCTION")).await.expect(200);
    for (user, app, key, key_type) in [
        ("sue", &app, "another", "PRODUCTION"),
        ("sue", &app, "one", "SANDBOX"),
        ("sue", &second, "one", "PRODUCTION"),
        ("sue", &second, "one", "SANDBOX"),
        ("sam", &sams, "one", "PRODUCTION"),
    ] {
        let answer = map(&plane, user, app, &request(key, "curity", key_type)).await;
        answer.expect_error(409, 901_409, "Key Mappings already exists");
    }
    let mut with_another_secret = request("one", "curity", "PRODUCTION");
    with_another_secret["consumerSecret"] = json!("another");
    let answer = map(&plane, "sue", &app, &with_another_secret).await;
    answer.expect_error(409, 901_409, "Key Mappings already exists");
    // Under another key manager it is another client.
    map(&plane, "sam", &sams, &request("one", "other", "PRODUCTION")).await.expect(200);
    map(&plane, "sue", &app, &request("two", "curity", "SANDBOX")).await.expect(200);
}

/// Rows: WSO2-7.2.4
#[tokio::test]
async fn an_unknown_application_has_no_keys() {
    let plane = Plane::start().await;
    key_manager(&plane, "curity", true, json!({})).await;
    let unknown = Uuid::from_u128(7).to_string();
    let body = request("one", "curity", "PRODUCTION");
    map(&plane, "sue", &unknown, &body).await.expect_error(404, 404, &unknown);
    let path = at(&format!("/applications/{unknown}/generate-keys"));
    let body = json!({"keyType": "PRODUCTION", "grantTypesToBeSupported": []});
    plane.post(&path, &body).by_user("sue").send().await.expect_error(404, 404, &unknown);
}

/// Rows: WSO2-7.2.5, WSO2-12.4
#[tokio::test]
async fn keys_of_anothers_application_are_out_of_reach() {
    let plane = Plane::start().await;
    key_manager(&plane, "curity", true, json!({})).await;
    let app = application(&plane, "sue", "App").await;
    let body = request("one", "curity", "PRODUCTION");
    let mapped = map(&plane, "sue", &app, &body).await.expect(200);
    let path = at(&format!("/applications/{app}"));
    let key = format!("{path}/oauth-keys/{}", mapped["keyMappingId"].as_str().unwrap());
    let generate = json!({"keyType": "SANDBOX", "grantTypesToBeSupported": ["password"]});
    for call in [
        plane.post(&format!("{path}/map-keys"), &request("two", "curity", "SANDBOX")),
        plane.post(&format!("{path}/generate-keys"), &generate),
        plane.get(&format!("{path}/oauth-keys")),
        plane.get(&key),
        plane.put(&key, &json!({"supportedGrantTypes": []})),
        plane.delete(&key),
        plane.post(&format!("{key}/generate-token"), &json!({})),
        plane.call("POST", &format!("{key}/regenerate-secret")),
        plane.call("POST", &format!("{key}/clean-up")),
    ] {
        let answer = call.by_user("sam").send().await;
        assert!(!answer.text.contains("not-used"), "{}", answer.text);
        answer.expect_error(403, 403, "You don't have permission");
    }
    // A key is reached through its own application alone.
    let sams = application(&plane, "sam", "Sams").await;
    let id = mapped["keyMappingId"].as_str().unwrap();
    let through = at(&format!("/applications/{sams}/oauth-keys/{id}"));
    plane.get(&through).by_user("sam").send().await.expect_error(404, 900_331, "");
    plane.delete(&through).by_user("sam").send().await.expect_error(404, 900_331, "");
    plane.get(&key).by_user("sue").send().await.expect(200);
}

/// Rows: WSO2-7.2.6
#[tokio::test]
async fn a_key_manager_hidden_from_the_callers_roles_is_refused() {
    let plane = Plane::start().await;
    let subscriber = json!(["Internal/subscriber"]);
    let denied = json!({"permissions": {"permissionType": "DENY", "roles": subscriber}});
    let only_admins = json!({"permissions": {"permissionType": "ALLOW", "roles": ["admin"]}});
    let allowed = json!({"permissions": {"permissionType": "ALLOW", "roles": subscriber}});
    key_manager(&plane, "denied", true, denied).await;
    key_manager(&plane, "admins", true, only_admins).await;
    key_manager(&plane, "allowed", true, allowed).await;
    let app = application(&plane, "sue", "App").await;
    for hidden in ["denied", "admins"] {
        let body = request("one", hidden, "PRODUCTION");
        map(&plane, "sue", &app, &body).await.expect_error(403, 902_013, "");
        let path = at(&format!("/applications/{app}/generate-keys"));
        let body = json!({
            "keyType": "PRODUCTION", "grantTypesToBeSupported": [], "keyManager": hidden,
        });
        plane.post(&path, &body).by_user("sue").send().await.expect_error(403, 902_013, "");
    }
    map(&plane, "sue", &app, &request("one", "allowed", "PRODUCTION")).await.expect(200);
}

#[tokio::test]
async fn the_same_mapping_again_is_the_mapping_that_is_there() {
    let plane = Plane::start().await;
    key_manager(&plane, "curity", true, json!({})).await;
    let app = application(&plane, "sue", "App").await;
    let body = request("one", "curity", "PRODUCTION");
    let (one, other) =
        tokio::join!(map(&plane, "sue", &app, &body), map(&plane, "sue", &app, &body));
    let mapped = one.expect(200);
    assert_eq!(other.expect(200), mapped);
    assert_eq!(map(&plane, "sue", &app, &body).await.expect(200), mapped);
    let mut without_secret = body.clone();
    without_secret.as_object_mut().unwrap().remove("consumerSecret");
    assert_eq!(map(&plane, "sue", &app, &without_secret).await.expect(200), mapped);
    let keys = at(&format!("/applications/{app}/oauth-keys"));
    assert_eq!(plane.get(&keys).by_user("sue").send().await.expect(200)["count"], 1);
}

/// Rows: WSO2-7.2
#[tokio::test]
async fn keys_are_listed_read_changed_and_unmapped() {
    let plane = Plane::start().await;
    key_manager(&plane, "curity", true, json!({})).await;
    let app = application(&plane, "sue", "App").await;
    let mapped =
        map(&plane, "sue", &app, &request("one", "curity", "PRODUCTION")).await.expect(200);
    map(&plane, "sue", &app, &request("two", "curity", "SANDBOX")).await.expect(200);
    let keys = at(&format!("/applications/{app}/oauth-keys"));
    let list = plane.get(&keys).by_user("sue").send().await.expect(200);
    assert_eq!(list["count"], 2);
    assert_eq!(list["list"][0], mapped);
    let older = at(&format!("/applications/{app}/keys"));
    assert_eq!(plane.get(&older).by_user("sue").send().await.expect(200), list);
    let whole = at(&format!("/applications/{app}"));
    let whole = plane.get(&whole).by_user("sue").send().await.expect(200);
    assert_eq!(whole["keys"], list["list"]);

    let key = format!("{keys}/{}", mapped["keyMappingId"].as_str().unwrap());
    let mut read = plane.get(&key).by_user("sue").send().await.expect(200);
    assert_eq!(read, mapped);
    read["supportedGrantTypes"] = json!(["client_credentials"]);
    read["callbackUrl"] = json!("https://app.example.com/cb");
    read["consumerKey"] = json!("somebody-elses");
    read["consumerSecret"] = json!("another");
    let changed = plane.put(&key, &read).by_user("sue").send().await.expect(200);
    assert_eq!(changed["supportedGrantTypes"], json!(["client_credentials"]));
    assert_eq!(changed["callbackUrl"], "https://app.example.com/cb");
    // Whose key it is does not change.
    assert_eq!(
        (&changed["consumerKey"], &changed["consumerSecret"]),
        (&json!("one"), &json!("not-used"))
    );

    let gone = plane.delete(&key).by_user("sue").send().await;
    assert_eq!((gone.status.as_u16(), &*gone.text), (200, ""));
    for call in [
        plane.get(&key),
        plane.delete(&key),
        plane.put(&key, &json!({})),
        plane.get(&format!("{keys}/nonsense")),
    ] {
        call.by_user("sue").send().await.expect_error(404, 900_331, "");
    }
    // Free for another.
    map(&plane, "sue", &app, &request("one", "curity", "PRODUCTION")).await.expect(200);
}

#[tokio::test]
async fn an_application_takes_its_keys_with_it() {
    let plane = Plane::start().await;
    key_manager(&plane, "curity", true, json!({})).await;
    let app = application(&plane, "sue", "App").await;
    map(&plane, "sue", &app, &request("one", "curity", "PRODUCTION")).await.expect(200);
    plane.delete(&at(&format!("/applications/{app}"))).by_user("sue").send().await.expect(200);
    let sams = application(&plane, "sam", "Sams").await;
    map(&plane, "sam", &sams, &request("one", "curity", "PRODUCTION")).await.expect(200);
}

#[tokio::test]
async fn what_cannot_be_a_mapping_is_refused_with_its_member() {
    let plane = Plane::start().await;
    key_manager(&plane, "curity", true, json!({})).await;
    let app = application(&plane, "sue", "App").await;
    let with = |member: &str, value: Value| {
        let mut body = request("one", "curity", "PRODUCTION");
        body[member] = value;
        body
    };
    for (body, why) in [
        (with("consumerKey", json!("")), "consumerKey"),
        (with("consumerKey", json!("x".repeat(513))), "consumerKey"),
        (with("consumerKey", json!("a\nb")), "consumerKey"),
        (with("consumerKey", Value::Null), "disallowed"),
        (with("consumerSecret", json!("x".repeat(1025))), "consumerSecret"),
        (with("keyType", json!("production")), "disallowed"),
        (with("keyType", json!(1)), "disallowed"),
        (with("owner", json!("sam")), "Unrecognized property 'owner'"),
        (json!({"keyType": "PRODUCTION"}), "consumerKey: must not be null"),
        (json!({"consumerKey": "one"}), "keyType: must not be null"),
    ] {
        map(&plane, "sue", &app, &body).await.expect_error(400, 400, why);
    }
    let keys = at(&format!("/applications/{app}/oauth-keys"));
    assert_eq!(plane.get(&keys).by_user("sue").send().await.expect(200)["count"], 0);
}

/// Rows: WSO2-7.2
#[tokio::test]
async fn key_managers_are_listed_for_those_who_may_see_them_without_secrets() {
    let plane = Plane::start().await;
    key_manager(&plane, "curity", true, json!({})).await;
    key_manager(&plane, "off", false, json!({})).await;
    let denied =
        json!({"permissions": {"permissionType": "DENY", "roles": ["Internal/subscriber"]}});
    key_manager(&plane, "hidden", true, denied).await;
    let answer = plane.get(&at("/key-managers")).by_user("sue").send().await;
    for secret in ["Password1", "client_secret", "api-gateway-client", "introspect"] {
        assert!(!answer.text.contains(secret), "{}", answer.text);
    }
    let list = answer.expect(200);
    let names: Vec<_> = list["list"].as_array().unwrap().iter().map(|each| &each["name"]).collect();
    assert_eq!(names, ["Resident Key Manager", "curity"]);
    let (resident, curity) = (&list["list"][0], &list["list"][1]);
    assert_eq!(curity["tokenEndpoint"], "https://login.example.com/token");
    assert_eq!(curity["enableOAuthAppCreation"], false);
    assert_eq!(curity["applicationConfiguration"], json!([]));
    assert_eq!(resident["tokenEndpoint"], "https://localhost:9443/oauth2/token");
    assert_eq!(resident["enableOAuthAppCreation"], true);
    assert!(list.get("pagination").is_none());
    // An administrator may see what is hidden from subscribers.
    let list = plane.get(&at("/key-managers")).by_admin().send().await.expect(200);
    assert_eq!(list["count"], 3);
}
