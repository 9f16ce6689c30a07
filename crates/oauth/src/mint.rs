//! Phantom tokens of our own making, for authorization servers that describe a token but give no
//! JWT for it. Signed with the gateway's key, under the gateway's issuer.

use std::sync::Arc;

use aws_lc_rs::digest;
use aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
use aws_lc_rs::signature::EcdsaKeyPair;
use base64::Engine;
use phantom_core::UnixTime;
use phantom_core::jwt::BASE64URL;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use zeroize::Zeroizing;

use crate::algorithm::Algorithm;
use crate::signing::SigningKey;
use crate::signing::SigningKeyError;
use crate::signing::fresh_id;

/// The members of an introspection answer that are about the answer, or another token.
const NOT_CLAIMS: [&str; 6] =
    ["active", "token_type", "phantom_token", "jwt", "nonce", "token_introspection"];

/// Dates that are told as the server has them, in whole seconds.
const DATES: [&str; 3] = ["iat", "nbf", "auth_time"];

/// Signs with ES256. One for all key managers that mint.
#[derive(Debug)]
pub struct Minter {
    key: SigningKey,
    issuer: Arc<str>,
    /// `base64url(header)` and the dot.
    header: Box<str>,
    jwks: Box<str>,
}

impl Minter {
    /// A new key as PKCS#8 DER, for the caller to keep.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError::Generate`].
    pub fn generate_key() -> Result<Zeroizing<Vec<u8>>, SigningKeyError> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .and_then(|key| key.to_pkcs8v1())
            .map_err(|_| SigningKeyError::Generate)?;
        Ok(Zeroizing::new(key.as_ref().to_vec()))
    }

    /// `pkcs8`: a P-256 key in DER. `issuer`: who backends learn the token is from.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError::Kind`] unless the key is EC P-256.
    pub fn new(pkcs8: &[u8], issuer: &str) -> Result<Self, SigningKeyError> {
        Self::with_key(SigningKey::from_der(pkcs8)?, issuer)
    }

    /// The same with the key in PEM (`BEGIN PRIVATE KEY`).
    ///
    /// # Errors
    ///
    /// [`SigningKeyError::Pem`], or [`SigningKeyError::Kind`] unless the key is EC P-256.
    pub fn from_pem(pem: &[u8], issuer: &str) -> Result<Self, SigningKeyError> {
        Self::with_key(SigningKey::from_pem(pem)?, issuer)
    }

    fn with_key(key: SigningKey, issuer: &str) -> Result<Self, SigningKeyError> {
        let (x, y) = key.p256_point().ok_or(SigningKeyError::Kind)?;
        let (x, y) = (BASE64URL.encode(x), BASE64URL.encode(y));
        // RFC 7638: members in lexical order, no white space.
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let kid = BASE64URL.encode(digest::digest(&digest::SHA256, canonical.as_bytes()));
        let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": kid}).to_string();
        let jwks = json!({"keys": [{
            "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid, "use": "sig", "alg": "ES256",
        }]});
        Ok(Self {
            key,
            issuer: issuer.into(),
            header: format!("{}.", BASE64URL.encode(header)).into(),
            jwks: jwks.to_string().into(),
        })
    }

    /// The key set to publish at `/.well-known/jwks.json`.
    #[must_use]
    pub fn jwks_json(&self) -> &str {
        &self.jwks
    }

    /// `iss` of the tokens made here, and `aud` where neither server nor configuration names one.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// A whole RFC 9068 token out of what [`described`] gives.
    pub(crate) fn mint(
        &self,
        mut claims: Map<String, Value>,
        expires_at: UnixTime,
        now: UnixTime,
    ) -> Result<String, SigningKeyError> {
        for name in NOT_CLAIMS {
            claims.remove(name);
        }
        claims.insert("iss".to_owned(), (*self.issuer).into());
        claims.insert("exp".to_owned(), expires_at.as_secs().into());
        // Servers tell fractions of a second, which some backends' libraries take for no date.
        for name in DATES {
            if let Some(Value::Number(date)) = claims.get(name)
                && let Some(date) = UnixTime::from_numeric_date(date)
            {
                claims.insert(name.to_owned(), date.as_secs().into());
            }
        }
        if !claims.get("iat").is_some_and(Value::is_number) {
            claims.insert("iat".to_owned(), now.as_secs().into());
        }
        if !claims.get("jti").is_some_and(Value::is_string) {
            claims.insert("jti".to_owned(), fresh_id()?.into());
        }
        // RFC 9068 §3: where no audience was asked for it is a default one. Ours are the APIs behind us.
        if !claims.contains_key("aud") {
            claims.insert("aud".to_owned(), (*self.issuer).into());
        }
        let mut input = String::with_capacity(1024);
        input.push_str(&self.header);
        BASE64URL.encode_string(Value::Object(claims).to_string(), &mut input);
        self.key.sign(Algorithm::Es256, input)
    }
}

/// A server's statement with what RFC 9068 §2.2 asks for, as far as it can be told: `audience` where it
/// names none, the user's name or else the client's id as subject, scopes in one string, and no member
/// that is `null`.
pub(crate) fn described(
    members: &Map<String, Value>,
    audience: Option<&str>,
) -> Map<String, Value> {
    let mut claims = members.clone();
    claims.retain(|_, member| !member.is_null());
    let mut fill = |name: &str, from: &[&str]| {
        if !claims.contains_key(name)
            && let Some(value) = from.iter().find_map(|from| claims.get(*from)?.as_str())
        {
            claims.insert(name.to_owned(), value.into());
        }
    };
    fill("client_id", &["azp"]);
    fill("sub", &["username", "client_id"]);
    if let (false, Some(audience)) = (claims.contains_key("aud"), audience) {
        claims.insert("aud".to_owned(), audience.into());
    }
    if let Some(Value::Array(tokens)) = claims.get("scope")
        && let Some(tokens) = tokens.iter().map(Value::as_str).collect::<Option<Vec<_>>>()
    {
        let scope = tokens.join(" ");
        claims.insert("scope".to_owned(), scope.into());
    }
    claims
}

#[cfg(test)]
mod tests;
