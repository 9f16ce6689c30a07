//! The meaning of an authorization server's answer to an introspection call: a pure function of its
//! status, media type and body, before any signature is looked at.

use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;

use phantom_core::UnixTime;
use phantom_core::json;
use serde_json::Map;
use serde_json::Value;

use crate::freshness::delta_seconds;
use crate::introspection::IntrospectError;
use crate::kind;
use crate::refusal::Refusal;
use crate::typ;
use crate::verify::UnverifiedJws;

/// The format that we ask for, and so the one that we expect (JIR-1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ResponseFormat {
    /// `application/jwt`: the phantom token itself.
    #[default]
    PhantomJwt,
    /// JSON with the phantom token in a claim: the named one, else `phantom_token`, else `jwt`.
    JsonClaim {
        /// Compared byte by byte. `None`: one of the two usual names.
        claim: Option<Box<str>>,
    },
    /// A signed statement about the token (RFC 9701), from which we mint.
    Rfc9701,
    /// Plain RFC 7662, from which we mint.
    Json,
}

impl ResponseFormat {
    /// The value of `Accept`: one media type, so that a server cannot choose another.
    #[must_use]
    pub const fn accept(&self) -> &'static str {
        match self {
            Self::PhantomJwt => "application/jwt",
            Self::JsonClaim { .. } | Self::Json => "application/json",
            Self::Rfc9701 => "application/token-introspection+jwt",
        }
    }

    /// As the configuration names it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PhantomJwt => "phantom_jwt",
            Self::JsonClaim { .. } => "json_claim",
            Self::Rfc9701 => "rfc9701",
            Self::Json => "json",
        }
    }

    /// Returns whether we make the phantom token ourselves.
    #[must_use]
    pub const fn mints(&self) -> bool {
        matches!(self, Self::Rfc9701 | Self::Json)
    }
}

/// What helps where a server answers otherwise than it was asked: it depends on who has set the key
/// manager up.
#[derive(Clone, Copy, Debug)]
pub struct Advice {
    /// JSON without a JWT.
    pub no_jwt: &'static str,
    /// A signed statement in the place of the token's JWT.
    pub statement: &'static str,
    /// Answers that nobody may keep.
    pub no_store: &'static str,
    /// Credentials of ours that are refused.
    pub client: &'static str,
}

impl Advice {
    /// For a `[[key_manager]]` of the file, which has a `response`.
    pub const OF_THE_FILE: Self = Self {
        no_jwt: "active, but no JWT in the answer: set response = \"json\" to mint one, or claim_name where \
                 another member has it",
        statement: "a statement about the token, where the phantom token was asked for: set \
                    response = \"rfc9701\" to mint from it",
        no_store: "answers say that they are not to be kept (no-store, or a life of 0): every request asks, \
                   unless cache_despite_no_store_seconds is set",
        client: "it refused our client credentials: check client_id, its secret or key, and client_auth (a secret \
                 with other characters than letters, digits and -._~ may need basic_unencoded)",
    };

    /// For a key manager of the control plane, which has none.
    pub const MANAGED: Self = Self {
        no_jwt: "active, but no JWT in the answer: managed APIs need a server whose introspection \
                 gives one for Accept: application/jwt; have it do so for this client, or use a \
                 route of the file",
        statement: "a statement about the token, where the phantom token was asked for: managed APIs \
                    need a server whose introspection gives the token's own JWT; have it do so for \
                    this client, or use a route of the file",
        no_store: "answers say that they are not to be kept (no-store, or a life of 0): every request asks",
        client: "it refused our client credentials: check Client ID and Client Secret",
    };
}

/// An answer as it came off the wire.
#[derive(Clone, Copy, Debug)]
pub struct RawAnswer<'a> {
    /// A body is read as a verdict with 200 alone.
    pub status: u16,
    /// With its parameters. `None`: absent, repeated or not visible ASCII.
    pub content_type: Option<&'a str>,
    /// Seconds or a date, not parsed yet; heeded with 408, 429 and 5xx.
    pub retry_after: Option<&'a str>,
    /// Read to its end, decoded by nobody.
    pub body: &'a [u8],
}

