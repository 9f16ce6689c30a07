mod vectors;

use base64::Engine;
use phantom_core::jwt::BASE64URL;
use phantom_testkit::Signer;
use phantom_testkit::jose;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use super::*;

fn check(token: &str, jwks: &str) -> Result<Vec<u8>, Refusal> {
    let keys = JwkSet::parse(jwks.as_bytes(), Algorithms::ALL).unwrap();
    UnverifiedJws::parse(token)?.verify(&keys, Algorithms::ALL)
}

fn header(signer: &Signer, alg: &str, extra: &Value) -> Value {
    let mut header = json!({"alg": alg, "typ": "at+jwt", "kid": signer.kid()});
    header.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    header
}

/// Rows: WSO2-8.5.1, WSO2-11.3
#[test]
fn every_allowed_algorithm_verifies_its_own_signature() {
    let rsa = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
    let mut signers = vec![Signer::es256("k"), Signer::es384("k"), Signer::es512("k")];
    signers.push(Signer::ed25519("k"));
    let mut key = Signer::rs256("k");
    for alg in rsa {
        key = key.with_alg(alg);
        assert!(check(&key.sign(&json!({"alg": alg})), &key.jwks()).is_ok(), "{alg}");
    }
    for signer in signers {
        assert!(check(&signer.sign(&json!({})), &signer.jwks()).is_ok(), "{signer:?}");
    }
}

#[test]
fn a_changed_byte_anywhere_breaks_the_signature() {
    let signer = Signer::es256("k");
    let token = signer.sign(&json!({"sub": "alice"}));
    let jwks = signer.jwks();
    for at in (0..token.len()).step_by(7) {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(check(&changed, &jwks).is_err(), "byte {at}");
    }
}

/// Rows: JWT-2, WSO2-8.5.1
#[test]
fn none_and_hmac_are_refused_also_with_the_public_key_as_secret() {
    let rsa = Signer::rs256("k");
    let claims = json!({"sub": "mallory"});
    for alg in ["none", "None", "nOnE", "HS256", "HS384", "HS512", ""] {
        let forged = rsa.sign_with(&header(&rsa, alg, &json!({})), &claims);
        assert_eq!(check(&forged, &rsa.jwks()), Err(Refusal::Algorithm), "{alg}");
    }
    let input = format!(
        "{}.{}",
        BASE64URL.encode(header(&rsa, "HS256", &json!({})).to_string()),
        BASE64URL.encode(claims.to_string())
    );
    let secret = rsa.jwks();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
    let tag = aws_lc_rs::hmac::sign(&key, input.as_bytes());
    let forged = format!("{input}.{}", BASE64URL.encode(tag));
    assert_eq!(check(&forged, &rsa.jwks()), Err(Refusal::Algorithm));
}

/// Rows: PITFALL-1
#[test]
fn the_key_fixes_the_algorithm() {
    let rsa = Signer::rs256("k");
    let lying = rsa.sign_with(&header(&rsa, "PS256", &json!({})), &json!({}));
    assert_eq!(check(&lying, &rsa.jwks()), Err(Refusal::KeyMisfit));
    let lying = rsa.sign_with(&header(&rsa, "ES256", &json!({})), &json!({}));
    assert_eq!(check(&lying, &rsa.jwks()), Err(Refusal::KeyMisfit));
}

/// Rows: JWT-2
#[test]
fn the_allow_list_of_the_key_manager_decides() {
    let signer = Signer::es256("k");
    let token = signer.sign(&json!({}));
    let allowed: Algorithms = [Algorithm::Rs256].into_iter().collect();
    let refused = UnverifiedJws::parse(&token).unwrap().check_header(allowed).unwrap_err();
    assert_eq!(refused, Refusal::Algorithm);
}

/// Rows: JWT-3
#[test]
fn keys_and_addresses_in_the_header_are_ignored() {
    let (issuer, mallory) = (Signer::es256("k"), Signer::es256("k"));
    let own_key = json!({
        "jwk": mallory.jwk(), "jku": "http://127.0.0.1:1/jwks", "x5u": "http://127.0.0.1:1/x",
        "x5c": ["MIIB"],
    });
    let forged = mallory.sign_with(&header(&mallory, "ES256", &own_key), &json!({}));
    assert_eq!(check(&forged, &issuer.jwks()), Err(Refusal::Signature));
    let genuine = issuer.sign_with(&header(&issuer, "ES256", &own_key), &json!({}));
    assert!(check(&genuine, &issuer.jwks()).is_ok(), "ignored, not obeyed");
}

/// Rows: JWT-4
#[test]
fn a_named_kid_tries_that_key_only() {
    let (a, b) = (Signer::es256("a"), Signer::es256("b"));
    let both = jose::jwks(&[&a, &b]);
    let lying = a.sign_with(&json!({"alg": "ES256", "kid": "b"}), &json!({}));
    assert_eq!(check(&lying, &both), Err(Refusal::Signature));
    let unknown = a.sign_with(&json!({"alg": "ES256", "kid": "c"}), &json!({}));
    assert_eq!(check(&unknown, &both), Err(Refusal::UnknownKey));
}

