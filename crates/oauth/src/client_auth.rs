//! How we prove to the authorization server who we are (RFC 6749 §2.3, RFC 7523, RFC 8705).

mod assertion;
mod rotation;

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::byte_serialize;
use http::HeaderMap;
use http::HeaderValue;
use http::header;
use phantom_core::UnixTime;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use thiserror::Error;
use url::Url;
use zeroize::Zeroizing;

pub use assertion::AssertionAudience;
pub use assertion::AssertionOptions;
pub(crate) use rotation::Authenticator;

use crate::client_auth::assertion::AssertionKey;
use crate::secret::SecretError;
use crate::secret::SecretSource;
use crate::signing::SigningKey;
use crate::signing::SigningKeyError;

/// The configured method; one for each request, never two (CLA-2).
#[derive(Clone, Debug)]
pub enum ClientAuth {
    /// `client_secret_basic`.
    Basic {
        /// Read again when the server refuses it (CLA-9).
        secret: SecretSource,
        /// Client id and secret go without the form encoding of RFC 6749 §2.3.1: for servers that
        /// don't undo it (CLA-1).
        raw: bool,
    },
    /// `client_secret_post`.
    Post {
        /// Read again when the server refuses it (CLA-9).
        secret: SecretSource,
    },
    /// `private_key_jwt`.
    PrivateKeyJwt {
        /// PKCS#8 in PEM: RSA of 2048 bits or more, EC P-256, EC P-384 or Ed25519.
        key: SecretSource,
        /// The name of the key at the server. `None`: the assertion names no key.
        kid: Option<String>,
        /// For servers that want other assertions than RFC 10070 has.
        options: AssertionOptions,
    },
    /// `client_secret_jwt` with HS256.
    ClientSecretJwt {
        /// 32 bytes or more (CLA-6).
        secret: SecretSource,
        /// For servers that want other assertions than RFC 10070 has.
        options: AssertionOptions,
    },
    /// `tls_client_auth` or `self_signed_tls_client_auth`. A new certificate takes a reload.
    Tls {
        /// In PEM, our certificate first, then its issuers.
        certificate: PathBuf,
        /// In PEM: PKCS#8, PKCS#1 or SEC 1.
        key: SecretSource,
    },
}

#[derive(Debug, Error)]
pub(crate) enum ClientAuthError {
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("the private key is not usable")]
    Key(#[from] SigningKeyError),
    #[error("client_secret_jwt needs a secret of 32 bytes or more (RFC 7518 §3.2)")]
    ShortSecret,
}

/// The purpose that a request is to be authenticated for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallContext<'a> {
    pub(crate) now: UnixTime,
    pub(crate) endpoint: &'a Url,
    /// From metadata that passed DSC-2, if there is any (CLA-8).
    pub(crate) accepted_algorithms: Option<&'a [Box<str>]>,
}

/// A secret made ready for use.
#[derive(Debug)]
pub(crate) struct Credential {
    kind: Kind,
    /// To see whether the source holds another one now. Absent where nothing is read again.
    secret: Option<SecretString>,
}

enum Kind {
    /// The value of the `Authorization` field.
    Basic(Zeroizing<String>),
    /// Members of the form.
    Post(Zeroizing<String>),
    Assertion {
        key: AssertionKey,
        options: AssertionOptions,
    },
    /// The connection proves it; the form says who (RFC 8705 §2).
    Tls,
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Basic(_) => "Basic(redacted)",
            Self::Post(_) => "Post(redacted)",
            Self::Assertion { .. } => "Assertion(redacted)",
            Self::Tls => "Tls",
        })
    }
}

impl ClientAuth {
    fn source(&self) -> Option<&SecretSource> {
        match self {
            Self::Basic { secret, .. }
            | Self::Post { secret }
            | Self::ClientSecretJwt { secret, .. } => Some(secret),
            Self::PrivateKeyJwt { key, .. } => Some(key),
            // The certificate belongs to the connections; changing it takes a reload.
            Self::Tls { .. } => None,
        }
    }

    /// Reads the secret and makes it ready. Reads files: not for async threads.
    fn credential(&self, client_id: &str) -> Result<Credential, ClientAuthError> {
        let secret = self.source().map(SecretSource::read).transpose()?;
        let text = secret.as_ref().map_or("", ExposeSecret::expose_secret);
        let kind = match self {
            Self::Basic { raw, .. } => Kind::Basic(basic(client_id, text, *raw)),
            Self::Post { .. } => Kind::Post(Zeroizing::new(format!(
                "&client_id={}&client_secret={}",
                encoded(client_id),
                &*Zeroizing::new(encoded(text)),
            ))),
            Self::PrivateKeyJwt { kid, options, .. } => {
                let key = SigningKey::from_pem(text.as_bytes())?;
                let key = AssertionKey::Private { key, kid: kid.clone() };
                Kind::Assertion { key, options: options.clone() }
            }
            Self::ClientSecretJwt { options, .. } => {
                // CLA-6: as long as the hash (RFC 7518 §3.2).
                if text.len() < 32 {
                    return Err(ClientAuthError::ShortSecret);
                }
                let key = AssertionKey::shared(text.as_bytes());
                Kind::Assertion { key, options: options.clone() }
            }
            Self::Tls { .. } => Kind::Tls,
        };
        Ok(Credential { kind, secret })
    }
}

impl Credential {
    /// Adds what proves our identity: to the headers or to the form.
    fn apply(
        &self,
        client_id: &str,
        issuer: Option<&str>,
        context: CallContext<'_>,
        headers: &mut HeaderMap,
        form: &mut String,
    ) -> Result<(), Arc<str>> {
        match &self.kind {
            Kind::Basic(field) => {
                let mut value = HeaderValue::from_str(field)
                    .map_err(|_| Arc::from("the client credentials do not fit a header field"))?;
                value.set_sensitive(true);
                headers.insert(header::AUTHORIZATION, value);
            }
            Kind::Post(members) => form.push_str(members),
            Kind::Assertion { key, options } => {
                let assertion = key.assertion(client_id, issuer, options, context)?;
                form.push_str("&client_assertion_type=");
                form.push_str(&encoded(assertion::TYPE));
                form.push_str("&client_assertion=");
                form.push_str(&assertion);
            }
            Kind::Tls => {
                form.push_str("&client_id=");
                form.push_str(&encoded(client_id));
            }
        }
        Ok(())
    }

    fn same_secret(&self, other: &Self) -> bool {
        match (&self.secret, &other.secret) {
            (Some(one), Some(two)) => one.expose_secret() == two.expose_secret(),
            (None, None) => true,
            _ => false,
        }
    }
}

/// RFC 6749 §2.3.1: each part form-encoded, joined by a colon, then base64.
fn basic(client_id: &str, secret: &str, raw: bool) -> Zeroizing<String> {
    let pair = Zeroizing::new(if raw {
        format!("{client_id}:{secret}")
    } else {
        format!("{}:{}", encoded(client_id), &*Zeroizing::new(encoded(secret)))
    });
    let mut field = Zeroizing::new(String::with_capacity(6 + pair.len().div_ceil(3) * 4));
    field.push_str("Basic ");
    STANDARD.encode_string(pair.as_bytes(), &mut field);
    field
}

pub(crate) fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests;
