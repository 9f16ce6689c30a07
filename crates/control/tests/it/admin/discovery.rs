//! `POST /key-managers/discover`, section 5.2.

use phantom_testkit::FakeAs;
use phantom_testkit::Reply;
use serde_json::json;

use super::*;

const WELL_KNOWN: &str = "/.well-known/openid-configuration";

async fn discover(plane: &Plane, url: &str, kind: &str) -> Value {
    let parts = [("url", None, url), ("type", None, kind)];
    let call = plane.call("POST", &at("/key-managers/discover")).by_admin().multipart(&parts);
    call.send().await.expect(200)
}

fn nothing() -> Value {
    json!({"valid": false, "value": null})
}

/// Rows: WSO2-5.2
#[tokio::test]
async fn metadata_fills_in_the_form() {
    let plane = Plane::start().await;
    let server = FakeAs::start().await;
    let metadata = json!({
        "issuer": "https://idsvr:8443/oauth/v2/oauth-anonymous",
        "introspection_endpoint": "https://idsvr:8443/oauth/v2/oauth-introspect",
        "registration_endpoint": "https://idsvr:8443/oauth/v2/oauth-registration",
        "authorization_endpoint": "https://idsvr:8443/oauth/v2/oauth-authorize",
        "token_endpoint": "https://idsvr:8443/oauth/v2/oauth-token",
        "revocation_endpoint": "https://idsvr:8443/oauth/v2/oauth-revoke",
        "userinfo_endpoint": "https://idsvr:8443/oauth/v2/oauth-userinfo",
        "jwks_uri": "https://idsvr:8443/oauth/v2/oauth-anonymous/jwks",
        "grant_types_supported": ["client_credentials", "refresh_token"],
    });
    for path in [WELL_KNOWN, "/.well-known/oauth-authorization-server/tenant"] {
        let reply = Reply::with_type(200, "application/json", metadata.to_string());
        server.answer(path, reply);
        let url = server.url(path);
        let expected = json!({"valid": true, "value": {
            "issuer": metadata["issuer"],
            "introspectionEndpoint": metadata["introspection_endpoint"],
            "clientRegistrationEndpoint": metadata["registration_endpoint"],
            "authorizeEndpoint": metadata["authorization_endpoint"],
            "tokenEndpoint": metadata["token_endpoint"],
            "revokeEndpoint": metadata["revocation_endpoint"],
            "userInfoEndpoint": metadata["userinfo_endpoint"],
            "availableGrantTypes": ["client_credentials", "refresh_token"],
            "certificates": {"type": "JWKS", "value": metadata["jwks_uri"]},
            "wellKnownEndpoint": url,
            "type": "CurityPhantomToken",
            "enabled": true,
            "enableTokenGeneration": true,
            "enableMapOAuthConsumerApps": true,
            "enableOAuthAppCreation": true,
            "enableSelfValidationJWT": true,
        }});
        assert_eq!(discover(&plane, &url, "CurityPhantomToken").await, expected);
    }
    let list = get(&plane, "/key-managers").await.expect(200);
    assert_eq!(list["count"], 1, "nothing was stored");
}

/// Rows: WSO2-5.2
#[tokio::test]
async fn what_was_discovered_can_be_sent_back_as_a_key_manager() {
    let plane = Plane::start().await;
    let server = FakeAs::start().await;
    let metadata = json!({
        "issuer": "https://as.example", "jwks_uri": "https://as.example/jwks",
        "introspection_endpoint": "https://as.example/introspect",
    });
    server.answer(WELL_KNOWN, Reply::with_type(200, "application/json", metadata.to_string()));
    let found = discover(&plane, &server.url(WELL_KNOWN), "CurityPhantomToken").await;
    let mut document = found["value"].clone();
    document["name"] = json!("curity");
    document["additionalProperties"] = curity()["additionalProperties"].clone();
    let (body, _) = made(&plane, &document).await;
    assert_eq!(body["introspectionEndpoint"], "https://as.example/introspect");
}

/// Rows: WSO2-5.2
#[tokio::test]
async fn an_empty_url_finds_nothing() {
    let plane = Plane::start().await;
    assert_eq!(discover(&plane, "", "CurityPhantomToken").await, nothing());
}