/// The words of the answer. Nothing of it has been verified.
#[derive(Debug, PartialEq)]
pub enum Said {
    /// `active:false`, 204, or a 400 that means the token (CAC-8).
    Inactive,
    /// Active, and no access token: that one is for the authorization server alone.
    RefreshToken,
    /// A compact JWS that claims to be the phantom token.
    PhantomToken {
        /// Its signature is for [`crate::KeyManager`] to verify.
        jws: UnverifiedJws,
        /// The members around it bind the client's token to a key.
        bound: bool,
    },
    /// A compact JWS that claims to be a statement about the token. Never forwarded (JIR-4).
    SignedStatement(UnverifiedJws),
    /// The members of an `active:true` answer.
    Claims(Map<String, Value>),
}

/// Why it says nothing we can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// RSP-10. To ask again would not help.
    NoVerdict(IntrospectError),
    /// Our credentials were refused: RSP-10, after another credential was tried (INT-7).
    ClientRefused,
    /// RSP-9.
    Unavailable {
        /// At most an hour. `None`: not stated, or not readable.
        retry_after: Option<Duration>,
        /// For the log: status, media type, size and error code, and none of the body's words.
        cause: Arc<str>,
    },
}

/// Of what use the answer is otherwise nobody knows.
const OTHER_TYPE: &str = "a media type that was not asked for";

/// Longest pause we let a server ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// Error codes of a 400 by which servers say that the token is not good. RFC 7662 knows none: it wants
/// `active:false`. Whatever else comes with a 400 is trouble, and says nothing of the token.
const MEANS_THE_TOKEN: [&str; 3] = [
    // TIBCO API Exchange Gateway, "Token Validation Error"; PingFederate where it validates by grant.
    "invalid_grant",
    // Gluu oxAuth before 3.1.5: GluuFederation/oxAuth issue 929, GluuFederation/oxd issue 269.
    "invalid_request",
    // Spring Security OAuth 2, `CheckTokenEndpoint`: spring-attic/spring-security-oauth issue 1942.
    "invalid_token",
];

/// Reads an answer to a request for `format`. `advice` is put into causes; `now` turns the date of
/// a `Retry-After` into a pause.
///
/// # Errors
///
/// [`Unusable`] where the answer is no verdict on the token: it never means that the token is bad.
pub fn read(
    answer: RawAnswer<'_>,
    format: &ResponseFormat,
    advice: Advice,
    now: UnixTime,
) -> Result<Said, Unusable> {
    match answer.status {
        200 => read_body(answer, format, advice).map_err(|cause| match cause {
            OTHER_TYPE => misbehaved(format!("{cause}: {}", what_came(answer))),
            cause => misbehaved(cause),
        }),
        204 => Ok(Said::Inactive),
        400 => read_bad_request(answer),
        // RFC 7662 §2.3 asks for 401; some servers answer 403.
        401 | 403 => Err(Unusable::ClientRefused),
        408 | 429 | 500..=599 => Err(Unusable::Unavailable {
            retry_after: answer.retry_after.and_then(|text| retry_after(text, now)),
            cause: what_came(answer),
        }),
        404 | 405 => {
            Err(misbehaved(format!("{}; is introspection_endpoint right?", what_came(answer))))
        }
        300..=399 => Err(misbehaved(format!("{}; redirects are not followed", what_came(answer)))),
        _ => Err(misbehaved(what_came(answer))),
    }
}

fn misbehaved(cause: impl Into<Arc<str>>) -> Unusable {
    Unusable::NoVerdict(IntrospectError::Misbehaved { cause: cause.into() })
}

