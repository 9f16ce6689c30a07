//! Vectors of Project Wycheproof and the JOSE cookbook: the signature step alone.

use std::path::PathBuf;

use super::*;

fn vectors(path: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors").join(path);
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

/// The signature step for a token that need not carry claims: an empty payload is allowed here.
fn signature_verifies(token: &str, keys: &JwkSet) -> bool {
    let parts: Vec<&str> = token.split('.').collect();
    let jws = match parts[..] {
        [header, "", signature] => {
            let parts = CompactJws { header, payload: "", signature };
            UnverifiedJws::from_parts(token, parts, Algorithms::ALL)
        }
        _ => UnverifiedJws::parse(token, Algorithms::ALL),
    };
    jws.and_then(|jws| jws.verify(keys)).is_ok()
}

/// The group's public key or keys; private members are left out, or the set would refuse them.
fn keys_of(group: &Value) -> JwkSet {
    let key = if group["public"].is_null() { &group["private"] } else { &group["public"] };
    let mut keys = match &key["keys"] {
        Value::Array(keys) => keys.clone(),
        _ => vec![key.clone()],
    };
    for key in keys.iter_mut().filter(|key| key["kty"] != "oct") {
        for private in ["d", "p", "q", "dp", "dq", "qi"] {
            key.as_object_mut().unwrap().remove(private);
        }
    }
    let document = json!({"keys": keys}).to_string();
    JwkSet::parse(document.as_bytes(), Algorithms::ALL).unwrap()
}

/// Runs a file; gives the valid vectors that were refused and the invalid ones that were accepted.
fn disagreements(path: &str) -> (Vec<u64>, Vec<u64>, usize) {
    let (mut refused, mut accepted, mut agreed) = (vec![], vec![], 0);
    for group in vectors(path)["testGroups"].as_array().unwrap() {
        let keys = keys_of(group);
        for test in group["tests"].as_array().unwrap() {
            let token = test["jws"].as_str().or(test["jwe"].as_str()).unwrap_or_default();
            let id = test["tcId"].as_u64().unwrap();
            match (test["result"].as_str().unwrap(), signature_verifies(token, &keys)) {
                ("valid", false) => refused.push(id),
                ("invalid", true) => accepted.push(id),
                _ => agreed += 1,
            }
        }
    }
    (refused, accepted, agreed)
}

#[test]
fn wycheproof_signatures_agree_but_for_the_documented_exceptions() {
    let (refused, accepted, agreed) = disagreements("wycheproof/json_web_signature_test.json");
    assert_eq!(accepted, Vec::<u64>::new(), "invalid vectors accepted");
    // HMAC: 1, 348, 352, 357 to 359, 376, 377. The key's alg says otherwise: 346, 347, 350, 351.
    // Characters outside base64url: 372, 373.
    assert_eq!(refused, [1, 346, 347, 348, 350, 351, 352, 357, 358, 359, 372, 373, 376, 377]);
    assert_eq!(agreed, 401 - refused.len());
}

#[test]
fn wycheproof_keys_agree_but_for_symmetric_ones() {
    let (refused, accepted, agreed) = disagreements("wycheproof/json_web_key_test.json");
    assert_eq!(accepted, Vec::<u64>::new(), "invalid vectors accepted");
    assert_eq!(refused, [2, 13, 14, 15]);
    assert_eq!(agreed, 26 - 4);
}

#[test]
fn wycheproof_crypto_vectors_never_pass_a_forgery() {
    let (_, accepted, _) = disagreements("wycheproof/json_web_crypto_test.json");
    assert_eq!(accepted, Vec::<u64>::new(), "invalid vectors accepted");
}

#[test]
fn the_signatures_of_the_jose_cookbook_verify() {
    for (file, valid) in [
        ("jws/4_1.rsa_v15_signature.json", true),
        ("jws/4_2.rsa-pss_signature.json", true),
        ("jws/4_3.ecdsa_signature.json", true),
        ("jws/4_4.hmac-sha2_integrity_protection.json", false),
        ("curve25519/jws.json", true),
    ] {
        let vector = vectors(&format!("jose-cookbook/{file}"));
        let keys = keys_of(&json!({"public": vector["input"]["key"]}));
        let token = vector["output"]["compact"].as_str().unwrap();
        assert_eq!(signature_verifies(token, &keys), valid, "{file}");
    }
}
