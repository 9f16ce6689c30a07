//! Throttling policies of four levels, section 5.4.

use serde_json::json;

use super::*;

/// Custom rules are not run, and refused.
const LEVELS: [&str; 3] = ["application", "subscription", "advanced"];

fn collection(level: &str) -> String {
    format!("/throttling/policies/{level}")
}

/// A policy that the level accepts.
fn policy(level: &str) -> Value {
    let limit = json!({"timeUnit": "min", "unitTime": 1, "requestCount": 30});
    let limit = json!({"type": "REQUESTCOUNTLIMIT", "requestCount": limit});
    json!({"policyName": "30PerMin", "description": format!("of {level}"), "defaultLimit": limit})
}

fn policy_with(level: &str, changes: &Value) -> Value {
    let mut document = policy(level);
    merge(&mut document, changes);
    document
}

async fn defaults(level: &str) -> Vec<(String, Value)> {
    let plane = Plane::start().await;
    let list = get(&plane, &collection(level)).await.expect(200);
    let entries = list["list"].as_array().unwrap();
    assert_eq!(list["count"], entries.len());
    assert!(list.get("pagination").is_none());
    entries.iter().map(|e| (e["policyName"].as_str().unwrap().to_owned(), e.clone())).collect()
}

#[track_caller]
fn limits(policies: &[(String, Value)], expected: &[(&str, i64, &str)]) {
    let limits: Vec<(&str, i64, &str)> = policies
        .iter()
        .map(|(name, policy)| {
            let limit = &policy["defaultLimit"];
            let counted = match limit["type"].as_str().unwrap() {
                "EVENTCOUNTLIMIT" => &limit["eventCount"],
                _ => &limit["requestCount"],
            };
            assert_eq!(counted["unitTime"], 1);
            let count = counted.get("requestCount").or(counted.get("eventCount")).unwrap();
            (name.as_str(), count.as_i64().unwrap(), counted["timeUnit"].as_str().unwrap())
        })
        .collect();
    assert_eq!(limits, expected);
}

const UNLIMITED: i64 = 2_147_483_647;

/// Rows: WSO2-5.4.1
#[tokio::test]
async fn application_policies_out_of_the_box() {
    let policies = defaults("application").await;
    limits(
        &policies,
        &[
            ("10PerMin", 10, "min"),
            ("20PerMin", 20, "min"),
            ("50PerMin", 50, "min"),
            ("Unlimited", UNLIMITED, "min"),
        ],
    );
    assert!(policies.iter().all(|(_, policy)| policy["type"] == "ApplicationThrottlePolicy"));
}

/// Rows: WSO2-5.4.2
#[tokio::test]
async fn subscription_policies_out_of_the_box() {
    let policies = defaults("subscription").await;
    limits(
        &policies,
        &[
            ("AsyncBronze", 5000, "days"),
            ("AsyncGold", 50_000, "days"),
            ("AsyncSilver", 25_000, "days"),
            ("AsyncUnlimited", UNLIMITED, "days"),
            ("Bronze", 1000, "min"),
            ("DefaultSubscriptionless", 100_000, "min"),
            ("Gold", 5000, "min"),
            ("Silver", 2000, "min"),
            ("Unauthenticated", 500, "min"),
            ("Unlimited", UNLIMITED, "min"),
        ],
    );
    for (name, policy) in policies {
        assert_eq!(policy["stopOnQuotaReach"], true, "{name}");
        assert_eq!(policy["billingPlan"], "FREE", "{name}");
    }
}

/// Rows: WSO2-5.4.3
#[tokio::test]
async fn advanced_policies_out_of_the_box() {
    limits(
        &defaults("advanced").await,
        &[
            ("10KPerMin", 10_000, "min"),
            ("20KPerMin", 20_000, "min"),
            ("50KPerMin", 50_000, "min"),
            ("Unlimited", UNLIMITED, "min"),
        ],
    );
}

/// Rows: WSO2-5.4
#[tokio::test]
async fn policies_of_each_level_are_made_read_changed_and_deleted() {
    let plane = Plane::start().await;
    for level in LEVELS {
        let answer = post(&plane, &collection(level), &policy(level)).await;
        let location = answer.header("location").unwrap().to_owned();
        assert_eq!(answer.header("etag"), Some("\"1\""), "{level}");
        let made = answer.expect(201);
        let one = format!("{}/{}", collection(level), made["policyId"].as_str().unwrap());
        assert_eq!(location, at(&one), "{level}");
        assert_eq!(made["policyName"], "30PerMin", "{level}");
        assert_eq!(made["displayName"], "30PerMin", "{level}");
        assert_eq!(made["isDeployed"], true, "{level}");
        assert_eq!(get(&plane, &one).await.expect(200), made, "{level}");

        let renamed = policy_with(level, &json!({"policyName": "other", "description": "new"}));
        let changed = put(&plane, &one, &renamed).await.expect(200);
        assert_eq!(changed["description"], "new", "{level}");
        assert_eq!(changed["policyName"], "30PerMin", "a name never changes");
        // What comes back can be sent again.
        put(&plane, &one, &changed).await.expect(200);

        let stale = plane.put(&at(&one), &policy(level)).by_admin().header("if-match", "\"1\"");
        stale.send().await.expect_error(412, 412, "another version");
        let gone = delete(&plane, &one).await;
        assert_eq!(gone.text, "");
        gone.expect(200);
        get(&plane, &one).await.expect_error(404, 404, "not found");
    }
}

