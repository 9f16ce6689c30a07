//! A JWT, read and explained: what it says, and whether its issuer said it.

use phantom_access::plane::Control;
use phantom_access::plane::Outgoing;
use phantom_core::UnixTime;
use phantom_core::json;
use phantom_core::jwt;
use phantom_manage::key_managers::CertificateType;
use phantom_manage::key_managers::key_set;
use phantom_oauth::Algorithms;
use phantom_oauth::JwkSet;
use phantom_oauth::verify::UnverifiedJws;
use phantom_terms::text;
use serde_json::Value;

use super::MAX_TOKEN;
use super::server::Server;

#[derive(Clone, Debug)]
pub struct Decoded {
    pub header: String,
    pub payload: String,
    pub claims: Vec<Claim>,
    pub signature: Signature,
}

/// A claim with what it means here and now.
#[derive(Clone, Debug)]
pub struct Claim {
    pub name: String,
    pub value: String,
    pub words: String,
    /// Whether it is as it has to be, where that is known.
    pub is_right: Option<bool>,
    /// The time that it names.
    pub time: Option<UnixTime>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    Good,
    Bad(String),
    /// There are no keys to check it with.
    Unchecked(String),
}

/// `None`: it is no JWT.
pub async fn decode(control: &Control, server: Option<&Server>, token: &str) -> Option<Decoded> {
    let token = token.trim();
    if token.len() > MAX_TOKEN {
        return None;
    }
    let mut parts = token.split('.');
    let (Some(header), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let header = json::parse(&jwt::decode(header).ok()?).ok()?;
    let claims = json::parse_object(&jwt::decode(payload).ok()?).ok()?;
    let signature = match server {
        Some(server) => check(control, server, token).await,
        None => Signature::Unchecked("choose the server that issued it".to_owned()),
    };
    let now = control.now();
    let explained = claims.iter().map(|(name, value)| explain(name, value, server, now));
    Some(Decoded {
        header: pretty(&header),
        claims: explained.collect(),
        payload: pretty(&Value::Object(claims)),
        signature,
    })
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

async fn check(control: &Control, server: &Server, token: &str) -> Signature {
    let keys = match keys(control, server).await {
        Ok(keys) => keys,
        Err(why) => return Signature::Unchecked(why),
    };
    let checked =
        UnverifiedJws::parse(token).and_then(|jws| jws.check_signature(&keys, Algorithms::ALL));
    match checked {
        Ok(()) => Signature::Good,
        Err(refusal) => Signature::Bad(refusal.to_string()),
    }
}

async fn keys(control: &Control, server: &Server) -> Result<JwkSet, String> {
    let parsed = |document: &[u8]| {
        JwkSet::parse(document, Algorithms::ALL).map_err(|error| error.to_string())
    };
    if server.is_own {
        return parsed(control.settings.published_keys.as_bytes());
    }
    let certificates = server.certificates.as_ref();
    let value = certificates.and_then(|each| each.value.as_deref()).filter(|text| !text.is_empty());
    let (Some(certificates), Some(value)) = (certificates, value) else {
        return Err(format!("{} names no key set", server.name));
    };
    if certificates.kind == Some(CertificateType::Pem) {
        let set = key_set(value).map_err(|error| error.to_string())?;
        return parsed(set.as_bytes());
    }
    let url = text::url("key set", value).map_err(|refusal| refusal.to_string())?;
    let fetched = control.egress().fetch(&url, "application/json", JwkSet::MAX_BYTES).await;
    parsed(&fetched.map_err(|error| format!("the key set at {value}: {error}"))?)
}

fn explain(name: &str, value: &Value, server: Option<&Server>, now: UnixTime) -> Claim {
    let time = value.as_number().and_then(UnixTime::from_numeric_date);
    let issuer = server.and_then(|server| server.issuer.as_deref());
    let audience = server.and_then(|server| server.expected_audience.as_deref());
    let (words, is_right, time) = match name {
        "iss" => match issuer {
            Some(issuer) if value == issuer => {
                ("Who issued it: the issuer of the key manager", Some(true), None)
            }
            Some(_) => ("Who issued it: not the issuer of the key manager", Some(false), None),
            None => ("Who issued it", None, None),
        },
        "sub" => ("Whom it is about: a user, or the client itself", None, None),
        "aud" => match audience {
            Some(audience) if holds(value, audience) => {
                ("Whom it is for: contains the key manager's Expected Audience", Some(true), None)
            }
            Some(_) => {
                ("Whom it is for: lacks the key manager's Expected Audience", Some(false), None)
            }
            None => ("Whom it is for; with phantom tokens also the consumer key", None, None),
        },
        "exp" => ("When it ends", time.map(|end| now < end), time),
        "nbf" => ("From when on it is good", time.map(|begin| begin <= now), time),
        "iat" => ("When it was issued", time.map(|at| at <= now), time),
        "auth_time" => ("When the user signed in", None, time),
        "jti" => ("Its own id", None, None),
        "scope" | "scp" => ("What it allows: operations of APIs ask for one of these", None, None),
        "client_id" => ("The client it was issued to", None, None),
        "azp" => ("The client it was issued to; the consumer key at most key managers", None, None),
        "acr" => ("How surely the user was authenticated", None, None),
        "amr" => ("By which means the user was authenticated", None, None),
        "nonce" => ("Ties an ID token to a sign-in: no access token has it", Some(false), None),
        "cnf" => ("The key it is bound to", None, None),
        "token_use" | "purpose" | "token_type" => ("What kind of token it is", None, None),
        "delegationId" | "delegation_id" => ("The user's consent it comes from", None, None),
        "roles" | "groups" => ("What the user is", None, None),
        "email" | "name" | "preferred_username" => ("About the user", None, None),
        _ => ("A claim of the server's own", None, None),
    };
    let value = match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    Claim { name: name.to_owned(), value, words: words.to_owned(), is_right, time }
}

fn holds(value: &Value, audience: &str) -> bool {
    match value {
        Value::String(only) => only == audience,
        Value::Array(all) => all.iter().any(|each| each == audience),
        _ => false,
    }
}
