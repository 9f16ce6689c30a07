//! Section 5.1, the fields one by one.

use serde_json::json;

use super::*;

/// The value of a field as it comes back.
async fn field(changes: &Value, name: &str) -> Value {
    let plane = Plane::start().await;
    let (document, path) = made(&plane, &curity_with(changes)).await;
    assert_eq!(get(&plane, &path).await.expect(200), document);
    document[name].clone()
}

/// Each of these changes is refused, with these words.
async fn refused(cases: &[(Value, &str)]) {
    let plane = Plane::start().await;
    for (changes, words) in cases {
        let answer = post(&plane, "/key-managers", &curity_with(changes)).await;
        assert_eq!(answer.status, 400, "{changes}: {}", answer.text);
        assert!(answer.text.contains(words), "{changes}: {}", answer.text);
    }
    let list = get(&plane, "/key-managers").await.expect(200);
    assert_eq!(list["count"], 1, "nothing was stored");
}

/// Rows: WSO2-5.1.1
#[tokio::test]
async fn the_id_is_a_uuid_of_ours() {
    let id = field(&json!({"id": "mine"}), "id").await;
    assert!(uuid::Uuid::try_parse(id.as_str().unwrap()).is_ok(), "{id}");
}

/// Rows: WSO2-5.1.2
#[tokio::test]
async fn a_name_has_1_to_100_characters() {
    assert_eq!(field(&json!({"name": "ü".repeat(100)}), "name").await, "ü".repeat(100));
    refused(&[
        (json!({"name": "x".repeat(101)}), "name: size must be between 1 and 100"),
        (json!({"name": "a\nb"}), "name"),
        (json!({"name": 7}), "disallowed values"),
    ])
    .await;
}

/// Rows: WSO2-5.1.3
#[tokio::test]
async fn a_display_name_has_up_to_100_characters() {
    assert_eq!(
        field(&json!({"displayName": "x".repeat(100)}), "displayName").await,
        "x".repeat(100)
    );
    refused(&[(json!({"displayName": "x".repeat(101)}), "displayName: size")]).await;
}

/// Rows: WSO2-5.1.4
#[tokio::test]
async fn the_type_is_a_connector() {
    assert_eq!(field(&json!({}), "type").await, "CurityPhantomToken");
    let custom = json!({
        "type": "CustomKeyManager", "consumerKeyClaim": null, "additionalProperties": null,
    });
    assert_eq!(field(&custom, "consumerKeyClaim").await, "azp");
}

/// Rows: WSO2-5.1.5
#[tokio::test]
async fn a_description_has_up_to_256_characters() {
    assert_eq!(
        field(&json!({"description": "x".repeat(256)}), "description").await,
        "x".repeat(256)
    );
    refused(&[(json!({"description": "x".repeat(257)}), "description: size")]).await;
}

const URLS: [&str; 9] = [
    "wellKnownEndpoint",
    "introspectionEndpoint",
    "clientRegistrationEndpoint",
    "tokenEndpoint",
    "displayTokenEndpoint",
    "revokeEndpoint",
    "displayRevokeEndpoint",
    "userInfoEndpoint",
    "authorizeEndpoint",
];

/// Rows: WSO2-5.1.6, WSO2-11.6
#[tokio::test]
async fn endpoints_are_absolute_urls() {
    let plane = Plane::start().await;
    let mut document = curity();
    for (number, member) in URLS.into_iter().enumerate() {
        document[member] = json!(format!("https://as.example:8443/{number}?schema=openid"));
    }
    let (body, _) = made(&plane, &document).await;
    for member in URLS {
        assert_eq!(body[member], document[member], "{member}");
        for url in [
            "as.example/token",
            "/token",
            "//as.example/token",
            "ftp://as.example/token",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://",
            "https://user:secret@as.example/token",
            "https://as.example/token#there",
            "https://as.example/to ken",
            " https://as.example/token",
            "https:\\\\as.example\\token",
            "https:/as.example/token",
            "https://as.example:99999/",
        ] {
            let answer = post(&plane, "/key-managers", &curity_with(&json!({member: url}))).await;
            assert_eq!(answer.status, 400, "{member} {url}: {}", answer.text);
            assert!(!answer.text.contains("secret"), "{}", answer.text);
        }
    }
    let long = format!("https://as.example/{}", "x".repeat(2000));
    let answer = post(&plane, "/key-managers", &curity_with(&json!({"tokenEndpoint": long}))).await;
    answer.expect_error(400, 400, "longer");
}

