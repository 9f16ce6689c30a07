//! How clients prove who they are, over real HTTP.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::jose::{base64url, signing_input};
use crate::test_server::{Answer, INTROSPECT, TOKEN, TestServer, basic};
use crate::{Client, Credential, DevAuthOptions, PublicKey};

const LONG_SECRET: &str = "a-secret-of-more-than-thirty-two-bytes";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const GRANT: (&str, &str) = ("grant_type", "client_credentials");

#[tokio::test]
async fn basic_and_post_both_authenticate() {
    let server = TestServer::start().await;
    assert_eq!(server.post_as("test-client", TOKEN, &[GRANT]).await.status, 200);
    let post = [GRANT, ("client_id", "test-client"), ("client_secret", "Password1")];
    assert_eq!(server.post(TOKEN, &[], &post).await.status, 200);
}

/// Rows: CLA-1
#[tokio::test]
async fn basic_credentials_are_form_decoded() {
    let server = TestServer::start_with(|options| {
        options.clients.push(Client::confidential("https://app:1", "p:a+s %w&=ö"));
    })
    .await;
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let auth = basic(&encode("https://app:1"), &encode("p:a+s %w&=ö"));
    let answer = server.post(TOKEN, &[("authorization", &auth)], &[GRANT]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn a_failed_or_missing_authentication_is_401_with_a_basic_challenge() {
    let server = TestServer::start().await;
    let headers = [
        basic("test-client", "wrong"),
        basic("test-client", ""),
        basic("nobody", "Password1"),
        basic("public-client", ""),
        basic("public-client", "x"),
        "Bearer abc".to_owned(),
        "Basic !!!".to_owned(),
    ];
    for auth in &headers {
        let answer = server.post(TOKEN, &[("authorization", auth)], &[GRANT]).await;
        assert_eq!(answer.refusal(), "401 invalid_client", "{auth}");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Basic realm="));
    }
    for form in [
        vec![GRANT],
        vec![GRANT, ("client_id", "test-client")],
        vec![GRANT, ("client_id", "test-client"), ("client_secret", "wrong")],
        vec![GRANT, ("client_id", "public-client"), ("client_secret", "any")],
    ] {
        let answer = server.post(TOKEN, &[], &form).await;
        assert_eq!(answer.refusal(), "401 invalid_client", "{form:?}");
    }
}

/// Rows: CLA-2
#[tokio::test]
async fn two_methods_or_two_names_in_one_request_are_refused() {
    let server = TestServer::start().await;
    let both = [GRANT, ("client_id", "test-client"), ("client_secret", "Password1")];
    let answer = server.post_as("test-client", TOKEN, &both).await;
    assert_eq!(answer.refusal(), "400 invalid_request");
    let other_name = [GRANT, ("client_id", "client-one")];
    let answer = server.post_as("test-client", TOKEN, &other_name).await;
    assert_eq!(answer.refusal(), "400 invalid_request");
    let same_name = [GRANT, ("client_id", "test-client")];
    assert_eq!(server.post_as("test-client", TOKEN, &same_name).await.status, 200);
    let auth = basic("test-client", "Password1");
    let twice = [("authorization", auth.as_str()), ("authorization", auth.as_str())];
    let answer = server.post(TOKEN, &twice, &[GRANT]).await;
    assert_eq!(answer.refusal(), "400 invalid_request");
}

/// `jwt-client` signs with the secret, `key-client` with the key.
struct Assertions {
    server: TestServer,
    key: Ed25519KeyPair,
}

impl Assertions {
    async fn start(adjust: impl FnOnce(&mut DevAuthOptions)) -> Self {
        let key = Ed25519KeyPair::generate().unwrap();
        let x = base64url(key.public_key());
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": x});
        let public = Credential::PublicKey(PublicKey::from_jwk(&jwk).unwrap());
        let server = TestServer::start_with(|options| {
            let secret = Credential::Secret(SecretString::from(LONG_SECRET));
            options.clients.push(Client::introspection("jwt-client", secret));
            options.clients.push(Client::introspection("key-client", public));
            adjust(options);
        })
        .await;
        Self { server, key }
    }

    /// A good assertion of this client.
    fn claims(&self, client: &str, jti: &str) -> Value {
        let now = self.server.now();
        json!({
            "iss": client, "sub": client, "aud": self.server.handle.issuer(),
            "iat": now, "exp": now + 60, "jti": jti,
        })
    }

    fn signed(&self, header: &Value, claims: &Value) -> String {
        let input = signing_input(&header.to_string(), claims);
        let signature = match header["alg"].as_str() {
            Some("EdDSA") => base64url(self.key.sign(input.as_bytes())),
            Some("HS256") => hs256(LONG_SECRET, &input),
            _ => String::new(),
        };
        format!("{input}.{signature}")
    }

    async fn present(&self, assertion: &str) -> Answer {
        let form = [
            ("token", "unknown"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion),
        ];
        self.server.post(INTROSPECT, &[], &form).await
    }
}

fn hs256(secret: &str, input: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    base64url(hmac::sign(&key, input.as_bytes()))
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

/// Rows: CLA-3
#[tokio::test]
async fn assertions_by_secret_and_by_key_authenticate() {
    let them = Assertions::start(|_| {}).await;
    let typ = "client-authentication+jwt";
    for (client, alg) in [("jwt-client", "HS256"), ("key-client", "EdDSA")] {
        let header = json!({"alg": alg, "typ": typ});
        let assertion = them.signed(&header, &them.claims(client, "1"));
        let answer = them.present(&assertion).await;
        assert_eq!((answer.status, answer.json()), (200, json!({"active": false})), "{client}");
    }
}

/// Rows: CLA-3
#[tokio::test]
async fn an_assertion_with_any_claim_wrong_is_refused() {
    let them = Assertions::start(|_| {}).await;
    let now = them.server.now();
    let good = || them.claims("key-client", "same");
    let header = json!({"alg": "EdDSA"});
    for (name, value) in [
        ("iss", json!("other")),
        ("sub", json!("jwt-client")),
        ("sub", json!("nobody")),
        ("sub", Value::Null),
        ("aud", json!("https://other.example")),
        ("aud", json!([them.server.handle.issuer(), "https://other.example"])),
        ("aud", Value::Null),
        ("exp", json!(now)),
        ("exp", json!(now + 3600)),
        ("exp", json!("soon")),
        ("exp", Value::Null),
        ("iat", json!(now + 120)),
        ("iat", json!("now")),
        ("nbf", json!(now + 120)),
        ("jti", Value::Null),
        ("jti", json!("x".repeat(300))),
    ] {
        let assertion = them.signed(&header, &with(good(), name, value.clone()));
        let answer = them.present(&assertion).await;
        assert_eq!(answer.refusal(), "401 invalid_client", "{name}: {value}");
    }
    let answer = them.present(&them.signed(&header, &good())).await;
    assert_eq!(answer.status, 200, "the failures did not burn the jti");
}

#[tokio::test]
async fn an_assertion_is_taken_once() {
    let them = Assertions::start(|_| {}).await;
    let assertion = them.signed(&json!({"alg": "EdDSA"}), &them.claims("key-client", "once"));
    assert_eq!(them.present(&assertion).await.status, 200);
    assert_eq!(them.present(&assertion).await.refusal(), "401 invalid_client");
}

/// Rows: CLA-8
#[tokio::test]
async fn the_registered_key_fixes_the_algorithm() {
    let them = Assertions::start(|_| {}).await;
    let key_claims = them.claims("key-client", "1");
    let x = base64url(them.key.public_key());
    let confused = signing_input(r#"{"alg":"HS256"}"#, &key_claims);
    let short = signing_input(r#"{"alg":"HS256"}"#, &them.claims("introspection-client", "1"));
    let forged = [
        them.signed(&json!({"alg": "none"}), &key_claims),
        format!("{confused}.{}", hs256(&x, &confused)),
        them.signed(&json!({"alg": "HS256"}), &key_claims),
        them.signed(&json!({"alg": "EdDSA"}), &them.claims("jwt-client", "1")),
        // RFC 7518 §3.2: the key is shorter than the hash.
        format!("{short}.{}", hs256("Password1", &short)),
    ];
    for assertion in &forged {
        assert_eq!(them.present(assertion).await.refusal(), "401 invalid_client", "{assertion}");
    }
}

#[tokio::test]
async fn an_access_token_is_no_assertion() {
    let them = Assertions::start(|_| {}).await;
    let header = json!({"alg": "EdDSA", "typ": "at+jwt"});
    let assertion = them.signed(&header, &them.claims("key-client", "1"));
    assert_eq!(them.present(&assertion).await.refusal(), "401 invalid_client");
}

#[tokio::test]
async fn an_unknown_assertion_type_is_refused() {
    let them = Assertions::start(|_| {}).await;
    let assertion = them.signed(&json!({"alg": "EdDSA"}), &them.claims("key-client", "1"));
    let form = [("token", "x"), ("client_assertion", assertion.as_str())];
    let answer = them.server.post(INTROSPECT, &[], &form).await;
    assert_eq!(answer.refusal(), "400 invalid_request");
}

/// Rows: CLA-4
#[tokio::test]
async fn the_endpoint_as_audience_and_a_plain_typ_are_for_older_clients_only() {
    let origin = |them: &Assertions| {
        them.server.handle.issuer().trim_end_matches("/oauth/v2/oauth-anonymous").to_owned()
    };
    for strict in [false, true] {
        let them = Assertions::start(|options| options.strict_client_assertions = strict).await;
        let endpoint = json!(format!("{}{INTROSPECT}", origin(&them)));
        let new_type = json!({"alg": "EdDSA", "typ": "client-authentication+jwt"});
        let older = [
            them.signed(&new_type, &with(them.claims("key-client", "1"), "aud", endpoint)),
            them.signed(&json!({"alg": "EdDSA", "typ": "JWT"}), &them.claims("key-client", "2")),
            them.signed(&json!({"alg": "EdDSA"}), &them.claims("key-client", "3")),
        ];
        for assertion in &older {
            let expected = if strict { 401 } else { 200 };
            assert_eq!(them.present(assertion).await.status, expected, "{assertion}");
        }
        let modern = them.signed(&new_type, &them.claims("key-client", "4"));
        assert_eq!(them.present(&modern).await.status, 200);
    }
}
