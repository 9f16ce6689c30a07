//! OpenAPI definitions: rows 6.4 of `tests/e2e/rows/wso2.txt`.

use serde_json::Value;
use serde_json::json;

use super::at;
use crate::support::Plane;

const PETS: &str = r#"
openapi: 3.0.1
info:
  title: Pets
  version: v1
  description: Small animals
servers:
  - url: https://pets.example/base
x-wso2-basePath: /pets/v1
x-wso2-auth-header: X-Pet-Token
x-wso2-transports: [https]
x-wso2-sandbox-endpoints:
  urls: ["https://sandbox.pets.example"]
x-wso2-production-endpoints:
  urls: ["https://pets.example/base"]
x-wso2-cors:
  corsConfigurationEnabled: true
  accessControlAllowOrigins: ["https://shop.example"]
components:
  securitySchemes:
    default:
      type: oauth2
      flows:
        implicit:
          authorizationUrl: https://as.example/
          scopes:
            "pets:read": Look at pets
          x-scopes-bindings:
            "pets:read": "Internal/subscriber"
paths:
  /pets/{id}:
    get:
      summary: One pet
      security: [{default: ["pets:read"]}]
      x-throttling-tier: 10KPerMin
  /health:
    get:
      x-auth-type: None
"#;

async fn import(plane: &Plane, parts: &[(&str, Option<&str>, &str)]) -> crate::support::Answer {
    plane.call("POST", &at("/apis/import-openapi")).multipart(parts).by_admin().send().await
}

#[expect(clippy::needless_pass_by_value, reason = "callers make the value where they hand it over")]
fn members(value: Value) -> String {
    value.to_string()
}

/// Rows: WSO2-6.4.1
#[tokio::test]
async fn a_definition_becomes_an_api() {
    let plane = Plane::start().await;
    let settings = members(json!({"policies": ["Unlimited"], "tags": ["t"]}));
    let parts =
        [("file", Some("pets.yaml"), PETS), ("additionalProperties", None, settings.as_str())];
    let answer = import(&plane, &parts).await;
    assert!(answer.header("location").unwrap().contains("/apis/"));
    assert_eq!(answer.header("etag"), Some("\"1\""));
    let api = answer.expect(201);
    assert_eq!(api["name"], "Pets");
    assert_eq!(api["version"], "v1");
    assert_eq!(api["context"], "/pets");
    assert_eq!(api["description"], "Small animals");
    assert_eq!(api["policies"], json!(["Unlimited"]));
    assert_eq!(api["authorizationHeader"], "X-Pet-Token");
    assert_eq!(api["transport"], json!(["https"]));
    let origins = &api["corsConfiguration"]["accessControlAllowOrigins"];
    assert_eq!(*origins, json!(["https://shop.example"]));
    let config = &api["endpointConfig"];
    assert_eq!(config["production_endpoints"]["url"], "https://pets.example/base");
    assert_eq!(config["sandbox_endpoints"]["url"], "https://sandbox.pets.example");
    assert_eq!(api["scopes"][0]["scope"]["name"], "pets:read");
    assert_eq!(api["scopes"][0]["scope"]["bindings"], json!(["Internal/subscriber"]));
    let operations = api["operations"].as_array().unwrap();
    let pet = operations.iter().find(|o| o["target"] == "/pets/{id}").unwrap();
    assert_eq!(pet["scopes"], json!(["pets:read"]));
    assert_eq!(pet["throttlingPolicy"], "10KPerMin");
    let health = operations.iter().find(|o| o["target"] == "/health").unwrap();
    assert_eq!(health["authType"], "None");
}

/// Rows: WSO2-6.4.1
#[tokio::test]
async fn settings_come_before_what_the_definition_says() {
    let plane = Plane::start().await;
    let settings = members(json!({
        "name": "Animals", "version": "v2", "context": "/animals",
        "endpointConfig": {"production_endpoints": {"url": "http://other"}},
    }));
    let parts =
        [("inlineAPIDefinition", None, PETS), ("additionalProperties", None, settings.as_str())];
    let api = import(&plane, &parts).await.expect(201);
    assert_eq!(api["name"], "Animals");
    assert_eq!(api["context"], "/animals");
    assert_eq!(api["endpointConfig"]["production_endpoints"]["url"], "http://other");
    assert_eq!(api["operations"].as_array().unwrap().len(), 2);
}