/// Some servers answer 400 for a token they cannot read: by one of a few error codes, or without a body.
/// An error that is about us is not about the token (RSP-10), nor is one of the server's own (CAC-9).
fn read_bad_request(answer: RawAnswer<'_>) -> Result<Said, Unusable> {
    match error_code(answer.body).as_deref() {
        // Of a question without a grant: no introspection endpoint asks for one.
        Some("invalid_request") if is_about_a_grant(answer.body) => Err(token_endpoint(answer)),
        // oidc-provider says so of the credentials of whoever asks.
        Some("invalid_request") if is_about_the_client(answer.body) => Err(Unusable::ClientRefused),
        Some(code) if MEANS_THE_TOKEN.contains(&code) => Ok(Said::Inactive),
        None if answer.body.is_empty() => Ok(Said::Inactive),
        Some("unauthorized_client" | "access_denied") => Err(Unusable::ClientRefused),
        // Some servers say what of it is wrong: `invalid_client_id`, `invalid_client_credentials`.
        Some(code) if code.starts_with("invalid_client") => Err(Unusable::ClientRefused),
        // oidc-provider says so of all JWTs, its own and everybody's: that it looks at none.
        Some("unsupported_token_type") => Err(misbehaved(format!(
            "{}: it introspects no token of this kind; where its own are JWTs, jwt = \"accept_jwt\" of the \
             route verifies them",
            what_came(answer)
        ))),
        Some("unsupported_grant_type") => Err(token_endpoint(answer)),
        Some("unsupported_response_type" | "invalid_target") => Err(misbehaved(what_came(answer))),
        _ => Err(Unusable::Unavailable { retry_after: None, cause: what_came(answer) }),
    }
}

fn token_endpoint(answer: RawAnswer<'_>) -> Unusable {
    let came = what_came(answer);
    misbehaved(format!("{came}, as a token endpoint does; is introspection_endpoint right?"))
}

fn is_about_a_grant(body: &[u8]) -> bool {
    described(body).contains("grant_type")
}

/// In lower case; empty where there is none.
fn described(body: &[u8]) -> String {
    let members = json::parse_object(body).unwrap_or_default();
    let description = members.get("error_description").and_then(Value::as_str).unwrap_or_default();
    description.to_ascii_lowercase()
}

/// The description speaks of the one who asks, and not of the token. In doubt it does: that is trouble, and no
/// verdict on a token.
fn is_about_the_client(body: &[u8]) -> bool {
    let description = described(body);
    let speaks_of = |words: &[&str]| words.iter().any(|word| description.contains(word));
    speaks_of(&["client_id", "client_secret", "authorization header"])
        || (speaks_of(&["client", "credential", "authenticat"]) && !speaks_of(&["token"]))
}

/// `error` of an error response (RFC 6749 §5.2). A word, so that no token and no claim is taken for one.
fn error_code(body: &[u8]) -> Option<String> {
    match json::parse_object(body).ok()?.remove("error") {
        Some(Value::String(code))
            if code.len() <= 48
                && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') =>
        {
            Some(code)
        }
        _ => None,
    }
}

/// For the log: status, media type, size and error code, and nothing of the body's own words.
fn what_came(answer: RawAnswer<'_>) -> Arc<str> {
    let mut text = format!("the introspection endpoint answered {}", answer.status);
    if let Some(code) = error_code(answer.body) {
        text.push_str(&format!(" with error {code}"));
    } else if !answer.body.is_empty() {
        let media_type = media_type(answer.content_type).filter(|media_type| {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || b"/.+-".contains(&byte);
            media_type.len() <= 64 && media_type.bytes().all(known)
        });
        let media_type = media_type.as_deref().unwrap_or("no media type");
        text.push_str(&format!(" ({media_type}, {} bytes)", answer.body.len()));
    }
    text.into()
}

