//! Rows 6.1 of `tests/e2e/rows/wso2.txt`: the API object.

use serde_json::Value;
use serde_json::json;

use super::api;
use super::at;
use super::with;
use crate::devportal::fixtures::key_manager;
use crate::support::Plane;

async fn refused(plane: &Plane, api: &Value, status: u16, code: u32, description: &str) {
    let answer = plane.post(&at("/apis"), api).by_admin().send().await;
    answer.expect_error(status, code, description);
}

/// Rows: WSO2-6.1.1
#[tokio::test]
async fn a_name_is_required_and_holds_no_special_characters() {
    let plane = Plane::start().await;
    let mut nameless = api("Nameless");
    nameless.as_object_mut().unwrap().remove("name");
    refused(&plane, &nameless, 400, 400, "name: must not be null").await;
    refused(&plane, &with("X", json!({"name": ""})), 400, 400, "name").await;
    for character in "~!@#;:%^*()+={}|\\<>\"',&$[]/".chars() {
        let name = format!("Http{character}Bin");
        refused(&plane, &with("X", json!({"name": name})), 400, 400, "name").await;
    }
    plane.make(&with("X", json!({"name": "Pizza Shack_v.1-a"}))).await;
}

/// Rows: WSO2-6.1.2
#[tokio::test]
async fn a_version_is_required_short_and_one_segment() {
    let plane = Plane::start().await;
    for version in ["", " ", "v 1", "v/1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0", "..", "v1?"] {
        refused(&plane, &with("X", json!({"version": version})), 400, 400, "version").await;
    }
    plane.make(&with("X", json!({"version": "1.0.0-rc_1"}))).await;
}

/// Rows: WSO2-6.1.3
#[tokio::test]
async fn a_context_gets_its_slash_and_must_not_end_with_one() {
    let plane = Plane::start().await;
    let made = plane.make(&with("X", json!({"context": "httpbin"}))).await;
    assert_eq!(made["context"], "/httpbin");
    refused(&plane, &with("Y", json!({"context": "/y/"})), 400, 900_346, "context").await;
    refused(&plane, &with("Y", json!({"context": "/"})), 400, 900_346, "context").await;
    for context in ["/a//b", "/a/../b", "/a b", "/a?b", "/{other}", "/ä"] {
        refused(&plane, &with("Y", json!({"context": context})), 400, 900_346, "context").await;
    }
    let long = "x".repeat(233);
    refused(&plane, &with("Y", json!({"context": long})), 400, 400, "context").await;
    let made = plane.make(&with("Z", json!({"context": "/z/{version}/api"}))).await;
    assert_eq!(made["context"], "/z/{version}/api");
}

/// Rows: WSO2-6.1.4
#[tokio::test]
async fn either_endpoint_may_be_absent_and_both_are_absolute() {
    let plane = Plane::start().await;
    let sandbox = json!({"sandbox_endpoints": {"url": "https://sandbox.example/base"}});
    plane.make(&with("Sandbox", json!({"endpointConfig": sandbox}))).await;
    plane.make(&with("None", json!({"endpointConfig": null}))).await;
    for url in [
        "backend",
        "/backend",
        "ftp://backend",
        "http://u:p@backend",
        "http://backend?x=1",
        "http://backend#x",
        "http://",
        "javascript:alert(1)",
        // What gateways could not call.
        "http://backend/a b",
        "http://backend/é",
        "http://backend/{uri.var.t}",
        "http://{region}.example",
        "http://backend/a/../c",
        "http://backend:0",
        // What they may not.
        "http://localhost:9090",
        "http://127.0.0.1:9090/metrics",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://0.0.0.0/",
        "http://2130706433/",
        "http://169.254.169.254/latest/meta-data",
        "http://[fe80::1]/",
    ] {
        let config = json!({"production_endpoints": {"url": url}});
        let bad = with("Bad", json!({"endpointConfig": config}));
        refused(&plane, &bad, 400, 400, "production_endpoints").await;
    }
    let secured = json!({"endpoint_security": {"production": {"enabled": true, "password": "x"}}});
    let secured = with("Secured", json!({"endpointConfig": secured}));
    refused(&plane, &secured, 400, 400, "endpoint_security").await;
}

