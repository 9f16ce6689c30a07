//! Section 4: what all REST operations have in common, and sections 0 and 3.3.

use serde_json::Value;
use serde_json::json;

use crate::support::Answer;
use crate::support::Plane;

const APPLICATIONS: &str = "/api/am/devportal/v3/applications";

/// Rows: WSO2-0.4, WSO2-0.5, WSO2-0.6
#[tokio::test]
async fn base_paths_have_a_bare_and_a_minor_spelling() {
    let plane = Plane::start().await;
    for path in [
        "/api/am/devportal/v3/applications",
        "/api/am/devportal/applications",
        "/api/am/devportal/v3.5/applications?limit=1",
        "/api/am/publisher/v4/apis",
        "/api/am/publisher/apis",
        "/api/am/publisher/v4.5/apis",
        "/api/am/admin/v4/key-managers",
        "/api/am/admin/key-managers",
        "/api/am/admin/v4.9/key-managers",
    ] {
        plane.get(path).by_admin().out_of_contract().send().await.expect(200);
    }
    for path in ["/api/am/admin/v5/key-managers", "/api/am/admin/v4./key-managers", "/api/am/x"] {
        let answer = plane.get(path).by_admin().out_of_contract().send().await;
        answer.expect_error(404, 404, "no such resource");
    }
}

/// Rows: WSO2-3.3.1, WSO2-3.3.3, WSO2-4.6
#[tokio::test]
async fn basic_and_bearer_are_both_taken_and_bad_ones_are_401() {
    let plane = Plane::start().await;
    let token = plane.token("sue", "sue-password", "apim:subscribe").await;
    plane.get(APPLICATIONS).bearer(&token).send().await.expect(200);
    plane.get(APPLICATIONS).by_user("sue").send().await.expect(200);
    let said = "{\"code\":401,\"message\":\"\",\"description\":\"Unauthenticated request\",\
                \"moreInfo\":\"\",\"error\":[]}\n";
    let calls = [
        plane.get(APPLICATIONS),
        plane.get(APPLICATIONS).bearer("unknown"),
        plane.get(APPLICATIONS).header("authorization", "Digest x"),
        plane.get(APPLICATIONS).header("authorization", "Basic !"),
        plane.get(APPLICATIONS).bearer(&token).bearer(&token),
        // A role without the scope is not 403.
        plane.get(APPLICATIONS).by_user("paul"),
    ];
    for call in calls {
        let answer = call.send().await;
        assert_eq!((answer.status.as_u16(), &*answer.text), (401, said));
    }
}

/// A browser keeps a password that it was asked for once, and sends it along with what any page asks for.
#[tokio::test]
async fn a_password_that_comes_along_with_another_sites_request_is_not_taken() {
    let plane = Plane::start().await;
    let token = plane.token("sue", "sue-password", "apim:subscribe").await;
    for (site, status) in
        [("cross-site", 401), ("same-site", 401), ("same-origin", 200), ("none", 200)]
    {
        let by_password = plane.get(APPLICATIONS).by_user("sue").header("sec-fetch-site", site);
        by_password.send().await.expect(status);
        let by_token = plane.get(APPLICATIONS).bearer(&token).header("sec-fetch-site", site);
        by_token.send().await.expect(200);
    }
}

#[tokio::test]
async fn json_answers_end_with_a_line_break() {
    let plane = Plane::start().await;
    for path in [APPLICATIONS, "/openapi.json", "/api/am/x", "/oauth2/jwks"] {
        let answer = plane.get(path).by_admin().out_of_contract().send().await;
        assert!(answer.text.ends_with("}\n"), "{path}: {:?}", answer.text);
        let length = answer.header("content-length").map(|length| length.parse::<usize>().unwrap());
        assert_eq!(length.unwrap_or(answer.text.len()), answer.text.len(), "{path}");
    }
}

#[tokio::test]
async fn the_description_of_all_operations_has_a_title_and_the_programs_version() {
    let plane = Plane::start().await;
    let document = plane.get("/openapi.json").out_of_contract().send().await.expect(200);
    assert_eq!(document["info"]["title"], "Phantom Gateway: control plane");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
}

/// Rows: WSO2-3.3.4
#[tokio::test]
async fn anonymous_reads_of_the_devportal_are_open_and_a_bad_token_is_still_bad() {
    let plane = Plane::start().await;
    for path in ["apis", "search?query=x", "throttling-policies/application", "tags", "tenants"] {
        let path = format!("/api/am/devportal/v3/{path}");
        assert_eq!(plane.get(&path).send().await.status, 200, "{path}");
        plane.get(&path).bearer("unknown").send().await.expect(401);
    }
}

