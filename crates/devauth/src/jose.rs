//! The little JOSE a development server needs: writing compact signatures, reading client
//! assertions.

mod public_key;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

pub use self::public_key::{JwkError, PublicKey};

/// Base64url without padding (RFC 7515 §2).
pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Strict: no padding, no whitespace, no stray trailing bits.
pub(crate) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// What gets signed: `header.claims`, both encoded (RFC 7515 §5.1).
pub(crate) fn signing_input(header: &str, claims: &Value) -> String {
    format!("{}.{}", base64url(header), base64url(claims.to_string()))
}

/// A JWS in compact form, taken apart and **not yet verified**.
#[derive(Debug)]
pub(crate) struct UnverifiedJws<'a> {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    signing_input: &'a str,
    signature: Vec<u8>,
}

impl<'a> UnverifiedJws<'a> {
    /// `None` unless it has three base64url parts of which the first two are JSON objects. A
    /// header with `crit` is refused: no extension is known here (RFC 7515 §4.1.11).
    pub(crate) fn parse(compact: &'a str) -> Option<Self> {
        let (signing_input, signature) = compact.rsplit_once('.')?;
        let (header, claims) = signing_input.split_once('.')?;
        let header: Map<String, Value> = serde_json::from_slice(&from_base64url(header)?).ok()?;
        let claims = serde_json::from_slice(&from_base64url(claims)?).ok()?;
        let signature = from_base64url(signature)?;
        (!header.contains_key("crit")).then_some(Self { header, claims, signing_input, signature })
    }

    pub(crate) fn header_text(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    pub(crate) fn claim_text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// A NumericDate, cut to whole seconds.
    pub(crate) fn claim_seconds(&self, name: &str) -> Option<i64> {
        let value = self.claims.get(name)?;
        // A float beyond i64 saturates; NaN cannot be written in JSON.
        value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
    }

    pub(crate) fn is_signed_by(&self, key: &PublicKey) -> bool {
        self.header_text("alg") == Some(key.algorithm())
            && key.verifies(self.signing_input.as_bytes(), &self.signature)
    }

    pub(crate) fn is_hs256_by(&self, secret: &[u8]) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        self.header_text("alg") == Some("HS256")
            && hmac::verify(&key, self.signing_input.as_bytes(), &self.signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compact(header: &Value, claims: &Value, secret: &[u8]) -> String {
        let input = signing_input(&header.to_string(), claims);
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        format!("{input}.{}", base64url(hmac::sign(&key, input.as_bytes())))
    }

    #[test]
    fn what_was_signed_is_read_back_and_verifies_with_that_secret_only() {
        let jws = compact(&json!({"alg": "HS256"}), &json!({"sub": "a", "exp": 5.9}), b"secret");
        let jws = UnverifiedJws::parse(&jws).unwrap();
        assert_eq!((jws.claim_text("sub"), jws.claim_seconds("exp")), (Some("a"), Some(5)));
        assert!(jws.is_hs256_by(b"secret"));
        assert!(!jws.is_hs256_by(b"other"));
    }

    /// Rows: JWT-2
    #[test]
    fn an_unsigned_jws_never_verifies() {
        let input = signing_input(r#"{"alg":"none"}"#, &json!({}));
        let jws = format!("{input}.");
        assert!(!UnverifiedJws::parse(&jws).unwrap().is_hs256_by(b""));
    }

    /// Rows: JWT-5
    #[test]
    fn a_critical_extension_is_refused() {
        let jws = compact(&json!({"alg": "HS256", "crit": ["b64"]}), &json!({}), b"s");
        assert!(UnverifiedJws::parse(&jws).is_none());
    }

    #[test]
    fn text_that_is_no_compact_jws_is_refused() {
        for bad in ["", ".", "..", "a.b", "a.b.c", "e30=.e30.", "e30.W10.", "e30.e30.e30.e30"] {
            assert!(UnverifiedJws::parse(bad).is_none(), "{bad:?}");
        }
    }
}