/// Rows: WSO2-5.1.7
#[tokio::test]
async fn endpoints_by_name_say_the_same() {
    let plane = Plane::start().await;
    let named = json!([
        {"name": "introspection_endpoint", "value": "https://as.example/introspect"},
        {"name": "key_import_endpoint", "value": "https://as.example/import"},
    ]);
    let by_name = curity_with(&json!({"introspectionEndpoint": null, "endpoints": named}));
    let (mut body, path) = made(&plane, &by_name).await;
    assert_eq!(body["introspectionEndpoint"], "https://as.example/introspect");
    let names = |body: &Value| -> Vec<String> {
        let entries = body["endpoints"].as_array().unwrap().iter();
        entries.map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        names(&body),
        [
            "introspection_endpoint",
            "token_endpoint",
            "revoke_endpoint",
            "authorize_endpoint",
            "key_import_endpoint",
        ]
    );
    // Whichever of the two was changed counts.
    body["introspectionEndpoint"] = json!("https://as.example/changed");
    let body = put(&plane, &path, &body).await.expect(200);
    assert_eq!(body["introspectionEndpoint"], "https://as.example/changed");
    let mut other = body.clone();
    other["endpoints"][0]["value"] = json!("https://as.example/again");
    let body = put(&plane, &path, &other).await.expect(200);
    assert_eq!(body["introspectionEndpoint"], "https://as.example/again");
    let mut both = body.clone();
    both["endpoints"][0]["value"] = json!("https://as.example/one");
    both["introspectionEndpoint"] = json!("https://as.example/another");
    put(&plane, &path, &both).await.expect_error(400, 400, "differs");
}

/// Rows: WSO2-5.1.8
#[tokio::test]
async fn certificates_are_a_key_sets_url_or_a_certificate() {
    use base64::Engine;
    let pem = rcgen::generate_simple_self_signed(["as.example".to_owned()]).unwrap().cert.pem();
    let base64 = base64::engine::general_purpose::STANDARD.encode(&pem);
    let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    for value in [pem, base64, der] {
        let certificates = json!({"type": "PEM", "value": value});
        assert_eq!(
            field(&json!({"certificates": certificates}), "certificates").await,
            certificates
        );
    }
    refused(&[
        (json!({"certificates": {"type": "JWKS", "value": "as.example"}}), "certificates.value"),
        (
            json!({"certificates": {"type": "PEM", "value": "https://as.example"}}),
            "certificates.value",
        ),
        (json!({"certificates": {"type": "PEM", "value": "AAAA"}}), "X.509"),
        (json!({"certificates": {"type": "DER"}}), "disallowed values"),
        (json!({"certificates": {"value": "AAAA", "type": null}}), "certificates.type"),
    ])
    .await;
}

/// Rows: WSO2-5.1.9
#[tokio::test]
async fn the_issuer_is_kept_to_the_letter() {
    let issuer = "HTTPS://IDSVR:443/a/../b/";
    assert_eq!(field(&json!({"issuer": issuer}), "issuer").await, issuer);
    refused(&[(json!({"issuer": "x".repeat(2001)}), "issuer: size")]).await;
}

