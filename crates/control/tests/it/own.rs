//! Operations of our own: tests of key managers, users, the audit.

use serde_json::Value;
use serde_json::json;

use crate::support::Plane;

const USERS: &str = "/api/phantom/v1/users";
const AUDIT: &str = "/api/phantom/v1/audit";

#[tokio::test]
async fn a_key_manager_is_tested_step_by_step_and_the_resident_one_has_nobody_to_ask() {
    let plane = Plane::start().await;
    let server = phantom_testkit::FakeAs::start().await;
    server.answer("/introspect", phantom_testkit::Reply::status(401));
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
    let made = made.send().await.expect(201);
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
async fn users_are_made_changed_and_removed_by_the_rules_of_the_command() {
    let plane = Plane::start().await;
    let user = json!({"name": "uma/1", "password": "correct horse", "roles": ["Internal/creator"]});
    let made = plane.post(USERS, &user).by_admin().send().await.expect(201);
    assert_eq!((&made["name"], &made["roles"]), (&json!("uma/1"), &json!(["Internal/creator"])));
    plane.post(USERS, &user).by_admin().send().await.expect(409);
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
