//! Client assertions (RFC 7523 §2.2, §3, as updated by RFC 10070).

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use phantom_core::jwt::BASE64URL;
use serde_json::json;

use crate::algorithm::Algorithm;
use crate::client_auth::CallContext;
use crate::signing::SigningKey;
use crate::signing::fresh_id;

pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// CLA-6: long enough for one call and clocks that differ a little.
const LIFE: Duration = Duration::from_secs(60);

/// For servers older than RFC 10070. The defaults follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertionOptions {
    /// `aud`, a single string.
    pub audience: AssertionAudience,
    /// `None`: no `typ` in the header.
    pub typ: Option<String>,
}

/// The server that an assertion is for, as its claim `aud` says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AssertionAudience {
    /// The authorization server's issuer identifier, as a string (CLA-4).
    #[default]
    Issuer,
    /// The URL that is called. An assertion for it may be replayed by whoever names that URL.
    Endpoint,
    /// Sent as it is: for servers that go by another name.
    Fixed(String),
}

impl Default for AssertionOptions {
    fn default() -> Self {
        Self {
            audience: AssertionAudience::Issuer,
            typ: Some("client-authentication+jwt".to_owned()),
        }
    }
}

pub(super) enum AssertionKey {
    Private { key: SigningKey, kid: Option<String> },
    Shared(Box<hmac::Key>),
}

impl AssertionKey {
    pub(super) fn shared(secret: &[u8]) -> Self {
        Self::Shared(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    /// A new assertion, for one attempt (CLA-6).
    pub(super) fn assertion(
        &self,
        client_id: &str,
        issuer: Option<&str>,
        options: &AssertionOptions,
        context: CallContext<'_>,
    ) -> Result<String, Arc<str>> {
        let audience = match &options.audience {
            // CLA-5: the configured issuer, which no document can change.
            AssertionAudience::Issuer => {
                issuer.ok_or("client assertions need the issuer to be configured")?
            }
            AssertionAudience::Endpoint => context.endpoint.as_str(),
            AssertionAudience::Fixed(audience) => audience,
        };
        let algorithm = self.algorithm(context.accepted_algorithms)?;
        let mut header = json!({"alg": algorithm.map_or("HS256", Algorithm::name)});
        if let Some(members) = header.as_object_mut() {
            if let Some(typ) = &options.typ {
                members.insert("typ".to_owned(), typ.as_str().into());
            }
            if let Self::Private { kid: Some(kid), .. } = self {
                members.insert("kid".to_owned(), kid.as_str().into());
            }
        }
        let issued = context.now.as_secs();
        let claims = json!({
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "iat": issued,
            "exp": issued + LIFE.as_secs(),
            "jti": fresh_id().map_err(|error| error.to_string())?,
        });
        let mut input = BASE64URL.encode(header.to_string());
        input.push('.');
        BASE64URL.encode_string(claims.to_string(), &mut input);
        match (self, algorithm) {
            (Self::Private { key, .. }, Some(algorithm)) => {
                key.sign(algorithm, input).map_err(|error| error.to_string().into())
            }
            (Self::Shared(key), _) => {
                let tag = hmac::sign(key, input.as_bytes());
                input.push('.');
                BASE64URL.encode_string(tag, &mut input);
                Ok(input)
            }
            (Self::Private { .. }, None) => Err("the key signs with no algorithm".into()),
        }
    }

    /// The first algorithm of the key that the server accepts (CLA-8). `None` stands for HS256.
    fn algorithm(&self, accepted: Option<&[Box<str>]>) -> Result<Option<Algorithm>, Arc<str>> {
        let refused = "the authorization server's metadata accepts no algorithm of our key";
        match (self, accepted) {
            (Self::Shared(_), Some(names)) if !names.iter().any(|name| **name == *"HS256") => {
                Err(refused.into())
            }
            (Self::Shared(_), _) => Ok(None),
            // Unstated: what every server has.
            (Self::Private { key, .. }, None) => Ok(key.algorithms().last().copied()),
            (Self::Private { key, .. }, Some(names)) => key
                .algorithms()
                .iter()
                .copied()
                .find(|ours| names.iter().any(|name| Algorithm::from_name(name) == Some(*ours)))
                .map(Some)
                .ok_or_else(|| refused.into()),
        }
    }
}
