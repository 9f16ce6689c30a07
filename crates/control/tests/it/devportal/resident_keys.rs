//! Section 7.2: keys that the resident key manager makes.

use serde_json::Value;
use serde_json::json;

use super::fixtures::ApiFixture;
use super::fixtures::api;
use super::fixtures::application;
use super::fixtures::at;
use super::fixtures::key_manager;
use super::fixtures::write;
use crate::support::Answer;
use crate::support::Plane;

async fn generate(plane: &Plane, app: &str, body: &Value) -> Answer {
    let path = at(&format!("/applications/{app}/generate-keys"));
    plane.post(&path, body).by_user("sue").send().await
}

fn request(grants: &[&str]) -> Value {
    json!({"keyType": "PRODUCTION", "grantTypesToBeSupported": grants})
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap()
}

/// What the token endpoint answers to that client.
async fn client_credentials(plane: &Plane, key: &str, secret: &str) -> Answer {
    let form = [("grant_type", "client_credentials"), ("scope", "read")];
    plane.call("POST", "/oauth2/token").basic(key, secret).form(&form).send().await
}

/// Rows: WSO2-7.2
#[tokio::test]
async fn generated_keys_get_tokens() {
    let plane = Plane::start().await;
    let app = application(&plane, "sue", "App").await;
    let body = json!({
        "keyType": "PRODUCTION", "keyManager": "Resident Key Manager",
        "grantTypesToBeSupported": ["client_credentials", "password"],
        "callbackUrl": "https://app.example.com/cb", "scopes": ["read"], "validityTime": "3600",
        "additionalProperties": {"pkceMandatory": "false"},
    });
    let key = generate(&plane, &app, &body).await.expect(200);
    assert_eq!(key["mode"], "CREATED");
    assert_eq!(key["keyManager"], "Resident Key Manager");
    assert_eq!(key["supportedGrantTypes"], body["grantTypesToBeSupported"]);
    assert_eq!(key["callbackUrl"], "https://app.example.com/cb");
    assert_eq!(key["additionalProperties"], body["additionalProperties"]);
    let (id, secret) = (text(&key, "consumerKey"), text(&key, "consumerSecret"));
    client_credentials(&plane, id, secret).await.expect(200);
    client_credentials(&plane, id, "wrong").await.expect(401);
    // The token is kept as a digest alone.
    let mut read = key.clone();
    read["token"] = Value::Null;
    let older = at(&format!("/applications/{app}/keys/PRODUCTION"));
    assert_eq!(plane.get(&older).by_user("sue").send().await.expect(200), read);
    let none = at(&format!("/applications/{app}/keys/SANDBOX"));
    plane.get(&none).by_user("sue").send().await.expect_error(404, 900_331, "");
    let neither = at(&format!("/applications/{app}/keys/BOTH"));
    plane.get(&neither).by_user("sue").send().await.expect_error(400, 400, "");
}

/// Rows: WSO2-7.2
#[tokio::test]
async fn keys_for_client_credentials_come_with_a_token_that_works() {
    let plane = Plane::start().await;
    let introspected = async |token: &str| {
        let form = [("token", token)];
        plane.call("POST", "/oauth2/introspect").by_admin().form(&form).send().await.expect(200)
    };
    for (number, (members, scope, life)) in [
        (json!({}), "default", 3600),
        (json!({"scopes": ["write", "read"], "validityTime": 60}), "read write", 60),
        (json!({"scopes": ["apim:admin"], "validityTime": "-1"}), "default", 3600),
    ]
    .into_iter()
    .enumerate()
    {
        let app = application(&plane, "sue", &format!("App {number}")).await;
        let mut body = request(&["password", "client_credentials"]);
        for (member, value) in members.as_object().unwrap() {
            body[member] = value.clone();
        }
        let key = generate(&plane, &app, &body).await.expect(200);
        let token = &key["token"];
        let scopes: Vec<&str> = scope.split(' ').collect();
        assert_eq!((&token["tokenScopes"], &token["validityTime"]), (&json!(scopes), &json!(life)));
        let said = introspected(text(token, "accessToken")).await;
        assert_eq!((&said["active"], &said["scope"]), (&json!(true), &json!(scope)));
        assert_eq!(said["client_id"], key["consumerKey"]);
        plane.wait(std::time::Duration::from_secs(life));
        assert_eq!(introspected(text(token, "accessToken")).await["active"], false);
    }
    for (validity, rule) in [
        (json!(86_401), "between 1 and 86400"),
        (json!(0), "validityTime"),
        (json!("x"), "seconds"),
    ] {
        let app = application(&plane, "sue", &format!("App {rule}")).await;
        let mut body = request(&["client_credentials"]);
        body["validityTime"] = validity;
        generate(&plane, &app, &body).await.expect_error(400, 400, rule);
    }
    // Without that grant there is none to be had.
    let app = application(&plane, "sue", "Other").await;
    let key = generate(&plane, &app, &request(&["password"])).await.expect(200);
    assert_eq!(key["token"], Value::Null);
}

