use base64::engine::general_purpose::STANDARD;

use super::*;

fn certificate(
    algorithm: &'static rcgen::SignatureAlgorithm,
) -> (rcgen::Certificate, rcgen::KeyPair) {
    let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
    let parameters = rcgen::CertificateParams::new(vec!["as.example".to_owned()]).unwrap();
    (parameters.self_signed(&key).unwrap(), key)
}

/// Rows: WSO2-5.1.8
#[test]
fn a_certificate_is_read_in_all_three_forms() {
    let (certificate, _) = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
    let pem = certificate.pem();
    let expected = key_set(&pem).unwrap();
    let chain = format!("Subject: whoever\r\n{}{pem}", pem.replace('\n', "\r\n"));
    for text in [chain, STANDARD.encode(&pem), STANDARD.encode(certificate.der())] {
        assert_eq!(key_set(&text).unwrap(), expected);
    }
}

#[test]
fn the_key_is_the_certificates() {
    for (algorithm, kty, curve) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, "EC", "P-256"),
        (&rcgen::PKCS_ECDSA_P384_SHA384, "EC", "P-384"),
        (&rcgen::PKCS_ECDSA_P521_SHA256, "EC", "P-521"),
        (&rcgen::PKCS_ED25519, "OKP", "Ed25519"),
    ] {
        let (certificate, key) = certificate(algorithm);
        let set: Value = serde_json::from_str(&key_set(&certificate.pem()).unwrap()).unwrap();
        let jwk = &set["keys"][0];
        assert_eq!(jwk["kty"], kty);
        assert_eq!(jwk["crv"], curve);
        let octets = |name: &str| BASE64URL.decode(jwk[name].as_str().unwrap()).unwrap();
        let mut point = octets("x");
        if kty == "EC" {
            point.insert(0, 4);
            point.extend(octets("y"));
        }
        assert_eq!(point, key.public_key_raw());
    }
}

#[test]
fn an_rsa_certificate_gives_modulus_and_exponent() {
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048);
    let parameters = rcgen::CertificateParams::new(vec!["as.example".to_owned()]).unwrap();
    let certificate = parameters.self_signed(&key.unwrap()).unwrap();
    let set: Value = serde_json::from_str(&key_set(&certificate.pem()).unwrap()).unwrap();
    assert_eq!(set["keys"][0]["kty"], "RSA");
    assert_eq!(set["keys"][0]["e"], "AQAB");
    let n = BASE64URL.decode(set["keys"][0]["n"].as_str().unwrap()).unwrap();
    assert_eq!(n.len(), 256);
}

#[test]
fn what_is_no_certificate_is_refused_and_never_panics() {
    let (certificate, key) = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
    for text in
        ["", " ", "x", "https://as.example", "-----BEGIN CERTIFICATE-----", &key.serialize_pem()]
    {
        assert!(key_set(text).is_err(), "{text}");
    }
    assert_eq!(key_set(&"A".repeat(MAX_TEXT + 1)), Err(InvalidCertificate::TooLong));
    let der = certificate.der().to_vec();
    for length in 0..der.len() {
        assert!(key_set(&STANDARD.encode(&der[..length])).is_err(), "cut at {length}");
    }
    for at in 0..der.len() {
        for octet in [0x00, 0x80, 0x84, 0xff] {
            let mut changed = der.clone();
            changed[at] = octet;
            let _ = key_set(&STANDARD.encode(changed));
        }
    }
}