#[tokio::test]
async fn a_token_loses_what_its_users_roles_lose() {
    let plane = Plane::start().await;
    let token = plane.token("sue", "sue-password", "apim:subscribe").await;
    let actor = phantom_store::Actor { name: "test".to_owned(), address: None };
    let mut write = plane.store.write(&actor, phantom_core::UnixTime::from_secs(1)).await.unwrap();
    let sue = write.user("sue").await.unwrap().unwrap();
    write.update_user(&phantom_store::UserRow { roles: Vec::new(), ..sue }).await.unwrap();
    write.commit().await.unwrap();
    plane.get(APPLICATIONS).bearer(&token).send().await.expect(401);
}

async fn raw(plane: &Plane, body: &[u8]) -> Answer {
    let call = plane.call("POST", APPLICATIONS).by_admin();
    call.raw("application/json", body.to_vec()).send().await
}

/// Rows: WSO2-4.1
#[tokio::test]
async fn malformed_json_is_refused() {
    let plane = Plane::start().await;
    let deep = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
    for (malformed, place) in [
        (&b"{"[..], "line 1, column 1."),
        (b"{\n  \"name\": nonsense}", "line 2, column 1"),
        (b"\xff\xfe", "line 1, column 1."),
        (b"{\"name\":1,\"name\":2}", "line 1, column 1"),
        (deep.as_bytes(), "line 1, column 1"),
    ] {
        let said = format!("Bad Request Malformed request body: {place}");
        raw(&plane, malformed).await.expect_error(400, 400, &said);
    }
}

