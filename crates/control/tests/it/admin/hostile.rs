//! Bodies that mean harm, at every operation that takes one.

use serde_json::json;

use super::*;

const TAKING: [(&str, &str); 8] = [
    ("POST", "/key-managers"),
    ("PUT", "/key-managers/0190f0f0-0000-7000-8000-000000000000"),
    ("POST", "/throttling/policies/application"),
    ("POST", "/throttling/policies/subscription"),
    ("POST", "/throttling/policies/advanced"),
    ("POST", "/throttling/policies/custom"),
    ("POST", "/throttling/deny-policies"),
    ("PATCH", "/throttling/deny-policy/0190f0f0-0000-7000-8000-000000000000"),
];

#[tokio::test]
async fn bodies_that_cannot_be_are_refused_everywhere() {
    let plane = Plane::start().await;
    let deep = format!("{}{}", r#"{"a":"#.repeat(5000), "1".to_owned() + &"}".repeat(5000));
    for (method, path) in TAKING {
        for (body, words) in [
            ("", "cannot be empty"),
            ("   ", "cannot be empty"),
            ("{", "Malformed"),
            ("\u{feff}{}", "Malformed"),
            (r#"{"a":1,"a":2}"#, "Malformed"),
            (deep.as_str(), "Malformed"),
            ("null", "disallowed"),
            ("\"x\"", "disallowed"),
            ("7", "disallowed"),
            (r#"{"__proto__":{}}"#, "Unrecognized property '__proto__'"),
            (r#"{"name":"a\u0000b"}"#, "disallowed"),
        ] {
            let call = plane.call(method, &at(path)).by_admin().raw("application/json", body);
            call.send().await.expect_error(400, 400, words);
        }
        let list = plane.call(method, &at(path)).by_admin().json(&json!([]));
        list.send().await.expect_error(400, 400, "disallowed");
        let bad =
            plane.call(method, &at(path)).by_admin().raw("application/json", vec![b'{', 0xff]);
        bad.send().await.expect_error(400, 400, "Malformed");
        let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(1024 * 1024));
        let long = plane.call(method, &at(path)).by_admin().raw("application/json", long);
        long.send().await.expect_error(413, 413, "");
        let xml = plane.call(method, &at(path)).by_admin().raw("application/xml", "<a/>");
        xml.send().await.expect_error(415, 415, "application/json");
    }
}

#[tokio::test]
async fn text_that_is_code_elsewhere_is_text_here() {
    let plane = Plane::start().await;
    for text in [
        "'; DROP TABLE key_managers; --",
        "\" OR \"\"=\"",
        "<script>alert(1)</script>",
        "{{7*7}} ${jndi:ldap://x}",
        "%s%n%x",
        "../../etc/passwd",
        "\u{202e}gnp.exe",
        "🙂\u{200d}",
    ] {
        let document = curity_with(&json!({
            "name": text, "displayName": text, "description": text,
            "additionalProperties": {"client_id": text, "expected_audience": text},
        }));
        let (body, path) = made(&plane, &document).await;
        assert_eq!(body["name"], text);
        assert_eq!(get(&plane, &path).await.expect(200), body);
        let limit = json!({"timeUnit": "min", "unitTime": 1, "requestCount": 30});
        let policy = json!({
            "policyName": text, "displayName": text, "description": text,
            "defaultLimit": {"type": "REQUESTCOUNTLIMIT", "requestCount": limit},
        });
        let policy = post(&plane, "/throttling/policies/application", &policy).await.expect(201);
        assert_eq!(policy["policyName"], text);
    }
    assert_eq!(get(&plane, "/key-managers").await.expect(200)["count"], 9);
}

#[tokio::test]
async fn every_member_of_a_wrong_type_is_refused() {
    let plane = Plane::start().await;
    let wrong = [json!(7), json!("x"), json!(true), json!([1]), json!({"a": [1]})];
    for (path, document) in [
        ("/key-managers", curity()),
        (
            "/throttling/policies/subscription",
            json!({
                "policyName": "p", "description": "d", "stopOnQuotaReach": true,
                "rateLimitCount": 1, "rateLimitTimeUnit": "sec", "billingPlan": "FREE",
                "permissions": {"permissionType": "ALLOW", "roles": []},
                "defaultLimit": {"type": "REQUESTCOUNTLIMIT", "requestCount":
                    {"timeUnit": "min", "unitTime": 1, "requestCount": 1}},
            }),
        ),
    ] {
        for (member, right) in document.as_object().unwrap() {
            for value in &wrong {
                let same_type = std::mem::discriminant(value) == std::mem::discriminant(right);
                // A property may have any name.
                if same_type && member != "permissions" && member != "certificates" {
                    continue;
                }
                let mut document = document.clone();
                document[member] = value.clone();
                let answer = post(&plane, path, &document).await;
                assert_eq!(answer.status, 400, "{member}: {value}: {}", answer.text);
            }
        }
    }
}
