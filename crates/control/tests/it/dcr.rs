//! Section 2: dynamic client registration.

use serde_json::Value;
use serde_json::json;

use crate::support::Plane;

const PATH: &str = "/client-registration/v0.17/register";

fn tutorial() -> Value {
    json!({
        "clientName": "setup", "owner": "admin",
        "grantType": "password client_credentials", "saasApp": true,
    })
}

/// Rows: WSO2-1.1, WSO2-2.3, WSO2-2.8, WSO2-12.8
#[tokio::test]
async fn a_client_is_registered_once_and_read_again_afterwards() {
    let plane = Plane::start().await;
    let first = plane.post(PATH, &tutorial()).by_admin().send().await;
    assert_eq!(first.status, 200);
    let text = first.text.clone();
    // The tutorial cuts them out of the text.
    for member in ["clientId", "clientSecret"] {
        assert_eq!(text.matches(&format!("\"{member}\":\"")).count(), 1, "{text}");
    }
    let order: Vec<&str> = text.split('"').filter(|part| first.json.get(part).is_some()).collect();
    let expected = [
        "clientId",
        "clientName",
        "callBackURL",
        "clientSecret",
        "isSaasApplication",
        "appOwner",
        "jsonString",
        "jsonAppAttribute",
        "applicationUUID",
        "tokenType",
    ];
    assert_eq!(order, expected);
    let body = first.expect(200);
    let inner: Value = serde_json::from_str(body["jsonString"].as_str().unwrap()).unwrap();
    assert_eq!(inner["grant_types"], "password client_credentials");
    assert_eq!(body["isSaasApplication"], true);
    assert_eq!(body["applicationUUID"], Value::Null);

    let other = json!({"clientName": "setup", "owner": "admin", "grantType": "password"});
    assert_eq!(plane.post(PATH, &other).by_admin().send().await.expect(200), body);
}