/// Rows: WSO2-5.4
#[tokio::test]
async fn an_unknown_policy_is_not_found() {
    let plane = Plane::start().await;
    let list = get(&plane, &collection("application")).await.expect(200);
    let of_another_level = id_of(&list, "policyName", "10PerMin", "policyId");
    for id in ["0190f0f0-0000-7000-8000-000000000000", "10PerMin", &of_another_level] {
        let one = format!("{}/{id}", collection("advanced"));
        get(&plane, &one).await.expect_error(404, 404, "not found");
        put(&plane, &one, &policy("advanced")).await.expect_error(404, 404, "not found");
        delete(&plane, &one).await.expect_error(404, 404, "not found");
    }
}

/// Rows: WSO2-5.4
#[tokio::test]
async fn a_name_that_is_taken_is_refused() {
    let plane = Plane::start().await;
    for level in LEVELS {
        post(&plane, &collection(level), &policy(level)).await.expect(201);
        post(&plane, &collection(level), &policy(level)).await.expect_error(409, 409, "30PerMin");
    }
}

/// Rows: WSO2-5.4
#[tokio::test]
async fn an_unknown_limit_type_has_its_own_code() {
    let plane = Plane::start().await;
    for level in ["application", "subscription", "advanced"] {
        for kind in ["SOMELIMIT", "", "requestcountlimit"] {
            let document = policy_with(level, &json!({"defaultLimit": {"type": kind}}));
            let answer = post(&plane, &collection(level), &document).await;
            answer.expect_error(400, 900960, "not supported");
        }
    }
}

/// Rows: WSO2-5.4
#[tokio::test]
async fn limits_are_counts_in_a_time() {
    let plane = Plane::start().await;
    let limit = |changes: Value| json!({"defaultLimit": {"requestCount": changes}});
    for (changes, words) in [
        (limit(json!({"requestCount": 0})), "between 1"),
        (limit(json!({"requestCount": -1})), "between 1"),
        (limit(json!({"requestCount": 9_007_199_254_740_992_u64})), "between 1"),
        (limit(json!({"requestCount": 1e300})), "disallowed"),
        (limit(json!({"requestCount": "5"})), "disallowed"),
        (limit(json!({"requestCount": 1.5})), "disallowed"),
        (limit(json!({"unitTime": 0})), "unitTime"),
        (limit(json!({"unitTime": 1_000_001})), "unitTime"),
        (limit(json!({"timeUnit": "fortnight"})), "disallowed"),
        (limit(json!({"timeUnit": null})), "timeUnit"),
        (limit(json!({"perUser": true})), "Unrecognized property 'perUser'"),
        (json!({"defaultLimit": null}), "defaultLimit"),
        (json!({"defaultLimit": {"type": "BANDWIDTHLIMIT"}}), "defaultLimit.bandwidth"),
        (json!({"defaultLimit": {"type": "EVENTCOUNTLIMIT"}}), "defaultLimit.eventCount"),
        (json!({"policyName": ""}), "policyName"),
        (json!({"policyName": "  "}), "policyName"),
        (json!({"policyName": "x".repeat(61)}), "policyName"),
        (json!({"displayName": "x".repeat(513)}), "displayName"),
        (json!({"description": "x".repeat(1025)}), "description"),
        (json!({"type": "CustomRule"}), "type"),
        (json!({"surprise": 1}), "Unrecognized property 'surprise'"),
    ] {
        for level in ["application", "subscription", "advanced"] {
            let answer = post(&plane, &collection(level), &policy_with(level, &changes)).await;
            answer.expect_error(400, 400, words);
        }
    }
    for unit in ["sec", "min", "hour", "hours", "day", "days"] {
        let changes = json!({
            "policyName": unit, "defaultLimit": {"requestCount": {"timeUnit": unit}},
        });
        let body = policy_with("application", &changes);
        let body = post(&plane, &collection("application"), &body).await.expect(201);
        assert_eq!(body["defaultLimit"]["requestCount"]["timeUnit"], unit);
        assert_eq!(body["defaultLimit"]["bandwidth"], json!(null));
    }
}

