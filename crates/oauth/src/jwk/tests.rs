use phantom_testkit::Signer;
use phantom_testkit::jose;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use super::*;

fn set(keys: &[Value]) -> JwkSet {
    let document = json!({"keys": keys}).to_string();
    JwkSet::parse(document.as_bytes(), Algorithms::ALL).unwrap()
}

fn with(jwk: &Value, member: &str, value: Value) -> Value {
    let mut jwk = jwk.clone();
    jwk[member] = value;
    jwk
}

/// Rows: DSC-9
#[test]
fn a_bad_key_is_skipped_and_the_rest_is_used() {
    let good = Signer::es256("good").jwk();
    let other = Signer::es256("other").jwk();
    let bad = [
        json!("not an object"),
        json!({"kty": "XYZ", "kid": "a"}),
        json!({"kty": "EC", "crv": "secp256k1", "x": good["x"], "y": good["y"]}),
        with(&good, "y", other["y"].clone()),
        with(&good, "x", json!("AAAA")),
        with(&good, "x", json!("not base64url!")),
        with(&good, "alg", json!("ES384")),
        with(&good, "alg", json!("ES521")),
        with(&good, "alg", json!("none")),
        with(&good, "kid", json!(7)),
        json!({"kid": "no type"}),
    ];
    for bad in bad {
        let set = set(&[bad.clone(), good.clone()]);
        assert_eq!(set.len(), 1, "{bad}");
        assert!(set.key(Some("good"), Algorithm::Es256).is_ok());
    }
}