/// Rows: WSO2-6.1.5
#[tokio::test]
async fn without_operations_everything_is_served_by_five_verbs() {
    let plane = Plane::start().await;
    let made = plane.make(&api("HttpBin")).await;
    let operations = made["operations"].as_array().unwrap();
    let verbs: Vec<&str> = operations.iter().map(|o| o["verb"].as_str().unwrap()).collect();
    assert_eq!(verbs, ["GET", "POST", "PUT", "DELETE", "PATCH"]);
    for operation in operations {
        assert_eq!(operation["target"], "/*");
        assert_eq!(operation["authType"], "Application & Application User");
        assert_eq!(operation["throttlingPolicy"], "Unlimited");
        assert_eq!(operation["scopes"], json!([]));
    }
    for (target, verb) in [
        ("get", "GET"),
        ("/*/x", "GET"),
        ("/a{x", "GET"),
        ("/{x}{y}", "GET"),
        ("/{x+}/y", "GET"),
        ("/{x}/{x}", "GET"),
        ("/a//b", "GET"),
        ("/a b", "GET"),
        ("/{}", "GET"),
        ("/../a", "GET"),
        ("/<script>", "GET"),
    ] {
        let operations = json!([{"target": target, "verb": verb}]);
        let bad = with("Bad", json!({"operations": operations}));
        refused(&plane, &bad, 400, 400, "target").await;
    }
    let verb = json!([{"target": "/", "verb": "CONNECT"}]);
    refused(&plane, &with("Bad", json!({"operations": verb})), 400, 400, "disallowed").await;
    let twice = json!([{"target": "/{a}", "verb": "GET"}, {"target": "/{b}", "verb": "GET"}]);
    refused(&plane, &with("Bad", json!({"operations": twice})), 400, 400, "twice").await;
    let plan = json!([{"target": "/", "verb": "GET", "throttlingPolicy": "None such"}]);
    refused(&plane, &with("Bad", json!({"operations": plan})), 400, 900_305, "None such").await;
}

/// Rows: WSO2-6.1.6
#[tokio::test]
async fn the_security_of_an_operation_is_one_of_five() {
    let plane = Plane::start().await;
    let types =
        ["None", "Any", "Application", "Application User", "Application & Application User"];
    let operations: Vec<Value> = types
        .iter()
        .enumerate()
        .map(|(at, auth)| json!({"target": format!("/{at}"), "verb": "GET", "authType": auth}))
        .collect();
    let made = plane.make(&with("HttpBin", json!({"operations": operations}))).await;
    for (at, auth) in types.iter().enumerate() {
        assert_eq!(made["operations"][at]["authType"], *auth);
    }
    let odd = json!([{"target": "/", "verb": "GET", "authType": "Nobody"}]);
    refused(&plane, &with("Odd", json!({"operations": odd})), 400, 400, "disallowed").await;
}

/// Rows: WSO2-6.1.7
#[tokio::test]
async fn local_scopes_are_kept_and_operations_name_them() {
    let plane = Plane::start().await;
    let scope = json!({
        "scope": {
            "name": "orders:read", "displayName": "Read", "description": "d",
            "bindings": ["Internal/subscriber"],
        },
        "shared": false,
    });
    let operations = json!([{"target": "/orders", "verb": "GET", "scopes": ["orders:read"]}]);
    let members = json!({"scopes": [scope], "operations": operations});
    let made = plane.make(&with("Orders", members)).await;
    assert_eq!(made["scopes"][0]["scope"]["name"], "orders:read");
    assert_eq!(made["scopes"][0]["shared"], false);
    assert_eq!(made["operations"][0]["scopes"], json!(["orders:read"]));
    let unknown = json!([{"target": "/", "verb": "GET", "scopes": ["none"]}]);
    refused(&plane, &with("Bad", json!({"operations": unknown})), 400, 400, "'none'").await;
    let blank = json!([{"scope": {"name": "a b"}}]);
    refused(&plane, &with("Bad", json!({"scopes": blank})), 400, 901_004, "scope").await;
}