#[tokio::test]
async fn a_scope_that_is_bound_to_roles_is_granted_to_those_who_have_one() {
    let plane = Plane::start().await;
    let scope = |name: &str, bindings: &[&str], shared: bool| json!({"name": name, "displayName": name, "description": null, "bindings": bindings, "shared": shared});
    let shared = json!({"name": "shared", "displayName": "S", "bindings": ["Internal/creator"]});
    plane.post("/api/am/publisher/v4/scopes", &shared).by_admin().send().await.expect(201);
    // What a document holds of a shared scope is what the scope was.
    let scopes = json!([
        scope("free", &[], false),
        scope("subscribers", &["Internal/subscriber"], false),
        scope("creators", &["Internal/creator"], false),
        scope("everyone", &["Internal/everyone"], false),
        scope("shared", &[], true),
    ]);
    api(&plane, ApiFixture { changes: json!({"scopes": scopes}), ..ApiFixture::default() }).await;
    // Another API has a scope of that name, and binds it otherwise.
    let other = json!({"scopes": [scope("subscribers", &["admin"], false)]});
    let other =
        ApiFixture { name: "Other", context: "/other", changes: other, ..ApiFixture::default() };
    let other = api(&plane, other).await;

    let app = application(&plane, "sue", "App").await;
    let grants = ["client_credentials", "password", "refresh_token"];
    let asked = ["free", "subscribers", "creators", "everyone", "shared"];
    let mut body = request(&grants);
    body["scopes"] = json!(asked);
    let key = generate(&plane, &app, &body).await.expect(200);
    let granted = |answer: &Value| answer["scope"].as_str().unwrap().to_owned();
    assert_eq!(key["token"]["tokenScopes"], json!(["everyone", "free"]));

    let token = async |form: &[(&str, &str)]| {
        let (id, secret) = (text(&key, "consumerKey"), text(&key, "consumerSecret"));
        plane.call("POST", "/oauth2/token").basic(id, secret).form(form).send().await.expect(200)
    };
    let asked = ("scope", &*asked.join(" "));
    assert_eq!(
        granted(&token(&[("grant_type", "client_credentials"), asked]).await),
        "everyone free"
    );
    let by = |user: (&'static str, &'static str)| {
        [("grant_type", "password"), ("username", user.0), ("password", user.1)]
    };
    let all = token(&[&by(("admin", "admin"))[..], &[asked]].concat()).await;
    assert_eq!(granted(&all), "creators everyone free shared subscribers", "admin has all roles");
    let some = token(&[&by(("carla", "carla-password"))[..], &[asked]].concat()).await;
    assert_eq!(granted(&some), "creators everyone free shared");

    // The binding is that of now, with the next token.
    let mut write = write(&plane).await;
    write.delete_api(other).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(
        granted(&token(&[("grant_type", "client_credentials"), asked]).await),
        "everyone free subscribers"
    );
    let refreshed =
        [("grant_type", "refresh_token"), ("refresh_token", text(&all, "refresh_token"))];
    assert_eq!(granted(&token(&refreshed).await), granted(&all));
}

/// Rows: WSO2-7.2
#[tokio::test]
async fn generate_keys_refuses_what_the_key_manager_cannot_do() {
    let plane = Plane::start().await;
    key_manager(&plane, "curity", true, json!({})).await;
    key_manager(&plane, "eager", true, json!({"enableOAuthAppCreation": true})).await;
    key_manager(&plane, "off", false, json!({})).await;
    let app = application(&plane, "sue", "App").await;
    let at_key_manager = |name: &str| {
        let mut body = request(&["client_credentials"]);
        body["keyManager"] = json!(name);
        body
    };
    // No endpoint is there that it would begin at.
    let mut redirected = request(&["authorization_code"]);
    redirected["callbackUrl"] = json!("https://app.example.com/cb");
    for (body, status, code) in [
        (at_key_manager("nobody"), 400, 901_403),
        (at_key_manager("curity"), 400, 901_405),
        // We register no clients at other servers, whatever the switch says.
        (at_key_manager("eager"), 400, 901_405),
        (at_key_manager("off"), 400, 901_406),
        (request(&["authorization_code"]), 400, 400),
        (redirected, 400, 400),
        (request(&["implicit", "password"]), 400, 400),
        (request(&["client_credentials", "magic"]), 400, 400),
    ] {
        generate(&plane, &app, &body).await.expect_error(status, code, "");
    }
    generate(&plane, &app, &request(&["client_credentials"])).await.expect(200);
    let again = generate(&plane, &app, &request(&["password"])).await;
    again.expect_error(409, 901_408, "Key Mappings already exists");
    let mut sandbox = request(&["password"]);
    sandbox["keyType"] = json!("SANDBOX");
    generate(&plane, &app, &sandbox).await.expect(200);
}

