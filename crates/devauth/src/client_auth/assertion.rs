//! `private_key_jwt` and `client_secret_jwt` (RFC 7523 §3, RFC 10070).

use secrecy::ExposeSecret;
use serde_json::Value;

use super::REFUSED;
use crate::authorization_server::AuthorizationServer;
use crate::bounded::digest_of;
use crate::clients::{Client, Credential};
use crate::jose::UnverifiedJws;
use crate::oauth_error::OauthError;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An assertion may not be good for longer; it bounds how long its `jti` is remembered.
const MAX_LIFE: i64 = 300;
/// How far a client's clock may run ahead of ours.
const MAX_SKEW: i64 = 60;
const MAX_JTI: usize = 256;
/// RFC 7518 §3.2: an HS256 key has at least the size of the hash.
const MIN_SECRET: usize = 32;

pub(super) fn verify<'a>(
    server: &'a AuthorizationServer,
    assertion: &str,
    assertion_type: Option<&str>,
) -> Result<&'a Client, OauthError> {
    if assertion_type != Some(ASSERTION_TYPE) {
        return Err(OauthError::InvalidRequest("client_assertion_type is missing or unknown"));
    }
    let jws = UnverifiedJws::parse(assertion).ok_or(REFUSED)?;
    // RFC 7523 §3: the client is issuer and subject.
    let id = jws.claim_text("sub").ok_or(REFUSED)?;
    let client = server.clients.find(id).ok_or(REFUSED)?;
    let good = jws.claim_text("iss") == Some(id)
        && has_accepted_type(server, &jws)
        && is_signed_by(client, &jws)
        && is_for_us(server, &jws)
        && is_in_time(server.now(), &jws)
        && is_first_use(server, id, &jws);
    good.then_some(client).ok_or(REFUSED)
}

fn has_accepted_type(server: &AuthorizationServer, jws: &UnverifiedJws<'_>) -> bool {
    let typ = jws.header.get("typ").map(Value::as_str);
    // RFC 8725 §3.11: other kinds of JWT, such as access tokens, are no assertions.
    match typ {
        Some(Some(typ)) if typ.eq_ignore_ascii_case("client-authentication+jwt") => true,
        Some(Some(typ)) => !server.strict_client_assertions && typ.eq_ignore_ascii_case("jwt"),
        Some(None) => false,
        None => !server.strict_client_assertions,
    }
}

fn is_signed_by(client: &Client, jws: &UnverifiedJws<'_>) -> bool {
    match &client.credential {
        Credential::None => false,
        Credential::Secret(secret) => {
            let secret = secret.expose_secret().as_bytes();
            secret.len() >= MIN_SECRET && jws.is_hs256_by(secret)
        }
        Credential::PublicKey(key) => jws.is_signed_by(key),
    }
}

/// RFC 10070: the issuer is the only audience, written as a string. Older clients name an endpoint.
fn is_for_us(server: &AuthorizationServer, jws: &UnverifiedJws<'_>) -> bool {
    let Some(audience) = jws.claim_text("aud") else { return false };
    let issuer = &server.issuer;
    audience == issuer.as_str()
        || !server.strict_client_assertions
            && [
                issuer.token_endpoint(),
                issuer.introspection_endpoint(),
                issuer.revocation_endpoint(),
            ]
            .iter()
            .any(|endpoint| audience == endpoint)
}

fn is_in_time(now: i64, jws: &UnverifiedJws<'_>) -> bool {
    let expires_in_time = jws
        .claim_seconds("exp")
        .is_some_and(|exp| now < exp && exp <= now.saturating_add(MAX_LIFE + MAX_SKEW));
    let begun = |name| match jws.claims.get(name) {
        Some(_) => jws.claim_seconds(name).is_some_and(|at| at <= now.saturating_add(MAX_SKEW)),
        None => true,
    };
    expires_in_time && begun("nbf") && begun("iat")
}

/// Last, so that an assertion that fails otherwise does not burn its `jti`.
fn is_first_use(server: &AuthorizationServer, id: &str, jws: &UnverifiedJws<'_>) -> bool {
    match jws.claim_text("jti").filter(|jti| jti.len() <= MAX_JTI) {
        Some(jti) => {
            let key = digest_of(&format!("{}:{id}{jti}", id.len()));
            let until = jws.claim_seconds("exp").unwrap_or(i64::MAX);
            server.remember_assertion(key, until)
        }
        None => false,
    }
}