/// Rows: DSC-9
#[test]
fn private_members_are_never_used() {
    let rsa = Signer::rs256("r").jwk();
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        let leaked = with(&rsa, member, json!("AQAB"));
        assert_eq!(parse_key(&leaked, Algorithms::ALL).unwrap_err(), Unusable::Private);
        assert!(set(&[leaked]).is_empty(), "{member}");
    }
    let secret = json!({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256", "kid": "s"});
    assert!(set(&[secret]).is_empty());
}

/// Rows: DSC-6
#[test]
fn a_key_for_encryption_never_verifies() {
    let jwk = Signer::es256("k").jwk();
    for (member, value) in [
        ("use", json!("enc")),
        ("use", json!("SIG")),
        ("use", json!(1)),
        ("key_ops", json!([])),
        ("key_ops", json!(["encrypt"])),
        ("key_ops", json!(["sign"])),
        ("key_ops", json!("verify")),
    ] {
        assert!(set(&[with(&jwk, member, value.clone())]).is_empty(), "{member} {value}");
    }
    assert_eq!(set(&[with(&jwk, "key_ops", json!(["verify"]))]).len(), 1);
}

/// Rows: DSC-9
#[test]
fn members_of_a_key_that_are_null_are_as_if_absent() {
    let mut jwk = Signer::es256("k").jwk();
    for member in ["use", "key_ops", "alg", "d", "k", "p", "oth", "x5c", "x5t", "x5u"] {
        jwk[member] = Value::Null;
    }
    let set = set(&[jwk]);
    assert!(set.key(Some("k"), Algorithm::Es256).is_ok());
    let mut nameless = Signer::es256("k").jwk();
    nameless["kid"] = Value::Null;
    assert!(self::set(&[nameless]).key(None, Algorithm::Es256).is_ok());
}

/// Rows: JWT-12
#[test]
fn rsa_keys_have_2048_to_8192_bits_and_an_odd_exponent() {
    let good = Signer::rs256("r").jwk();
    let modulus = |bits: usize| {
        let mut octets = vec![0xff; bits / 8];
        octets[0] = 0x80;
        base64::Engine::encode(&jwt::BASE64URL, &octets)
    };
    for (n, e, cause) in [
        (modulus(1024), "AQAB", Unusable::RsaSize(1024)),
        (modulus(2040), "AQAB", Unusable::RsaSize(2040)),
        (modulus(8200), "AQAB", Unusable::RsaSize(8200)),
        (modulus(2048), "AQ", Unusable::RsaExponent),
        (modulus(2048), "AAE", Unusable::RsaExponent),
        (modulus(2048), "Ag", Unusable::RsaExponent),
        (modulus(2048), "AA", Unusable::RsaExponent),
    ] {
        let jwk = with(&with(&good, "n", json!(n)), "e", json!(e));
        assert_eq!(parse_key(&jwk, Algorithms::ALL).unwrap_err(), cause);
    }
    assert!(parse_key(&good, Algorithms::ALL).is_ok());
}

/// Rows: JWT-2
#[test]
fn the_key_says_which_algorithms_it_serves() {
    let named = Signer::rs256("named").jwk();
    let mut open = Signer::rs256("open").jwk();
    open.as_object_mut().unwrap().remove("alg");
    let set = set(&[named, open]);
    assert!(set.key(Some("named"), Algorithm::Rs256).is_ok());
    assert_eq!(set.key(Some("named"), Algorithm::Ps256).unwrap_err(), NoKey::Misfit);
    assert!(set.key(Some("open"), Algorithm::Ps512).is_ok());
    assert_eq!(set.key(Some("open"), Algorithm::Es256).unwrap_err(), NoKey::Misfit);
}

/// Rows: JWT-2
#[test]
fn a_key_outside_the_allow_list_is_not_taken() {
    let document = Signer::es256("k").jwks();
    let allowed = [Algorithm::Rs256].into_iter().collect();
    assert!(JwkSet::parse(document.as_bytes(), allowed).unwrap().is_empty());
}

/// Rows: JWT-4
#[test]
fn duplicates_of_a_kid_are_told_apart_by_type_or_refused() {
    let (ec, rsa, twin) = (Signer::es256("k"), Signer::rs256("k"), Signer::es256("k"));
    let mixed = set(&[ec.jwk(), rsa.jwk()]);
    assert!(mixed.key(Some("k"), Algorithm::Es256).is_ok());
    assert!(mixed.key(Some("k"), Algorithm::Rs256).is_ok());
    let twins = set(&[ec.jwk(), twin.jwk()]);
    assert_eq!(twins.key(Some("k"), Algorithm::Es256).unwrap_err(), NoKey::Ambiguous);
}

/// Rows: JWT-4
#[test]
fn kid_is_matched_exactly_and_nothing_else_is_tried() {
    let set = set(&[Signer::es256("key-1").jwk()]);
    for kid in ["key-", "key-11", "KEY-1", "", "../key-1", "key-1' OR '1'='1", "key-1\0"] {
        assert_eq!(set.key(Some(kid), Algorithm::Es256).unwrap_err(), NoKey::Unknown, "{kid}");
    }
}

/// Rows: JWT-4, WSO2-8.5.3
#[test]
fn without_kid_the_only_key_that_fits_is_taken() {
    let (ec, rsa, second) = (Signer::es256("a"), Signer::rs256("b"), Signer::es256("c"));
    let one_each = set(&[ec.jwk(), rsa.jwk()]);
    assert!(one_each.key(None, Algorithm::Es256).is_ok());
    assert_eq!(one_each.key(None, Algorithm::EdDsa).unwrap_err(), NoKey::Unknown);
    let two = set(&[ec.jwk(), second.jwk()]);
    assert_eq!(two.key(None, Algorithm::Es256).unwrap_err(), NoKey::Ambiguous);
}

/// Rows: WSO2-8.5.4
#[test]
fn the_only_key_of_a_certificate_has_no_name_and_serves_under_any() {
    let mut nameless = Signer::es256("k").jwk();
    nameless.as_object_mut().unwrap().remove("kid");
    let one = set(&[nameless.clone()]);
    assert!(one.key(Some("anything"), Algorithm::Es256).is_ok());
    assert_eq!(one.key(Some("anything"), Algorithm::Rs256).unwrap_err(), NoKey::Unknown);
    let two = set(&[nameless, Signer::rs256("other").jwk()]);
    assert_eq!(two.key(Some("anything"), Algorithm::Es256).unwrap_err(), NoKey::Unknown);
}

#[test]
fn the_set_is_bounded_in_bytes_and_keys() {
    let key = Signer::es256("k").jwk();
    let many = json!({"keys": vec![key; JwkSet::MAX_KEYS + 1]}).to_string();
    let refused = JwkSet::parse(many.as_bytes(), Algorithms::ALL).unwrap_err();
    assert!(matches!(refused, InvalidJwkSet::TooMany { count: 101 }));
    let long = vec![b' '; JwkSet::MAX_BYTES + 1];
    assert!(matches!(JwkSet::parse(&long, Algorithms::ALL), Err(InvalidJwkSet::TooLong)));
    for document in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
        assert!(JwkSet::parse(document.as_bytes(), Algorithms::ALL).is_err(), "{document}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(document in proptest::collection::vec(any::<u8>(), 0..512)) {
        drop(JwkSet::parse(&document, Algorithms::ALL));
    }

    #[test]
    fn no_member_value_makes_the_parser_panic(
        kty in "RSA|EC|OKP|oct", crv in "P-256|P-384|P-521|Ed25519",
        x in "[A-Za-z0-9_-]{0,90}", y in "[A-Za-z0-9_-]{0,90}", n in "[A-Za-z0-9_-]{0,400}",
    ) {
        let jwk = json!({"kty": kty, "crv": crv, "x": x, "y": y, "n": n, "e": "AQAB"});
        drop(set(&[jwk]));
    }
}

#[test]
fn sets_of_several_keys_keep_them_all() {
    let (a, b) = (Signer::es256("a"), Signer::ed25519("b"));
    let set = JwkSet::parse(jose::jwks(&[&a, &b]).as_bytes(), Algorithms::ALL).unwrap();
    assert_eq!(set.len(), 2);
}