#[tokio::test]
async fn callbacks_are_absolute_urls_that_no_browser_runs() {
    let plane = Plane::start().await;
    let app = application(&plane, "sue", "App").await;
    let with = |url: &str| {
        let mut body = request(&["authorization_code"]);
        body["callbackUrl"] = json!(url);
        body
    };
    for url in ["", " ", "/cb", "app", "javascript:alert(1)", "data:text/html,x", "https://a/#f"] {
        generate(&plane, &app, &with(url)).await.expect_error(400, 400, "callbackUrl");
    }
    let mut body = request(&["password"]);
    body["callbackUrl"] = json!("com.example.app:/cb");
    generate(&plane, &app, &body).await.expect(200);
}

/// Rows: WSO2-7.2
#[tokio::test]
async fn a_generated_key_ends_with_its_client_and_its_tokens() {
    let plane = Plane::start().await;
    for end in ["key", "clean-up", "application"] {
        let app = application(&plane, "sue", end).await;
        let key = generate(&plane, &app, &request(&["client_credentials"])).await.expect(200);
        let (id, secret) = (text(&key, "consumerKey"), text(&key, "consumerSecret"));
        let token = client_credentials(&plane, id, secret).await.expect(200);
        let form = [("token", text(&token, "access_token"))];
        let introspect = || plane.call("POST", "/oauth2/introspect").by_admin().form(&form).send();
        assert_eq!(introspect().await.expect(200)["active"], true);
        let path = at(&format!("/applications/{app}"));
        let key = format!("{path}/oauth-keys/{}", text(&key, "keyMappingId"));
        let ended = match end {
            "key" => plane.delete(&key),
            "clean-up" => plane.call("POST", &format!("{key}/clean-up")),
            _ => plane.delete(&path),
        };
        ended.by_user("sue").send().await.expect(200);
        assert_eq!(introspect().await.expect(200)["active"], false, "{end}");
        client_credentials(&plane, id, secret).await.expect(401);
    }
}

#[tokio::test]
async fn changed_grants_are_those_of_the_client() {
    let plane = Plane::start().await;
    let app = application(&plane, "sue", "App").await;
    let mut key = generate(&plane, &app, &request(&["client_credentials"])).await.expect(200);
    let path = at(&format!("/applications/{app}/oauth-keys/{}", text(&key, "keyMappingId")));
    let put = async |key: &Value| plane.put(&path, key).by_user("sue").send().await;
    key["supportedGrantTypes"] = json!(["magic"]);
    put(&key).await.expect_error(400, 400, "magic");
    key["supportedGrantTypes"] = json!(["implicit"]);
    put(&key).await.expect_error(400, 400, "callbackUrl");
    key["supportedGrantTypes"] = json!(["password"]);
    let changed = put(&key).await.expect(200);
    assert_eq!(changed["supportedGrantTypes"], json!(["password"]));
    let (id, secret) = (text(&key, "consumerKey"), text(&key, "consumerSecret"));
    assert_eq!(changed["consumerSecret"], secret);
    client_credentials(&plane, id, secret).await.expect(400);
}

#[tokio::test]
async fn a_regenerated_secret_replaces_the_old_one() {
    let plane = Plane::start().await;
    let app = application(&plane, "sue", "App").await;
    let key = generate(&plane, &app, &request(&["client_credentials"])).await.expect(200);
    let path = at(&format!("/applications/{app}/oauth-keys/{}", text(&key, "keyMappingId")));
    let renewed = plane.call("POST", &format!("{path}/regenerate-secret"));
    let renewed = renewed.by_user("sue").send().await.expect(200);
    let id = text(&key, "consumerKey");
    assert_eq!(renewed["consumerKey"], id);
    let (old, new) = (text(&key, "consumerSecret"), text(&renewed, "consumerSecret"));
    assert_ne!(old, new);
    client_credentials(&plane, id, old).await.expect(401);
    client_credentials(&plane, id, new).await.expect(200);
    let read = plane.get(&path).by_user("sue").send().await.expect(200);
    assert_eq!(read["consumerSecret"], new);
}

