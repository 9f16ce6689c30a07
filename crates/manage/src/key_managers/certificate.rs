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
pub(crate) fn key_set(text: &str) -> Result<String, InvalidCertificate> {
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
    let key = subject_public_key(&der).ok_or(InvalidCertificate::Certificate)?;
    let jwk = jwk(key).ok_or(InvalidCertificate::Key)?;
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

/// ASN.1 tags, as DER writes them.
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const EXPLICIT_0: u8 = 0xa0;

/// `SubjectPublicKeyInfo` of a certificate (RFC 5280 §4.1).
fn subject_public_key(der: &[u8]) -> Option<&[u8]> {
    let (certificate, after) = element(der, SEQUENCE)?;
    if !after.is_empty() {
        return None;
    }
    let (to_be_signed, _) = element(certificate, SEQUENCE)?;
    let rest = element(to_be_signed, EXPLICIT_0).map_or(to_be_signed, |(_, rest)| rest);
    let (_serial, rest) = element(rest, INTEGER)?;
    let (_signature, rest) = element(rest, SEQUENCE)?;
    let (_issuer, rest) = element(rest, SEQUENCE)?;
    let (_validity, rest) = element(rest, SEQUENCE)?;
    let (_subject, rest) = element(rest, SEQUENCE)?;
    element(rest, SEQUENCE).map(|(key, _)| key)
}

/// RFC 3279 §2.3, RFC 5480 §2, RFC 8410 §4.
fn jwk(info: &[u8]) -> Option<Value> {
    const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
    let (algorithm, rest) = element(info, SEQUENCE)?;
    let (identifier, parameters) = element(algorithm, OBJECT_IDENTIFIER)?;
    let (bits, _) = element(rest, BIT_STRING)?;
    // The first octet counts unused bits, of which a key has none.
    let key = bits.strip_prefix(&[0])?;
    let text = |octets: &[u8]| BASE64URL.encode(octets);
    match identifier {
        RSA => {
            let (numbers, _) = element(key, SEQUENCE)?;
            let (n, rest) = element(numbers, INTEGER)?;
            let (e, _) = element(rest, INTEGER)?;
            Some(json!({"kty": "RSA", "n": text(unsigned(n)), "e": text(unsigned(e))}))
        }
        EC => {
            let (curve, _) = element(parameters, OBJECT_IDENTIFIER)?;
            let (name, length) = curve_of(curve)?;
            let (x, y) = key.strip_prefix(&[4])?.split_at_checked(length)?;
            Some(json!({"kty": "EC", "crv": name, "x": text(x), "y": text(y)}))
        }
        ED25519 => Some(json!({"kty": "OKP", "crv": "Ed25519", "x": text(key)})),
        _ => None,
    }
}

/// A curve's name and the octets of a coordinate.
const fn curve_of(identifier: &[u8]) -> Option<(&'static str, usize)> {
    match identifier {
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] => Some(("P-256", 32)),
        [0x2b, 0x81, 0x04, 0x00, 0x22] => Some(("P-384", 48)),
        [0x2b, 0x81, 0x04, 0x00, 0x23] => Some(("P-521", 66)),
        _ => None,
    }
}

fn unsigned(octets: &[u8]) -> &[u8] {
    octets.strip_prefix(&[0]).unwrap_or(octets)
}

/// The contents of the first element, if it has that tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // Up to 65535 octets: longer ones have been refused by then.
        0x81 => rest.split_first().map(|(&octet, rest)| (usize::from(octet), rest))?,
        0x82 => {
            let (octets, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*octets)), rest)
        }
        _ => return None,
    };
    if found == tag { rest.split_at_checked(length) } else { None }
}

#[cfg(test)]
mod tests;