/// Rows: WSO2-6.4.1
#[tokio::test]
async fn a_definition_is_fetched_from_a_url() {
    let plane = Plane::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/pets.yaml", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/pets.yaml", axum::routing::get(|| async { PETS }));
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    assert_eq!(import(&plane, &[("url", None, &url)]).await.expect(201)["name"], "Pets");
    let missing = format!("{url}.not");
    import(&plane, &[("url", None, &missing)]).await.expect_error(400, 400, "fetched");
    server.abort();
    for odd in ["file:///etc/passwd", "gopher://x", "x", "http://u:p@x/"] {
        import(&plane, &[("url", None, odd)]).await.expect_error(400, 400, "url");
    }
}

/// Rows: WSO2-6.4.1
#[tokio::test]
async fn what_is_no_definition_is_refused() {
    let plane = Plane::start().await;
    let bare = r#"{"openapi":"3.0.1","info":{"title":"T","version":"v1"},"paths":{}}"#;
    import(&plane, &[("file", Some("x"), "{")]).await.expect_error(400, 900_754, "");
    let old = r#"{"swagger":"1.2"}"#;
    import(&plane, &[("file", Some("x"), old)]).await.expect_error(400, 900_754, "swagger 2.0");
    import(&plane, &[]).await.expect_error(400, 400, "needed");
    let both = [("file", Some("x"), PETS), ("url", None, "http://x.example/")];
    import(&plane, &both).await.expect_error(400, 400, "Only one");
    let twice = [("file", Some("x"), PETS), ("file", Some("x"), PETS)];
    import(&plane, &twice).await.expect_error(400, 400, "twice");
    // No context anywhere.
    import(&plane, &[("file", Some("x"), bare)]).await.expect_error(400, 400, "context");
    for (settings, said) in [("{", "Malformed"), ("{\"x\":1}", "'x'"), ("[]", "disallowed")] {
        let parts = [("file", Some("x"), PETS), ("additionalProperties", None, settings)];
        import(&plane, &parts).await.expect_error(400, 400, said);
    }
    let json = plane.post(&at("/apis/import-openapi"), &json!({})).by_admin().send().await;
    json.expect_error(415, 415, "multipart");
    let broken = plane.call("POST", &at("/apis/import-openapi"));
    broken.raw("multipart/form-data", "x").by_admin().send().await.expect_error(400, 400, "form");
}

#[tokio::test]
async fn an_empty_definition_is_called_so() {
    let plane = Plane::start().await;
    for (parts, why) in [
        (&[("file", Some("x"), "")][..], "The definition is empty"),
        (&[("other", None, "x")][..], "One of file, url and inlineAPIDefinition is needed"),
    ] {
        let path = at("/apis/validate-openapi");
        let refused = plane.call("POST", &path).multipart(parts).by_admin().send().await;
        refused.expect_error(400, 400, why);
    }
}

/// Rows: WSO2-6.4.1
#[tokio::test]
async fn a_definition_is_checked() {
    let plane = Plane::start().await;
    let check = |query: &'static str, text: &'static str| {
        let path = at(&format!("/apis/validate-openapi{query}"));
        let call = plane.call("POST", &path).multipart(&[("file", Some("x"), text)]);
        call.by_admin().send()
    };
    let valid = check("", PETS).await.expect(200);
    assert_eq!(valid["isValid"], true);
    assert!(valid["content"].is_null());
    assert_eq!(valid["info"]["name"], "Pets");
    assert_eq!(valid["info"]["openAPIVersion"], "3.0.1");
    assert_eq!(valid["info"]["endpoints"], json!(["https://pets.example/base"]));
    assert_eq!(valid["info"]["operations"].as_array().unwrap().len(), 2);
    assert_eq!(valid["errors"], json!([]));
    assert_eq!(check("?returnContent=true", PETS).await.expect(200)["content"], PETS);
    let invalid = check("", "openapi: 3.0.1").await.expect(200);
    assert_eq!(invalid["isValid"], false);
    assert_eq!(invalid["errors"][0]["code"], "900754");
}

