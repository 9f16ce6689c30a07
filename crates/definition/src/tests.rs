use std::collections::BTreeSet;

use super::*;
use phantom_core::json::Fault;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

fn parse(text: &str) -> Result<Definition, InvalidDefinition> {
    Definition::parse(text.as_bytes())
}

fn minimal(paths: &serde_json::Value) -> Definition {
    let info = json!({"title": "T", "version": "v1"});
    Definition::of(json!({"openapi": "3.0.1", "info": info, "paths": paths})).unwrap()
}

/// An API of these operations, with what its owner wrote.
fn written(operations: &[OperationDocument], definition: Option<&Value>, url: &str) -> Value {
    let scope = ScopeDocument {
        name: "a:b".to_owned(),
        display_name: None,
        description: Some("d".to_owned()),
        bindings: vec!["Internal/creator".to_owned()],
        shared: false,
    };
    let cors = CorsDocument { cors_configuration_enabled: true, ..CorsDocument::default() };
    let api = Offered {
        name: "HttpBin",
        version: "v1",
        path: "/httpbin/v1",
        description: None,
        definition,
        operations,
        scopes: &[scope],
        authorization_header: "X-Token",
        cors: &cors,
        transports: &[Transport::Https],
        production_endpoint: Some("https://backend.example"),
        sandbox_endpoint: None,
    };
    write(&api, url)
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
        ("[1]".to_owned(), InvalidDefinition::NoObject),
        ("hello world".to_owned(), InvalidDefinition::NoObject),
        (
            "{".to_owned(),
            InvalidDefinition::UnreadableAt { fault: Fault::Syntax, line: 1, column: 1 },
        ),
        (
            "a: b: c".to_owned(),
            InvalidDefinition::UnreadableAt { fault: Fault::Syntax, line: 1, column: 5 },
        ),
        (
            "a:\n  b: 1\n c: 2".to_owned(),
            InvalidDefinition::UnreadableAt { fault: Fault::Syntax, line: 3, column: 2 },
        ),
        (r#"{"swagger":"1.2"}"#.to_owned(), InvalidDefinition::Version),
        (r#"{"swagger":"2.0"}"#.to_owned(), InvalidDefinition::Member("info.title")),
        (
            format!(r#"{{"openapi":"3.0.1","openapi":"3.0.1",{info},"paths":{{}}}}"#),
            InvalidDefinition::UnreadableAt { fault: Fault::Duplicate, line: 1, column: 36 },
        ),
        (format!(r#"{{"openapi":"4.0.0",{info},"paths":{{}}}}"#), InvalidDefinition::Version),
        (format!(r#"{{{info},"paths":{{}}}}"#), InvalidDefinition::Version),
        (r#"{"openapi":"3.0.1","paths":{}}"#.to_owned(), InvalidDefinition::Member("info.title")),
        (format!(r#"{{"openapi":"3.0.1",{info}}}"#), InvalidDefinition::Member("paths")),
        (
            format!(r#"{{"openapi":"3.0.1",{info},"paths":{{"/a":1}}}}"#),
            InvalidDefinition::Member("paths"),
        ),
        (deep, InvalidDefinition::TooLarge),
        (
            bombs.to_owned(),
            InvalidDefinition::UnreadableAt { fault: Fault::TooDeep, line: 6, column: 5 },
        ),
        (" ".repeat(MAX_DEFINITION + 1), InvalidDefinition::TooLong),
        (r#"{"a":"\u0000"}"#.to_owned(), InvalidDefinition::Nul),
    ] {
        assert_eq!(parse(&text), Err(error), "{}", text.chars().take(60).collect::<String>());
    }
    assert_eq!(Definition::parse(&[0xff]), Err(InvalidDefinition::Encoding));
}

#[test]
fn extensions_of_operations_are_read() {
    let definition = minimal(&json!({"/a": {
        "get": {"x-auth-type": "None", "x-throttling-tier": "10KPerMin"},
        "post": {"security": [{"default": ["s", "t", "s"]}]},
        "trace": {}, "parameters": [],
    }}));
    let operations = describe(&definition).unwrap().operations;
    assert_eq!(operations.len(), 2);
    assert_eq!(operations[0].auth_type, AuthType::None);
    assert_eq!(operations[0].throttling_policy, "10KPerMin");
    assert_eq!(operations[1].verb, Verb::Post);
    assert_eq!(operations[1].auth_type, AuthType::default());
    assert_eq!(operations[1].scopes, ["s", "t"]);
}

/// Schemes of all kinds, and what operations ask of them.
fn protected() -> serde_json::Value {
    json!({
        "openapi": "3.0.1",
        "info": {"title": "T", "version": "v1"},
        "security": [{"shop": ["read"]}],
        "components": {"securitySchemes": {
            "shop": {"type": "oauth2", "flows": {
                "implicit": {"authorizationUrl": "https://as.example", "scopes": {"read": "Look"}},
                "clientCredentials": {"tokenUrl": "https://as.example",
                    "scopes": {"read": "", "write": "Change"},
                    "x-scopes-bindings": {"read": "Internal/subscriber"}},
            }},
            "alias": {"$ref": "#/components/securitySchemes/shop"},
            "oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://as.example"},
            "key": {"type": "apiKey", "in": "header", "name": "x"},
        }},
        "paths": {"/a": {
            "get": {},
            "put": {"security": [{"shop": ["write"], "key": []}, {"oidc": ["profile"]}]},
            "post": {"security": [{"alias": ["write"]}]},
            "delete": {"security": [{"unknown": ["root"]}]},
            "patch": {"security": [{"key": ["role"]}]},
            "head": {"security": []},
        }},
    })
}

#[test]
fn scopes_of_every_scheme_count_as_do_those_that_are_only_asked_for() {
    let described = describe(&Definition::of(protected()).unwrap()).unwrap();
    for (verb, scopes) in [
        (Verb::Get, &["read"][..]),
        (Verb::Put, &["write", "profile"]),
        (Verb::Post, &["write"]),
        (Verb::Delete, &["root"]),
        (Verb::Patch, &[]),
        (Verb::Head, &[]),
    ] {
        let mut operations = described.operations.iter();
        let operation = operations.find(|operation| operation.verb == verb).unwrap();
        assert_eq!(operation.scopes, scopes, "{verb:?}");
    }
    let named: Vec<_> = described.scopes.iter().map(|scope| scope.name.as_str()).collect();
    assert_eq!(named, ["read", "write", "profile", "root"]);
    let read = &described.scopes[0];
    assert_eq!(read.description.as_deref(), Some("Look"));
    assert_eq!(read.bindings.as_deref().unwrap(), ["Internal/subscriber"]);
}

#[test]
fn protection_that_is_not_understood_is_refused_not_passed_over() {
    for (pointer, value) in [
        ("/security", json!({"shop": ["read"]})),
        ("/security", json!(["shop"])),
        ("/paths/~1a/get", json!({"security": [{"shop": "read"}]})),
        ("/paths/~1a/get", json!({"security": [{"shop": [1]}]})),
        ("/components/securitySchemes", json!([])),
        ("/components/securitySchemes/shop/flows", json!([])),
        ("/components/securitySchemes/shop/flows/implicit/scopes", json!(["read"])),
    ] {
        let mut definition = protected();
        *definition.pointer_mut(pointer).unwrap() = value;
        assert!(describe(&Definition::of(definition).unwrap()).is_err(), "{pointer}");
    }
}

#[test]
fn what_wso2_wrote_before_of_scopes_counts() {
    let mut definition = protected();
    definition["x-wso2-security"] = json!({"apim": {"x-wso2-scopes": [
        {"key": "old", "name": "Old", "description": "d", "roles": "admin, Internal/creator"},
    ]}});
    definition["paths"]["/a"]["head"]["x-scope"] = json!("old");
    let described = describe(&Definition::of(definition).unwrap()).unwrap();
    let old = described.scopes.iter().find(|scope| scope.name == "old").unwrap();
    assert_eq!(old.bindings.as_deref().unwrap(), ["admin", "Internal/creator"]);
    let head = described.operations.iter().find(|each| each.verb == Verb::Head).unwrap();
    assert_eq!(head.scopes, ["old"]);
}

#[test]
fn schemes_of_the_owner_give_way_to_the_scopes_of_the_api() {
    let written = written(&[], Some(&protected()), "https://localhost/");
    let schemes = written["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!(schemes.keys().collect::<Vec<_>>(), ["default", "key"]);
}

#[test]
fn a_path_item_that_refers_to_another_has_its_operations() {
    let shared = json!({"get": {"security": [{"x": ["s"]}]}});
    let definition = json!({
        "openapi": "3.1.0", "info": {"title": "T", "version": "v1"},
        "components": {"pathItems": {"shared": shared}},
        "paths": {
            "/a": {"$ref": "#/components/pathItems/shared", "summary": "s"},
            "/b/{c}": {"$ref": "#/paths/~1a"},
            "/d": {"$ref": "#/paths/~1b~1%7Bc%7D"},
        },
    });
    let described = describe(&Definition::of(definition).unwrap()).unwrap();
    assert_eq!(described.operations.len(), 3);
    for operation in described.operations {
        assert_eq!(operation.scopes, ["s"]);
    }
    for reference in ["other.yaml#/x", "#/nothing", "#/paths/~1a", "https://x.example/"] {
        let definition = json!({
            "openapi": "3.1.0", "info": {"title": "T", "version": "v1"},
            "paths": {"/a": {"$ref": reference}},
        });
        let refused = Definition::of(definition);
        assert!(matches!(refused, Err(InvalidDefinition::Reference { .. })), "{reference}");
    }
}

#[test]
fn path_items_that_refer_to_a_large_one_do_not_grow_beyond_bounds() {
    let large: Vec<u8> = vec![0; 40_000];
    let paths: serde_json::Map<_, _> =
        (0..1000).map(|n| (format!("/{n}"), json!({"$ref": "#/x-large"}))).collect();
    let definition = json!({
        "openapi": "3.1.0", "info": {"title": "T", "version": "v1"},
        "x-large": {"x": large}, "paths": paths,
    });
    assert_eq!(Definition::of(definition), Err(InvalidDefinition::TooLarge));
}

#[test]
fn names_without_quotation_marks_are_what_was_written() {
    for text in [
        "openapi: 3.0.1\ninfo: {title: 2024, version: 1.10}\npaths: {}",
        r#"{"openapi":"3.0.1","info":{"title":2024,"version":1.10},"paths":{}}"#,
        "swagger: 2.0\ninfo:\n  title: 2024\n  version: 1.10\npaths: {}",
    ] {
        let definition = parse(text).unwrap();
        assert_eq!(definition.version(), Some("1.10"), "{text}");
        assert_eq!(definition.title(), Some("2024"), "{text}");
    }
    // YAML 1.2, in which these are texts; and numbers may be keys.
    let paths = "paths: {/a: {get: {responses: {200: {description: yes}}}}}";
    let text = format!("openapi: 3.0.1\ninfo: {{title: T, version: v1}}\n{paths}");
    let members = parse(&text).unwrap().into_value();
    assert_eq!(members["paths"]["/a"]["get"]["responses"]["200"]["description"], "yes");
}

#[test]
fn texts_in_quotation_marks_may_go_on_at_the_left() {
    let text = "openapi: 3.0.1\ninfo:\n  title: 'Pets\n  and more'\n  version: 1.0\npaths:\n  /a:\n    \
        get:\n      description: \"one\n      two\"\n      security: [{x: ['a\n      b', c]}]\n";
    let definition = parse(text).unwrap();
    assert_eq!((definition.title(), definition.version()), (Some("Pets and more"), Some("1.0")));
    let members = definition.into_value();
    assert_eq!(members["paths"]["/a"]["get"]["description"], "one two");
    assert_eq!(members["paths"]["/a"]["get"]["security"], json!([{"x": ["a b", "c"]}]));
    // What is wrong besides stays wrong.
    let wrong = InvalidDefinition::UnreadableAt { fault: Fault::Syntax, line: 13, column: 3 };
    assert_eq!(parse(&format!("{text}  x\n")), Err(wrong));
}

#[test]
fn servers_are_absolute_and_have_the_usual_values_of_their_variables() {
    let mut definition = protected();
    definition["servers"] = json!([
        {"url": "{scheme}://{region}.example:{port}/v1", "variables": {
            "scheme": {"default": "https"}, "region": {"default": "eu", "enum": ["eu", "us"]},
            "port": {"default": 8443},
        }},
        {"url": "https://{unknown}.example"},
        {"url": "/v2"},
        {"description": "no url"},
    ]);
    let servers = Definition::of(definition).unwrap().servers();
    assert_eq!(servers, ["https://eu.example:8443/v1"]);
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
    let operation = OperationDocument {
        id: "1".to_owned(),
        target: "/orders/{id}".to_owned(),
        verb: Verb::Get,
        auth_type: AuthType::ApplicationAndApplicationUser,
        throttling_policy: "Unlimited".to_owned(),
        scopes: vec!["a:b".to_owned()],
        others: serde_json::Map::new(),
    };
    let written = written(&[operation], None, "https://localhost:9443/oauth2/authorize");
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
    let operation = OperationDocument {
        id: "1".to_owned(),
        target: "/a".to_owned(),
        verb: Verb::Get,
        auth_type: AuthType::None,
        throttling_policy: "Unlimited".to_owned(),
        scopes: Vec::new(),
        others: serde_json::Map::new(),
    };
    let owned = minimal(&json!({
        "/a": {"summary": "s", "get": {"operationId": "x"}, "post": {}, "trace": {}}, "/b": {"get": {}},
    }));
    let written = written(&[operation], Some(&owned.into_value()), "https://localhost/");
    assert_eq!(written["paths"]["/a"]["summary"], "s");
    assert_eq!(written["paths"]["/a"]["get"]["operationId"], "x");
    assert_eq!(written["paths"]["/a"]["get"]["security"], json!([]));
    assert!(written["paths"]["/a"].get("post").is_none());
    assert!(written["paths"]["/a"].get("trace").is_none());
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
        let written = written(&unique, None, "https://localhost/");
        let described = describe(&Definition::of(written).unwrap()).unwrap();
        prop_assert_eq!(described.operations.len(), unique.len());
        let asked_for = unique.iter().flat_map(|operation| operation.scopes.clone());
        let named: BTreeSet<_> = asked_for.chain(["a:b".to_owned()]).collect();
        for operation in unique {
            let same = described.operations.iter().find(|each| {
                each.target == operation.target && each.verb == operation.verb
            });
            let same = same.unwrap();
            prop_assert_eq!(same.auth_type, operation.auth_type);
            prop_assert_eq!(&same.scopes, &operation.scopes);
        }
        let described_scopes = described.scopes.into_iter().map(|scope| scope.name);
        prop_assert_eq!(described_scopes.collect::<BTreeSet<_>>(), named);
        prop_assert_eq!(described.base_path.as_deref(), Some("/httpbin/v1"));
    }

    #[test]
    fn a_definition_is_the_same_in_json_and_in_yaml(
        title in "\\PC{1,20}", version in "[0-9]{1,2}(\\.[0-9]{1,2})?|[a-z0-9.-]{1,8}",
        scopes in proptest::collection::vec("\\PC{1,8}", 0..4), path in "/[a-z0-9{}.:~-]{0,8}",
    ) {
        let definition = json!({
            "openapi": "3.0.1", "info": {"title": title, "version": version},
            "paths": {path: {"get": {"security": [{"as": scopes}]}}},
        });
        let json = Definition::parse(definition.to_string().as_bytes());
        let yaml = serde_saphyr::to_string(&definition).unwrap();
        prop_assert_eq!(Definition::parse(yaml.as_bytes()), json);
    }

    #[test]
    fn no_text_is_too_strange_for_the_parser(text in ".{0,300}") {
        let _ = parse(&text);
    }
}

/// A runtime's threads have 2 MiB of stack: in a development build 70 levels were more than that, and the
/// process ended.
#[test]
fn what_is_nested_deeply_is_refused_and_ends_nothing() {
    let head = "openapi: 3.0.1\ninfo: {title: A, version: \"1\"}\npaths: ";
    for depth in [63, 70, 127, 128, 300, 5_000] {
        let flow = format!("{head}{}1{}", "{a: ".repeat(depth), "}".repeat(depth));
        let json = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        let block: String =
            (0..depth.min(500)).map(|at| format!("{}a:\n", " ".repeat(at))).collect();
        for text in [flow, json, block] {
            let read = std::thread::Builder::new()
                .stack_size(2 << 20)
                .spawn(move || Definition::parse(text.as_bytes()).is_err())
                .unwrap();
            assert!(read.join().unwrap(), "{depth}");
        }
    }
}
