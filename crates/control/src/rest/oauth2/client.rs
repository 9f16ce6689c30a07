//! Which client calls an OAuth endpoint (RFC 6749 §2.3.1).

use std::net::IpAddr;

use http::HeaderMap;
use phantom_store::ClientRow;
use secrecy::SecretString;

use super::error::OAuthError;
use super::form::Form;
use crate::caller::Credential;
use crate::plane::Control;

/// The client, by Basic or by the form; by both at once it is refused.
pub(crate) async fn authenticate(
    control: &Control,
    headers: &HeaderMap,
    form: &Form,
    address: Option<IpAddr>,
) -> Result<ClientRow, OAuthError> {
    let (id, secret) = credentials(headers, form)?;
    let row = control.store.client(&id).await?;
    let row = control.sign_in.client(&id, row, &secret, address)?;
    row.ok_or(OAuthError::invalid_client())
}

fn credentials(headers: &HeaderMap, form: &Form) -> Result<(String, SecretString), OAuthError> {
    let basic = Credential::of(headers).map_err(|_| OAuthError::invalid_client())?;
    match (basic, form.value("client_id"), form.value("client_secret")) {
        (Some(Credential::Basic { name, password }), id, None)
            if id.is_none_or(|id| id == name) =>
        {
            Ok((name, password))
        }
        (None, Some(id), Some(secret)) => Ok((id.to_owned(), secret.into())),
        (Some(_), _, Some(_)) => {
            Err(OAuthError::invalid_request("The client authenticates in two ways at once."))
        }
        _ => Err(OAuthError::invalid_client()),
    }
}