/// Rows: WSO2-6.1.8, WSO2-12.2
#[tokio::test]
async fn key_managers_are_all_or_a_list_of_names() {
    let plane = Plane::start().await;
    assert_eq!(plane.make(&api("Usual")).await["keyManagers"], json!(["all"]));
    let resident = json!({"keyManagers": ["Resident Key Manager"]});
    let made = plane.make(&with("Resident", resident)).await;
    assert_eq!(made["keyManagers"], json!(["Resident Key Manager"]));
    for odd in [json!("all"), json!({}), json!([]), json!([1])] {
        refused(&plane, &with("Odd", json!({"keyManagers": odd})), 400, 903_203, "keyManagers")
            .await;
    }
}

/// Rows: WSO2-6.1.9
#[tokio::test]
async fn security_schemes_have_a_default() {
    let plane = Plane::start().await;
    let usual = json!(["oauth2", "oauth_basic_auth_api_key_mandatory"]);
    assert_eq!(plane.make(&api("Usual")).await["securityScheme"], usual);
    let one = json!(["oauth2"]);
    let made = plane.make(&with("One", json!({"securityScheme": one}))).await;
    assert_eq!(made["securityScheme"], one);
    for other in ["api_key", "basic_auth", "mutualssl", "mutualssl_mandatory"] {
        for schemes in [json!([other]), json!(["oauth2", other])] {
            let other = with("Other", json!({"securityScheme": schemes}));
            refused(&plane, &other, 400, 400, "securityScheme").await;
        }
    }
    let odd = with("Odd", json!({"securityScheme": ["none"]}));
    refused(&plane, &odd, 400, 400, "disallowed").await;
}

/// Rows: WSO2-6.1.10
#[tokio::test]
async fn business_plans_have_to_be_there() {
    let plane = Plane::start().await;
    let made = plane.make(&with("Plans", json!({"policies": ["Gold", "Unlimited"]}))).await;
    assert_eq!(made["policies"], json!(["Gold", "Unlimited"]));
    refused(&plane, &with("X", json!({"policies": ["Platinum"]})), 400, 900_305, "Platinum").await;
    // Of another level.
    refused(&plane, &with("X", json!({"policies": ["50PerMin"]})), 400, 900_305, "50PerMin").await;
}

/// Rows: WSO2-6.1.11
#[tokio::test]
async fn both_transports_unless_one_is_named() {
    let plane = Plane::start().await;
    assert_eq!(plane.make(&api("Usual")).await["transport"], json!(["http", "https"]));
    let made = plane.make(&with("Secure", json!({"transport": ["https"]}))).await;
    assert_eq!(made["transport"], json!(["https"]));
    refused(&plane, &with("X", json!({"transport": ["ws"]})), 400, 400, "disallowed").await;
    refused(&plane, &with("X", json!({"transport": []})), 400, 400, "transport").await;
}

/// Rows: WSO2-6.1.12
#[tokio::test]
async fn restricted_visibility_names_roles() {
    let plane = Plane::start().await;
    assert_eq!(plane.make(&api("Usual")).await["visibility"], "PUBLIC");
    let restricted = json!({"visibility": "RESTRICTED", "visibleRoles": ["Internal/creator"]});
    let made = plane.make(&with("Some", restricted)).await;
    assert_eq!(made["visibleRoles"], json!(["Internal/creator"]));
    refused(&plane, &with("X", json!({"visibility": "RESTRICTED"})), 400, 400, "visibleRoles")
        .await;
    let unknown = json!({"visibility": "RESTRICTED", "visibleRoles": ["nobody"]});
    refused(&plane, &with("X", unknown), 404, 903_250, "nobody").await;
    refused(&plane, &with("X", json!({"visibility": "SECRET"})), 400, 400, "disallowed").await;
}

