//! The signature of a compact JWS (RFC 7515): header, key, algorithm. Claims come after.

use phantom_core::json;
use phantom_core::jwt;
use phantom_core::jwt::CompactJws;
use serde_json::Map;
use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::algorithm::Algorithms;
use crate::jwk::JwkSet;
use crate::jwk::NoKey;
use crate::refusal::Refusal;

/// Longest JWT looked at, whatever is configured: decided before any decoding or signature work
/// (JWT-11).
pub const MAX_JWT_LEN: usize = 64 * 1024;

/// What of a JOSE header is believed: three names. `jku`, `x5u`, `jwk` and `x5c` are never read,
/// so nothing in a token can bring its own key (JWT-3).
#[derive(Debug)]
pub(crate) struct JoseHeader {
    pub(crate) algorithm: Algorithm,
    pub(crate) typ: Option<Box<str>>,
    pub(crate) kid: Option<Box<str>>,
}

/// A compact JWS whose header has been read and whose signature has not been checked.
#[derive(Debug)]
pub struct UnverifiedJws<'a> {
    pub(crate) header: JoseHeader,
    parts: CompactJws<'a>,
    signing_input: &'a [u8],
}

impl<'a> UnverifiedJws<'a> {
    /// `allowed` stands beside what the key allows.
    pub fn parse(token: &'a str, allowed: Algorithms) -> Result<Self, Refusal> {
        if token.len() > MAX_JWT_LEN {
            return Err(Refusal::TooLong);
        }
        let parts = CompactJws::parse(token).map_err(|_| Refusal::Shape)?;
        Self::from_parts(token, parts, allowed)
    }

    fn from_parts(
        token: &'a str,
        parts: CompactJws<'a>,
        allowed: Algorithms,
    ) -> Result<Self, Refusal> {
        let header = JoseHeader::parse(parts.header)?;
        if !allowed.contains(header.algorithm) {
            return Err(Refusal::Algorithm);
        }
        let length = parts.header.len() + 1 + parts.payload.len();
        let signing_input = token.as_bytes().get(..length).ok_or(Refusal::Shape)?;
        Ok(Self { header, parts, signing_input })
    }

    /// Checks the signature with the one key that fits; gives the payload.
    pub(crate) fn verify(&self, keys: &JwkSet) -> Result<Vec<u8>, Refusal> {
        let payload = jwt::decode(self.parts.payload).map_err(|_| Refusal::Shape)?;
        self.check_signature(keys)?;
        Ok(payload)
    }

    /// Checks the signature with the one key that fits, and nothing else.
    pub fn check_signature(&self, keys: &JwkSet) -> Result<(), Refusal> {
        let key =
            keys.key(self.header.kid.as_deref(), self.header.algorithm).map_err(
                |none| match none {
                    NoKey::Unknown => Refusal::UnknownKey,
                    NoKey::Misfit => Refusal::KeyMisfit,
                    NoKey::Ambiguous => Refusal::AmbiguousKey,
                },
            )?;
        let signature = jwt::decode(self.parts.signature).map_err(|_| Refusal::Shape)?;
        // RFC 8725 §3.3: what the library refuses (r or s out of range, wrong length) is refused.
        key.verify_sig(self.signing_input, &signature).map_err(|_| Refusal::Signature)
    }
}

/// `typ` and payload, unproven, whatever the algorithm: for key managers that were told not to
/// verify.
pub(crate) fn unverified(token: &str) -> Result<(Option<Box<str>>, Vec<u8>), Refusal> {
    let (typ, parts) = typ_and_parts(token)?;
    let payload = jwt::decode(parts.payload).map_err(|_| Refusal::Shape)?;
    Ok((typ, payload))
}

/// `typ` alone, of a JWT that could be decoded: to tell kinds of JWT apart.
pub(crate) fn typ(token: &str) -> Result<Option<Box<str>>, Refusal> {
    let (typ, parts) = typ_and_parts(token)?;
    if parts.has_decodable_payload() { Ok(typ) } else { Err(Refusal::Shape) }
}

fn typ_and_parts(token: &str) -> Result<(Option<Box<str>>, CompactJws<'_>), Refusal> {
    if token.len() > MAX_JWT_LEN {
        return Err(Refusal::TooLong);
    }
    let parts = CompactJws::parse(token).map_err(|_| Refusal::Shape)?;
    let header = read_header(parts.header)?;
    Ok((text(&header, "typ")?.map(Box::from), parts))
}

impl JoseHeader {
    fn parse(encoded: &str) -> Result<Self, Refusal> {
        let header = read_header(encoded)?;
        // RFC 7515 §4.1.11: we implement no extension, so any `crit` names one we don't.
        if header.contains_key("crit") {
            return Err(Refusal::Header("crit names an extension not implemented here"));
        }
        // RFC 7797 §6: `b64` is an extension as well, also where `crit` forgets to name it.
        if header.contains_key("b64") {
            return Err(Refusal::Header("b64 is not implemented here"));
        }
        let name = text(&header, "alg")?.ok_or(Refusal::Header("alg is missing"))?;
        let algorithm = Algorithm::from_name(name).ok_or(Refusal::Algorithm)?;
        Ok(Self {
            algorithm,
            typ: text(&header, "typ")?.map(Box::from),
            kid: text(&header, "kid")?.map(Box::from),
        })
    }
}

fn read_header(encoded: &str) -> Result<Map<String, Value>, Refusal> {
    let bytes = jwt::decode(encoded).map_err(|_| Refusal::Shape)?;
    json::parse_object(&bytes).map_err(|_| Refusal::Header("not strict JSON"))
}

fn text<'a>(
    header: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, Refusal> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refusal::Header("alg, typ or kid is not a string")),
    }
}

#[cfg(test)]
mod tests;
