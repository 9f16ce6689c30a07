//! Who calls: a user or a client, and the scopes it has.

use std::net::IpAddr;

use phantom_store::Actor;
use phantom_store::TokenKind;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use secrecy::SecretString;

use crate::plane::Control;
use crate::plane::Means;
use crate::random;
use crate::roles;
use crate::roles::Role;

/// An authenticated caller, or nobody where an operation lets anybody in.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The user that signed in or authorised the token. A client alone has none.
    pub user: Option<String>,
    /// The OAuth client of the token.
    pub client: Option<String>,
    /// In whose name things are done: the user, or the client's owner.
    pub name: String,
    pub roles: Vec<Role>,
    /// Granted, without prefix.
    pub scopes: Vec<&'static str>,
    pub address: Option<IpAddr>,
}

/// Who does what nobody asked for.
#[must_use]
pub fn system() -> Actor {
    Actor { name: "system".to_owned(), address: None }
}

impl Caller {
    #[must_use]
    pub fn holds_any(&self, scopes: &[&str]) -> bool {
        self.scopes.iter().any(|held| scopes.contains(held))
    }

    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.roles.contains(&Role::Admin)
    }

    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.name.is_empty()
    }

    /// Who the audit says it was.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor { name: self.name.clone(), address: self.address }
    }

    /// The user of that name, if the password is its own.
    pub async fn by_password(
        control: &Control,
        name: &str,
        password: &SecretString,
        address: Option<IpAddr>,
    ) -> Outcome<Self> {
        let user = control.sign_in().user(control.store(), name, password, address).await?;
        Ok(Self::signed_in(user.name, user.roles, address))
    }

    /// A user itself, with all that its roles give.
    pub(crate) fn signed_in(name: String, roles: Vec<Role>, address: Option<IpAddr>) -> Self {
        let scopes = roles::scopes_of(&roles).collect();
        Self { user: Some(name.clone()), client: None, name, roles, scopes, address }
    }

    /// The user or client that an access token of ours was issued to.
    pub async fn by_token(
        control: &Control,
        token: &str,
        address: Option<IpAddr>,
    ) -> Outcome<Self> {
        let row = control.store().token(&random::token_digest(token)).await?;
        let row = row
            .filter(|row| row.kind == TokenKind::Access && control.now() < row.expires_at)
            .ok_or(Refusal::Unauthenticated)?;
        let name = match &row.username {
            Some(user) => user.clone(),
            None => {
                let client = control.store().client(&row.client_id).await?;
                client.ok_or(Refusal::Unauthenticated)?.owner
            }
        };
        // Roles are those of now: who lost one has lost what it gave.
        let user = control.store().user(&name).await?.ok_or(Refusal::Unauthenticated)?;
        let roles = user.held_roles();
        let given: Vec<&str> = roles::scopes_of(&roles).collect();
        let scopes = row.scope.split(' ').filter_map(roles::scope);
        let scopes = scopes.filter(|scope| given.contains(scope)).collect();
        Ok(Self { user: row.username, client: Some(row.client_id), name, roles, scopes, address })
    }
}
