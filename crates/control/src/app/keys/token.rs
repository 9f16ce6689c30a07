//! Tokens for an application to try its keys with.

use std::time::Duration;

use phantom_store::ClientRow;
use phantom_store::TokenKind;
use phantom_store::TokenRow;
use phantom_store::TokensOf;
use phantom_store::Write;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use super::own_key;
use super::resident_client;
use crate::caller::Caller;
use crate::plane::Control;
use crate::problem::Outcome;
use crate::problem::Problem;
use crate::random;
use crate::roles;

const CLIENT_CREDENTIALS: &str = "client_credentials";
/// What a token holds that was granted nothing else.
const DEFAULT_SCOPE: &str = "default";

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
    let row = own_key(&mut write, caller, application, id).await?;
    let client = resident_client(&mut write, &row).await?;
    if let Some(secret) = &order.secret {
        let (id, kept) = (&client.client_id, Some(client.clone()));
        if control.sign_in.client(id, kept, secret, caller.address)?.is_none() {
            return Err(Problem::bad_request("consumerSecret: is not that of the key"));
        }
    }
    if !is_granted_to(&client) {
        return Err(Problem::bad_request("The key does not have the grant client_credentials."));
    }
    if let Some(token) = &order.revoke {
        end(&mut write, &client.client_id, token).await?;
    }
    let token = issue(control, &mut write, &client, order.scopes, order.life).await?;
    write.commit().await?;
    Ok(token)
}

pub(super) fn is_granted_to(client: &ClientRow) -> bool {
    client.grants.iter().any(|grant| grant == CLIENT_CREDENTIALS)
}

/// In force with the commit.
pub(super) async fn issue(
    control: &Control,
    write: &mut Write,
    client: &ClientRow,
    scopes: Vec<String>,
    life: Duration,
) -> Outcome<ApplicationToken> {
    let token = random::access_token()?;
    let scopes = granted(scopes);
    write
        .insert_token(&TokenRow {
            digest: random::token_digest(token.expose_secret()),
            kind: TokenKind::Access,
            family: random::id(),
            client_id: client.client_id.clone(),
            username: None,
            scope: scopes.join(" "),
            issued_at: control.now(),
            expires_at: control.now().plus(life),
        })
        .await?;
    Ok(ApplicationToken { token, scopes, life })
}

/// Another client's token, or none, is passed over as RFC 7009 §2.2 has it.
async fn end(write: &mut Write, client_id: &str, token: &SecretString) -> Outcome<()> {
    let row = write.token(&random::token_digest(token.expose_secret())).await?;
    if let Some(row) = row.filter(|row| row.client_id == client_id) {
        write.end_tokens(TokensOf::Family(row.family)).await?;
    }
    Ok(())
}

/// An application's key is for APIs: scopes of the management APIs are not granted to it.
fn granted(asked: Vec<String>) -> Vec<String> {
    let is_granted = |scope: &String| !scope.is_empty() && !scope.starts_with(roles::PREFIX);
    let mut scopes: Vec<String> = asked.into_iter().filter(is_granted).collect();
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        scopes.push(DEFAULT_SCOPE.to_owned());
    }
    scopes
}
