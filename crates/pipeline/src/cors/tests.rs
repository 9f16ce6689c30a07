use std::sync::Arc;

use phantom_core::quota::Rate;

use super::*;
use crate::Answer;
use crate::Route;
use crate::Snapshot;
use crate::admit::Party;
use crate::admit::RateLimit;
use crate::testing::KeyManager;
use crate::testing::Request;
use crate::testing::Says;
use crate::testing::World;
use crate::testing::methods;
use crate::testing::protected;
use crate::testing::route;
use crate::testing::secs;
use crate::testing::snapshot;
use crate::testing::statement;

const SPA: (&str, &str) = ("origin", "https://spa.example");
const ASKS_PUT: (&str, &str) = ("access-control-request-method", "PUT");

fn spa() -> Cors {
    Cors {
        origins: AllowedOrigins::Listed(Box::new([SPA.1.into()])),
        methods: "GET, PUT".into(),
        headers: "authorization".into(),
        expose: "www-authenticate".into(),
        credentials: true,
        max_age_seconds: 600,
    }
}

fn with_cors(curity: &KeyManager) -> Snapshot {
    snapshot([Route {
        cors: Some(Arc::new(spa())),
        access: protected("read"),
        ..route("r", "/", &[curity])
    }])
}

fn allowed_origin(answer: &Answer) -> Option<&str> {
    answer.value("access-control-allow-origin")
}

/// Rows: COR-1
#[tokio::test]
async fn a_true_preflight_is_answered_from_the_allow_list_without_a_token() {
    let world = World::new();
    let curity = world.key_manager("curity");
    let snapshot = with_cors(&curity);
    let fields = [SPA, ASKS_PUT];
    let preflight = Request { method: "OPTIONS", ..Request::get("/x", &fields) };
    let decision = world.decide(&snapshot, preflight).await;
    assert_eq!(decision.reason(), None);
    let answer = decision.answered();
    assert_eq!((answer.status, allowed_origin(&answer)), (204, Some(SPA.1)));
    assert_eq!(answer.value("access-control-allow-methods"), Some("GET, PUT"));
    assert_eq!(answer.value("access-control-allow-headers"), Some("authorization"));
    assert_eq!(answer.value("access-control-max-age"), Some("600"));
    let other = [("origin", "https://evil.example"), ASKS_PUT];
    let answer = world.decide(&snapshot, Request { fields: &other, ..preflight }).await.answered();
    assert_eq!(answer.fields, [("vary", "Origin".to_owned())], "not listed: nothing is allowed");
}

/// Rows: COR-1, PITFALL-27
#[tokio::test]
async fn any_other_options_needs_a_token() {
    let world = World::new();
    let curity = world.key_manager("curity");
    let origin_twice = [SPA, SPA, ASKS_PUT];
    let with_policy = with_cors(&curity);
    for fields in [&[][..], &[SPA], &[ASKS_PUT], &origin_twice] {
        let options = Request { method: "OPTIONS", ..Request::get("/", fields) };
        assert_eq!(world.status(&with_policy, options).await, 401, "{fields:?}");
    }
    // Without a policy there is no preflight; and no other method is one.
    let without = snapshot([route("r", "/", &[&curity])]);
    let fields = [SPA, ASKS_PUT];
    let preflight = Request { method: "OPTIONS", ..Request::get("/", &fields) };
    assert_eq!(world.status(&without, preflight).await, 401);
    assert_eq!(world.status(&with_policy, Request::get("/", &fields)).await, 401);
}

/// Rows: COR-1
#[tokio::test]
async fn a_preflight_belongs_to_the_route_of_the_method_it_asks_for() {
    let world = World::new();
    let curity = world.key_manager("curity");
    let with = |name: &str, list: &[&str], cors: Option<Cors>| {
        let mut route = Route { cors: cors.map(Arc::new), ..route(name, "/", &[&curity]) };
        route.matcher.methods = methods(list);
        route
    };
    let puts = Cors { methods: "PUT".into(), ..spa() };
    let snapshot = snapshot([
        with("get", &["GET"], Some(Cors { methods: "GET".into(), ..spa() })),
        with("put", &["PUT"], Some(puts)),
        with("post", &["POST", "OPTIONS"], None),
    ]);
    let ask = async |method: &str| {
        let fields = [SPA, ("access-control-request-method", method)];
        let preflight = Request { method: "OPTIONS", ..Request::get("/", &fields) };
        world.decide(&snapshot, preflight).await.answered()
    };
    assert_eq!(ask("PUT").await.value("access-control-allow-methods"), Some("PUT"));
    assert_eq!(ask("HEAD").await.value("access-control-allow-methods"), Some("GET"));
    assert_eq!(ask("POST").await.status, 401, "that route has no policy");
    // No route serves it: the list that the browser gets does not hold it.
    assert_eq!(ask("DELETE").await.value("access-control-allow-methods"), Some("GET"));
}

