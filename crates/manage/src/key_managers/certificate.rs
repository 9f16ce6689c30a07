//! A certificate's public key as a key set (RFC 7517).
//!
//! A certificate is only a vessel here, as WSO2 has it: its dates, names and signature say nothing
//! of the tokens that its key signs.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;
use phantom_core::jwt::BASE64URL;
use phantom_oauth::Algorithms;
use phantom_oauth::JwkSet;
use serde_json::Value;
use serde_json::json;
use thiserror::Error;
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::OID_EC_P256;
use x509_parser::oid_registry::OID_NIST_EC_P384;
use x509_parser::oid_registry::OID_NIST_EC_P521;
use x509_parser::oid_registry::OID_SIG_ED25519;
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// Longest text taken, in bytes.
const MAX_TEXT: usize = 64 * 1024;
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum InvalidCertificate {
    #[error("is longer than 65536 bytes")]
    TooLong,
    #[error("is neither PEM nor base64")]
    Encoding,
    #[error("is no X.509 certificate")]
    Certificate,
    #[error("has a key that cannot verify tokens: RSA of 2048 to 8192 bits, EC or Ed25519")]
    Key,
}

/// The key set of a certificate in PEM, PEM in base64 or DER in base64. Of several the first counts,
/// which in a chain is the one that the others vouch for.
pub fn key_set(text: &str) -> Result<String, InvalidCertificate> {
    if text.len() > MAX_TEXT {
        return Err(InvalidCertificate::TooLong);
    }
    let der = match body_of_pem(text) {
        Some(body) => decode(body)?,
        None => {
            let decoded = decode(text)?;
            match std::str::from_utf8(&decoded).ok().and_then(body_of_pem) {
                Some(body) => decode(body)?,
                None => decoded,
            }
        }
    };
    let Ok((&[], certificate)) = X509Certificate::from_der(&der) else {
        return Err(InvalidCertificate::Certificate);
    };
    let jwk = jwk(certificate.public_key()).ok_or(InvalidCertificate::Key)?;
    let set = json!({"keys": [jwk]}).to_string();
    match JwkSet::parse(set.as_bytes(), Algorithms::ALL) {
        Ok(parsed) if !parsed.is_empty() => Ok(set),
        _ => Err(InvalidCertificate::Key),
    }
}

fn body_of_pem(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(BEGIN)?;
    rest.split_once(END).map(|(body, _)| body)
}

fn decode(text: &str) -> Result<Vec<u8>, InvalidCertificate> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    match LENIENT.decode(text) {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err(InvalidCertificate::Encoding),
    }
}

/// RFC 3279 §2.3, RFC 5480 §2, RFC 8410 §4.
fn jwk(info: &SubjectPublicKeyInfo<'_>) -> Option<Value> {
    let text = |octets: &[u8]| BASE64URL.encode(octets);
    match info.parsed().ok()? {
        PublicKey::RSA(key) => {
            // The zero keeps a DER integer positive.
            let [n, e] = [key.modulus, key.exponent]
                .map(|number| text(number.strip_prefix(&[0]).unwrap_or(number)));
            Some(json!({"kty": "RSA", "n": n, "e": e}))
        }
        PublicKey::EC(point) => {
            let curve = info.algorithm.parameters.as_ref()?.as_oid().ok()?;
            let (name, length) = curve_of(&curve)?;
            let (x, y) = point.data().strip_prefix(&[4])?.split_at_checked(length)?;
            Some(json!({"kty": "EC", "crv": name, "x": text(x), "y": text(y)}))
        }
        PublicKey::Unknown(key) if info.algorithm.algorithm == OID_SIG_ED25519 => {
            Some(json!({"kty": "OKP", "crv": "Ed25519", "x": text(key)}))
        }
        _ => None,
    }
}

/// A curve's name and the octets of a coordinate.
fn curve_of(identifier: &Oid<'_>) -> Option<(&'static str, usize)> {
    let curves = [
        (OID_EC_P256, "P-256", 32),
        (OID_NIST_EC_P384, "P-384", 48),
        (OID_NIST_EC_P521, "P-521", 66),
    ];
    let curve = curves.iter().find(|(known, ..)| known == identifier)?;
    Some((curve.1, curve.2))
}

#[cfg(test)]
mod tests;