#[tokio::test]
async fn an_issuer_is_compared_and_not_fetched_so_http_and_bare_names_are_taken() {
    for issuer in ["http://as.example/tenant", "accounts.google.com", "urn:example:as"] {
        assert_eq!(field(&json!({"issuer": issuer}), "issuer").await, issuer);
    }
    refused(&[
        (json!({"issuer": "a b"}), "issuer: holds white space"),
        (json!({"issuer": "1:x"}), "issuer: holds a colon and is no URI"),
    ])
    .await;
}

#[tokio::test]
async fn what_gateways_do_not_call_in_plain_http_is_not_taken() {
    let jwks = |url: &str| json!({"certificates": {"type": "JWKS", "value": url}});
    refused(&[
        (
            json!({"introspectionEndpoint": "http://as.example/introspect"}),
            "introspectionEndpoint: is plain http",
        ),
        (jwks("http://as.example/jwks"), "certificates.value: is plain http"),
    ])
    .await;
    let local = "http://localhost:8443/introspect";
    assert_eq!(
        field(&json!({"introspectionEndpoint": local}), "introspectionEndpoint").await,
        local
    );
}

/// Rows: WSO2-5.1.11
#[tokio::test]
async fn grant_types_are_a_list() {
    let grants = json!(["client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer"]);
    assert_eq!(field(&json!({"availableGrantTypes": grants}), "availableGrantTypes").await, grants);
    refused(&[
        (json!({"availableGrantTypes": vec!["x"; 65]}), "availableGrantTypes: at most"),
        (json!({"availableGrantTypes": "password"}), "disallowed values"),
    ])
    .await;
}

/// Rows: WSO2-5.1.12
#[tokio::test]
async fn switches_are_off_unless_switched_on() {
    for member in ["enableTokenGeneration", "enableMapOAuthConsumerApps", "enableOAuthAppCreation"]
    {
        assert_eq!(field(&json!({member: null}), member).await, false);
        assert_eq!(field(&json!({member: true}), member).await, true);
    }
}

/// Rows: WSO2-5.1.13
#[tokio::test]
async fn jwts_are_validated_unless_that_is_switched_off() {
    let member = "enableSelfValidationJWT";
    assert_eq!(field(&json!({member: null}), member).await, true);
    let off = json!({member: false});
    assert_eq!(field(&off, member).await, false);
}

/// Rows: WSO2-5.1.15
#[tokio::test]
async fn claims_are_renamed() {
    let mapping = json!([{"remoteClaim": "urn:client", "localClaim": "azp"}]);
    assert_eq!(field(&json!({"claimMapping": mapping}), "claimMapping").await, mapping);
    refused(&[
        (json!({"claimMapping": [{"remoteClaim": "a"}]}), "claimMapping"),
        (json!({"claimMapping": [{"remoteClaim": "a", "localClaim": ""}]}), "claimMapping"),
        (json!({"claimMapping": [{"from": "a"}]}), "Unrecognized property 'from'"),
    ])
    .await;
}

/// Rows: WSO2-5.1.16
#[tokio::test]
async fn claims_default_to_those_of_the_connector() {
    let none = json!({"consumerKeyClaim": null, "scopesClaim": ""});
    assert_eq!(field(&none, "consumerKeyClaim").await, "aud");
    assert_eq!(field(&none, "scopesClaim").await, "scope");
    assert_eq!(field(&json!({"consumerKeyClaim": "client"}), "consumerKeyClaim").await, "client");
}