/// Rows: WSO2-5.2
#[tokio::test]
async fn a_failed_fetch_finds_nothing() {
    let plane = Plane::start().await;
    let server = FakeAs::start().await;
    let reply = |body: &str| Reply::with_type(200, "application/json", body.to_owned());
    server.answer("/missing", Reply::status(404));
    server.answer("/broken", Reply::status(500));
    server.answer("/moved", Reply::status(302).header("location", &server.url("/good")));
    server.answer("/good", reply(r#"{"issuer":"https://as.example"}"#));
    server.answer("/html", reply("<html>"));
    server.answer("/array", reply("[]"));
    server.answer("/empty", reply("{}"));
    server.answer("/twice", reply(r#"{"issuer":"https://a","issuer":"https://b"}"#));
    server.answer("/deep", reply(&format!("{}{}", "[".repeat(5000), "]".repeat(5000))));
    server.answer("/issuer", reply(r#"{"issuer":{"a":1}}"#));
    server.answer("/huge", reply(&format!(r#"{{"issuer":"{}"}}"#, "x".repeat(1024 * 1024))));
    for path in [
        "/missing", "/broken", "/moved", "/html", "/array", "/empty", "/twice", "/deep", "/issuer",
        "/huge",
    ] {
        let found = discover(&plane, &server.url(path), "CurityPhantomToken").await;
        assert_eq!(found, nothing(), "{path}");
    }
    assert_eq!(server.count("/good"), 0, "no redirect is followed");
    let https = server.url("/good").replace("http://", "https://");
    assert_eq!(discover(&plane, &https, "CurityPhantomToken").await, nothing(), "no TLS there");
    assert_eq!(discover(&plane, &server.url("/good"), "KeyCloak").await, nothing(), "no such type");
    assert_eq!(discover(&plane, &server.url("/good"), "").await, nothing());
    assert_eq!(discover(&plane, &server.url("/good"), "CustomKeyManager").await["valid"], true);
}

/// Rows: WSO2-5.2
#[tokio::test]
async fn only_http_urls_are_fetched() {
    let plane = Plane::start().await;
    for url in [
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "ftp://127.0.0.1/",
        "data:application/json,{}",
        "http://user:secret@127.0.0.1/",
        "http://127.0.0.1/#x",
        "127.0.0.1",
        "http://",
        "not a url",
    ] {
        assert_eq!(discover(&plane, url, "CurityPhantomToken").await, nothing(), "{url}");
    }
    let long = format!("http://127.0.0.1/{}", "x".repeat(3000));
    assert_eq!(discover(&plane, &long, "CurityPhantomToken").await, nothing());
}

#[tokio::test]
async fn hostile_metadata_leaves_out_what_cannot_be() {
    let plane = Plane::start().await;
    let server = FakeAs::start().await;
    let metadata = json!({
        "issuer": "https://as.example",
        "introspection_endpoint": 7,
        "registration_endpoint": null,
        "authorization_endpoint": "javascript:alert(1)",
        "token_endpoint": ["https://as.example/token"],
        "revocation_endpoint": "https://user:password@as.example/revoke",
        "userinfo_endpoint": format!("https://as.example/{}", "x".repeat(3000)),
        "jwks_uri": {"url": "https://as.example/jwks"},
        "grant_types_supported": vec![json!("g"), json!(7), json!("x".repeat(300))]
            .into_iter()
            .chain((0..200).map(|number| json!(format!("grant-{number}"))))
            .collect::<Vec<_>>(),
    });
    server.answer("/", Reply::with_type(200, "application/json", metadata.to_string()));
    let found = discover(&plane, &server.url("/"), "CurityPhantomToken").await;
    let value = &found["value"];
    for member in [
        "introspectionEndpoint",
        "clientRegistrationEndpoint",
        "authorizeEndpoint",
        "tokenEndpoint",
        "revokeEndpoint",
        "userInfoEndpoint",
        "certificates",
    ] {
        assert_eq!(value[member], json!(null), "{member}");
    }
    let grants = value["availableGrantTypes"].as_array().unwrap();
    assert_eq!(grants.len(), 64);
    assert_eq!(grants[..2], [json!("g"), json!("grant-0")]);
}

#[tokio::test]
async fn a_form_that_is_none_is_refused() {
    let plane = Plane::start().await;
    let path = at("/key-managers/discover");
    let json = plane.post(&path, &json!({"url": "https://as.example"})).by_admin().send().await;
    json.expect_error(415, 415, "multipart/form-data");
    let cut = plane.call("POST", &path).by_admin();
    let cut = cut.raw(
        "multipart/form-data; boundary=b",
        "--b\r\ncontent-disposition: form-data; name=\"url\"",
    );
    cut.send().await.expect_error(400, 400, "Malformed");
    let other = plane.call("POST", &path).by_admin().multipart(&[("other", Some("f"), "x")]);
    assert_eq!(other.send().await.expect(200), nothing());
    let many = vec![("url", None, "x"); 40];
    plane
        .call("POST", &path)
        .by_admin()
        .multipart(&many)
        .send()
        .await
        .expect_error(400, 400, "parts");
}