/// Rows: COR-2
#[test]
fn only_listed_origins_are_echoed_byte_for_byte() {
    let cors = spa();
    let value = |origin: Option<&str>, name: &str| {
        let fields = cors.fields_for(origin.map(str::as_bytes));
        let value = fields.iter().find(|(field, _)| *field == name);
        value.map(|(_, value)| value.clone())
    };
    for origin in [
        None,
        Some("null"),
        Some(""),
        Some("*"),
        Some("https://SPA.example"),
        Some("https://spa.example/"),
        Some("https://spa.example.evil"),
        Some("http://spa.example"),
        Some("https://spa.example, https://spa.example"),
    ] {
        assert_eq!(value(origin, "access-control-allow-origin"), None, "{origin:?}");
        assert_eq!(value(origin, "access-control-allow-credentials"), None, "{origin:?}");
        assert_eq!(value(origin, "vary").as_deref(), Some("Origin"), "{origin:?}");
    }
    let listed = Some(SPA.1);
    assert_eq!(value(listed, "access-control-allow-origin").as_deref(), listed);
    assert_eq!(value(listed, "access-control-allow-credentials").as_deref(), Some("true"));
    assert_eq!(value(listed, "vary").as_deref(), Some("Origin"));
}

/// Rows: COR-2
#[test]
fn a_pattern_covers_the_hosts_below_its_own_and_no_other_origin() {
    let patterns = ["https://*.example.com", "http://*.localhost:3000", "https://spa.example"];
    let cors = Cors { origins: AllowedOrigins::Listed(patterns.map(Box::from).into()), ..spa() };
    let named = |origin: &str| {
        let fields = cors.fields_for(Some(origin.as_bytes()));
        let field = fields.iter().find(|(name, _)| *name == "access-control-allow-origin");
        field.map(|(_, value)| value.clone())
    };
    for origin in [
        "https://app.example.com",
        "https://a.b-1.example.com",
        "http://app.localhost:3000",
        "https://spa.example",
    ] {
        assert_eq!(named(origin).as_deref(), Some(origin));
    }
    for origin in [
        "https://example.com",
        "https://.example.com",
        "https://a..example.com",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://appexample.com",
        "https://app.example.com.evil",
        "https://evil/.example.com",
        "https://evil?.example.com",
        "https://evil@.example.com",
        "https://evil:1.example.com",
        "https://*.example.com",
        "https://APP.example.com",
        "https://app.localhost:3000",
        "null",
        "",
    ] {
        assert_eq!(named(origin), None, "{origin}");
    }
    let odd = AllowedOrigins::Listed(Box::new(["*.example.com".into(), "https://*".into()]));
    let cors = Cors { origins: odd, ..spa() };
    for origin in ["https://app.example.com", "a.example.com", "https://a"] {
        assert_eq!(cors.fields_for(Some(origin.as_bytes())).len(), 1, "{origin}");
    }
}

/// Rows: COR-2
#[test]
fn a_policy_of_defaults_allows_no_origin() {
    for origin in [None, Some(&b"null"[..]), Some(b""), Some(b"https://spa.example")] {
        let fields = Cors::default().fields_for(origin);
        assert_eq!(fields, [("vary", "Origin".to_owned())], "{origin:?}");
    }
}

/// Rows: COR-2
#[test]
fn any_origin_never_comes_with_credentials() {
    let cors = Cors { origins: AllowedOrigins::Any, ..spa() };
    for origin in [None, Some(&b"null"[..]), Some(b"https://evil.example")] {
        let fields = cors.fields_for(origin);
        assert!(fields.contains(&("access-control-allow-origin", "*".to_owned())));
        assert!(fields.iter().all(|(name, _)| *name != "access-control-allow-credentials"));
        // One answer for all origins: nothing to vary by.
        assert_eq!(fields, cors.fields_for(None));
    }
}

/// Rows: COR-3
#[tokio::test]
async fn every_refusal_on_a_route_carries_its_cors_fields() {
    let world = World::new();
    let curity = world.key_manager("curity");
    curity.says("weak", Says::Active(statement("")));
    curity.says("good", Says::Active(statement("read")));
    curity.says("down", Says::Unavailable);
    curity.says("odd", Says::Misbehaved);
    let rate_limit = Some(RateLimit::new(Rate::new(1, secs(60)).unwrap(), Party::Client));
    let mut get = Route {
        cors: Some(Arc::new(spa())),
        access: protected("read"),
        rate_limit,
        ..route("r", "/", &[&curity])
    };
    get.matcher.methods = methods(&["GET"]);
    let snapshot = snapshot([get]);
    let good = [("authorization", "Bearer good")];
    assert_eq!(world.status(&snapshot, Request::get("/", &good)).await, 200);
    for (method, token, status) in [
        ("GET", "Bearer unknown", 401),
        ("GET", "Bearer", 400),
        ("GET", "Bearer weak", 403),
        ("GET", "Bearer down", 503),
        ("GET", "Bearer odd", 502),
        ("GET", "Bearer good", 429),
        ("POST", "Bearer good", 405),
    ] {
        let fields = [("authorization", token), SPA];
        let request = Request { method, ..Request::get("/", &fields) };
        let answer = world.decide(&snapshot, request).await.answered();
        assert_eq!(answer.status, status);
        assert_eq!(allowed_origin(&answer), Some(SPA.1), "{status}");
        assert_eq!(answer.value("vary"), Some("Origin"), "{status}");
        assert_eq!(
            answer.value("access-control-expose-headers"),
            Some("www-authenticate"),
            "{status}"
        );
    }
}
