//! Managed APIs: where a request goes, and what it is told before anybody asks for its token.

use std::sync::Arc;

use phantom_core::DenyReason;
use phantom_core::catalog::ApiState;
use phantom_core::catalog::Catalog;
use phantom_core::catalog::CorsPolicy;
use phantom_core::catalog::ManagedApi;
use phantom_core::catalog::OperationSecurity;
use phantom_core::catalog::Transports;
use serde_json::json;

use crate::Entry;
use crate::ErrorFormat;
use crate::Snapshot;
use crate::testing::Request;
use crate::testing::managed::BEARER;
use crate::testing::managed::Gateway;
use crate::testing::managed::api;
use crate::testing::managed::catalog;
use crate::testing::managed::operation;
use crate::testing::public_route;
use crate::testing::snapshot;
use crate::trace::Steps;

const ASKS_POST: (&str, &str) = ("access-control-request-method", "POST");
const ORIGIN: (&str, &str) = ("origin", "https://spa.example");

fn options<'a>(path: &'a str, fields: &'a [(&'a str, &'a str)]) -> Request<'a> {
    Request { method: "OPTIONS", ..Request::get(path, fields) }
}

fn cors(origins: &[&str], credentials: bool) -> Option<CorsPolicy> {
    Some(CorsPolicy {
        origins: origins.iter().map(|origin| (*origin).into()).collect(),
        headers: vec!["Authorization".into(), "apikey".into()],
        methods: vec!["GET".into(), "POST".into(), "PUT".into()],
        credentials,
    })
}

/// A control plane of before that rule may have published it: the token would go on to the backend.
#[tokio::test]
async fn an_api_whose_token_would_come_in_a_field_that_is_passed_on_is_not_served() {
    for (field, is_served) in [("X-Token", true), ("Via", false), ("X-Forwarded-For", false)] {
        let gateway = Gateway::with_api(|api| api.authorization_header = field.into());
        let name = field.to_ascii_lowercase();
        let decision = gateway.get("/httpbin/v1/get", &[(&name, BEARER.1)]).await;
        let refused = decision.reason();
        assert_eq!(
            refused == Some(DenyReason::ApiMisconfigured),
            !is_served,
            "{field}: {refused:?}"
        );
    }
}

/// Rows: WSO2-8.2
#[tokio::test]
async fn the_endpoint_takes_the_place_of_context_and_version() {
    let gateway = Gateway::with_api(|api| api.default_path = Some("/httpbin".into()));
    for (path, query, expected) in [
        ("/httpbin/v1/get", None, "production.example:80/base/get"),
        (
            "/httpbin/v1/a%2Cb/c%20d/",
            Some("x=%20&x"),
            "production.example:80/base/a%2Cb/c%20d/?x=%20&x",
        ),
        ("/httpbin/v1", None, "production.example:80/base"),
        ("/httpbin/v1/", None, "production.example:80/base/"),
        ("/httpbin/get", None, "production.example:80/base/get"),
        ("/httpbin/v2/get", None, "production.example:80/base/v2/get"),
    ] {
        let forward = gateway.forwarded(path).await;
        assert_eq!(forward.destination(path, query), expected, "{path}");
        assert_eq!(forward.matched.name(), "httpbin:v1");
    }
}

/// Rows: WSO2-8.1.0, WSO2-8.8.12
#[tokio::test]
async fn a_path_without_an_api_is_404_before_authentication() {
    let gateway = Gateway::new();
    for path in ["/", "/httpbin", "/httpbin/v2/get", "/httpbin//v1/get", "/HTTPBIN/v1/get"] {
        let request = Request { entry: Entry::Apis, ..Request::get(path, &[]) };
        let answer = gateway.decide(request).await.answered();
        assert_eq!(
            (answer.status, &*answer.body),
            (
                404,
                r#"{"code":"404","type":"Status report","message":"Not Found","description":"The requested resource is not available."}"#
            ),
            "{path}"
        );
        assert!(answer.value("www-authenticate").is_none());
    }
}

