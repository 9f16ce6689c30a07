use phantom_core::jwt;
use phantom_core::jwt::CompactJws;

use super::*;
use crate::Algorithms;
use crate::JwkSet;
use crate::verify::UnverifiedJws;

const NOW: UnixTime = UnixTime::from_secs(1_767_225_600);

fn minter() -> Minter {
    let key = Minter::generate_key().unwrap();
    Minter::new(&key, "https://gateway.example.com", Duration::from_secs(300)).unwrap()
}

fn mint(minter: &Minter, claims: &Value, end: Option<UnixTime>) -> (Minted, Map<String, Value>) {
    let minted = minter.mint(claims.as_object().unwrap().clone(), end, NOW).unwrap();
    let payload = jwt::decode(CompactJws::parse(&minted.jwt).unwrap().payload).unwrap();
    (minted, serde_json::from_slice(&payload).unwrap())
}

#[test]
fn a_minted_token_verifies_with_the_published_keys() {
    let minter = minter();
    let (minted, claims) = mint(&minter, &json!({"active": true, "sub": "alice"}), None);
    let keys = JwkSet::parse(minter.jwks_json().as_bytes(), Algorithms::ALL).unwrap();
    let jws = UnverifiedJws::parse(&minted.jwt).unwrap();
    assert!(jws.verify(&keys, Algorithms::ALL).is_ok());
    assert_eq!(jws.typ(), Some("at+jwt"));
    assert_eq!(claims["iss"], "https://gateway.example.com");
    assert_eq!(claims["sub"], "alice");
    assert!(!claims.contains_key("active"));
    assert!(!minter.jwks_json().contains("\"d\""), "no private member is published");
}

#[test]
fn a_minted_token_never_outlives_its_statement() {
    let minter = minter();
    let end = UnixTime::from_millis(NOW.as_millis() + 5_900);
    let (minted, claims) = mint(&minter, &json!({"exp": 9_999_999_999_u64}), Some(end));
    assert_eq!(claims["exp"], NOW.as_secs() + 5);
    assert!(minted.expires_at <= end);
    let (minted, claims) = mint(&minter, &json!({}), None);
    assert_eq!(claims["exp"], NOW.as_secs() + 300);
    assert_eq!(minted.expires_at, NOW.plus(Duration::from_secs(300)));
}

#[test]
fn what_the_statement_lacks_is_fresh_and_what_it_has_is_kept() {
    let minter = minter();
    let (_, first) = mint(&minter, &json!({}), None);
    let (_, second) = mint(&minter, &json!({"iat": "now", "jti": 7}), None);
    assert_eq!(first["iat"], NOW.as_secs());
    assert_eq!(second["iat"], NOW.as_secs());
    assert_ne!(first["jti"], second["jti"]);
    let (_, kept) = mint(&minter, &json!({"iat": 5, "jti": "a", "iss": "https://as"}), None);
    assert_eq!((&kept["iat"], &kept["jti"]), (&json!(5), &json!("a")));
    assert_eq!(kept["iss"], "https://gateway.example.com", "never another's");
}

#[test]
fn the_kid_is_the_keys_thumbprint_and_stays() {
    let key = Minter::generate_key().unwrap();
    let one = Minter::new(&key, "https://a", Duration::from_secs(1)).unwrap();
    let two = Minter::new(&key, "https://b", Duration::from_secs(1)).unwrap();
    assert_eq!(one.jwks_json(), two.jwks_json());
    assert_ne!(one.jwks_json(), minter().jwks_json());
    let rsa = phantom_testkit::Signer::rs256("r").private_key_pem();
    let refused = Minter::from_pem(rsa.as_bytes(), "https://a", Duration::from_secs(1));
    assert_eq!(refused.unwrap_err(), SigningKeyError::Kind);
}
