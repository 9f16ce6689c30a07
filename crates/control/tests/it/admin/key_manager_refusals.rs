//! Section 5.1, the errors.

use serde_json::json;

use super::*;

/// Rows: WSO2-5.1.23, WSO2-12.6
#[tokio::test]
async fn a_name_that_is_taken_is_refused() {
    let plane = Plane::start().await;
    made(&plane, &curity()).await;
    let again = post(&plane, "/key-managers", &curity()).await;
    again.expect_error(409, 901402, "Key Manager Already Exists");
    let resident = curity_with(&json!({"name": "Resident Key Manager"}));
    let again = post(&plane, "/key-managers", &resident).await;
    again.expect_error(409, 901402, "Key Manager Already Exists");
}

/// Rows: WSO2-5.1.24
#[tokio::test]
async fn a_type_that_is_not_there_is_refused() {
    let plane = Plane::start().await;
    for kind in ["KeyCloak", "curityphantomtoken", "", "default"] {
        let document = curity_with(&json!({"type": kind}));
        let answer = post(&plane, "/key-managers", &document).await;
        answer.expect_error(400, 901400, "Key Manager Type not configured");
    }
}

/// Rows: WSO2-5.1.25, WSO2-11.6
#[tokio::test]
async fn what_a_connector_needs_has_to_be_there() {
    let plane = Plane::start().await;
    let properties = |changes: Value| json!({"additionalProperties": changes});
    for changes in [
        json!({"introspectionEndpoint": null}),
        json!({"introspectionEndpoint": ""}),
        json!({"issuer": null}),
        json!({"certificates": null}),
        json!({"additionalProperties": null}),
        properties(json!({"client_id": null})),
        properties(json!({"client_id": "  "})),
        properties(json!({"client_id": 7})),
        properties(json!({"client_secret": null})),
        properties(json!({"client_secret": ""})),
        properties(json!({"expected_audience": null})),
        properties(json!({"clock_skew": -1})),
        properties(json!({"clock_skew": "-1"})),
        properties(json!({"clock_skew": 61})),
        properties(json!({"clock_skew": 1.5})),
        properties(json!({"clock_skew": "sixty"})),
        properties(json!({"clock_skew": "1e1"})),
        properties(json!({"clock_skew": true})),
        properties(json!({"clock_skew": [60]})),
        properties(json!({"cache_max_entries": 0})),
        properties(json!({"cache_max_entries": "0"})),
        properties(json!({"cache_max_entries": 10_000_001})),
        properties(json!({"cache_max_entries": "99999999999999999999999"})),
    ] {
        let answer = post(&plane, "/key-managers", &curity_with(&changes)).await;
        assert_eq!(answer.status, 400, "{changes}: {}", answer.text);
        answer.expect_error(400, 901401, "Required Key Manager configuration missing");
    }
    let custom = json!({"type": "CustomKeyManager", "tokenEndpoint": null});
    let answer = post(&plane, "/key-managers", &curity_with(&custom)).await;
    answer.expect_error(400, 901401, "token_endpoint");
    for (changes, code, why) in [
        (json!({"issuer": null}), 901_401, "issuer is required"),
        (json!({"certificates": null}), 901_401, "certificates are required"),
        (json!({"tokenEndpoint": "", "revokeEndpoint": ""}), 901_401, "token_endpoint, revoke"),
        (json!({"enableSelfValidationJWT": false}), 400, "enableSelfValidationJWT"),
    ] {
        let mut custom = curity_with(&changes);
        custom["type"] = json!("CustomKeyManager");
        post(&plane, "/key-managers", &custom).await.expect_error(400, code, why);
    }
    let introspected = json!({"enableSelfValidationJWT": false, "certificates": null});
    let answer = post(&plane, "/key-managers", &curity_with(&introspected)).await;
    answer.expect_error(400, 901_401, "certificates are required");
    // Only what is called has to be known: WSO2 asks for these too.
    let least = json!({"tokenEndpoint": null, "revokeEndpoint": null, "wellKnownEndpoint": null});
    post(&plane, "/key-managers", &curity_with(&least)).await.expect(201);
}

/// Rows: WSO2-5.1.26
#[tokio::test]
async fn a_name_is_not_empty() {
    let plane = Plane::start().await;
    for name in [json!(""), json!("   "), json!(null)] {
        let answer = post(&plane, "/key-managers", &curity_with(&json!({"name": name}))).await;
        answer.expect_error(400, 901404, "Key Manager name cannot be empty");
    }
}