/// Rows: JWT-5
#[test]
fn any_crit_is_refused() {
    let signer = Signer::es256("k");
    for crit in [
        json!(["exp"]),
        json!([]),
        json!(["alg"]),
        json!(["b64"]),
        json!(["x", "x"]),
        json!("exp"),
        json!(null),
        json!({}),
    ] {
        let extra = json!({"crit": crit, "exp": 1});
        let token = signer.sign_with(&header(&signer, "ES256", &extra), &json!({}));
        assert!(matches!(check(&token, &signer.jwks()), Err(Refusal::Header(_))), "{crit}");
    }
}

/// Rows: PITFALL-3
#[test]
fn b64_false_is_refused_with_and_without_crit() {
    let signer = Signer::es256("k");
    for extra in [json!({"b64": false}), json!({"b64": false, "crit": ["b64"]})] {
        let token = signer.sign_with(&header(&signer, "ES256", &extra), &json!({}));
        assert!(matches!(check(&token, &signer.jwks()), Err(Refusal::Header(_))));
    }
}

/// Rows: JWT-10
#[test]
fn the_encoding_is_strict_in_every_part() {
    let signer = Signer::es256("k");
    let token = signer.sign(&json!({"sub": "alice"}));
    let jwks = signer.jwks();
    let parts: Vec<&str> = token.split('.').collect();
    let variants = [
        format!("{token}="),
        format!("{token}\n"),
        format!(" {token}"),
        format!("{token}."),
        format!("{}.{}", parts[0], parts[1]),
        format!("{token}.a.b"),
        format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
        format!("{}.{}", parts[0], parts[2]),
        token.replace(['-', '_'], "+") + "+",
    ];
    for variant in variants {
        assert_eq!(check(&variant, &jwks), Err(Refusal::Shape), "{variant}");
    }
    // A symbol whose unused bits are not zero stands for the same octets: refused nevertheless.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = alphabet.find(&token[token.len() - 1..]).unwrap();
    let malleable = format!("{}{}", &token[..token.len() - 1], &alphabet[last + 1..last + 2]);
    assert_eq!(check(&malleable, &jwks), Err(Refusal::Shape));
}

/// Rows: JWT-11
#[test]
fn duplicate_header_members_and_oversized_tokens_are_refused() {
    let signer = Signer::es256("k");
    let doubled = signer.sign_raw(br#"{"alg":"ES256","alg":"ES256","kid":"k"}"#, b"{}");
    assert!(matches!(check(&doubled, &signer.jwks()), Err(Refusal::Header(_))));
    let long = signer.sign(&json!({"pad": "x".repeat(MAX_JWT_LEN)}));
    assert_eq!(check(&long, &signer.jwks()), Err(Refusal::TooLong));
}

/// Rows: JWT-12
#[test]
fn ecdsa_signatures_have_the_fixed_length_and_range() {
    let signer = Signer::es256("k");
    let token = signer.sign(&json!({}));
    let (input, signature) = token.rsplit_once('.').unwrap();
    let signature = jwt::decode(signature).unwrap();
    let zero_s = [&signature[..32], &[0; 32]].concat();
    let zero_r = [&[0; 32], &signature[32..]].concat();
    let huge = [&signature[..32], &[0xff; 32]].concat();
    let short = signature[1..].to_vec();
    let long = [&[0], &signature[..]].concat();
    for bad in [zero_s, zero_r, huge, short, long, vec![], vec![0; 64]] {
        let forged = format!("{input}.{}", BASE64URL.encode(&bad));
        assert_eq!(check(&forged, &signer.jwks()), Err(Refusal::Signature), "{}", bad.len());
    }
}

/// Rows: JWT-13
#[test]
fn a_jwe_is_not_taken() {
    let five = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkExMjhDQkMtSFMyNTYifQ.AA.AA.AA.AA";
    assert_eq!(check(five, &Signer::es256("k").jwks()), Err(Refusal::Shape));
}

#[test]
fn header_members_of_the_wrong_type_are_refused() {
    let signer = Signer::es256("k");
    for header in [
        json!({"kid": "k"}),
        json!({"alg": 1, "kid": "k"}),
        json!({"alg": "ES256", "kid": 1}),
        json!({"alg": "ES256", "kid": null}),
        json!({"alg": "ES256", "typ": ["at+jwt"]}),
        json!([]),
    ] {
        let token = signer.sign_with(&header, &json!({}));
        assert!(matches!(check(&token, &signer.jwks()), Err(Refusal::Header(_))), "{header}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_verifier_panic(token in "\\PC{0,200}") {
        drop(UnverifiedJws::parse(&token));
    }

    #[test]
    fn no_header_payload_or_signature_makes_the_verifier_panic(
        header in proptest::collection::vec(any::<u8>(), 0..64),
        alg in "RS256|ES256|EdDSA|PS256|none",
        payload in proptest::collection::vec(any::<u8>(), 1..64),
        signature in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let keys = JwkSet::default();
        let named = json!({"alg": alg}).to_string();
        for header in [header, named.into_bytes()] {
            let token = [header, payload.clone(), signature.clone()].map(|p| BASE64URL.encode(p));
            if let Ok(jws) = UnverifiedJws::parse(&token.join(".")) {
                prop_assert!(jws.verify(&keys, Algorithms::ALL).is_err());
            }
        }
    }
}
