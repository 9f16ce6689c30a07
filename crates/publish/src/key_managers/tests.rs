use phantom_core::UnixTime;
use phantom_core::catalog::TokenRule;
use serde_json::Value;
use serde_json::json;
use uuid::Uuid;

use super::*;

fn resident_endpoint() -> ResidentEndpoint {
    ResidentEndpoint {
        introspection_endpoint: "https://localhost:9443/oauth2/introspect".to_owned(),
        issuer: "https://localhost:9443/oauth2/token".to_owned(),
        client_id: "gateway".to_owned(),
        client_secret: "gateway-secret".into(),
    }
}

fn row(kind: &str, document: Value) -> KeyManagerRow {
    KeyManagerRow {
        id: Uuid::from_u128(7),
        name: "curity".to_owned(),
        kind: kind.to_owned(),
        enabled: true,
        document,
        secrets: [("client_secret".to_owned(), SecretString::from("Password1"))].into(),
        version: 3,
        created_at: UnixTime::from_millis(0),
        updated_at: UnixTime::from_millis(0),
    }
}

fn curity(changes: &Value) -> KeyManagerRow {
    let mut document = json!({
        "introspectionEndpoint": "https://as.example/introspect",
        "issuer": "https://as.example",
        "certificates": {"type": "JWKS", "value": "https://as.example/jwks"},
        "enableSelfValidationJWT": true,
        "consumerKeyClaim": "aud",
        "scopesClaim": "scope",
        "claimMapping": [{"remoteClaim": "urn:sub", "localClaim": "sub"}],
        "tokenValidation": [{"enable": true, "type": "REFERENCE", "value": "_0XB.*"}],
        "additionalProperties": {
            "client_id": "api-gateway-client", "expected_audience": "client-one",
            "clock_skew": "60", "cache_max_entries": 50_000,
        },
    });
    for (name, value) in changes.as_object().unwrap() {
        document[name] = value.clone();
    }
    row("CurityPhantomToken", document)
}

fn published(row: &KeyManagerRow) -> ManagedKeyManager {
    managed(row, &resident_endpoint()).unwrap().unwrap()
}

#[test]
fn a_phantom_token_key_manager_introspects_and_verifies() {
    let published = published(&curity(&json!({})));
    assert_eq!(published.id, EntityId::new(7));
    assert_eq!(published.revision, 3);
    assert_eq!(published.issuer.as_deref(), Some("https://as.example"));
    assert_eq!(published.keys, Some(KeySet::Uri("https://as.example/jwks".into())));
    let opaque = published.opaque.unwrap();
    assert_eq!(&*opaque.introspection_endpoint, "https://as.example/introspect");
    assert_eq!(&*opaque.client_id, "api-gateway-client");
    assert_eq!(&*opaque.client_secret, "Password1");
    assert_eq!(opaque.cache_max_entries, 50_000);
    assert!(published.validates_jwt);
    assert_eq!(published.expected_audience.as_deref(), Some("client-one"));
    assert_eq!(published.clock_skew, Duration::from_secs(60));
    assert_eq!(&*published.consumer_key_claim, "aud");
    assert_eq!(&*published.scopes_claim, "scope");
    let rename = ClaimRename { remote: "urn:sub".into(), local: "sub".into() };
    assert_eq!(published.claim_renames, [rename]);
    assert_eq!(published.token_rules, [TokenRule::Reference("_0XB.*".into())]);
}

#[test]
fn what_is_disabled_or_exchanged_is_never_published() {
    let disabled = KeyManagerRow { enabled: false, ..curity(&json!({})) };
    assert_eq!(managed(&disabled, &resident_endpoint()).unwrap(), None);
    let exchanged = curity(&json!({"tokenType": "EXCHANGED"}));
    assert_eq!(managed(&exchanged, &resident_endpoint()).unwrap(), None);
    for kind in ["DIRECT", "BOTH"] {
        let row = curity(&json!({"tokenType": kind}));
        assert!(managed(&row, &resident_endpoint()).unwrap().is_some(), "{kind}");
    }
}

#[test]
fn a_custom_key_manager_takes_jwts_alone() {
    let document = json!({
        "issuer": "https://as.example", "introspectionEndpoint": "https://as.example/introspect",
        "certificates": {"type": "JWKS", "value": "https://as.example/jwks"},
    });
    let published = published(&row("CustomKeyManager", document));
    assert_eq!(published.opaque, None);
    assert!(published.validates_jwt);
    assert_eq!(&*published.consumer_key_claim, "azp");
    assert_eq!(published.expected_audience, None);
}

#[test]
fn the_resident_key_manager_is_asked_about_its_tokens() {
    let published = published(&row("default", json!({"consumerKeyClaim": "azp"})));
    assert_eq!(published.issuer.as_deref(), Some("https://localhost:9443/oauth2/token"));
    assert!(!published.validates_jwt);
    let opaque = published.opaque.unwrap();
    assert_eq!(&*opaque.introspection_endpoint, "https://localhost:9443/oauth2/introspect");
    assert_eq!(&*opaque.client_secret, "gateway-secret");
    assert_eq!(&*published.consumer_key_claim, "azp");
}

#[test]
fn a_certificates_key_is_published_itself() {
    let pem = rcgen::generate_simple_self_signed(["as.example".to_owned()]).unwrap().cert.pem();
    let row = curity(&json!({"certificates": {"type": "PEM", "value": pem}}));
    let Some(KeySet::Inline(set)) = published(&row).keys else { panic!("no key set") };
    assert!(set.contains("P-256"), "{set}");
}

#[test]
fn what_was_spoilt_in_the_store_is_told_without_its_secrets() {
    let without_secret = KeyManagerRow { secrets: Default::default(), ..curity(&json!({})) };
    for row in [
        without_secret,
        curity(&json!({"introspectionEndpoint": null})),
        curity(&json!({"additionalProperties": {}})),
        curity(&json!({"certificates": {"type": "PEM", "value": "x"}})),
        curity(&json!({"tokenValidation": [{"type": "REFERENCE", "value": "("}]})),
        curity(&json!({"issuer": 7})),
        row("KeyCloak", json!({})),
    ] {
        let error = managed(&row, &resident_endpoint()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("Password1"));
    }
}
