//! The signature of a compact JWS (RFC 7515): header, key, algorithm. Claims come after.

use phantom_core::json::Member;
use phantom_core::json::Members;
use phantom_core::json::Object;
use phantom_core::jwt;
use phantom_core::jwt::CompactJwsText;

use crate::algorithm::Algorithm;
use crate::algorithm::Algorithms;
use crate::jwk::JwkSet;
use crate::jwk::NoKey;
use crate::refusal::Refusal;

/// Longest JWT looked at, whatever is configured: decided before any decoding or signature work
/// (JWT-11).
pub(crate) const MAX_JWT_LEN: usize = 64 * 1024;

/// A compact JWS whose header has been read and whose signature has not been checked.
#[derive(Debug, PartialEq)]
pub struct UnverifiedJws {
    jws: CompactJwsText,
    typ: Option<Box<str>>,
    signature: Result<SignatureHeader, Refusal>,
}

/// The part of a JOSE header that decides on the signature: two names. `jku`, `x5u`, `jwk` and `x5c` are never
/// read, so nothing in a token can bring its own key (JWT-3).
#[derive(Debug, PartialEq)]
struct SignatureHeader {
    algorithm: Algorithm,
    kid: Option<Box<str>>,
}

impl UnverifiedJws {
    /// Takes what could be a JWT of some kind, and reads its header once for all who ask.
    ///
    /// # Errors
    ///
    /// [`Refusal::TooLong`], [`Refusal::Shape`], or [`Refusal::Header`] for one that is not strict
    /// JSON. A header that rules out a signature is refused later, by [`Self::check_signature`].
    pub fn parse(token: &str) -> Result<Self, Refusal> {
        if token.len() > MAX_JWT_LEN {
            return Err(Refusal::TooLong);
        }
        let jws = CompactJwsText::parse(token.into()).map_err(|_| Refusal::Shape)?;
        let header = jwt::decode(jws.parts().header).map_err(|_| Refusal::Shape)?;
        let header = read_header(&header)?;
        let typ = text(&header, "typ")?.map(Box::from);
        if !jws.parts().has_decodable_payload() {
            return Err(Refusal::Shape);
        }
        Ok(Self { jws, typ, signature: SignatureHeader::read(&header) })
    }

    /// Unproven.
    pub(crate) fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    pub(crate) fn kid(&self) -> Option<&str> {
        self.signature.as_ref().ok()?.kid.as_deref()
    }

    /// Returns whether its header allows a signature to be checked, by an algorithm of these.
    pub(crate) fn check_header(&self, allowed: Algorithms) -> Result<(), Refusal> {
        self.signature_header(allowed).map(drop)
    }

    /// Checks the signature with the one key that fits; gives the payload. `allowed` stands beside
    /// what the key allows.
    pub(crate) fn verify(&self, keys: &JwkSet, allowed: Algorithms) -> Result<Vec<u8>, Refusal> {
        let payload = self.unproven_payload()?;
        self.check_signature(keys, allowed)?;
        Ok(payload)
    }

    /// Checks the signature with the one key that fits, and nothing else.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] of header, key or signature; claims are not looked at.
    pub fn check_signature(&self, keys: &JwkSet, allowed: Algorithms) -> Result<(), Refusal> {
        let header = self.signature_header(allowed)?;
        header.check(keys, self.jws.signing_input(), self.jws.parts().signature)
    }

    /// For key managers that were told not to verify.
    pub(crate) fn unproven_payload(&self) -> Result<Vec<u8>, Refusal> {
        jwt::decode(self.jws.parts().payload).map_err(|_| Refusal::Shape)
    }

    /// The three parts as they came, of which nothing is believed.
    pub fn as_str(&self) -> &str {
        self.jws.as_str()
    }

    pub(crate) fn into_jws(self) -> CompactJwsText {
        self.jws
    }

    fn signature_header(&self, allowed: Algorithms) -> Result<&SignatureHeader, Refusal> {
        let header = self.signature.as_ref().map_err(Refusal::clone)?;
        if allowed.contains(header.algorithm) { Ok(header) } else { Err(Refusal::Algorithm) }
    }
}

impl SignatureHeader {
    fn read(header: &Object<'_>) -> Result<Self, Refusal> {
        // RFC 7515 §4.1.11: we implement no extension, so any `crit` names one we don't.
        if header.contains("crit") {
            return Err(Refusal::Header("crit names an extension not implemented here"));
        }
        // RFC 7797 §6: `b64` is an extension as well, also where `crit` forgets to name it.
        if header.contains("b64") {
            return Err(Refusal::Header("b64 is not implemented here"));
        }
        let name = text(header, "alg")?.ok_or(Refusal::Header("alg is missing"))?;
        let algorithm = Algorithm::from_name(name).ok_or(Refusal::Algorithm)?;
        Ok(Self { algorithm, kid: text(header, "kid")?.map(Box::from) })
    }

    fn check(&self, keys: &JwkSet, signed: &str, signature: &str) -> Result<(), Refusal> {
        let key = keys.key(self.kid.as_deref(), self.algorithm).map_err(|none| match none {
            NoKey::Unknown => Refusal::UnknownKey,
            NoKey::Misfit => Refusal::KeyMisfit,
            NoKey::Ambiguous => Refusal::AmbiguousKey,
        })?;
        let signature = jwt::decode(signature).map_err(|_| Refusal::Shape)?;
        // RFC 8725 §3.3: what the library refuses (r or s out of range, wrong length) is refused.
        key.verify_sig(signed.as_bytes(), &signature).map_err(|_| Refusal::Signature)
    }
}

fn read_header(bytes: &[u8]) -> Result<Object<'_>, Refusal> {
    Object::parse(bytes).map_err(|_| Refusal::Header("not strict JSON"))
}

/// A header is no statement: a member that is null is malformed.
fn text<'a>(header: &'a Object<'_>, name: &str) -> Result<Option<&'a str>, Refusal> {
    match header.member(name) {
        None if !header.contains(name) => Ok(None),
        Some(Member::Text(text)) => Ok(Some(text)),
        _ => Err(Refusal::Header("alg, typ or kid is not a string")),
    }
}

#[cfg(test)]
mod tests;