/// Rows: WSO2-5.1.27
#[tokio::test]
async fn an_unknown_id_is_not_found() {
    let plane = Plane::start().await;
    for id in ["0190f0f0-0000-7000-8000-000000000000", "none", "'%20OR%201=1", "..%2f..%2fetc"] {
        let path = format!("/key-managers/{id}");
        get(&plane, &path).await.expect_error(404, 901411, "Key Manager not Found");
        put(&plane, &path, &curity()).await.expect_error(404, 901411, "Key Manager not Found");
        delete(&plane, &path).await.expect_error(404, 901411, "Key Manager not Found");
    }
}

/// Rows: WSO2-5.1.28
#[tokio::test]
async fn name_and_type_never_change() {
    let plane = Plane::start().await;
    let (_, path) = made(&plane, &curity()).await;
    for changes in [json!({"name": "other"}), json!({"type": "CustomKeyManager"})] {
        let answer = put(&plane, &path, &curity_with(&changes)).await;
        answer.expect_error(400, 400, "Bad Request");
    }
}

/// Rows: WSO2-5.1.29
#[tokio::test]
async fn what_may_not_change_is_refused() {
    let plane = Plane::start().await;
    let list = get(&plane, "/key-managers").await.expect(200);
    let path = format!("/key-managers/{}", id_of(&list, "type", "default", "id"));
    let document = get(&plane, &path).await.expect(200);
    for (member, value) in [
        ("introspectionEndpoint", json!("https://elsewhere.example/introspect")),
        ("issuer", json!("https://elsewhere.example")),
        ("consumerKeyClaim", json!("sub")),
        ("scopesClaim", json!("permissions")),
        ("tokenType", json!("EXCHANGED")),
        ("enableSelfValidationJWT", json!(false)),
        ("additionalProperties", json!({"client_id": "other"})),
        ("claimMapping", json!([{"remoteClaim": "a", "localClaim": "azp"}])),
    ] {
        let mut changed = document.clone();
        changed[member] = value;
        let answer = put(&plane, &path, &changed).await;
        answer.expect_error(400, 901412, "Key Manager Update restricted");
    }
    assert_eq!(get(&plane, &path).await.expect(200), document);
}

/// Rows: WSO2-5.1.30, WSO2-12.7
#[tokio::test]
async fn a_key_manager_in_use_or_resident_stays() {
    use phantom_store::*;
    let plane = Plane::start().await;
    let list = get(&plane, "/key-managers").await.expect(200);
    let resident = format!("/key-managers/{}", id_of(&list, "type", "default", "id"));
    delete(&plane, &resident).await.expect_error(412, 902015, "Key Manager Delete error");

    let (document, path) = made(&plane, &curity()).await;
    let now = phantom_core::Clock::now(&*plane.clock).wall;
    let actor = Actor { name: "test".to_owned(), address: None };
    let mut write = plane.store.write(&actor, now).await.unwrap();
    let application = ApplicationRow {
        id: uuid::Uuid::now_v7(),
        name: "CurityApp".to_owned(),
        owner: "admin".to_owned(),
        plan: "Unlimited".to_owned(),
        document: json!({}),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    write.insert_application(&application).await.unwrap();
    let mapping = KeyMappingRow {
        id: uuid::Uuid::now_v7(),
        application: application.id,
        key_manager: document["id"].as_str().unwrap().parse().unwrap(),
        key_type: MappedKeyType::Production,
        consumer_key: "client-one".to_owned(),
        secret: None,
        mode: MappingMode::Mapped,
        document: json!({}),
        created_at: now,
    };
    write.insert_key_mapping(&mapping).await.unwrap();
    write.commit().await.unwrap();

    delete(&plane, &path).await.expect_error(412, 902015, "Key Manager Delete error");
    let list = get(&plane, "/key-managers").await.expect(200);
    let curity = list["list"].as_array().unwrap().iter().find(|each| each["name"] == "curity");
    assert_eq!(curity.unwrap()["isUsed"], true);
}

/// Rows: WSO2-5.1.31
#[tokio::test]
async fn an_unknown_role_is_refused() {
    let plane = Plane::start().await;
    let permissions = json!({"permissionType": "ALLOW", "roles": ["Internal/nobody"]});
    let document = curity_with(&json!({"permissions": permissions}));
    let answer = post(&plane, "/key-managers", &document).await;
    answer.expect_error(400, 400, "Internal/nobody does not exist");
}