/// Rows: WSO2-8.1.2, WSO2-8.8.13, WSO2-8.8.14
#[tokio::test]
async fn no_such_resource_or_verb_is_told_before_authentication() {
    let gateway = Gateway::with_api(|api| api.operations.truncate(1));
    let decision = gateway.get("/httpbin/v1/other", &[]).await;
    assert_eq!(decision.reason(), Some(DenyReason::NoResource));
    assert_eq!(
        &*decision.answered().body,
        r#"{"code":"404","type":"Status report","message":"Runtime Error","description":"No matching resource found for given API Request"}"#
    );
    for method in ["POST", "HEAD", "OPTIONS"] {
        let request = Request { method, ..Request::get("/httpbin/v1/get", &[]) };
        let answer = gateway.decide(request).await.answered();
        assert_eq!(
            (answer.status, &*answer.body, answer.value("allow")),
            (
                405,
                r#"{"code":"405","type":"Status report","message":"Runtime Error","description":"Method not allowed for given API resource"}"#,
                Some("GET")
            ),
            "{method}"
        );
    }
}

/// Rows: WSO2-8.8.5
#[tokio::test]
async fn no_resource_is_the_404_of_row_13_with_a_token_too_and_never_900906() {
    let gateway = Gateway::with_api(|api| api.operations.truncate(1));
    for fields in [&[][..], &[BEARER]] {
        let answer = gateway.get("/httpbin/v1/other", fields).await.answered();
        assert_eq!(answer.code(), (404, "404".to_owned()));
    }
}

/// Rows: WSO2-8.1.3, WSO2-8.8.15
#[tokio::test]
async fn a_blocked_api_is_503_with_or_without_a_token() {
    let gateway = Gateway::with_api(|api| api.state = ApiState::Blocked);
    for fields in [&[][..], &[BEARER]] {
        let decision = gateway.get("/httpbin/v1/get", fields).await;
        assert_eq!(decision.reason(), Some(DenyReason::ApiBlocked));
        let answer = decision.answered();
        assert_eq!(
            (answer.status, &*answer.body),
            (
                503,
                r#"{"code":"700700","type":"API blocked","message":"API blocked","description":"This API has been blocked temporarily. Please try again later or contact the system administrators."}"#
            )
        );
    }
    assert!(gateway.curity().server.asked().is_empty());
}

/// Rows: WSO2-8.8.16
#[tokio::test]
async fn a_transport_that_is_not_enabled_is_403() {
    for (transports, tls, name) in [
        (Transports { http: false, https: true }, false, "http"),
        (Transports { http: true, https: false }, true, "https"),
    ] {
        let gateway = Gateway::with_api(|api| api.transports = transports);
        let request = |tls| Request { tls, ..Request::get("/httpbin/v1/get", &[BEARER]) };
        let answer = gateway.decide(request(tls)).await.answered();
        assert_eq!(answer.status, 403);
        assert_eq!(
            answer.document(),
            json!({
                "code": "403",
                "type": "Status report",
                "message": "Forbidden",
                "description": format!(
                    "Unsupported Transport [ {name} ]. The requested resource is not available."
                ),
            })
        );
        gateway.decide(request(!tls)).await.forwarded();
    }
}

/// Rows: WSO2-8.1
#[tokio::test]
async fn failures_come_in_the_order_of_the_steps() {
    // Everything is wrong with the last request; each step taken away shows the next.
    let mut wrong = api();
    wrong.state = ApiState::Blocked;
    wrong.transports = Transports { http: false, https: true };
    wrong.production_endpoint = None;
    let gateway =
        Gateway::of(Catalog { apis: vec![Arc::new(wrong)], applications: Vec::new(), ..catalog() });
    let ask = async |tls, method, path| {
        let request =
            Request { method, tls, ..Request::get(path, &[("authorization", "Bearer x")]) };
        gateway.decide(request).await.reason()
    };
    assert_eq!(ask(false, "PUT", "/nowhere").await, Some(DenyReason::NoRoute));
    assert_eq!(ask(false, "PUT", "/httpbin/v1/get").await, Some(DenyReason::HttpNotEnabled));
    assert_eq!(ask(true, "PUT", "/httpbin/v1/get").await, Some(DenyReason::MethodNotAllowed));
    assert_eq!(ask(true, "GET", "/httpbin/v1/get").await, Some(DenyReason::ApiBlocked));
}