/// Rows: WSO2-6.1.13
#[tokio::test]
async fn credential_headers_have_defaults() {
    let plane = Plane::start().await;
    let made = plane.make(&api("Usual")).await;
    assert_eq!(made["authorizationHeader"], "Authorization");
    assert_eq!(made["apiKeyHeader"], "ApiKey");
    let made = plane.make(&with("Own", json!({"authorizationHeader": "X-Token"}))).await;
    assert_eq!(made["authorizationHeader"], "X-Token");
    // A token in a field that is acted on or passed on would not arrive, or arrive elsewhere.
    let with_a_meaning = ["Via", "Host", "connection", "X_Forwarded_For", "Cookie", "X-Request-Id"];
    for odd in ["a b", "a:b", "a\r\nb", "ä"].into_iter().chain(with_a_meaning) {
        let odd = with("X", json!({"authorizationHeader": odd}));
        refused(&plane, &odd, 400, 400, "authorizationHeader").await;
    }
}

/// Rows: WSO2-6.1.14
#[tokio::test]
async fn an_advanced_plan_of_the_api_has_to_be_there() {
    let plane = Plane::start().await;
    let made = plane.make(&with("Plan", json!({"apiThrottlingPolicy": "10KPerMin"}))).await;
    assert_eq!(made["apiThrottlingPolicy"], "10KPerMin");
    let odd = with("X", json!({"apiThrottlingPolicy": "Gold"}));
    refused(&plane, &odd, 400, 900_305, "Gold").await;
}

/// Rows: WSO2-6.1.15
#[tokio::test]
async fn cors_is_on_with_the_usual_headers_unless_said_otherwise() {
    let plane = Plane::start().await;
    let cors = &plane.make(&api("Usual")).await["corsConfiguration"];
    assert_eq!(cors["corsConfigurationEnabled"], true);
    assert_eq!(cors["accessControlAllowOrigins"], json!(["*"]));
    assert_eq!(cors["accessControlAllowCredentials"], false);
    let off = json!({"corsConfiguration": {"corsConfigurationEnabled": false}});
    let made = plane.make(&with("Off", off)).await;
    assert_eq!(made["corsConfiguration"]["corsConfigurationEnabled"], false);
    let forged = json!({"corsConfiguration": {"accessControlAllowOrigins": ["a\r\nb"]}});
    refused(&plane, &with("X", forged), 400, 400, "accessControlAllowOrigins").await;
    for origin in ["ftp:/x", "https://a.example/", "a.example"] {
        let never_met = json!({"corsConfiguration": {"accessControlAllowOrigins": [origin]}});
        refused(&plane, &with("X", never_met), 400, 400, origin).await;
    }
    for method in ["get", "TRACE", "BLA"] {
        let never_told = json!({"corsConfiguration": {"accessControlAllowMethods": [method]}});
        refused(&plane, &with("X", never_told), 400, 400, method).await;
    }
    let any = json!({"corsConfiguration": {"accessControlAllowMethods": ["*"]}});
    plane.make(&with("Any", any)).await;
    let strip = json!([{"name": "strip_open_authorization", "value": "yes"}]);
    let meant = with("X", json!({"additionalProperties": strip}));
    refused(&plane, &meant, 400, 400, "true or false").await;
}

/// Rows: WSO2-6.1.16
#[tokio::test]
async fn one_version_of_an_api_is_the_default() {
    let plane = Plane::start().await;
    let first = plane.make(&with("HttpBin", json!({"isDefaultVersion": true}))).await;
    assert_eq!(first["isDefaultVersion"], true);
    let second = json!({"isDefaultVersion": true, "version": "v2"});
    plane.make(&with("HttpBin", second)).await;
    let path = at(&format!("/apis/{}", first["id"].as_str().unwrap()));
    let first = plane.get(&path).by_admin().send().await.expect(200);
    assert_eq!(first["isDefaultVersion"], false);
}

/// Rows: WSO2-6.1.17
#[tokio::test]
async fn audiences_are_kept() {
    let plane = Plane::start().await;
    let members = json!({"audience": "PUBLIC", "audiences": ["one", "two"]});
    let made = plane.make(&with("HttpBin", members)).await;
    assert_eq!(made["audience"], "PUBLIC");
    assert_eq!(made["audiences"], json!(["one", "two"]));
}