/// Rows: WSO2-5.4
#[tokio::test]
async fn subscription_policies_have_bursts_plans_and_permissions() {
    let plane = Plane::start().await;
    let path = collection("subscription");
    let full = json!({
        "rateLimitCount": 5, "rateLimitTimeUnit": "sec", "stopOnQuotaReach": false,
        "billingPlan": "FREE", "subscriberCount": 0, "graphQLMaxComplexity": 0,
        "graphQLMaxDepth": 0, "customAttributes": [{"name": "a", "value": "b"}],
        "permissions": {"permissionType": "DENY", "roles": ["Internal/creator"]},
        "monetization": {"monetizationPlan": "FIXEDRATE", "properties": {}},
    });
    let body = post(&plane, &path, &policy_with("subscription", &full)).await.expect(201);
    for (member, value) in full.as_object().unwrap() {
        assert_eq!(&body[member], value, "{member}");
    }
    for (changes, words) in [
        (json!({"rateLimitCount": 5}), "rateLimitTimeUnit"),
        (json!({"rateLimitCount": 5, "rateLimitTimeUnit": "NA"}), "rateLimitTimeUnit"),
        (json!({"rateLimitCount": -2}), "rateLimitCount"),
        (json!({"billingPlan": "CHEAP"}), "disallowed"),
        (json!({"subscriberCount": -1}), "subscriberCount"),
        (json!({"permissions": {"permissionType": "ALLOW", "roles": ["x"]}}), "x does not exist"),
        (json!({"permissions": {"permissionType": "PUBLIC", "roles": []}}), "disallowed"),
        (json!({"customAttributes": vec![json!({"name": "a", "value": "b"}); 51]}), "at most 50"),
    ] {
        let answer = post(&plane, &path, &policy_with("subscription", &changes)).await;
        answer.expect_error(400, 400, words);
    }
}

/// Rows: WSO2-5.4
#[tokio::test]
async fn application_policies_have_bursts_and_advanced_ones_conditions() {
    let plane = Plane::start().await;
    let burst = json!({"burstLimit": {"rateLimitCount": 10, "rateLimitTimeUnit": "min"}});
    let body = policy_with("application", &burst);
    let body = post(&plane, &collection("application"), &body).await.expect(201);
    assert_eq!(body["burstLimit"], burst["burstLimit"]);

    let limit = policy("advanced")["defaultLimit"].clone();
    let group = |condition: Value| {
        json!({"conditionalGroups": [{
            "description": "one", "conditions": [condition], "limit": limit,
        }]})
    };
    let header = json!({"headerName": "Host", "headerValue": "10.100.7.77"});
    for (changes, words) in [
        (group(json!({"type": "HEADERCONDITION", "headerCondition": header})), "not in force"),
        (group(json!({"type": "IPCONDITION", "headerCondition": header})), "of its type"),
        (group(json!({"type": "MOODCONDITION"})), "disallowed"),
        (json!({"conditionalGroups": [{"conditions": []}]}), "limit"),
    ] {
        let answer =
            post(&plane, &collection("advanced"), &policy_with("advanced", &changes)).await;
        answer.expect_error(400, 400, words);
    }
}

/// Rows: WSO2-5.4
#[tokio::test]
async fn a_policy_in_use_or_fallen_back_on_is_not_deleted() {
    let plane = Plane::start().await;
    for level in ["application", "subscription", "advanced"] {
        let list = get(&plane, &collection(level)).await.expect(200);
        let id = id_of(&list, "policyName", "Unlimited", "policyId");
        let answer = delete(&plane, &format!("{}/{id}", collection(level))).await;
        answer.expect_error(409, 409, "the default");
    }
    let application = json!({"name": "CurityApp", "throttlingPolicy": "10PerMin"});
    let path = "/api/am/devportal/v3/applications";
    let answer = plane.post(path, &application).by_admin().out_of_contract().send().await;
    answer.expect(201);
    let list = get(&plane, &collection("application")).await.expect(200);
    let id = id_of(&list, "policyName", "10PerMin", "policyId");
    let answer = delete(&plane, &format!("{}/{id}", collection("application"))).await;
    answer.expect_error(409, 409, "in use");
}

#[tokio::test]
async fn policies_of_all_levels_are_found_by_type_and_name() {
    let plane = Plane::start().await;
    let found = async |query: &str| -> Vec<String> {
        let path = format!("/throttling/policies/search?query={query}");
        let list = get(&plane, &path).await.expect(200);
        let entries = list["list"].as_array().unwrap().iter();
        entries
            .map(|e| {
                format!("{}:{}", e["type"].as_str().unwrap(), e["policyName"].as_str().unwrap())
            })
            .collect()
    };
    assert_eq!(found("type:global").await, [""; 0]);
    assert_eq!(found("type:app%20name:50").await, ["app:50PerMin"]);
    assert_eq!(found("gold").await, ["sub:AsyncGold", "sub:Gold"]);
    assert_eq!(found("type:all").await.len(), 18);
    assert_eq!(found("").await.len(), 18);
    assert_eq!(found("%27%20OR%201=1").await.len(), 0);
    for query in ["type:other", "color:red"] {
        let path = format!("/throttling/policies/search?query={query}");
        get(&plane, &path).await.expect_error(400, 400, "query");
    }
}
