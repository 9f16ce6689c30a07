//! Tokens for an application to try its keys with.

use std::time::Duration;

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_access::random;
use phantom_access::resident;
use phantom_access::resident::GrantType;
use phantom_access::resident::Order;
use phantom_access::resident::Tokens;
use phantom_store::ClientRow;
use phantom_store::Write;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use super::own;
use super::resident_client;

#[derive(Debug)]
pub struct TokenOrder {
    /// Checked where it is given; the caller owns the application anyway.
    pub secret: Option<SecretString>,
    pub life: Duration,
    pub scopes: Vec<String>,
    /// A token of the same key that ends now.
    pub revoke: Option<SecretString>,
}

#[derive(Clone, Debug)]
pub struct ApplicationToken {
    pub token: SecretString,
    pub scopes: Vec<String>,
    pub life: Duration,
}

/// A token of the client_credentials grant.
pub async fn generate_token(
    control: &Control,
    caller: &Caller,
    application: &str,
    id: &str,
    order: TokenOrder,
) -> Outcome<ApplicationToken> {
    let mut write = control.write(caller).await?;
    let row = own(&mut write, caller, application, id).await?;
    let client = resident_client(&mut write, &row).await?;
    if let Some(secret) = &order.secret {
        let (id, kept) = (&client.client_id, Some(client.clone()));
        if control.sign_in().client(id, kept, secret, caller.address)?.is_none() {
            return Err(Refusal::invalid("consumerSecret: is not that of the key"));
        }
    }
    if !is_granted_to(&client) {
        return Err(Refusal::invalid("The key does not have the grant client_credentials."));
    }
    if let Some(token) = &order.revoke {
        resident::end(&mut write, &client.client_id, token.expose_secret()).await?;
    }
    let token = issue(control, &mut write, &client, order.scopes, order.life).await?;
    write.commit().await?;
    Ok(token)
}

pub(super) fn is_granted_to(client: &ClientRow) -> bool {
    client.grants.iter().any(|grant| grant == GrantType::ClientCredentials.name())
}

/// An application's key is for APIs: scopes of the management APIs are not granted to it.
pub(super) async fn issue(
    control: &Control,
    write: &mut Write,
    client: &ClientRow,
    scopes: Vec<String>,
    life: Duration,
) -> Outcome<ApplicationToken> {
    let scope = resident::granted(scopes.iter().map(String::as_str), &[], true);
    let (username, family) = (None, random::id());
    let order = Order { client, username, scope, life, family, refreshable: false };
    let Tokens { access, scope, life, .. } = resident::issue(control, write, order).await?;
    let scopes = scope.split(' ').map(str::to_owned).collect();
    Ok(ApplicationToken { token: access, scopes, life })
}