/// Rows: WSO2-6.1.18
#[tokio::test]
async fn what_only_we_set_is_taken_and_changes_nothing() {
    let plane = Plane::start().await;
    let members = json!({
        "id": "mine", "provider": "mallory", "lifeCycleStatus": "PUBLISHED", "isRevision": true,
        "revisionId": 7, "createdTime": "0", "lastUpdatedTime": "0", "workflowStatus": "x",
        "tags": ["a"], "additionalProperties": [{"name": "team", "value": "blue", "display": true}],
        "type": "HTTP", "gatewayType": "wso2/synapse",
    });
    let made = plane.make(&with("HttpBin", members)).await;
    assert_ne!(made["id"], "mine");
    assert_eq!(made["provider"], "admin");
    assert_eq!(made["lifeCycleStatus"], "CREATED");
    assert_eq!(made["isRevision"], false);
    assert_eq!(made["type"], "HTTP");
    assert_eq!(made["gatewayType"], "wso2/synapse");
    assert_eq!(made["tags"], json!(["a"]));
    assert_eq!(made["additionalPropertiesMap"]["team"]["value"], "blue");
    assert_eq!(made["createdTime"], plane.now());
}

/// Rows: WSO2-6.1
#[tokio::test]
async fn an_api_is_made_read_changed_and_taken_away() {
    let plane = Plane::start().await;
    let answer = plane.post(&at("/apis"), &api("HttpBin")).by_user("carla").send().await;
    let location = answer.header("location").unwrap().to_owned();
    assert_eq!(answer.header("etag"), Some("\"1\""));
    let made = answer.expect(201);
    assert_eq!(made["provider"], "carla");
    let path = at(&format!("/apis/{}", made["id"].as_str().unwrap()));
    assert_eq!(location, format!("https://localhost:9443{path}"));
    let read = plane.get(&path).by_user("paul").send().await.expect(200);
    assert_eq!(read, made);
    let mut changed = made.clone();
    changed["description"] = json!("new");
    changed["name"] = json!("Other");
    changed["version"] = json!("v9");
    changed["context"] = json!("/other");
    let answer = plane.put(&path, &changed).by_user("paul").send().await;
    assert_eq!(answer.header("etag"), Some("\"2\""));
    let updated = answer.expect(200);
    assert_eq!(updated["description"], "new");
    for member in ["id", "name", "version", "context", "provider", "operations"] {
        assert_eq!(updated[member], made[member], "{member}");
    }
    plane.delete(&path).by_user("carla").send().await.expect(200);
    plane.get(&path).by_admin().send().await.expect_error(404, 900_308, "not found");
}

#[tokio::test]
async fn what_was_read_can_be_written_back_and_nothing_is_lost() {
    let plane = Plane::start().await;
    let members = json!({
        "maxTps": {"productionTimeUnit": "SECOND"}, "enableSchemaValidation": false,
        "categories": ["a"], "responseCachingEnabled": false, "cacheTimeout": 300, "accessControl": "NONE",
        "advertiseInfo": {"advertised": false}, "egress": false,
        "operations": [{"target": "/a/{b}", "verb": "GET", "payloadSchema": "{}",
            "operationPolicies": {"request": [], "response": [], "fault": []}}],
        "businessInformation": {"businessOwner": "Jane"},
    });
    let made = plane.make(&with("HttpBin", members)).await;
    assert_eq!(made["maxTps"]["productionTimeUnit"], "SECOND");
    assert_eq!(made["operations"][0]["payloadSchema"], "{}");
    let path = at(&format!("/apis/{}", made["id"].as_str().unwrap()));
    let mut again = plane.put(&path, &made).by_admin().send().await.expect(200);
    for time in ["lastUpdatedTime", "lastUpdatedTimestamp"] {
        again[time] = made[time].clone();
    }
    assert_eq!(again, made);
}

