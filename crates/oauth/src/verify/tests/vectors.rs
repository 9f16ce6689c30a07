//! Vectors of Project Wycheproof and of the RFCs: the signature step alone.
//!
//! The tables beside this file hold the values; `tools/vectors` makes Wycheproof's.

use super::*;

const SIGNATURE: &str = include_str!("vectors/signature.txt");
const KEY: &str = include_str!("vectors/key.txt");
const CRYPTO: &str = include_str!("vectors/crypto.txt");
const COOKBOOK: &str = include_str!("vectors/cookbook.txt");

/// The signature step for a token that need not carry claims: an empty payload is allowed here.
fn signature_verifies(token: &str, keys: &JwkSet) -> bool {
    let parts: Vec<&str> = token.split('.').collect();
    let verified = match parts[..] {
        [header, "", signature] => empty_payload_verifies(header, signature, keys),
        _ => UnverifiedJws::parse(token).and_then(|jws| jws.check_signature(keys, Algorithms::ALL)),
    };
    verified.is_ok()
}

fn empty_payload_verifies(header: &str, signature: &str, keys: &JwkSet) -> Result<(), Refusal> {
    let decoded = jwt::decode(header).map_err(|_| Refusal::Shape)?;
    let signed = format!("{header}.");
    SignatureHeader::read(&read_header(&decoded)?)?.check(keys, &signed, signature)
}

/// A JWK, or a set of them.
fn keys_of(key: &Value) -> JwkSet {
    let document = if key["keys"].is_array() { key.clone() } else { json!({"keys": [key]}) };
    JwkSet::parse(document.to_string().as_bytes(), Algorithms::ALL).unwrap()
}

/// What became of a table's vectors.
#[derive(Debug, Default)]
struct Tally {
    /// How many are valid and invalid: none of them may be lost.
    vectors: (usize, usize),
    /// Valid ones that were refused.
    refused: Vec<&'static str>,
    /// Invalid ones that were accepted.
    accepted: Vec<&'static str>,
}

fn run(table: &'static str) -> Tally {
    let mut outcome = Tally::default();
    let mut keys = None;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        if let Some(key) = line.strip_prefix("key ") {
            keys = Some(keys_of(&serde_json::from_str(key).unwrap()));
            continue;
        }
        let [id, result, token] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else {
            panic!("not a vector: {line}");
        };
        let token: Value = serde_json::from_str(token).unwrap();
        // The JSON serialisation is given as it is: no token at all.
        let token = token.as_str().map_or_else(|| token.to_string(), str::to_owned);
        let verifies = signature_verifies(&token, keys.as_ref().unwrap());
        match (result, verifies) {
            ("valid", _) => outcome.vectors.0 += 1,
            ("invalid", _) => outcome.vectors.1 += 1,
            _ => panic!("neither valid nor invalid: {line}"),
        }
        match (result, verifies) {
            ("valid", false) => outcome.refused.push(id),
            ("invalid", true) => outcome.accepted.push(id),
            _ => {}
        }
    }
    outcome
}

#[test]
fn wycheproof_signatures_agree_but_for_the_documented_exceptions() {
    let Tally { vectors, refused, accepted } = run(SIGNATURE);
    assert_eq!(vectors, (46, 355));
    assert_eq!(accepted, Vec::<&str>::new(), "invalid vectors accepted");
    // HMAC: 1, 348, 352, 357 to 359, 376, 377. The key's alg says otherwise: 346, 347, 350, 351.
    // Characters outside base64url: 372, 373.
    let exceptions = [
        "1", "346", "347", "348", "350", "351", "352", "357", "358", "359", "372", "373", "376",
        "377",
    ];
    assert_eq!(refused, exceptions);
}

#[test]
fn wycheproof_keys_agree_but_for_symmetric_ones() {
    let Tally { vectors, refused, accepted } = run(KEY);
    assert_eq!(vectors, (5, 21));
    assert_eq!(accepted, Vec::<&str>::new(), "invalid vectors accepted");
    assert_eq!(refused, ["2", "13", "14", "15"]);
}

#[test]
fn wycheproof_crypto_vectors_never_pass_a_forgery() {
    let Tally { vectors, accepted, .. } = run(CRYPTO);
    assert_eq!(vectors, (6, 77));
    assert_eq!(accepted, Vec::<&str>::new(), "invalid vectors accepted");
}

#[test]
fn the_signatures_of_rfc_7520_and_rfc_8037_verify_but_for_hmac() {
    let Tally { vectors, refused, .. } = run(COOKBOOK);
    assert_eq!(vectors, (5, 0));
    assert_eq!(refused, ["7520/4.4"]);
}