/// Rows: WSO2-5.1.17
#[tokio::test]
async fn token_validation_is_checked_when_it_is_written() {
    let entries = json!([
        {"id": 1, "enable": true, "type": "REFERENCE", "value": "[0-9a-f]{8}-.*"},
        {"id": 2, "enable": true, "type": "JWT", "value": {"body": {"iss": "https://as\\..*"}}},
        {"id": 3, "enable": false, "type": "CUSTOM", "value": {"any": "thing"}},
    ]);
    assert_eq!(field(&json!({"tokenValidation": entries}), "tokenValidation").await, entries);
    let entry =
        |kind: &str, value: Value| json!({"tokenValidation": [{"type": kind, "value": value}]});
    refused(&[
        (entry("REFERENCE", json!("(")), "not regular"),
        (entry("REFERENCE", json!("a)|(?:b")), "not regular"),
        (entry("REFERENCE", json!("(?=x)y")), "not regular"),
        (entry("REFERENCE", json!("((a{100}){100}){100}")), "too large"),
        (entry("REFERENCE", json!("x".repeat(1001))), "1000 bytes"),
        (entry("REFERENCE", json!({"body": {}})), "must be a text"),
        (entry("JWT", json!("iss")), "must be an object"),
        (entry("JWT", json!({"header": {"alg": "RS256"}})), "alone"),
        (entry("JWT", json!({"body": {"iss": 7}})), "expression"),
        (entry("CUSTOM", json!("x")), "not supported"),
        (entry("OTHER", json!("x")), "disallowed values"),
    ])
    .await;
}

/// Rows: WSO2-5.1.18
#[tokio::test]
async fn a_key_manager_is_enabled_or_not() {
    assert_eq!(field(&json!({"enabled": null}), "enabled").await, true);
    let plane = Plane::start().await;
    let (_, path) = made(&plane, &curity_with(&json!({"enabled": false}))).await;
    assert!(!plane.store.key_manager_by_name("curity").await.unwrap().unwrap().enabled);
    assert_eq!(put(&plane, &path, &curity()).await.expect(200)["enabled"], true);
    assert!(plane.store.key_manager_by_name("curity").await.unwrap().unwrap().enabled);
}

/// Rows: WSO2-5.1.20, WSO2-11.6
#[tokio::test]
async fn connector_fields_may_be_numbers_or_digits_and_have_defaults() {
    let absent = json!({"additionalProperties": {"clock_skew": null, "cache_max_entries": ""}});
    let properties = field(&absent, "additionalProperties").await;
    assert_eq!(properties["clock_skew"], "60");
    assert_eq!(properties["cache_max_entries"], "50000");
    let numbers =
        json!({"additionalProperties": {"clock_skew": 0, "cache_max_entries": 10_000_000}});
    let properties = field(&numbers, "additionalProperties").await;
    assert_eq!(properties["clock_skew"], 0);
    assert_eq!(properties["cache_max_entries"], 10_000_000);
}

/// Rows: WSO2-5.1.21
#[tokio::test]
async fn permissions_name_who_sees_it() {
    let permissions = json!({"permissionType": "DENY", "roles": ["Internal/creator"]});
    assert_eq!(field(&json!({"permissions": permissions}), "permissions").await, permissions);
    let public = json!({"permissionType": "PUBLIC", "roles": []});
    assert_eq!(field(&json!({"permissions": null}), "permissions").await, public);
    let other = json!({"permissions": {"permissionType": "SOME", "roles": []}});
    refused(&[(other, "disallowed values")]).await;
}

/// Rows: WSO2-5.1.22
#[tokio::test]
async fn tokens_are_direct_unless_said_otherwise() {
    assert_eq!(field(&json!({"tokenType": null}), "tokenType").await, "DIRECT");
    for kind in ["DIRECT", "EXCHANGED", "BOTH"] {
        assert_eq!(field(&json!({"tokenType": kind}), "tokenType").await, kind);
    }
}

#[tokio::test]
async fn later_fields_are_kept_and_given_back() {
    for (member, value) in [
        ("alias", json!("https://as.example/token")),
        ("scopeManagementEndpoint", json!("https://as.example/scopes")),
        ("allowedOrganizations", json!(["ALL"])),
        ("enableTokenEncryption", json!(false)),
        ("enableTokenHashing", json!(true)),
        ("global", json!(true)),
    ] {
        assert_eq!(field(&json!({member: value}), member).await, value, "{member}");
    }
}