/// Rows: WSO2-6.1.20, WSO2-6.1.21, WSO2-6.1.22
#[tokio::test]
async fn names_contexts_and_versions_are_taken_once() {
    let plane = Plane::start().await;
    plane.make(&api("HttpBin")).await;
    refused(&plane, &with("HTTPBIN", json!({"context": "/x"})), 409, 900_250, "case").await;
    refused(&plane, &with("Other", json!({"context": "/httpbin"})), 409, 900_251, "context").await;
    let other_case = with("Other", json!({"context": "/HttpBin", "version": "v7"}));
    refused(&plane, &other_case, 409, 900_251, "context").await;
    refused(&plane, &api("HttpBin"), 409, 900_300, "HttpBin-v1").await;
    plane.make(&with("HttpBin", json!({"version": "v2"}))).await;
}

#[tokio::test]
async fn a_path_belongs_to_one_api_however_its_context_spells_it() {
    let plane = Plane::start().await;
    plane.make(&api("HttpBin")).await;
    for (context, version) in
        [("/httpbin/{version}", "v1"), ("/{version}/v1", "httpbin"), ("/httpbin/v1", "v3")]
    {
        let same = with("Other", json!({"context": context, "version": version}));
        let said = format!("The API context {context} leads to the path /httpbin");
        refused(&plane, &same, 409, 900_251, &said).await;
    }
    plane.make(&with("Versioned", json!({"context": "/a/{version}/b"}))).await;
    let said = "The API context /a/v1 leads to the path /a/v1/b, which is one of the API Versioned, version v1";
    refused(
        &plane,
        &with("Other", json!({"context": "/a/v1", "version": "b"})),
        409,
        900_251,
        said,
    )
    .await;
}

/// Rows: WSO2-6.1.23
#[tokio::test]
async fn an_unknown_api_is_not_found() {
    let plane = Plane::start().await;
    for id in ["0", "00000000-0000-0000-0000-000000000000", "%27%20OR%201=1"] {
        let path = at(&format!("/apis/{id}"));
        let said = "Requested API with id";
        plane.get(&path).by_admin().send().await.expect_error(404, 900_308, said);
        let changed = with("X", json!({"operations": [{"target": "/", "verb": "GET"}]}));
        plane.put(&path, &changed).by_admin().send().await.expect_error(404, 900_308, said);
        plane.delete(&path).by_admin().send().await.expect_error(404, 900_308, said);
    }
}

/// Rows: WSO2-6.1.24
#[tokio::test]
async fn a_change_to_an_unknown_plan_is_refused() {
    let plane = Plane::start().await;
    let made = plane.make(&api("HttpBin")).await;
    let path = at(&format!("/apis/{}", made["id"].as_str().unwrap()));
    let mut changed = made.clone();
    changed["policies"] = json!(["Unlimited", "Platinum"]);
    let answer = plane.put(&path, &changed).by_admin().send().await;
    answer.expect_error(400, 900_305, "Platinum");
    refused(&plane, &with("Y", json!({"policies": ["Platinum"]})), 400, 900_305, "Platinum").await;
}

/// Rows: WSO2-6.1.25
#[tokio::test]
async fn a_change_leaves_at_least_one_operation() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    let path = at(&format!("/apis/{id}"));
    for operations in [json!([]), json!(null)] {
        let empty = with("HttpBin", json!({"operations": operations}));
        plane.put(&path, &empty).by_admin().send().await.expect_error(404, 900_763, "operation");
    }
}

/// Rows: WSO2-6.1.26
#[tokio::test]
async fn a_local_scope_belongs_to_one_api_in_all_its_versions() {
    let plane = Plane::start().await;
    let scopes = json!({"scopes": [{"scope": {"name": "mine"}}]});
    plane.make(&with("First", scopes.clone())).await;
    refused(&plane, &with("Second", scopes.clone()), 400, 900_988, "mine").await;
    let next = json!({"scopes": scopes["scopes"], "version": "v2"});
    plane.make(&with("First", next)).await;
}

/// Rows: WSO2-6.1.27
#[tokio::test]
async fn a_scope_is_bound_to_roles_there_are() {
    let plane = Plane::start().await;
    let role = json!({"scopes": [{"scope": {"name": "x", "bindings": ["emperor"]}}]});
    refused(&plane, &with("Third", role), 404, 903_250, "emperor").await;
}

