//! Keys of an issuer (RFC 7517): parsed once, each tied to the algorithms it may serve.

mod roca;

use aws_lc_rs::signature;
use aws_lc_rs::signature::ParsedPublicKey;
use aws_lc_rs::signature::RsaParameters;
use aws_lc_rs::signature::RsaPublicKeyComponents;
use phantom_core::json;
use phantom_core::jwt;
use serde_json::Map;
use serde_json::Value;
use thiserror::Error;

use crate::algorithm::Algorithm;
use crate::algorithm::Algorithms;

/// A set of public keys, all of one issuer (DSC-6): (issuer, kid) is a key's identity.
#[derive(Clone, Debug, Default)]
pub struct JwkSet {
    keys: Vec<VerificationKey>,
}

/// One public key, and what it may verify.
#[derive(Clone, Debug)]
struct VerificationKey {
    kid: Option<Box<str>>,
    /// One prepared key for each algorithm: the key decides, the token only names (JWT-2).
    serves: Vec<(Algorithm, ParsedPublicKey)>,
}

/// Why a document is not taken as a key set. A key that cannot be used is skipped instead.
#[derive(Debug, Error)]
pub enum InvalidJwkSet {
    /// Longer than [`JwkSet::MAX_BYTES`].
    #[error("the key set is longer than {} bytes", JwkSet::MAX_BYTES)]
    TooLong,
    /// Duplicate members are no more acceptable than a wrong syntax.
    #[error("the key set is not acceptable JSON")]
    Json(#[source] json::InvalidJson),
    /// RFC 7517 §5.1.
    #[error("the key set has no array \"keys\"")]
    NoKeys,
    /// More than [`JwkSet::MAX_KEYS`].
    #[error("the key set has {count} keys, {} are allowed", JwkSet::MAX_KEYS)]
    TooMany {
        /// Members of `keys`, usable or not.
        count: usize,
    },
}

/// Why no key was picked for a signature.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum NoKey {
    #[error("no key of the issuer has this kid")]
    Unknown,
    #[error("the key does not serve this algorithm")]
    Misfit,
    #[error("more than one key fits")]
    Ambiguous,
}

impl JwkSet {
    /// Longest document that is read, in bytes.
    pub const MAX_BYTES: usize = 256 * 1024;
    /// Most members of `keys`, usable or not.
    pub const MAX_KEYS: usize = 100;

    /// Takes the usable keys; skips and logs the others (DSC-9).
    ///
    /// # Errors
    ///
    /// [`InvalidJwkSet`]. A set without a usable key is no error: see [`Self::is_empty`].
    pub fn parse(document: &[u8], allowed: Algorithms) -> Result<Self, InvalidJwkSet> {
        if document.len() > Self::MAX_BYTES {
            return Err(InvalidJwkSet::TooLong);
        }
        let mut set = json::parse_object(document).map_err(InvalidJwkSet::Json)?;
        let Some(Value::Array(members)) = set.remove("keys") else {
            return Err(InvalidJwkSet::NoKeys);
        };
        if members.len() > Self::MAX_KEYS {
            return Err(InvalidJwkSet::TooMany { count: members.len() });
        }
        let keys = members.iter().filter_map(|member| usable(member, allowed)).collect();
        Ok(Self { keys })
    }

    /// Usable keys.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Returns whether no key of the document is usable: nothing can be verified with it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The one key for a signature.
    ///
    /// A named `kid` tries the key of exactly that name; of several with the name, the only one
    /// that serves the algorithm (JWT-4). Without a `kid`, the only key of the set that serves the
    /// algorithm: an issuer that has two of a kind must say which. A key that has no name and is the
    /// only one, as a certificate's, is tried under any.
    pub(crate) fn key(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<&ParsedPublicKey, NoKey> {
        let nameless = self.keys.len() == 1 && self.keys.iter().all(|key| key.kid.is_none());
        let kid = kid.filter(|_| !nameless);
        let mut named =
            self.keys.iter().filter(|key| kid.is_none() || key.kid.as_deref() == kid).peekable();
        let missing = match (named.peek(), kid) {
            (Some(_), Some(_)) => NoKey::Misfit,
            _ => NoKey::Unknown,
        };
        let mut fitting = named.filter_map(|key| key.serving(algorithm));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            (Some(_), Some(_)) => Err(NoKey::Ambiguous),
            (None, _) => Err(missing),
        }
    }
}