/// Rows: WSO2-6.4.2
#[tokio::test]
async fn the_definition_says_what_the_api_is_now() {
    let plane = Plane::start().await;
    let api = import(&plane, &[("file", Some("x"), PETS)]).await.expect(201);
    let path = at(&format!("/apis/{}", api["id"].as_str().unwrap()));
    let mut changed = api.clone();
    changed["operations"] = json!([
        {"target": "/pets/{id}", "verb": "GET", "authType": "None"},
        {"target": "/new/{x}", "verb": "POST"},
    ]);
    plane.put(&path, &changed).by_admin().send().await.expect(200);
    let swagger = format!("{path}/swagger");
    let definition = plane.get(&swagger).by_user("ida").send().await.expect(200);
    assert_eq!(definition["paths"]["/pets/{id}"]["get"]["summary"], "One pet");
    assert_eq!(definition["paths"]["/pets/{id}"]["get"]["x-auth-type"], "None");
    let new = &definition["paths"]["/new/{x}"]["post"];
    assert_eq!(new["security"], json!([{"default": []}]));
    assert!(definition["paths"].get("/health").is_none());
    assert_eq!(definition["x-wso2-basePath"], "/pets/v1");
}

/// Rows: WSO2-6.4.2
#[tokio::test]
async fn a_new_definition_replaces_operations_and_scopes() {
    let plane = Plane::start().await;
    let id = plane.made("HttpBin").await;
    let path = at(&format!("/apis/{id}/swagger"));
    let put = |parts: Vec<(&'static str, Option<&'static str>, String)>| {
        let plane = &plane;
        let path = &path;
        async move {
            let parts: Vec<_> =
                parts.iter().map(|(name, file, text)| (*name, *file, text.as_str())).collect();
            plane.call("PUT", path).multipart(&parts).by_admin().send().await
        }
    };
    let answer = put(vec![("apiDefinition", None, PETS.to_owned())]).await;
    assert_eq!(answer.header("etag"), Some("\"2\""));
    answer.expect(200);
    let api = plane.get(&at(&format!("/apis/{id}"))).by_admin().send().await.expect(200);
    assert_eq!(api["name"], "HttpBin");
    assert_eq!(api["context"], "/httpbin");
    assert_eq!(api["operations"].as_array().unwrap().len(), 2);
    assert_eq!(api["scopes"][0]["scope"]["name"], "pets:read");
    assert_eq!(api["authorizationHeader"], "X-Pet-Token");
    let endpoints = &api["endpointConfig"];
    assert_eq!(endpoints["production_endpoints"]["url"], "https://pets.example/base");
    // What is read can be written back.
    let read = plane.get(&path).by_admin().send().await;
    let text = read.text.clone();
    let before = read.expect(200);
    assert_eq!(put(vec![("apiDefinition", None, text)]).await.expect(200), before);
    let empty = r#"{"openapi":"3.0.1","info":{"title":"T","version":"v1"},"paths":{}}"#;
    let refused = put(vec![("apiDefinition", None, empty.to_owned())]).await;
    refused.expect_error(404, 900_763, "operation");
    let stale = plane.call("PUT", &path).multipart(&[("apiDefinition", None, PETS)]).by_admin();
    stale.header("if-match", "\"1\"").send().await.expect_error(412, 412, "");
}

#[tokio::test]
async fn a_definition_of_paths_that_gateways_cannot_serve_is_refused() {
    let plane = Plane::start().await;
    for path in ["/a/{b}*", "a", "/a?b", "/{a}/{a}", "/{id:[0-9]+}", "/a;b"] {
        let definition = json!({
            "openapi": "3.0.1", "info": {"title": "T", "version": "v1"},
            "paths": {path: {"get": {}}},
        });
        let (definition, settings) = (definition.to_string(), members(json!({"context": "/t"})));
        let parts = [
            ("file", Some("x"), definition.as_str()),
            ("additionalProperties", None, settings.as_str()),
        ];
        import(&plane, &parts).await.expect_error(400, 400, "target");
    }
}