/// Rows: WSO2-6.1.28
#[tokio::test]
async fn an_unknown_key_manager_is_refused_and_a_disabled_one_passes() {
    let plane = Plane::start().await;
    let unknown = with("X", json!({"keyManagers": ["nobody"]}));
    refused(&plane, &unknown, 400, 901_403, "nobody").await;
    key_manager(&plane, "off", false, json!({})).await;
    let made = plane.make(&with("X", json!({"keyManagers": ["off"]}))).await;
    assert_eq!(made["keyManagers"], json!(["off"]));
}

/// Rows: WSO2-6.1.29
#[tokio::test]
async fn an_api_with_subscriptions_stays() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    plane.subscribed(&id).await;
    let path = at(&format!("/apis/{id}"));
    plane.delete(&path).by_admin().send().await.expect_error(409, 409, "subscriptions");
    plane.get(&path).by_admin().send().await.expect(200);
}

#[tokio::test]
async fn a_change_that_names_an_older_version_is_refused() {
    let plane = Plane::start().await;
    let made = plane.make(&api("HttpBin")).await;
    let path = at(&format!("/apis/{}", made["id"].as_str().unwrap()));
    let put = |tag: &'static str| plane.put(&path, &made).by_admin().header("if-match", tag).send();
    put("\"1\"").await.expect(200);
    put("\"1\"").await.expect_error(412, 412, "");
    put("*").await.expect(200);
    let stale = plane.delete(&path).by_admin().header("if-match", "\"1\"").send().await;
    stale.expect_error(412, 412, "");
    plane.delete(&path).by_admin().header("if-match", "\"3\"").send().await.expect(200);
}

#[tokio::test]
async fn another_version_is_copied_from_one() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    plane.act(&id, "Publish").await.expect(200);
    let path = at(&format!("/apis/copy-api?newVersion=v2&defaultVersion=true&apiId={id}"));
    let copy = plane.call("POST", &path).by_admin().send().await.expect(201);
    assert_eq!(copy["version"], "v2");
    assert_eq!(copy["context"], "/httpbin");
    assert_eq!(copy["lifeCycleStatus"], "CREATED");
    assert_eq!(copy["isDefaultVersion"], true);
    plane.call("POST", &path).by_admin().send().await.expect_error(409, 900_300, "");
    let path = at(&format!("/apis/copy-api?newVersion=a%2Fb&apiId={id}"));
    plane.call("POST", &path).by_admin().send().await.expect_error(400, 400, "version");
    let path = at("/apis/copy-api?newVersion=v3");
    plane.call("POST", &path).by_admin().send().await.expect_error(400, 400, "");
}

#[tokio::test]
async fn the_audit_calls_what_is_gone_by_the_name_that_it_had() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    plane.subscribed(&id).await;
    let applications = "/api/am/devportal/v3/applications";
    let mine = plane.get(applications).by_user("sue").send().await.expect(200);
    let path = format!("{applications}/{}", mine["list"][0]["applicationId"].as_str().unwrap());
    plane.delete(&path).by_user("sue").send().await.expect(200);
    let called = async || {
        let path = "/api/phantom/v1/audit?entity=SUBSCRIPTION";
        plane.get(path).by_admin().send().await.expect(200)["list"][0]["name"].clone()
    };
    assert_eq!(called().await, "App (deleted) to HttpBin v1");
    plane.delete(&at(&format!("/apis/{id}"))).by_admin().send().await.expect(200);
    assert_eq!(called().await, "App (deleted) to HttpBin v1 (deleted)");
}

#[tokio::test]
async fn names_and_contexts_can_be_asked_for() {
    let plane = Plane::start().await;
    plane.made("HttpBin").await;
    for (query, status) in [
        ("name:HttpBin", 200),
        ("name:httpbin", 200),
        ("context:/httpbin", 200),
        ("HttpBin", 200),
        ("name:Http", 404),
        ("context:/http", 404),
        ("context:httpbin", 200),
    ] {
        let path = at(&format!("/apis/validate?query={query}"));
        plane.call("POST", &path).by_admin().send().await.expect(status);
    }
    plane.call("POST", &at("/apis/validate")).by_admin().send().await.expect(400);
}
