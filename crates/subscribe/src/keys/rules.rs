//! Bounds of what is said of keys.

use std::time::Duration;

use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::text;
use phantom_terms::unenforced;
use phantom_terms::unenforced::Of;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use url::Url;

use super::KeyDocument;
use super::MapRequest;
use super::MappedKeyType;
use super::TokenOrder;

impl KeyDocument {
    pub fn new(
        grant_types: Vec<String>,
        callback_url: Option<String>,
        additional_properties: Map<String, Value>,
    ) -> Outcome<Self> {
        text::count("supportedGrantTypes", grant_types.len(), 50)?;
        for grant in &grant_types {
            text::name("supportedGrantTypes", grant, 255)?;
        }
        let callback_url = callback_url.filter(|url| !url.trim().is_empty());
        if let Some(url) = &callback_url {
            text::length("callbackUrl", url, 1, 2048)?;
            check_callback(url)?;
        }
        text::count("additionalProperties", additional_properties.len(), 100)?;
        let length: usize = additional_properties
            .iter()
            .map(|(name, value)| name.len() + value.to_string().len())
            .sum();
        if length > 16 * 1024 {
            return Err(Refusal::invalid("additionalProperties: at most 16 KiB"));
        }
        let body = json!({"additionalProperties": additional_properties});
        unenforced::refuse(Of::ApplicationKey, &body)?;
        Ok(KeyDocument { grant_types, callback_url, additional_properties })
    }
}

impl MapRequest {
    pub fn new(
        consumer_key: String,
        consumer_secret: Option<SecretString>,
        key_manager: Option<String>,
        key_type: MappedKeyType,
    ) -> Outcome<Self> {
        text::name("consumerKey", &consumer_key, 512)?;
        check_secret("consumerSecret", consumer_secret.as_ref(), 1024)?;
        Ok(Self { consumer_key, consumer_secret, key_manager, key_type })
    }
}

impl TokenOrder {
    /// Of a token that is to end there may be none.
    pub fn new(
        secret: Option<SecretString>,
        scopes: Vec<String>,
        life: Duration,
        revoke: Option<SecretString>,
    ) -> Outcome<Self> {
        check_secret("consumerSecret", secret.as_ref(), 1024)?;
        check_secret("revokeToken", revoke.as_ref(), 8192)?;
        let revoke = revoke.filter(|token| !token.expose_secret().is_empty());
        Ok(Self { secret, life, scopes, revoke })
    }
}

/// Scopes that a token is to have.
pub fn scopes(scopes: Vec<String>) -> Outcome<Vec<String>> {
    text::count("scopes", scopes.len(), 100)?;
    for scope in &scopes {
        text::length("scopes", scope, 0, 255)?;
        // RFC 6749 §3.3.
        let is_scope = |byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if !scope.bytes().all(is_scope) {
            return Err(Refusal::invalid("scopes: must be scopes of RFC 6749"));
        }
    }
    Ok(scopes)
}

/// How long a token is to live, of what `member` says.
pub fn life(member: &str, seconds: Option<i64>) -> Outcome<Duration> {
    const USUAL: u64 = 3600;
    const LONGEST: u64 = 86_400;
    let Some(seconds) = seconds else { return Ok(Duration::from_secs(USUAL)) };
    match u64::try_from(seconds) {
        Ok(seconds @ 1..=LONGEST) => Ok(Duration::from_secs(seconds)),
        _ => Err(Refusal::invalid(format!("{member}: must be between 1 and {LONGEST} seconds"))),
    }
}

/// RFC 6749 §3.1.2: absolute, without a fragment. Apps may have schemes of their own (RFC 8252
/// §7.1), but none that a browser would run.
fn check_callback(url: &str) -> Outcome<()> {
    const RUN: [&str; 4] = ["javascript", "data", "vbscript", "blob"];
    let is_sound = |parsed: Url| parsed.fragment().is_none() && !RUN.contains(&parsed.scheme());
    if Url::parse(url).is_ok_and(is_sound) {
        return Ok(());
    }
    Err(Refusal::invalid("callbackUrl: must be an absolute URL without a fragment"))
}

fn check_secret(member: &str, secret: Option<&SecretString>, most: usize) -> Outcome<()> {
    secret.map_or(Ok(()), |secret| text::length(member, secret.expose_secret(), 0, most))
}