impl VerificationKey {
    fn serving(&self, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        self.serves.iter().find(|(served, _)| *served == algorithm).map(|(_, key)| key)
    }
}

/// Why a key of a set is not used.
#[derive(Debug, Error, PartialEq, Eq)]
enum Unusable {
    #[error("it is not an object")]
    NotAnObject,
    #[error("member {0} is missing or malformed")]
    Member(&'static str),
    #[error("it holds private members")]
    Private,
    #[error("it is not meant for signatures")]
    NotForSignatures,
    #[error("its type or curve is not supported")]
    Type,
    #[error("its alg does not belong to its type, or is not supported")]
    Algorithm,
    #[error("none of its algorithms is allowed for this key manager")]
    NotAllowed,
    #[error("its RSA modulus has {0} bits, 2048 to 8192 are allowed")]
    RsaSize(usize),
    #[error("its RSA exponent is even or too small")]
    RsaExponent,
    #[error("it comes from a generator whose private keys can be computed (ROCA)")]
    Roca,
    #[error("it is no valid public key")]
    Invalid,
}

fn usable(member: &Value, allowed: Algorithms) -> Option<VerificationKey> {
    let kid = member.get("kid").and_then(Value::as_str).unwrap_or("(none)");
    match parse_key(member, allowed) {
        Ok(key) => Some(key),
        Err(cause @ Unusable::Private) => {
            tracing::error!(
                kid,
                %cause,
                "the authorization server publishes a secret key: tell its operator; key skipped"
            );
            None
        }
        Err(cause) => {
            tracing::warn!(kid, %cause, "key of the set skipped");
            None
        }
    }
}

fn parse_key(member: &Value, allowed: Algorithms) -> Result<VerificationKey, Unusable> {
    let jwk = member.as_object().ok_or(Unusable::NotAnObject)?;
    // RFC 7517 §9.3: a set for others must not hold these.
    if ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]
        .iter()
        .any(|name| jwk.get(*name).is_some_and(|member| !member.is_null()))
    {
        return Err(Unusable::Private);
    }
    let kid = optional_text(jwk, "kid")?.map(Box::from);
    check_purpose(jwk)?;
    let family = Family::of(jwk)?;
    let mut candidates = match optional_text(jwk, "alg")? {
        Some(name) => vec![family.algorithm(name)?],
        None => family.algorithms().to_vec(),
    };
    candidates.retain(|algorithm| allowed.contains(*algorithm));
    if candidates.is_empty() {
        return Err(Unusable::NotAllowed);
    }
    let material = family.material(jwk)?;
    let serves = candidates
        .into_iter()
        .map(|algorithm| material.prepare(algorithm).map(|key| (algorithm, key)))
        .collect::<Result<_, _>>()?;
    Ok(VerificationKey { kid, serves })
}

/// RFC 7517 §4.2, §4.3: `use` and `key_ops` each forbid what they don't name.
fn check_purpose(jwk: &Map<String, Value>) -> Result<(), Unusable> {
    if optional_text(jwk, "use")?.is_some_and(|purpose| purpose != "sig") {
        return Err(Unusable::NotForSignatures);
    }
    match jwk.get("key_ops") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::Array(operations)) if operations.iter().any(|op| op == "verify") => Ok(()),
        Some(Value::Array(_)) => Err(Unusable::NotForSignatures),
        Some(_) => Err(Unusable::Member("key_ops")),
    }
}

/// Key type and curve (RFC 7518 §6, RFC 8037 §2). Symmetric keys are none of them.
#[derive(Clone, Copy)]
enum Family {
    Rsa,
    P256,
    P384,
    P521,
    Ed25519,
}

impl Family {
    fn of(jwk: &Map<String, Value>) -> Result<Self, Unusable> {
        let kty = optional_text(jwk, "kty")?.ok_or(Unusable::Member("kty"))?;
        match (kty, optional_text(jwk, "crv")?) {
            ("RSA", _) => Ok(Self::Rsa),
            ("EC", Some("P-256")) => Ok(Self::P256),
            ("EC", Some("P-384")) => Ok(Self::P384),
            ("EC", Some("P-521")) => Ok(Self::P521),
            ("OKP", Some("Ed25519")) => Ok(Self::Ed25519),
            _ => Err(Unusable::Type),
        }
    }

