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

#[tokio::test]
async fn wso2_1_1_a_client_is_registered_once_and_read_again_afterwards() {
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

#[tokio::test]
async fn wso2_2_grants_that_need_a_callback_are_dropped_without_one() {
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

#[tokio::test]
async fn wso2_2_errors_have_the_codes_and_texts_of_the_table() {
    let plane = Plane::start().await;
    plane.post(PATH, &tutorial()).send().await.expect_error(401, 401, "Unauthenticated request");
    let wrong = plane.post(PATH, &tutorial()).basic("admin", "nope").send().await;
    assert!(wrong.header("www-authenticate").unwrap().starts_with("Basic"));
    wrong.expect_error(401, 401, "Unauthenticated request");

    let with = |member: &str, value: Value| {
        let mut request = tutorial();
        request[member] = value;
        request
    };
    let ask = async |request: Value, user: Option<&str>| {
        let call = plane.post(PATH, &request);
        let call = user.map_or_else(|| plane.post(PATH, &request).by_admin(), |u| call.by_user(u));
        call.send().await
    };
    let blank = ask(with("owner", json!(" ")), None).await;
    blank.expect_error(400, 400, "Application owner cannot be empty");
    let nobody = ask(with("owner", json!("nobody")), None).await;
    nobody.expect_error(403, 403, "User: nobody does not exist for application registration");
    let other = ask(with("owner", json!("sam")), Some("sue")).await;
    other.expect_error(
        400,
        400,
        "Logged in user 'sue' and application owner 'sam' should be same.",
    );
    ask(with("owner", json!("admin@carbon.super")), None).await.expect(200);
    let taken = ask(with("owner", json!("sue")), Some("sue")).await;
    taken.expect_error(403, 403, "Access is forbidden to the application");
    let unknown = ask(with("colour", json!("red")), None).await;
    unknown.expect_error(400, 400, "Unrecognized property 'colour'");
    let typed = ask(with("saasApp", json!("yes")), None).await;
    typed.expect_error(400, 400, "disallowed values");
    let nameless = ask(json!({"owner": "admin"}), None).await;
    nameless.expect_error(400, 400, "clientName");
}

#[tokio::test]
async fn wso2_2_a_token_registers_clients_only_with_the_scope_admin() {
    let plane = Plane::start().await;
    let admin = plane.token("admin", "admin", "apim:admin").await;
    let request = json!({"clientName": "by token", "owner": "admin", "grantType": "password"});
    plane.post(PATH, &request).bearer(&admin).send().await.expect(200);
    let subscriber = plane.token("admin", "admin", "apim:subscribe").await;
    plane.post(PATH, &request).bearer(&subscriber).send().await.expect_error(401, 401, "");
}

#[tokio::test]
async fn wso2_2_there_is_no_reading_changing_or_deleting() {
    let plane = Plane::start().await;
    for method in ["GET", "PUT", "DELETE"] {
        plane.call(method, PATH).by_admin().send().await.expect_error(405, 405, "");
    }
}