/// Rows: WSO2-2.3, WSO2-2.5
#[tokio::test]
async fn grants_that_need_a_callback_are_dropped_without_one() {
    let plane = Plane::start().await;
    let mut request = tutorial();
    request["grantType"] = json!("authorization_code implicit password");
    let body = plane.post(PATH, &request).by_admin().send().await.expect(200);
    assert!(body["jsonString"].as_str().unwrap().contains(r#""grant_types":"password""#));
    request["clientName"] = json!("with callback");
    request["callbackUrl"] = json!("https://localhost/cb");
    let body = plane.post(PATH, &request).by_admin().send().await.expect(200);
    assert!(body["jsonString"].as_str().unwrap().contains("authorization_code implicit password"));
    assert_eq!(body["callBackURL"], "https://localhost/cb");
}

/// The tutorial's request with that member.
fn with(member: &str, value: Value) -> Value {
    let mut request = tutorial();
    request[member] = value;
    request
}

/// Rows: WSO2-2.4
#[tokio::test]
async fn whether_it_is_for_all_tenants_is_echoed() {
    let plane = Plane::start().await;
    for (name, sent, told) in [("a", json!(true), true), ("b", json!(false), false)] {
        let mut request = with("saasApp", sent);
        request["clientName"] = json!(name);
        let body = plane.post(PATH, &request).by_admin().send().await.expect(200);
        assert_eq!(body["isSaasApplication"], told);
    }
    let typed = plane.post(PATH, &with("saasApp", json!("yes"))).by_admin().send().await;
    typed.expect_error(400, 400, "disallowed values");
}

/// Rows: WSO2-2.6
#[tokio::test]
async fn a_clients_type_of_token_is_default_unless_it_is_named() {
    let plane = Plane::start().await;
    let body = plane.post(PATH, &tutorial()).by_admin().send().await.expect(200);
    assert_eq!(body["tokenType"], "DEFAULT");
    let mut named = with("tokenType", json!("JWT"));
    named["clientName"] = json!("named");
    let body = plane.post(PATH, &named).by_admin().send().await.expect(200);
    assert_eq!(body["tokenType"], "JWT");
}

/// Rows: WSO2-2.7
#[tokio::test]
async fn members_of_wso2s_are_passed_over_and_others_are_refused() {
    let plane = Plane::start().await;
    let mut request = tutorial();
    for member in ["tokenScope", "applicationType", "redirectUris", "logoUri"] {
        request[member] = json!("x");
    }
    plane.post(PATH, &request).by_admin().send().await.expect(200);
    let unknown = plane.post(PATH, &with("colour", json!("red"))).by_admin().send().await;
    unknown.expect_error(400, 400, "Unrecognized property 'colour'");
}

/// Rows: WSO2-2.9
#[tokio::test]
async fn without_good_credentials_nobody_registers() {
    let plane = Plane::start().await;
    plane.post(PATH, &tutorial()).send().await.expect_error(401, 401, "Unauthenticated request");
    let wrong = plane.post(PATH, &tutorial()).basic("admin", "nope").send().await;
    assert!(wrong.header("www-authenticate").unwrap().starts_with("Basic"));
    wrong.expect_error(401, 401, "Unauthenticated request");
}

/// Rows: WSO2-2.2, WSO2-2.10
#[tokio::test]
async fn an_owner_is_needed() {
    let plane = Plane::start().await;
    for request in [with("owner", json!(" ")), with("owner", json!("")), {
        let mut nobodys = tutorial();
        nobodys.as_object_mut().unwrap().remove("owner");
        nobodys
    }] {
        let body = plane.post(PATH, &request).by_admin().send().await.expect(400);
        let said = (&body["code"], &body["message"], &body["description"]);
        assert_eq!(said, (&json!(400), &json!("Application owner cannot be empty"), &json!("")));
    }
    let domain = plane.post(PATH, &with("owner", json!("admin@carbon.super"))).by_admin();
    assert_eq!(domain.send().await.expect(200)["appOwner"], "admin");
}

/// Rows: WSO2-2.11
#[tokio::test]
async fn an_owner_who_does_not_exist_is_refused() {
    let plane = Plane::start().await;
    let nobody = plane.post(PATH, &with("owner", json!("nobody"))).by_admin().send().await;
    nobody.expect_error(403, 403, "User: nobody does not exist for application registration");
    plane.post(PATH, &with("owner", json!("sue"))).by_admin().send().await.expect(200);
}

/// Rows: WSO2-2.12
#[tokio::test]
async fn only_an_administrator_registers_for_others() {
    let plane = Plane::start().await;
    for owner in ["sam", "nobody"] {
        let other = plane.post(PATH, &with("owner", json!(owner))).by_user("sue").send().await;
        let said = format!("Logged in user 'sue' and application owner '{owner}' should be same.");
        other.expect_error(400, 400, &said);
    }
}

/// Rows: WSO2-2.1, WSO2-2.13
#[tokio::test]
async fn a_name_is_needed_and_has_one_owner_in_the_organisation() {
    let plane = Plane::start().await;
    for request in [json!({"owner": "admin"}), with("clientName", json!(" "))] {
        let nameless = plane.post(PATH, &request).by_admin().send().await;
        nameless.expect_error(400, 400, "clientName");
    }
    let mine = plane.post(PATH, &tutorial()).by_admin().send().await.expect(200);
    let taken = plane.post(PATH, &with("owner", json!("sue"))).by_user("sue").send().await;
    assert!(!taken.text.contains(mine["clientSecret"].as_str().unwrap()), "{}", taken.text);
    taken.expect_error(403, 403, "Access is forbidden to the application");
}

/// Rows: WSO2-2.14
#[tokio::test]
async fn a_store_that_is_away_is_503_where_wso2_says_500() {
    let plane = Plane::start().await;
    plane.store.close().await;
    // That it is worth another try is more than 500 tells.
    let answer = plane.post(PATH, &tutorial()).by_admin().send().await;
    assert!(answer.header("retry-after").is_some());
    answer.expect_error(503, 503, "The store cannot be used now");
}

/// Rows: WSO2-2
#[tokio::test]
async fn a_token_registers_clients_only_with_the_scope_admin() {
    let plane = Plane::start().await;
    let admin = plane.token("admin", "admin", "apim:admin").await;
    let request = json!({"clientName": "by token", "owner": "admin", "grantType": "password"});
    plane.post(PATH, &request).bearer(&admin).send().await.expect(200);
    let subscriber = plane.token("admin", "admin", "apim:subscribe").await;
    plane.post(PATH, &request).bearer(&subscriber).send().await.expect_error(401, 401, "");
}

/// Rows: WSO2-2
#[tokio::test]
async fn there_is_no_reading_changing_or_deleting() {
    let plane = Plane::start().await;
    for method in ["GET", "PUT", "DELETE"] {
        plane.call(method, PATH).by_admin().send().await.expect_error(405, 405, "");
    }
}