#[tokio::test]
async fn a_token_is_generated_for_the_key_and_may_end_an_earlier_one() {
    let plane = Plane::start().await;
    let app = application(&plane, "sue", "App").await;
    let key = generate(&plane, &app, &request(&["client_credentials"])).await.expect(200);
    let path = at(&format!("/applications/{app}/oauth-keys/{}", text(&key, "keyMappingId")));
    let path = format!("{path}/generate-token");
    let order = async |body: Value| plane.post(&path, &body).by_user("sue").send().await;
    let active = async |token: &str| {
        let form = [("token", token)];
        let call = plane.call("POST", "/oauth2/introspect").by_admin().form(&form);
        call.send().await.expect(200)["active"] == true
    };
    let first = order(json!({"scopes": ["write", "read", "apim:admin"], "validityPeriod": 60}))
        .await
        .expect(200);
    assert_eq!(first["tokenScopes"], json!(["read", "write"]));
    assert_eq!(first["validityTime"], 60);
    let token = text(&first, "accessToken").to_owned();
    assert!(active(&token).await);
    let second = order(json!({"revokeToken": token, "consumerSecret": key["consumerSecret"]}));
    let second = second.await.expect(200);
    assert!(!active(&token).await);
    assert_eq!(
        (&second["tokenScopes"], &second["validityTime"]),
        (&json!(["default"]), &json!(3600))
    );
    // Who owns the application owns no management scope by it.
    let management = plane.get(&at("/applications")).bearer(text(&second, "accessToken"));
    management.send().await.expect(401);
    for (body, why) in [
        (json!({"consumerSecret": "wrong"}), "consumerSecret"),
        (json!({"grantType": "TOKEN_EXCHANGE"}), "exchange"),
        (json!({"grantType": "password"}), "disallowed"),
        (json!({"validityPeriod": 86_401}), "validityPeriod"),
        (json!({"validityPeriod": 0}), "validityPeriod: must be between 1 and 86400 seconds"),
        (json!({"validityPeriod": -5}), "validityPeriod"),
        (json!({"scopes": ["two words"]}), "scopes"),
        (json!({"scopes": vec!["s"; 101]}), "scopes"),
    ] {
        order(body).await.expect_error(400, 400, why);
    }
    // A key of another key manager has its tokens elsewhere.
    key_manager(&plane, "curity", true, json!({})).await;
    let body = json!({"consumerKey": "one", "keyManager": "curity", "keyType": "SANDBOX"});
    let mapped = plane.post(&at(&format!("/applications/{app}/map-keys")), &body).by_user("sue");
    let mapped = mapped.send().await.expect(200);
    let path = at(&format!("/applications/{app}/oauth-keys/{}", text(&mapped, "keyMappingId")));
    for action in ["regenerate-secret", "clean-up"] {
        let call = plane.call("POST", &format!("{path}/{action}"));
        call.by_user("sue").send().await.expect_error(400, 400, "");
    }
    let call = plane.post(&format!("{path}/generate-token"), &json!({}));
    call.by_user("sue").send().await.expect_error(400, 400, "resident");
}

#[tokio::test]
async fn a_client_of_the_resident_key_manager_is_mapped_by_who_holds_its_secret() {
    let plane = Plane::start().await;
    let app = application(&plane, "sue", "App").await;
    let registration = json!({
        "clientName": "mine", "owner": "sam", "grantType": "client_credentials", "saasApp": true,
    });
    let client = plane.post("/client-registration/v0.17/register", &registration);
    let client = client.by_user("sam").send().await.expect(200);
    let (id, secret) = (text(&client, "clientId"), text(&client, "clientSecret"));
    let path = at(&format!("/applications/{app}/map-keys"));
    for (key, secret) in [(id, "guessed"), (id, ""), ("nobodys", secret)] {
        let body = json!({"consumerKey": key, "consumerSecret": secret, "keyType": "PRODUCTION"});
        let refused = plane.post(&path, &body).by_user("sue").send().await;
        refused.expect_error(400, 400, "consumer key or its secret");
    }
    let body = json!({"consumerKey": id, "keyType": "PRODUCTION"});
    plane.post(&path, &body).by_user("sue").send().await.expect_error(400, 400, "");
    let body = json!({"consumerKey": id, "consumerSecret": secret, "keyType": "PRODUCTION"});
    let mapped = plane.post(&path, &body).by_user("sue").send().await.expect(200);
    assert_eq!(
        (&mapped["mode"], &mapped["keyManager"]),
        (&json!("MAPPED"), &json!("Resident Key Manager"))
    );
    // Unmapping leaves a client that was there before.
    let key = at(&format!("/applications/{app}/oauth-keys/{}", text(&mapped, "keyMappingId")));
    plane.delete(&key).by_user("sue").send().await.expect(200);
    client_credentials(&plane, id, secret).await.expect(200);
}