/// What an import of it says, and what a check does.
async fn imported_and_checked(plane: &Plane, definition: &str, name: &str) -> (u16, bool) {
    let context = format!("/{}", name.to_lowercase());
    let settings = members(json!({"name": name, "version": "v9", "context": context}));
    let parts =
        [("file", Some("x"), definition), ("additionalProperties", None, settings.as_str())];
    let imported = import(plane, &parts).await.status.as_u16();
    let path = at("/apis/validate-openapi");
    let check = plane.call("POST", &path).multipart(&[("file", Some("x"), definition)]);
    let valid = check.by_admin().send().await.expect(200)["isValid"] == true;
    (imported, valid)
}

#[tokio::test]
async fn scopes_of_any_oauth2_scheme_protect_what_is_imported() {
    let plane = Plane::start().await;
    let definition = json!({
        "openapi": "3.0.3", "info": {"title": "Shop", "version": "v1"},
        "x-wso2-basePath": "/shop",
        "security": [{"petstore_auth": ["read:pets"]}],
        "components": {"securitySchemes": {"petstore_auth": {"type": "oauth2", "flows": {
            "clientCredentials": {"tokenUrl": "https://as.example", "scopes": {"read:pets": "Look"}},
        }}}},
        "paths": {"/pets": {"get": {}, "post": {"security": [{"oidc": ["write:pets"]}]}}},
    });
    let text = definition.to_string();
    let api = import(&plane, &[("file", Some("x"), &text)]).await.expect(201);
    let operations = api["operations"].as_array().unwrap();
    let of = |verb: &str| operations.iter().find(|each| each["verb"] == verb).unwrap();
    assert_eq!(of("GET")["scopes"], json!(["read:pets"]));
    assert_eq!(of("POST")["scopes"], json!(["write:pets"]));
    let named: Vec<_> =
        api["scopes"].as_array().unwrap().iter().map(|s| &s["scope"]["name"]).collect();
    assert_eq!(named, ["read:pets", "write:pets"]);
}

#[tokio::test]
async fn what_can_be_imported_is_valid_and_nothing_else() {
    let plane = Plane::start().await;
    let base = json!({
        "openapi": "3.0.1", "info": {"title": "T", "version": "v1"}, "paths": {"/a": {"get": {}}},
    });
    let cases = [
        ("Plain", json!({}), true),
        ("Path", json!({"paths": {"/a;b": {"get": {}}}}), false),
        // Paths without an operation would become one that takes everything; no path at all is a new API.
        ("Case", json!({"paths": {"/a": {"GET": {}}}}), false),
        ("Trace", json!({"paths": {"/a": {"trace": {}}}}), false),
        ("Bare", json!({"paths": {}}), true),
        ("Twice", json!({"paths": {"/a/{b}": {"get": {}}, "/a/{c}": {"get": {}}}}), false),
        ("Plan", json!({"paths": {"/a": {"get": {"x-throttling-tier": "Nothing"}}}}), false),
        ("Scope", json!({"paths": {"/a": {"get": {"security": [{"x": ["a b"]}]}}}}), false),
        ("Security", json!({"security": {}}), false),
        ("Header", json!({"x-wso2-auth-header": "a b"}), false),
        ("Endpoint", json!({"x-wso2-production-endpoints": {"urls": ["http://b/a b"]}}), false),
        ("Title", json!({"info": {"title": "Pets & friends: all", "version": "1 beta"}}), true),
        ("Old", json!({"swagger": "2.0", "openapi": null}), true),
    ];
    for (name, changes, good) in cases {
        let mut definition = base.clone();
        for (member, value) in changes.as_object().unwrap() {
            definition[member.as_str()] = value.clone();
        }
        let yaml = serde_saphyr::to_string(&definition).unwrap();
        for (text, name) in [(definition.to_string(), name.to_owned()), (yaml, format!("{name}2"))]
        {
            let (imported, valid) = imported_and_checked(&plane, &text, &name).await;
            assert_eq!((imported, valid), (if good { 201 } else { 400 }, good), "{name}");
        }
    }
}