/// Rows: WSO2-8.9
#[tokio::test]
async fn a_preflight_is_answered_200_with_the_verbs_of_the_resource() {
    let gateway = Gateway::with_api(|api| api.cors = cors(&["*"], false));
    let fields = [ORIGIN, ASKS_POST];
    let decision = gateway.decide(options("/httpbin/v1/get", &fields)).await;
    assert_eq!(decision.reason(), None);
    let answer = decision.answered();
    assert_eq!(
        answer.fields,
        [
            ("access-control-allow-origin", "*".to_owned()),
            ("access-control-allow-methods", "GET, POST".to_owned()),
            ("access-control-allow-headers", "Authorization, apikey".to_owned()),
        ]
    );
    assert_eq!((answer.status, &*answer.body), (200, ""));
    // An origin is not needed for it; the method asked for is.
    assert_eq!(
        gateway.world.status(&gateway.snapshot, options("/httpbin/v1/get", &[ASKS_POST])).await,
        200
    );
    for (methods, told) in [
        (&["GET"][..], "GET"),
        (&["PUT", "POST"], "POST"),
        (&["PUT"], ""),
        (&[], ""),
        (&["*"], "GET, POST"),
    ] {
        let gateway = Gateway::with_api(|api| {
            let methods = methods.iter().map(|method| (*method).into()).collect();
            api.cors = cors(&["*"], false).map(|cors| CorsPolicy { methods, ..cors });
        });
        let answer = gateway.decide(options("/httpbin/v1/get", &fields)).await.answered();
        assert_eq!(answer.value("access-control-allow-methods"), Some(told), "{methods:?}");
    }
    let answer = gateway.decide(options("/httpbin/v1/get", &[ORIGIN])).await.answered();
    assert_eq!(answer.code(), (405, "405".to_owned()));
    assert_eq!(answer.value("access-control-allow-origin"), Some("*"));
    let nowhere = Gateway::with_api(|api| {
        api.operations.truncate(1);
        api.cors = cors(&["*"], false);
    });
    assert_eq!(
        nowhere.world.status(&nowhere.snapshot, options("/httpbin/v1/x", &fields)).await,
        404
    );
}

/// Rows: WSO2-8.9
#[tokio::test]
async fn an_options_operation_goes_to_the_backend_like_any_other() {
    let gateway = Gateway::with_api(|api| {
        api.cors = cors(&["*"], false);
        api.operations.push(operation("OPTIONS", "/get"));
    });
    let fields = [ORIGIN, ASKS_POST];
    assert_eq!(gateway.decide(options("/httpbin/v1/get", &fields)).await.answered().status, 401);
    let fields = [ORIGIN, ASKS_POST, BEARER];
    gateway.decide(options("/httpbin/v1/get", &fields)).await.forwarded();
}

/// Rows: WSO2-8.9
#[tokio::test]
async fn without_a_policy_there_is_no_preflight_and_no_field() {
    let gateway = Gateway::new();
    let answer = gateway.decide(options("/httpbin/v1/get", &[ORIGIN, ASKS_POST])).await.answered();
    assert_eq!((answer.status, answer.value("access-control-allow-origin")), (405, None));
}

/// Rows: WSO2-8.9
#[tokio::test]
async fn faults_carry_the_origin_and_one_not_listed_is_just_not_named() {
    let listed = Gateway::with_api(|api| api.cors = cors(&["https://spa.example"], true));
    let evil = ("origin", "https://evil.example");
    for (path, fields, status) in [
        ("/httpbin/v1/get", &[][..], 401),
        ("/httpbin/v1/get", &[("authorization", "Bearer bad")], 401),
    ] {
        let with = |origin| [&[origin], fields].concat();
        let answer = listed.get(path, &with(ORIGIN)).await.answered();
        assert_eq!(answer.status, status);
        assert_eq!(answer.value("access-control-allow-origin"), Some(ORIGIN.1));
        assert_eq!(answer.value("access-control-allow-credentials"), Some("true"));
        assert_eq!(answer.value("vary"), Some("Origin"));
        let answer = listed.get(path, &with(evil)).await.answered();
        assert_eq!((answer.status, answer.value("access-control-allow-origin")), (status, None));
    }
    let forward = listed.get("/httpbin/v1/get", &[evil, BEARER]).await.forwarded();
    assert!(
        forward.matched.cors().is_some(),
        "the request goes on, and its answer names no origin"
    );
    let blocked = Gateway::with_api(|api| {
        (api.state, api.cors) = (ApiState::Blocked, cors(&["*"], false));
    });
    let answer = blocked.get("/httpbin/v1/get", &[]).await.answered();
    assert_eq!(answer.value("access-control-allow-origin"), Some("*"));
}

