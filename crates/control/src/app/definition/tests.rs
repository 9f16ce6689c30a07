use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::app::apis::Api;
use crate::app::apis::document::ApiDocument;
use crate::app::apis::document::AuthType;
use crate::app::apis::document::OperationDocument;
use crate::app::apis::document::Verb;

fn parse(text: &str) -> Result<Definition, InvalidDefinition> {
    Definition::parse(text.as_bytes())
}

fn minimal(paths: &serde_json::Value) -> Definition {
    let info = json!({"title": "T", "version": "v1"});
    Definition::of(json!({"openapi": "3.0.1", "info": info, "paths": paths})).unwrap()
}

/// An API of these operations.
fn api(operations: Vec<OperationDocument>) -> Api {
    let document = json!({
        "displayName": null, "description": null, "isDefaultVersion": false, "audience": null,
        "audiences": [], "transport": ["https"], "tags": [], "policies": [],
        "apiThrottlingPolicy": null, "authorizationHeader": "X-Token", "apiKeyHeader": "ApiKey",
        "securityScheme": ["oauth2"], "visibility": "PUBLIC", "visibleRoles": [],
        "additionalProperties": [], "businessInformation": {},
        "corsConfiguration": {"corsConfigurationEnabled": true},
        "endpointConfig": {"production_endpoints": {"url": "https://backend.example"}},
        "scopes": [{"name": "a:b", "displayName": null, "description": "d",
            "bindings": ["Internal/creator"], "shared": false}],
        "operations": [], "keyManagers": ["all"], "others": {}, "definition": null,
    });
    let mut document = ApiDocument::read(&document).unwrap();
    document.operations = operations;
    let now = phantom_core::UnixTime::from_millis(0);
    let row = phantom_store::ApiRow {
        id: Uuid::nil(),
        name: "HttpBin".to_owned(),
        version_name: "v1".to_owned(),
        context: "/httpbin".to_owned(),
        provider: "admin".to_owned(),
        state: "CREATED".to_owned(),
        document: serde_json::Value::Null,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    Api { row, document }
}

#[test]
fn json_and_yaml_mean_the_same() {
    let json = parse(r#"{"openapi":"3.0.1","info":{"title":"T","version":"v1"},"paths":{}}"#);
    let yaml = parse("openapi: 3.0.1\ninfo:\n  title: T\n  version: v1\npaths: {}\n");
    assert_eq!(json.unwrap(), yaml.unwrap());
}

#[test]
fn what_is_no_definition_is_refused() {
    let info = r#""info":{"title":"T","version":"v1"}"#;
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100), "]".repeat(100));
    let bombs = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n\
        c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n\
        e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n";
    for (text, error) in [
        (String::new(), InvalidDefinition::Empty),
        ("[1]".to_owned(), InvalidDefinition::Unreadable),
        ("{".to_owned(), InvalidDefinition::Unreadable),
        ("a: b: c".to_owned(), InvalidDefinition::Unreadable),
        (r#"{"swagger":"2.0"}"#.to_owned(), InvalidDefinition::Swagger2),
        (format!(r#"{{"openapi":"4.0.0",{info},"paths":{{}}}}"#), InvalidDefinition::Version),
        (format!(r#"{{{info},"paths":{{}}}}"#), InvalidDefinition::Version),
        (r#"{"openapi":"3.0.1","paths":{}}"#.to_owned(), InvalidDefinition::Member("info.title")),
        (format!(r#"{{"openapi":"3.0.1",{info}}}"#), InvalidDefinition::Member("paths")),
        (
            format!(r#"{{"openapi":"3.0.1",{info},"paths":{{"/a":1}}}}"#),
            InvalidDefinition::Member("paths"),
        ),
        (deep, InvalidDefinition::TooLarge),
        (bombs.to_owned(), InvalidDefinition::Unreadable),
        (" ".repeat(MAX_DEFINITION + 1), InvalidDefinition::TooLong),
        (r#"{"a":"\u0000"}"#.to_owned(), InvalidDefinition::Unreadable),
    ] {
        assert_eq!(parse(&text), Err(error), "{}", text.chars().take(60).collect::<String>());
    }
    assert_eq!(Definition::parse(&[0xff]), Err(InvalidDefinition::Unreadable));
}

#[test]
fn extensions_of_operations_are_read() {
    let definition = minimal(&json!({"/a": {
        "get": {"x-auth-type": "None", "x-throttling-tier": "10KPerMin"},
        "post": {"security": [{"other": ["x"]}, {"default": ["s", "t", "s"]}]},
        "trace": {}, "parameters": [],
    }}));
    let operations = describe(&definition).unwrap().operations;
    assert_eq!(operations.len(), 2);
    assert_eq!(operations[0].auth_type, Some(AuthType::None));
    assert_eq!(operations[0].throttling_policy.as_deref(), Some("10KPerMin"));
    assert_eq!(operations[1].verb, Some(Verb::Post));
    assert_eq!(operations[1].auth_type, None);
    assert_eq!(operations[1].scopes.as_deref().unwrap(), ["s", "t"]);
}

#[test]
fn an_extension_of_the_wrong_type_is_refused_not_passed_over() {
    for operation in [json!({"x-auth-type": "none"}), json!({"x-throttling-tier": 1}), json!(1)] {
        let definition = minimal(&json!({"/a": {"get": operation}}));
        assert!(describe(&definition).is_err());
    }
}

#[test]
fn what_is_written_says_all_of_the_api() {
    let api = api(vec![OperationDocument {
        id: "1".to_owned(),
        target: "/orders/{id}".to_owned(),
        verb: Verb::Get,
        auth_type: AuthType::ApplicationAndApplicationUser,
        throttling_policy: "Unlimited".to_owned(),
        scopes: vec!["a:b".to_owned()],
        others: serde_json::Map::new(),
    }]);
    let written = write(&api, "https://localhost:9443/oauth2/authorize");
    assert_eq!(written["info"]["title"], "HttpBin");
    assert_eq!(written["x-wso2-basePath"], "/httpbin/v1");
    assert_eq!(written["x-wso2-auth-header"], "X-Token");
    assert_eq!(written["x-wso2-transports"], json!(["https"]));
    assert_eq!(
        written["x-wso2-production-endpoints"],
        json!({"urls": ["https://backend.example"], "type": "http"})
    );
    assert!(written.get("x-wso2-sandbox-endpoints").is_none());
    let operation = &written["paths"]["/orders/{id}"]["get"];
    assert_eq!(operation["security"], json!([{"default": ["a:b"]}]));
    assert_eq!(operation["x-auth-type"], "Application & Application User");
    assert_eq!(operation["parameters"][0]["name"], "id");
    let flow = &written["components"]["securitySchemes"]["default"]["flows"]["implicit"];
    assert_eq!(flow["scopes"], json!({"a:b": "d"}));
    assert_eq!(flow["x-scopes-bindings"], json!({"a:b": "Internal/creator"}));
}

#[test]
fn what_the_owner_wrote_stays_and_operations_that_are_gone_go() {
    let mut api = api(vec![OperationDocument {
        id: "1".to_owned(),
        target: "/a".to_owned(),
        verb: Verb::Get,
        auth_type: AuthType::None,
        throttling_policy: "Unlimited".to_owned(),
        scopes: Vec::new(),
        others: serde_json::Map::new(),
    }]);
    let owned = minimal(&json!({
        "/a": {"summary": "s", "get": {"operationId": "x"}, "post": {}}, "/b": {"get": {}},
    }));
    api.document.definition = Some(owned.into_value());
    let written = write(&api, "https://localhost/");
    assert_eq!(written["paths"]["/a"]["summary"], "s");
    assert_eq!(written["paths"]["/a"]["get"]["operationId"], "x");
    assert_eq!(written["paths"]["/a"]["get"]["security"], json!([]));
    assert!(written["paths"]["/a"].get("post").is_none());
    assert!(written["paths"].get("/b").is_none());
}

fn operation() -> impl Strategy<Value = OperationDocument> {
    let auth_type = prop_oneof![
        Just(AuthType::None),
        Just(AuthType::Any),
        Just(AuthType::Application),
        Just(AuthType::ApplicationUser),
        Just(AuthType::ApplicationAndApplicationUser),
    ];
    let target = "(/[a-z]{1,4}|/\\{[a-z]{1,4}\\}){1,4}(/\\*)?";
    let scopes = proptest::collection::btree_set("[a-z:]{1,5}", 0..3);
    let verb = prop::sample::select(Verb::ALL.to_vec());
    (target, verb, auth_type, scopes).prop_map(|(target, verb, auth_type, scopes)| {
        OperationDocument {
            id: String::new(),
            target,
            verb,
            // Open operations name no scopes in a definition.
            scopes: if auth_type.is_open() { Vec::new() } else { scopes.into_iter().collect() },
            auth_type,
            throttling_policy: "Unlimited".to_owned(),
            others: serde_json::Map::new(),
        }
    })
}

proptest! {
    #[test]
    fn operations_come_back_as_they_were_written(
        operations in proptest::collection::vec(operation(), 1..20),
    ) {
        let mut unique: Vec<OperationDocument> = Vec::new();
        for each in operations {
            if !unique.iter().any(|o| o.target == each.target && o.verb == each.verb) {
                unique.push(each);
            }
        }
        let written = write(&api(unique.clone()), "https://localhost/");
        let described = describe(&Definition::of(written).unwrap()).unwrap();
        prop_assert_eq!(described.operations.len(), unique.len());
        for operation in unique {
            let same = described.operations.iter().find(|each| {
                each.target.as_deref() == Some(&operation.target) && each.verb == Some(operation.verb)
            });
            let same = same.unwrap();
            prop_assert_eq!(same.auth_type, Some(operation.auth_type));
            prop_assert_eq!(same.scopes.as_deref().unwrap(), operation.scopes.as_slice());
        }
        prop_assert_eq!(described.scopes.len(), 1);
        prop_assert_eq!(described.base_path.as_deref(), Some("/httpbin/v1"));
    }

    #[test]
    fn no_text_is_too_strange_for_the_parser(text in ".{0,300}") {
        let _ = parse(&text);
    }
}