#[tokio::test]
async fn a_definition_in_swagger_2_becomes_an_api_with_its_base_path_and_backend() {
    let plane = Plane::start().await;
    let text = "swagger: 2.0\ninfo: {title: Shop, version: 1.0}\nhost: shop.example\n\
        basePath: /shop\nschemes: [http, https]\nsecurityDefinitions:\n  shop_auth:\n    \
        type: oauth2\n    flow: implicit\n    authorizationUrl: https://as.example\n    \
        scopes: {read: Look}\npaths:\n  /pets/{id}.json:\n    get:\n      \
        security: [shop_auth: [read]]\n      responses: {200: {description: ok}}\n";
    let api = import(&plane, &[("file", Some("x"), text)]).await.expect(201);
    assert_eq!(api["context"], "/shop");
    assert_eq!(api["version"], "1.0");
    assert_eq!(api["endpointConfig"]["production_endpoints"]["url"], "https://shop.example/shop");
    assert_eq!(api["operations"][0]["target"], "/pets/{id}.json");
    assert_eq!(api["operations"][0]["scopes"], json!(["read"]));
    let swagger = at(&format!("/apis/{}/swagger", api["id"].as_str().unwrap()));
    let written = plane.get(&swagger).by_admin().send().await.expect(200);
    assert_eq!(written["openapi"], "3.0.3");
    assert_eq!(
        written["paths"]["/pets/{id}.json"]["get"]["security"],
        json!([{"default": ["read"]}])
    );
}

#[tokio::test]
async fn a_server_with_variables_is_the_endpoint_by_their_usual_values() {
    let plane = Plane::start().await;
    let definition = json!({
        "openapi": "3.0.1", "info": {"title": "Regions", "version": "v1"},
        "x-wso2-basePath": "/regions", "paths": {"/{proxy+}": {"get": {}}},
        "servers": [
            {"url": "/relative"},
            {"url": "https://{unknown}.example"},
            {"url": "https://{region}.example/{base}",
                "variables": {"region": {"default": "eu"}, "base": {"default": "v1"}}},
        ],
    });
    let api = import(&plane, &[("file", Some("x"), &definition.to_string())]).await.expect(201);
    assert_eq!(api["endpointConfig"]["production_endpoints"]["url"], "https://eu.example/v1");
    let path = at("/apis/validate-openapi");
    let text = definition.to_string();
    let check = plane.call("POST", &path).multipart(&[("file", Some("x"), &text)]);
    let info = check.by_admin().send().await.expect(200)["info"].clone();
    assert_eq!(info["endpoints"], json!(["https://eu.example/v1"]));
}

/// As descriptions of large products are: hundreds of operations, each with scopes, examples and long
/// texts.
#[tokio::test]
async fn a_definition_of_a_megabyte_becomes_an_api() {
    let plane = Plane::start().await;
    let scopes: serde_json::Map<_, _> =
        (0..120).map(|n| (format!("shop:scope_{n}"), json!("Look and change"))).collect();
    let text = "What it does, at length. ".repeat(85);
    let paths: serde_json::Map<_, _> = (0..400)
        .map(|n| {
            let required = json!([{"shop": [format!("shop:scope_{}", n % 120), "shop:scope_0"]}]);
            let operation = json!({"description": text, "security": required});
            (format!("/things/{n}/{{id}}"), json!({"get": operation}))
        })
        .collect();
    let definition = json!({
        "openapi": "3.0.1", "info": {"title": "Large", "version": "v1", "description": text},
        "x-wso2-basePath": "/large", "paths": paths,
        "components": {"securitySchemes": {"shop": {"type": "oauth2", "flows": {
            "password": {"tokenUrl": "https://localhost:9443/oauth2/token", "scopes": scopes},
        }}}},
    });
    let text = serde_saphyr::to_string(&definition).unwrap();
    let long = "x-samples:\n  source: 'curl -k\n  https://localhost:9443'\n";
    let text = format!("{text}{long}");
    assert!((900_000..1024 * 1024).contains(&text.len()), "{}", text.len());
    let api = import(&plane, &[("file", Some("large.yaml"), &text)]).await.expect(201);
    assert_eq!(api["operations"].as_array().unwrap().len(), 400);
    assert_eq!(api["scopes"].as_array().unwrap().len(), 120);
}
