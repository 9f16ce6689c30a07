//! The grants password, client_credentials and refresh_token.

use std::net::IpAddr;
use std::time::Duration;

use phantom_store::Actor;
use phantom_store::ClientPurpose;
use phantom_store::ClientRow;
use phantom_store::TokenKind;
use phantom_store::TokensOf;
use phantom_terms::refusal::Refusal;
use secrecy::SecretString;

use super::OAuthRefusal;
use super::Order;
use super::Tokens;
use super::issue;
use super::scope;
use crate::plane::Control;
use crate::plane::Means;
use crate::random;
use crate::roles::Role;

const ACCESS_LIFE: Duration = Duration::from_secs(3600);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantType {
    ClientCredentials,
    Password,
    RefreshToken,
}

impl GrantType {
    pub fn named(name: &str) -> Result<Self, OAuthRefusal> {
        [Self::ClientCredentials, Self::Password, Self::RefreshToken]
            .into_iter()
            .find(|grant| grant.name() == name)
            .ok_or(OAuthRefusal::UnsupportedGrantType)
    }

    /// Whoever got a refresh token may use it; for other grants a client is registered.
    pub fn require_registered(self, client: &ClientRow) -> Result<(), OAuthRefusal> {
        match self == Self::RefreshToken || client.grants.iter().any(|each| each == self.name()) {
            true => Ok(()),
            false => Err(OAuthRefusal::UnauthorizedClient),
        }
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::Password => "password",
            Self::RefreshToken => "refresh_token",
        }
    }
}

pub async fn password(
    control: &Control,
    client: &ClientRow,
    name: &str,
    password: &SecretString,
    scope: Option<&str>,
    address: Option<IpAddr>,
) -> Result<Tokens, OAuthRefusal> {
    let user = control.sign_in().user(control.store(), name, password, address).await;
    let user = user.map_err(|refusal| match refusal {
        Refusal::Unauthenticated => {
            OAuthRefusal::InvalidGrant("The user name or the password is wrong.")
        }
        refusal => refusal.into(),
    })?;
    let scope = granted(client, scope, &user.roles);
    begun(control, client, Some(user.name), scope, true).await
}

pub async fn client_credentials(
    control: &Control,
    client: &ClientRow,
    scope: Option<&str>,
) -> Result<Tokens, OAuthRefusal> {
    let owner = control.store().user(&client.owner).await?;
    let roles = owner.map(|owner| owner.roles).unwrap_or_default();
    begun(control, client, None, granted(client, scope, &roles), false).await
}

/// Rotates: the old pair is dead from here on. A refresh token that comes a second time is somebody
/// else's as well, and nobody can tell whose request this is: all tokens of the grant end (RFC 9700
/// §4.14.2). There is no time of grace for one whose answer was lost: it would be the thief's too.
/// Writers take turns, so of two requests at once the second is the reuse, on whatever node.
pub async fn refresh(
    control: &Control,
    client: &ClientRow,
    token: &str,
    scope: Option<&str>,
) -> Result<Tokens, OAuthRefusal> {
    let invalid = OAuthRefusal::InvalidGrant("The refresh token is invalid or has expired.");
    let digest = random::token_digest(token);
    let now = control.now();
    let mut write = control.store().write(&actor(client, None), now).await?;
    let row = write.token(&digest).await?;
    let row = row.filter(|row| row.client_id == client.client_id && now < row.expires_at);
    let Some(row) = row else { return Err(invalid) };
    match row.kind {
        TokenKind::Access => return Err(invalid),
        TokenKind::Spent => {
            write.end_tokens(TokensOf::Family(row.family)).await?;
            write.commit().await?;
            let client = &*client.client_id;
            tracing::warn!(client, "a refresh token came twice: all tokens of its grant ended");
            return Err(invalid);
        }
        TokenKind::Refresh => {}
    }
    let scope = match scope {
        None => row.scope.clone(),
        // RFC 6749 §6: no more than was granted before.
        Some(asked) => scope::narrowed(&row.scope, asked),
    };
    write.spend_token(&digest).await?;
    write.end_tokens(TokensOf::AccessOf(row.family)).await?;
    let (username, family, life) = (row.username, row.family, ACCESS_LIFE);
    let order = Order { client, username, scope, life, family, refreshable: true };
    let tokens = issue(control, &mut write, order).await?;
    write.commit().await?;
    Ok(tokens)
}

/// The first tokens of a grant.
async fn begun(
    control: &Control,
    client: &ClientRow,
    username: Option<String>,
    scope: String,
    refreshable: bool,
) -> Result<Tokens, OAuthRefusal> {
    let actor = actor(client, username.as_deref());
    let (family, life) = (random::id(), ACCESS_LIFE);
    let mut write = control.store().write(&actor, control.now()).await?;
    let order = Order { client, username, scope, life, family, refreshable };
    let tokens = issue(control, &mut write, order).await?;
    write.commit().await?;
    Ok(tokens)
}

/// Scopes of APIs are for clients of applications, and not for those of the management APIs.
fn granted(client: &ClientRow, asked: Option<&str>, roles: &[Role]) -> String {
    let others = client.purpose == ClientPurpose::ApplicationKey;
    scope::granted(asked.unwrap_or_default().split_ascii_whitespace(), roles, others)
}

pub(super) fn actor(client: &ClientRow, username: Option<&str>) -> Actor {
    let name = match username {
        Some(username) => username.to_owned(),
        // Its owner asked for nothing.
        None => format!("client {}", client.client_id),
    };
    Actor { name, address: None }
}