fn read_body(
    answer: RawAnswer<'_>,
    format: &ResponseFormat,
    advice: Advice,
) -> Result<Said, &'static str> {
    if answer.body.is_empty() {
        return Err("a 200 answer without a body");
    }
    match media_type(answer.content_type).as_deref() {
        Some("application/json") => read_json(answer.body, format, advice),
        Some("application/jwt") => match (jws(answer.body)?, format) {
            // Seen at real servers: a statement under the phantom token's media type.
            (jws, _) if typ::is_token_introspection(jws.typ()) => Ok(Said::SignedStatement(jws)),
            (jws, ResponseFormat::PhantomJwt) => Ok(Said::PhantomToken { jws, bound: false }),
            _ => Err("a JWT, where something else was asked for: set response"),
        },
        Some("application/token-introspection+jwt") => match jws(answer.body)? {
            jws if typ::is_token_introspection(jws.typ()) => Ok(Said::SignedStatement(jws)),
            _ => Err("a statement whose typ is not token-introspection+jwt"),
        },
        Some(_) => Err(OTHER_TYPE),
        None => Err("no media type, or more than one"),
    }
}

fn read_json(body: &[u8], format: &ResponseFormat, advice: Advice) -> Result<Said, &'static str> {
    let mut members = json::parse_object(body).map_err(|_| "a body that is not strict JSON")?;
    // INT-5: a boolean; the string "true", 1 and absence are none.
    match members.get("active") {
        Some(Value::Bool(true)) => {}
        Some(Value::Bool(false)) => return Ok(Said::Inactive),
        _ => return Err("JSON without a boolean \"active\""),
    }
    if kind::is_refresh_token(&members) {
        return Ok(Said::RefreshToken);
    }
    let bound = kind::is_bound(&members);
    let named = match format {
        ResponseFormat::Json => return Ok(Said::Claims(members)),
        ResponseFormat::Rfc9701 => return Err("plain JSON, where a signed answer was asked for"),
        ResponseFormat::JsonClaim { claim } => claim.as_deref(),
        ResponseFormat::PhantomJwt => None,
    };
    let mut stated = |name| members.remove(name).filter(|member: &Value| !member.is_null());
    let token = match named {
        Some(claim) => stated(claim),
        None => stated("phantom_token").or_else(|| stated("jwt")),
    };
    match token {
        Some(Value::String(jwt)) => match UnverifiedJws::parse(&jwt) {
            Ok(jws) if typ::is_token_introspection(jws.typ()) => {
                Err("a statement in the place of the phantom token")
            }
            Ok(jws) => Ok(Said::PhantomToken { jws, bound }),
            Err(_) => Err("a phantom token that is not an acceptable JWT"),
        },
        Some(_) => Err("a phantom token that is not a string"),
        None => Err(advice.no_jwt),
    }
}

/// The body as a compact JWS; a line end after it is no part of it.
fn jws(body: &[u8]) -> Result<UnverifiedJws, &'static str> {
    let text = std::str::from_utf8(body).map_err(|_| "a body that is not a JWT")?;
    let text = text.trim_end_matches(['\r', '\n']);
    UnverifiedJws::parse(text).map_err(|refusal| match refusal {
        // RFC 7516 §3.1: five parts.
        Refusal::Shape if text.bytes().filter(|byte| *byte == b'.').count() == 4 => {
            "an encrypted JWT (JWE), which is not read here: at the server, register the \
             gateway's client without introspection_encrypted_response_alg"
        }
        Refusal::Shape => "a body that is not a JWT",
        _ => "a body that is not an acceptable JWT",
    })
}

/// Type and subtype in lower case (RFC 9110 §8.3.1); parameters don't matter to us.
fn media_type(content_type: Option<&str>) -> Option<String> {
    let essence = content_type?.split(';').next()?.trim();
    (!essence.is_empty()).then(|| essence.to_ascii_lowercase())
}

/// RFC 9110 §10.2.3: seconds or a date.
fn retry_after(text: &str, now: UnixTime) -> Option<Duration> {
    let pause = match delta_seconds(text) {
        Some(seconds) => Duration::from_secs(seconds),
        None => {
            let date = httpdate::parse_http_date(text.trim()).ok()?;
            let since_epoch = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            now.until(UnixTime::from_secs(since_epoch.as_secs()))
        }
    };
    Some(pause.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests;
