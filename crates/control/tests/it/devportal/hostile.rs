//! What an attacker would send.

use serde_json::Value;
use serde_json::json;

use super::fixtures::application;
use super::fixtures::at;
use super::fixtures::key_manager;
use crate::support::Plane;

const TEXTS: [&str; 8] = [
    "'; DROP TABLE applications; --",
    "\" OR \"\"=\"",
    "<script>alert(1)</script>",
    "{{7*7}}${7*7}",
    "../../etc/passwd",
    "\u{202e}txt.exe",
    "名前 😀",
    "%00%0d%0aSet-Cookie: a=b",
];

#[tokio::test]
async fn odd_texts_are_kept_as_they_are_and_given_back_as_json() {
    let plane = Plane::start().await;
    for text in TEXTS {
        let body = json!({
            "name": text, "throttlingPolicy": "Unlimited", "description": text,
            "attributes": {text: text},
        });
        let made = plane.post(&at("/applications"), &body).by_user("sue").send().await;
        assert_eq!(made.header("content-type"), Some("application/json"));
        assert_eq!(made.header("x-content-type-options"), Some("nosniff"));
        let made = made.expect(201);
        assert_eq!((&made["name"], &made["attributes"]), (&json!(text), &json!({text: text})));
        let query: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let list = plane.get(&at(&format!("/applications?query={query}"))).by_user("sue");
        let list = list.send().await.expect(200);
        assert_eq!((&list["count"], &list["list"][0]["name"]), (&json!(1), &json!(text)));
    }
    let list = plane.get(&at("/applications")).by_user("sue").send().await.expect(200);
    assert_eq!(list["count"], TEXTS.len());
}

#[tokio::test]
async fn odd_ids_are_ids_of_nothing() {
    let plane = Plane::start().await;
    for id in [
        "x",
        "%27",
        "%00",
        "%3Cscript%3E",
        "..%2f..%2fetc",
        "00000000-0000-0000-0000-00000000000g",
        "%F0%9F%98%80",
        &"9".repeat(4000),
    ] {
        for path in ["/applications/", "/subscriptions/", "/apis/"] {
            let answer = plane.get(&at(&format!("{path}{id}"))).by_user("sue").send().await;
            assert!(!answer.text.contains("<script>") || answer.json.is_object());
            answer.expect_error(404, 404, "");
        }
    }
    let bad_utf8 = plane.get(&at("/applications/%ff")).by_user("sue").send().await;
    bad_utf8.expect_error(400, 400, "path");
}

#[tokio::test]
async fn bodies_that_are_no_objects_of_ours_are_refused() {
    let plane = Plane::start().await;
    key_manager(&plane, "curity", true, json!({})).await;
    let app = application(&plane, "sue", "App").await;
    let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let twice = r#"{"name":"a","name":"b","throttlingPolicy":"Unlimited"}"#;
    for path in [
        "/applications".to_owned(),
        format!("/applications/{app}/map-keys"),
        format!("/applications/{app}/generate-keys"),
        "/subscriptions".to_owned(),
        "/subscriptions/multiple".to_owned(),
    ] {
        for (body, why) in [
            ("", "empty"),
            (" \n", "empty"),
            ("{", "Malformed"),
            ("{} {}", "Malformed"),
            ("\u{feff}{}", "Malformed"),
            (&*deep, "Malformed"),
            (twice, "Malformed"),
            ("null", "disallowed"),
            ("7", "disallowed"),
            (r#"{"name":"a\u0000b"}"#, "disallowed"),
            (r#"{"a\u0000b":1}"#, "disallowed"),
        ] {
            let call = plane.call("POST", &at(&path)).by_user("sue");
            let answer = call.raw("application/json", body).send().await;
            answer.expect_error(400, 400, why);
        }
        let huge = format!("\"{}\"", "x".repeat(2 << 20));
        let call = plane.call("POST", &at(&path)).by_user("sue");
        call.raw("application/json", huge).send().await.expect_error(413, 413, "");
        let call = plane.call("POST", &at(&path)).by_user("sue");
        call.raw("text/xml", "<a/>").send().await.expect_error(415, 415, "");
    }
}

#[tokio::test]
async fn members_of_wrong_types_are_refused() {
    let plane = Plane::start().await;
    let app = application(&plane, "sue", "App").await;
    let wrong = [json!(1), json!(true), json!([]), json!({}), json!(1e300)];
    let valid = [
        ("/applications".to_owned(), json!({"name": "n", "throttlingPolicy": "Unlimited"})),
        (
            format!("/applications/{app}/map-keys"),
            json!({"consumerKey": "k", "keyType": "SANDBOX", "consumerSecret": "s", "keyManager": "m"}),
        ),
        (
            format!("/applications/{app}/generate-keys"),
            json!({"grantTypesToBeSupported": "x", "keyType": "SANDBOX", "callbackUrl": "s"}),
        ),
        (
            "/subscriptions".to_owned(),
            json!({"applicationId": app, "apiId": "x", "throttlingPolicy": "Unlimited"}),
        ),
    ];
    for (path, body) in valid {
        for member in body.as_object().unwrap().keys() {
            for value in wrong.iter().filter(|_| member != "grantTypesToBeSupported") {
                let mut body: Value = body.clone();
                body[member] = value.clone();
                let answer = plane.post(&at(&path), &body).by_user("sue").send().await;
                answer.expect_error(400, 400, "disallowed");
            }
        }
    }
}

#[tokio::test]
async fn a_query_is_bounded() {
    let plane = Plane::start().await;
    let long = "x".repeat(5000);
    for path in ["/applications", "/apis", "/search"] {
        let path = at(&format!("{path}?query={long}"));
        plane.get(&path).by_user("sue").send().await.expect_error(400, 400, "query");
    }
}