/// Rows: WSO2-4.2
#[tokio::test]
async fn an_unknown_member_is_refused_by_its_name() {
    let plane = Plane::start().await;
    let unknown = raw(&plane, br#"{"name":"a","throttlingPolicy":"Unlimited","colour":1}"#).await;
    unknown.expect_error(400, 400, "Bad Request Unrecognized property 'colour'");
}

/// Rows: WSO2-4.3
#[tokio::test]
async fn values_outside_their_type_or_enumeration_are_refused() {
    let plane = Plane::start().await;
    let said = "Bad Request One or more request body parameters contain disallowed values.";
    for body in [
        &br#"{"name":{},"throttlingPolicy":"Unlimited"}"#[..],
        br#"{"name":"a","throttlingPolicy":7}"#,
        br#"{"name":"a","throttlingPolicy":"Unlimited","tokenType":"PAPER"}"#,
        br#"{"name":"a\u0000","throttlingPolicy":"Unlimited"}"#,
    ] {
        raw(&plane, body).await.expect_error(400, 400, said);
    }
}

/// Rows: WSO2-4.3
#[tokio::test]
async fn what_is_disallowed_is_named_with_what_is_allowed() {
    let plane = Plane::start().await;
    let api = |operation: Value| json!({"name": "A", "context": "a", "version": "1", "operations": [operation]});
    let denied = |kind: &str, value: Value| json!({"conditionType": kind, "conditionValue": value});
    for (path, body, named) in [
        (APPLICATIONS, json!([]), "The body must be an object"),
        (APPLICATIONS, json!({"name": 5}), "name: must be a string"),
        (
            APPLICATIONS,
            json!({"name": "a", "tokenType": "PAPER"}),
            "tokenType: must be one of JWT, OAUTH",
        ),
        (
            "/api/am/publisher/v4/apis",
            api(json!({"target": "/*", "verb": "FOO"})),
            "operations[0].verb: must be one of GET, POST, PUT, DELETE, PATCH, HEAD, OPTIONS",
        ),
        (
            "/api/am/publisher/v4/apis",
            json!({"accessControl": "SOME"}),
            "accessControl: must be one of NONE, RESTRICTED",
        ),
        (
            "/api/am/admin/v4/throttling/deny-policies",
            denied("FOO", json!("/a/1")),
            "conditionType: must be one of API, APPLICATION, IP, IPRANGE, USER",
        ),
        (
            "/api/am/admin/v4/throttling/deny-policies",
            denied("USER", json!(5)),
            "conditionValue: must be a string",
        ),
        ("/api/phantom/v1/revocations", json!({"token": 5}), "token: must be a string"),
    ] {
        let said = format!(
            "Bad Request One or more request body parameters contain disallowed values. {named}"
        );
        plane.post(path, &body).by_admin().send().await.expect_error(400, 400, &said);
    }
    let block = "/api/am/publisher/v4/subscriptions/block-subscription?subscriptionId=a";
    for (method, path, named) in [
        ("GET", format!("{APPLICATIONS}?limit=abc"), "limit: must be a whole number of 0 or more"),
        (
            "POST",
            format!("{block}&blockState=UNBLOCKED"),
            "blockState: must be one of BLOCKED, PROD_ONLY_BLOCKED",
        ),
        ("POST", block.to_owned(), "blockState: must be given"),
        (
            "GET",
            "/api/am/admin/v4/traffic/decisions?refused=1".to_owned(),
            "refused: must be true or false",
        ),
    ] {
        let said =
            format!("Bad Request One or more query parameters contain disallowed values. {named}");
        let call = plane.call(method, &path).by_admin().out_of_contract();
        call.send().await.expect_error(400, 400, &said);
    }
}

/// Rows: WSO2-4.4
#[tokio::test]
async fn an_empty_body_is_refused() {
    let plane = Plane::start().await;
    for empty in [&b""[..], b"  "] {
        let answer = raw(&plane, empty).await;
        answer.expect_error(400, 400, "Bad Request Request payload cannot be empty.");
    }
}

/// Rows: WSO2-4
#[tokio::test]
async fn bodies_too_long_or_of_another_type_are_refused() {
    let plane = Plane::start().await;
    raw(&plane, &vec![b' '; 2 * 1024 * 1024]).await.expect_error(413, 413, "1 MiB");
    let xml = plane.call("POST", APPLICATIONS).by_admin().raw("text/xml", "<a/>").send().await;
    xml.expect_error(415, 415, "application/json");
}

/// Rows: WSO2-4.9
#[tokio::test]
async fn a_wrong_method_and_a_duplicate_have_codes_of_their_own() {
    let plane = Plane::start().await;
    let method = plane.call("PATCH", APPLICATIONS).by_admin().send().await;
    method.expect_error(405, 405, "Method Not Allowed");
    let body = json!({"name": "once", "throttlingPolicy": "Unlimited"});
    plane.post(APPLICATIONS, &body).by_admin().send().await.expect(201);
    let twice = plane.post(APPLICATIONS, &body).by_admin().send().await;
    twice.expect_error(409, 409, "Resource Already Exists");
}

/// Rows: WSO2-4
#[tokio::test]
async fn strings_that_mean_something_elsewhere_are_text_here() {
    let plane = Plane::start().await;
    for name in ["'; DROP TABLE applications; --", "%_%", "<script>alert(1)</script>", "日本 🦀"]
    {
        let body = json!({"name": name, "throttlingPolicy": "Unlimited"});
        let made = plane.post(APPLICATIONS, &body).by_admin().send().await.expect(201);
        assert_eq!(made["name"], name);
        let query: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let found = plane.get(&format!("{APPLICATIONS}?query={query}")).by_admin().send().await;
        let found = found.expect(200);
        assert_eq!(found["count"], 1, "{found}");
        assert_eq!(found["list"][0]["name"], name);
    }
}

/// Rows: WSO2-4
#[tokio::test]
async fn lists_have_their_envelope_and_relative_links() {
    let plane = Plane::start().await;
    for at in 0..5 {
        let body = json!({"name": format!("app {at}"), "throttlingPolicy": "Unlimited"});
        plane.post(APPLICATIONS, &body).by_admin().send().await.expect(201);
    }
    let page = plane.get(&format!("{APPLICATIONS}?limit=2&offset=2&query=app"));
    let page = page.by_admin().send().await.expect(200);
    assert_eq!(page["count"], 2);
    let pagination = &page["pagination"];
    assert_eq!(pagination["total"], 5);
    assert_eq!(pagination["next"], "/applications?limit=2&offset=4&query=app");
    assert_eq!(pagination["previous"], "/applications?limit=2&offset=0&query=app");
    let whole = plane.get(APPLICATIONS).by_admin().send().await.expect(200);
    assert_eq!(whole["pagination"]["limit"], 25);
    assert_eq!(whole["pagination"]["next"], "");
    for bad in ["limit=x", "limit=-1", "limit=100000", "offset=99999999999999999999"] {
        let answer = plane.get(&format!("{APPLICATIONS}?{bad}")).by_admin().send().await;
        assert_eq!(answer.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn answers_are_not_kept_by_caches() {
    let plane = Plane::start().await;
    let answer = plane.get(APPLICATIONS).by_admin().send().await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}
