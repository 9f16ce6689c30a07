//! Client authentication (RFC 6749 §2.3, RFC 7523 §2.2).

mod assertion;
mod basic;

use aws_lc_rs::digest;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use crate::authorization_server::AuthorizationServer;
use crate::clients::{Client, Credential};
use crate::form::Form;
use crate::oauth_error::OauthError;

/// The client that sent the request, proven by exactly one method.
pub(crate) fn authenticate<'a>(
    server: &'a AuthorizationServer,
    headers: &HeaderMap,
    form: &Form,
) -> Result<&'a Client, OauthError> {
    let mut authorization = headers.get_all(AUTHORIZATION).iter();
    let basic = authorization.next();
    let secret = form.value("client_secret");
    let assertion = form.value("client_assertion");
    let methods = usize::from(basic.is_some())
        + usize::from(secret.is_some())
        + usize::from(assertion.is_some());
    // RFC 6749 §2.3: the client MUST NOT use more than one method in a request.
    if methods > 1 || authorization.next().is_some() {
        return Err(OauthError::InvalidRequest("more than one client authentication"));
    }
    let client = if let Some(value) = basic {
        let (id, secret) = basic::decode(value)?;
        by_secret(server, &id, &secret)?
    } else if let Some(secret) = secret {
        by_secret(server, form.required("client_id", "client_id is missing")?, secret)?
    } else if let Some(assertion) = assertion {
        assertion::verify(server, assertion, form.value("client_assertion_type"))?
    } else {
        by_id_alone(server, form)?
    };
    // A second name for the sender would be ambiguous.
    if form.value("client_id").is_some_and(|id| id != client.id) {
        return Err(OauthError::InvalidRequest("client_id is not the authenticated client"));
    }
    Ok(client)
}

/// Takes the same time wherever two texts differ, and whatever their lengths.
pub(crate) fn secrets_equal(one: &str, other: &str) -> bool {
    let digest = |text: &str| digest::digest(&digest::SHA256, text.as_bytes());
    digest(one).as_ref().ct_eq(digest(other).as_ref()).into()
}

/// One text for an unknown client and for a wrong secret.
const REFUSED: OauthError = OauthError::InvalidClient("client authentication failed");

fn by_secret<'a>(
    server: &'a AuthorizationServer,
    id: &str,
    secret: &str,
) -> Result<&'a Client, OauthError> {
    let client = server.clients.find(id);
    let expected = match client.map(|client| &client.credential) {
        Some(Credential::Secret(expected)) => expected.expose_secret(),
        _ => "",
    };
    // An unknown client costs the same comparison; an empty secret never counts.
    let matches = secrets_equal(expected, secret) && !expected.is_empty();
    client.filter(|_| matches).ok_or(REFUSED)
}

fn by_id_alone<'a>(server: &'a AuthorizationServer, form: &Form) -> Result<&'a Client, OauthError> {
    let id = form
        .value("client_id")
        .ok_or(OauthError::InvalidClient("the client did not authenticate"))?;
    server.clients.find(id).filter(|client| client.is_public()).ok_or(REFUSED)
}

#[cfg(test)]
mod tests;
