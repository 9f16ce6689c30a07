//! Operations of our own: tests of key managers, users, the audit.

use serde_json::Value;
use serde_json::json;

use crate::support::Plane;

const USERS: &str = "/api/phantom/v1/users";
const AUDIT: &str = "/api/phantom/v1/audit";

/// One whose answers are the fake server's.
async fn key_manager(plane: &Plane, server: &phantom_testkit::FakeAs) -> Value {
    let document = json!({
        "name": "curity", "type": "CurityPhantomToken", "issuer": "https://as.example",
        "introspectionEndpoint": server.url("/introspect"),
        "tokenEndpoint": "https://as.example/token",
        "certificates": {"type": "JWKS", "value": server.url("/jwks")},
        "consumerKeyClaim": "aud", "scopesClaim": "scope",
        "additionalProperties": {
            "client_id": "gateway", "client_secret": "Password1", "expected_audience": "one",
            "clock_skew": "0", "cache_max_entries": "100",
        },
    });
    let made = plane.post("/api/am/admin/v4/key-managers", &document).by_admin();
    made.send().await.expect(201)
}

#[tokio::test]
async fn a_key_manager_is_tested_step_by_step_and_the_resident_one_has_nobody_to_ask() {
    let plane = Plane::start().await;
    let server = phantom_testkit::FakeAs::start().await;
    server.answer("/introspect", phantom_testkit::Reply::status(401));
    let made = key_manager(&plane, &server).await;
    let path = format!("/api/phantom/v1/key-managers/{}/test", made["id"].as_str().unwrap());
    let answer = plane.post(&path, &json!({"token": "opaque-1"})).by_admin().send().await;
    assert!(!answer.text.contains("opaque-1") && !answer.text.contains("Password1"));
    let found = answer.expect(200);
    assert_eq!(found["passed"], false);
    let steps = found["steps"].as_array().unwrap().iter();
    let outcomes: Vec<&str> = steps.map(|step| step["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["NOT_TRIED", "FAILED", "FAILED", "NOT_TRIED"]);
    plane.post(&path, &json!({"token": "two words"})).by_admin().send().await.expect(400);

    let list = plane.get("/api/am/admin/v4/key-managers").by_admin().send().await.expect(200);
    let list = list["list"].as_array().unwrap();
    let resident = list.iter().find(|one| one["type"] == "default").unwrap();
    let path = format!("/api/phantom/v1/key-managers/{}/test", resident["id"].as_str().unwrap());
    let found = plane.post(&path, &json!({})).by_admin().send().await.expect(200);
    assert_eq!(
        (&found["passed"], &found["steps"][0]["outcome"]),
        (&json!(true), &json!("NOT_TRIED"))
    );
}

#[tokio::test]
async fn a_decision_is_explained_to_those_who_may_call_what_is_asked_about() {
    let plane = Plane::start().await;
    let path = "/api/phantom/v1/explain";
    let order = json!({
        "url": "https://localhost:8243/orders/v1", "token": "opaque-1",
        "headers": {"Origin": "https://app.example"},
    });
    let answer = plane.post(path, &order).by_admin().send().await;
    assert!(!answer.text.contains("opaque-1") && !answer.text.contains("app.example"));
    let explained = answer.expect(200);
    assert_eq!(explained["request"], "GET https://localhost:8243/orders/v1");
    assert_eq!(explained["steps"][0]["outcome"], "true, Origin");
    assert_eq!(explained["outcome"]["forward"]["to"], "http://backend.internal");

    // Subscribers do not learn of backends, and nobody but administrators asks about other addresses.
    let explained = plane.post(path, &order).basic("sue", "sue-password").send().await.expect(200);
    assert_eq!(explained["outcome"]["forward"]["to"], "the endpoint of the API");
    let elsewhere = json!({"url": "/api"});
    plane.post(path, &elsewhere).basic("paul", "paul-password").send().await.expect(400);
    plane.post(path, &elsewhere).by_admin().send().await.expect(200);
    for (member, value) in [
        ("method", json!("GET /x HTTP/1.1")),
        ("url", json!("https://localhost:8243/\r\nX: y")),
        ("url", json!(format!("https://localhost:8243/{}", "a".repeat(9000)))),
        ("token", json!("t".repeat(17 * 1024))),
        ("headers", json!({"a b": "c"})),
        ("headers", json!({"a": "c".repeat(33 * 1024)})),
    ] {
        let mut wrong = order.clone();
        wrong[member] = value;
        let refused = plane.post(path, &wrong).by_admin().send().await.expect(400);
        assert!(refused["description"].as_str().unwrap().starts_with(member), "{refused}");
    }
}

#[tokio::test]
async fn tokens_are_introspected_and_decoded_at_a_key_manager_with_its_keys() {
    let plane = Plane::start().await;
    let server = phantom_testkit::FakeAs::start().await;
    let signer = phantom_testkit::Signer::es256("k");
    let now = phantom_core::Clock::now(&*plane.clock).wall;
    let claims = phantom_testkit::jose::access_token_claims("https://as.example", now);
    let jwt = signer.sign(&claims);
    let (keys, said) = (signer.jwks(), jwt.clone());
    server.answer("/jwks", phantom_testkit::Reply::with_type(200, "application/json", keys));
    server.answer_by("/introspect", move |request| match request.header("accept") {
        Some("application/jwt") => phantom_testkit::Reply::jwt(&said),
        _ => phantom_testkit::Reply::json(&json!({"active": true})),
    });
    let made = key_manager(&plane, &server).await;
    let at = |what: &str| {
        format!("/api/phantom/v1/key-managers/{}/{what}", made["id"].as_str().unwrap())
    };
    let order = json!({"token": "opaque-1"});
    let answer = plane.post(&at("introspect"), &order).by_admin().send().await;
    assert!(!answer.text.contains("opaque-1") && !answer.text.contains("Password1"));
    let found = answer.expect(200);
    assert_eq!(
        (&found["json"]["status"], &found["decoded"]["signature"]),
        (&json!(200), &json!("GOOD"))
    );
    assert_eq!(server.last("/introspect").form("token").as_deref(), Some("opaque-1"));
    // The gateways' own client is for those who manage key managers.
    let by_sue = plane.post(&at("introspect"), &order).basic("sue", "sue-password");
    by_sue.send().await.expect(400);

    let order = json!({"token": jwt});
    let by_sue = plane.post(&at("decode"), &order).basic("sue", "sue-password");
    let decoded = by_sue.send().await.expect(200);
    assert_eq!(decoded["payload"]["iss"], "https://as.example");
    let mut parts: Vec<&str> = jwt.split('.').collect();
    let other = "A".repeat(86);
    parts[2] = &other;
    let order = json!({"token": parts.join(".")});
    let decoded = plane.post(&at("decode"), &order).by_admin().send().await.expect(200);
    assert_eq!(decoded["signature"], "BAD");
    let order = json!({"token": "opaque-1"});
    plane.post(&at("decode"), &order).by_admin().send().await.expect(400);
}

#[tokio::test]
async fn traffic_is_read_of_apis_by_publishers_and_of_applications_by_their_owners_alone() {
    let plane = Plane::start().await;
    let as_of = async |user: &str, path: &str| {
        let call = plane.get(&format!("/api/phantom/v1{path}"));
        call.basic(user, &format!("{user}-password")).send().await
    };
    let application = json!({"name": "Shop", "throttlingPolicy": "Unlimited"});
    let call = plane.post("/api/am/devportal/v3/applications", &application);
    let made = call.basic("sue", "sue-password").send().await.expect(201);
    let id = made["applicationId"].as_str().unwrap();
    let api = json!({
        "name": "Orders", "version": "v1", "context": "/orders",
        "endpointConfig": {
            "endpoint_type": "http", "production_endpoints": {"url": "http://backend.example"},
        },
    });
    let made = plane.post("/api/am/publisher/v4/apis", &api).by_admin().send().await.expect(201);
    let api = made["id"].as_str().unwrap();

    for what in ["traffic", "decisions"] {
        let (own, of_api) = (format!("/applications/{id}/{what}"), format!("/apis/{api}/{what}"));
        as_of("sue", &own).await.expect(200);
        // Somebody else's, and that of those who are no subscribers.
        assert!(matches!(as_of("sam", &own).await.status.as_u16(), 403 | 404), "{what}");
        as_of("paul", &own).await.expect(401);
        as_of("paul", &of_api).await.expect(200);
        as_of("sue", &of_api).await.expect(401);
        as_of("paul", &format!("/apis/0/{what}")).await.expect(404);
    }
    as_of("sue", &format!("/applications/{id}/traffic?period=1y")).await.expect(400);
    let traffic = as_of("sue", &format!("/applications/{id}/traffic")).await.expect(200);
    assert_eq!((&traffic["period"], &traffic["total"]["requests"]), (&json!("1h"), &json!(0)));

    let list = plane.get("/api/am/admin/v4/key-managers").by_admin().send().await.expect(200);
    let resident = list["list"][0]["id"].as_str().unwrap();
    let standing = format!("/api/phantom/v1/key-managers/{resident}/standing");
    let found = plane.get(&standing).by_admin().send().await.expect(200);
    assert_eq!((&found["apisTakingAll"], &found["state"]), (&json!(1), &json!("UNKNOWN")));
    plane.get(&standing).basic("paul", "paul-password").send().await.expect(401);
}

#[tokio::test]
async fn users_are_made_changed_and_removed_by_the_rules_of_the_command() {
    let plane = Plane::start().await;
    let user = json!({"name": "uma/1", "password": "correct horse", "roles": ["Internal/creator"]});
    let made = plane.post(USERS, &user).by_admin().send().await.expect(201);
    assert_eq!((&made["name"], &made["roles"]), (&json!("uma/1"), &json!(["Internal/creator"])));
    plane.post(USERS, &user).by_admin().send().await.expect(409);
    let alike = json!({"name": "UMA/1", "password": "correct horse", "roles": []});
    plane.post(USERS, &alike).by_admin().send().await.expect(409);
    for (member, value) in [
        ("name", json!("a:b")),
        ("name", json!("..")),
        ("password", json!("short")),
        ("roles", json!(["king"])),
    ] {
        let mut wrong = json!({"name": "other", "password": "correct horse", "roles": []});
        wrong[member] = value;
        let refused = plane.post(USERS, &wrong).by_admin().send().await.expect(400);
        assert!(refused["description"].as_str().unwrap().starts_with(member), "{refused}");
    }
    let at = |rest: &str| format!("{USERS}/uma%2F1{rest}");
    let roles = json!({"roles": ["Internal/publisher"]});
    let changed = plane.put(&at("/roles"), &roles).by_admin().send().await.expect(200);
    assert_eq!(changed["roles"], roles["roles"]);
    let token = plane.token("sue", "sue-password", "apim:subscribe").await;
    let password = json!({"password": "another horse"});
    let path = format!("{USERS}/sue/password");
    plane.put(&path, &password).by_admin().send().await.expect(200);
    let list = "/api/am/devportal/v3/applications";
    plane.get(list).bearer(&token).send().await.expect(401);
    plane.get(list).basic("sue", "another horse").send().await.expect(200);
    plane.delete(&at("")).by_admin().send().await.expect(200);
    plane.get(&at("")).by_admin().send().await.expect(404);
    let all = plane.get(USERS).by_admin().send().await;
    assert!(!all.text.contains("argon2") && !all.text.contains("password"), "{}", all.text);
}

#[tokio::test]
async fn applications_of_a_user_go_with_it_and_whoever_gets_its_name_has_none_of_them() {
    let plane = Plane::start().await;
    let applications = "/api/am/devportal/v3/applications";
    let user =
        json!({"name": "uma", "password": "correct horse", "roles": ["Internal/subscriber"]});
    plane.post(USERS, &user).by_admin().send().await.expect(201);
    let application = json!({"name": "Uma's", "throttlingPolicy": "Unlimited"});
    let made = plane.post(applications, &application).basic("uma", "correct horse").send().await;
    let id = made.expect(201)["applicationId"].as_str().unwrap().to_owned();
    let keys = json!({"keyType": "PRODUCTION", "grantTypesToBeSupported": ["client_credentials"]});
    let path = format!("{applications}/{id}/generate-keys");
    let keys = plane.post(&path, &keys).basic("uma", "correct horse").send().await.expect(200);
    let text = |member: &str| keys[member].as_str().unwrap().to_owned();
    let (client, secret) = (text("consumerKey"), text("consumerSecret"));
    let token = || {
        let form = [("grant_type", "client_credentials")];
        plane.call("POST", "/oauth2/token").form(&form).basic(&client, &secret).send()
    };
    token().await.expect(200);
    plane.delete(&format!("{USERS}/uma")).by_admin().send().await.expect(200);
    token().await.expect(401);
    plane.post(USERS, &user).by_admin().send().await.expect(201);
    let list = plane.get(applications).basic("uma", "correct horse").send().await.expect(200);
    assert_eq!(list["count"], 0);
    let path = format!("{applications}/{id}");
    plane.get(&path).basic("uma", "correct horse").send().await.expect(404);
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let plane = Plane::start().await;
    let roles = json!({"roles": ["Internal/creator"]});
    let path = format!("{USERS}/admin/roles");
    plane.put(&path, &roles).by_admin().send().await.expect(409);
    plane.delete(&format!("{USERS}/admin")).by_admin().send().await.expect(409);
}

#[tokio::test]
async fn the_audit_is_read_by_who_what_and_when_and_page_by_page() {
    let plane = Plane::start().await;
    for name in ["ann", "bob", "cid"] {
        let user = json!({"name": name, "password": "correct horse", "roles": []});
        plane.post(USERS, &user).by_admin().send().await.expect(201);
    }
    let query = async |query: &str| {
        plane.get(&format!("{AUDIT}?{query}")).by_admin().send().await.expect(200)
    };
    let ids = |page: &Value| {
        let lines = page["list"].as_array().unwrap().iter();
        lines.map(|line| line["entityId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = query("entity=USER&action=CREATE&who=admin&limit=2").await;
    assert_eq!(ids(&first), ["cid", "bob"]);
    let below = first["below"].as_u64().unwrap();
    let second = query(&format!("entity=USER&action=CREATE&who=admin&limit=2&below={below}")).await;
    assert_eq!((ids(&second), &second["below"]), (vec!["ann".to_owned()], &Value::Null));
    assert_eq!(second["list"][0]["after"], json!({"name": "ann", "roles": []}));
    assert_eq!(query("entityId=bob&until=1").await["count"], 0);
    for wrong in ["entity=KING", "action=SING", "limit=0", "limit=1001", "from=yesterday"] {
        plane.get(&format!("{AUDIT}?{wrong}")).by_admin().send().await.expect(400);
    }
}