/// Rows: WSO2-8.9
#[tokio::test]
async fn with_credentials_any_origin_is_echoed_and_never_a_star() {
    let gateway = Gateway::with_api(|api| api.cors = cors(&["*"], true));
    let answer = gateway.get("/httpbin/v1/get", &[ORIGIN]).await.answered();
    assert_eq!(answer.value("access-control-allow-origin"), Some(ORIGIN.1));
    assert_eq!(answer.value("access-control-allow-credentials"), Some("true"));
    assert_eq!(answer.value("vary"), Some("Origin"));
    for fields in [&[][..], &[("origin", "https://a\u{e9}.example")], &[("origin", "a b")]] {
        let answer = gateway.get("/httpbin/v1/get", fields).await.answered();
        assert_eq!(answer.value("access-control-allow-origin"), None, "{fields:?}");
    }
}

/// Rows: WSO2-8.9
#[tokio::test]
async fn the_apis_own_credential_field_is_allowed_to_browsers() {
    let gateway = Gateway::with_api(|api| {
        (api.cors, api.authorization_header) = (cors(&["*"], false), "x-token".into());
    });
    let answer = gateway.decide(options("/httpbin/v1/get", &[ASKS_POST])).await.answered();
    let headers = answer.value("access-control-allow-headers");
    assert_eq!(headers, Some("Authorization, apikey, x-token"));
}

/// Rows: WSO2-8.11.6
#[tokio::test]
async fn the_health_check_tells_whether_apis_are_loaded() {
    let gateway = Gateway::new();
    let waiting = Snapshot::default();
    for method in ["GET", "HEAD"] {
        for entry in [Entry::All, Entry::Apis] {
            let request = Request { method, entry, ..Request::get(Snapshot::HEALTH_PATH, &[]) };
            assert_eq!(gateway.world.status(&waiting, request).await, 503);
            assert_eq!(gateway.world.status(&gateway.snapshot, request).await, 200);
        }
    }
    let routes = Request { entry: Entry::Routes, ..Request::get(Snapshot::HEALTH_PATH, &[]) };
    assert_eq!(gateway.world.status(&gateway.snapshot, routes).await, 404);
    let post = Request { method: "POST", ..Request::get(Snapshot::HEALTH_PATH, &[]) };
    assert_eq!(gateway.world.status(&gateway.snapshot, post).await, 404);
}

#[tokio::test]
async fn a_listener_serves_routes_first_or_routes_alone_or_apis_alone() {
    let file = snapshot([public_route("file", "/httpbin/v1/get"), public_route("other", "/file")]);
    let file = Snapshot { error_format: ErrorFormat::Problem, ..file };
    let open = ManagedApi {
        operations: vec![phantom_core::catalog::Operation {
            security: OperationSecurity::Open,
            ..operation("GET", "/*")
        }],
        ..api()
    };
    let gateway = Gateway::beside(file, &Catalog { apis: vec![Arc::new(open)], ..catalog() });
    let at = async |entry, path| {
        let request = Request { entry, ..Request::get(path, &[]) };
        match gateway.decide(request).await {
            crate::Decision::Forward(forward) => forward.matched.name().to_owned(),
            crate::Decision::Answer { answer, .. } => {
                answer.value("content-type").unwrap().to_owned()
            }
        }
    };
    let (all, apis, routes) = (Entry::All, Entry::Apis, Entry::Routes);
    assert_eq!(at(all, "/httpbin/v1/get").await, "file");
    assert_eq!(at(all, "/httpbin/v1/x").await, "httpbin:v1");
    assert_eq!(at(all, "/file").await, "other");
    assert_eq!(at(all, "/none").await, "application/problem+json");
    assert_eq!(at(apis, "/httpbin/v1/get").await, "httpbin:v1");
    assert_eq!(at(apis, "/file").await, "application/json");
    assert_eq!(at(routes, "/httpbin/v1/get").await, "file");
    assert_eq!(at(routes, "/httpbin/v1/x").await, "application/problem+json");
}

#[tokio::test]
async fn an_explanation_names_each_hop_and_no_secret() {
    let gateway = Gateway::new();
    let mut steps = Steps::default();
    let request = Request::get("/httpbin/v1/get", &[BEARER]);
    gateway.world.traced(&gateway.snapshot, request, &mut steps).await.forwarded();
    let hops: Vec<&str> = steps.0.iter().map(|step| step.hop).collect();
    let expected = [
        "api",
        "resource",
        "credential",
        "election",
        "exchange",
        "application",
        "subscription",
        "authorize",
        "quota",
        "edits",
    ];
    assert_eq!(hops, expected);
    let told = format!("{steps:?}");
    assert!(!told.contains("t0ken") && !told.contains("claim-value"), "{told}");
}
