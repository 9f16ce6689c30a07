use serde_json::Value;
use serde_json::json;

use crate::document::Verb;
use crate::parse::Definition;
use crate::parse::InvalidDefinition;
use crate::read::describe;

fn shop() -> Value {
    json!({
        "swagger": "2.0",
        "info": {"title": "Shop", "version": "1.0", "description": "d"},
        "host": "shop.example:8443",
        "basePath": "/v2/",
        "schemes": ["http", "https", "wss"],
        "consumes": ["application/json"],
        "produces": ["application/json", "text/csv"],
        "securityDefinitions": {
            "shop_auth": {"type": "oauth2", "flow": "accessCode",
                "authorizationUrl": "https://as.example/a", "tokenUrl": "https://as.example/t",
                "scopes": {"write:pets": "Change", "read:pets": "Look"},
                "x-scopes-bindings": {"read:pets": "Internal/subscriber"}},
            "basic": {"type": "basic"},
            "key": {"type": "apiKey", "in": "header", "name": "x"},
        },
        "security": [{"shop_auth": ["read:pets"]}],
        "parameters": {
            "limit": {"name": "limit", "in": "query", "type": "integer", "maximum": 10},
            "pet": {"name": "pet", "in": "body", "required": true,
                "schema": {"$ref": "#/definitions/Pet"}},
        },
        "responses": {"gone": {"description": "Gone", "schema": {"type": "file"}}},
        "definitions": {"Pet": {
            "type": "object", "discriminator": "kind",
            "properties": {
                "kind": {"type": "string", "x-nullable": true, "enum": ["file"]},
                "discriminator": {"type": "string"},
            },
            "example": {"type": "file"},
        }},
        "paths": {
            "/pets": {
                "parameters": [{"$ref": "#/parameters/limit"}],
                "get": {
                    "parameters": [
                        {"name": "tag", "in": "query", "type": "array", "items": {"type": "string"},
                            "collectionFormat": "multi", "description": "t"},
                        {"name": "ids", "in": "query", "type": "array", "items": {"type": "string"}},
                    ],
                    "responses": {
                        "200": {"description": "ok",
                            "schema": {"type": "array", "items": {"$ref": "#/definitions/Pet"}},
                            "headers": {"x-left": {"type": "integer", "description": "l"}},
                            "examples": {"application/json": []}},
                        "410": {"$ref": "#/responses/gone"},
                    },
                },
                "post": {
                    "consumes": ["application/xml"],
                    "parameters": [{"$ref": "#/parameters/pet"}],
                    "security": [{"shop_auth": ["write:pets"]}],
                    "responses": {"default": {}},
                },
            },
            "/pets/{id}/image": {
                "parameters": [{"name": "id", "in": "path", "required": true, "type": "string"}],
                "put": {
                    "parameters": [
                        {"name": "note", "in": "formData", "type": "string"},
                        {"name": "image", "in": "formData", "type": "file", "required": true},
                    ],
                    "security": [{"basic": []}],
                    "responses": {"200": {"description": "ok"}},
                },
            },
        },
    })
}