    const fn algorithms(self) -> &'static [Algorithm] {
        use Algorithm::*;
        match self {
            Self::Rsa => &[Rs256, Rs384, Rs512, Ps256, Ps384, Ps512],
            Self::P256 => &[Es256],
            Self::P384 => &[Es384],
            Self::P521 => &[Es512],
            Self::Ed25519 => &[EdDsa],
        }
    }

    fn algorithm(self, name: &str) -> Result<Algorithm, Unusable> {
        Algorithm::from_name(name)
            .filter(|algorithm| self.algorithms().contains(algorithm))
            .ok_or(Unusable::Algorithm)
    }

    fn material(self, jwk: &Map<String, Value>) -> Result<Material, Unusable> {
        match self {
            Self::Rsa => rsa(jwk),
            Self::P256 => point(jwk, 32),
            Self::P384 => point(jwk, 48),
            Self::P521 => point(jwk, 66),
            Self::Ed25519 => match octets(jwk, "x")? {
                x if x.len() == 32 => Ok(Material::Octets(x)),
                _ => Err(Unusable::Member("x")),
            },
        }
    }
}

enum Material {
    Octets(Vec<u8>),
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl Material {
    /// Parsing checks that a point is on its curve (JWT-12).
    fn prepare(&self, algorithm: Algorithm) -> Result<ParsedPublicKey, Unusable> {
        match self {
            Self::Octets(octets) => ParsedPublicKey::new(
                match algorithm {
                    Algorithm::EdDsa => &signature::ED25519,
                    Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
                    Algorithm::Es384 => &signature::ECDSA_P384_SHA384_FIXED,
                    Algorithm::Es512 => &signature::ECDSA_P521_SHA512_FIXED,
                    _ => return Err(Unusable::Algorithm),
                },
                octets,
            ),
            Self::Rsa { n, e } => RsaPublicKeyComponents { n, e }
                .to_parsed_public_key(rsa_parameters(algorithm).ok_or(Unusable::Algorithm)?),
        }
        .map_err(|_| Unusable::Invalid)
    }
}

const fn rsa_parameters(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        Algorithm::EdDsa | Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => return None,
    })
}

fn rsa(jwk: &Map<String, Value>) -> Result<Material, Unusable> {
    let n = unsigned(octets(jwk, "n")?);
    let bits = n.first().map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
    if !(2048..=8192).contains(&bits) {
        return Err(Unusable::RsaSize(bits));
    }
    let e = unsigned(octets(jwk, "e")?);
    let odd = e.last().is_some_and(|last| last & 1 == 1);
    if !odd || e == [1] {
        return Err(Unusable::RsaExponent);
    }
    if roca::is_roca(&n) {
        return Err(Unusable::Roca);
    }
    Ok(Material::Rsa { n, e })
}

/// RFC 7518 §6.2.1.2: each coordinate has the full length of the field. SEC 1 uncompressed form.
fn point(jwk: &Map<String, Value>, length: usize) -> Result<Material, Unusable> {
    let mut octets_of_point = vec![0x04];
    for coordinate in ["x", "y"] {
        let octets = octets(jwk, coordinate)?;
        if octets.len() != length {
            return Err(Unusable::Member(coordinate));
        }
        octets_of_point.extend(octets);
    }
    Ok(Material::Octets(octets_of_point))
}

/// Some encoders put the sign octet of a signed integer in front; the number is the same.
fn unsigned(mut octets: Vec<u8>) -> Vec<u8> {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.drain(..zeros);
    octets
}

fn octets(jwk: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, Unusable> {
    let text = optional_text(jwk, name)?.ok_or(Unusable::Member(name))?;
    jwt::decode(text).map_err(|_| Unusable::Member(name))
}

/// Some servers write out what a key does not have: `null` is as if absent.
fn optional_text<'a>(
    jwk: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, Unusable> {
    match jwk.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Unusable::Member(name)),
    }
}

#[cfg(test)]
mod tests;
