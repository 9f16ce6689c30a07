use phantom_core::jwt;
use phantom_core::jwt::CompactJws;

use super::*;
use crate::Algorithms;
use crate::JwkSet;
use crate::verify::UnverifiedJws;

const NOW: UnixTime = UnixTime::from_secs(1_767_225_600);

const END: UnixTime = UnixTime::from_secs(1_767_225_900);

fn minter() -> Minter {
    Minter::new(&Minter::generate_key().unwrap(), "https://gateway.example.com").unwrap()
}

fn mint(minter: &Minter, claims: &Value) -> (String, Map<String, Value>) {
    let claims = described(claims.as_object().unwrap(), None);
    let jwt = minter.mint(claims, END, NOW).unwrap();
    let payload = jwt::decode(CompactJws::parse(&jwt).unwrap().payload).unwrap();
    (jwt, serde_json::from_slice(&payload).unwrap())
}

#[test]
fn a_minted_token_verifies_with_the_published_keys() {
    let minter = minter();
    let (minted, claims) = mint(&minter, &json!({"active": true, "sub": "alice"}));
    let keys = JwkSet::parse(minter.jwks_json().as_bytes(), Algorithms::ALL).unwrap();
    let jws = UnverifiedJws::parse(&minted).unwrap();
    assert!(jws.verify(&keys, Algorithms::ALL).is_ok());
    assert_eq!(jws.typ(), Some("at+jwt"));
    assert_eq!(claims["iss"], "https://gateway.example.com");
    assert_eq!(claims["sub"], "alice");
    assert!(!claims.contains_key("active"));
    assert!(!minter.jwks_json().contains("\"d\""), "no private member is published");
}

/// Rows: JWT-8
#[test]
fn what_we_mint_is_a_whole_rfc_9068_token() {
    for (said, sub) in [
        (json!({"client_id": "c", "sub": "alice", "username": "al"}), "alice"),
        (json!({"client_id": "c", "username": "al"}), "al"),
        (json!({"client_id": "c"}), "c"),
        (json!({"azp": "c", "sub": null, "username": null, "scope": null}), "c"),
    ] {
        let (_, claims) = mint(&minter(), &said);
        for name in crate::access_token::REQUIRED_CLAIMS {
            assert!(claims.contains_key(name), "{name} is missing: {said}");
        }
        assert_eq!((&claims["sub"], &claims["client_id"]), (&json!(sub), &json!("c")), "{said}");
        assert_eq!(claims["exp"], END.as_secs());
        assert_eq!(claims["aud"], "https://gateway.example.com", "for what is behind the gateway");
        assert!(!claims.values().any(Value::is_null), "{said}");
    }
    let (_, claims) = mint(&minter(), &json!({"aud": ["a"], "scope": ["read", "write"]}));
    assert_eq!((&claims["aud"], &claims["scope"]), (&json!(["a"]), &json!("read write")));
    let configured = described(json!({"sub": "a"}).as_object().unwrap(), Some("orders-api"));
    assert_eq!(configured["aud"], "orders-api");
    let named = described(json!({"aud": "other"}).as_object().unwrap(), Some("orders-api"));
    assert_eq!(named["aud"], "other", "the server's word goes before ours");
}

#[test]
fn what_the_statement_lacks_is_fresh_and_what_it_has_is_kept() {
    let minter = minter();
    let (_, first) = mint(&minter, &json!({}));
    let (_, second) = mint(&minter, &json!({"iat": "now", "jti": 7}));
    assert_eq!(first["iat"], NOW.as_secs());
    assert_eq!(second["iat"], NOW.as_secs());
    assert_ne!(first["jti"], second["jti"]);
    let (_, kept) = mint(&minter, &json!({"iat": 5, "jti": "a", "iss": "https://as", "exp": 1}));
    assert_eq!((&kept["iat"], &kept["jti"]), (&json!(5), &json!("a")));
    assert_eq!(kept["iss"], "https://gateway.example.com", "never another's");
    assert_eq!(kept["exp"], END.as_secs());
}

#[test]
fn dates_in_minted_tokens_are_whole_seconds() {
    let said = json!({"iat": 1767225600.75, "nbf": 1767225599.999, "auth_time": 1767225500.5});
    let (_, claims) = mint(&minter(), &said);
    for (name, whole) in [("iat", 1767225600), ("nbf", 1767225599), ("auth_time", 1767225500)] {
        assert_eq!(claims[name], json!(whole), "{name}");
    }
    assert_eq!(claims["exp"], END.as_secs());
}

#[test]
fn the_kid_is_the_keys_thumbprint_and_stays() {
    let key = Minter::generate_key().unwrap();
    let one = Minter::new(&key, "https://a").unwrap();
    let two = Minter::new(&key, "https://b").unwrap();
    assert_eq!(one.jwks_json(), two.jwks_json());
    assert_ne!(one.jwks_json(), minter().jwks_json());
    let rsa = phantom_testkit::Signer::rs256("r").private_key_pem();
    let refused = Minter::from_pem(rsa.as_bytes(), "https://a");
    assert_eq!(refused.unwrap_err(), SigningKeyError::Kind);
}
