//! Who may call what, section 3.4.

use serde_json::json;

use super::*;

/// What a token of admin's with this scope is answered for a call.
async fn status(plane: &Plane, scope: &str, method: &str, path: &str) -> u16 {
    let token = plane.token("admin", "admin", scope).await;
    let call = plane.call(method, &at(path)).bearer(&token);
    let call = if method == "POST" { call.json(&json!({})) } else { call };
    call.send().await.status.as_u16()
}

/// Rows: WSO2-3.4.14
#[tokio::test]
async fn key_managers_need_their_scopes() {
    let plane = Plane::start().await;
    let one = "/key-managers/0190f0f0-0000-7000-8000-000000000000";
    for scope in ["apim:admin", "apim:admin_operations", "apim:keymanagers_manage"] {
        assert_eq!(status(&plane, scope, "GET", "/key-managers").await, 200, "{scope}");
        assert_eq!(status(&plane, scope, "POST", "/key-managers").await, 400, "{scope}");
        assert_eq!(status(&plane, scope, "GET", one).await, 404, "{scope}");
        let may_delete = scope != "apim:keymanagers_manage";
        let expected = if may_delete { 404 } else { 401 };
        assert_eq!(status(&plane, scope, "DELETE", one).await, expected, "{scope}");
    }
    for scope in ["apim:subscribe", "apim:admin_settings", "apim:tier_manage"] {
        assert_eq!(status(&plane, scope, "GET", "/key-managers").await, 401, "{scope}");
        assert_eq!(status(&plane, scope, "POST", "/key-managers/discover").await, 401, "{scope}");
    }
}

/// Rows: WSO2-3.4.15
#[tokio::test]
async fn throttling_needs_its_scopes() {
    let plane = Plane::start().await;
    let policies = "/throttling/policies/application";
    let deny = "/throttling/deny-policies";
    for (scope, read, write, read_deny, write_deny) in [
        ("apim:admin", 200, 400, 200, 400),
        ("apim:tier_view", 200, 401, 401, 401),
        ("apim:admin_tier_view", 200, 401, 401, 401),
        ("apim:tier_manage", 401, 400, 401, 401),
        ("apim:admin_tier_manage", 401, 400, 401, 401),
        ("apim:bl_view", 401, 401, 200, 401),
        ("apim:bl_manage", 401, 401, 401, 400),
    ] {
        assert_eq!(status(&plane, scope, "GET", policies).await, read, "{scope}");
        assert_eq!(status(&plane, scope, "POST", policies).await, write, "{scope}");
        assert_eq!(status(&plane, scope, "GET", deny).await, read_deny, "{scope}");
        assert_eq!(status(&plane, scope, "POST", deny).await, write_deny, "{scope}");
    }
}

/// Rows: WSO2-3.4.16
#[tokio::test]
async fn settings_and_environments_need_their_scopes() {
    let plane = Plane::start().await;
    for (scope, settings, list, one) in [
        ("apim:admin", 200, 200, 200),
        ("apim:admin_settings", 200, 401, 401),
        ("apim:environment_read", 401, 200, 401),
        ("apim:environment_manage", 401, 401, 200),
    ] {
        assert_eq!(status(&plane, scope, "GET", "/settings").await, settings, "{scope}");
        assert_eq!(status(&plane, scope, "GET", "/environments").await, list, "{scope}");
        assert_eq!(status(&plane, scope, "GET", "/environments/Default").await, one, "{scope}");
    }
}

/// Rows: WSO2-12.9
#[tokio::test]
async fn nobody_and_others_get_401() {
    let plane = Plane::start().await;
    for path in ["/key-managers", "/settings", "/environments", "/throttling/policies/custom"] {
        plane.get(&at(path)).send().await.expect_error(401, 401, "Unauthenticated request");
        let sue = plane.get(&at(path)).by_user("sue").send().await;
        sue.expect_error(401, 401, "Unauthenticated request");
    }
}