#[test]
fn a_document_of_swagger_2_says_the_same_in_openapi_3() {
    let definition = Definition::of(shop()).unwrap();
    assert_eq!(definition.openapi(), "3.0.3");
    let expected = ["https://shop.example:8443/v2", "http://shop.example:8443/v2"];
    assert_eq!(definition.servers(), expected);
    let new = definition.into_value();
    for gone in ["swagger", "host", "basePath", "schemes", "consumes", "produces", "definitions"] {
        assert!(new.get(gone).is_none(), "{gone}");
    }
    let pets = &new["paths"]["/pets"];
    assert_eq!(pets["parameters"], json!([{"$ref": "#/components/parameters/limit"}]));
    let limit = &new["components"]["parameters"]["limit"];
    let expected =
        json!({"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 10}});
    assert_eq!(*limit, expected);
    assert!(new["components"]["parameters"].get("pet").is_none());
    assert_eq!(
        pets["get"]["parameters"],
        json!([
            {"name": "tag", "in": "query", "description": "t", "style": "form", "explode": true,
                "schema": {"type": "array", "items": {"type": "string"}}},
            {"name": "ids", "in": "query", "style": "form", "explode": false,
                "schema": {"type": "array", "items": {"type": "string"}}},
        ])
    );
    let pet = json!({"$ref": "#/components/schemas/Pet"});
    let answer = &pets["get"]["responses"]["200"];
    let schema = json!({"type": "array", "items": pet});
    assert_eq!(
        answer["content"],
        json!({"application/json": {"schema": schema, "example": []}, "text/csv": {"schema": schema}})
    );
    let field = json!({"description": "l", "schema": {"type": "integer", "description": "l"}});
    assert_eq!(answer["headers"]["x-left"]["schema"]["type"], field["schema"]["type"]);
    assert_eq!(pets["get"]["responses"]["410"], json!({"$ref": "#/components/responses/gone"}));
    let gone = &new["components"]["responses"]["gone"]["content"]["text/csv"]["schema"];
    assert_eq!(*gone, json!({"type": "string", "format": "binary"}));
    assert_eq!(
        pets["post"]["requestBody"],
        json!({"required": true, "content": {"application/xml": {"schema": pet}}})
    );
    assert_eq!(pets["post"]["responses"]["default"], json!({"description": ""}));
    let image = &new["paths"]["/pets/{id}/image"];
    assert_eq!(image["parameters"][0]["schema"], json!({"type": "string"}));
    let form = &image["put"]["requestBody"]["content"]["multipart/form-data"]["schema"];
    assert_eq!(form["required"], json!(["image"]));
    assert_eq!(form["properties"]["image"], json!({"type": "string", "format": "binary"}));
    let schema = &new["components"]["schemas"]["Pet"];
    assert_eq!(schema["discriminator"], json!({"propertyName": "kind"}));
    assert_eq!(schema["properties"]["discriminator"], json!({"type": "string"}));
    assert_eq!(schema["properties"]["kind"]["nullable"], true);
    assert_eq!(schema["example"], json!({"type": "file"}));
}

#[test]
fn protection_of_swagger_2_is_protection_here() {
    let described = describe(&Definition::of(shop()).unwrap()).unwrap();
    for (verb, scopes) in
        [(Verb::Get, &["read:pets"][..]), (Verb::Post, &["write:pets"]), (Verb::Put, &[])]
    {
        let mut operations = described.operations.iter();
        let operation = operations.find(|operation| operation.verb == verb).unwrap();
        assert_eq!(operation.scopes, scopes, "{verb:?}");
    }
    assert_eq!(described.base_path.as_deref(), Some("/v2"));
    let read = described.scopes.iter().find(|scope| scope.name == "read:pets").unwrap();
    assert_eq!(read.bindings.as_deref().unwrap(), ["Internal/subscriber"]);
    let new = Definition::of(shop()).unwrap().into_value();
    let schemes = &new["components"]["securitySchemes"];
    assert_eq!(schemes["basic"], json!({"type": "http", "scheme": "basic"}));
    let flow = &schemes["shop_auth"]["flows"]["authorizationCode"];
    assert_eq!(flow["tokenUrl"], "https://as.example/t");
}

#[test]
fn a_document_without_host_scheme_or_base_path_is_taken() {
    for (changes, servers, base_path) in [
        (json!({"host": null}), &[][..], Some("/v2")),
        (json!({"schemes": null}), &["https://shop.example:8443/v2"], Some("/v2")),
        (json!({"basePath": null, "host": null}), &[], None),
        (json!({"schemes": ["http"], "basePath": "/"}), &["http://shop.example:8443"], None),
    ] {
        let mut document = shop();
        for (name, value) in changes.as_object().unwrap() {
            document[name.as_str()] = value.clone();
        }
        let definition = Definition::of(document).unwrap();
        assert_eq!(definition.servers(), servers);
        assert_eq!(describe(&definition).unwrap().base_path.as_deref(), base_path);
    }
}

#[test]
fn a_parameter_that_leads_nowhere_is_refused() {
    let mut document = shop();
    document["paths"]["/pets"]["parameters"] = json!([{"$ref": "#/parameters/nothing"}]);
    let refused = Definition::of(document);
    assert!(matches!(refused, Err(InvalidDefinition::Reference { .. })), "{refused:?}");
}
