//! New tokens. What is kept of one is a digest.

use std::time::Duration;

use phantom_store::ClientRow;
use phantom_store::TokenKind;
use phantom_store::TokenRow;
use phantom_store::Write;
use phantom_terms::refusal::Outcome;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use uuid::Uuid;

use super::scope;
use crate::plane::Control;
use crate::random;
use crate::roles::Role;

const REFRESH_LIFE: Duration = Duration::from_secs(86_400);

/// Of more scopes than that the first by name are granted: each may be bound to roles.
const MOST_SCOPES: usize = 100;

/// What is to be issued.
#[derive(Debug)]
pub struct Order<'a> {
    pub client: &'a ClientRow,
    pub username: Option<String>,
    /// Granted already, but for those of APIs that are bound to roles.
    pub scope: String,
    /// Of the access token.
    pub life: Duration,
    /// Tokens of one grant, which end together.
    pub family: Uuid,
    pub refreshable: bool,
}

#[derive(Debug)]
pub struct Tokens {
    pub access: SecretString,
    pub refresh: Option<SecretString>,
    /// The scopes granted, separated by one space.
    pub scope: String,
    /// Of the access token.
    pub life: Duration,
}

/// In force with the commit.
pub async fn issue(control: &Control, write: &mut Write, order: Order<'_>) -> Outcome<Tokens> {
    let Order { client, username, scope, life, family, refreshable } = order;
    let holder = username.as_ref().unwrap_or(&client.owner);
    let scope = held(write, holder, &scope).await?;
    let access = random::access_token()?;
    let refresh = refreshable.then(random::secret).transpose()?;
    let kept = [
        (Some(&access), TokenKind::Access, life),
        (refresh.as_ref(), TokenKind::Refresh, REFRESH_LIFE),
    ];
    for (token, kind, life) in kept {
        let Some(token) = token else { continue };
        let row = TokenRow {
            digest: random::token_digest(token.expose_secret()),
            kind,
            family,
            client_id: client.client_id.clone(),
            username: username.clone(),
            scope: scope.clone(),
            issued_at: control.now(),
            expires_at: control.now().plus(life),
        };
        write.insert_token(&row).await?;
    }
    Ok(Tokens { access, refresh, scope, life })
}

/// Of these scopes those that are bound to no role, or to one that the user has: `admin` has them all.
/// Who loses a role loses with the next token what it gave.
async fn held(write: &mut Write, user: &str, scope: &str) -> Outcome<String> {
    let roles = write.user(user).await?.map(|user| user.held_roles()).unwrap_or_default();
    let has_one_of = |bound: &Vec<String>| {
        let is_bound = |role: &Role| bound.iter().any(|name| name == role.as_str());
        roles.contains(&Role::Admin) || roles.iter().any(is_bound)
    };
    let mut held = Vec::new();
    for name in scope.split(' ').take(MOST_SCOPES) {
        if write.scope_bindings(name).await?.iter().all(has_one_of) {
            held.push(name);
        }
    }
    Ok(scope::joined(held.into_iter()))
}
