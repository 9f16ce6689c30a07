//! Which client calls an OAuth endpoint (RFC 6749 §2.3.1).

use std::net::IpAddr;

use http::HeaderMap;
use phantom_access::Control;
use phantom_access::resident;
use phantom_access::resident::Client;
use phantom_access::resident::OAuthRefusal;
use phantom_rest::credential::Credential;
use secrecy::SecretString;

use super::error::OAuthProblem;
use super::form::Form;

/// The client, by Basic or by the form; by both at once it is refused.
pub(crate) async fn authenticate(
    control: &Control,
    headers: &HeaderMap,
    form: &Form,
    address: Option<IpAddr>,
) -> Result<Client, OAuthProblem> {
    let (id, secret) = credentials(headers, form)?;
    Ok(resident::authenticate(control, &id, &secret, address).await?)
}

fn credentials(headers: &HeaderMap, form: &Form) -> Result<(String, SecretString), OAuthRefusal> {
    let basic = Credential::of(headers).map_err(|_| OAuthRefusal::InvalidClient)?;
    match (basic, form.value("client_id"), form.value("client_secret")) {
        (Some(Credential::Basic { name, password }), id, None)
            if id.is_none_or(|id| id == name) =>
        {
            Ok((name, password))
        }
        (None, Some(id), Some(secret)) => Ok((id.to_owned(), secret.into())),
        (Some(_), _, Some(_)) => {
            Err(OAuthRefusal::InvalidRequest("The client authenticates in two ways at once."))
        }
        _ => Err(OAuthRefusal::InvalidClient),
    }
}
